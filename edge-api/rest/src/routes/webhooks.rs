//! `/sessions/{id}/webhooks`: the list, one webhook more, or one less. Which one is meant is its address, letter by letter.

use axum::extract::{RawQuery, State};
use contract::error::ErrorCode;
use contract::record::SessionRecord;
use edge_core::port::Port;
use edge_core::store::Configured;
use serde_json::json;

use super::config::MAX_WEBHOOKS;
use super::webhook::webhook;
use super::{SessionPath, sessions};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, invalid};
use crate::form;

/// The events of a webhook that names none.
const ALL: &str = "all";

/// Fields of a webhook beside its address and its events.
const MORE_FIELDS: [&str; 3] = ["secret", "headers", "paused"];

pub(super) async fn list<P: Port>(State(app): State<App<P>>, id: SessionPath) -> Answer {
    let record = sessions::find(&app, id).await?.ok_or(ErrorCode::SessionNotFound)?;
    let mut webhooks = Vec::with_capacity(record.webhooks.len());
    for webhook in &record.webhooks {
        // One that was removed this moment has no health.
        webhooks.extend(app.store.webhook_health(&record.id, webhook).await?);
    }
    Ok(answer::ok("Webhooks retrieved", json!({ "sessionId": record.id, "webhooks": webhooks })))
}

pub(super) async fn add<P: Port>(State(app): State<App<P>>, SessionPath(id): SessionPath, body: Given) -> Answer {
    let fields = body.or_empty();
    let url = fields.text(&["url"])?.ok_or_else(|| missing("Missing required field: url"))?;
    let events = fields.get(&["events"]).cloned().unwrap_or_else(|| json!([ALL]));
    let mut given = json!({ "url": url, "events": events });
    for name in MORE_FIELDS {
        if let Some(value) = fields.raw(name) {
            given[name] = value.clone();
        }
    }
    let webhook = webhook(&given, &app.settings.allow_private).map_err(|failure| of_one(&failure))?;
    let id = id.ok_or(ErrorCode::SessionNotFound)?;
    match app.store.add_webhook(&id, &webhook, MAX_WEBHOOKS).await? {
        Configured::Done(record) => shown("Webhook added", record),
        Configured::TooLarge => Err(invalid(format!("a session may have at most {MAX_WEBHOOKS} webhooks"))),
        Configured::Contended => Err(ErrorCode::Overloaded.into()),
    }
}

pub(super) async fn remove<P: Port>(
    State(app): State<App<P>>,
    SessionPath(id): SessionPath,
    RawQuery(query): RawQuery,
    body: Given,
) -> Answer {
    let given = body.or_empty().text(&["url"])?;
    let asked = query.and_then(|query| form::parse(query.as_bytes())).map(Fields::new).unwrap_or_default();
    let url = given.map_or_else(|| asked.text(&["url"]), |url| Ok(Some(url)))?;
    let url = url.ok_or_else(|| missing("Missing required field: url (provide in body or query parameter)"))?;
    let id = id.ok_or(ErrorCode::SessionNotFound)?;
    shown("Webhook removed", app.store.remove_webhook(&id, &url).await?)
}

fn shown(message: &str, record: Option<SessionRecord>) -> Answer {
    let record = record.ok_or(ErrorCode::SessionNotFound)?;
    Ok(answer::ok(message, json!({ "sessionId": record.id, "webhooks": record.webhook_views() })))
}

fn missing(message: &'static str) -> Failure {
    Failure::new(ErrorCode::MissingField, message)
}

/// The sentence about a list of webhooks, said of one.
fn of_one(failure: &Failure) -> Failure {
    let sentence = failure.message.replace("webhooks[].", "");
    Failure::new(failure.code, sentence)
}
