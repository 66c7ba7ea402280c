//! The project's own tasks: `cargo xtask <command>`. This file only finds the command; each has a file of its own.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the terminal is the interface")]

mod bench;
mod boundaries;
mod ci;
mod command;
mod danger;
mod docs;
mod edge;
mod features;
mod lint;
mod openapi;
mod process;
mod screenshots;
mod setup;
mod sizes;
mod sources;
mod test;
mod up;
mod words;
mod workspace;

use std::process::ExitCode;

use anyhow::bail;

use crate::command::Command;

const COMMANDS: &[&Command] = &[
    &up::COMMAND,
    &test::COMMAND,
    &lint::COMMAND,
    &ci::COMMAND,
    &bench::COMMAND,
    &edge::COMMAND,
    &openapi::COMMAND,
    &screenshots::COMMAND,
    &setup::COMMAND,
    &sizes::COMMAND,
    &boundaries::COMMAND,
    &features::COMMAND,
    &danger::COMMAND,
    &words::COMMAND,
    &docs::COMMAND,
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> anyhow::Result<()> {
    let Some((name, rest)) =
        arguments.split_first().filter(|(name, _)| !matches!(name.as_str(), "--help" | "-h" | "help"))
    else {
        println!("{}", command::overview(COMMANDS));
        return Ok(());
    };
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => command.start(rest),
        None => bail!("there is no command {name}; cargo xtask --help lists all"),
    }
}
