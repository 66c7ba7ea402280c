//! Messages in groups: they reach every device of every member, and nobody else.

use super::{Action, Trio, lid, shown};
use crate::client::{all_understood, network};

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_message_reaches_every_device_of_every_member() {
    let sim = network().await;
    let mut trio = Trio::meet(&sim).await;
    let group = trio.ada_client.found("Walks", &[&trio.bob, &trio.cy]).await;
    trio.bob_client
        .news("the group", |update, action| matches!(action, Action::Create { .. }).then(|| update.clone()))
        .await;

    let id = trio.ada_client.send(&group, "from a client").await;
    assert_eq!(trio.ada_client.ack(&id).await, None);
    let info = trio.bob_client.text("from a client").await;
    assert_eq!((&info.source.chat, info.source.is_group, info.id.as_str()), (&group, true, id.as_str()));
    assert_eq!(info.source.sender.to_non_ad(), lid(&sim, &trio.ada).await);
    assert_eq!(info.source.sender_alt.map(|alt| alt.user.to_string()), Some(trio.ada.clone()));
    trio.cy_client.text("from a client").await;
    for number in [&trio.ada, &trio.bob, &trio.cy] {
        shown(&sim, number, &group, "from a client").await;
    }

    // Whoever has the key already needs no other.
    trio.ada_client.send(&group, "once more").await;
    trio.bob_client.text("once more").await;
    trio.bob_client.send(&group, "an answer").await;
    trio.ada_client.text("an answer").await;
    trio.cy_client.text("an answer").await;
    for number in [&trio.ada, &trio.bob, &trio.cy] {
        shown(&sim, number, &group, "an answer").await;
    }
    all_understood(&sim).await;
}
