//! `cargo xtask sizes`: how long files may be, and names that say nothing.

use std::path::Path;

use anyhow::ensure;

use crate::command::{Command, no_arguments};
use crate::sources;
use crate::workspace::Workspace;

pub(crate) const COMMAND: Command = Command {
    name: "sizes",
    summary: "length of files, names of modules",
    help: "\
A Rust file has at most 600 lines, one of tests 700, a lib.rs 120. No module is called utils, helpers, common or misc,
and none is in a mod.rs. Exceptions stand in xtask/src/sizes.rs, each with its reason.",
    run: |arguments| {
        no_arguments(arguments)?;
        check(&Workspace::find()?)
    },
};

/// Lines of a file: a screen of a large monitor ten times over; nobody keeps more in mind.
const SOURCE: usize = 600;

/// Lines of a file of tests: they repeat themselves more.
const TESTS: usize = 700;

/// Lines of a crate's root: it is a map.
const ROOT: usize = 120;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = ["utils", "util", "helpers", "helper", "common", "misc", "shared", "stuff"];

/// Longer files: path, lines, reason.
const EXCEPTIONS: &[(&str, usize, &str)] = &[];

fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let files = sources::texts(&workspace.root, sources::is_rust)?;
    let problems: Vec<String> = files.iter().flat_map(|(file, text)| problems(file, text.lines().count())).collect();
    ensure!(problems.is_empty(), "sizes:\n  {}", problems.join("\n  "));
    println!("sizes: {} files are short enough", files.len());
    Ok(())
}

fn problems(file: &str, lines: usize) -> Vec<String> {
    let mut problems = Vec::new();
    let most = most(file);
    if lines > most {
        problems.push(format!("{file} has {lines} lines; at most {most} are allowed"));
    }
    let path = Path::new(file);
    if path.file_name().is_some_and(|name| name == "mod.rs") {
        problems.push(format!("{file}: a module NAME is in NAME.rs, beside the folder NAME"));
    }
    if path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| EMPTY_NAMES.contains(&stem)) {
        problems.push(format!("{file}: the name says nothing about what is inside"));
    }
    problems
}

fn most(file: &str) -> usize {
    let exception = EXCEPTIONS.iter().find(|(path, ..)| *path == file);
    let name = file.rsplit('/').next().unwrap_or(file);
    let tests = file.contains("/tests/") || name == "tests.rs";
    match exception {
        Some((_, lines, _)) => *lines,
        None if tests => TESTS,
        None if name == "lib.rs" => ROOT,
        None => SOURCE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_limit() {
        for (file, most) in [
            ("a/src/x.rs", 600),
            ("a/src/lib.rs", 120),
            ("a/src/x/tests.rs", 700),
            ("a/tests/it/main.rs", 700),
            ("a/tests/guest/src/lib.rs", 700),
        ] {
            assert_eq!(problems(file, most), Vec::<String>::new(), "{file}");
            assert_eq!(problems(file, most + 1).len(), 1, "{file}");
        }
    }

    #[test]
    fn names_mean_something() {
        for file in ["a/src/mod.rs", "a/src/utils.rs", "a/tests/it/common.rs"] {
            assert_eq!(problems(file, 1).len(), 1, "{file}");
        }
        assert!(problems("a/src/commons.rs", 1).is_empty());
    }
}
