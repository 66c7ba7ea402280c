//! `cargo xtask docs`: what a reader would stumble over. Links between files lead somewhere, and `docs/API.md` has every failure code of
//! the contract with its status.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

use crate::command::{Command, no_arguments};
use crate::sources;
use crate::workspace::Workspace;

pub(crate) const COMMAND: Command = Command {
    name: "docs",
    summary: "links lead somewhere, every failure code is documented",
    help: "Reads every Markdown file, and the list of codes in contract/src/error.rs.",
    run: |arguments| {
        no_arguments(arguments)?;
        check(&Workspace::find()?)
    },
};

fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let read =
        |file: &str| fs::read_to_string(workspace.root.join(file)).with_context(|| format!("{file} cannot be read"));
    let source = read("contract/src/error.rs")?;
    let codes = codes(&source);
    ensure!(!codes.is_empty(), "docs: contract/src/error.rs has another form than this check knows");
    let api = read("docs/API.md")?;
    let mut problems: Vec<String> = undocumented(&codes, &api);
    let files = sources::texts(&workspace.root, |file| Path::new(file).extension().is_some_and(|kind| kind == "md"))?;
    for (file, text) in &files {
        let folder = workspace.root.join(file).parent().map(Path::to_owned).unwrap_or_default();
        let dead = links(text).into_iter().filter(|link| !folder.join(link).exists());
        problems.extend(dead.map(|link| format!("{file}: {link} is not there")));
    }
    ensure!(problems.is_empty(), "docs:\n  {}", problems.join("\n  "));
    println!("docs: {} codes and the links of {} files are right", codes.len(), files.len());
    Ok(())
}

/// Code and status of the rows `Variant = "code", 404, "sentence";`.
fn codes(source: &str) -> Vec<(&str, &str)> {
    source
        .lines()
        .filter_map(|line| {
            let (code, rest) = line.split_once(" = \"")?.1.split_once("\", ")?;
            let (status, _) = rest.split_once(", \"")?;
            status.parse::<u16>().ok().map(|_| (code, status))
        })
        .collect()
}

fn undocumented(codes: &[(&str, &str)], api: &str) -> Vec<String> {
    let missing = |(code, status): &&(&str, &str)| !api.contains(&format!("| `{code}` | {status} |"));
    codes.iter().filter(missing).map(|(code, status)| format!("docs/API.md lacks {code} ({status})")).collect()
}

/// Targets of the links to files, without what follows a `#`.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let files = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    files.map(|target| target.split('#').next().unwrap_or(target)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_and_missed() {
        let source = "    /// A doc.\n    NoHost = \"no_host\", 503, \"No host\";\n    const X: &str = \"y\";\n";
        let codes = codes(source);
        assert_eq!(codes, [("no_host", "503")]);
        assert!(undocumented(&codes, "| `no_host` | 503 | x |").is_empty());
        assert_eq!(undocumented(&codes, "| `no_host` | 500 | x |"), ["docs/API.md lacks no_host (503)"]);
    }

    #[test]
    fn only_links_to_files_are_followed() {
        assert_eq!(links("[a](b.md#c), [d](https://e), [f](#g), [h](../i)"), ["b.md", "../i"]);
    }
}
