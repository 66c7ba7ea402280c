//! Messages of every kind from scenario files: on a timeline, in answers, and in the past. A client gets each.

use std::fmt::Write as _;
use std::fs;

use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::protocol_message;
use whatsapp_sim::{Loaded, Scenario, Sim};

use super::{Two, sees, shown};
use crate::client::{TestClient, all_understood, jid};

/// What the client finds where a kind of message has its place.
type Look = fn(&wa::Message) -> bool;

/// A timeline in which Bob sends a message of each kind to Ada, one a millisecond, and what the client has to see.
const KINDS: [(&str, Look); 24] = [
    ("text = 'one', as = 'one'", |got| got.text_content() == Some("one")),
    ("text = 'for @Ada', quote = 'one', mentions = ['Ada'], forwarded = true", |got| {
        let Some(text) = got.extended_text_message.as_option() else { return false };
        let Some(context) = text.context_info.as_option() else { return false };
        let named = text.text.as_deref().is_some_and(|text| text.starts_with("for @62812"));
        named && context.stanza_id.is_some() && context.mentioned_jid.len() == 1 && context.is_forwarded == Some(true)
    }),
    ("text = 'see https://example.com', link = { url = 'https://example.com', title = 'Example' }", |got| {
        got.extended_text_message.as_option().is_some_and(|text| text.title.as_deref() == Some("Example"))
    }),
    ("image = { file = 'sea.jpg', caption = 'sea' }", |got| {
        got.image_message.as_option().is_some_and(|image| image.caption.as_deref() == Some("sea"))
    }),
    ("video = { file = 'sea.jpg', seconds = 2 }", |got| {
        got.video_message.as_option().is_some_and(|video| video.seconds == Some(2))
    }),
    ("video = { file = 'sea.jpg', gif = true }", |got| {
        got.video_message.as_option().is_some_and(|video| video.gif_playback == Some(true))
    }),
    ("video = { file = 'sea.jpg', note = true }", |got| got.ptv_message.is_set()),
    ("audio = { data = 'T2dnUw==' }", |got| got.audio_message.as_option().is_some_and(|audio| audio.ptt != Some(true))),
    ("audio = { file = 'sea.jpg', voice = true, seconds = 3 }", |got| {
        got.audio_message.as_option().is_some_and(|audio| audio.ptt == Some(true))
    }),
    ("document = { file = 'sea.jpg', fileName = 'plan.pdf', caption = 'read it' }", |got| {
        got.document_message.as_option().is_some_and(|plan| plan.caption.as_deref() == Some("read it"))
    }),
    ("sticker = { file = 'sea.jpg', animated = true }", |got| {
        got.sticker_message.as_option().is_some_and(|sticker| sticker.is_animated == Some(true))
    }),
    ("location = { latitude = -7, longitude = 110.36, name = 'Tugu' }", |got| {
        got.location_message.as_option().is_some_and(|place| place.degrees_latitude == Some(-7.0))
    }),
    ("contacts = [{ name = 'Cy', vcard = 'BEGIN:VCARD' }]", |got| got.contact_message.is_set()),
    ("poll = { name = 'When?', options = ['now', 'later'] }, as = 'poll'", |got| got.poll_creation_message_v3.is_set()),
    ("vote = { id = 'poll', options = ['later'] }", |got| got.poll_update_message.is_set()),
    ("event = { name = 'Tea', start = 1800000000 }, as = 'tea'", |got| got.event_message.is_set()),
    ("respond = { id = 'tea', answer = 'maybe' }", |got| got.enc_event_response_message.is_set()),
    ("reaction = { id = 'one', emoji = '👍' }", |got| got.reaction_message.is_set()),
    ("edit = { id = 'one', text = 'uno' }", |got| is(got, protocol_message::Type::MESSAGE_EDIT)),
    ("pin = { id = 'one' }", |got| got.pin_in_chat_message.is_set()),
    ("keep = { id = 'one' }", |got| got.keep_in_chat_message.is_set()),
    ("revoke = { id = 'one' }", |got| is(got, protocol_message::Type::REVOKE)),
    ("timer = 86400", |got| is(got, protocol_message::Type::EPHEMERAL_SETTING)),
    ("invite = { group = 'Chess' }", |got| got.group_invite_message.is_set()),
];

fn is(message: &wa::Message, kind: protocol_message::Type) -> bool {
    message.protocol_message.as_option().is_some_and(|protocol| protocol.r#type == Some(kind))
}

/// A scenario from a folder with a file in it.
fn scenario(text: &str) -> Scenario {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sea.jpg"), "the sea").unwrap();
    let path = folder.path().join("network.toml");
    fs::write(&path, text).unwrap();
    Scenario::read(&path).unwrap()
}

impl TestClient {
    /// The next messages of others, without what wraps them.
    async fn next(&mut self, count: usize) -> Vec<wa::Message> {
        let mut came = Vec::new();
        self.expect("all messages", |event| {
            let of_others = event.messages().filter(|inbound| !inbound.info.source.is_from_me);
            came.extend(of_others.map(|inbound| (*inbound.message).clone().into_base_message()));
            (came.len() >= count).then_some(())
        })
        .await;
        came
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_has_messages_of_every_kind() {
    let mut two = Two::meet().await;
    let mut text = "groups = [{ subject = 'Chess', founder = 'Bob' }]\n".to_owned();
    for (at, (step, _)) in KINDS.iter().enumerate() {
        write!(text, "[[timeline]]\nafterMs = {at}\nsend = {{ from = 'Bob', to = 'Ada', {step} }}\n").unwrap();
    }
    two.sim.load_scenario(&scenario(&text)).await.unwrap();
    for ((step, looks), got) in KINDS.into_iter().zip(two.client.next(KINDS.len()).await) {
        assert!(looks(&got), "{step} came as {got:?}");
        if let Some(image) = got.image_message.as_option() {
            assert_eq!(two.client.client.download(image).await.unwrap(), b"the sea");
        }
    }
    let once =
        "[[timeline]]\nafterMs = 0\nsend = { from = 'Bob', to = 'Ada', image = { file = 'sea.jpg' }, viewOnce = true }";
    two.sim.load_scenario(&scenario(once)).await.unwrap();
    let opened = |event: &Event| event.messages().next().map(|inbound| inbound.message.is_view_once());
    assert!(two.client.expect("the picture for one view", opened).await);
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_answers_with_messages_of_every_kind() {
    let mut two = Two::meet().await;
    let answers = r"
        [[people]]
        name = 'Bob'
        [[people.replies]]
        say = [
            { text = 'you said {text}', quote = '{id}' },
            { reaction = { id = '{id}', emoji = '👍' } },
            { image = { file = 'sea.jpg', caption = '{text}!' }, as = 'picture' },
            { audio = { file = 'sea.jpg', voice = true } },
            { poll = { name = 'When?', options = ['now', 'later'] }, as = 'poll' },
            { vote = { id = 'poll', options = ['now'] } },
            { location = { latitude = 1, longitude = 2 } },
            { edit = { id = 'picture', text = 'sea' } },
            { revoke = { id = 'poll' } },
            'that is all',
        ]
    ";
    two.sim.load_scenario(&scenario(answers)).await.unwrap();
    let question = two.client.send(&jid(&two.bob), "hello").await;
    let looks: [Look; 10] = [
        |got| got.text_content() == Some("you said hello") && got.extended_text_message.is_set(),
        |got| got.reaction_message.is_set(),
        |got| got.image_message.as_option().is_some_and(|image| image.caption.as_deref() == Some("hello!")),
        |got| got.audio_message.as_option().is_some_and(|audio| audio.ptt == Some(true)),
        |got| got.poll_creation_message_v3.is_set(),
        |got| got.poll_update_message.is_set(),
        |got| got.location_message.is_set(),
        |got| is(got, protocol_message::Type::MESSAGE_EDIT),
        |got| is(got, protocol_message::Type::REVOKE),
        |got| got.text_content() == Some("that is all"),
    ];
    for (nth, (looks, got)) in looks.into_iter().zip(two.client.next(looks.len()).await).enumerate() {
        assert!(looks(&got), "{nth}: {got:?}");
        let about = got.extended_text_message.as_option().and_then(|text| text.context_info.as_option());
        if let Some(about) = about.filter(|_| nth == 0) {
            assert_eq!(about.stanza_id.as_deref(), Some(question.as_str()));
        }
        if let Some(image) = got.image_message.as_option() {
            assert_eq!(two.client.client.download(image).await.unwrap(), b"the sea");
        }
    }
    let reacted = two.bob_sees(&question, |message| !message.details.reactions.is_empty()).await;
    assert_eq!(reacted.details.reactions[0].emoji, "👍");
    assert_eq!(two.sim.replies(&two.bob).await.unwrap()[0].say.len(), 10);
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_has_messages_of_every_kind_and_a_companion_learns_them() {
    let past = scenario(
        "
        people = [{ name = 'Ada' }, { name = 'Bob' }]
        groups = [{ subject = 'Chess', founder = 'Bob', members = ['Ada'] }]
        history = [
            { from = 'Bob', to = 'Ada', minutesAgo = 9, text = 'one', as = 'one' },
            { from = 'Ada', to = 'Bob', minutesAgo = 8, reaction = { id = 'one', emoji = 'x' } },
            { from = 'Bob', to = 'Ada', minutesAgo = 7, edit = { id = 'one', text = 'uno' } },
            { from = 'Ada', to = 'Bob', minutesAgo = 6, text = 'yes', quote = 'one' },
            { from = 'Bob', to = 'Ada', minutesAgo = 5, image = { file = 'sea.jpg', caption = 'sea' } },
            { from = 'Bob', to = 'Chess', minutesAgo = 4, poll = { name = 'When?', options = ['a', 'b'] }, as = 'poll' },
            { from = 'Ada', to = 'Chess', minutesAgo = 3, vote = { id = 'poll', options = ['b'] } },
            { from = 'Ada', to = 'Bob', minutesAgo = 2, text = 'wrong', as = 'wrong' },
            { from = 'Ada', to = 'Bob', minutesAgo = 1, revoke = { id = 'wrong' } },
        ]",
    );
    let sim = crate::client::network().await;
    let loaded = sim.load_scenario(&past).await.unwrap();
    assert_eq!(loaded, Loaded { people: 2, groups: 1, messages: 9, faults: 0 });
    assert_eq!(sim.load_scenario(&past).await.unwrap(), Loaded::default());
    let (ada, bob) = (number(&sim, "Ada").await, number(&sim, "Bob").await);
    for phone in [&ada, &bob] {
        let said = sim.phone_messages(phone).await.unwrap();
        assert_eq!(said.len(), 9);
        assert!(said[0].details.edited && said[0].text.as_deref() == Some("uno"));
        assert_eq!(said[0].details.reactions[0].from, ada);
        assert_eq!(said[3].details.quoted.as_ref().unwrap().id, said[0].id);
        let poll = said[5].details.poll.as_ref().unwrap();
        assert_eq!(poll.options[1].voters.as_slice(), std::slice::from_ref(&ada));
        assert_eq!(said[7].details.deleted_by.as_ref(), Some(&ada));
    }
    let picture = shown(&sim, &ada, &sim.phone_messages(&ada).await.unwrap()[4].id).await;
    let loaded =
        sees(&sim, &ada, &picture.id, |seen| seen.details.file.as_ref().is_some_and(|file| file.loaded.is_some()));
    loaded.await;
    assert_eq!(sim.phone_media(&ada, &picture.id).await.unwrap().content, b"the sea");

    let mut client = TestClient::fresh(&sim).await;
    let code = client.code().await;
    sim.scan(&ada, &code).await.unwrap();
    let image = client
        .expect("the past", |event| {
            let Event::HistorySync(history) = event else { return None };
            let conversations = &history.get()?.conversations;
            let told: Vec<wa::Message> = conversations
                .iter()
                .flat_map(|chat| &chat.messages)
                .filter_map(|entry| entry.message.as_option()?.message.as_option().cloned())
                .collect();
            let image = told.iter().find_map(|message| message.image_message.as_option().cloned())?;
            assert!(told.iter().any(|message| message.poll_creation_message_v3.is_set()), "{told:?}");
            assert!(told.iter().any(|message| message.text_content() == Some("uno")), "{told:?}");
            Some(image)
        })
        .await;
    assert_eq!(client.client.download(&image).await.unwrap(), b"the sea");
    all_understood(&sim).await;
}

/// The number of a person.
async fn number(sim: &Sim, name: &str) -> String {
    sim.phones().await.into_iter().find(|phone| phone.name == name).unwrap().number
}
