//! Node, and the npm packages of the tests that use official clients.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, ensure};

use crate::process::{output, run, succeeds};

/// Oldest Node that the clients run on.
const OLDEST: u32 = 20;

/// Folders with the npm packages of the tests.
const TESTS: [&str; 3] = ["session-host/tests/node", "e2e/node", BROWSER];

/// The folder of the stories that a browser tells.
const BROWSER: &str = "e2e/browser";

/// The folder with the npm packages that become pages.
const PAGES: &str = "dashboard";

/// What of the build is written last, in that folder.
const BUILT: &str = "dist/index.html.gz";

/// What the build is made of.
const SOURCES: [&str; 7] = [
    "dashboard/src",
    "dashboard/public",
    "dashboard/index.html",
    "dashboard/ws-test.html",
    "dashboard/vite.config.ts",
    "dashboard/package-lock.json",
    "docs/openapi.json",
];

/// What the tests need.
pub(super) fn ensure(root: &Path) -> anyhow::Result<()> {
    node()?;
    TESTS.iter().try_for_each(|folder| install(root, folder))
}

/// What drives a browser.
pub(super) fn browser(root: &Path) -> anyhow::Result<()> {
    node()?;
    install(root, BROWSER)
}

/// The pages: what they are made of, and the dashboard's build, unless it is newer than all it is made of.
pub(crate) fn pages(root: &Path) -> anyhow::Result<()> {
    node()?;
    install(root, PAGES)?;
    let built = root.join(PAGES).join(BUILT);
    let built = built.metadata().and_then(|file| file.modified()).ok();
    let newest = SOURCES
        .iter()
        .map(|source| newest(&root.join(source)))
        .try_fold(None, |newest, one| anyhow::Ok(newest.max(one?)))?;
    if built < newest {
        run(Command::new("npm").args(["run", "--silent", "build"]).current_dir(root.join(PAGES)))?;
    }
    Ok(())
}

/// Checks the dashboard's types and the accessibility of its components.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    run(Command::new("npm").args(["run", "--silent", "check"]).current_dir(root.join(PAGES)))
}

/// When something in a folder was changed last.
fn newest(path: &Path) -> anyhow::Result<Option<SystemTime>> {
    let read = |path: &Path| path.metadata().with_context(|| format!("{} cannot be read", path.display()));
    let metadata = read(path)?;
    if !metadata.is_dir() {
        return Ok(Some(metadata.modified()?));
    }
    let mut newest = None;
    for entry in path.read_dir()? {
        newest = newest.max(self::newest(&entry?.path())?);
    }
    Ok(newest)
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
