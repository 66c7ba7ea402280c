//! Chats that are marked as read: their authors hear of it, and the counter.

use std::time::Duration;

use contract::jid::Jid;
use contract::keys::SessionKeys;
use contract::operation::{Action, MarkedRead};
use redis::AsyncCommands as _;
use whatsapp_sim::Sim;

use super::stage::{Member, Stage};

/// How long a test waits for a fact.
const DEADLINE: Duration = Duration::from_secs(20);

async fn until<F: Future<Output = bool>>(what: &str, fact: impl Fn() -> F) {
    let waited = tokio::time::timeout(DEADLINE, async {
        while !fact().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what} in time"));
}

async fn unread(member: &Member, chat: &Jid) -> u64 {
    let key = SessionKeys::new(&member.world.session).chat(chat);
    member.world.redis.shared().hget::<_, _, Option<u64>>(key, "unread").await.unwrap().unwrap_or_default()
}

async fn read(sim: &Sim, number: &str) -> Vec<String> {
    let receipts = sim.phone_receipts(number).await.unwrap();
    let mut read: Vec<_> = receipts.into_iter().filter(|receipt| receipt.kind == "read").map(|r| r.id).collect();
    read.sort_unstable();
    read
}

fn sorted(ids: &[&String]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn up_to_a_message_and_then_the_rest() {
    let stage = Stage::new().await;
    let shop = stage.member().await;
    let ada = stage.person("Ada").await;
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(stage.sim.phone_send(ada.user(), &shop.number, text).await.unwrap());
    }
    until("three unread messages", || async { unread(&shop, &ada).await == 3 }).await;
    let mark =
        |message_id: Option<&str>| Action::MarkRead { chat: ada.clone(), message_id: message_id.map(str::to_owned) };
    let marked: MarkedRead = shop.change(mark(Some(&ids[1]))).await;
    assert_eq!((marked.marked_count, unread(&shop, &ada).await), (2, 1));
    until("two receipts", || async { read(&stage.sim, ada.user()).await == sorted(&[&ids[0], &ids[1]]) }).await;
    let marked: MarkedRead = shop.change(mark(None)).await;
    assert_eq!((marked.marked_count, unread(&shop, &ada).await), (1, 0));
    until("three receipts", || async { read(&stage.sim, ada.user()).await == sorted(&[&ids[0], &ids[1], &ids[2]]) })
        .await;
    // There is nothing left to read.
    let marked: MarkedRead = shop.change(mark(None)).await;
    assert_eq!(marked.marked_count, 0);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_group_each_author_hears_of_their_own() {
    let stage = Stage::new().await;
    let shop = stage.member().await;
    let (ada, bob) = (stage.person("Ada").await, stage.person("Bob").await);
    let group = shop.found("Chess", &[&ada, &bob]).await;
    let from_ada = stage.sim.phone_send(ada.user(), &group.to_string(), "e4").await.unwrap();
    let from_bob = stage.sim.phone_send(bob.user(), &group.to_string(), "e5").await.unwrap();
    until("two unread messages", || async { unread(&shop, &group).await == 2 }).await;
    let marked: MarkedRead = shop.change(Action::MarkRead { chat: group.clone(), message_id: None }).await;
    assert_eq!((marked.marked_count, unread(&shop, &group).await), (2, 0));
    until("Ada's receipt", || async { read(&stage.sim, ada.user()).await.contains(&from_ada) }).await;
    until("Bob's receipt", || async { read(&stage.sim, bob.user()).await.contains(&from_bob) }).await;
    stage.end().await;
}
