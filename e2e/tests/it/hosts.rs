//! Two of the program on one Redis: what clients of the one are told when the other is killed.

use contract::session::{SessionStatus, StatusReason};
use e2e::simulator::Simulator;
use e2e::stack::Plan;
use serde_json::json;

#[tokio::test]
async fn a_session_whose_host_is_killed_has_none() -> anyhow::Result<()> {
    let simulator = Simulator::start().await?;
    let full = async || Ok::<_, anyhow::Error>(Plan::default().on(&simulator).await?.setting("MAX_SESSIONS", "1"));
    let mut one = full().await?.start().await?;
    let shop = one.linked("shop", "Shop").await?.number;
    let two = full().await?.setting("REDIS_URL", &one.redis_url()?).start().await?;
    // It has room for this one only, so that the session of the other stays where it is.
    two.api.connect("own").await?;
    two.api.wait_for_status("own", |own| own.status == SessionStatus::QrReady).await?;
    let text = json!({ "sessionId": "shop", "chatId": shop, "message": "through either" });
    assert_eq!(two.api.send(&text, None).await?.status, 200);

    one.kill()?;
    two.api.wait_for_status("shop", |shop| shop.status == SessionStatus::Disconnected).await?;
    let refused = two.api.send(&text, Some("order-1")).await?;
    assert_eq!((refused.status, refused.code()), (503, "no_host"), "{refused:?}");
    let reason = two.api.status("shop").await?.reason;
    assert!(matches!(reason, Some(StatusReason::HandedOver | StatusReason::NoCapacity)), "{reason:?}");

    one.start_again().await?;
    two.api.wait_until_connected("shop").await?;
    let sent = two.api.send(&text, Some("order-1")).await?;
    assert_eq!(sent.status, 200, "{sent:?}");
    assert_eq!(one.api.send(&text, Some("order-1")).await?, sent, "the key counts through either");
    two.stop().await?;
    one.stop().await
}
