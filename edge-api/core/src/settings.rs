//! The settings of the edge. Owns their names, defaults and checks; refuses to know where the texts come from.

use contract::outbound::AllowedPrivate;
use contract::recipient::DEFAULT_COUNTRY_CODE;
use contract::session::Network;

/// Every setting, by the name of its Spin variable.
pub const NAMES: [&str; 13] = [
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
    "internal_token",
    "allow_private_urls",
    "log_requests",
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
    /// What hosts show when they invoke a function; `None` refuses every invocation.
    pub internal_token: Option<String>,
    /// Where clients may send us although it is not public.
    pub allow_private: AllowedPrivate,
    /// Whether every answered request is logged.
    pub log_requests: bool,
}

/// A setting with a value it cannot have. Its text has the name as environment variables are written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", name.to_ascii_uppercase())]
pub struct InvalidSetting {
    /// Its name.
    pub name: &'static str,
    /// What it must be and, when it is no secret, what it is.
    pub problem: String,
}

fn invalid(name: &'static str, allowed: &str, value: &str) -> InvalidSetting {
    InvalidSetting { name, problem: format!("must be {allowed}, not {value:?}") }
}

impl Settings {
    /// Reads them from texts; absent and empty texts take the default.
    pub fn read(get: impl Fn(&'static str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let text = |name| get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let flag = |name| match text(name).map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("false" | "0" | "off" | "no") => Ok(false),
            Some("true" | "1" | "on" | "yes") => Ok(true),
            Some(other) => Err(invalid(name, "true or false (or on, off, yes, no, 1, 0)", other)),
        };
        let network = text("default_network").unwrap_or_else(|| Network::Live.as_str().to_owned());
        let country = text("default_country_code").unwrap_or_else(|| DEFAULT_COUNTRY_CODE.to_owned());
        if country.len() > MAX_COUNTRY_CODE || !country.bytes().all(|b| b.is_ascii_digit()) || country.starts_with('0')
        {
            return Err(invalid("default_country_code", "one to three digits that do not begin with 0", &country));
        }
        let api_key = text("api_key").filter(|key| key != EXAMPLE_API_KEY);
        if api_key.as_ref().is_some_and(|key| key.chars().any(char::is_control)) {
            let problem = "may not have control characters, which no header can carry".to_owned();
            return Err(InvalidSetting { name: "api_key", problem });
        }
        Ok(Self {
            redis_url: with_credentials(text("redis_url"), text("redis_credentials"))?,
            api_key,
            cors_origin: text("cors_origin").unwrap_or_else(|| "*".to_owned()),
            legacy_status: flag("legacy_status")?,
            default_network: Network::parse(&network.to_ascii_lowercase())
                .ok_or_else(|| invalid("default_network", "live or sandbox", &network))?,
            sandbox_enabled: flag("sandbox_enabled")?,
            default_country_code: country,
            dashboard_username: text("dashboard_username").unwrap_or_else(|| "admin".to_owned()),
            dashboard_password: text("dashboard_password"),
            internal_token: text("internal_token"),
            allow_private: AllowedPrivate::parse(&text("allow_private_urls").unwrap_or_default())
                .map_err(|problem| InvalidSetting { name: "allow_private_urls", problem })?,
            log_requests: flag("log_requests")?,
        })
    }
}

fn with_credentials(url: Option<String>, credentials: Option<String>) -> Result<String, InvalidSetting> {
    // The value may hold a password.
    let wrong = InvalidSetting { name: "redis_url", problem: "must look like redis://host:port".to_owned() };
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
    fn credentials_go_into_the_address() {
        for (credentials, url) in [("", "redis://h:1"), (":pw", "redis://:pw@h:1"), ("user:pw", "redis://user:pw@h:1")]
        {
            let settings = read(&[("redis_url", "redis://h:1"), ("redis_credentials", credentials)]).unwrap();
            assert_eq!(settings.redis_url, url);
        }
    }

    #[test]
    fn values_as_people_write_them() {
        for (text, flag) in [("TRUE", true), ("yes", true), (" 1 ", true), ("On", true), ("No", false), ("OFF", false)]
        {
            let settings = read(&[("redis_url", "redis://h"), ("legacy_status", text)]).unwrap();
            assert_eq!(settings.legacy_status, flag, "{text}");
        }
        let values = [("redis_url", "redis://h"), ("api_key", " k \n"), ("default_network", "Sandbox")];
        let settings = read(&values).unwrap();
        assert_eq!((settings.api_key.as_deref(), settings.default_network), (Some("k"), Network::Sandbox));
        assert_eq!(read(&[("redis_url", "redis://h"), ("api_key", " \t")]).unwrap().api_key, None);
    }

    #[test]
    fn a_problem_names_variable_value_and_what_is_allowed() {
        let error = read(&[("redis_url", "redis://h"), ("legacy_status", "maybe")]).unwrap_err().to_string();
        assert_eq!(error, "LEGACY_STATUS: must be true or false (or on, off, yes, no, 1, 0), not \"maybe\"");
        let error = read(&[("redis_url", "redis://h"), ("api_key", "se\ncret")]).unwrap_err().to_string();
        assert!(error.starts_with("API_KEY: ") && !error.contains("cret"), "{error}");
    }

    #[test]
    fn impossible_values_are_named() {
        for (name, value) in [
            ("redis_url", ""),
            ("redis_url", "localhost"),
            ("legacy_status", "maybe"),
            ("api_key", "a\nb"),
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
