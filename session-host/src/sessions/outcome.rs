//! What is logged of a command when its outcome is known: whose request it was, and how it ended. Never what it said, or to whom.

use contract::command::Outcome;
use contract::id::SessionId;
use tracing::{debug, info};

pub(super) fn log(session: &SessionId, request: Option<&str>, outcome: &Outcome) {
    match outcome {
        Outcome::Sent(_) | Outcome::Done(_) => debug!(%session, request, "a command is done"),
        Outcome::Failed(failure) => {
            let code = failure.code.as_str();
            info!(%session, request, code, whatsapp_code = failure.whatsapp_code, "a command failed");
        }
    }
}
