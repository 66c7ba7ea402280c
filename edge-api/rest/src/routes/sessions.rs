//! `GET /sessions`, `GET /sessions/:id/status`: where sessions stand.

use axum::extract::State;
use contract::error::ErrorCode;
use contract::record::SessionRecord;
use contract::session::SessionSummary;
use edge_core::port::Port;

use super::SessionPath;
use crate::answer::{self, Answer, Failure};
use crate::app::App;

pub(super) async fn list<P: Port>(State(app): State<App<P>>) -> Answer {
    let sessions = app.store.sessions().await?;
    let summaries: Vec<SessionSummary> = sessions.iter().map(SessionRecord::summary).collect();
    Ok(answer::ok("Sessions retrieved", summaries))
}

pub(super) async fn status<P: Port>(State(app): State<App<P>>, SessionPath(id): SessionPath) -> Answer {
    let record = find(&app, SessionPath(id)).await?.ok_or(ErrorCode::SessionNotFound)?;
    Ok(answer::ok("Status retrieved", record.summary()))
}

/// The record of the session a path names.
pub(super) async fn find<P: Port>(app: &App<P>, id: SessionPath) -> Result<Option<SessionRecord>, Failure> {
    match id.0 {
        Some(id) => Ok(app.store.session(&id).await?),
        None => Ok(None),
    }
}
