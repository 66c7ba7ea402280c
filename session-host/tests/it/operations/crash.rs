//! A connection or a host that goes away under a change.

use std::time::Duration;

use contract::error::ErrorCode;
use contract::group::{Changed, Groups, Invite};
use contract::operation::{Action, ParticipantChange, Question};
use serde_json::Value;
use whatsapp_sim::{FaultKind, FaultSpec, Way};

use super::stage::{Member, Stage, done, failed};

const DEADLINE: Duration = Duration::from_secs(20);

async fn groups(member: &Member) -> Vec<String> {
    let groups: Groups = member.ask(Question::Groups).await;
    groups.groups.into_iter().map(|group| group.subject).collect()
}

async fn until_sees(member: &Member, expected: &[&str]) {
    let seen = tokio::time::timeout(DEADLINE, async { while groups(member).await != expected {} });
    seen.await.expect("the group is seen in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_may_have_been_founded_is_not_founded_again() {
    let stage = Stage::new().await;
    let (shop, bob) = (stage.member().await, stage.member().await);
    // The network does it, and the answer never comes.
    let stall = FaultSpec::new(FaultKind::Stall(Way::ToClient)).only(shop.number.clone());
    let fault = stage.sim.add_fault(stall).await.unwrap();
    let answer = shop.begin(Action::CreateGroup { subject: "Chess".to_owned(), participants: vec![bob.jid()] }).await;
    until_sees(&bob, &["Chess"]).await;
    stage.sim.add_fault(FaultSpec::new(FaultKind::DropConnections).only(shop.number.clone())).await.unwrap();
    assert_eq!(failed(shop.wait(&answer).await), (ErrorCode::OutcomeUnknown, None));
    stage.sim.remove_fault(fault).await.unwrap();
    shop.world.connected().await;
    assert_eq!(groups(&bob).await, ["Chess"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_may_have_been_given_is_given_again() {
    let stage = Stage::new().await;
    let (shop, bob) = (stage.member().await, stage.member().await);
    let group = shop.found("Chess", &[&bob.jid()]).await;
    let stall = FaultSpec::new(FaultKind::Stall(Way::ToClient)).only(shop.number.clone());
    let fault = stage.sim.add_fault(stall).await.unwrap();
    let answer = shop.begin(Action::SetSubject { group: group.clone(), subject: "Go".to_owned() }).await;
    until_sees(&bob, &["Go"]).await;
    stage.sim.add_fault(FaultSpec::new(FaultKind::DropConnections).only(shop.number.clone())).await.unwrap();
    stage.sim.remove_fault(fault).await.unwrap();
    done::<Value>(shop.wait(&answer).await);
    assert_eq!(groups(&bob).await, ["Go"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_host_handed_over_is_not_done_twice() {
    let stage = Stage::new().await;
    let (shop, bob) = (stage.member().await, stage.member().await);
    let group = shop.found("Chess", &[&bob.jid()]).await;
    let ask = || shop.ask::<Invite>(Question::InviteCode { group: group.clone() });
    let code = ask().await.invite_code;
    // As if the host had been killed between handing it over and writing down what became of it.
    let founded =
        shop.left_behind(Action::CreateGroup { subject: "Go".to_owned(), participants: vec![bob.jid()] }).await;
    let revoked = shop.left_behind(Action::RevokeInvite { group: group.clone() }).await;
    let left = bob.left_behind(Action::Leave { group: group.clone() }).await;
    bob.change::<Value>(Action::Leave { group: group.clone() }).await;
    let ada = stage.person("Ada").await;
    let add = || Action::ChangeParticipants {
        group: group.clone(),
        change: ParticipantChange::Add,
        participants: vec![ada.clone()],
    };
    let added = shop.left_behind(add()).await;
    shop.change::<Changed>(add()).await;
    let stage = stage.restarted().await;
    assert_eq!(failed(shop.wait(&founded).await), (ErrorCode::OutcomeUnknown, None));
    assert_eq!(failed(shop.wait(&revoked).await), (ErrorCode::OutcomeUnknown, None));
    // Who was added is in it, and leaving twice is leaving.
    let added: Changed = done(shop.wait(&added).await);
    assert_eq!((added.participants.len(), added.participants[0].status.as_str()), (1, "200"));
    done::<Value>(bob.wait(&left).await);
    shop.world.connected().await;
    assert_eq!(ask().await.invite_code, code);
    assert_eq!(groups(&shop).await, ["Chess"]);
    stage.end().await;
}
