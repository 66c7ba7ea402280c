//! `cargo xtask boundaries`: what each part must never know. Two readings: the dependencies that a part ships with (those of
//! tests are free), and the files that name a library.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::command::{Command, no_arguments};
use crate::sources;
use crate::workspace::Workspace;

pub(crate) const COMMAND: Command = Command {
    name: "boundaries",
    summary: "what each part must never know",
    help: "\
Dependencies of the shipped part of each package, and which files may name a library or read the environment. The tables
stand in xtask/src/boundaries.rs.",
    run: |arguments| {
        no_arguments(arguments)?;
        check(&Workspace::find()?)
    },
};

/// This table itself.
const SELF: &str = "xtask/src/boundaries.rs";

enum Rule {
    /// Nothing but these.
    Only(&'static [&'static str]),
    /// None of these. A trailing star stands for any ending.
    Never(&'static [&'static str]),
}

/// Every package has a row.
const DEPENDENCIES: &[(&str, Rule)] = &[
    ("contract", Rule::Only(&["serde", "serde_json", "utoipa"])),
    ("session-host", Rule::Never(&["spin-sdk", "wasmtime*", "edge-*", "whatsapp-sim", "standalone"])),
    (
        "edge-core",
        Rule::Never(&["tokio*", "whatsapp-*", "wac*", "waproto", "redis", "reqwest", "session-host", "edge-runtime"]),
    ),
    (
        "edge-rest",
        Rule::Never(&["tokio*", "whatsapp-*", "wac*", "waproto", "redis", "reqwest", "session-host", "edge-runtime"]),
    ),
    (
        "edge-webhooks",
        Rule::Never(&["tokio*", "whatsapp-*", "wac*", "waproto", "redis", "reqwest", "session-host", "edge-runtime"]),
    ),
    ("edge-site", Rule::Only(&["bytes", "http", "http-body-util", "edge-core", "spin-sdk"])),
    ("edge-runtime", Rule::Never(&["contract", "edge-*", "session-host", "whatsapp-*", "wac*", "waproto"])),
    (
        "whatsapp-sim",
        Rule::Never(&["redis", "contract", "session-host", "edge-*", "whatsapp-rust", "socketioxide", "aws-*"]),
    ),
    ("standalone", Rule::Never(&["spin-sdk", "wac*", "waproto", "whatsapp-rust", "edge-core", "edge-rest"])),
    ("e2e", Rule::Never(&["session-host", "edge-*", "standalone", "wac*", "waproto", "whatsapp-rust"])),
    ("xtask", Rule::Only(&["anyhow", "serde_json", "toml"])),
];

struct Name {
    /// What the line of a file contains.
    word: &'static str,
    /// The files and folders that may.
    allowed: &'static [&'static str],
}

/// Which files may name what.
const NAMES: &[Name] = &[
    Name {
        word: "whatsapp_rust",
        allowed: &[
            "session-host/src/whatsapp.rs",
            "session-host/src/whatsapp/",
            "session-host/src/store.rs",
            "session-host/src/store/",
            "session-host/src/sessions/",
            "session-host/tests/",
            "whatsapp-sim/benches/",
            "whatsapp-sim/tests/",
            // The real client reads what the simulator stores.
            "whatsapp-sim/src/media/tests.rs",
        ],
    },
    Name {
        word: "wacore",
        allowed: &[
            "session-host/src/whatsapp/",
            "session-host/src/store.rs",
            "session-host/src/store/",
            "session-host/src/sessions/",
            "session-host/tests/",
            "whatsapp-sim/src/",
            "whatsapp-sim/benches/",
            "whatsapp-sim/tests/",
        ],
    },
    Name { word: "aws_sdk_s3", allowed: &["session-host/src/media.rs", "session-host/src/media/"] },
    Name { word: "s3s", allowed: &["standalone/src/object_store.rs", "standalone/src/object_store/"] },
    Name {
        word: "spin_sdk",
        allowed: &[
            "edge-api/core/src/spin.rs",
            "edge-api/core/src/spin/",
            "edge-api/rest/src/component.rs",
            "edge-api/site/src/component.rs",
            "edge-api/webhooks/src/component.rs",
            "edge-runtime/tests/guest/",
        ],
    },
    Name {
        word: "env::var",
        allowed: &[
            // A test that is told to write what it compares.
            "edge-api/rest/src/openapi.rs",
            // Cargo tells a build script where it is.
            "edge-api/site/build.rs",
            "session-host/src/main.rs",
            "standalone/src/main.rs",
            "standalone/src/settings.rs",
            "standalone/tests/",
            "whatsapp-sim/src/bin/whatsapp-sim.rs",
            "edge-runtime/tests/",
            "e2e/",
            "xtask/",
        ],
    },
];

fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for package in &workspace.packages {
        let name = package.get("name").and_then(Value::as_str).context("a package without a name")?;
        match DEPENDENCIES.iter().find(|(known, _)| *known == name) {
            Some((_, rule)) => problems.extend(broken(name, rule, &shipped(package))),
            None => problems.push(format!("{name} has no row in {SELF}")),
        }
    }
    let files = sources::texts(&workspace.root, |file| sources::is_rust(file) && file != SELF)?;
    problems.extend(files.iter().flat_map(|(file, text)| strangers(file, text)));
    ensure!(problems.is_empty(), "boundaries:\n  {}", problems.join("\n  "));
    println!("boundaries: {} packages and {} files keep to theirs", workspace.packages.len(), files.len());
    Ok(())
}

/// The dependencies of a package without those of its tests.
fn shipped(package: &Value) -> Vec<&str> {
    let dependencies = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    dependencies
        .filter(|dependency| dependency.get("kind").and_then(Value::as_str) != Some("dev"))
        .filter_map(|dependency| dependency.get("name")?.as_str())
        .collect()
}

fn broken(package: &str, rule: &Rule, dependencies: &[&str]) -> Vec<String> {
    let wrong = |dependency: &&&str| match rule {
        Rule::Only(allowed) => !allowed.contains(dependency),
        Rule::Never(patterns) => patterns.iter().any(|pattern| matches(pattern, dependency)),
    };
    dependencies.iter().filter(wrong).map(|dependency| format!("{package} must not know {dependency}")).collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

/// The lines of a file that name what it must not know. Comments may.
fn strangers(file: &str, text: &str) -> Vec<String> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"));
    lines
        .flat_map(|(number, line)| {
            let found = NAMES.iter().filter(move |name| names(line, name.word) && !is_allowed(file, name.allowed));
            found.map(move |name| format!("{file}:{number} must not name {}", name.word))
        })
        .collect()
}

/// Whether a line has a path that begins with the word, or continues it as crates of one family do (`wacore_binary`).
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        !line[..start].ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | '-' | '"'))
    })
}

fn is_allowed(file: &str, allowed: &[&str]) -> bool {
    allowed.iter().any(|place| Path::new(file) == Path::new(place) || (place.ends_with('/') && file.starts_with(place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_see_what_is_shipped() {
        let package = serde_json::json!({"dependencies": [
            {"name": "tokio", "kind": "dev"},
            {"name": "wacore-binary", "kind": null},
            {"name": "serde", "kind": null},
        ]});
        let shipped = shipped(&package);
        assert_eq!(shipped, ["wacore-binary", "serde"]);
        assert_eq!(broken("x", &Rule::Only(&["serde"]), &shipped), ["x must not know wacore-binary"]);
        assert_eq!(broken("x", &Rule::Never(&["wac*", "tokio"]), &shipped), ["x must not know wacore-binary"]);
        assert!(broken("x", &Rule::Never(&["wacore"]), &shipped).is_empty());
    }

    #[test]
    fn names_belong_to_their_files() {
        let strange = |file, text| strangers(file, text).len();
        assert_eq!(strange("standalone/src/main.rs", "use wacore_binary::Jid;"), 1);
        assert_eq!(strange("whatsapp-sim/src/sim.rs", "use wacore_binary::Jid;"), 0);
        assert_eq!(strange("whatsapp-sim/src/sim.rs", "use whatsapp_rust::Client;"), 1);
        assert_eq!(strange("contract/src/id.rs", "let x = std::env::var(\"X\");"), 1);
        assert_eq!(strange("contract/src/id.rs", "// std::env::var is not for us\nuse my_wacore::x;"), 0);
        assert_eq!(strange("session-host/src/media.rs", "use aws_sdk_s3::Client;"), 0);
        assert_eq!(strange("session-host/src/mediate.rs", "use aws_sdk_s3::Client;"), 1);
    }
}
