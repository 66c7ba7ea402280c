//! Settings of the one process: the environment, with `.env` beneath it, turned into what each part is started with. The only
//! place of this crate that reads the environment.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use session_host::config::{self, Config};
use session_host::outbound::AllowedPrivate;

use crate::object_store::ObjectStore;
use crate::options::Options;
use crate::sandbox::Sandbox;
use crate::secrets::DataDir;

/// The original's port.
const DEFAULT_PORT: u16 = 3000;

/// Where the simulated network listens.
const DEFAULT_SANDBOX_PORT: u16 = 3002;

/// The placeholder of the example configuration: nobody chose it.
const PLACEHOLDER_KEY: &str = "your_api_key_here";

/// The settings.
pub(crate) struct Settings {
    values: BTreeMap<String, String>,
    /// Where clients reach us.
    pub(crate) listen: SocketAddr,
    /// Where data is kept.
    pub(crate) data_dir: PathBuf,
    /// The edge application.
    pub(crate) manifest: PathBuf,
    /// A Redis that runs already.
    pub(crate) redis_url: Option<String>,
    /// Where the simulated network listens; `None` when it is switched off or runs elsewhere.
    pub(crate) sandbox_listen: Option<SocketAddr>,
}

impl Settings {
    pub(crate) fn load(options: &Options) -> anyhow::Result<Self> {
        let file = match std::fs::read_to_string(".env") {
            Ok(text) => parse_env_file(&text)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).context(".env cannot be read"),
        };
        let mut values = file;
        values.extend(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))));
        Self::from_values(options, values)
    }

    fn from_values(options: &Options, mut values: BTreeMap<String, String>) -> anyhow::Result<Self> {
        for value in values.values_mut() {
            *value = value.trim().to_owned();
        }
        values.retain(|name, value| !value.is_empty() && (name != "API_KEY" || value != PLACEHOLDER_KEY));
        if options.live {
            values.insert("DEFAULT_NETWORK".to_owned(), "live".to_owned());
        }
        // The host's own settings, before anything is started; what it is given by us is not there yet.
        Config::from_env(|name| values.get(name).cloned())?;
        let port = match options.port {
            Some(port) => port,
            None => number(&values, "PORT")?.unwrap_or(DEFAULT_PORT),
        };
        let has_key = values.contains_key("API_KEY");
        let address = match values.get("BIND_ADDRESS") {
            Some(text) => text
                .parse()
                .with_context(|| format!("BIND_ADDRESS: must be an IP address, such as 127.0.0.1, not {text:?}"))?,
            None if has_key => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            None => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        ensure!(
            has_key || address.is_loopback(),
            "BIND_ADDRESS: {address} is open to others, and API_KEY is not set: set a key, or leave BIND_ADDRESS away"
        );
        let elsewhere = values.contains_key("SANDBOX_URL");
        let on = config::switch("SANDBOX", values.get("SANDBOX").map(String::as_str))?.unwrap_or(true);
        let sandbox_port = number(&values, "SANDBOX_PORT")?.unwrap_or(DEFAULT_SANDBOX_PORT);
        ensure!(
            elsewhere || on || !values.get("DEFAULT_NETWORK").is_some_and(|name| name.eq_ignore_ascii_case("sandbox")),
            "DEFAULT_NETWORK: sandbox, but SANDBOX is off and SANDBOX_URL is not set, so there is none"
        );
        let named = |flag: &Option<PathBuf>, variable: &str, default: &str| {
            flag.clone().unwrap_or_else(|| values.get(variable).map_or_else(|| default.into(), PathBuf::from))
        };
        Ok(Self {
            listen: SocketAddr::new(address, port),
            data_dir: named(&options.data, "DATA_DIR", "data"),
            manifest: named(&options.manifest, "SPIN_MANIFEST", "spin.toml"),
            redis_url: values.get("REDIS_URL").cloned(),
            sandbox_listen: (!elsewhere && on).then(|| SocketAddr::from((Ipv4Addr::LOCALHOST, sandbox_port))),
            values,
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The environment of the session-host.
    pub(crate) fn host_environment(
        &self,
        redis_url: &str,
        objects: &ObjectStore,
        sandbox: Option<&Sandbox>,
        data: &DataDir,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        let mut environment = self.values.clone();
        environment.insert("REDIS_URL".to_owned(), redis_url.to_owned());
        // One process owns its data directory, so the directory's own name is the host's.
        environment.entry("HOST_ID".to_owned()).or_insert(data.host_id()?);
        if !environment.contains_key("S3_ENDPOINT") {
            environment.extend(objects.environment());
        }
        environment.insert("ALLOW_PRIVATE_URLS".to_owned(), self.allowed_private().to_owned());
        if let Some(sandbox) = sandbox {
            environment.insert("SANDBOX_URL".to_owned(), sandbox.url());
            environment.insert("SANDBOX_KEY".to_owned(), sandbox.key());
        }
        Ok(environment)
    }

    /// Private addresses that clients may name. Whoever can ask a sandbox of this machine is on it, and may try files and
    /// receivers that are there.
    pub(crate) fn allowed_private(&self) -> &str {
        let of_machine = self.has_sandbox() && self.listen.ip().is_loopback();
        self.get("ALLOW_PRIVATE_URLS").unwrap_or(if of_machine { AllowedPrivate::LOOPBACK } else { "" })
    }

    /// The environment of a host that is a process of its own.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }

    /// Whether sessions may use a simulated network.
    pub(crate) fn has_sandbox(&self) -> bool {
        self.sandbox_listen.is_some() || self.values.contains_key("SANDBOX_URL")
    }

    /// The network of a session that does not say.
    pub(crate) fn default_network(&self) -> &str {
        self.get("DEFAULT_NETWORK").unwrap_or(if self.has_sandbox() { "sandbox" } else { "live" })
    }
}

/// A port among the settings.
fn number(values: &BTreeMap<String, String>, name: &str) -> anyhow::Result<Option<u16>> {
    let read = |text: &String| {
        text.parse().with_context(|| format!("{name}: must be a port from 0 (any) to 65535, not {text:?}"))
    };
    values.get(name).map(read).transpose()
}

/// Reads `NAME=value` lines; comments, empty lines, `export ` and surrounding quotes are understood, nothing is expanded.
fn parse_env_file(text: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) =
            line.split_once('=').with_context(|| format!(".env line {}: expected NAME=value", number + 1))?;
        let value = value.trim();
        let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        let plain = value.split_once(" #").map_or(value, |(before, _)| before.trim_end());
        values.insert(name.trim().to_owned(), quoted.unwrap_or(plain).to_owned());
    }
    Ok(values)
}

/// Whether a path is there, with a sentence when it is not.
pub(crate) fn ensure_file(path: &Path, hint: &str) -> anyhow::Result<()> {
    ensure!(path.is_file(), "{} is not there: {hint}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(values: &[(&str, &str)], options: &Options) -> anyhow::Result<Settings> {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::from_values(options, values)
    }

    #[test]
    fn closed_without_a_key() {
        let none = Options::default();
        assert!(settings(&[], &none).unwrap().listen.ip().is_loopback());
        assert!(settings(&[("API_KEY", PLACEHOLDER_KEY)], &none).unwrap().listen.ip().is_loopback());
        assert!(settings(&[("BIND_ADDRESS", "0.0.0.0")], &none).is_err());
        assert!(settings(&[("API_KEY", "k")], &none).unwrap().listen.ip().is_unspecified());
    }

    #[test]
    fn the_sandbox_is_the_default_where_there_is_one() {
        let none = Options::default();
        assert_eq!(settings(&[], &none).unwrap().default_network(), "sandbox");
        assert_eq!(settings(&[("SANDBOX", "off")], &none).unwrap().default_network(), "live");
        let live = Options { live: true, ..Options::default() };
        let live = settings(&[], &live).unwrap();
        assert_eq!((live.default_network(), live.has_sandbox()), ("live", true));
    }

    #[test]
    fn what_cannot_be_used_is_named_with_what_can() {
        let none = Options::default();
        for (name, value, allowed) in [
            ("PORT", "http", "a port from 0 (any) to 65535, not \"http\""),
            ("SANDBOX_PORT", "70000", "a port from 0 (any) to 65535, not \"70000\""),
            ("BIND_ADDRESS", "localhost", "an IP address, such as 127.0.0.1, not \"localhost\""),
            ("SANDBOX", "perhaps", "on or off (or true, false, yes, no, 1, 0), not \"perhaps\""),
            ("MAX_SESSIONS", "0", "at least 1, a whole number, not \"0\""),
            ("SOCKET_AUTH", "perhaps", "on or off"),
            ("API_KEY", "a\u{1}b", "control characters"),
        ] {
            let error = settings(&[(name, value)], &none).err().unwrap().to_string();
            assert!(error.starts_with(&format!("{name}: m")) && error.contains(allowed), "{error}");
        }
        assert!(settings(&[("SANDBOX", "OFF"), ("DEFAULT_NETWORK", "sandbox")], &none).is_err());
        let blank = settings(&[("API_KEY", " \t"), ("SANDBOX", "Yes"), ("PORT", " 4000 ")], &none).unwrap();
        assert!(blank.get("API_KEY").is_none() && blank.has_sandbox() && blank.listen.port() == 4000);
        assert_eq!(settings(&[("API_KEY", " k ")], &none).unwrap().get("API_KEY"), Some("k"));
    }

    #[test]
    fn env_files() {
        let values = parse_env_file("# c\n\nexport PORT = 4000\nAPI_KEY=\"a b\"\nX='y'\nEMPTY=\n").unwrap();
        let expected = [("API_KEY", "a b"), ("EMPTY", ""), ("PORT", "4000"), ("X", "y")];
        assert_eq!(values, expected.map(|(n, v)| (n.to_owned(), v.to_owned())).into());
        assert!(parse_env_file("nonsense").is_err());
    }
}
