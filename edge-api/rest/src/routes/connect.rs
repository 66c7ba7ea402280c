//! `POST /sessions/:id/connect`: create a session or connect it again, and wait a moment for the QR code.

use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use contract::error::ErrorCode;
use contract::id::{MAX_SESSION_ID_LENGTH, SessionId};
use contract::record::SessionRecord;
use contract::session::{Network, SessionInfo, SessionStatus, StatusReason};
use edge_core::port::Port;
use edge_core::store::{Connect, Connected};
use serde_json::Value;

use super::{SessionPath, config};
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, invalid};
use crate::pauses::Pauses;

/// Longest wait for a host to bring a QR code or a connection: a fresh session needs one to two seconds.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn connect<P: Port>(
    State(app): State<App<P>>,
    SessionPath(id): SessionPath,
    path: Result<Path<String>, PathRejection>,
    body: Given,
) -> Answer {
    let id = id.ok_or_else(|| unusable(path.as_ref().map_or("", |Path(id)| id)))?;
    let fields = body.or_empty();
    let wish = wish(&app, &fields)?;
    let mut pauses = Pauses::new(PATIENCE);
    let (created, heard, before) = loop {
        match config::settled(app.store.connect(&id, &wish).await?)? {
            Connected::Wished { created, heard, before } => break (created, heard, before),
            Connected::Already => {
                let info = info(&app, app.store.session(&id).await?).await?;
                return Err(Failure::from(ErrorCode::SessionAlreadyConnected).with_data(info));
            }
            Connected::NetworkMismatch => return Err(ErrorCode::NetworkMismatch.into()),
            Connected::Deleting | Connected::Stale => {}
        }
        let Some(pause) = pauses.next() else {
            return Err(Failure::new(ErrorCode::Timeout, "The session is being deleted; connect again in a moment."));
        };
        app.store.port().sleep(pause).await;
    };
    if !heard {
        let info = info(&app, app.store.session(&id).await?).await?;
        let message = "No session host is alive. The session is recorded and connects as soon as one is.";
        return Err(Failure::new(ErrorCode::NoHost, message).with_data(info));
    }
    let record = settled(&app, &id, &before).await?;
    let message = if created { "Session created" } else { "Reconnecting existing session" };
    Ok(answer::ok(message, info(&app, record).await?))
}

/// Why a text is no session id: the usual sentence says nothing of its length.
fn unusable(id: &str) -> Failure {
    if id.len() > MAX_SESSION_ID_LENGTH {
        let message = format!("Invalid session ID. Use at most {MAX_SESSION_ID_LENGTH} characters.");
        return Failure::new(ErrorCode::InvalidSessionId, message);
    }
    ErrorCode::InvalidSessionId.into()
}

fn wish<P>(app: &App<P>, fields: &Fields) -> Result<Connect, Failure> {
    let network = match fields.get(&["network"]) {
        None => None,
        Some(value) => {
            let known = value.as_str().and_then(Network::parse);
            Some(known.ok_or_else(|| invalid("network must be \"live\" or \"sandbox\"".to_owned()))?)
        }
    };
    let change = config::change(fields, &app.settings.allow_private)?;
    if network.unwrap_or(app.settings.default_network) == Network::Sandbox && !app.settings.sandbox_enabled {
        return Err(ErrorCode::SandboxNotConfigured.into());
    }
    Ok(Connect { network, default_network: app.settings.default_network, change })
}

/// Waits until the host has something to show, or for as long as patience lasts.
async fn settled<P: Port>(
    app: &App<P>,
    id: &SessionId,
    before: &(String, String),
) -> Result<Option<SessionRecord>, Failure> {
    let mut pauses = Pauses::new(PATIENCE);
    loop {
        let record = app.store.session(id).await?;
        if record.as_ref().is_none_or(|record| has_something_to_show(record, before)) {
            return Ok(record);
        }
        let Some(pause) = pauses.next() else { return Ok(record) };
        app.store.port().sleep(pause).await;
    }
}

/// A QR code, a connection, or a final reason. A reason that stood there before the wish says nothing about it.
fn has_something_to_show(record: &SessionRecord, before: &(String, String)) -> bool {
    let reason = record.reason.map_or("", StatusReason::as_str);
    let changed = (record.status.as_str(), reason) != (before.0.as_str(), before.1.as_str());
    match record.status {
        SessionStatus::QrReady | SessionStatus::Connected => true,
        SessionStatus::Disconnected => changed && record.reason.is_some_and(|reason| !reason.reconnects()),
        SessionStatus::Connecting => false,
    }
}

/// What a client is told about a session. `null` when it vanished meanwhile.
async fn info<P: Port>(app: &App<P>, record: Option<SessionRecord>) -> Result<Value, Failure> {
    let Some(record) = record else { return Ok(Value::Null) };
    let connected_once = record.phone.is_some();
    let waits = record.status == SessionStatus::QrReady;
    let info = SessionInfo {
        summary: record.summary(),
        qr_code: if waits { app.store.qr_code(&record.id).await? } else { None },
        store_stats: if connected_once { Some(app.store.stats(&record.id).await?) } else { None },
    };
    serde_json::to_value(info).map_err(|_| ErrorCode::Internal.into())
}
