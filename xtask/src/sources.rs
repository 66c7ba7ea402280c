//! The files of the project: what git tracks, and what is new and not ignored.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::process::output;

/// Paths of all files, relative to the root, with slashes.
pub(crate) fn list(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let listed = output(&mut git).context("the checks read the list of files from git")?;
    let files = listed.split_terminator('\0').map(str::to_owned);
    // A file may be deleted and still tracked.
    Ok(files.filter(|file| root.join(file).is_file()).collect())
}

/// Path and text of the files that are text.
pub(crate) fn texts(root: &Path, wanted: impl Fn(&str) -> bool) -> anyhow::Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    for file in list(root)?.into_iter().filter(|file| wanted(file)) {
        let bytes = std::fs::read(root.join(&file)).with_context(|| format!("{file} cannot be read"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            texts.push((file, text));
        }
    }
    Ok(texts)
}

/// Whether a file is Rust.
pub(crate) fn is_rust(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "rs")
}
