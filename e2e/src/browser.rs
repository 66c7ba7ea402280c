//! A real browser, driven by Playwright in a Node process.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use crate::programs;

/// The folder of the stories.
fn folder() -> PathBuf {
    programs::project().join("e2e/browser")
}

/// Runs a story in a browser; it fails with what the story wrote.
pub async fn tell(story: &str, environment: &[(&str, &str)]) -> anyhow::Result<()> {
    let packages = folder().join("node_modules");
    ensure!(packages.exists(), "the npm packages are missing: cargo xtask setup, or npm ci in e2e/browser");
    let output = Command::new("node")
        .args(["--test-reporter=spec", story])
        .current_dir(folder())
        .envs(environment.iter().copied())
        .env("CHROMIUM", programs::chromium()?)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("node cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{story}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
