//! `cargo xtask test`: everything that is needed, then every test.

use anyhow::Context as _;

use crate::command::Command;
use crate::process::{cargo, run, succeeds, timed};
use crate::setup::{self, For};
use crate::workspace::Workspace;
use crate::{command, edge};

pub(crate) const COMMAND: Command = Command {
    name: "test",
    summary: "set up and pass every test",
    help: "\
Unit, integration, end-to-end and documentation tests, with cargo-nextest where it is installed, else with cargo test.
One test: docs/TESTING.md.",
    run: |arguments| {
        command::no_arguments(arguments)?;
        timed("test", test)
    },
};

/// Tells the end-to-end tests where the server is.
pub(crate) const SERVER: &str = "CHATERY_BIN";

fn test() -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    timed("setup", || setup::ensure(&workspace, For::Tests))?;
    timed("components", || edge::build(&workspace))?;
    timed("programs", || workspace.build_programs(false))?;
    let server = workspace.program("chatery", false);
    let server = server.canonicalize().with_context(|| format!("{} was not built", server.display()))?;
    let cargo = || {
        let mut cargo = cargo(&workspace.root);
        cargo.env(SERVER, &server);
        cargo
    };
    if succeeds("cargo", &["nextest", "--version"]) {
        timed("tests", || run(cargo().args(["nextest", "run", "--workspace"])))?;
        // nextest runs none of these.
        timed("documentation tests", || run(cargo().args(["test", "--workspace", "--doc"])))
    } else {
        timed("tests", || run(cargo().args(["test", "--workspace", "--no-fail-fast"])))
    }
}
