//! Words, places, cards and polls, both ways.

use whatsapp_rust::features::PollVoteCiphertext;
use whatsapp_rust::wacore::poll::compute_option_hash;
use whatsapp_rust::wacore::proto_helpers::{MessageBuilderExt as _, MessageExt as _, build_quote_context};
use whatsapp_rust::waproto::buffa::MessageField;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::{ContactMessage, ContactsArrayMessage, LocationMessage};
use whatsapp_sim::{ContactCard, Content, LinkPreview, MessageDetails, Outgoing, Place, Poll, PollOption, Quoted};

use super::{Two, lid, nothing, shown};
use crate::client::{all_understood, jid};

fn place(live: bool) -> Place {
    let address = (!live).then(|| "Jl. Malioboro".to_owned());
    Place { latitude: -7.79, longitude: 110.36, name: Some("Tugu".to_owned()), address, live }
}

fn card(name: &str) -> ContactCard {
    let vcard = format!("BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL;waid=6281200000199:+62 812-0000-0199\nEND:VCARD");
    ContactCard { name: name.to_owned(), vcard }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_quotes_mentions_previews_and_forwards() {
    let mut two = Two::meet().await;
    let question = two.client.send(&jid(&two.bob), "where?").await;
    shown(&two.sim, &two.bob, &question).await;
    let mention = format!("at the market, @{}", two.ada);
    let answer = Outgoing::text(&mention).quoting(&question).mentioning(&[&two.ada]).forwarded();
    let (id, message) = two.bob_says(answer).await;
    let text = message.extended_text_message.as_option().unwrap();
    let context = text.context_info.as_option().unwrap();
    let ada = lid(&two.sim, &two.ada).await.to_string();
    assert_eq!(text.text.as_deref(), Some(mention.as_str()));
    assert_eq!((context.stanza_id.as_deref(), context.participant.as_deref()), (Some(&*question), Some(&*ada)));
    assert_eq!(context.quoted_message.as_option().unwrap().text_content(), Some("where?"));
    assert_eq!((&context.mentioned_jid, context.is_forwarded), (&vec![ada], Some(true)));
    let quoted = Quoted {
        id: question,
        participant: Some(two.ada.clone()),
        kind: Some("text".to_owned()),
        text: Some("where?".to_owned()),
    };
    let expected =
        MessageDetails { quoted: Some(quoted), mentions: vec![two.ada.clone()], forwarded: true, ..nothing() };
    for number in [&two.ada, &two.bob] {
        assert_eq!(shown(&two.sim, number, &id).await.details, expected);
    }

    let preview = LinkPreview {
        url: "https://example.com/a".to_owned(),
        title: Some("A".to_owned()),
        description: Some("About it".to_owned()),
    };
    let link = Content::Link { text: "see https://example.com/a".to_owned(), preview: preview.clone() };
    let (info, message) = two.bob_sends(link).await;
    let text = message.extended_text_message.as_option().unwrap();
    assert_eq!((text.matched_text.as_deref(), text.title.as_deref()), (Some("https://example.com/a"), Some("A")));
    assert_eq!(two.media_type(&info.id).await.as_deref(), Some("url"), "the envelope says what is in it");
    assert_eq!(shown(&two.sim, &two.ada, &info.id).await.details.link, Some(preview));

    // And a client quotes what the phone wrote.
    let context = build_quote_context(&id, lid(&two.sim, &two.bob).await.to_string(), &wa::Message::text(&mention));
    let context = wa::ContextInfo { mentioned_jid: vec![format!("{}@s.whatsapp.net", two.bob)], ..context };
    let back = two.ada_says(wa::Message::text_with_context("thanks", context)).await;
    let quoted = back.details.quoted.unwrap();
    assert_eq!((quoted.id, quoted.participant, quoted.text), (id, Some(two.bob.clone()), Some(mention)));
    assert_eq!(back.details.mentions, [two.bob.as_str()]);
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_and_cards_arrive_whole() {
    let mut two = Two::meet().await;
    let (id, message) = two.bob_says(Content::Location(place(false))).await;
    let got = message.location_message.as_option().unwrap();
    assert_eq!((got.degrees_latitude, got.degrees_longitude), (Some(-7.79), Some(110.36)));
    assert_eq!((got.name.as_deref(), got.address.as_deref()), (Some("Tugu"), Some("Jl. Malioboro")));
    assert_eq!(shown(&two.sim, &two.ada, &id).await.details.location, Some(place(false)));
    let (id, message) = two.bob_says(Content::Location(place(true))).await;
    assert_eq!(message.live_location_message.as_option().unwrap().caption.as_deref(), Some("Tugu"));
    assert_eq!(shown(&two.sim, &two.ada, &id).await.details.location, Some(place(true)));

    let (_, message) = two.bob_says(Content::Contacts(vec![card("Cy")])).await;
    assert_eq!(message.contact_message.as_option().unwrap().vcard, Some(card("Cy").vcard));
    let cards = vec![card("Cy"), card("Di")];
    let (id, message) = two.bob_says(Content::Contacts(cards.clone())).await;
    assert_eq!(message.contacts_array_message.as_option().unwrap().contacts.len(), 2);
    assert_eq!(shown(&two.sim, &two.ada, &id).await.details.contacts, cards);

    let location = LocationMessage {
        degrees_latitude: Some(1.5),
        degrees_longitude: Some(2.5),
        name: Some("here".to_owned()),
        ..LocationMessage::default()
    };
    let sent = wa::Message { location_message: MessageField::some(location), ..wa::Message::default() };
    let got = two.ada_says(sent).await;
    assert_eq!((got.kind.as_str(), got.text.as_deref()), ("location", Some("here")));
    assert_eq!(got.details.location.map(|place| (place.latitude, place.longitude)), Some((1.5, 2.5)));
    let contact = |card: ContactCard| ContactMessage {
        display_name: Some(card.name),
        vcard: Some(card.vcard),
        ..ContactMessage::default()
    };
    let array = ContactsArrayMessage {
        display_name: Some("2 contacts".to_owned()),
        contacts: cards.iter().cloned().map(contact).collect(),
        ..ContactsArrayMessage::default()
    };
    let sent = wa::Message { contacts_array_message: MessageField::some(array), ..wa::Message::default() };
    assert_eq!(two.ada_says(sent).await.details.contacts, cards);
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phones_poll_is_voted_in_by_a_client() {
    let mut two = Two::meet().await;
    let options: Vec<String> = ["tea", "coffee", "water"].map(str::to_owned).into();
    let poll = Content::Poll { name: "What?".to_owned(), options: options.clone(), selectable: 1 };
    let (info, message) = two.bob_sends(poll).await;
    let got = message.poll_creation_message_v3.as_option().unwrap();
    let names: Vec<_> = got.options.iter().filter_map(|option| option.option_name.clone()).collect();
    assert_eq!((got.name.as_deref(), names, got.selectable_options_count), (Some("What?"), options.clone(), Some(1)));
    let secret = message.message_context_info.as_option().unwrap().message_secret.clone().unwrap();

    let polls = two.client.client.polls();
    let creator = info.source.sender.clone();
    for choice in ["tea", "coffee"] {
        let chosen = [choice.to_owned()];
        polls.vote(info.source.chat.clone(), &info.id, &creator, &secret, &chosen).await.unwrap();
        let voted = |poll: Option<Poll>| {
            let options = poll.map(|poll| poll.options).unwrap_or_default();
            let voted = options.into_iter().filter(|option| option.voters == [two.ada.clone()]);
            voted.map(|option| option.name).collect::<Vec<_>>()
        };
        two.bob_sees(&info.id, |message| voted(message.details.poll.clone()) == [choice]).await;
    }
    let votes = two.sim.phone_messages(&two.bob).await.unwrap();
    let selected: Vec<_> =
        votes.into_iter().filter(|message| message.kind == "vote").filter_map(|vote| vote.details.selected).collect();
    assert_eq!(selected, [["tea"], ["coffee"]]);
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_poll_is_voted_in_by_a_phone() {
    let mut two = Two::meet().await;
    let options: Vec<String> = ["red", "blue"].map(str::to_owned).into();
    let chat = lid(&two.sim, &two.bob).await;
    let (sent, secret) = two.client.client.polls().create(chat.clone(), "Colours?", &options, 2).await.unwrap();
    let id = sent.message_id;
    let seen = shown(&two.sim, &two.bob, &id).await;
    let option = |name: &str| PollOption { name: name.to_owned(), voters: Vec::new() };
    assert_eq!(seen.details.poll, Some(Poll { options: vec![option("red"), option("blue")], selectable: 2 }));

    let vote = Content::Vote { id: id.clone(), options: options.clone() };
    let (info, message) = two.bob_sends(vote).await;
    let update = message.poll_update_message.as_option().unwrap();
    let key = update.poll_creation_message_key.as_option().unwrap();
    assert_eq!((key.id.as_deref(), key.from_me), (Some(id.as_str()), Some(false)));
    let vote = update.vote.as_option().unwrap();
    let sealed = PollVoteCiphertext {
        enc_payload: vote.enc_payload.as_deref().unwrap(),
        enc_iv: vote.enc_iv.as_deref().unwrap(),
    };
    let creator = lid(&two.sim, &two.ada).await;
    let polls = two.client.client.polls();
    let hashes = polls.decrypt_vote(sealed, &secret, &id, &creator, &info.source.sender).await.unwrap();
    assert_eq!(hashes, options.iter().map(|name| compute_option_hash(name).to_vec()).collect::<Vec<_>>());
    let tally =
        polls.aggregate_votes(&options, &[(&info.source.sender, sealed)], &secret, &id, &creator).await.unwrap();
    assert!(tally.iter().all(|option| option.voters.len() == 1), "{tally:?}");
    let all = |message: &whatsapp_sim::PhoneMessage| {
        message
            .details
            .poll
            .as_ref()
            .is_some_and(|poll| poll.options.iter().all(|option| option.voters == [two.bob.clone()]))
    };
    for number in [&two.ada, &two.bob] {
        super::sees(&two.sim, number, &id, all).await;
    }
    two.bob_says(Content::Vote { id: id.clone(), options: Vec::new() }).await;
    let none = |message: &whatsapp_sim::PhoneMessage| {
        message.details.poll.as_ref().is_some_and(|poll| poll.options.iter().all(|option| option.voters.is_empty()))
    };
    super::sees(&two.sim, &two.ada, &id, none).await;
    all_understood(&two.sim).await;
}
