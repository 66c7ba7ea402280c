//! Message secrets and how two of one message merge.

use std::sync::Arc;

use wacore::store::traits::{Backend, MsgSecretEntry};

conformance! {
    secrets,
    merging_keeps_the_longest_life_and_the_latest_time,
    expired_secrets_go,
    parts_of_the_key_do_not_run_into_each_other,
    many_secrets,
}

const CHAT: &str = "6281200001111@s.whatsapp.net";

fn entry(id: &str, secret: u8, expires_at: i64, message_ts: i64) -> MsgSecretEntry {
    MsgSecretEntry {
        chat: CHAT.into(),
        sender: CHAT.into(),
        msg_id: id.into(),
        secret: [secret; 32],
        expires_at,
        message_ts,
    }
}

async fn held(backend: &Arc<dyn Backend>, id: &str) -> Option<(u8, i64)> {
    let row = backend.get_msg_secret_with_ts(CHAT, CHAT, id).await.unwrap();
    row.map(|(secret, time)| {
        assert_eq!(secret, [secret[0]; 32]);
        (secret[0], time)
    })
}

async fn secrets(backend: Arc<dyn Backend>) {
    assert_eq!(backend.get_msg_secret(CHAT, CHAT, "A").await.unwrap(), None);
    assert_eq!(held(&backend, "A").await, None);
    backend.put_msg_secret(CHAT, CHAT, "A", &[1; 32]).await.unwrap();
    assert_eq!(backend.get_msg_secret(CHAT, CHAT, "A").await.unwrap(), Some(vec![1; 32]));
    assert_eq!(held(&backend, "A").await, Some((1, 0)));
    let stored = backend.put_msg_secrets(vec![entry("A", 2, 100, 50), entry("B", 3, 100, 60)]).await.unwrap();
    assert_eq!(stored, 2);
    assert_eq!(held(&backend, "A").await, Some((2, 50)));
    assert_eq!(backend.put_msg_secrets(Vec::new()).await.unwrap(), 0);
}

async fn merging_keeps_the_longest_life_and_the_latest_time(backend: Arc<dyn Backend>) {
    for (id, first, second, survives) in [
        ("longer", 100, 200, true),
        ("shorter", 200, 100, true),
        ("short", 100, 90, false),
        ("never then late", 0, 90, true),
        ("late then never", 90, 0, true),
    ] {
        backend.put_msg_secrets(vec![entry(id, 1, first, 70)]).await.unwrap();
        backend.put_msg_secrets(vec![entry(id, 2, second, 0)]).await.unwrap();
        assert_eq!(held(&backend, id).await, Some((2, 70)), "{id}");
        backend.delete_expired_msg_secrets(150).await.unwrap();
        assert_eq!(held(&backend, id).await.is_some(), survives, "{id}");
    }
    backend
        .put_msg_secrets(vec![entry("time", 1, 0, 70), entry("time", 2, 0, 60), entry("time", 3, 0, 80)])
        .await
        .unwrap();
    assert_eq!(held(&backend, "time").await, Some((3, 80)));
}

async fn expired_secrets_go(backend: Arc<dyn Backend>) {
    backend
        .put_msg_secrets(vec![entry("a", 1, 99, 0), entry("b", 1, 100, 0), entry("c", 1, 101, 0), entry("d", 1, 0, 0)])
        .await
        .unwrap();
    assert_eq!(backend.delete_expired_msg_secrets(100).await.unwrap(), 2);
    assert_eq!(backend.delete_expired_msg_secrets(100).await.unwrap(), 0);
    assert_eq!(held(&backend, "b").await, None, "the cutoff itself has expired");
    assert!(held(&backend, "c").await.is_some() && held(&backend, "d").await.is_some());
    backend.put_msg_secrets(vec![entry("a", 5, 300, 7)]).await.unwrap();
    assert_eq!(held(&backend, "a").await, Some((5, 7)), "nothing of the expired one is left");
}

async fn parts_of_the_key_do_not_run_into_each_other(backend: Arc<dyn Backend>) {
    backend.put_msg_secret("ab", "c", "d", &[1; 32]).await.unwrap();
    for (chat, sender, id) in [("a", "bc", "d"), ("ab", "cd", ""), ("abc", "", "d"), ("d", "c", "ab")] {
        assert_eq!(backend.get_msg_secret(chat, sender, id).await.unwrap(), None);
    }
}

async fn many_secrets(backend: Arc<dyn Backend>) {
    let entries = (0..2500).map(|n| entry(&n.to_string(), 1, 1 + n % 2, 0)).collect();
    assert_eq!(backend.put_msg_secrets(entries).await.unwrap(), 2500);
    assert_eq!(backend.delete_expired_msg_secrets(1).await.unwrap(), 1250);
    assert_eq!(backend.delete_expired_msg_secrets(2).await.unwrap(), 1250);
}
