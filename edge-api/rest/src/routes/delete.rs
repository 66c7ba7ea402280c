//! `DELETE /sessions/:id`: log out and erase. The host does it; the answer waits for it.

use std::time::Duration;

use axum::extract::State;
use contract::error::ErrorCode;
use contract::session::Desired;
use edge_core::port::Port;

use super::SessionPath;
use crate::answer::{self, Answer, Failure};
use crate::app::App;
use crate::pauses::Pauses;

/// Longest wait for the host: a logout is a round trip to WhatsApp.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn delete<P: Port>(State(app): State<App<P>>, SessionPath(id): SessionPath) -> Answer {
    let unknown = || Failure::from(ErrorCode::SessionNotFound).of_engine();
    let id = id.ok_or_else(unknown)?;
    let heard = app.store.wish_deleted(&id).await?.ok_or_else(unknown)?;
    if !heard {
        let message = "No session host is alive. The session is deleted as soon as one is.";
        return Err(Failure::new(ErrorCode::NoHost, message));
    }
    let mut pauses = Pauses::new(PATIENCE);
    loop {
        let record = app.store.session(&id).await?;
        // A record that is wanted again is a new one under the same name.
        if record.is_none_or(|record| record.desired != Desired::Deleted) {
            return Ok(answer::done("Session deleted successfully"));
        }
        let Some(pause) = pauses.next() else {
            let message = "The session is not deleted yet; the session host completes it.";
            return Err(Failure::new(ErrorCode::Timeout, message));
        };
        app.store.port().sleep(pause).await;
    }
}
