//! Commands from the edge to the host that owns a session, and the replies.
//!
//! A send or a change is first written into the session's ledger and into its set of unfinished commands ([`crate::keys`]);
//! the entry in the owner's stream is the doorbell. So a command survives its host: whoever owns the session next
//! finishes what is unfinished. A question changes nothing and is in the stream only: whoever asked asks again. That a
//! session should run or be gone the edge writes as a wish into its record.

use serde::{Deserialize, Serialize};

use serde_json::Value;

use crate::content::Content;
use crate::error::ErrorCode;
use crate::id::SessionId;
use crate::jid::Jid;
use crate::message::Sent;
use crate::operation::{Action, Question};

/// The only field of an entry in a host's command stream; its value is a [`Command`] as JSON. One field, because Spin
/// flattens nested replies.
pub const STREAM_FIELD: &str = "c";

/// Name of the consumer group of a host's command stream.
pub const STREAM_GROUP: &str = "host";

/// Most entries a command stream keeps: far above what a host can have under way, so trimming never meets a live one.
pub const STREAM_LENGTH: u64 = 10_000;

/// Seconds after which an unread reply queue vanishes.
pub const REPLY_TTL_SECONDS: u64 = 120;

/// A command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Names the request within the reply queue.
    pub id: String,
    /// For which session.
    pub session: SessionId,
    /// Redis list the reply is pushed to.
    pub reply_to: String,
    /// Redis time in milliseconds after which an unstarted command must not be started any more.
    pub send_by: u64,
    /// The name of its ledger entry; a question has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// What to do.
    pub request: Request,
    /// The id of the API request that asked for it, for logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// What a host can be asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Send a message.
    Send(Send),
    /// Change something at WhatsApp.
    Change(Action),
    /// Look something up at WhatsApp.
    Ask(Question),
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Send {
    /// The message's id, chosen up front and kept in the ledger: sending again under the same id is harmless, and a new
    /// message under an id that was used is dropped by whoever gets it.
    pub message_id: String,
    /// To whom.
    pub chat: Jid,
    /// What.
    pub content: Content,
    /// Id of the message it answers, within the same chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// How long "typing…" is shown first, in milliseconds.
    #[serde(default)]
    pub typing_ms: u64,
}

/// Longest time "typing…" is shown before a message, in milliseconds; longer wishes are capped.
pub const MAX_TYPING_MS: u64 = 60_000;

/// The reply to a [`Command`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The command's id.
    pub id: String,
    /// How it went.
    pub outcome: Outcome,
}

/// How a command went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// WhatsApp's server took the message.
    Sent(Sent),
    /// The change is made, or the question answered: the `data` of the answer, as [`crate::operation`] says.
    Done(Value),
    /// It was not done.
    Failed(Failure),
}

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The public code.
    pub code: ErrorCode,
    /// One sentence.
    pub message: String,
    /// WhatsApp's own number, when it refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whatsapp_code: Option<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_keeps_its_form() {
        let json = r#"{"id":"1","session":"a","reply_to":"chatery:reply:x","send_by":9,"entry":"key:1","request":{"do":"send","message_id":"3EB0","chat":"6281200001111@s.whatsapp.net","content":{"kind":"text","text":"hi"},"typing_ms":0},"request_id":"r-1"}"#;
        let command: Command = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&command).unwrap(), json);
    }

    #[test]
    fn an_outcome_keeps_its_form() {
        let json = r#"{"id":"1","outcome":{"failed":{"code":"send_refused","message":"no","whatsapp_code":463}}}"#;
        let reply: Reply = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&reply).unwrap(), json);
    }
}
