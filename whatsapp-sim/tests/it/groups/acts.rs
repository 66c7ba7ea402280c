//! Groups from the client's side: every request, as the client's own parsers read the answer and as the others hear of it.

use whatsapp_rust::Jid;
use whatsapp_rust::features::{
    BatchGroupResult, GroupDescription, GroupError, GroupSubject, JoinGroupResult, MemberAddMode,
    MembershipApprovalMode, PreviousDescription,
};
use whatsapp_rust::request::IqError;

use super::{Trio, lid};
use crate::client::{all_understood, jid, network};

/// The code with which the network refused.
fn refused<T: std::fmt::Debug>(outcome: Result<T, GroupError>) -> u16 {
    match outcome {
        Err(GroupError::Iq(IqError::ServerError { code, .. })) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_founds_and_describes_a_group() {
    let sim = network().await;
    let mut trio = Trio::meet(&sim).await;
    let group = trio.ada_client.found("Walks", &[&trio.bob]).await;
    let groups = trio.ada_client.client.groups();
    groups.set_subject(group.clone(), GroupSubject::new("Long walks").unwrap()).await.unwrap();
    let described = || Some(GroupDescription::new("On Sundays").unwrap());
    groups.set_description(group.clone(), described(), PreviousDescription::Absent).await.unwrap();
    let outdated = groups.set_description(group.clone(), described(), PreviousDescription::Absent).await;
    assert!(matches!(outdated, Err(GroupError::DescriptionConflict)), "{outdated:?}");
    groups.set_locked(group.clone(), true).await.unwrap();
    groups.set_announce(group.clone(), true).await.unwrap();
    groups.set_ephemeral(group.clone(), 86_400).await.unwrap();
    groups.set_membership_approval(group.clone(), MembershipApprovalMode::On).await.unwrap();
    groups.set_member_add_mode(group.clone(), MemberAddMode::AdminAdd).await.unwrap();
    let expected = [
        "create Walks",
        "subject Long walks",
        "description Some(\"On Sundays\")",
        "locked",
        "announcement",
        "ephemeral 86400",
        "approval true",
        "admin_add",
    ];
    trio.bob_client.hears(&expected.map(|what| (trio.ada.as_str(), what))).await;

    let seen = trio.bob_client.client.groups().get_metadata(&group).await.unwrap();
    assert_eq!((seen.subject.as_str(), seen.description.as_deref()), ("Long walks", Some("On Sundays")));
    assert!(seen.is_locked && seen.is_announcement && seen.membership_approval);
    assert_eq!(seen.ephemeral.and_then(|set| set.expiration), Some(86_400));
    let ada = lid(&sim, &trio.ada).await;
    assert_eq!((seen.creator, seen.creator_pn), (Some(ada.clone()), Some(jid(&trio.ada))));
    assert_eq!((seen.subject_owner, seen.description_owner), (Some(ada.clone()), Some(ada)));
    let listed = trio.bob_client.client.groups().get_participating().await.unwrap();
    assert_eq!(listed.keys().collect::<Vec<_>>(), [&group]);

    // Somebody else sees nothing of it, and whoever is no admin changes nothing.
    let (bobs, cys) = (trio.bob_client.client.groups(), trio.cy_client.client.groups());
    let name = || GroupSubject::new("Mine").unwrap();
    assert_eq!(refused(cys.get_metadata(&group).await), 403);
    assert_eq!(refused(cys.get_metadata(&Jid::group("120363000000009999")).await), 404);
    assert_eq!(refused(cys.set_subject(group.clone(), name()).await), 403);
    assert_eq!(refused(bobs.set_subject(group.clone(), name()).await), 403);
    assert_eq!(refused(bobs.set_announce(group.clone(), false).await), 403);
    let several = cys.batch_get_info(vec![group.clone(), Jid::group("120363000000009999")]).await.unwrap();
    assert!(matches!(&several[..], [BatchGroupResult::Forbidden(_), BatchGroupResult::NotFound(_)]));
    assert!(matches!(&bobs.batch_get_info(vec![group]).await.unwrap()[..], [BatchGroupResult::Full(_)]));
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_lets_people_in_raises_them_and_puts_them_out() {
    let sim = network().await;
    let mut trio = Trio::meet(&sim).await;
    let (ada, bob, cy) = (trio.ada.clone(), trio.bob.clone(), trio.cy.clone());
    let group = trio.ada_client.found("Walks", &[&bob]).await;
    let groups = trio.ada_client.client.groups();
    let one = [jid(&cy)];
    assert!(groups.add_participants(group.clone(), &one).await.unwrap()[0].is_ok());
    let again = groups.add_participants(group.clone(), &one).await.unwrap();
    assert_eq!(again[0].error.as_deref(), Some("409"));
    let nobody = groups.add_participants(group.clone(), &[jid("6281299999999")]).await.unwrap();
    assert_eq!(nobody[0].error.as_deref(), Some("404"));
    groups.promote_participants(group.clone(), &one).await.unwrap();
    groups.demote_participants(group.clone(), &one).await.unwrap();
    assert_eq!(refused(trio.cy_client.client.groups().promote_participants(group.clone(), &one).await), 403);
    assert!(groups.remove_participants(group.clone(), &one).await.unwrap()[0].is_ok());
    let expected = [
        "create Walks".to_owned(),
        format!("add {cy} None"),
        format!("promote {cy}"),
        format!("demote {cy}"),
        format!("remove {cy}"),
    ];
    let [create, _, promote, demote, remove] = &expected;
    trio.bob_client.hears(&expected.each_ref().map(|what| (ada.as_str(), what))).await;
    trio.cy_client.hears(&[create, promote, demote, remove].map(|what| (ada.as_str(), what))).await;
    trio.bob_client.client.groups().leave(group.clone()).await.unwrap();
    trio.ada_client.hears(&[(&bob, format!("remove {bob}"))]).await;
    assert_eq!(groups_of(&trio.bob_client).await, 0);
    assert_eq!(refused(trio.bob_client.client.groups().leave(group).await), 403);
    all_understood(&sim).await;
}

async fn groups_of(client: &crate::client::TestClient) -> usize {
    client.client.groups().get_participating().await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_follows_a_link_asks_and_is_let_in() {
    let sim = network().await;
    let mut trio = Trio::meet(&sim).await;
    let (ada, cy) = (trio.ada.clone(), trio.cy.clone());
    let group = trio.ada_client.found("Walks", &[]).await;
    let groups = trio.ada_client.client.groups();
    let old = groups.get_invite_link(group.clone(), false).await.unwrap();
    let link = groups.get_invite_link(group.clone(), true).await.unwrap();
    let (bobs, cys) = (trio.bob_client.client.groups(), trio.cy_client.client.groups());
    assert_eq!(refused(bobs.join_with_invite_code(&old).await), 410);
    assert_eq!(refused(bobs.join_with_invite_code("AbCdEfGhIjKlMnOpQrStUv").await), 404);
    assert_eq!(refused(bobs.get_invite_link(group.clone(), false).await), 403);
    assert_eq!(bobs.get_invite_info(&link).await.unwrap().subject, "Walks");
    assert_eq!(bobs.join_with_invite_code(&link).await.unwrap(), JoinGroupResult::Joined(group.clone()));

    groups.set_membership_approval(group.clone(), MembershipApprovalMode::On).await.unwrap();
    let asked = || async { cys.join_with_invite_code(&link).await.unwrap() };
    assert_eq!(asked().await, JoinGroupResult::PendingApproval(group.clone()));
    let me = [lid(&sim, &cy).await];
    let waiting = groups.get_membership_requests(group.clone()).await.unwrap();
    assert_eq!(waiting.iter().map(|request| &request.jid).collect::<Vec<_>>(), [&me[0]]);
    assert_eq!(refused(bobs.get_membership_requests(group.clone()).await), 403);
    assert!(groups.reject_membership_requests(group.clone(), &me).await.unwrap()[0].is_ok());
    asked().await;
    assert!(cys.cancel_membership_requests(group.clone(), &me).await.unwrap()[0].is_ok());
    assert!(groups.get_membership_requests(group.clone()).await.unwrap().is_empty());
    asked().await;
    assert!(groups.approve_membership_requests(group.clone(), &me).await.unwrap()[0].is_ok());
    let revoked = "revoked_membership_requests";
    // What the client itself takes back it is not told.
    trio.cy_client.hears(&[(&ada, revoked), (&ada, "create Walks")]).await;
    trio.cy_client.send(&group, "here I am").await;
    trio.bob_client.text("here I am").await;
    trio.ada_client.text("here I am").await;
    all_understood(&sim).await;
}
