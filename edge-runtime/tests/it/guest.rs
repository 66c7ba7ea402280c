//! Builds the component in `tests/guest` when it is missing or older than its sources.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// The component file.
pub(crate) fn wasm() -> &'static Path {
    static WASM: OnceLock<PathBuf> = OnceLock::new();
    WASM.get_or_init(|| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest");
        let wasm = target.join("wasm32-wasip2/release/edge_runtime_guest.wasm");
        let newest = ["src/lib.rs", "Cargo.toml", "Cargo.lock"].map(|file| changed(&sources.join(file)).unwrap());
        if changed(&wasm).is_none_or(|built| newest.iter().any(|source| *source > built)) {
            build(&sources, &target);
            // Cargo leaves the file alone when its contents would be the same.
            let newest = newest.into_iter().max().unwrap();
            std::fs::File::options().append(true).open(&wasm).unwrap().set_modified(newest).unwrap();
        }
        wasm
    })
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

fn build(sources: &Path, target: &Path) {
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--locked", "--release", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(target)
        .current_dir(sources)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .unwrap();
    assert!(
        status.success(),
        "the test component did not build; if the target is missing: rustup target add wasm32-wasip2"
    );
}
