//! `cargo xtask setup`: what a fresh machine lacks. Each step looks first, says what it installs, and names in one sentence
//! with the command to run what it cannot install.

pub(crate) mod chromium;
mod ffmpeg;
pub(crate) mod node;
mod python;
mod redis;
mod system;
pub(crate) mod wasm;

use crate::command::{Command, no_arguments};
use crate::workspace::Workspace;

pub(crate) const COMMAND: Command = Command {
    name: "setup",
    summary: "install what the other commands need (they do it themselves)",
    help: "\
The wasm32-wasip2 target, redis-server, and for tests the npm packages, Python's requests, schemathesis and moto, ffmpeg, and Chromium. Node with npm must be there.",
    run: |arguments| {
        no_arguments(arguments)?;
        ensure(&Workspace::find()?, For::Tests)
    },
};

/// What the machine is to be ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// The server.
    Server,
    /// The server and every test.
    Tests,
}

/// What drives the dashboard in a browser.
pub(crate) fn browser(workspace: &Workspace) -> anyhow::Result<()> {
    node::browser(&workspace.root)?;
    chromium::ensure()
}

/// Makes the machine ready.
pub(crate) fn ensure(workspace: &Workspace, what: For) -> anyhow::Result<()> {
    wasm::ensure()?;
    redis::ensure()?;
    if what == For::Tests {
        node::ensure(&workspace.root)?;
        python::ensure(&workspace.root)?;
        ffmpeg::ensure()?;
        chromium::ensure()?;
    }
    Ok(())
}
