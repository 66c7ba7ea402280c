//! One webhook as a client writes it. What the original took is taken; what could never work is refused with a sentence.

use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue};
use contract::outbound::AllowedPrivate;
use contract::webhook::{Webhook, is_event_name};
use edge_core::ids;
use serde_json::Value;

use crate::answer::Failure;
use crate::fields::invalid;

/// Longest URL of a webhook, in bytes: what servers and proxies take.
const MAX_URL: usize = 2_048;

/// Most events a webhook names; there are seventeen kinds, and old names for some.
const MAX_EVENTS: usize = 64;

/// Stands for every event that is delivered without being named.
const ALL_EVENTS: &str = "all";

/// Most headers of the receiver's own.
const MAX_HEADERS: usize = 16;

/// Longest value of one.
const MAX_HEADER: usize = 1_024;

/// Lengths of a secret: long enough not to be guessed from a signature, short enough for a setting.
const SECRET: std::ops::RangeInclusive<usize> = 16..=256;

/// Headers that are ours, or those of the connection.
const OUR_HEADERS: [&str; 9] =
    ["connection", "content-length", "content-type", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"];
const OUR_PREFIXES: [&str; 4] = ["x-chatery-", "x-webhook-", "x-session-id", "proxy-"];

/// Reads a webhook.
pub(super) fn webhook(value: &Value, allowed: &AllowedPrivate) -> Result<Webhook, Failure> {
    let of = |problem: &str| invalid(format!("webhooks[].{problem}"));
    let url = value.get("url").and_then(Value::as_str).filter(|url| url.len() <= MAX_URL);
    let url = url.ok_or_else(|| of("url must be an http or https URL"))?;
    allowed.check(url).map_err(|refused| of(&format!("url {}", refused.sentence())))?;
    if url.parse::<axum::http::Uri>().is_err() {
        return Err(of("url must be an http or https URL"));
    }
    Ok(Webhook {
        id: ids::webhook(url),
        url: url.to_owned(),
        events: events(value.get("events")).map_err(|problem| of(&problem))?,
        paused: match value.get("paused") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(paused)) => Some(*paused),
            Some(_) => return Err(of("paused must be true or false")),
        },
        headers: match value.get("headers") {
            None => None,
            Some(Value::Null) => Some(BTreeMap::new()),
            Some(Value::Array(empty)) if empty.is_empty() => Some(BTreeMap::new()),
            Some(given) => Some(headers(given).ok_or_else(|| of(HEADERS_MUST))?),
        },
        secret: match value.get("secret") {
            None => None,
            Some(Value::Null) => Some(String::new()),
            Some(given) => Some(secret(given).map_err(|problem| of(&problem))?),
        },
        ..Webhook::default()
    })
}

const HEADERS_MUST: &str = "headers must be an object of at most 16 names and texts, without those that are set anyway";

fn events(given: Option<&Value>) -> Result<Option<Vec<String>>, String> {
    let wrong = || "events must be an array of event names".to_owned();
    let names: Vec<String> = match given {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(name)) if name.is_empty() => return Ok(None),
        Some(Value::String(name)) => vec![name.clone()],
        // The original stores an empty list and never fires; its documentation says that it means all.
        Some(Value::Array(names)) if names.is_empty() => vec![ALL_EVENTS.to_owned()],
        Some(Value::Array(names)) if names.len() <= MAX_EVENTS => {
            let names: Option<_> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
            names.ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    match names.iter().find(|name| !is_event_name(name)) {
        None => Ok(Some(names)),
        // The list of names is in the documentation; one name may be a kilobyte of nonsense.
        Some(unknown) => Err(format!("events: there is no event {:?}", unknown.chars().take(40).collect::<String>())),
    }
}

fn headers(given: &Value) -> Option<BTreeMap<String, String>> {
    let given = given.as_object().filter(|headers| headers.len() <= MAX_HEADERS)?;
    let header = |(name, value): (&String, &Value)| {
        let value = value.as_str().filter(|value| value.len() <= MAX_HEADER)?;
        let parsed = name.parse::<HeaderName>().ok()?;
        let ours = OUR_HEADERS.contains(&parsed.as_str())
            || OUR_PREFIXES.iter().any(|prefix| parsed.as_str().starts_with(prefix));
        HeaderValue::from_str(value).ok().filter(|_| !ours)?;
        Some((name.clone(), value.to_owned()))
    };
    given.iter().map(header).collect()
}

/// Reads a secret.
pub(super) fn secret(given: &Value) -> Result<String, String> {
    let fits = |secret: &&str| SECRET.contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic());
    let secret = given.as_str().filter(fits);
    secret.map(str::to_owned).ok_or_else(|| "secret must have 16 to 256 visible ASCII characters".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Webhook, String> {
        webhook(value, &AllowedPrivate::default()).map_err(|failure| failure.message.into_owned())
    }

    #[test]
    fn what_is_not_named_is_left_open() {
        let read = read(&json!({"url": "https://a.example/hook"})).unwrap();
        assert_eq!((read.secret, read.headers, read.paused, read.events), (None, None, None, None));
        assert_eq!(read.id, ids::webhook("https://a.example/hook"));
    }

    #[test]
    fn null_takes_away() {
        let read = read(&json!({"url": "https://a.example", "secret": null, "headers": null})).unwrap();
        assert_eq!((read.secret.as_deref(), read.headers.map(|headers| headers.len())), (Some(""), Some(0)));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let long = format!("https://a.example/{}", "x".repeat(MAX_URL));
        for (field, value, problem) in [
            ("url", json!(long), "url must be an http or https URL"),
            ("url", json!("https://a.example/a b"), "url must be an http or https URL"),
            ("url", json!("http://127.0.0.1/"), "url must not lead to a private address"),
            ("url", json!("http://redis.internal/"), "url must not lead to a private address"),
            ("url", json!("https://u:p@a.example/"), "url must not carry a user name or password"),
            ("events", json!(["mesage"]), "events: there is no event \"mesage\""),
            ("events", json!(7), "events must be an array of event names"),
            ("paused", json!("yes"), "paused must be true or false"),
            ("secret", json!("short"), "secret must have 16 to 256 visible ASCII characters"),
            ("headers", json!({"Host": "b.example"}), HEADERS_MUST),
            ("headers", json!({"X-Chatery-Signature": "x"}), HEADERS_MUST),
            ("headers", json!({"A": "b\r\nC: d"}), HEADERS_MUST),
            ("headers", json!({"A B": "b"}), HEADERS_MUST),
            ("headers", json!(["a"]), HEADERS_MUST),
        ] {
            let mut given = json!({"url": "https://a.example"});
            given[field] = value;
            assert_eq!(read(&given), Err(format!("webhooks[].{problem}")), "{given}");
        }
    }
}
