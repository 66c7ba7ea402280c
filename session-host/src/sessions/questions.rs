//! Questions to WhatsApp: asked beside everything else, answered once, forgotten. Whoever asked and got no answer asks again.

pub(super) mod groups;
mod number;
mod person;
mod picture;

use std::sync::Arc;
use std::time::Duration;

use contract::command::{Command, Failure, Outcome, REPLY_TTL_SECONDS, Reply, Request};
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::operation::Question;
use redis::AsyncCommands as _;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;

use super::outbox::{Connection, failure};
use super::outcome;
use crate::redis::Redis;

/// Questions of one session under way at once; beyond it they are refused. WhatsApp answers in well under a second, and
/// bans who asks without end.
const MAX_UNDER_WAY: usize = 32;

/// Questions of one session.
pub(crate) struct Questions {
    session: SessionId,
    redis: Redis,
    connection: watch::Receiver<Option<Connection>>,
    free: Arc<Semaphore>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Questions {
    pub(super) fn new(
        session: SessionId,
        redis: Redis,
        connection: watch::Receiver<Option<Connection>>,
        tracker: TaskTracker,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(MAX_UNDER_WAY));
        Arc::new(Self { session, redis, connection, free, tracker, stop })
    }

    /// Takes a question that is worth an answer for `remaining`.
    pub(crate) fn submit(self: &Arc<Self>, command: Command, remaining: Duration) {
        let Command { id, reply_to, request, request_id, .. } = command;
        let Request::Ask(question) = request else { return };
        let questions = Arc::clone(self);
        let permit = Arc::clone(&self.free).try_acquire_owned();
        let stop = self.stop.clone();
        let task = async move {
            let answer = match permit {
                Ok(_permit) => timeout(remaining, questions.answer(&question)).await,
                Err(_) => Ok(Err(failure(ErrorCode::Overloaded))),
            };
            // Too late: nobody waits any more.
            let Ok(answer) = answer else { return };
            let outcome = answer.map_or_else(Outcome::Failed, Outcome::Done);
            outcome::log(&questions.session, request_id.as_deref(), &outcome);
            questions.reply(&reply_to, &Reply { id, outcome }).await;
        };
        self.tracker.spawn(async move {
            tokio::select! {
                () = task => {}
                () = stop.cancelled() => {}
            }
        });
    }

    async fn answer(&self, question: &Question) -> Result<Value, Failure> {
        let client = self.connection.borrow().as_ref().map(|connection| Arc::clone(&connection.client));
        let client = client.ok_or_else(|| failure(ErrorCode::SessionNotConnected))?;
        match question {
            Question::Number { phone } => number::answer(&client, phone).await.map(|check| data(&check)),
            Question::Picture { of } => picture::answer(&client, of).await.map(|picture| data(&picture)),
            Question::Person { of } => person::answer(&client, of).await.map(|person| data(&person)),
            Question::Groups => groups::all(&client).await.map(|groups| data(&groups)),
            Question::Group { group } => groups::one(&client, group).await.map(|group| data(&group)),
            Question::InviteCode { group } => groups::invite_code(&client, group).await.map(|invite| data(&invite)),
        }
    }

    async fn reply(&self, queue: &str, reply: &Reply) {
        let Ok(reply) = serde_json::to_string(reply) else { return };
        let mut redis = self.redis.shared();
        let ttl = i64::try_from(REPLY_TTL_SECONDS).unwrap_or(i64::MAX);
        let pushed = redis.rpush::<_, _, ()>(queue, reply).await;
        let pushed = match pushed {
            Ok(()) => redis.expire::<_, ()>(queue, ttl).await,
            failed @ Err(_) => failed,
        };
        if let Err(error) = pushed {
            error!(session = %self.session, %error, "an answer could not be given");
        }
    }
}

/// The wire types are plain data: they always serialise.
pub(super) fn data(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
