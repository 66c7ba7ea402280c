//! What a companion learns of the past: at once, in chunks, and when it asks.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::collections::BTreeSet;
use std::sync::Arc;

use waproto::whatsapp as wa;
use waproto::whatsapp::history_sync::HistorySyncType;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore::types::message::MessageInfo;
use whatsapp_sim::Sim;

use crate::client::{TestClient, all_understood, network, phone};

/// More than a companion learns without asking.
const MESSAGES: usize = 230;
/// So long that a chunk has no room inside its notification.
const LONG: usize = 1_000;

/// One event, read.
struct Chunk {
    kind: HistorySyncType,
    order: Option<u32>,
    progress: Option<u32>,
    session: Option<String>,
    conversations: Vec<wa::Conversation>,
}

impl Chunk {
    fn of(event: &Event) -> Option<Self> {
        let Event::HistorySync(history) = event else { return None };
        let content = history.get().unwrap();
        Some(Self {
            kind: content.sync_type,
            order: history.chunk_order(),
            progress: history.progress(),
            session: history.peer_data_request_session_id().map(str::to_owned),
            conversations: content.conversations.clone(),
        })
    }

    /// The messages of all its conversations, as they stand there.
    fn messages(&self) -> Vec<&wa::WebMessageInfo> {
        let entries = self.conversations.iter().flat_map(|conversation| &conversation.messages);
        entries.filter_map(|entry| entry.message.as_option()).collect()
    }

    fn ids(&self) -> Vec<String> {
        self.messages().iter().map(|message| message.key.as_option().unwrap().id.clone().unwrap()).collect()
    }
}

async fn linking(sim: &Sim, number: &str) -> TestClient {
    let mut client = TestClient::fresh(sim).await;
    let code = client.code().await;
    sim.scan(number, &code).await.unwrap();
    client
}

/// What comes until the past is complete, without the names.
async fn past(client: &mut TestClient) -> Vec<Chunk> {
    let (mut chunks, mut names) = (Vec::new(), false);
    client
        .expect("the past", |event| {
            names |= matches!(event, Event::HistorySync(history) if history.sync_type() == HistorySyncType::PUSH_NAME as i32);
            chunks.extend(Chunk::of(event).filter(|chunk| chunk.kind != HistorySyncType::PUSH_NAME));
            // A client works on several chunks at once; the one that says that it is the last need not come last.
            let last = chunks.iter().find(|chunk: &&Chunk| chunk.progress == Some(100));
            let recent = chunks.iter().filter(|chunk| chunk.kind == HistorySyncType::RECENT).count();
            let expected = last.map(|last| match last.kind {
                HistorySyncType::RECENT => last.order.map_or(0, |order| order as usize + 1),
                _ => 0,
            });
            (names && expected == Some(recent) && chunks.len() == recent + 1).then_some(())
        })
        .await;
    chunks.sort_by_key(|chunk| (chunk.kind == HistorySyncType::RECENT, chunk.order));
    chunks
}

/// A companion may ask its phone for one message that it could not read.
#[tokio::test(flavor = "multi_thread")]
async fn a_companion_gets_what_it_missed_from_its_phone() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    sim.phone_send(&bob, &ada, "once more").await.unwrap();
    let missed = Arc::new(client.text("once more").await);
    let nothing = Arc::new(MessageInfo { id: "NOSUCHMESSAGE".to_owned(), ..(*missed).clone() });
    client.client.send_pdo_placeholder_resend_request(&nothing).await.unwrap();
    client.client.send_pdo_placeholder_resend_request(&missed).await.unwrap();
    let info = client.text("once more").await;
    assert_eq!((&info.id, &info.source.chat), (&missed.id, &missed.source.chat));
    assert!(info.unavailable_request_id.is_some(), "it comes from the phone");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_past_comes_in_chunks_and_older_ones_on_demand() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut said = Vec::new();
    for number in 0..MESSAGES {
        said.push(sim.phone_send(&bob, &ada, &format!("{number} {}", "x".repeat(LONG))).await.unwrap());
    }
    let mut client = linking(&sim, &ada).await;
    let chunks = past(&mut client).await;
    let kinds: Vec<_> = chunks.iter().map(|chunk| chunk.kind).collect();
    assert_eq!(kinds, [HistorySyncType::INITIAL_BOOTSTRAP, HistorySyncType::RECENT, HistorySyncType::RECENT]);
    assert_eq!(chunks.iter().map(|chunk| chunk.messages().len()).collect::<Vec<_>>(), [20, 100, 80]);
    assert_eq!((chunks[1].order, chunks[1].progress, chunks[2].order), (Some(0), Some(50), Some(1)));
    assert_eq!(sim.expire_media(None).unwrap(), 2, "the first one came inline, the two large ones from the media host");
    // The newest first, all of them once.
    let learnt: Vec<String> = chunks.iter().flat_map(Chunk::ids).collect();
    assert!(learnt.iter().eq(said.iter().rev().take(200)), "the past is not what was said");

    let oldest = chunks[2].messages().last().map(|message| (*message).clone()).unwrap();
    let chat = chunks[2].conversations[0].id.parse().unwrap();
    let stamp = i64::try_from(oldest.message_timestamp.unwrap()).unwrap() * 1000;
    let mut id = learnt[199].clone();
    let mut rest = Vec::new();
    for (count, complete) in [(20, false), (50, true)] {
        let request = client.client.fetch_message_history(&chat, &id, false, stamp, count).await.unwrap();
        let asked = |event: &Event| Chunk::of(event).filter(|chunk| chunk.kind == HistorySyncType::ON_DEMAND);
        let answer = client.expect("what is older", asked).await;
        assert_eq!(answer.session, Some(request));
        assert_eq!(answer.conversations[0].end_of_history_transfer, Some(complete));
        rest.extend(answer.ids());
        id.clone_from(rest.last().unwrap());
    }
    assert!(rest.iter().eq(said.iter().rev().skip(200)), "not what is older: {rest:?}");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_past_comes_at_once_with_every_chat() {
    let sim = network().await;
    let (ada, bob, cid) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await, phone(&sim, "Cid").await);
    for other in [&bob, &cid] {
        sim.phone_send(other, &ada, "hello").await.unwrap();
        sim.phone_send(&ada, other, "hello to you").await.unwrap();
    }
    let mut client = linking(&sim, &ada).await;
    let chunks = past(&mut client).await;
    let [chunk] = &chunks[..] else { panic!("one chunk") };
    let names: BTreeSet<_> = chunk.conversations.iter().filter_map(|chat| chat.name.as_deref()).collect();
    assert_eq!(names, ["Bob", "Cid"].into());
    assert_eq!(chunk.messages().len(), 4);
    assert!(chunk.conversations.iter().all(|chat| chat.end_of_history_transfer == Some(true)));
    all_understood(&sim).await;
}
