use super::*;
use crate::sim::Place;

fn about(id: &str) -> MessageRef {
    MessageRef { chat: "6281200000001@s.whatsapp.net".to_owned(), id: id.to_owned(), from_me: false, participant: None }
}

fn says(message: &wa::Message) -> (&'static str, Option<String>) {
    let Summary { kind, text } = summary(message);
    (kind, text)
}

#[test]
fn every_builder_is_recognised_by_the_summary() {
    let words = |text: &str| Some(text.to_owned());
    assert_eq!(says(&text("hello")), ("text", words("hello")));
    let quoting = quoted_text("yes", "A1", "6281200000001@s.whatsapp.net", &text("really?"));
    assert_eq!(says(&quoting), ("text", words("yes")));
    assert_eq!(says(&reaction(about("A1"), "👍", 1)), ("reaction", words("👍")));
    assert_eq!(says(&reaction(about("A1"), "", 1)), ("reaction", None));
    assert_eq!(says(&delete(about("A1"))), ("delete", None));
    assert_eq!(says(&edit(about("A1"), text("better"), 1)), ("edit", words("better")));
    assert_eq!(says(&wa::Message::default()), ("unknown", None));
}

#[test]
fn captions_and_file_names_are_the_text_of_media() {
    let image = wa::Message {
        image_message: MessageField::some(wa::message::ImageMessage {
            caption: Some("sunset".to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_eq!(says(&image), ("image", Some("sunset".to_owned())));
    let document = wa::Message {
        document_message: MessageField::some(wa::message::DocumentMessage {
            file_name: Some("report.pdf".to_owned()),
            caption: Some(String::new()),
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_eq!(says(&document), ("document", Some("report.pdf".to_owned())));
}

#[test]
fn a_quotation_carries_the_quoted_message() {
    let message = quoted_text("yes", "A1", "6281200000001@s.whatsapp.net", &text("really?"));
    let context = message.extended_text_message.as_option().unwrap().context_info.as_option().unwrap();
    assert_eq!(context.stanza_id.as_deref(), Some("A1"));
    assert_eq!(context.participant.as_deref(), Some("6281200000001@s.whatsapp.net"));
    let quoted = context.quoted_message.as_option().unwrap();
    assert_eq!(summary(quoted).text.as_deref(), Some("really?"));
}

#[test]
fn own_copies_are_wrapped_and_unwrapped() {
    let copy = device_sent("6281200000002@s.whatsapp.net", text("hi"));
    assert_eq!(says(&copy), ("text", Some("hi".to_owned())), "the summary looks through the wrapper");
    let (destination, inner) = unwrap_device_sent(copy);
    assert_eq!(destination.as_deref(), Some("6281200000002@s.whatsapp.net"));
    assert_eq!(inner, text("hi"));

    let (destination, same) = unwrap_device_sent(text("hi"));
    assert_eq!((destination, same), (None, text("hi")));
}

#[test]
fn a_key_share_names_key_and_devices() {
    let own = AppStateKey {
        id: b"\0\0\0\0\0\x01",
        data: [7; 32],
        raw_id: 9,
        current_index: 2,
        device_indexes: &[0, 1, 2],
        timestamp_ms: 5,
    };
    let message = app_state_key_share(&own, [&b"lost"[..]].into_iter());
    assert_eq!(says(&message), ("protocol", None));
    let content = message.protocol_message.as_option().unwrap();
    let [key, lost] = &content.app_state_sync_key_share.as_option().unwrap().keys[..] else { panic!("two keys") };
    assert_eq!(lost.key_id.as_option().unwrap().key_id.as_deref(), Some(&b"lost"[..]));
    assert!(lost.key_data.as_option().is_none(), "named, and not there");
    let data = key.key_data.as_option().unwrap();
    assert_eq!(key.key_id.as_option().unwrap().key_id.as_deref(), Some(&b"\0\0\0\0\0\x01"[..]));
    assert_eq!(data.key_data.as_deref(), Some(&[7; 32][..]));
    assert_eq!(data.fingerprint.as_option().unwrap().device_indexes, [0, 1, 2]);
}

#[test]
fn what_no_phone_would_send_is_refused() {
    let long = |length: usize| "x".repeat(length);
    let poll = |options: &[&str], selectable: u32| Content::Poll {
        name: "?".to_owned(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        selectable,
    };
    let place = |latitude: f64| Content::Location(Place { latitude, ..Place::default() });
    let right: [Outgoing; 8] = [
        Outgoing::text(&long(65_536)),
        poll(&["a", "b"], 0).into(),
        poll(&["a", "b"], 2).into(),
        place(-90.0).into(),
        Outgoing::file(FileKind::Image, vec![1]).once(),
        Outgoing::file(FileKind::Voice, vec![1]).once_on_phones(),
        Content::Timer { seconds: 0 }.into(),
        Content::Reaction { id: "A1".to_owned(), emoji: String::new() }.into(),
    ];
    for outgoing in right {
        assert_eq!(outgoing.check(), Ok(()), "{outgoing:?}");
    }
    let wrong: [Outgoing; 13] = [
        Outgoing::text(""),
        Outgoing::text(&long(65_537)),
        poll(&["a"], 0).into(),
        poll(&["a", "a"], 0).into(),
        poll(&["a", "b"], 3).into(),
        place(90.1).into(),
        place(f64::NAN).into(),
        Content::Contacts(Vec::new()).into(),
        Outgoing::text("a").once(),
        Outgoing::file(FileKind::Document, vec![1]).once(),
        Outgoing::file(FileKind::Document, Vec::new()),
        Outgoing::from(Content::Revoke { id: "A1".to_owned() }).quoting("A2"),
        Outgoing::text("a").expiring(u32::MAX),
    ];
    for outgoing in wrong {
        assert!(matches!(outgoing.check(), Err(MessageError::Bad(_))), "{outgoing:?}");
    }
}

#[test]
fn words_change_inside_of_wrappers_and_nothing_else_does() {
    let mut message = in_ephemeral_wrapper(with_secret(quoted_text("one", "A1", "1@lid", &text("?"))));
    let before = message.clone();
    assert!(reword(&mut message, "two"));
    assert_eq!(says(&message), ("text", Some("two".to_owned())));
    assert!(reword(&mut message, "one"));
    assert_eq!(message, before);
    assert!(!reword(&mut pin(about("A1"), 1, 1), "two"), "a pin has no words");
}

#[test]
fn votes_open_for_those_between_whom_they_are() {
    let secret = message_secret(&with_secret(text("?"))).map(<[u8]>::to_vec);
    let secret = secret.expect("every message has one");
    let between = || Between { original: "1@lid".to_owned(), later: "2@lid".to_owned() };
    let options = ["a".to_owned(), "b".to_owned()];
    let sealed = vote(about("A1"), &secret, &options[..1], &between(), 1).unwrap();
    let update = sealed.poll_update_message.as_option().unwrap();
    let opened = open_vote(update, &secret, &[between()]).unwrap();
    let creation =
        compose(&Content::Poll { name: "?".to_owned(), options: options.into(), selectable: 1 }, None, false);
    assert_eq!(chosen(poll_of(&creation.unwrap()).unwrap(), &opened), ["a"]);
    let others = Between { later: "3@lid".to_owned(), ..between() };
    assert_eq!(open_vote(update, &secret, &[others]), None);
}
