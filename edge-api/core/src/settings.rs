//! The settings of the edge. Owns their names, defaults and checks; refuses to know where the texts come from.

use contract::recipient::DEFAULT_COUNTRY_CODE;
use contract::session::Network;

/// Every setting, by the name of its Spin variable.
pub const NAMES: [&str; 10] = [
    "redis_url",
    "redis_credentials",
    "api_key",
    "cors_origin",
    "legacy_status",
    "default_network",
    "sandbox_enabled",
    "default_country_code",
    "dashboard_username",
    "dashboard_password",
];

/// The value of `API_KEY` in the example configuration: nobody chose it, so it counts as unset.
const EXAMPLE_API_KEY: &str = "your_api_key_here";

/// Longest country code.
const MAX_COUNTRY_CODE: usize = 3;

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where Redis is, with the credentials. They are a setting of their own, because Spin grants outbound hosts by the
    /// address and takes none with credentials in it.
    pub redis_url: String,
    /// The key clients must send; `None` leaves the API open.
    pub api_key: Option<String>,
    /// Origins whose pages may read answers: `*`, or a list with commas.
    pub cors_origin: String,
    /// Answers engine failures as the original does: 200 with `success: false`.
    pub legacy_status: bool,
    /// Network of a new session when the client does not say.
    pub default_network: Network,
    /// Whether there is a simulated network.
    pub sandbox_enabled: bool,
    /// What a leading zero of a phone number stands for.
    pub default_country_code: String,
    /// Name for the dashboard.
    pub dashboard_username: String,
    /// Password for the dashboard; `None` refuses every login.
    pub dashboard_password: Option<String>,
}

/// A setting with a value it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", name.to_uppercase())]
pub struct InvalidSetting {
    /// Its name.
    pub name: &'static str,
    /// What it must be.
    pub problem: &'static str,
}

impl Settings {
    /// Reads them from texts; absent and empty texts take the default.
    pub fn read(get: impl Fn(&'static str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let text = |name| get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let flag = |name| match text(name).map(|text| text.trim().to_lowercase()).as_deref() {
            None | Some("false" | "0" | "off" | "no") => Ok(false),
            Some("true" | "1" | "on" | "yes") => Ok(true),
            Some(_) => Err(InvalidSetting { name, problem: "must be true or false" }),
        };
        let network = text("default_network").unwrap_or_else(|| Network::Live.as_str().to_owned());
        let country = text("default_country_code").unwrap_or_else(|| DEFAULT_COUNTRY_CODE.to_owned());
        if country.len() > MAX_COUNTRY_CODE || !country.bytes().all(|b| b.is_ascii_digit()) || country.starts_with('0')
        {
            return Err(InvalidSetting { name: "default_country_code", problem: "must be one to three digits" });
        }
        Ok(Self {
            redis_url: with_credentials(text("redis_url"), text("redis_credentials"))?,
            api_key: api_key(text("api_key"))?,
            cors_origin: text("cors_origin").unwrap_or_else(|| "*".to_owned()),
            legacy_status: flag("legacy_status")?,
            default_network: Network::parse(&network)
                .ok_or(InvalidSetting { name: "default_network", problem: "must be live or sandbox" })?,
            sandbox_enabled: flag("sandbox_enabled")?,
            default_country_code: country,
            dashboard_username: text("dashboard_username").unwrap_or_else(|| "admin".to_owned()),
            dashboard_password: text("dashboard_password"),
        })
    }
}

/// A key that a header can carry.
fn api_key(key: Option<String>) -> Result<Option<String>, InvalidSetting> {
    match key.filter(|key| key != EXAMPLE_API_KEY) {
        Some(key) if key.chars().any(char::is_control) => {
            Err(InvalidSetting { name: "api_key", problem: "may not have control characters" })
        }
        key => Ok(key),
    }
}

fn with_credentials(url: Option<String>, credentials: Option<String>) -> Result<String, InvalidSetting> {
    let wrong = InvalidSetting { name: "redis_url", problem: "must be redis://host:port" };
    let url = url.ok_or(wrong.clone())?;
    let (scheme, rest) = url.split_once("://").ok_or(wrong)?;
    Ok(match credentials {
        Some(credentials) => format!("{scheme}://{credentials}@{rest}"),
        None => url,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> Result<Settings, InvalidSetting> {
        Settings::read(|name| {
            assert!(NAMES.contains(&name), "{name} is not listed");
            values.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults() {
        let settings =
            read(&[("redis_url", "redis://h"), ("api_key", EXAMPLE_API_KEY), ("dashboard_password", "")]).unwrap();
        assert_eq!(settings.api_key, None);
        assert_eq!(settings.dashboard_password, None);
        assert_eq!(settings.dashboard_username, "admin");
        assert_eq!((settings.default_network, settings.sandbox_enabled), (Network::Live, false));
        assert_eq!((settings.cors_origin.as_str(), settings.default_country_code.as_str()), ("*", "62"));
    }

    #[test]
    fn people_write_flags_and_keys_as_they_like() {
        for yes in ["true", "TRUE", " 1 ", "on", "Yes"] {
            let settings = read(&[("redis_url", "redis://h"), ("legacy_status", yes), ("api_key", " k ")]).unwrap();
            assert!(settings.legacy_status, "{yes}");
            assert_eq!(settings.api_key.as_deref(), Some("k"));
        }
    }

    #[test]
    fn credentials_go_into_the_address() {
        for (credentials, url) in [("", "redis://h:1"), (":pw", "redis://:pw@h:1"), ("user:pw", "redis://user:pw@h:1")]
        {
            let settings = read(&[("redis_url", "redis://h:1"), ("redis_credentials", credentials)]).unwrap();
            assert_eq!(settings.redis_url, url);
        }
    }

    #[test]
    fn impossible_values_are_named() {
        for (name, value) in [
            ("redis_url", ""),
            ("redis_url", "localhost"),
            ("api_key", "a\nb"),
            ("legacy_status", "maybe"),
            ("sandbox_enabled", "x"),
            ("default_network", "moon"),
            ("default_country_code", "0x"),
            ("default_country_code", "1234"),
        ] {
            let values =
                [(name, value), if name == "redis_url" { ("api_key", "k") } else { ("redis_url", "redis://h") }];
            assert_eq!(read(&values).unwrap_err().name, name);
        }
    }
}
