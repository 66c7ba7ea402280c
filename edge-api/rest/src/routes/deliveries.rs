//! What became of a webhook's deliveries, and what a person may ask of it: deliver again, deliver a part of the log again, a test,
//! another secret.

use std::time::Duration;

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use contract::error::ErrorCode;
use contract::event::Payload;
use contract::id::SessionId;
use contract::webhook::{Delivery, DeliveryState, Posted, Webhook};
use edge_core::port::Port;
use edge_core::store::{Configured, Replayed};
use edge_core::{clock, ids};
use serde_json::{Map, Value, json};

use super::config::MAX_WEBHOOKS;
use super::webhook;
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, invalid};
use crate::form;

/// Deliveries of a page, unless the client says how many.
const PAGE: usize = 50;

/// Most of a page: each may carry ten attempts.
const MAX_PAGE: u32 = 200;

/// Lists of deliveries.
const LISTS: [&str; 3] = ["log", "aside", "dead"];

/// How long an answer waits for the attempt that was asked for: a little more than an attempt may take.
const WAIT: Duration = Duration::from_secs(12);

/// Time between two looks at it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Name of the made-up event.
const TEST: &str = "test";

/// `{session_id}` and `{webhook_id}` of a path.
pub(super) type WebhookPath = Path<(String, String)>;

pub(super) async fn list<P: Port>(State(app): State<App<P>>, path: WebhookPath, RawQuery(query): RawQuery) -> Answer {
    let (session, webhook) = known(&app, &path).await?;
    let asked = query.and_then(|query| form::parse(query.as_bytes())).map(Fields::new).unwrap_or_default();
    let list = asked.text(&["list"])?.unwrap_or_else(|| LISTS[0].to_owned());
    if !LISTS.contains(&list.as_str()) {
        return Err(invalid(format!("list must be one of {}", LISTS.join(", "))));
    }
    let limit = match asked.number("limit")? {
        None => PAGE,
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within bounds")]
        Some(limit) if limit >= 1.0 && limit <= f64::from(MAX_PAGE) && limit.fract() == 0.0 => limit as usize,
        Some(_) => return Err(invalid(format!("limit must be a whole number from 1 to {MAX_PAGE}"))),
    };
    let before = asked.text(&["before"])?.unwrap_or_default();
    if !before.is_empty() && (before.len() > 20 || before.parse::<f64>().is_err()) {
        return Err(invalid("before must be the `next` of an earlier answer".to_owned()));
    }
    let page = app.store.deliveries(&session, &webhook.id, &list, &before, limit).await?;
    let page = page.ok_or(ErrorCode::WebhookNotFound)?;
    let next = page.deliveries.last().filter(|_| page.deliveries.len() == limit).map(|(position, _)| position.clone());
    let deliveries: Vec<Value> = page.deliveries.iter().map(|(_, delivery)| shown(delivery)).collect();
    Ok(answer::ok("Deliveries retrieved", json!({ "webhookId": webhook.id, "deliveries": deliveries, "next": next })))
}

/// A delivery as clients see it: what is to be posted only when it is kept, that is, when it did not arrive.
fn shown(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "cursor": Some(&delivery.cursor).filter(|cursor| !cursor.is_empty()),
        "event": delivery.event,
        "state": delivery.state,
        "tries": delivery.tries,
        "firstTryAt": (delivery.tries > 0).then(|| clock::iso(delivery.first_try_ms)),
        "attempts": delivery.attempts,
        "payload": delivery.posted.as_ref().map(|posted| &posted.payload),
    })
}

pub(super) async fn redeliver<P: Port>(
    State(app): State<App<P>>,
    Path((session, webhook, delivery)): Path<(String, String, String)>,
) -> Answer {
    let (session, webhook) = known(&app, &Path((session, webhook))).await?;
    let before = begun(&app.store.redeliver(&session, &webhook.id, &delivery).await?)?;
    tried(&app, &session, &webhook, &delivery, before).await
}

pub(super) async fn test<P: Port>(State(app): State<App<P>>, path: WebhookPath) -> Answer {
    let (session, webhook) = known(&app, &path).await?;
    let port = app.store.port();
    let text = "This is a test of your webhook. Nothing happened.";
    let fields = Map::from_iter([("message".to_owned(), json!(text))]);
    let payload = Payload { session_id: session.clone(), timestamp: clock::iso(port.now_ms()), fields };
    let delivery = Delivery {
        id: ids::token(port.random()),
        cursor: String::new(),
        event: TEST.to_owned(),
        state: DeliveryState::Queued,
        tries: 0,
        first_try_ms: 0,
        attempts: Vec::new(),
        posted: Some(Posted { event: TEST.to_owned(), payload }),
    };
    let before = begun(&app.store.enqueue(&session, &webhook.id, &delivery).await?)?;
    tried(&app, &session, &webhook, &delivery.id, before).await
}

/// Waits for the next attempt of a delivery and shows it. One that takes longer than the wait is shown as it stands.
async fn tried<P: Port>(app: &App<P>, session: &SessionId, webhook: &Webhook, id: &str, before: u64) -> Answer {
    let port = app.store.port();
    let until = port.now_ms() + u64::try_from(WAIT.as_millis()).unwrap_or_default();
    loop {
        let delivery = app.store.delivery(session, &webhook.id, id).await?.ok_or(ErrorCode::DeliveryNotFound)?;
        if u64::from(delivery.tries) > before {
            let sentence = match delivery.state {
                DeliveryState::Delivered => "Delivered",
                _ => "The receiver did not take it",
            };
            return Ok(answer::ok(sentence, shown(&delivery)));
        }
        if port.now_ms() >= until {
            let mut response = answer::ok("Delivery queued", shown(&delivery));
            *response.status_mut() = StatusCode::ACCEPTED;
            return Ok(response);
        }
        port.sleep(LOOK_EVERY).await;
    }
}

pub(super) async fn replay<P: Port>(State(app): State<App<P>>, path: WebhookPath, body: Given) -> Answer {
    let fields = body.or_empty();
    let from = position(&fields, "from", "-", "0")?;
    let to = position(&fields, "to", "+", "18446744073709551615")?;
    let (session, webhook) = known(&app, &path).await?;
    let events = begun(&app.store.replay(&session, &webhook.id, &from, &to).await?)?;
    Ok(answer::ok("Replay started", json!({ "webhookId": webhook.id, "events": events })))
}

/// A position in the event log: a cursor, or a time in ISO 8601 or Unix milliseconds.
fn position(fields: &Fields, name: &'static str, open: &str, seq: &str) -> Result<String, Failure> {
    let Some(text) = fields.text(&[name])? else { return Ok(open.to_owned()) };
    let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u64>().is_ok();
    let wrong = || invalid(format!("{name} must be a cursor or a time in ISO 8601"));
    match text.split_once('-') {
        Some((ms, seq)) if number(ms) && number(seq) => Ok(text),
        None if number(&text) => Ok(format!("{text}-{seq}")),
        _ => Ok(format!("{}-{seq}", clock::parse_iso(&text).ok_or_else(wrong)?)),
    }
}

pub(super) async fn another_secret<P: Port>(State(app): State<App<P>>, path: WebhookPath, body: Given) -> Answer {
    let (session, mut webhook) = known(&app, &path).await?;
    let fields = body.or_empty();
    let port = app.store.port();
    let secret = match fields.text(&["secret"])? {
        Some(given) => webhook::secret(&json!(given)).map_err(invalid)?,
        None => ids::secret(port.random(), port.random()),
    };
    webhook.secret = Some(secret.clone());
    (webhook.previous_secret, webhook.previous_until) = (None, None);
    match app.store.add_webhook(&session, &webhook, MAX_WEBHOOKS).await? {
        Configured::Done(Some(_)) => {}
        Configured::Done(None) => return Err(ErrorCode::SessionNotFound.into()),
        Configured::TooLarge | Configured::Contended => return Err(ErrorCode::Overloaded.into()),
    }
    let sentence = "Secret changed; the one before signs for another 24 hours";
    Ok(answer::ok(sentence, json!({ "webhookId": webhook.id, "secret": secret })))
}

/// The webhook that a path names.
async fn known<P: Port>(app: &App<P>, path: &WebhookPath) -> Result<(SessionId, Webhook), Failure> {
    let id = SessionId::parse(&path.0.0).map_err(|_| ErrorCode::SessionNotFound)?;
    let record = app.store.session(&id).await?.ok_or(ErrorCode::SessionNotFound)?;
    let webhook = record.webhooks.into_iter().find(|webhook| webhook.id == path.0.1);
    Ok((id, webhook.ok_or(ErrorCode::WebhookNotFound)?))
}

fn begun(outcome: &Replayed) -> Result<u64, Failure> {
    match outcome {
        Replayed::Begun(number) => Ok(*number),
        Replayed::NoWebhook => Err(ErrorCode::WebhookNotFound.into()),
        Replayed::NoDelivery => Err(ErrorCode::DeliveryNotFound.into()),
        Replayed::Gone => Err(ErrorCode::EventGone.into()),
        Replayed::Running => Err(ErrorCode::ReplayRunning.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_cursors_or_times() {
        for (given, expected) in [
            ("1700000000000-3", Some("1700000000000-3")),
            ("1700000000000", Some("1700000000000-0")),
            ("2023-11-14T22:13:20Z", Some("1700000000000-0")),
            ("2023-11-14T23:13:20.5+01:00", Some("1700000000500-0")),
            ("yesterday", None),
            ("1-", None),
            ("-", None),
            ("99999999999999999999-0", None),
        ] {
            let fields = Fields::new(Map::from_iter([("from".to_owned(), json!(given))]));
            assert_eq!(position(&fields, "from", "-", "0").ok().as_deref(), expected, "{given}");
        }
        assert_eq!(position(&Fields::default(), "from", "-", "0"), Ok("-".to_owned()));
    }
}
