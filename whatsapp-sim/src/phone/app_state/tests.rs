use super::*;
use crate::phone::content::MessageRef;

const NAME: &str = "regular_low";
const CHAT: &str = "100000000000002@lid";

/// Writes an action and reads it back as the server would stamp it.
fn put(replica: &mut Replica, keys: &Keys, action: &Action) -> Vec<u8> {
    let version = replica.version() + 1;
    let mut patch = codec::syncd_patch_decode(&replica.write(NAME, keys, action).unwrap()).unwrap();
    patch.version = MessageField::some(wa::SyncdVersion { version: Some(version) });
    let patch = codec::syncd_patch_to_vec(&patch);
    replica.read(NAME, keys, version, &patch).unwrap();
    patch
}

#[test]
fn what_is_written_is_read_and_later_values_replace_earlier_ones() {
    let keys = Keys::new(b"key", &[1; 32]);
    let mut replica = Replica::default();
    put(&mut replica, &keys, &Action::archive(CHAT, true, 1));
    put(&mut replica, &keys, &Action::pin(CHAT, true, 2));
    put(&mut replica, &keys, &Action::mute(CHAT, true, Some(99), 3));
    put(&mut replica, &keys, &Action::archive(CHAT, false, 4));
    let star = MessageRef { chat: CHAT.to_owned(), id: "M".to_owned(), from_me: true, participant: None };
    put(&mut replica, &keys, &Action::star(&star, true, 5));
    put(&mut replica, &keys, &Action::label("7", "Friends", 3, false, 6));
    put(&mut replica, &keys, &Action::label_chat("7", CHAT, true, 7));
    let settings = Settings::of([(&NAME.to_owned(), &replica)], str::to_owned);
    assert_eq!(settings.versions[NAME], 7);
    let chat = &settings.chats[0];
    assert_eq!((chat.archived, chat.pinned, chat.muted, chat.muted_until), (false, true, true, Some(99)));
    assert_eq!(chat.labels, ["7"]);
    assert_eq!((settings.starred[0].message_id.as_str(), settings.starred[0].from_me), ("M", true));
    assert_eq!(settings.labels, [Label { id: "7".to_owned(), name: "Friends".to_owned(), color: 3 }]);
    assert_eq!(replica.macs.len(), 6, "one value per index");
}

#[test]
fn a_patch_of_another_key_is_passed_over_and_counted_by_the_caller() {
    let keys = Keys::new(b"key", &[1; 32]);
    let mut replica = Replica::default();
    put(&mut replica, &keys, &Action::archive(CHAT, true, 1));
    let foreign = Keys::new(b"key", &[2; 32]);
    let patch = put(&mut Replica::default(), &foreign, &Action::archive(CHAT, false, 1));
    assert!(replica.read(NAME, &keys, 2, &patch).is_err());
    assert_eq!(replica.version(), 2);
    let settings = Settings::of([(&NAME.to_owned(), &replica)], str::to_owned);
    assert!(settings.chats[0].archived);
}
