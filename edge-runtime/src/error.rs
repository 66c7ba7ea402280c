//! What can go wrong while an application is loaded. After loading there are only HTTP answers.

use std::path::PathBuf;

use crate::manifest::ManifestError;

/// An application could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifest could not be read.
    #[error("cannot read the manifest {path}: {source}", path = path.display())]
    ReadManifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The manifest says something that is wrong or not supported here.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Required variables were given no value.
    #[error("{path}: no value for the required variable(s) {names}", path = path.display())]
    MissingVariables {
        /// The manifest.
        path: PathBuf,
        /// Their names, joined by commas.
        names: String,
    },
    /// The WebAssembly engine refused its configuration.
    #[error("cannot start the WebAssembly engine: {reason}")]
    Engine {
        /// What it said.
        reason: String,
    },
    /// A component could not be read or compiled.
    #[error("component {component}: cannot compile {path}: {reason}", path = path.display())]
    Compile {
        /// The component's id.
        component: String,
        /// Its file.
        path: PathBuf,
        /// What the compiler said.
        reason: String,
    },
    /// A component asks for something that is not offered here, or does not handle HTTP.
    #[error("component {component} ({path}) does not fit: {reason}", path = path.display())]
    Link {
        /// The component's id.
        component: String,
        /// Its file.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A directory named by `files` cannot be opened.
    #[error("component {component}: cannot mount {path}: {reason}", path = path.display())]
    Mount {
        /// The component's id.
        component: String,
        /// The directory.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}
