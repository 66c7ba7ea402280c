//! `cargo xtask up`: everything that is needed, then the server, which takes this process over.

use std::os::unix::process::CommandExt as _;

use anyhow::{Context as _, bail};

use crate::command::Command;
use crate::setup::{self, For};
use crate::workspace::Workspace;
use crate::{edge, process};

pub(crate) const COMMAND: Command = Command {
    name: "up",
    summary: "set up, build and start everything on http://localhost:3000",
    help: "Flags:
  --live       sessions talk to the real WhatsApp unless they ask for the sandbox
  --port N     listen on this port (PORT; 3000)
  --data DIR   keep everything in this folder (DATA_DIR; data)

Settings are read from the environment and from .env, see .env.example. Ctrl-C stops the server.",
    run: up,
};

fn up(arguments: &[String]) -> anyhow::Result<()> {
    // Before anything is built: a slip of the finger should not cost minutes.
    check(arguments)?;
    let workspace = Workspace::find()?;
    process::timed("built", || {
        setup::ensure(&workspace, For::Server)?;
        edge::build(&workspace)?;
        workspace.build_programs(false)
    })?;
    let program = workspace.program("chatery", false);
    let failure = std::process::Command::new(&program).args(arguments).current_dir(&workspace.root).exec();
    Err(failure).with_context(|| format!("{} cannot be started", program.display()))
}

fn check(arguments: &[String]) -> anyhow::Result<()> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--live" => {}
            "--port" => {
                let text = arguments.next().context("--port needs a number")?;
                text.parse::<u16>().with_context(|| format!("{text} is no port"))?;
            }
            "--data" => {
                arguments.next().context("--data needs a folder")?;
            }
            other => bail!("{other} is not understood; cargo xtask up --help lists what is"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_checked_first() {
        let check = |line: &str| check(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert!(check("").is_ok() && check("--live --port 3100 --data d").is_ok());
        for bad in ["--lvie", "--port", "--port x", "--port 70000", "--data", "live"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
