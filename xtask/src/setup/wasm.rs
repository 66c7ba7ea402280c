//! The target of the components.

use std::path::Path;
use std::process::Command;

use anyhow::ensure;

use crate::process::{output, run, succeeds};

/// Where components run.
pub(crate) const TARGET: &str = "wasm32-wasip2";

pub(crate) fn ensure() -> anyhow::Result<()> {
    // The folder is named whether or not it exists.
    let folder = output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    ensure!(
        succeeds("rustup", &["--version"]),
        "the target {TARGET} is missing and there is no rustup: install it (https://rustup.rs), then run `rustup target add {TARGET}`"
    );
    println!("installing the Rust target {TARGET}");
    run(Command::new("rustup").args(["target", "add", TARGET]))
}
