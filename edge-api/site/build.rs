//! Lists the files of the dashboard for the component: `dashboard/dist`, which `cargo xtask edge` builds before this. A native build has
//! none of them, so that it needs no npm.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

/// Where Vite writes to.
const BUILT: &str = "../../dashboard/dist";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={BUILT}");
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| env::var(name).map_err(io::Error::other);
    let mut list = String::from("&[\n");
    if variable("CARGO_CFG_TARGET_FAMILY")? == "wasm" {
        let built = Path::new(&variable("CARGO_MANIFEST_DIR")?).join(BUILT);
        let mut files = Vec::new();
        find(&built, &mut files)
            .map_err(|error| io::Error::other(format!("{}: {error}: cargo xtask edge builds it", built.display())))?;
        files.sort();
        for file in &files {
            let name = file.strip_prefix(&built).map_err(io::Error::other)?.display().to_string();
            writeln!(list, "    ({name:?}, include_bytes!({:?})),", file.display().to_string())
                .map_err(io::Error::other)?;
        }
    }
    list.push(']');
    fs::write(Path::new(&variable("OUT_DIR")?).join("dashboard.rs"), list)
}

fn find(folder: &Path, files: &mut Vec<std::path::PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { find(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
