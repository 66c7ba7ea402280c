//! What the routes that need a host share: a send or a change goes through the ledger under an id that an `Idempotency-Key` names, a
//! question does not; each waits for the reply and turns it into an answer.

use std::time::Duration;

use contract::command::{Failure as NotDone, Outcome, Request};
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::operation::{Action, Question};
use edge_core::port::Port;
use edge_core::store::{Accepted, MessageId, Queue};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::Failure;
use crate::app::App;
pub(super) use crate::repeat::key;

/// Longest wait for the outcome of a send (after the typing) or a change.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// The same when a file must be fetched and uploaded first: the longest fetch, and time for the upload.
pub(super) const FILE_PATIENCE: Duration = Duration::from_secs(90);

/// Longest wait for the answer to a question.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Has a send or a change done once, and waits for what becomes of it, under which message id. `late` is the failure when
/// nothing is known in time.
pub(super) async fn done_once<P: Port>(
    app: &App<P>,
    session: &SessionId,
    key: Option<&str>,
    request: Request,
    patience: Duration,
    late: impl Fn(&str) -> Failure,
) -> Result<(MessageId, Outcome), Failure> {
    match app.store.accept(session, key, request).await? {
        Accepted::Known(id, outcome) => Ok((id, outcome)),
        Accepted::Waiting(id, queue) => match app.store.reply(&queue, patience).await? {
            Some(outcome) => Ok((id, outcome)),
            None => Err(late(&id)),
        },
        Accepted::UnderWay(id) => Err(late(&id)),
        refused => Err(refusal(&refused)),
    }
}

/// Makes a change, and gives its data.
pub(super) async fn change<P: Port>(
    app: &App<P>,
    session: &SessionId,
    key: Option<&str>,
    action: Action,
) -> Result<Value, Failure> {
    let late = |_: &str| {
        Failure::new(
            ErrorCode::Timeout,
            "No answer from WhatsApp yet; ask again with the same Idempotency-Key for the outcome.",
        )
    };
    let patience = if matches!(action, Action::SetPicture { .. }) { FILE_PATIENCE } else { PATIENCE };
    match done_once(app, session, key, Request::Change(action), patience, late).await?.1 {
        Outcome::Done(data) => Ok(data),
        Outcome::Failed(failure) => Err(not_done(failure)),
        Outcome::Sent(_) => Err(ErrorCode::IdempotencyKeyReused.into()),
    }
}

/// Asks, and gives the answer.
pub(super) async fn ask<P: Port, T: DeserializeOwned>(
    app: &App<P>,
    session: &SessionId,
    question: Question,
) -> Result<T, Failure> {
    let queue: Queue = match app.store.ask(session, question, ANSWER_WITHIN).await? {
        Accepted::Waiting(_, queue) => queue,
        refused => return Err(refusal(&refused)),
    };
    match app.store.reply(&queue, ANSWER_WITHIN).await? {
        Some(Outcome::Done(data)) => serde_json::from_value(data).map_err(|_| ErrorCode::Internal.into()),
        Some(Outcome::Failed(failure)) => Err(not_done(failure)),
        Some(Outcome::Sent(_)) => Err(ErrorCode::Internal.into()),
        None => Err(ErrorCode::Timeout.into()),
    }
}

fn refusal(accepted: &Accepted) -> Failure {
    let code = match accepted {
        Accepted::Unknown => ErrorCode::SessionNotFound,
        Accepted::Down => ErrorCode::SessionNotConnected,
        Accepted::NoHost => ErrorCode::NoHost,
        Accepted::Overloaded => ErrorCode::Overloaded,
        Accepted::Reused => ErrorCode::IdempotencyKeyReused,
        Accepted::UnderWay(_) => ErrorCode::Timeout,
        Accepted::Known(..) | Accepted::Waiting(..) => ErrorCode::Internal,
    };
    code.into()
}

fn not_done(failure: NotDone) -> Failure {
    let NotDone { code, message, whatsapp_code } = failure;
    let failure = Failure::new(code, message);
    match whatsapp_code {
        Some(number) => failure.with_data(json!({ "whatsappCode": number })),
        None => failure,
    }
}
