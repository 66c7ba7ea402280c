//! `cargo xtask danger`: proves that no check of the WhatsApp library is switched off, in tests neither. Its `danger-*` features
//! do that; none may be active, and no manifest may name one.

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::command::{Command, no_arguments};
use crate::process::{cargo, output};
use crate::sources;
use crate::workspace::Workspace;

pub(crate) const COMMAND: Command = Command {
    name: "danger",
    summary: "no danger-* feature is active anywhere",
    help: "Reads the features of the whole dependency graph, those of tests included, and every Cargo.toml.",
    run: |arguments| {
        no_arguments(arguments)?;
        check(&Workspace::find()?)
    },
};

/// How the features are called.
const PREFIX: &str = "danger-";

fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let text = output(cargo(&workspace.root).args(["metadata", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata does not write JSON")?;
    let offered = offered(&metadata);
    // Otherwise the library gave them another name, and this check would look for nothing.
    ensure!(
        !offered.is_empty(),
        "danger: no dependency has a {PREFIX}* feature any more; this check needs their new name"
    );
    let edges = "features,normal,build,dev";
    let tree = output(cargo(&workspace.root).args(["tree", "--workspace", "--edges", edges]))?;
    let active = naming(&tree);
    ensure!(active.is_empty(), "danger: active in the dependency graph:\n  {}", active.join("\n  "));
    for (file, text) in sources::texts(&workspace.root, |file| file.ends_with("Cargo.toml"))? {
        let named = naming(&text);
        ensure!(named.is_empty(), "danger: {file} names\n  {}", named.join("\n  "));
    }
    println!("danger: none of {} is active", offered.join(", "));
    Ok(())
}

/// The features that could be switched on.
fn offered(metadata: &Value) -> Vec<String> {
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let mut offered: Vec<String> = packages
        .filter_map(|package| Some((package.get("name")?.as_str()?, package.get("features")?.as_object()?)))
        .flat_map(|(name, features)| features.keys().map(move |feature| (name, feature)))
        .filter(|(_, feature)| feature.starts_with(PREFIX))
        .map(|(name, feature)| format!("{name}/{feature}"))
        .collect();
    offered.sort();
    offered
}

fn naming(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.contains(PREFIX)).map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_found_where_they_are_declared_and_where_they_are_active() {
        let metadata = serde_json::json!({"packages": [
            {"name": "w", "features": {"default": [], "danger-x": []}},
            {"name": "v", "features": {}},
        ]});
        assert_eq!(offered(&metadata), ["w/danger-x"]);
        let tree = "├── w v1\n│   └── w feature \"danger-x\"\n";
        assert_eq!(naming(tree), ["│   └── w feature \"danger-x\""]);
        assert!(naming("├── w feature \"default\"").is_empty());
    }
}
