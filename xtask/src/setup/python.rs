//! Python: `requests`, for the test of the README's client; `schemathesis`, which makes up requests from the OpenAPI document, and `moto`,
//! an S3 server that is not ours. The last two have a folder of their own, since they bring much with them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::system;
use crate::process::{run, succeeds};

pub(super) fn ensure(root: &Path) -> anyhow::Result<()> {
    requests()?;
    packages(&root.join(PACKAGES))
}

/// The folder with the list of packages.
const PACKAGES: &str = "e2e/python";

fn packages(folder: &Path) -> anyhow::Result<()> {
    let list = folder.join("requirements.txt");
    let packages = folder.join(".venv");
    // Written last, so that what broke off is done again.
    let installed = packages.join("requirements.txt");
    let wanted = fs::read(&list).with_context(|| format!("{} cannot be read", list.display()))?;
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("installing the Python packages of {PACKAGES}");
    let venv = || run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&packages));
    if venv().is_err() {
        // Debian keeps the module in a package of its own.
        system::install(&["python3-venv"])?;
        venv()?;
    }
    let mut pip = Command::new(packages.join("bin/python"));
    run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&list))?;
    fs::write(&installed, wanted).with_context(|| format!("{} cannot be written", installed.display()))
}

fn requests() -> anyhow::Result<()> {
    if has_requests() {
        return Ok(());
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--user", "--quiet", "requests"]);
    if succeeds("python3", &["-m", "pip", "--version"]) {
        println!("installing the Python package requests with pip");
        // Debian's own Python refuses pip; then its package is the way.
        if run(&mut pip).is_ok() && has_requests() {
            return Ok(());
        }
    }
    system::install(&["python3", "python3-requests"])?;
    ensure!(
        succeeds("python3", &["--version"]),
        "python3 is missing: run `sudo apt-get install python3 python3-requests`"
    );
    ensure!(
        has_requests(),
        "Python's requests is missing: run `python3 -m pip install --user requests`, or with Debian's Python `sudo apt-get install python3-requests`"
    );
    Ok(())
}

fn has_requests() -> bool {
    succeeds("python3", &["-c", "import requests"])
}
