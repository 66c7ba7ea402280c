//! Python with `requests`, for the test of the README's Python client.

use std::process::Command;

use anyhow::ensure;

use super::system;
use crate::process::{run, succeeds};

pub(super) fn ensure() -> anyhow::Result<()> {
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
