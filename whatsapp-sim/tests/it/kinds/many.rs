//! The same in groups and for everyone: who is quoted, who may delete, whose vote counts.

use whatsapp_rust::Jid;
use whatsapp_rust::features::StatusSendOptions;
use whatsapp_rust::send::RevokeType;
use whatsapp_rust::wacore::proto_helpers::{MessageBuilderExt as _, MessageExt as _};
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore::types::message::EditAttribute;
use whatsapp_rust::wacore::types::presence::ReceiptType;
use whatsapp_rust::waproto::buffa::MessageField;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::AudioMessage;
use whatsapp_sim::{Content, FileKind, GroupError, MessageError, Outgoing, Reacted, Sim, SimError};

use super::{found, lid, sees, shown};
use crate::client::{TestClient, all_understood, jid, network, phone};

/// A group: Ada founded it and has a client, Bob has only a phone, Cy has a client.
struct Club {
    sim: Sim,
    ada: String,
    bob: String,
    cy: String,
    ada_client: TestClient,
    cy_client: TestClient,
    group: Jid,
}

impl Club {
    async fn meet() -> Self {
        let sim = network().await;
        let (ada, bob, cy) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await, phone(&sim, "Cy").await);
        let ada_client = TestClient::linked(&sim, &ada).await;
        let cy_client = TestClient::linked(&sim, &cy).await;
        let group = found(&ada_client, &[&bob, &cy]).await;
        Self { sim, ada, bob, cy, ada_client, cy_client, group }
    }

    async fn says(&self, number: &str, message: impl Into<Outgoing>) -> Result<String, SimError> {
        self.sim.phone_sends(number, &self.group.to_string(), message.into()).await
    }

    /// Waits until all three phones show a message like this.
    async fn all_see(&self, id: &str, like: impl Fn(&whatsapp_sim::PhoneMessage) -> bool) {
        for number in [&self.ada, &self.bob, &self.cy] {
            sees(&self.sim, number, id, &like).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_quote_vote_react_and_edit() {
    let mut four = Club::meet().await;
    let question = four.cy_client.send(&four.group, "who comes?").await;
    four.all_see(&question, |_| true).await;
    let answer = Outgoing::text("I do").quoting(&question);
    let id = four.says(&four.bob, answer).await.unwrap();
    let (_, message) = four.ada_client.message(&id).await;
    let context = message.extended_text_message.as_option().unwrap().context_info.as_option().unwrap();
    let cy = lid(&four.sim, &four.cy).await.to_string();
    assert_eq!((context.stanza_id.as_deref(), context.participant.as_deref()), (Some(&*question), Some(&*cy)));
    let quoted = shown(&four.sim, &four.cy, &id).await.details.quoted.unwrap();
    assert_eq!((quoted.participant, quoted.text.as_deref()), (Some(four.cy.clone()), Some("who comes?")));

    let options: Vec<String> = ["now", "later"].map(str::to_owned).into();
    let poll = Content::Poll { name: "When?".to_owned(), options, selectable: 1 };
    let poll = four.says(&four.bob, poll).await.unwrap();
    let (info, message) = four.cy_client.message(&poll).await;
    let secret = message.message_context_info.as_option().unwrap().message_secret.clone().unwrap();
    let later = ["later".to_owned()];
    let polls = four.cy_client.client.polls();
    polls.vote(four.group.clone(), &poll, &info.source.sender.to_non_ad(), &secret, &later).await.unwrap();
    four.says(&four.ada, Content::Vote { id: poll.clone(), options: later.into() }).await.unwrap();
    let mut both = [four.cy.clone(), four.ada.clone()];
    both.sort();
    four.all_see(&poll, |message| {
        let options = &message.details.poll.as_ref().unwrap().options;
        let mut voters = options[1].voters.clone();
        voters.sort();
        voters == both && options[0].voters.is_empty()
    })
    .await;

    let reaction = Content::Reaction { id: question.clone(), emoji: "🎉".to_owned() };
    four.says(&four.bob, reaction).await.unwrap();
    let reacted = [Reacted { from: four.bob.clone(), emoji: "🎉".to_owned() }];
    four.all_see(&question, |message| message.details.reactions == reacted).await;
    let group = four.group.clone();
    four.cy_client.client.edit_message(group, &question, wa::Message::text("who is coming?")).await.unwrap();
    four.all_see(&question, |message| message.text.as_deref() == Some("who is coming?")).await;
    all_understood(&four.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_deletes_what_others_wrote() {
    let mut four = Club::meet().await;
    let noise = four.says(&four.bob, Outgoing::text("noise")).await.unwrap();
    let more = four.says(&four.bob, Outgoing::text("more noise")).await.unwrap();
    four.cy_client.message(&more).await;
    let revoke = |id: &str| Content::Revoke { id: id.to_owned() };
    let refused = four.says(&four.cy, revoke(&noise)).await;
    assert!(matches!(refused, Err(SimError::Group(GroupError::NotAnAdmin))), "{refused:?}");

    let deletion = four.says(&four.ada, revoke(&noise)).await.unwrap();
    let (info, message) = four.cy_client.message(&deletion).await;
    assert_eq!(info.edit, EditAttribute::AdminRevoke);
    let key = message.protocol_message.as_option().unwrap().key.as_option().unwrap();
    let bob = lid(&four.sim, &four.bob).await;
    assert_eq!((key.from_me, key.participant.as_deref()), (Some(false), Some(&*bob.to_string())));
    let by_ada = |message: &whatsapp_sim::PhoneMessage| message.details.deleted_by.as_ref() == Some(&four.ada);
    four.all_see(&noise, by_ada).await;
    let admin = RevokeType::Admin { original_sender: bob.clone() };
    four.ada_client.client.revoke_message(four.group.clone(), &more, admin).await.unwrap();
    four.all_see(&more, by_ada).await;

    // A member that says so is not believed.
    let kept = four.says(&four.bob, Outgoing::text("to stay")).await.unwrap();
    four.cy_client.message(&kept).await;
    let admin = RevokeType::Admin { original_sender: bob };
    four.cy_client.client.revoke_message(four.group.clone(), &kept, admin).await.unwrap();
    let after = four.cy_client.send(&four.group, "after it").await;
    four.all_see(&after, |_| true).await;
    four.all_see(&kept, |message| message.text.as_deref() == Some("to stay")).await;
    all_understood(&four.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_invites_somebody_who_joins_with_the_message() {
    let mut four = Club::meet().await;
    let di = phone(&four.sim, "Di").await;
    let mut di_client = TestClient::linked(&four.sim, &di).await;
    let invite = Content::Invite { group: four.group.to_string() };
    let refused = four.sim.phone_sends(&four.bob, &di, invite.clone().into()).await;
    assert!(matches!(refused, Err(SimError::Group(GroupError::NotAnAdmin))), "{refused:?}");
    let member = four.sim.phone_sends(&four.ada, &four.bob, invite.clone().into()).await;
    assert!(matches!(member, Err(SimError::Group(GroupError::AlreadyMember))), "{member:?}");

    let id = four.sim.phone_sends(&four.ada, &di, invite.into()).await.unwrap();
    let (info, message) = di_client.message(&id).await;
    let got = message.group_invite_message.as_option().unwrap();
    assert_eq!(shown(&four.sim, &di, &id).await.details.invite.unwrap().name, "Walks");
    let (group, code) = (got.group_jid.clone().unwrap(), got.invite_code.as_deref().unwrap());
    let group: Jid = group.parse().unwrap();
    let admin = info.source.sender.to_non_ad();
    let expiration = got.invite_expiration.unwrap();
    di_client.client.groups().join_with_invite_v4(group.clone(), code, expiration, admin).await.unwrap();
    let hello = di_client.send(&group, "here I am").await;
    four.all_see(&hello, |message| message.from == di).await;
    four.cy_client.text("here I am").await;
    all_understood(&four.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_linked_later_learns_what_was_said_in_the_group() {
    let four = Club::meet().await;
    let id = four.cy_client.send(&four.group, "who comes?").await;
    four.all_see(&id, |_| true).await;
    let mut late = TestClient::fresh(&four.sim).await;
    let code = late.code().await;
    four.sim.scan(&four.bob, &code).await.unwrap();
    let group = four.group.to_string();
    let past = late.expect("the past of the group", |event| match event {
        Event::HistorySync(past) => past.get()?.conversations.iter().find(|past| past.id == group).cloned(),
        _ => None,
    });
    let past = past.await;
    let info = past.messages[0].message.as_option().unwrap();
    let cy = lid(&four.sim, &four.cy).await.to_string();
    assert_eq!((past.name.as_deref(), info.participant.as_deref()), (Some("Walks"), Some(&*cy)));
    assert_eq!(info.message.as_option().unwrap().text_content(), Some("who comes?"));
    assert_eq!(info.push_name.as_deref(), Some("Cy"));
    all_understood(&four.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_note_in_a_group_is_played_by_one() {
    let mut four = Club::meet().await;
    let audio = AudioMessage { ptt: Some(true), seconds: Some(2), ..AudioMessage::default() };
    let message = wa::Message { audio_message: MessageField::some(audio), ..wa::Message::default() };
    let sent = Box::pin(four.cy_client.client.send_message(four.group.clone(), message)).await.unwrap();
    shown(&four.sim, &four.bob, &sent.message_id).await;
    let ids = [sent.message_id];
    four.sim.phone_plays(&four.bob, &four.group.to_string(), &ids).await.unwrap();
    let bob = lid(&four.sim, &four.bob).await;
    let by_bob = four.cy_client.expect("the playing", |event| match event {
        Event::Receipt(receipt) if receipt.r#type == ReceiptType::Played => {
            Some((receipt.source.chat == four.group, receipt.source.sender.to_non_ad() == bob))
        }
        _ => None,
    });
    assert_eq!(by_bob.await, (true, true));
    assert!(shown(&four.sim, &four.bob, &ids[0]).await.details.played);
    assert!(!shown(&four.sim, &four.ada, &ids[0]).await.details.played);
    all_understood(&four.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_timer_is_in_what_its_phones_write() {
    let mut four = Club::meet().await;
    four.ada_client.client.groups().set_ephemeral(four.group.clone(), 604_800).await.unwrap();
    let id = four.says(&four.bob, Outgoing::text("not for ever")).await.unwrap();
    let (_, message) = four.cy_client.message(&id).await;
    assert_eq!(message.get_ephemeral_expiration(), Some(604_800));
    assert_eq!(shown(&four.sim, &four.ada, &id).await.details.expires_after, Some(604_800));
    let timer = four.says(&four.bob, Content::Timer { seconds: 60 }).await;
    assert!(matches!(timer, Err(SimError::WrongChat)), "a group's timer is one of its settings: {timer:?}");
    all_understood(&four.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_for_everyone_is_seen_reacted_to_and_taken_back() {
    const STATUS: &str = "status@broadcast";
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &ada).await;
    sim.phone_send(&bob, &ada, "hello").await.unwrap();
    client.text("hello").await;

    let posted = sim.phone_sends(&bob, STATUS, Outgoing::text("at the sea")).await.unwrap();
    let (info, message) = client.message(&posted).await;
    let text = message.extended_text_message.as_option().unwrap();
    assert_eq!((text.text.as_deref(), text.background_argb.is_some()), (Some("at the sea"), true));
    assert_eq!(info.source.chat, Jid::status_broadcast());
    assert_eq!(info.source.sender.to_non_ad(), lid(&sim, &bob).await);
    let picture = sim.phone_sends(&bob, STATUS, Outgoing::file(FileKind::Image, vec![7; 500])).await.unwrap();
    let (_, message) = client.message(&picture).await;
    assert_eq!(client.client.download(message.image_message.as_option().unwrap()).await.unwrap(), vec![7; 500]);
    assert_eq!(shown(&sim, &ada, &picture).await.chat, STATUS);
    let edited =
        sim.phone_sends(&bob, STATUS, Content::Edit { id: info.id.clone(), text: "x".to_owned() }.into()).await;
    assert!(matches!(edited, Err(SimError::Message(MessageError::NotEditable))), "{edited:?}");
    let taken_back = sim.phone_sends(&bob, STATUS, Content::Revoke { id: info.id.clone() }.into()).await.unwrap();
    let (revoked, _) = client.message(&taken_back).await;
    assert_eq!(revoked.edit, EditAttribute::SenderRevoke);
    assert_eq!(shown(&sim, &ada, &info.id).await.details.deleted_by, Some(bob.clone()));

    // A reaction reaches the author, and nobody else to whom the other one posts.
    let cy = phone(&sim, "Cy").await;
    let mut cy_client = TestClient::linked(&sim, &cy).await;
    sim.phone_send(&bob, &cy, "hello").await.unwrap();
    cy_client.text("hello").await;
    let key = wa::MessageKey {
        remote_jid: Some(STATUS.to_owned()),
        from_me: Some(false),
        id: Some(picture.clone()),
        participant: Some(lid(&sim, &bob).await.to_string()),
    };
    client.client.send_reaction(Jid::status_broadcast(), key, "🎉").await.unwrap();
    let by_ada = [Reacted { from: ada.clone(), emoji: "🎉".to_owned() }];
    sees(&sim, &bob, &picture, |message| message.details.reactions == by_ada).await;

    // The other way round.
    let status = client.client.status();
    let people = [jid(&bob)];
    let text = wa::Message { conversation: Some("by a client".to_owned()), ..wa::Message::default() };
    let id = status.send_raw(text, &people, StatusSendOptions::default()).await.unwrap().message_id;
    assert_eq!(shown(&sim, &bob, &id).await.text.as_deref(), Some("by a client"));
    let reaction = Content::Reaction { id: id.clone(), emoji: "👍".to_owned() };
    let reaction = sim.phone_sends(&bob, STATUS, reaction.into()).await.unwrap();
    let (_, message) = client.message(&reaction).await;
    assert_eq!(message.reaction_message.as_option().and_then(|reaction| reaction.text.as_deref()), Some("👍"));
    sim.phone_sends(&bob, STATUS, Outgoing::text("for all")).await.unwrap();
    cy_client
        .expect("the post for all", |event| {
            let mut posts = event.messages().filter(|inbound| inbound.info.source.chat == Jid::status_broadcast());
            posts.next().map(|inbound| assert!(inbound.message.reaction_message.as_option().is_none()))
        })
        .await;
    client.client.status().revoke(&id, &people, StatusSendOptions::default()).await.unwrap();
    sees(&sim, &bob, &id, |message| message.details.deleted_by.as_ref() == Some(&ada)).await;
    all_understood(&sim).await;
}
