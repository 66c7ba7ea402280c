//! Reads `spin.toml`, version 2: the part of it that an HTTP application with Redis and variables needs.
//!
//! Pure: text in, [`Manifest`] out. A key that would change behaviour and is not supported here is an error with a sentence; other
//! unknown keys (`build`, `tool`, descriptions) are ignored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::egress::AllowList;
use crate::variables;

/// Component keys that grant something this runtime does not have.
const NOT_OFFERED: &[(&str, &str)] = &[
    ("key_value_stores", "key-value stores are not supported here; keep state in Redis"),
    ("sqlite_databases", "SQLite databases are not supported here; keep state in Redis"),
    ("ai_models", "AI models are not supported here"),
    ("dependencies", "component dependencies are not supported here; compose the component when it is built"),
    ("allowed_http_hosts", "allowed_http_hosts is the old form; use allowed_outbound_hosts"),
];

/// A manifest that says something wrong or unsupported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {key}: {problem}", path = path.display())]
pub struct ManifestError {
    /// The file.
    pub path: PathBuf,
    /// The key, as a dotted path.
    pub key: String,
    /// The problem, in a sentence.
    pub problem: String,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// `application.name`
    pub name: String,
    /// Declared variables with their defaults; `None` means required.
    pub variables: BTreeMap<String, Option<String>>,
    /// The HTTP triggers in the order of the file.
    pub triggers: Vec<HttpTrigger>,
    /// The components by id.
    pub components: BTreeMap<String, ComponentSpec>,
}

/// One `[[trigger.http]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpTrigger {
    /// The route as written; `None` for `{ private = true }`.
    pub route: Option<String>,
    /// The id of the component that answers.
    pub component: String,
}

/// One `[component.ID]`. Values may contain `{{ variable }}` references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentSpec {
    /// The `.wasm` file, made absolute with the manifest's folder.
    pub source: PathBuf,
    /// Where the component may connect to.
    pub allowed_outbound_hosts: Vec<String>,
    /// What `spin:variables` answers.
    pub variables: BTreeMap<String, String>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Directories it sees, read-only.
    pub files: Vec<Mount>,
}

/// A directory of the host in the file system of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The directory, made absolute with the manifest's folder.
    pub source: PathBuf,
    /// Where the component sees it.
    pub destination: String,
}

impl Manifest {
    /// Reads the text of the manifest that stands at `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
        let root: Table = text.parse().map_err(|error: toml::de::Error| ManifestError {
            path: path.to_owned(),
            key: "(syntax)".to_owned(),
            problem: error.to_string(),
        })?;
        let root = Section { path, key: String::new(), table: &root };
        match root.table.get("spin_manifest_version") {
            Some(Value::Integer(2)) => {}
            _ => return Err(root.wrong("spin_manifest_version", "must be 2")),
        }
        let application = root.section("application")?.ok_or_else(|| root.wrong("application", "is missing"))?;
        let manifest = Self {
            name: application.required("name")?,
            variables: read_variables(&root)?,
            triggers: read_triggers(&root)?,
            components: read_components(&root)?,
        };
        manifest.check(&root)?;
        Ok(manifest)
    }

    fn check(&self, root: &Section<'_>) -> Result<(), ManifestError> {
        for trigger in &self.triggers {
            if !self.components.contains_key(&trigger.component) {
                let problem = format!("there is no component {:?}", trigger.component);
                return Err(root.wrong("trigger.http.component", problem));
            }
        }
        for (id, component) in &self.components {
            let known = |key: &str, text: &str| {
                let key = format!("component.{id}.{key}");
                for name in variables::references(text).map_err(|problem| root.wrong(&key, problem))? {
                    if !self.variables.contains_key(name) {
                        return Err(root.wrong(&key, format!("unknown variable {name:?}")));
                    }
                }
                Ok(())
            };
            for (name, text) in &component.variables {
                known(&format!("variables.{name}"), text)?;
            }
            for host in &component.allowed_outbound_hosts {
                known("allowed_outbound_hosts", host)?;
                if !host.contains("{{") {
                    AllowList::parse([host])
                        .map_err(|problem| root.wrong(&format!("component.{id}.allowed_outbound_hosts"), problem))?;
                }
            }
        }
        Ok(())
    }
}

fn read_variables(root: &Section<'_>) -> Result<BTreeMap<String, Option<String>>, ManifestError> {
    let mut declared = BTreeMap::new();
    let Some(section) = root.section("variables")? else { return Ok(declared) };
    for name in section.table.keys() {
        variables::check_name(name).map_err(|problem| section.wrong(name, problem))?;
        let variable = section.section(name)?.ok_or_else(|| section.wrong(name, "must be a table"))?;
        let default = variable.string("default")?;
        let required = variable.boolean("required")?;
        variable.boolean("secret")?;
        if required == default.is_some() {
            return Err(section.wrong(name, "must be `required` or have a `default`, not both and not neither"));
        }
        declared.insert(name.clone(), default);
    }
    Ok(declared)
}

fn read_triggers(root: &Section<'_>) -> Result<Vec<HttpTrigger>, ManifestError> {
    let section = root.section("trigger")?.ok_or_else(|| root.wrong("trigger", "is missing"))?;
    if let Some(other) = section.table.keys().find(|kind| *kind != "http") {
        return Err(section.wrong(other, "only HTTP triggers are supported here"));
    }
    let Some(Value::Array(list)) = section.table.get("http") else {
        return Err(section.wrong("http", "must be a list of tables"));
    };
    let mut triggers = Vec::new();
    for entry in list {
        let table = entry.as_table().ok_or_else(|| section.wrong("http", "must be a list of tables"))?;
        let trigger = Section { path: root.path, key: "trigger.http".to_owned(), table };
        if table.contains_key("static_response") || table.contains_key("components") {
            return Err(trigger.wrong("static_response", "is not supported here; a trigger names one component"));
        }
        if let Some(executor) = trigger.section("executor")?
            && executor.required("type")? != "http"
        {
            return Err(executor.wrong("type", "only the executor \"http\" is supported here"));
        }
        triggers.push(HttpTrigger { route: read_route(&trigger)?, component: trigger.required("component")? });
    }
    Ok(triggers)
}

fn read_route(trigger: &Section<'_>) -> Result<Option<String>, ManifestError> {
    let route = match trigger.table.get("route") {
        Some(Value::String(route)) => route,
        Some(Value::Table(table)) if table.get("private") == Some(&Value::Boolean(true)) => return Ok(None),
        _ => return Err(trigger.wrong("route", "must be a string or { private = true }")),
    };
    let exact = route.strip_suffix("/...").unwrap_or(route);
    if exact.split('/').any(|segment| segment.starts_with(':') || segment.contains(['*', '[']) || segment == "...") {
        let problem = format!("{route:?}: only exact routes and a trailing /... are supported here");
        return Err(trigger.wrong("route", problem));
    }
    Ok(Some(route.clone()))
}

fn read_components(root: &Section<'_>) -> Result<BTreeMap<String, ComponentSpec>, ManifestError> {
    let folder = root.path.parent().unwrap_or(Path::new(""));
    let mut components = BTreeMap::new();
    let Some(section) = root.section("component")? else { return Ok(components) };
    for id in section.table.keys() {
        let component = section.section(id)?.ok_or_else(|| section.wrong(id, "must be a table"))?;
        for (key, problem) in NOT_OFFERED {
            let empty = match component.table.get(*key) {
                None => true,
                Some(Value::Array(list)) => list.is_empty(),
                Some(Value::Table(table)) => table.is_empty(),
                Some(_) => false,
            };
            if !empty {
                return Err(component.wrong(key, *problem));
            }
        }
        let source = match component.table.get("source") {
            Some(Value::String(source)) => folder.join(source),
            Some(Value::Table(_)) => {
                return Err(component.wrong("source", "only local files are supported here"));
            }
            _ => return Err(component.wrong("source", "must be the path of a .wasm file")),
        };
        let variables = component.strings("variables")?;
        for name in variables.keys() {
            variables::check_name(name).map_err(|problem| component.wrong("variables", problem))?;
        }
        let spec = ComponentSpec {
            source,
            allowed_outbound_hosts: component.list("allowed_outbound_hosts")?,
            variables,
            environment: component.strings("environment")?,
            files: read_files(&component, folder)?,
        };
        components.insert(id.clone(), spec);
    }
    Ok(components)
}

fn read_files(component: &Section<'_>, folder: &Path) -> Result<Vec<Mount>, ManifestError> {
    let Some(value) = component.table.get("files") else { return Ok(Vec::new()) };
    let problem =
        "must be a list of { source = \"directory\", destination = \"/path\" }; patterns are not supported here";
    let list = value.as_array().ok_or_else(|| component.wrong("files", problem))?;
    list.iter()
        .map(|entry| {
            let table = entry.as_table().ok_or_else(|| component.wrong("files", problem))?;
            let mount = Section { path: component.path, key: component.name("files"), table };
            Ok(Mount { source: folder.join(mount.required("source")?), destination: mount.required("destination")? })
        })
        .collect()
}

/// A table of the file together with its name, so that every error can say where it is.
struct Section<'a> {
    path: &'a Path,
    key: String,
    table: &'a Table,
}

impl<'a> Section<'a> {
    fn name(&self, key: &str) -> String {
        if self.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.key) }
    }

    fn wrong(&self, key: &str, problem: impl Into<String>) -> ManifestError {
        ManifestError { path: self.path.to_owned(), key: self.name(key), problem: problem.into() }
    }

    fn section(&self, key: &str) -> Result<Option<Section<'a>>, ManifestError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(Section { path: self.path, key: self.name(key), table })),
            Some(_) => Err(self.wrong(key, "must be a table")),
        }
    }

    fn string(&self, key: &str) -> Result<Option<String>, ManifestError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(key, "must be a string")),
        }
    }

    fn required(&self, key: &str) -> Result<String, ManifestError> {
        self.string(key)?.ok_or_else(|| self.wrong(key, "is missing"))
    }

    fn boolean(&self, key: &str) -> Result<bool, ManifestError> {
        match self.table.get(key) {
            None => Ok(false),
            Some(Value::Boolean(value)) => Ok(*value),
            Some(_) => Err(self.wrong(key, "must be true or false")),
        }
    }

    fn list(&self, key: &str) -> Result<Vec<String>, ManifestError> {
        let wrong = || self.wrong(key, "must be a list of strings");
        let Some(value) = self.table.get(key) else { return Ok(Vec::new()) };
        let list = value.as_array().ok_or_else(wrong)?;
        list.iter().map(|entry| entry.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
    }

    fn strings(&self, key: &str) -> Result<BTreeMap<String, String>, ManifestError> {
        let Some(section) = self.section(key)? else { return Ok(BTreeMap::new()) };
        section.table.keys().map(|name| Ok((name.clone(), section.required(name)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "shop"
        version = "1.0.0"
        authors = ["someone"]
        [variables]
        redis_url = { required = true, secret = true, description = "where state is" }
        level = { default = "info" }
        [[trigger.http]]
        route = "/api/..."
        component = "api"
        executor = { type = "http" }
        [[trigger.http]]
        route = { private = true }
        component = "api"
        [component.api]
        source = "target/api.wasm"
        description = "ignored"
        key_value_stores = []
        allowed_outbound_hosts = ["{{ redis_url }}", "https://*:*"]
        files = [{ source = "assets", destination = "/" }]
        [component.api.environment]
        MODE = "test"
        [component.api.variables]
        redis_url = "{{ redis_url }}/1"
        [component.api.build]
        command = "cargo build"
    "#;

    fn parse(text: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(text, Path::new("/app/spin.toml"))
    }

    #[test]
    fn a_manifest_is_read() {
        let manifest = parse(GOOD).unwrap();
        assert_eq!(manifest.name, "shop");
        assert_eq!(manifest.variables["redis_url"], None);
        assert_eq!(manifest.variables["level"].as_deref(), Some("info"));
        let routes: Vec<_> = manifest.triggers.iter().map(|trigger| trigger.route.as_deref()).collect();
        assert_eq!(routes, [Some("/api/..."), None]);
        let api = &manifest.components["api"];
        assert_eq!(api.source, Path::new("/app/target/api.wasm"));
        assert_eq!(api.environment["MODE"], "test");
        assert_eq!(api.variables["redis_url"], "{{ redis_url }}/1");
        assert_eq!(api.allowed_outbound_hosts, ["{{ redis_url }}", "https://*:*"]);
        assert_eq!(api.files[0].source, Path::new("/app/assets"));
    }

    #[test]
    fn errors_name_file_key_and_problem() {
        for (from, to, key, problem) in [
            ("spin_manifest_version = 2", "spin_manifest_version = 1", "spin_manifest_version", "must be 2"),
            ("name = \"shop\"", "", "application.name", "is missing"),
            ("[[trigger.http]]", "[[trigger.redis]]", "trigger.redis", "only HTTP triggers"),
            ("component = \"api\"", "component = \"no\"", "trigger.http.component", "no component \"no\""),
            ("\"/api/...\"", "\"/api/:id\"", "trigger.http.route", "only exact routes"),
            ("\"/api/...\"", "\"/.../x\"", "trigger.http.route", "only exact routes"),
            ("{ default = \"info\" }", "{}", "variables.level", "must be `required` or have"),
            ("{ default = \"info\" }", "{ default = \"x\", required = true }", "variables.level", "not both"),
            ("level =", "Level =", "variables.Level", "invalid character 'L'"),
            (
                "key_value_stores = []",
                "key_value_stores = [\"default\"]",
                "component.api.key_value_stores",
                "keep state",
            ),
            ("\"target/api.wasm\"", "{ url = \"http://x\" }", "component.api.source", "only local files"),
            ("\"https://*:*\"", "\"example.com\"", "component.api.allowed_outbound_hosts", "scheme"),
            ("{{ redis_url }}/1", "{{ nope }}", "component.api.variables.redis_url", "unknown variable \"nope\""),
            ("MODE = \"test\"", "MODE = 1", "component.api.environment.MODE", "must be a string"),
            ("type = \"http\"", "type = \"wagi\"", "trigger.http.executor.type", "only the executor"),
            ("[{ source = \"assets\", destination = \"/\" }]", "[\"*.html\"]", "component.api.files", "patterns"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let error = parse(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.path, Path::new("/app/spin.toml"));
            assert_eq!(error.key, key, "{error}");
            assert!(error.problem.contains(problem), "{error}");
        }
        assert_eq!(parse("a = ").unwrap_err().key, "(syntax)");
    }
}
