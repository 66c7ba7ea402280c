//! `cargo xtask ci`: what a change must pass.

use crate::command::{Command, no_arguments};
use crate::{lint, test};

pub(crate) const COMMAND: Command = Command {
    name: "ci",
    summary: "lint, then test",
    help: "The same as .ci/run, in the build folder of this checkout.",
    run: |arguments| {
        no_arguments(arguments)?;
        (lint::COMMAND.run)(&[])?;
        (test::COMMAND.run)(&[])
    },
};
