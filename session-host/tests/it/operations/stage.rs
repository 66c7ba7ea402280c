//! A host, a network, and people on it: some with a session, some with a phone only.

use std::time::Duration;

use contract::command::{Command, Failure, Outcome, Reply, Request, STREAM_FIELD};
use contract::error::ErrorCode;
use contract::group::{Created, Metadata};
use contract::jid::Jid;
use contract::keys::{self, SessionKeys};
use contract::ledger::{field, state};
use contract::operation::{Action, Question};
use redis::AsyncCommands as _;
use serde::de::DeserializeOwned;
use session_host::host::Host;
use session_host::redis::Redis;
use whatsapp_sim::{Sim, SimConfig};

use crate::sandbox::{World, sim};

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How long a command may wait to be started.
const START_WITHIN_MS: u64 = 20_000;

/// The network and the host.
pub(super) struct Stage {
    pub(super) sim: Sim,
    world: World,
    host: Host,
}

/// Somebody with a session.
pub(super) struct Member {
    pub(super) number: String,
    pub(super) world: World,
    redis: Redis,
    stream: String,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let (world, sim) = (World::new().await, sim(SimConfig::default()).await);
        let host = world.host("ops", Some(&sim)).await;
        Self { sim, world, host }
    }

    /// Somebody with a phone and a session.
    pub(super) async fn member(&self) -> Member {
        let world = self.world.beside();
        let number = world.link(&self.sim).await;
        let (redis, stream) = (self.world.redis.clone(), self.stream());
        Member { number, world, redis, stream }
    }

    /// Somebody with a phone only.
    pub(super) async fn person(&self, name: &str) -> Jid {
        Jid::phone(&self.sim.create_phone(name, None).await.unwrap().number)
    }

    /// Ends it. Nothing was asked that the network does not know, and nothing did not decrypt.
    pub(super) async fn end(self) {
        let stats = self.sim.stats().await;
        assert_eq!((stats.unknown_requests, stats.undecryptable), (0, 0));
        self.host.stop().await;
        self.sim.shutdown().await;
    }

    /// The host stops, and another one of the same name takes over.
    pub(super) async fn restarted(self) -> Self {
        let Self { sim, world, host } = self;
        host.stop().await;
        let host = world.host("ops", Some(&sim)).await;
        Self { sim, world, host }
    }

    fn stream(&self) -> String {
        keys::host_commands(&format!("ops-{}", self.world.session))
    }
}

impl Member {
    pub(super) fn jid(&self) -> Jid {
        Jid::phone(&self.number)
    }

    /// The answer to a question.
    pub(super) async fn ask<T: DeserializeOwned>(&self, question: Question) -> T {
        done(self.asked(question).await)
    }

    /// What became of a question.
    pub(super) async fn asked(&self, question: Question) -> Outcome {
        self.wait(&self.command(Request::Ask(question), None).await).await
    }

    /// The data of a change.
    pub(super) async fn change<T: DeserializeOwned>(&self, action: Action) -> T {
        done(self.changed(action).await)
    }

    /// What became of a change.
    pub(super) async fn changed(&self, action: Action) -> Outcome {
        let queue = self.begin(action).await;
        self.wait(&queue).await
    }

    /// Why a change failed.
    pub(super) async fn refused(&self, action: Action) -> (ErrorCode, Option<u16>) {
        failed(self.changed(action).await)
    }

    /// Asks for a change as the edge does, and gives the queue of the answer.
    pub(super) async fn begin(&self, action: Action) -> String {
        self.command(Request::Change(action), Some(state::ACCEPTED)).await
    }

    /// A change that an earlier life of the host handed over and did not finish.
    pub(super) async fn left_behind(&self, action: Action) -> String {
        self.command(Request::Change(action), Some(state::HANDED)).await
    }

    async fn command(&self, request: Request, entered_as: Option<&str>) -> String {
        let id = format!("{:016x}", rand::random::<u64>());
        let queue = keys::replies(&id);
        let command = Command {
            id: id.clone(),
            session: self.world.session.clone(),
            reply_to: queue.clone(),
            send_by: self.redis.now_ms().await.unwrap() + START_WITHIN_MS,
            entry: entered_as.map(|_| id.clone()),
            request,
            request_id: None,
        };
        let command = serde_json::to_string(&command).unwrap();
        let keys = SessionKeys::new(&self.world.session);
        let mut redis = self.redis.shared();
        if let Some(entered_as) = entered_as {
            let _: () = redis.hset(keys.ledger(&id), field::STATE, entered_as).await.unwrap();
            let _: () = redis.hset(keys.unfinished(), &id, &command).await.unwrap();
        }
        if entered_as != Some(state::HANDED) {
            let _: String = redis.xadd(&self.stream, "*", &[(STREAM_FIELD, command)]).await.unwrap();
        }
        queue
    }

    /// Waits for an answer.
    pub(super) async fn wait(&self, queue: &str) -> Outcome {
        let mut redis = self.redis.blocking().await.unwrap();
        let answer: Option<(String, String)> = redis.blpop(queue, ANSWER_WITHIN.as_secs_f64()).await.unwrap();
        let (_, reply) = answer.expect("an answer in time");
        serde_json::from_str::<Reply>(&reply).unwrap().outcome
    }

    /// A new group with these people.
    pub(super) async fn found(&self, subject: &str, people: &[&Jid]) -> Jid {
        let participants = people.iter().map(|person| (*person).clone()).collect();
        let created: Created = self.change(Action::CreateGroup { subject: subject.to_owned(), participants }).await;
        created.group_id
    }

    /// A group as this session sees it.
    pub(super) async fn sees(&self, group: &Jid) -> Metadata {
        self.ask(Question::Group { group: group.clone() }).await
    }
}

/// The data of what succeeded.
pub(super) fn done<T: DeserializeOwned>(outcome: Outcome) -> T {
    match outcome {
        Outcome::Done(data) => serde_json::from_value(data).unwrap(),
        other => panic!("not done: {other:?}"),
    }
}

/// Why it failed.
pub(super) fn failed(outcome: Outcome) -> (ErrorCode, Option<u16>) {
    match outcome {
        Outcome::Failed(Failure { code, whatsapp_code, .. }) => (code, whatsapp_code),
        other => panic!("not failed: {other:?}"),
    }
}
