//! A host's side of the protocol, as far as these tests need it: a heartbeat, a lease, and answers to commands from the stream.

use contract::command::{Command, Failure, Outcome, Reply, Request, STREAM_FIELD, STREAM_GROUP};
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use contract::ledger;
use contract::message::Sent;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamReadOptions, StreamReadReply};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::api::Api;

const HOST: &str = "host-1";

/// More commands than any test sends to a host it does not listen to.
const SEEN: usize = 64;

/// What the host does with a send.
#[derive(Clone, Copy)]
pub(crate) enum Manner {
    Sends,
    Refuses(ErrorCode),
    IsSilent,
}

pub(crate) struct Host {
    task: JoinHandle<()>,
    /// Every command it saw.
    pub(crate) seen: mpsc::Receiver<Command>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn now(redis: &mut MultiplexedConnection) -> u64 {
    let (seconds, micros): (u64, u64) = redis::cmd("TIME").query_async(redis).await.unwrap();
    seconds * 1000 + micros / 1000
}

/// Makes a host seem alive without one.
pub(crate) async fn heartbeat(api: &Api) {
    let mut redis = api.redis.clone();
    let now = now(&mut redis).await;
    let _: () = redis.zadd(keys::HOSTS, HOST, now).await.unwrap();
}

/// Gives the host a session's lease for a time, which may be over already.
pub(crate) async fn lease(api: &Api, session: &str, milliseconds: i64) {
    let mut redis = api.redis.clone();
    let until = now(&mut redis).await.checked_add_signed(milliseconds).unwrap();
    let key = SessionKeys::new(&SessionId::parse(session).unwrap()).lease();
    let _: () =
        redis.hset_multiple(key, &[("owner", HOST), ("epoch", "1"), ("until", &until.to_string())]).await.unwrap();
}

/// A connected session with its host.
pub(crate) async fn start(api: &Api, session: &str, manner: Manner) -> Host {
    api.given_session(session, &[("status", "connected"), ("phone", "6281200009999")]).await;
    heartbeat(api).await;
    lease(api, session, 600_000).await;
    let mut redis = api.server.client().get_multiplexed_async_connection().await.unwrap();
    redis.set_response_timeout(std::time::Duration::from_secs(5));
    let stream = keys::host_commands(HOST);
    let _: () = redis.xgroup_create_mkstream(&stream, STREAM_GROUP, "0").await.unwrap();
    let (sender, seen) = mpsc::channel(SEEN);
    let task = tokio::spawn(async move {
        let options = StreamReadOptions::default().group(STREAM_GROUP, HOST).block(1000).count(10);
        loop {
            let read: Option<StreamReadReply> = redis.xread_options(&[&stream], &[">"], &options).await.unwrap();
            for entry in read.into_iter().flat_map(|read| read.keys).flat_map(|key| key.ids) {
                let text: String = entry.get(STREAM_FIELD).unwrap();
                let command: Command = serde_json::from_str(&text).unwrap();
                work(&mut redis, &command, manner).await;
                sender.send(command).await.ok();
            }
        }
    });
    Host { task, seen }
}

async fn work(redis: &mut MultiplexedConnection, command: &Command, manner: Manner) {
    let Request::Send(send) = &command.request else { panic!("no test asks for {:?}", command.request) };
    let entry = command.entry.as_deref().unwrap();
    let outcome = match manner {
        Manner::IsSilent => return,
        Manner::Sends => Outcome::Sent(Sent {
            message_id: send.message_id.clone(),
            chat_id: send.chat.to_string(),
            timestamp: "2026-01-01T00:00:00.000Z".to_owned(),
        }),
        Manner::Refuses(code) => {
            Outcome::Failed(Failure { code, message: code.message().to_owned(), whatsapp_code: Some(463) })
        }
    };
    let state = if matches!(outcome, Outcome::Sent(_)) { ledger::state::SENT } else { ledger::state::FAILED };
    let keys = SessionKeys::new(&command.session);
    let text = serde_json::to_string(&outcome).unwrap();
    let fields = [(ledger::field::STATE, state), (ledger::field::OUTCOME, text.as_str())];
    let reply = serde_json::to_string(&Reply { id: command.id.clone(), outcome: outcome.clone() }).unwrap();
    let _: () = redis::pipe()
        .atomic()
        .hset_multiple(keys.ledger(entry), &fields)
        .hdel(keys.unfinished(), entry)
        .rpush(&command.reply_to, reply)
        .query_async(redis)
        .await
        .unwrap();
}
