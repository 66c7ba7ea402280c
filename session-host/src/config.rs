//! The host's settings: environment variables, read once, checked, with a sentence for each that cannot be used. Nothing else in
//! the host reads the environment.

use std::ffi::OsString;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::fence::Durability;
use crate::http::api_key::ApiKey;
use crate::media::{MediaConfig, S3Config};
use crate::outbound::AllowedPrivate;
use crate::pump::EdgeConfig;
use crate::realtime::{CorsOrigin, SocketAuth};
use crate::whatsapp::sandbox::Sandbox;

/// Sessions a host takes when nothing is said: what one core carries with room to spare.
const DEFAULT_MAX_SESSIONS: usize = 500;

/// How long Redis may take to say that a write is on disk.
const DURABLE_WITHIN: Duration = Duration::from_secs(2);

/// What the original's documentation uses as a placeholder; it counts as no key.
const PLACEHOLDER_KEY: &str = "your_api_key_here";

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct InvalidSetting {
    /// The environment variable.
    pub name: &'static str,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

/// The host's settings.
#[derive(Clone)]
pub struct Config {
    /// `REDIS_URL`.
    pub redis_url: String,
    /// `HOST_ID`: stable over restarts, unique among hosts.
    pub host_id: String,
    /// `MAX_SESSIONS`.
    pub max_sessions: usize,
    /// `API_KEY`.
    pub api_key: Option<ApiKey>,
    /// `SOCKET_AUTH`: `on` or `off`.
    pub socket_auth: SocketAuth,
    /// `CORS_ORIGIN`.
    pub cors_origin: CorsOrigin,
    /// `SANDBOX_URL` and `SANDBOX_KEY`.
    pub sandbox: Option<Sandbox>,
    /// `REDIS_WAITAOF`: number of replicas that must confirm writes of ratchet state, beside the server's own disk.
    pub durability: Durability,
    /// `S3_*`.
    pub s3: Option<S3Config>,
    /// `MEDIA_*`, `PUBLIC_URL`.
    pub media: MediaConfig,
    /// `ALLOW_PRIVATE_URLS`: hosts and networks that clients may name although they are not public.
    pub allow_private: AllowedPrivate,
    /// `EDGE_URL` and `INTERNAL_TOKEN`: where functions of the edge are invoked, and with what.
    pub edge: Option<EdgeConfig>,
    /// `FFMPEG`: the program that converts sounds, or `off`.
    pub ffmpeg: Option<OsString>,
}

impl Config {
    /// Reads the settings through `get`, which gives an environment variable's value.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let get = |name: &str| get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let api_key = api_key(get("API_KEY"))?;
        let asks = switch("SOCKET_AUTH", get("SOCKET_AUTH").as_deref())?.unwrap_or(true);
        let socket_auth = match &api_key {
            Some(key) if asks => SocketAuth::ApiKey(key.clone()),
            _ => SocketAuth::Off,
        };
        let sandbox = match (get("SANDBOX_URL"), get("SANDBOX_KEY")) {
            (Some(url), Some(key)) => {
                Some(Sandbox::new(&url, &key).map_err(|error| invalid("SANDBOX_URL, SANDBOX_KEY", error))?)
            }
            (None, None) => None,
            _ => {
                return Err(invalid(
                    "SANDBOX_URL",
                    "needs SANDBOX_KEY, the simulator's public key, and the other way round",
                ));
            }
        };
        let cors_origin = get("CORS_ORIGIN").unwrap_or_else(|| "*".to_owned());
        Ok(Self {
            redis_url: redis_url(get("REDIS_URL"))?,
            host_id: host_id(get("HOST_ID").or_else(|| get("HOSTNAME")))?,
            max_sessions: number("MAX_SESSIONS", get("MAX_SESSIONS"))?.map_or(DEFAULT_MAX_SESSIONS, NonZeroUsize::get),
            socket_auth,
            api_key,
            cors_origin: CorsOrigin::parse(&cors_origin).map_err(|error| invalid("CORS_ORIGIN", error))?,
            sandbox,
            durability: match number("REDIS_WAITAOF", get("REDIS_WAITAOF"))? {
                Some(replicas) => Durability::Aof { replicas, timeout: DURABLE_WITHIN },
                None => Durability::Memory,
            },
            s3: S3Config::from_env(&get)?,
            media: MediaConfig::from_env(&get)?,
            allow_private: AllowedPrivate::parse(&get("ALLOW_PRIVATE_URLS").unwrap_or_default())
                .map_err(|problem| invalid("ALLOW_PRIVATE_URLS", problem))?,
            edge: match (get("EDGE_URL"), get("INTERNAL_TOKEN")) {
                (Some(url), Some(token)) => {
                    Some(EdgeConfig::new(&url, &token).map_err(|problem| invalid("EDGE_URL", problem))?)
                }
                (None, _) => None,
                (Some(_), None) => {
                    return Err(invalid("EDGE_URL", "needs INTERNAL_TOKEN, the internal_token of the edge"));
                }
            },
            ffmpeg: Some(get("FFMPEG").unwrap_or_else(|| "ffmpeg".to_owned()))
                .filter(|name| name != "off")
                .map(Into::into),
        })
    }
}

/// Takes `name` as a host id: it becomes part of Redis keys.
fn host_id(name: Option<String>) -> Result<String, InvalidSetting> {
    let name = name.unwrap_or_else(|| "host".to_owned());
    if name.len() <= 128 && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        Ok(name)
    } else {
        Err(invalid("HOST_ID", "may have letters, digits, dash, underscore and dot, at most 128"))
    }
}

/// Takes a key that a header can carry.
fn api_key(key: Option<String>) -> Result<Option<ApiKey>, InvalidSetting> {
    let Some(key) = key.filter(|key| key != PLACEHOLDER_KEY) else { return Ok(None) };
    if key.chars().any(char::is_control) {
        return Err(invalid("API_KEY", "may not have control characters, which no header can carry"));
    }
    Ok(Some(ApiKey::new(&key)))
}

/// The address of Redis. An unusable one is not shown, because it may hold a password.
fn redis_url(url: Option<String>) -> Result<String, InvalidSetting> {
    let url = url.unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    match redis::Client::open(url.as_str()) {
        Ok(_) => Ok(url),
        Err(_) => Err(invalid("REDIS_URL", "must look like redis://host:port or redis://user:password@host:port")),
    }
}

/// A setting that is on or off, in any of the words people use.
pub fn switch(name: &'static str, value: Option<&str>) -> Result<Option<bool>, InvalidSetting> {
    let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else { return Ok(None) };
    match value.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(Some(true)),
        "off" | "false" | "no" | "0" => Ok(Some(false)),
        _ => Err(invalid(name, format!("must be on or off (or true, false, yes, no, 1, 0), not {value:?}"))),
    }
}

/// A number of a type that knows its own limits.
fn number<T: Number>(name: &'static str, value: Option<String>) -> Result<Option<T>, InvalidSetting> {
    let wrong = |value: &str| invalid(name, format!("must be {}, not {value:?}", T::ALLOWED));
    value.map(|value| value.parse().map_err(|_| wrong(&value))).transpose()
}

trait Number: std::str::FromStr {
    /// What may be written.
    const ALLOWED: &'static str;
}

impl Number for NonZeroUsize {
    const ALLOWED: &'static str = "at least 1, a whole number";
}

impl Number for u32 {
    const ALLOWED: &'static str = "a whole number from 0";
}

pub(crate) fn invalid(name: &'static str, problem: impl fmt::Display) -> InvalidSetting {
    InvalidSetting { name, problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[(&str, &str)]) -> Result<Config, InvalidSetting> {
        Config::from_env(|name| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn nothing_is_needed() {
        let config = config(&[]).unwrap();
        assert_eq!((config.redis_url.as_str(), config.host_id.as_str()), ("redis://127.0.0.1:6379", "host"));
        assert!(config.sandbox.is_none() && config.s3.is_none() && config.api_key.is_none());
    }

    #[test]
    fn a_key_closes_the_sockets_too() {
        assert!(matches!(config(&[("API_KEY", "k")]).unwrap().socket_auth, SocketAuth::ApiKey(_)));
        assert!(matches!(config(&[("API_KEY", "k"), ("SOCKET_AUTH", "off")]).unwrap().socket_auth, SocketAuth::Off));
        assert!(matches!(config(&[("API_KEY", PLACEHOLDER_KEY)]).unwrap().socket_auth, SocketAuth::Off));
    }

    #[test]
    fn values_as_people_write_them() {
        for off in ["OFF", "false", "No", " 0 "] {
            assert!(matches!(config(&[("API_KEY", "k"), ("SOCKET_AUTH", off)]).unwrap().socket_auth, SocketAuth::Off));
        }
        let key = config(&[("API_KEY", " k\n")]).unwrap().api_key.unwrap();
        assert_eq!(key.check(Some("k")), Ok(()));
        assert!(config(&[("API_KEY", " \n")]).unwrap().api_key.is_none());
        let error = config(&[("MAX_SESSIONS", "0")]).err().unwrap().to_string();
        assert_eq!(error, "MAX_SESSIONS: must be at least 1, a whole number, not \"0\"");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (name, settings) in [
            ("SOCKET_AUTH", &[("API_KEY", "k"), ("SOCKET_AUTH", "perhaps")][..]),
            ("SOCKET_AUTH", &[("SOCKET_AUTH", "perhaps")]),
            ("API_KEY", &[("API_KEY", "a\tb")]),
            ("REDIS_URL", &[("REDIS_URL", "localhost:6379")]),
            ("MAX_SESSIONS", &[("MAX_SESSIONS", "0")]),
            ("REDIS_WAITAOF", &[("REDIS_WAITAOF", "-1")]),
            ("MAX_SESSIONS", &[("MAX_SESSIONS", "many")]),
            ("HOST_ID", &[("HOST_ID", "a{b}")]),
            ("SANDBOX_URL", &[("SANDBOX_URL", "ws://127.0.0.1:1/ws/chat")]),
            ("S3_ENDPOINT", &[("S3_ENDPOINT", "http://127.0.0.1:1")]),
            ("EDGE_URL", &[("EDGE_URL", "http://127.0.0.1:3000")]),
            ("EDGE_URL", &[("EDGE_URL", "edge:3000"), ("INTERNAL_TOKEN", "t")]),
            ("ALLOW_PRIVATE_URLS", &[("ALLOW_PRIVATE_URLS", "10.0.0.0/99")]),
            ("MEDIA_MAX_BYTES", &[("MEDIA_MAX_BYTES", "3GB")]),
            ("MEDIA_AUTH", &[("MEDIA_AUTH", "perhaps")]),
            ("MEDIA_SECRET", &[("MEDIA_SECRET", "short")]),
            ("PUBLIC_URL", &[("PUBLIC_URL", "wa.example.com")]),
        ] {
            let error = config(settings).err().unwrap();
            assert_eq!(error.name, name, "{error}");
        }
    }
}
