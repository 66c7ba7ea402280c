//! `cargo xtask lint`: everything that reads the sources and runs none of them. The quick checks come first.

use crate::command::{Command, no_arguments};
use crate::process::{cargo, run, timed};
use crate::setup::{node, wasm};
use crate::workspace::Workspace;
use crate::{boundaries, danger, docs, features, sizes, words};

pub(crate) const COMMAND: Command = Command {
    name: "lint",
    summary: "formatting, clippy, and the project's own checks",
    help: "sizes, boundaries, features, danger, words and docs are commands of their own.",
    run: |arguments| {
        no_arguments(arguments)?;
        timed("lint", lint)
    },
};

fn lint() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    run(cargo(&workspace.root).args(["fmt", "--all", "--check"]))?;
    for check in
        [&sizes::COMMAND, &boundaries::COMMAND, &features::COMMAND, &danger::COMMAND, &words::COMMAND, &docs::COMMAND]
    {
        (check.run)(&[])?;
    }
    let deny = ["--", "-D", "warnings"];
    run(cargo(&workspace.root).args(["clippy", "--workspace", "--all-targets"]).args(deny))?;
    // What of the components exists for WASM alone.
    wasm::ensure()?;
    node::pages(&workspace.root)?;
    node::check(&workspace.root)?;
    let packages = ["edge-core", "edge-rest", "edge-site", "edge-webhooks"].map(|name| ["--package", name]).concat();
    let wasm = [&["clippy"], &packages[..], &["--target", wasm::TARGET]].concat();
    run(cargo(&workspace.root).args(wasm).args(deny))
}
