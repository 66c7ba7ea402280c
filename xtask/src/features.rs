//! `cargo xtask features`: every command of this project builds the dependencies with the same features, so that a machine
//! builds them once.

use std::collections::BTreeSet;

use anyhow::ensure;

use crate::command::{Command, no_arguments};
use crate::process::{cargo, output};
use crate::workspace::Workspace;

pub(crate) const COMMAND: Command = Command {
    name: "features",
    summary: "up and test select the same features of the dependencies",
    help: "\
Compares the dependencies without and with those of tests. A package may appear only with tests, but none may have other
features then: the graph of the WhatsApp library would be built twice.",
    run: |arguments| {
        no_arguments(arguments)?;
        check(&Workspace::find()?)
    },
};

fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let programs = selection(workspace, "normal,build")?;
    let tests = selection(workspace, "normal,build,dev")?;
    let changed = changed(&programs, &tests);
    ensure!(
        changed.is_empty(),
        "tests select other features of these packages; name them in [workspace.dependencies]:\n  {}",
        changed.join("\n  ")
    );
    println!("features: one selection of {} packages", programs.len());
    Ok(())
}

fn selection(workspace: &Workspace, edges: &str) -> anyhow::Result<BTreeSet<String>> {
    let arguments = ["tree", "--workspace", "--prefix", "none", "--edges", edges, "--format", "{p} {f}"];
    let tree = output(cargo(&workspace.root).args(arguments))?;
    Ok(tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)").trim_end().to_owned())
        .filter(|line| !line.is_empty())
        .collect())
}

/// Packages that are in both selections, with other features.
fn changed(programs: &BTreeSet<String>, tests: &BTreeSet<String>) -> Vec<String> {
    programs.difference(tests).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_package_is_no_change() {
        let set = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<BTreeSet<_>>();
        let programs = set(&["a v1 x", "b v1 "]);
        assert!(changed(&programs, &set(&["a v1 x", "b v1 ", "c v1 "])).is_empty());
        assert_eq!(changed(&programs, &set(&["a v1 x,y", "b v1 "])), ["a v1 x"]);
    }
}
