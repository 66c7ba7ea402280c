//! The asking side of the door ([`SpinPort`]) and the doing side ([`serve`]). Owns the limit of every call.

use std::pin::pin;
use std::time::{Duration, SystemTime};

use futures::channel::{mpsc, oneshot};
use futures::future::{Either, select};

use super::{connections, post};
use crate::outbound::{Outbound, Post, PostAnswer, PostError};
use crate::port::{Command, POP_SLICE, Port, RedisError, Value};

/// Longest wait for a reply of a command that does not block: far above what Redis takes, far below what clients wait.
const CALL_LIMIT: Duration = Duration::from_secs(3);

/// Something asked of the outside.
pub(super) enum Job {
    Execute(Command, oneshot::Sender<Result<Vec<Value>, RedisError>>),
    Pop(String, oneshot::Sender<Result<Option<Vec<u8>>, RedisError>>),
    Sleep(Duration, oneshot::Sender<()>),
    Post(Box<Post>, oneshot::Sender<Result<PostAnswer, PostError>>),
}

/// The door as a request sees it.
#[derive(Clone, Debug)]
pub struct SpinPort {
    jobs: mpsc::Sender<Job>,
}

impl SpinPort {
    pub(super) fn new(jobs: mpsc::Sender<Job>) -> Self {
        Self { jobs }
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        // A clone of the sender has a place of its own in the queue, so this cannot meet a full queue.
        self.jobs.clone().try_send(job(sender)).ok()?;
        answer.await.ok()
    }
}

fn gone() -> RedisError {
    RedisError::Connection("the request is over".to_owned())
}

impl Port for SpinPort {
    async fn execute(&self, command: Command) -> Result<Vec<Value>, RedisError> {
        self.ask(|sender| Job::Execute(command, sender)).await.unwrap_or_else(|| Err(gone()))
    }

    async fn pop(&self, list: String) -> Result<Option<Vec<u8>>, RedisError> {
        self.ask(|sender| Job::Pop(list, sender)).await.unwrap_or_else(|| Err(gone()))
    }

    async fn sleep(&self, time: Duration) {
        self.ask(|sender| Job::Sleep(time, sender)).await;
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where the edge asks the wall clock")]
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn random(&self) -> [u8; 16] {
        let half = || spin_sdk::wasip3::random::random::get_random_u64().to_le_bytes();
        let (a, b) = (half(), half());
        std::array::from_fn(|i| if i < 8 { a[i] } else { b[i - 8] })
    }
}

impl Outbound for SpinPort {
    async fn post(&self, request: Post) -> Result<PostAnswer, PostError> {
        let job = |sender| Job::Post(Box::new(request), sender);
        self.ask(job).await.unwrap_or(Err(PostError::Unreachable))
    }
}

/// Does what was asked. Whoever asked may be gone by then; the answer is dropped with them.
pub(super) async fn serve(redis_url: &str, job: Job) {
    match job {
        Job::Execute(command, answer) => {
            let outcome = within(CALL_LIMIT, connections::execute(redis_url, &command)).await;
            if outcome == Err(RedisError::Timeout) {
                connections::forget();
            }
            let _ = answer.send(outcome);
        }
        Job::Pop(list, answer) => {
            let _ = answer.send(within(POP_SLICE + CALL_LIMIT, connections::pop(redis_url, &list)).await);
        }
        Job::Sleep(time, answer) => {
            spin_sdk::time::sleep(time).await;
            let _ = answer.send(());
        }
        Job::Post(request, answer) => {
            let _ = answer.send(post::send(*request).await);
        }
    }
}

async fn within<T>(limit: Duration, call: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
    match select(pin!(call), pin!(spin_sdk::time::sleep(limit))).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Err(RedisError::Timeout),
    }
}
