//! Groups from the phone's side: every act of a person, as the devices of all members hear of it.

use serde_json::{Value, json};
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_sim::{Direction, GroupChange, GroupError, LogEntry, MemberAction, Sim, SimError};

use super::{Trio, shown};
use crate::client::{DEADLINE, all_understood, jid, network, phone};
use crate::phone::{Network, answer};
use crate::picture::plain;

/// Does something to one person, for whom it has to succeed.
async fn to_one(sim: &Sim, by: &str, group: &str, action: MemberAction, person: &str) {
    let outcomes = sim.group_members(by, group, action, &[person.to_owned()]).await.unwrap();
    assert_eq!((outcomes[0].number.as_str(), outcomes[0].error), (person, None));
}

/// What the clients of an account were told about groups, in the order of the wire.
async fn passed(sim: &Sim, number: &str) -> Vec<String> {
    let entries = sim.stanza_log(0, Some(number), 1000, DEADLINE).await.unwrap().entries;
    let told = entries.into_iter().filter(|entry| entry.kind.as_deref() == Some("w:gp2"));
    let told = told.filter(|entry| entry.direction == Direction::Out && entry.tag == "notification");
    let tag = |entry: &LogEntry| {
        let content = entry.xml.split('<').nth(2)?;
        content.split([' ', '>', '/']).next().map(str::to_owned)
    };
    told.map(|entry| tag(&entry).expect("it says something")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_founds_a_group_and_its_members_hear_of_it_before_the_first_message() {
    let sim = network().await;
    let mut trio = Trio::meet(&sim).await;
    sim.set_stanza_log(true);
    let founded = sim.group_create(&trio.ada, "Walks", &[trio.bob.clone(), trio.cy.clone()]).await.unwrap();
    sim.phone_send(&trio.ada, &founded.id, "who comes along?").await.unwrap();
    let group = founded.id.parse().unwrap();
    for client in [&mut trio.ada_client, &mut trio.bob_client, &mut trio.cy_client] {
        // A client works on several stanzas at once; that the news goes first is seen on the wire.
        let (mut created, mut came) = (false, false);
        client
            .expect("the group and the message", |event| {
                created |= matches!(event, Event::GroupUpdate(update) if update.group_jid == group);
                came |= event.messages().any(|one| one.info.source.chat == group);
                (created && came).then_some(())
            })
            .await;
    }
    for number in [&trio.ada, &trio.bob, &trio.cy] {
        let entries = sim.stanza_log(0, Some(number), 1000, DEADLINE).await.unwrap().entries;
        let told = entries.iter().filter(|entry| entry.direction == Direction::Out && entry.xml.contains(&founded.id));
        let first = told.map(|entry| entry.tag.as_str()).find(|tag| matches!(*tag, "notification" | "message"));
        assert_eq!(first, Some("notification"), "{number}");
    }
    let seen = trio.bob_client.client.groups().get_metadata(&group).await.unwrap();
    assert_eq!((seen.subject.as_str(), seen.participants.len(), seen.creator_pn), ("Walks", 3, Some(jid(&trio.ada))));
    shown(&sim, &trio.cy, &group, "who comes along?").await;
    let roles: Vec<_> = founded.members.iter().map(|member| (member.number.as_str(), member.role.as_str())).collect();
    for expected in [(trio.ada.as_str(), "superadmin"), (&trio.bob, "member"), (&trio.cy, "member")] {
        assert!(roles.contains(&expected), "{roles:?}");
    }
    assert_eq!(sim.groups_of(&trio.cy).await.unwrap(), [founded]);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_setting_that_a_phone_changes_is_heard_in_order() {
    let sim = network().await;
    let mut trio = Trio::meet(&sim).await;
    sim.set_stanza_log(true);
    let id = sim.group_create(&trio.ada, "Walks", std::slice::from_ref(&trio.bob)).await.unwrap().id;
    let all = GroupChange {
        subject: Some("Long walks".into()),
        description: Some("On Sundays".into()),
        locked: Some(true),
        announcement: Some(true),
        approval: Some(true),
        admins_add: Some(true),
        link_by_all: Some(true),
        ephemeral: Some(86_400),
    };
    let changed = sim.group_change(&trio.ada, &id, &all).await.unwrap();
    assert_eq!((changed.subject.as_str(), changed.description.as_deref()), ("Long walks", Some("On Sundays")));
    let back = GroupChange {
        subject: None,
        description: Some(String::new()),
        locked: Some(false),
        announcement: Some(false),
        approval: Some(false),
        admins_add: Some(false),
        link_by_all: None,
        ephemeral: Some(0),
    };
    sim.group_change(&trio.ada, &id, &back).await.unwrap();
    let expected = [
        ("create", "create Walks"),
        ("subject", "subject Long walks"),
        ("description", "description Some(\"On Sundays\")"),
        ("locked", "locked"),
        ("announcement", "announcement"),
        ("membership_approval_mode", "approval true"),
        ("member_add_mode", "admin_add"),
        ("member_link_mode", "member_link_mode"),
        ("ephemeral", "ephemeral 86400"),
        ("description", "description None"),
        ("unlocked", "unlocked"),
        ("not_announcement", "not_announcement"),
        ("membership_approval_mode", "approval false"),
        ("member_add_mode", "all_member_add"),
        ("not_ephemeral", "ephemeral 0"),
    ];
    // The founder's own companion hears it as well as the other member's.
    for client in [&mut trio.bob_client, &mut trio.ada_client] {
        client.hears(&expected.map(|(_, what)| (trio.ada.as_str(), what))).await;
    }
    for number in [&trio.ada, &trio.bob] {
        assert_eq!(passed(&sim, number).await, expected.map(|(tag, _)| tag), "in order");
    }
    let seen = trio.bob_client.client.groups().get_metadata(&id.parse().unwrap()).await.unwrap();
    assert_eq!((seen.description, seen.is_locked, seen.is_announcement), (None, false, false));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_lets_people_in_raises_them_and_puts_them_out() {
    let sim = network().await;
    let mut trio = Trio::meet(&sim).await;
    let (ada, bob, cy) = (trio.ada.clone(), trio.bob.clone(), trio.cy.clone());
    let id = sim.group_create(&ada, "Walks", std::slice::from_ref(&bob)).await.unwrap().id;
    for (action, person) in [
        (MemberAction::Add, &cy),
        (MemberAction::Promote, &cy),
        (MemberAction::Demote, &cy),
        (MemberAction::Remove, &cy),
    ] {
        to_one(&sim, &ada, &id, action, person).await;
    }
    let changes = [
        "create Walks".to_owned(),
        format!("add {cy} None"),
        format!("promote {cy}"),
        format!("demote {cy}"),
        format!("remove {cy}"),
    ];
    trio.bob_client.hears(&changes.each_ref().map(|what| (ada.as_str(), what))).await;
    // Who comes in gets the whole group; who is put out hears that too, and nothing afterwards.
    let [create, _, promote, demote, remove] = &changes;
    trio.cy_client.hears(&[create, promote, demote, remove].map(|what| (ada.as_str(), what))).await;
    sim.phone_send(&ada, &id, "among us").await.unwrap();
    trio.bob_client.text("among us").await;
    sim.phone_send(&ada, &cy, "you are not there any more").await.unwrap();
    let group: whatsapp_rust::Jid = id.parse().unwrap();
    trio.cy_client
        .expect("the direct message", |event| {
            assert!(!event.messages().any(|one| one.info.source.chat == group), "a message of the group");
            event.messages().any(|one| one.info.source.sender_alt == Some(jid(&ada))).then_some(())
        })
        .await;

    let mixed = [ada.clone(), bob.clone(), cy.clone()];
    let outcomes = sim.group_members(&ada, &id, MemberAction::Remove, &mixed).await.unwrap();
    let codes: Vec<_> = outcomes.iter().map(|one| (one.number.as_str(), one.error)).collect();
    for expected in [(ada.as_str(), Some(405)), (&bob, None), (&cy, Some(404))] {
        assert!(codes.contains(&expected), "{codes:?}");
    }
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_join_by_link_ask_and_are_let_in_or_not() {
    let sim = network().await;
    let mut trio = Trio::meet(&sim).await;
    let (ada, bob, cy) = (trio.ada.clone(), trio.bob.clone(), trio.cy.clone());
    let id = sim.group_create(&ada, "Walks", &[]).await.unwrap().id;
    let old = sim.group_invite(&ada, &id, false).await.unwrap();
    let code = sim.group_invite(&ada, &id, true).await.unwrap();
    assert!(matches!(sim.group_join(&bob, &old).await, Err(SimError::Group(GroupError::InviteGone))));
    assert!(!sim.group_join(&bob, &code).await.unwrap().pending);
    trio.bob_client.hears(&[(&bob, "create Walks")]).await;
    let link = format!("invite {code}");
    let joined = format!("add {bob} Some(\"invite\")");
    trio.ada_client.hears(&[(&ada, "create Walks"), (&ada, "revoke"), (&ada, &link), (&bob, &joined)]).await;

    sim.group_change(&ada, &id, &GroupChange { approval: Some(true), ..GroupChange::default() }).await.unwrap();
    let asked = sim.group_join(&cy, &code).await.unwrap();
    assert_eq!((asked.id.as_str(), asked.pending), (id.as_str(), true));
    assert_eq!(sim.group(&id).await.unwrap().requests, std::slice::from_ref(&cy));
    let asking = format!("asks {cy}");
    trio.ada_client.hears(&[(&ada, "approval true"), (&cy, &asking)]).await;
    to_one(&sim, &ada, &id, MemberAction::Reject, &cy).await;
    let revoked = "revoked_membership_requests";
    trio.cy_client.hears(&[(&ada, revoked)]).await;
    trio.ada_client.hears(&[(&ada, revoked)]).await;

    assert!(sim.group_join(&cy, &code).await.unwrap().pending);
    sim.group_cancel_request(&cy, &id).await.unwrap();
    let again = sim.group_cancel_request(&cy, &id).await;
    assert!(matches!(again, Err(SimError::Group(GroupError::NoSuchPerson))), "{again:?}");
    assert!(sim.group_join(&cy, &code).await.unwrap().pending);
    to_one(&sim, &ada, &id, MemberAction::Approve, &cy).await;
    trio.cy_client.hears(&[(&cy, revoked), (&ada, "create Walks")]).await;
    sim.phone_send(&cy, &id, "here I am").await.unwrap();
    trio.bob_client.text("here I am").await;
    trio.ada_client.text("here I am").await;
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_gone_and_the_eldest_decides() {
    let sim = network().await;
    let mut trio = Trio::meet(&sim).await;
    let (ada, bob, cy) = (trio.ada.clone(), trio.bob.clone(), trio.cy.clone());
    let id = sim.group_create(&ada, "Walks", &[cy.clone(), bob.clone()]).await.unwrap().id;
    sim.group_leave(&ada, &id).await.unwrap();
    let (gone, raised) = (format!("remove {ada}"), format!("promote {cy}"));
    trio.bob_client.hears(&[(&ada, "create Walks"), (&ada, &gone), (&ada, &raised)]).await;
    trio.ada_client.hears(&[(&ada, "create Walks"), (&ada, &gone)]).await;
    assert!(trio.ada_client.client.groups().get_participating().await.unwrap().is_empty());
    assert!(matches!(sim.group_leave(&ada, &id).await, Err(SimError::Group(GroupError::NotAMember))));
    sim.group_leave(&cy, &id).await.unwrap();
    sim.group_leave(&bob, &id).await.unwrap();
    assert!(matches!(sim.group(&id).await, Err(SimError::Group(GroupError::NoSuchGroup))), "nobody is left in it");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_change_a_group_changes_nothing() {
    let sim = network().await;
    let trio = Trio::meet(&sim).await;
    let (ada, bob, cy) = (trio.ada.clone(), trio.bob.clone(), trio.cy.clone());
    let id = sim.group_create(&ada, "Walks", std::slice::from_ref(&bob)).await.unwrap().id;
    sim.group_change(&ada, &id, &GroupChange { locked: Some(true), admins_add: Some(true), ..GroupChange::default() })
        .await
        .unwrap();
    let before = sim.group(&id).await.unwrap();
    let rename = GroupChange { subject: Some("Mine".into()), ..GroupChange::default() };
    // What is possible by itself does not happen either.
    let half = GroupChange { description: Some("x".repeat(3000)), ..rename.clone() };
    let one = [cy.clone()];
    let refused = |outcome: Result<(), SimError>| match outcome {
        Err(SimError::Group(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(sim.group_change(&bob, &id, &rename).await.map(drop)), GroupError::NotAnAdmin);
    assert_eq!(refused(sim.group_change(&cy, &id, &rename).await.map(drop)), GroupError::NotAMember);
    assert_eq!(refused(sim.group_change(&ada, "1@g.us", &rename).await.map(drop)), GroupError::NoSuchGroup);
    assert_eq!(refused(sim.group_change(&ada, &bob, &rename).await.map(drop)), GroupError::NoSuchGroup);
    assert_eq!(refused(sim.group_change(&ada, &id, &half).await.map(drop)), GroupError::BadText);
    assert_eq!(refused(sim.group_change(&ada, &id, &GroupChange::default()).await.map(drop)), GroupError::BadRequest);
    for action in [MemberAction::Add, MemberAction::Remove, MemberAction::Promote, MemberAction::Approve] {
        assert_eq!(refused(sim.group_members(&bob, &id, action, &one).await.map(drop)), GroupError::NotAnAdmin);
        assert_eq!(refused(sim.group_members(&cy, &id, action, &one).await.map(drop)), GroupError::NotAMember);
    }
    assert_eq!(refused(sim.group_invite(&bob, &id, true).await.map(drop)), GroupError::NotAnAdmin);
    assert_eq!(refused(sim.group_join(&cy, "nonsense").await.map(drop)), GroupError::NoSuchInvite);
    assert_eq!(refused(sim.group_join(&bob, &before.invite_code).await.map(drop)), GroupError::AlreadyMember);
    assert_eq!(refused(sim.set_group_picture(&bob, &id, plain(9, [1, 1, 1])).await.map(drop)), GroupError::NotAnAdmin);
    assert!(matches!(sim.group_create(&ada, "Walks", &["6281299999999".into()]).await, Err(SimError::Unregistered)));
    assert_eq!(refused(sim.group_create(&ada, " ", &[]).await.map(drop)), GroupError::BadText);
    assert_eq!(sim.groups().await, [before]);
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_driven_over_http_as_well() {
    let network = Network::start().await;
    let sim = &network.sim;
    let (ada, bob, cy) = (phone(sim, "Ada").await, phone(sim, "Bob").await, phone(sim, "Cy").await);
    let mut client = crate::client::TestClient::linked(sim, &bob).await;
    let done = |(status, mut body): (u16, Value)| {
        assert!((200..300).contains(&status), "{body}");
        body["data"].take()
    };
    let group = json!({ "by": ada, "subject": "Walks", "members": [bob] });
    let id = done(network.post("/admin/groups", group).await)["id"].as_str().unwrap().to_owned();
    let of = |path: &str| format!("/admin/groups/{id}{path}");
    let change = json!({ "by": ada, "change": { "subject": "Long walks", "approval": true } });
    let changed = done(answer(network.http.patch(network.url(&of(""))).json(&change)).await);
    assert_eq!((&changed["subject"], &changed["settings"]["approval"]), (&json!("Long walks"), &json!(true)));
    let code = done(network.post(&of("/invite"), json!({ "by": ada })).await)["code"].take();
    let joined = done(network.post("/admin/groups/join", json!({ "by": cy, "code": code })).await);
    assert_eq!(joined, json!({ "id": id, "pending": true }));
    let decide = |action: &str, who: &str| json!({ "by": ada, "action": action, "members": [who] });
    let outcome = done(network.post(&of("/participants"), decide("approve", &cy)).await);
    assert_eq!(outcome, json!([{ "number": cy, "error": null }]));
    done(network.post(&of("/participants"), decide("promote", &cy)).await);
    let (showing, show) = (format!("/admin/phones/{cy}/groups/{id}/picture"), of("/picture"));
    done(answer(network.http.put(network.url(&showing)).body(plain(9, [1, 1, 1]))).await);
    let shown = network.http.get(network.url(&show)).send().await.unwrap();
    assert_eq!((shown.status().as_u16(), shown.headers()["content-type"].to_str().unwrap()), (200, "image/jpeg"));
    done(network.delete(&showing).await);
    assert_eq!(network.get(&show).await.1["code"], "unknown_picture");
    done(network.post(&of("/leave"), json!({ "by": cy })).await);
    let cancelled = network.delete(&format!("/admin/phones/{cy}/groups/{id}/request")).await;
    assert_eq!((cancelled.0, &cancelled.1["code"]), (404, &json!("not_concerned")));

    let (added, raised, gone) = (format!("add {cy} None"), format!("promote {cy}"), format!("remove {cy}"));
    let named = ["create Walks", "subject Long walks", "approval true", &added, &raised];
    let heard: Vec<_> =
        named.map(|what| (ada.as_str(), what)).into_iter().chain([(cy.as_str(), gone.as_str())]).collect();
    client.hears(&heard).await;
    let listed = done(network.get(&format!("/admin/phones/{bob}/groups")).await);
    assert_eq!((&listed[0], listed.as_array().unwrap().len()), (&done(network.get(&of("")).await), 1));
    assert_eq!(done(network.get(&format!("/admin/phones/{cy}/groups")).await), json!([]));
    all_understood(sim).await;
}
