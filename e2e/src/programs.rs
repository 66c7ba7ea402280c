//! Where the programs under test are, and the files of the project that they are started with.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

/// Names the server to test; `cargo xtask` sets it.
const SERVER: &str = "CHATERY_BIN";

/// The project's folder.
pub fn project() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The program `chatery`.
pub fn chatery() -> anyhow::Result<PathBuf> {
    match std::env::var_os(SERVER) {
        Some(path) => built(path.into()),
        None => beside_us("chatery"),
    }
}

/// The program `whatsapp-sim`.
pub fn simulator() -> anyhow::Result<PathBuf> {
    match std::env::var_os(SERVER) {
        Some(path) => built(Path::new(&path).with_file_name("whatsapp-sim")),
        None => beside_us("whatsapp-sim"),
    }
}

/// The program `schemathesis`, which `cargo xtask setup` installs.
pub fn schemathesis() -> anyhow::Result<PathBuf> {
    let path = project().join("e2e/python/.venv/bin/schemathesis");
    ensure!(path.exists(), "{} does not exist: cargo xtask setup", path.display());
    Ok(path)
}

/// The program `moto_server`, which `cargo xtask setup` installs: an S3 server that is not ours.
pub fn moto() -> anyhow::Result<PathBuf> {
    let path = project().join("e2e/python/.venv/bin/moto_server");
    ensure!(path.exists(), "{} does not exist: cargo xtask setup", path.display());
    Ok(path)
}

/// Names of Chromium in Debian, Ubuntu, Fedora, and of Google's own build.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Chromium, as it is installed in this system.
pub fn chromium() -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = std::env::split_paths(&path).flat_map(|folder| CHROMIUM.map(|name| folder.join(name)));
    all.find(|program| program.is_file()).context("Chromium is missing: cargo xtask setup")
}

/// A program of the build folder that this program or test was built into.
fn beside_us(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("this program's own place is not known")?;
    let folders = own.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join(name)).find(|path| path.exists());
    found.with_context(|| format!("{name} is not built: cargo build --workspace --bins, or set {SERVER}"))
}

fn built(path: PathBuf) -> anyhow::Result<PathBuf> {
    ensure!(path.exists(), "{} does not exist: cargo build --workspace --bins", path.display());
    Ok(path)
}
