//! `cargo xtask bench`: the benchmark of the whole stack, release builds throughout.

use std::os::unix::process::CommandExt as _;

use anyhow::Context as _;

use crate::command::Command;
use crate::setup::{self, For};
use crate::workspace::Workspace;
use crate::{edge, test};

pub(crate) const COMMAND: Command = Command {
    name: "bench",
    summary: "measure the stack against the simulated network (release build)",
    help: "Arguments go to the benchmark: cargo xtask bench -- --help",
    run: bench,
};

fn bench(arguments: &[String]) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    setup::ensure(&workspace, For::Server)?;
    edge::build(&workspace)?;
    workspace.build_programs(true)?;
    let program = workspace.program("bench", true);
    let arguments = arguments.strip_prefix(&["--".to_owned()]).unwrap_or(arguments);
    let mut bench = std::process::Command::new(&program);
    bench.args(arguments).env(test::SERVER, workspace.program("chatery", true)).current_dir(&workspace.root);
    Err(bench.exec()).with_context(|| format!("{} cannot be started", program.display()))
}
