//! `cargo xtask openapi`: writes the OpenAPI document from the code to `docs/openapi.json`.

use crate::command::{Command, no_arguments};
use crate::process::{cargo, run};
use crate::workspace::Workspace;

pub(crate) const COMMAND: Command = Command {
    name: "openapi",
    summary: "write docs/openapi.json from the code",
    help: "The test that compares the file with the code writes it first. What is built is what the tests need anyway.",
    run: |arguments| {
        no_arguments(arguments)?;
        let test = ["test", "--workspace", "--lib", "--quiet", "--", "openapi::tests::the_file_is_current"];
        run(cargo(&Workspace::find()?.root).args(test).env("CHATERY_WRITE_OPENAPI", "1"))?;
        println!("docs/openapi.json is written");
        Ok(())
    },
};
