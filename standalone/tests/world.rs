//! Every component of `spin.toml` needs only what Spin 4.1 offers: what runs here must run there.

use std::path::Path;

use edge_runtime::manifest::Manifest;
use edge_runtime::{component_exports, component_imports, offered_by_spin_4_1};

#[test]
fn components_import_only_what_spin_offers() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spin.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let parsed = Manifest::parse(&text, &manifest).unwrap();
    assert!(!parsed.components.is_empty());
    for (name, component) in &parsed.components {
        assert!(component.source.is_file(), "{} is not built: cargo xtask edge builds it", component.source.display());
        let imports = component_imports(&component.source).unwrap();
        let exports = component_exports(&component.source).unwrap();
        println!("{name} imports {imports:#?}\nexports {exports:#?}");
        let strange: Vec<&String> = imports.iter().filter(|import| !offered_by_spin_4_1(import)).collect();
        assert!(strange.is_empty(), "{name} imports what Spin 4.1 does not offer: {strange:?}");
        assert!(exports.iter().any(|export| export == "wasi:http/handler@0.3.0"), "{name} is no HTTP component");
    }
}
