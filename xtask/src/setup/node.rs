//! Node, and the npm packages of the tests that use official clients.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::process::{output, run, succeeds};

/// Oldest Node that the clients run on.
const OLDEST: u32 = 20;

/// Folders with the npm packages of the tests.
const TESTS: [&str; 2] = ["session-host/tests/node", "e2e/node"];

/// The folder with the npm packages that become pages.
const PAGES: &str = "dashboard";

/// What the tests need.
pub(super) fn ensure(root: &Path) -> anyhow::Result<()> {
    node()?;
    TESTS.iter().try_for_each(|folder| install(root, folder))
}

/// What the pages are made of.
pub(crate) fn pages(root: &Path) -> anyhow::Result<()> {
    node()?;
    install(root, PAGES)
}

fn node() -> anyhow::Result<()> {
    let hint = "Node with npm is needed: install version 20 or newer from https://nodejs.org";
    let version =
        succeeds("node", &["--version"]).then(|| output(Command::new("node").arg("--version"))).context(hint)??;
    ensure!(major(&version).is_some_and(|major| major >= OLDEST), "Node {} is too old. {hint}", version.trim());
    ensure!(succeeds("npm", &["--version"]), hint);
    Ok(())
}

/// Runs no script of a package: none needs one, and one of them would call home.
fn install(root: &Path, folder: &str) -> anyhow::Result<()> {
    let path = root.join(folder);
    if is_outdated(&path)? {
        println!("installing the npm packages of {folder}");
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&path))?;
    }
    Ok(())
}

fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Whether `npm ci` has not run since the lock file was written. It leaves a copy of the lock file behind.
fn is_outdated(folder: &Path) -> anyhow::Result<bool> {
    let lock = folder.join("package-lock.json");
    let wanted =
        lock.metadata().and_then(|file| file.modified()).with_context(|| format!("{} is missing", lock.display()))?;
    let installed = folder.join("node_modules/.package-lock.json").metadata().and_then(|file| file.modified());
    Ok(installed.map_or(true, |installed| installed < wanted))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn versions() {
        assert_eq!((major("v20.1.2\n"), major("v9.0"), major("nonsense")), (Some(20), Some(9), None));
    }

    #[test]
    fn packages_are_outdated_until_installed_and_when_the_lock_is_newer() {
        let folder = std::env::temp_dir().join(format!("xtask-node-{}", std::process::id()));
        fs::create_dir_all(folder.join("node_modules")).unwrap();
        assert!(is_outdated(&folder).is_err());
        fs::write(folder.join("package-lock.json"), "{}").unwrap();
        assert!(is_outdated(&folder).unwrap());
        fs::write(folder.join("node_modules/.package-lock.json"), "{}").unwrap();
        assert!(!is_outdated(&folder).unwrap());
        let lock = fs::File::options().write(true).open(folder.join("package-lock.json")).unwrap();
        let installed = folder.join("node_modules/.package-lock.json").metadata().unwrap().modified().unwrap();
        lock.set_modified(installed.max(SystemTime::UNIX_EPOCH) + Duration::from_secs(1)).unwrap();
        assert!(is_outdated(&folder).unwrap());
        fs::remove_dir_all(&folder).unwrap();
    }
}
