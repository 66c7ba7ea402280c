//! `cargo xtask words`: what must not stand in any file: places of one machine, addresses of package registries (a mirror's name
//! in a lock file breaks everyone else), and marks of unfinished work.

use anyhow::ensure;

use crate::command::{Command, no_arguments};
use crate::sources;
use crate::workspace::Workspace;

pub(crate) const COMMAND: Command = Command {
    name: "words",
    summary: "no machine paths, registry addresses or marks of unfinished work",
    help: "Reads every file that git tracks or would track. The list stands in xtask/src/words.rs.",
    run: |arguments| {
        no_arguments(arguments)?;
        check(&Workspace::find()?)
    },
};

/// This list itself.
const SELF: &str = "xtask/src/words.rs";

/// Everywhere.
const NOWHERE: [&str; 12] = [
    "/work/",
    "/root/",
    "/home/",
    "/Users/",
    "/tmp/target",
    "index.crates.io",
    "static.crates.io",
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "pypi.org",
    "pythonhosted.org",
    "\"resolved\":",
];

/// Not in what people write; a checksum may contain anything.
const NOT_WRITTEN: [&str; 3] = ["TODO", "FIXME", "XXX"];

fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let files = sources::texts(&workspace.root, |file| file != SELF)?;
    let found: Vec<String> = files.iter().flat_map(|(file, text)| found(file, text)).collect();
    ensure!(found.is_empty(), "words:\n  {}", found.join("\n  "));
    println!("words: {} files are clean", files.len());
    Ok(())
}

fn found(file: &str, text: &str) -> Vec<String> {
    let written: &[&str] = if is_lock(file) { &[] } else { &NOT_WRITTEN };
    let numbered = (1..).zip(text.lines());
    numbered
        .flat_map(|(number, line)| {
            let words = NOWHERE.iter().chain(written).filter(move |word| line.contains(**word));
            words.map(move |word| format!("{file}:{number}: {word}"))
        })
        .collect()
}

fn is_lock(file: &str) -> bool {
    file.ends_with("Cargo.lock") || file.ends_with("package-lock.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_with_their_place() {
        assert_eq!(found("a.md", "x\nin /root/x and TODO\n"), ["a.md:2: /root/", "a.md:2: TODO"]);
        assert!(found("a.md", "a network/path, todo lists").is_empty());
    }

    #[test]
    fn lock_files_may_contain_any_checksum_but_no_address() {
        assert!(found("e/package-lock.json", "sha512-aTODOx").is_empty());
        assert_eq!(found("e/package-lock.json", "\"resolved\": \"http://mirror/x.tgz\"").len(), 1);
    }
}
