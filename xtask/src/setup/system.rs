//! Packages of the system: Debian's and Ubuntu's, when we may.

use std::process::Command;

use crate::process::{output, run, succeeds};

/// Installs packages. `false` when this system has no apt-get, or we are neither root nor may become it without a password.
pub(super) fn install(packages: &[&str]) -> anyhow::Result<bool> {
    if !succeeds("apt-get", &["--version"]) || !(is_root() || succeeds("sudo", &["-n", "true"])) {
        return Ok(false);
    }
    println!("installing {} with apt-get", packages.join(" "));
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    if run(&mut apt_get(&install)).is_err() {
        // The list of packages may be missing or old.
        run(&mut apt_get(&["update"]))?;
        run(&mut apt_get(&install))?;
    }
    Ok(true)
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = if is_root() {
        Command::new("env")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "env"]);
        sudo
    };
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    command
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
