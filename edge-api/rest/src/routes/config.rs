//! `PATCH /sessions/:id/config`: metadata and webhooks. Owns their checks, for `connect` too.

use axum::extract::State;
use contract::error::ErrorCode;
use contract::outbound::AllowedPrivate;
use contract::session::ConfigView;
use contract::webhook::Webhook;
use edge_core::port::Port;
use edge_core::store::{Change, Configured};
use serde_json::{Map, Value};

use super::webhook::webhook;
use super::{SessionPath, sessions};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, invalid};

/// Most webhooks of a session: every event is delivered to each of them.
pub(super) const MAX_WEBHOOKS: usize = 20;

pub(super) async fn configure<P: Port>(State(app): State<App<P>>, id: SessionPath, body: Given) -> Answer {
    let record = sessions::find(&app, id).await?.ok_or(ErrorCode::SessionNotFound)?;
    let change = change(&body.or_empty(), &app.settings.allow_private)?;
    let record = settled(app.store.configure(&record.id, &change).await?)?.ok_or(ErrorCode::SessionNotFound)?;
    let webhooks = record.webhook_views();
    let view = ConfigView { session_id: record.id, metadata: record.metadata, webhooks };
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
pub(super) fn change(fields: &Fields, allowed: &AllowedPrivate) -> Result<Change, Failure> {
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
        Some(Value::Array(list)) => Some(webhooks(list, allowed)?),
        Some(_) => return Err(invalid("webhooks must be an array".to_owned())),
    };
    Ok(Change { metadata, webhooks })
}

/// A list of webhooks. Of two with one address the later counts.
fn webhooks(list: &[Value], allowed: &AllowedPrivate) -> Result<Vec<Webhook>, Failure> {
    let mut webhooks: Vec<Webhook> = Vec::with_capacity(list.len());
    for value in list {
        let webhook = webhook(value, allowed)?;
        match webhooks.iter_mut().find(|known| known.id == webhook.id) {
            Some(known) => *known = webhook,
            None => webhooks.push(webhook),
        }
    }
    Ok(webhooks)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<Change, String> {
        let Value::Object(object) = body else { return Err("no object".to_owned()) };
        change(&Fields::new(object), &AllowedPrivate::default()).map_err(|failure| failure.message.into_owned())
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
            let webhooks = change.webhooks.unwrap();
            assert_eq!((webhooks.len(), &webhooks[0].events), (1, &events));
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
        for (body, message) in [
            (json!({"metadata": "x"}), "metadata must be an object"),
            (json!({"metadata": [1]}), "metadata must be an object"),
            (json!({"webhooks": {"a": 1}}), "webhooks must be an array"),
            (json!({"webhooks": "https://a.example"}), "webhooks must be an array"),
            (json!({"webhooks": ["https://a.example"]}), "webhooks[].url must be an http or https URL"),
            (json!({"webhooks": [{"url": "not a url"}]}), "webhooks[].url must be an http or https URL"),
            (json!({"webhooks": [{"url": "file:///etc/passwd"}]}), "webhooks[].url must be an http or https URL"),
            (json!({"webhooks": [{"url": "/relative"}]}), "webhooks[].url must be an http or https URL"),
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
