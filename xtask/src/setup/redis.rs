//! The program `redis-server`, which the server and the tests start themselves.

use anyhow::ensure;

use super::system;
use crate::process::succeeds;

pub(super) fn ensure() -> anyhow::Result<()> {
    if is_there() {
        return Ok(());
    }
    let installed = system::install(&["redis-server"])?;
    ensure!(
        is_there(),
        "redis-server is missing: run `sudo apt-get install redis-server` (Debian, Ubuntu), `sudo dnf install redis` (Fedora) or `brew install redis` (macOS)"
    );
    if installed {
        println!(
            "Debian may have started a Redis of its own on port 6379; nothing here uses it (systemctl disable --now redis-server)"
        );
    }
    Ok(())
}

fn is_there() -> bool {
    succeeds("redis-server", &["--version"])
}
