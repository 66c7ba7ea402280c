use wacore::history_sync::HistorySyncStream;

use super::*;
use crate::phone::content;

fn unpack(message: &wa::Message) -> (Kind, Vec<wa::Conversation>, wa::HistorySync) {
    let content = message.protocol_message.as_option().unwrap();
    let notification = content.history_sync_notification.as_option().unwrap();
    let packed = notification.initial_hist_bootstrap_inline_payload.as_deref().unwrap();
    let mut stream = HistorySyncStream::new(packed, 1 << 24);
    let mut conversations = Vec::new();
    while let Some(conversation) = stream.next_conversation().unwrap() {
        conversations.push(conversation);
    }
    (notification.sync_type.unwrap(), conversations, stream.remainder().unwrap())
}

fn past(id: &str, timestamp: u64, words: &str) -> PastMessage {
    PastMessage {
        about: MessageRef {
            chat: "100000000000002@lid".to_owned(),
            id: id.to_owned(),
            from_me: false,
            participant: None,
        },
        push_name: Some("Sari".to_owned()),
        timestamp,
        message: content::text(words),
    }
}

fn with_messages(messages: Vec<PastMessage>) -> Vec<PastConversation> {
    vec![PastConversation {
        chat: "100000000000002@lid".to_owned(),
        pn_and_lid: Some(("6281200000002@s.whatsapp.net".to_owned(), "100000000000002@lid".to_owned())),
        name: Some("Sari".to_owned()),
        unread: 1,
        complete: true,
        messages,
    }]
}

#[test]
fn the_client_librarys_reader_finds_conversations_newest_first() {
    let place = Place { kind: Kind::RECENT, order: 3, progress: 40 };
    let packed = conversations(place, with_messages(vec![past("A1", 10, "older"), past("A2", 20, "newer")]));
    let (kind, found, rest) = unpack(&notification(place, Packed::Inline(packed), None));
    assert_eq!((kind, rest.sync_type), (Kind::RECENT, Content::RECENT));
    assert_eq!((rest.chunk_order, rest.progress), (Some(3), Some(40)));
    assert_eq!(rest.phone_number_to_lid_mappings.len(), 1);
    let [conversation] = &found[..] else { panic!("one conversation") };
    assert_eq!(conversation.id, "100000000000002@lid");
    assert_eq!(conversation.conversation_timestamp, Some(20));
    let texts = conversation.messages.iter().map(|entry| {
        let info = entry.message.as_option().unwrap();
        content::summary(info.message.as_option().unwrap()).text.unwrap()
    });
    assert_eq!(texts.collect::<Vec<_>>(), ["newer", "older"]);
}

#[test]
fn push_names_arrive() {
    let place = Place { kind: Kind::PUSH_NAME, order: 0, progress: 100 };
    let packed = push_names([("6281200000002@s.whatsapp.net".to_owned(), "Sari".to_owned())]);
    let (kind, _, rest) = unpack(&notification(place, Packed::Inline(packed), None));
    assert_eq!(kind, Kind::PUSH_NAME);
    assert_eq!(rest.pushnames[0].pushname.as_deref(), Some("Sari"));
}
