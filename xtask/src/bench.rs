//! `cargo xtask bench`: the benchmark of the whole stack, or of the simulated network alone; release builds throughout.

use std::os::unix::process::CommandExt as _;

use anyhow::Context as _;

use crate::command::Command;
use crate::process::{cargo, run};
use crate::setup::{self, For};
use crate::workspace::Workspace;
use crate::{edge, test};

pub(crate) const COMMAND: Command = Command {
    name: "bench",
    summary: "measure the stack against the simulated network, or that network alone (release build)",
    help: "\
  cargo xtask bench [-- ARGUMENTS]       the stack against the simulated network
  cargo xtask bench events               only messages that arrive, from phones to a webhook
  cargo xtask bench sim [-- ARGUMENTS]   the simulated network with thousands of clients

Arguments go to the benchmark: cargo xtask bench sim -- --help",
    run: bench,
};

fn bench(arguments: &[String]) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    if let Some(("sim", arguments)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return sim(&workspace, own(arguments));
    }
    setup::ensure(&workspace, For::Server)?;
    edge::build(&workspace)?;
    workspace.build_programs(true)?;
    let program = workspace.program("bench", true);
    let mut bench = std::process::Command::new(&program);
    bench.args(own(arguments)).env(test::SERVER, workspace.program("chatery", true)).current_dir(&workspace.root);
    Err(bench.exec()).with_context(|| format!("{} cannot be started", program.display()))
}

/// Cargo builds the program and the simulator that it starts, in the same selection of packages as everything else.
fn sim(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<()> {
    run(cargo(&workspace.root).args(["bench", "--workspace", "--bench", "sim-load", "--"]).args(arguments))
}

/// The arguments of the benchmark itself.
fn own(arguments: &[String]) -> &[String] {
    arguments.strip_prefix(&["--".to_owned()]).unwrap_or(arguments)
}
