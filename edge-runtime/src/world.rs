//! What a component file imports and exports, and whether Spin 4.1 offers that: for checks before deployment.
//!
//! This runtime offers more than Spin in places (all of WASI), so running here proves nothing about the imports.

use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine;

/// The interfaces that a component built with spin-sdk 7 for `wasm32-wasip2` may import and Spin 4.1 links.
///
/// WASI 0.2 for Rust's standard library, WASI 0.3, and Spin's own. Spin offers more (key-value stores, databases), this project not.
pub const SPIN_4_1_WORLD: &[&str] = &[
    "wasi:io/poll@0.2.6",
    "wasi:io/error@0.2.6",
    "wasi:io/streams@0.2.6",
    "wasi:cli/environment@0.2.6",
    "wasi:cli/exit@0.2.6",
    "wasi:cli/stdin@0.2.6",
    "wasi:cli/stdout@0.2.6",
    "wasi:cli/stderr@0.2.6",
    "wasi:cli/terminal-input@0.2.6",
    "wasi:cli/terminal-output@0.2.6",
    "wasi:cli/terminal-stdin@0.2.6",
    "wasi:cli/terminal-stdout@0.2.6",
    "wasi:cli/terminal-stderr@0.2.6",
    "wasi:clocks/monotonic-clock@0.2.6",
    "wasi:clocks/wall-clock@0.2.6",
    "wasi:filesystem/types@0.2.6",
    "wasi:filesystem/preopens@0.2.6",
    "wasi:random/random@0.2.6",
    "wasi:random/insecure@0.2.6",
    "wasi:random/insecure-seed@0.2.6",
    "wasi:cli/types@0.3.0",
    "wasi:cli/environment@0.3.0",
    "wasi:cli/exit@0.3.0",
    "wasi:cli/stdin@0.3.0",
    "wasi:cli/stdout@0.3.0",
    "wasi:cli/stderr@0.3.0",
    "wasi:cli/terminal-input@0.3.0",
    "wasi:cli/terminal-output@0.3.0",
    "wasi:cli/terminal-stdin@0.3.0",
    "wasi:cli/terminal-stdout@0.3.0",
    "wasi:cli/terminal-stderr@0.3.0",
    "wasi:clocks/types@0.3.0",
    "wasi:clocks/monotonic-clock@0.3.0",
    "wasi:clocks/system-clock@0.3.0",
    "wasi:filesystem/types@0.3.0",
    "wasi:filesystem/preopens@0.3.0",
    "wasi:random/random@0.3.0",
    "wasi:random/insecure@0.3.0",
    "wasi:random/insecure-seed@0.3.0",
    "wasi:http/types@0.3.0",
    "wasi:http/client@0.3.0",
    "spin:redis/redis@3.0.0",
    "spin:variables/variables@3.0.0",
];

/// What an HTTP component must export.
pub const SPIN_4_1_HANDLER: &str = "wasi:http/handler@0.3.0";

/// A component file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the component {path}: {reason}")]
pub struct ReadComponentError {
    path: String,
    reason: String,
}

/// The names a component file imports, sorted.
pub fn component_imports(path: &Path) -> Result<Vec<String>, ReadComponentError> {
    let (engine, component) = read(path)?;
    let component = component.component_type();
    let mut names: Vec<String> = component.imports(&engine).map(|(name, _)| name.to_owned()).collect();
    names.sort();
    Ok(names)
}

/// The names a component file exports, sorted.
pub fn component_exports(path: &Path) -> Result<Vec<String>, ReadComponentError> {
    let (engine, component) = read(path)?;
    let component = component.component_type();
    let mut names: Vec<String> = component.exports(&engine).map(|(name, _)| name.to_owned()).collect();
    names.sort();
    Ok(names)
}

fn read(path: &Path) -> Result<(Engine, Component), ReadComponentError> {
    let failed =
        |error: wasmtime::Error| ReadComponentError { path: path.display().to_string(), reason: format!("{error:#}") };
    let engine = Engine::new(&engine::base_config()).map_err(failed)?;
    let component = Component::from_file(&engine, path).map_err(failed)?;
    Ok((engine, component))
}

/// Whether Spin 4.1 offers the interface `import`. Of WASI 0.2 any patch version will do; versions with a pre-release
/// part fit only themselves.
pub fn offered_by_spin_4_1(import: &str) -> bool {
    SPIN_4_1_WORLD.iter().any(|offered| *offered == import || same_track(offered, import))
}

fn same_track(offered: &str, import: &str) -> bool {
    let (Some((a, a_version)), Some((b, b_version))) = (offered.split_once("@0.2."), import.split_once("@0.2.")) else {
        return false;
    };
    let is_patch = |version: &str| version.parse::<u32>().is_ok();
    a == b && is_patch(a_version) && is_patch(b_version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spins_world_is_matched_by_version() {
        for good in ["wasi:http/types@0.3.0", "wasi:io/poll@0.2.6", "wasi:io/poll@0.2.12", "spin:redis/redis@3.0.0"] {
            assert!(offered_by_spin_4_1(good), "{good}");
        }
        for bad in [
            "wasi:http/types@0.3.0-rc-2026-03-15",
            "wasi:http/types@0.3.1",
            "wasi:io/poll@0.2.6-rc.1",
            "wasi:sockets/tcp@0.2.6",
            "wasi:io/pollution@0.2.6",
            "fermyon:spin/redis@2.0.0",
            "env",
        ] {
            assert!(!offered_by_spin_4_1(bad), "{bad}");
        }
    }
}
