//! Where things are: the project's folder, the build folder, the packages as cargo describes them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::process::{cargo, output};

/// The workspace.
pub(crate) struct Workspace {
    /// The project's folder.
    pub(crate) root: PathBuf,
    /// The build folder, wherever the environment or the configuration puts it.
    pub(crate) target: PathBuf,
    /// The members, as `cargo metadata` describes them.
    pub(crate) packages: Vec<Value>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = output(cargo(here).args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: Value = serde_json::from_str(&text).context("cargo metadata does not write JSON")?;
        let folder = |name: &str| {
            let text = metadata.get(name).and_then(Value::as_str);
            text.map(PathBuf::from).with_context(|| format!("cargo metadata does not tell {name}"))
        };
        let packages = metadata.get("packages").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(Self { root: folder("workspace_root")?, target: folder("target_directory")?, packages })
    }

    /// Builds every program of the project in one selection of packages: another selection would choose other features of
    /// the dependencies and build them once more.
    pub(crate) fn build_programs(&self, release: bool) -> anyhow::Result<()> {
        let mut command = cargo(&self.root);
        command.args(["build", "--workspace", "--bins"]);
        if release {
            command.arg("--release");
        }
        crate::process::run(&mut command)
    }

    /// A program that [`Self::build_programs`] built.
    pub(crate) fn program(&self, name: &str, release: bool) -> PathBuf {
        self.target.join(if release { "release" } else { "debug" }).join(name)
    }
}
