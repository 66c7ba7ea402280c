//! What phones know of messages outlives the network, and the own companions have it too.

use whatsapp_rust::features::PollVoteCiphertext;
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_sim::{Content, FileKind, Outgoing, PhoneMessage, Sim, SimConfig};

use super::{Two, lid, sees, shown};
use crate::client::{SEED, TestClient, all_understood, network, phone};

#[tokio::test]
async fn polls_quotations_and_timers_outlive_the_network() {
    let directory = tempfile::tempdir().unwrap();
    let start = || {
        let data_dir = Some(directory.path().to_owned());
        Sim::start(SimConfig { key_seed: SEED, data_dir, ..SimConfig::default() })
    };
    let sim = start().await.unwrap();
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let options: Vec<String> = ["now", "later"].map(str::to_owned).into();
    let poll = Content::Poll { name: "When?".to_owned(), options, selectable: 1 };
    let poll = sim.phone_sends(&bob, &ada, poll.into()).await.unwrap();
    let voice = sim.phone_sends(&bob, &ada, Outgoing::file(FileKind::Voice, vec![3; 99])).await.unwrap();
    sim.phone_sends(&bob, &ada, Content::Timer { seconds: 86_400 }.into()).await.unwrap();
    let loaded = |message: &PhoneMessage| message.details.file.as_ref().is_some_and(|file| file.loaded.is_some());
    for number in [&ada, &bob] {
        sees(&sim, number, &voice, loaded).await;
    }
    let before = sim.phone_messages(&ada).await.unwrap();
    sim.shutdown().await;

    let sim = start().await.unwrap();
    assert_eq!(sim.phone_messages(&ada).await.unwrap(), before);
    let vote = Content::Vote { id: poll.clone(), options: vec!["later".to_owned()] };
    sim.phone_sends(&ada, &bob, vote.into()).await.unwrap();
    let voters = shown(&sim, &bob, &poll).await.details.poll.unwrap().options[1].voters.clone();
    assert_eq!(voters, [ada.as_str()], "the secret was kept on both phones");
    let answer = sim.phone_sends(&ada, &bob, Outgoing::text("heard it").quoting(&voice)).await.unwrap();
    let details = shown(&sim, &bob, &answer).await.details;
    assert_eq!((details.quoted.unwrap().kind.as_deref(), details.expires_after), (Some("audio"), Some(86_400)));
    assert_eq!(sim.phone_media(&ada, &voice).await.unwrap().content, vec![3; 99]);
    all_understood(&sim).await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_linked_later_learns_of_every_kind() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let text = sim.phone_send(&bob, &ada, "helo").await.unwrap();
    let edit = Content::Edit { id: text.clone(), text: "hello".to_owned() };
    sim.phone_sends(&bob, &ada, edit.into()).await.unwrap();
    let image = sim.phone_sends(&bob, &ada, Outgoing::file(FileKind::Image, vec![5; 500])).await.unwrap();
    let gone = sim.phone_send(&bob, &ada, "gone").await.unwrap();
    sim.phone_sends(&bob, &ada, Content::Revoke { id: gone }.into()).await.unwrap();
    let options: Vec<String> = ["now", "later"].map(str::to_owned).into();
    let poll = Content::Poll { name: "When?".to_owned(), options, selectable: 1 };
    let poll = sim.phone_sends(&ada, &bob, poll.into()).await.unwrap();

    let mut client = TestClient::fresh(&sim).await;
    let code = client.code().await;
    sim.scan(&ada, &code).await.unwrap();
    let past = client.expect("the past", |event| match event {
        Event::HistorySync(past) => past.get().filter(|past| !past.conversations.is_empty()).cloned(),
        _ => None,
    });
    let past = past.await;
    let messages = &past.conversations[0].messages;
    let message = |id: &str| {
        let infos = messages.iter().filter_map(|entry| entry.message.as_option());
        let mut with_id = infos.filter(|info| info.key.as_option().unwrap().id.as_deref() == Some(id));
        with_id.next().and_then(|info| info.message.as_option()).expect("it is part of the past")
    };
    assert_eq!(message(&text).text_content(), Some("hello"), "as it was edited");
    assert!(message(&poll).poll_creation_message_v3.is_set());
    let picture = message(&image).image_message.as_option().unwrap();
    assert_eq!(client.client.download(picture).await.unwrap(), vec![5; 500]);
    assert_eq!(messages.len(), 3, "neither what was deleted, nor what only changed another");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_companion_has_what_its_phone_sends() {
    let mut two = Two::meet().await;
    let options: Vec<String> = ["now", "later"].map(str::to_owned).into();
    let poll = Content::Poll { name: "When?".to_owned(), options: options.clone(), selectable: 1 };
    let poll = two.sim.phone_sends(&two.ada, &two.bob, poll.into()).await.unwrap();
    let (info, message) = two.client.message(&poll).await;
    assert!(info.source.is_from_me && info.source.chat == lid(&two.sim, &two.bob).await, "{:?}", info.source);
    let secret = message.message_context_info.as_option().unwrap().message_secret.clone().unwrap();

    let vote = Content::Vote { id: poll.clone(), options: vec!["now".to_owned()] };
    let (voted, message) = two.bob_sends(vote).await;
    let vote = message.poll_update_message.as_option().unwrap().vote.as_option().unwrap();
    let sealed = PollVoteCiphertext {
        enc_payload: vote.enc_payload.as_deref().unwrap(),
        enc_iv: vote.enc_iv.as_deref().unwrap(),
    };
    let polls = two.client.client.polls();
    let creator = lid(&two.sim, &two.ada).await;
    let ballots = [(&voted.source.sender, sealed)];
    let tally = polls.aggregate_votes(&options, &ballots, &secret, &poll, &creator).await.unwrap();
    assert_eq!(tally.iter().map(|option| option.voters.len()).collect::<Vec<_>>(), [1, 0]);

    let picture = Outgoing::file(FileKind::Image, vec![9; 900]).once();
    let picture = two.sim.phone_sends(&two.ada, &two.bob, picture).await.unwrap();
    let (info, message) = two.client.message(&picture).await;
    assert!(info.source.is_from_me && message.is_view_once());
    let image = message.get_base_message().image_message.as_option().unwrap();
    assert_eq!(two.client.client.download(image).await.unwrap(), vec![9; 900]);
    all_understood(&two.sim).await;
}
