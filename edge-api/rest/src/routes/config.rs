//! `PATCH /sessions/:id/config`: metadata and webhooks. Owns their checks, for `connect` too.

use axum::extract::State;
use contract::error::ErrorCode;
use contract::session::{ConfigView, Webhook};
use edge_core::port::Port;
use edge_core::store::{Change, Configured};
use serde_json::{Map, Value};

use super::{SessionPath, sessions};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, invalid};

/// Most webhooks of a session: every event is delivered to each of them.
pub(super) const MAX_WEBHOOKS: usize = 20;

/// Longest URL of a webhook, in bytes: what servers and proxies take.
const MAX_URL: usize = 2_048;

/// Most events a webhook names; there are seventeen kinds, and old names for some.
const MAX_EVENTS: usize = 64;

/// Longest name of an event.
const MAX_EVENT_NAME: usize = 64;

/// Stands for every event that is delivered without being named.
const ALL_EVENTS: &str = "all";

pub(super) async fn configure<P: Port>(State(app): State<App<P>>, id: SessionPath, body: Given) -> Answer {
    let record = sessions::find(&app, id).await?.ok_or(ErrorCode::SessionNotFound)?;
    let change = change(&body.or_empty())?;
    let record = settled(app.store.configure(&record.id, &change).await?)?.ok_or(ErrorCode::SessionNotFound)?;
    let view = ConfigView { session_id: record.id, metadata: record.metadata, webhooks: record.webhooks };
    Ok(answer::ok("Session config updated", view))
}

/// What a change that was not written means to the client.
pub(super) fn settled<T>(outcome: Configured<T>) -> Result<T, Failure> {
    match outcome {
        Configured::Done(outcome) => Ok(outcome),
        Configured::TooLarge => Err(invalid("metadata of a session may have at most 64 kB".to_owned())),
        Configured::Contended => Err(ErrorCode::Overloaded.into()),
    }
}

/// What a body wants changed. Falsy values and PHP's `[]` for an empty object change nothing.
pub(super) fn change(fields: &Fields) -> Result<Change, Failure> {
    let metadata = match fields.get(&["metadata"]) {
        None => None,
        Some(Value::Object(object)) => Some(object.clone()),
        Some(Value::Array(empty)) if empty.is_empty() => Some(Map::new()),
        Some(_) => return Err(invalid("metadata must be an object".to_owned())),
    };
    let webhooks = match fields.get(&["webhooks"]) {
        None => None,
        Some(Value::Array(list)) if list.len() > MAX_WEBHOOKS => {
            return Err(invalid(format!("webhooks may have at most {MAX_WEBHOOKS} entries")));
        }
        Some(Value::Array(list)) => Some(list.iter().map(webhook).collect::<Result<_, _>>()?),
        Some(_) => return Err(invalid("webhooks must be an array".to_owned())),
    };
    Ok(Change { metadata, webhooks })
}

pub(super) fn webhook(value: &Value) -> Result<Webhook, Failure> {
    let url = value.get("url").and_then(Value::as_str).filter(|url| is_http_url(url));
    let Some(url) = url else {
        return Err(invalid("webhooks[].url must be an http or https URL".to_owned()));
    };
    let wrong = || invalid("webhooks[].events must be an array of event names".to_owned());
    let all = || Some(vec![ALL_EVENTS.to_owned()]);
    let events = match value.get("events") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if name.is_empty() => None,
        Some(Value::String(name)) => Some(vec![name.clone()]),
        // The original stores an empty list and never fires; its documentation says that it means all.
        Some(Value::Array(names)) if names.is_empty() => all(),
        Some(Value::Array(names)) => {
            let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
            Some(names.ok_or_else(wrong)?)
        }
        Some(_) => return Err(wrong()),
    };
    let fits = |names: &Vec<String>| {
        names.len() <= MAX_EVENTS && names.iter().all(|name| !name.is_empty() && name.len() <= MAX_EVENT_NAME)
    };
    if events.as_ref().is_none_or(fits) { Ok(Webhook { url: url.to_owned(), events }) } else { Err(wrong()) }
}

/// Whether it is worth registering. Where it may lead is checked when it is called, since names change their address.
fn is_http_url(text: &str) -> bool {
    let uri = text.parse::<axum::http::Uri>().ok().filter(|_| text.len() <= MAX_URL);
    uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<Change, String> {
        let Value::Object(object) = body else { return Err("no object".to_owned()) };
        change(&Fields::new(object)).map_err(|failure| failure.message.into_owned())
    }

    #[test]
    fn what_the_original_took_is_taken() {
        let url = "https://a.example/hook";
        for (webhooks, events) in [
            (json!([{"url": url}]), None),
            (json!([{"url": url, "events": null}]), None),
            (json!([{"url": url, "events": []}]), Some(vec!["all"])),
            (json!([{"url": url, "events": "message"}]), Some(vec!["message"])),
            (json!([{"url": url, "events": ["message", "message_ack"]}]), Some(vec!["message", "message_ack"])),
        ] {
            let change = read(json!({"webhooks": webhooks})).unwrap();
            let events = events.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(change.webhooks, Some(vec![Webhook { url: url.to_owned(), events }]));
        }
        for nothing in
            [json!({}), json!({"metadata": null, "webhooks": null}), json!({"metadata": "", "webhooks": false})]
        {
            assert_eq!(read(nothing), Ok(Change::default()));
        }
        assert_eq!(read(json!({"metadata": [], "webhooks": []})).unwrap().metadata, Some(Map::new()));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let long = format!("https://a.example/{}", "x".repeat(MAX_URL));
        for (body, message) in [
            (json!({"metadata": "x"}), "metadata must be an object"),
            (json!({"metadata": [1]}), "metadata must be an object"),
            (json!({"webhooks": {"a": 1}}), "webhooks must be an array"),
            (json!({"webhooks": "https://a.example"}), "webhooks must be an array"),
            (json!({"webhooks": ["https://a.example"]}), "webhooks[].url must be an http or https URL"),
            (json!({"webhooks": [{"url": "not a url"}]}), "webhooks[].url must be an http or https URL"),
            (json!({"webhooks": [{"url": "file:///etc/passwd"}]}), "webhooks[].url must be an http or https URL"),
            (json!({"webhooks": [{"url": "/relative"}]}), "webhooks[].url must be an http or https URL"),
            (json!({"webhooks": [{"url": long}]}), "webhooks[].url must be an http or https URL"),
            (
                json!({"webhooks": [{"url": "http://a.example", "events": [1]}]}),
                "webhooks[].events must be an array of event names",
            ),
            (
                json!({"webhooks": vec![json!({"url": "http://a.example"}); MAX_WEBHOOKS + 1]}),
                "webhooks may have at most 20 entries",
            ),
        ] {
            assert_eq!(read(body.clone()), Err(message.to_owned()), "{body}");
        }
    }
}
