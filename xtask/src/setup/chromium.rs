//! Chromium, in which the tests drive the dashboard.

use std::path::PathBuf;

use anyhow::Context as _;

use super::system;

/// Its names in Debian, Ubuntu, Fedora, and of Google's own build.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

pub(super) fn ensure() -> anyhow::Result<()> {
    if program().is_err() {
        system::install(&["chromium", "fonts-noto-color-emoji"])?;
        program()?;
    }
    Ok(())
}

/// Where it is in this system.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut all = std::env::split_paths(&folders).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    all.find(|program| program.is_file()).context(
        "Chromium is missing: run `sudo apt-get install chromium` (Debian), `sudo dnf install chromium` (Fedora), or install Google Chrome",
    )
}
