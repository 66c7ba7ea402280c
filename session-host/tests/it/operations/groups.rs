//! Groups: what is changed in one session is seen by the others, and what may not be is refused in our words.

use contract::command::Outcome;
use contract::error::ErrorCode;
use contract::group::{Changed, Created, Groups, Invite, Joined, Metadata, Role};
use contract::jid::Jid;
use contract::operation::{Action, GroupSetting, NumberCheck, ParticipantChange, Question};
use serde_json::Value;

use super::stage::{Member, Stage, failed};

/// What somebody is in a group.
fn role(group: &Metadata, who: &Jid) -> &'static str {
    match group.participants.iter().find(|person| person.id == *who).map(|person| person.admin) {
        Some(Some(Role::Superadmin)) => "superadmin",
        Some(Some(Role::Admin)) => "admin",
        Some(None) => "member",
        None => "nobody",
    }
}

fn statuses(changed: &Changed) -> Vec<(&str, &Jid)> {
    changed.participants.iter().map(|person| (person.status.as_str(), &person.jid)).collect()
}

fn change(group: &Jid, change: ParticipantChange, people: &[&Jid]) -> Action {
    let participants = people.iter().map(|person| (*person).clone()).collect();
    Action::ChangeParticipants { group: group.clone(), change, participants }
}

async fn code(member: &Member, group: &Jid) -> String {
    member.ask::<Invite>(Question::InviteCode { group: group.clone() }).await.invite_code
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_founded_and_everybody_in_it_sees_it() {
    let stage = Stage::new().await;
    let (shop, bob) = (stage.member().await, stage.member().await);
    let ada = stage.person("Ada").await;
    let shy = stage.person("Shy").await;
    stage.sim.phone_privacy(shy.user(), "groupadd", "contacts").await.unwrap();
    let nobody = Jid::phone("6281200009999");
    let people = vec![ada.clone(), bob.jid(), shy.clone(), nobody.clone()];
    let action = Action::CreateGroup { subject: "Chess".to_owned(), participants: people.clone() };
    let created: Created = shop.change(action).await;
    assert_eq!((created.subject.as_str(), &created.participants), ("Chess", &people));
    let results: Vec<_> = created.results.iter().map(|result| (result.status.as_str(), &result.jid)).collect();
    assert_eq!(results, [("200", &ada), ("200", &bob.jid()), ("403", &shy), ("404", &nobody)]);
    assert!(created.created_at.ends_with('Z'), "{}", created.created_at);

    let seen = bob.sees(&created.group_id).await;
    assert_eq!((seen.summary.subject.as_str(), seen.summary.size, seen.participants.len()), ("Chess", 3, 3));
    assert_eq!(seen.summary.owner, Some(shop.jid()));
    assert_eq!(role(&seen, &shop.jid()), "superadmin");
    assert_eq!(role(&seen, &ada), "member");
    for person in &seen.participants {
        assert!(person.pn.is_some() && person.lid.is_some(), "{person:?}");
    }
    let groups: Groups = bob.ask(Question::Groups).await;
    assert_eq!((groups.count, &groups.groups[0].id), (1, &created.group_id));
    assert_eq!((groups.groups[0].size, groups.groups[0].restrict, groups.groups[0].announce), (3, false, false));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_go_rise_and_fall_each_with_an_outcome() {
    let stage = Stage::new().await;
    let (shop, bob) = (stage.member().await, stage.member().await);
    let (ada, shy) = (stage.person("Ada").await, stage.person("Shy").await);
    stage.sim.phone_privacy(shy.user(), "groupadd", "contacts").await.unwrap();
    let group = shop.found("Chess", &[&bob.jid()]).await;
    let me = bob.jid();

    let added: Changed = shop.change(change(&group, ParticipantChange::Add, &[&ada, &me, &shy])).await;
    let mut added_as = statuses(&added);
    added_as.sort_unstable();
    let mut expected = [("200", &ada), ("409", &me), ("403", &shy)];
    expected.sort_unstable();
    assert_eq!(added_as, expected);
    assert_eq!(added.participants[0].content.tag, "participant");
    assert_eq!(role(&bob.sees(&group).await, &ada), "member");

    let risen: Changed = shop.change(change(&group, ParticipantChange::Promote, &[&ada])).await;
    assert_eq!(statuses(&risen), [("200", &ada)]);
    assert_eq!(role(&bob.sees(&group).await, &ada), "admin");
    let fallen: Changed = shop.change(change(&group, ParticipantChange::Demote, &[&ada])).await;
    assert_eq!(statuses(&fallen), [("200", &ada)]);
    assert_eq!(role(&bob.sees(&group).await, &ada), "member");
    let removed: Changed = shop.change(change(&group, ParticipantChange::Remove, &[&ada])).await;
    assert_eq!(statuses(&removed), [("200", &ada)]);
    assert_eq!(role(&bob.sees(&group).await, &ada), "nobody");
    let nobody: Changed = shop.change(change(&group, ParticipantChange::Remove, &[&ada])).await;
    assert_eq!(statuses(&nobody), [("404", &ada)]);

    // Who is no admin changes nobody.
    let refused = bob.refused(change(&group, ParticipantChange::Promote, &[&me])).await;
    assert_eq!(refused, (ErrorCode::NotAllowed, Some(403)));
    assert_eq!(role(&shop.sees(&group).await, &me), "member");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn name_description_and_settings_are_seen_by_others() {
    let stage = Stage::new().await;
    let (shop, bob) = (stage.member().await, stage.member().await);
    let group = shop.found("Chess", &[&bob.jid()]).await;
    let subject = |subject: &str| Action::SetSubject { group: group.clone(), subject: subject.to_owned() };
    let describe = |text: &str| Action::SetDescription { group: group.clone(), description: text.to_owned() };
    let set = |setting| Action::SetSetting { group: group.clone(), setting };

    shop.change::<Value>(subject("Go")).await;
    let seen = bob.sees(&group).await.summary;
    assert_eq!((seen.subject.as_str(), seen.subject_owner), ("Go", Some(shop.jid())));
    for text in ["Mondays", "Tuesdays"] {
        shop.change::<Value>(describe(text)).await;
        let seen = bob.sees(&group).await;
        assert_eq!(seen.summary.description.as_deref(), Some(text));
        assert!(seen.description_id.is_some());
    }
    shop.change::<Value>(describe("")).await;
    assert_eq!(bob.sees(&group).await.summary.description, None);
    for (setting, announce, restrict) in [
        (GroupSetting::Announcement, true, false),
        (GroupSetting::Locked, true, true),
        (GroupSetting::NotAnnouncement, false, true),
    ] {
        shop.change::<Value>(set(setting)).await;
        let seen = bob.sees(&group).await.summary;
        assert_eq!((seen.announce, seen.restrict), (announce, restrict), "{setting:?}");
    }
    // Locked: members change nothing.
    assert_eq!(bob.refused(subject("Mine")).await, (ErrorCode::NotAllowed, Some(403)));
    assert_eq!(bob.refused(describe("Mine")).await, (ErrorCode::NotAllowed, Some(403)));
    assert_eq!(bob.refused(set(GroupSetting::Unlocked)).await, (ErrorCode::NotAllowed, Some(403)));
    shop.change::<Value>(set(GroupSetting::Unlocked)).await;
    bob.change::<Value>(subject("Ours")).await;
    assert_eq!(shop.sees(&group).await.summary.subject, "Ours");
    let long = "x".repeat(contract::operation::MAX_SUBJECT_CHARACTERS + 1);
    assert_eq!(shop.refused(subject(&long)).await, (ErrorCode::InvalidField, None));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_lets_in_until_it_is_revoked() {
    let stage = Stage::new().await;
    let (shop, bob) = (stage.member().await, stage.member().await);
    let ada = stage.person("Ada").await;
    let group = shop.found("Chess", &[&ada]).await;
    let join = |code: &str| Action::Join { code: code.to_owned() };
    let old = code(&shop, &group).await;
    assert!(!old.contains('/'), "{old}");

    let joined: Joined = bob.change(join(&old)).await;
    assert_eq!(joined, Joined { group_id: Some(group.clone()), invite_code: old.clone() });
    assert_eq!(role(&shop.sees(&group).await, &bob.jid()), "member");
    // Who is in it already is in it.
    let joined: Joined = bob.change(join(&old)).await;
    assert_eq!(joined.group_id, Some(group.clone()));
    let refused = bob.refused(Action::RevokeInvite { group: group.clone() }).await;
    assert_eq!(refused, (ErrorCode::NotAllowed, Some(403)));

    let invite: Invite = shop.change(Action::RevokeInvite { group: group.clone() }).await;
    assert_ne!(invite.invite_code, old);
    assert_eq!(code(&shop, &group).await, invite.invite_code);
    bob.change::<Value>(Action::Leave { group: group.clone() }).await;
    assert_eq!(role(&shop.sees(&group).await, &bob.jid()), "nobody");
    assert_eq!(bob.refused(join(&old)).await.0, ErrorCode::InviteInvalid);
    assert_eq!(bob.refused(join("AAAAAAAAAAAAAAAAAAAAAA")).await.0, ErrorCode::InviteInvalid);
    assert_eq!(bob.refused(join("")).await.0, ErrorCode::InviteInvalid);
    let joined: Joined = bob.change(join(&invite.invite_code)).await;
    assert_eq!(joined.group_id, Some(group));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_one_is_not_in_is_none() {
    let stage = Stage::new().await;
    let (shop, bob) = (stage.member().await, stage.member().await);
    let left = shop.found("Chess", &[&bob.jid()]).await;
    bob.change::<Value>(Action::Leave { group: left.clone() }).await;
    let unknown = Jid::parse("120363999999999999@g.us").unwrap();
    let person = shop.jid();
    for group in [&left, &unknown] {
        let actions = [
            change(group, ParticipantChange::Add, &[&person]),
            change(group, ParticipantChange::Remove, &[&person]),
            Action::SetSubject { group: group.clone(), subject: "x".to_owned() },
            Action::SetDescription { group: group.clone(), description: "x".to_owned() },
            Action::SetSetting { group: group.clone(), setting: GroupSetting::Locked },
            Action::RevokeInvite { group: group.clone() },
            Action::Leave { group: group.clone() },
        ];
        for action in actions {
            let refused = bob.refused(action.clone()).await;
            assert_eq!(refused.0, ErrorCode::GroupNotFound, "{action:?}: {refused:?}");
        }
        for question in [Question::Group { group: group.clone() }, Question::InviteCode { group: group.clone() }] {
            assert_eq!(failed(bob.asked(question.clone()).await).0, ErrorCode::GroupNotFound, "{question:?}");
        }
    }
    let groups: Groups = bob.ask(Question::Groups).await;
    assert_eq!(groups, Groups { count: 0, groups: Vec::new() });
    assert!(matches!(bob.asked(Question::Groups).await, Outcome::Done(_)));
    assert_eq!(shop.sees(&left).await.summary.subject, "Chess");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_may_be_named_by_their_hidden_id() {
    let stage = Stage::new().await;
    let (shop, bob) = (stage.member().await, stage.member().await);
    let ada = stage.person("Ada").await;
    let check: NumberCheck = shop.ask(Question::Number { phone: ada.clone() }).await;
    let lid = check.lid.unwrap();
    let create = |person: &Jid| Action::CreateGroup {
        subject: "Chess".to_owned(),
        participants: vec![bob.jid(), person.clone()],
    };
    let created: Created = shop.change(create(&lid)).await;
    let results: Vec<_> = created.results.iter().map(|result| (result.status.as_str(), &result.jid)).collect();
    assert_eq!(results, [("200", &bob.jid()), ("200", &ada)]);
    let group = created.group_id;
    assert_eq!(role(&bob.sees(&group).await, &ada), "member");
    let removed: Changed = shop.change(change(&group, ParticipantChange::Remove, &[&lid])).await;
    assert_eq!(statuses(&removed), [("200", &ada)]);
    assert_eq!(role(&bob.sees(&group).await, &ada), "nobody");
    // WhatsApp wants to know the number of whoever is invited.
    let stranger = Jid::parse("199999999999999@lid").unwrap();
    assert_eq!(shop.refused(create(&stranger)).await, (ErrorCode::InvalidRecipient, None));
    stage.end().await;
}
