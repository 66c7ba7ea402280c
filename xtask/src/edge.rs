//! `cargo xtask edge`: builds the WASM components to the paths that `spin.toml` names.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fs, io};

use anyhow::{Context as _, ensure};

use crate::command::{Command, no_arguments};
use crate::process::{cargo, duration, run};
use crate::setup;
use crate::workspace::Workspace;

pub(crate) const COMMAND: Command = Command {
    name: "edge",
    summary: "build the WASM components to the paths that spin.toml names",
    help: "A component NAME of spin.toml is the package edge-NAME, built for wasm32-wasip2 with the profile `edge`.",
    run: |arguments| {
        no_arguments(arguments)?;
        setup::wasm::ensure()?;
        build(&Workspace::find()?)
    },
};

/// Builds all components. A file that would not change is left alone, so that nothing is compiled anew because of its date.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<()> {
    setup::node::pages(&workspace.root)?;
    let manifest = fs::read_to_string(workspace.root.join("spin.toml")).context("spin.toml cannot be read")?;
    for component in components(&manifest)? {
        let start = Instant::now();
        let package = format!("edge-{}", component.name);
        run(cargo(&workspace.root).args(["build", "--package", &package]).args([
            "--target",
            setup::wasm::TARGET,
            "--profile",
            "edge",
        ]))?;
        let file = format!("{}.wasm", package.replace('-', "_"));
        let built = workspace.target.join(setup::wasm::TARGET).join("edge").join(file);
        let goal = workspace.root.join(&component.source);
        let (bytes, changed) = place(&built, &goal)?;
        let state = if changed { "new" } else { "unchanged" };
        println!("{}: {} KiB, {state}, {}", component.source.display(), bytes / 1024, duration(start.elapsed()));
    }
    Ok(())
}

struct Component {
    name: String,
    source: PathBuf,
}

fn components(manifest: &str) -> anyhow::Result<Vec<Component>> {
    let manifest: toml::Table = manifest.parse().context("spin.toml is not TOML")?;
    let table = manifest.get("component").and_then(toml::Value::as_table);
    let table = table.context("spin.toml has no component")?;
    let component = |(name, value): (&String, &toml::Value)| {
        let source = value.get("source").and_then(toml::Value::as_str);
        let source = source.with_context(|| format!("component {name} of spin.toml names no file"))?;
        Ok(Component { name: name.clone(), source: source.into() })
    };
    table.iter().map(component).collect()
}

/// Copies a file when it differs. Answers its length, and whether it was copied.
fn place(built: &Path, goal: &Path) -> anyhow::Result<(usize, bool)> {
    let bytes = fs::read(built).with_context(|| format!("{} was not built", built.display()))?;
    ensure!(!bytes.is_empty(), "{} is empty", built.display());
    match fs::read(goal) {
        Ok(old) if old == bytes => return Ok((bytes.len(), false)),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", goal.display())),
    }
    let folder = goal.parent().context("a component must be in a folder")?;
    fs::create_dir_all(folder)?;
    // Renamed into place, so that a server that starts now reads the old file or the new one.
    let part = goal.with_extension("part");
    fs::write(&part, &bytes)?;
    fs::rename(&part, goal).with_context(|| format!("{} cannot be written", goal.display()))?;
    Ok((bytes.len(), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_those_of_the_manifest() {
        let found =
            components("[component.rest]\nsource = \"a/rest.wasm\"\n[component.bulk]\nsource = \"b.wasm\"").unwrap();
        let found: Vec<_> = found.iter().map(|c| (c.name.as_str(), c.source.to_str().unwrap())).collect();
        assert_eq!(found, [("bulk", "b.wasm"), ("rest", "a/rest.wasm")]);
        for bad in ["", "[component.rest]\nx = 1", "component"] {
            assert!(components(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_file_is_copied_only_when_it_differs() {
        let folder = std::env::temp_dir().join(format!("xtask-edge-{}", std::process::id()));
        let (built, goal) = (folder.join("built"), folder.join("dist/goal.wasm"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(&built, "one").unwrap();
        assert_eq!(place(&built, &goal).unwrap(), (3, true));
        assert_eq!(place(&built, &goal).unwrap(), (3, false));
        fs::write(&built, "three").unwrap();
        assert_eq!(place(&built, &goal).unwrap(), (5, true));
        assert_eq!(fs::read_to_string(&goal).unwrap(), "three");
        fs::remove_dir_all(&folder).unwrap();
    }
}
