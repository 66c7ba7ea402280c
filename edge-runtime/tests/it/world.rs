//! The imports of a component built with spin-sdk 7.

use edge_runtime::world::SPIN_4_1_HANDLER;
use edge_runtime::{component_exports, component_imports, offered_by_spin_4_1};

use crate::guest;

#[test]
fn the_test_component_fits_spin() {
    let imports = component_imports(guest::wasm()).unwrap();
    for import in &imports {
        assert!(offered_by_spin_4_1(import), "{import}");
    }
    for expected in ["spin:redis/redis@3.0.0", "spin:variables/variables@3.0.0", "wasi:http/types@0.3.0"] {
        assert!(imports.iter().any(|import| import == expected), "{expected} in {imports:?}");
    }
    assert_eq!(component_exports(guest::wasm()).unwrap(), [SPIN_4_1_HANDLER]);
}

#[test]
fn a_file_that_is_no_component_is_an_error() {
    let error = component_imports(std::path::Path::new("/no/such.wasm")).unwrap_err();
    assert!(error.to_string().starts_with("cannot read the component /no/such.wasm"), "{error}");
}
