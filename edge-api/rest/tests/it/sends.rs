//! Sending a text: the command, the reply, repeated requests.

use axum::body::Body;
use axum::http::Request;
use contract::command::{Request as Wanted, Send};
use contract::content::Content;
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::jid::Jid;
use edge_core::ids;
use edge_core::port::POP_SLICE;
use edge_core::store::{Accepted, Store};
use redis::AsyncCommands;
use serde_json::{Value, json};

use crate::api::{Api, Reply};
use crate::host::{self, Host, Manner};
use crate::port::NativePort;

const SEND: &str = "/api/whatsapp/chats/send-text";

async fn send_with_key(api: &Api, key: &str, body: &Value) -> Reply {
    let request = Request::builder()
        .method("POST")
        .uri(SEND)
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()))
        .unwrap();
    api.send(request).await
}

async fn seen(host: &mut Host) -> Send {
    let command = host.seen.recv().await.unwrap();
    let Wanted::Send(send) = command.request else { panic!("a send") };
    send
}

#[tokio::test]
async fn a_text_reaches_the_host_as_it_was_meant() {
    let api = Api::start(&[]).await;
    let mut host = host::start(&api, "s", Manner::Sends).await;
    for (body, chat, text, typing_ms, reply_to) in [
        (json!({"sessionId": "s", "chatId": "0812-345", "message": "x"}), "62812345@s.whatsapp.net", "x", 0, None),
        (
            json!({"session": "s", "to": 6_281_200_001_111_u64, "text": 5, "typingTime": "20"}),
            "6281200001111@s.whatsapp.net",
            "5",
            20,
            None,
        ),
        (
            json!({"sessionId": "s", "number": "6281200001111@c.us", "body": "x", "typingTime": -1, "replyTo": "3EB0A"}),
            "6281200001111@s.whatsapp.net",
            "x",
            0,
            Some("3EB0A"),
        ),
        (
            json!({"sessionId": "s", "jid": "100000000000001@lid", "message": "\"send_by\":0 ü", "typingTime": 9e9}),
            "100000000000001@lid",
            "\"send_by\":0 ü",
            60_000,
            None,
        ),
        (
            json!({"sessionId": "s", "phone": "120363000000000001@g.us", "message": "x", "replyTo": null}),
            "120363000000000001@g.us",
            "x",
            0,
            None,
        ),
    ] {
        let data = api.call_json("POST", SEND, &body).await.assert_success("Message sent successfully");
        let send = seen(&mut host).await;
        assert_eq!(
            (send.chat.to_string().as_str(), send.typing_ms, send.reply_to.as_deref()),
            (chat, typing_ms, reply_to)
        );
        assert_eq!(send.content, Content::Text { text: text.to_owned() });
        assert_eq!((&data["messageId"], &data["chatId"]), (&json!(send.message_id), &json!(chat)));
        assert!(send.message_id.starts_with("3EB0") && send.message_id.len() == 22);
        assert!(data["timestamp"].is_string());
    }
    let form = "sessionId=s&chatId=%2B62+812-0000-1111&message=a%26b&typingTime=20";
    let reply = api.call_raw("POST", SEND, "application/x-www-form-urlencoded", form).await;
    reply.assert_success("Message sent successfully");
    assert_eq!(seen(&mut host).await.content, Content::Text { text: "a&b".to_owned() });
}

#[tokio::test]
async fn what_is_written_before_the_host_is_rung() {
    let api = Api::start(&[]).await;
    let mut host = host::start(&api, "s", Manner::IsSilent).await;
    let mut redis = api.redis.clone();
    let before = host::now(&mut redis).await;
    let body = json!({"sessionId": "s", "chatId": "6281200001111", "message": "x"});
    let looks = async {
        let command = host.seen.recv().await.unwrap();
        let Wanted::Send(send) = &command.request else { panic!("a send") };
        let entry = command.entry.as_deref().unwrap();
        let kept: String = redis.hget("chatery:{s}:unfinished", entry).await.unwrap();
        assert_eq!(serde_json::from_str::<contract::command::Command>(&kept).unwrap(), command);
        let within = contract::ledger::SEND_WITHIN_MS;
        assert!((before + within..before + within + 60_000).contains(&command.send_by));
        let ledger = format!("chatery:{{s}}:ledger:{entry}");
        let stored: (String, String) = redis.hmget(&ledger, &["state", "id"]).await.unwrap();
        assert_eq!(stored, ("accepted".to_owned(), send.message_id.clone()));
        assert!(contract::id::is_message_id(&send.message_id));
        let ttl: u64 = redis.ttl(&ledger).await.unwrap();
        assert!((86_000..=86_400).contains(&ttl));
    };
    tokio::select! {
        reply = api.call_json("POST", SEND, &body) => panic!("nobody answered, yet {reply:?}"),
        () = looks => {}
    }
}

#[tokio::test]
async fn a_reply_that_does_not_come_is_not_waited_for_for_ever() {
    let api = Api::start(&[]).await;
    let _host = host::start(&api, "s", Manner::IsSilent).await;
    let store = Store::new(NativePort::open(api.server.client()).await);
    let send = Send {
        message_id: String::new(),
        chat: Jid::phone("6281200001111"),
        content: Content::Text { text: "x".to_owned() },
        reply_to: None,
        typing_ms: 0,
    };
    let session = SessionId::parse("s").unwrap();
    let accepted = store.accept(&session, None, Wanted::Send(send)).await.unwrap();
    let Accepted::Waiting(_, queue) = accepted else { panic!("not accepted") };
    assert_eq!(store.reply(&queue, POP_SLICE * 2).await, Ok(None));
}

#[tokio::test]
async fn a_repeated_key_sends_once() {
    let api = Api::start(&[]).await;
    let mut host = host::start(&api, "s", Manner::Sends).await;
    let body = json!({"sessionId": "s", "chatId": "6281200001111", "message": "x"});
    let first = send_with_key(&api, "order-1", &body).await.assert_success("Message sent successfully");
    let again = send_with_key(&api, "order-1", &body).await.assert_success("Message sent successfully");
    assert_eq!(first, again);
    seen(&mut host).await;
    assert!(host.seen.try_recv().is_err(), "it was sent twice");
    // The outcome is told even when the session is gone offline since.
    let _: () = api.redis.clone().hset("chatery:{s}:session", "status", "disconnected").await.unwrap();
    assert_eq!(send_with_key(&api, "order-1", &body).await.assert_success("Message sent successfully"), first);
    let other = json!({"sessionId": "s", "chatId": "6281200001111", "message": "y"});
    let message = "Idempotency-Key was already used with a different request";
    send_with_key(&api, "order-1", &other).await.assert_failure(409, "idempotency_key_reused", message);
}

/// A recipient's client drops an id it knows, so a key that is forgotten must not bring the old id back.
#[tokio::test]
async fn a_forgotten_key_stands_for_a_new_message() {
    let api = Api::start(&[]).await;
    let mut host = host::start(&api, "s", Manner::Sends).await;
    let body = json!({"sessionId": "s", "chatId": "6281200001111", "message": "x"});
    send_with_key(&api, "k", &body).await.assert_success("Message sent successfully");
    let first = seen(&mut host).await;
    let ledger = format!("chatery:{{s}}:ledger:{}", ids::ledger_entry("k"));
    let forgotten: u64 = api.redis.clone().del(ledger).await.unwrap();
    assert_eq!(forgotten, 1);
    send_with_key(&api, "k", &body).await.assert_success("Message sent successfully");
    assert_ne!(first.message_id, seen(&mut host).await.message_id);
}

/// Nothing was handed over, so the message is still the same one.
#[tokio::test]
async fn a_message_that_is_tried_again_keeps_its_id() {
    let api = Api::start(&[]).await;
    let mut host = host::start(&api, "s", Manner::Refuses(ErrorCode::Timeout)).await;
    let body = json!({"sessionId": "s", "chatId": "6281200001111", "message": "x"});
    for _ in 0..2 {
        send_with_key(&api, "k", &body).await;
    }
    assert_eq!(seen(&mut host).await.message_id, seen(&mut host).await.message_id);
}

#[tokio::test]
async fn requests_under_way_with_the_same_key_share_the_message() {
    let api = Api::start(&[]).await;
    let mut host = host::start(&api, "s", Manner::Sends).await;
    let body = json!({"sessionId": "s", "chatId": "6281200001111", "message": "x"});
    let (a, b, c) =
        tokio::join!(send_with_key(&api, "k", &body), send_with_key(&api, "k", &body), send_with_key(&api, "k", &body));
    let a = a.assert_success("Message sent successfully");
    assert_eq!(a, b.assert_success("Message sent successfully"));
    assert_eq!(a, c.assert_success("Message sent successfully"));
    let mut ids = vec![seen(&mut host).await.message_id];
    while let Ok(command) = host.seen.try_recv() {
        let Wanted::Send(send) = command.request else { panic!("a send") };
        ids.push(send.message_id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "one key, several messages");
}

#[tokio::test]
async fn failures_are_told_and_those_before_the_socket_may_be_tried_again() {
    for (code, again) in [
        (ErrorCode::SendRefused, false),
        (ErrorCode::Timeout, true),
        (ErrorCode::NoHost, true),
        (ErrorCode::Overloaded, true),
    ] {
        let api = Api::start(&[]).await;
        let mut host = host::start(&api, "s", Manner::Refuses(code)).await;
        let body = json!({"sessionId": "s", "chatId": "6281200001111", "message": "x"});
        for _ in 0..2 {
            let reply = send_with_key(&api, "k", &body).await;
            reply.assert_failure(code.status(), code.as_str(), code.message());
            assert_eq!(reply.json()["data"]["whatsappCode"], 463);
        }
        seen(&mut host).await;
        assert_eq!(host.seen.try_recv().is_ok(), again, "{code:?}");
    }
}

#[tokio::test]
async fn a_session_nobody_holds() {
    let api = Api::start(&[]).await;
    api.given_session("s", &[("status", "connected")]).await;
    let body = json!({"sessionId": "s", "chatId": "6281200001111", "message": "x"});
    let no_host = "No session host is available for this session";
    api.call_json("POST", SEND, &body).await.assert_failure(503, "no_host", no_host);
    host::lease(&api, "s", -1).await;
    api.call_json("POST", SEND, &body).await.assert_failure(503, "no_host", no_host);
    let mut redis = api.redis.clone();
    let nothing: u64 = redis.exists("chatery:{s}:unfinished").await.unwrap();
    assert_eq!(nothing, 0, "a refused send was kept");

    // One that was accepted before the host was lost is not refused: its outcome is open.
    let key = format!("chatery:{{s}}:ledger:{}", ids::ledger_entry("k"));
    host::lease(&api, "s", 600_000).await;
    let request = send_with_key(&api, "k", &body);
    let loses_the_host = async {
        loop {
            let accepted: bool = redis.hexists(&key, "state").await.unwrap();
            if accepted {
                break host::lease(&api, "s", -1).await;
            }
            tokio::task::yield_now().await;
        }
        let id: String = redis.hget(&key, "id").await.unwrap();
        (id, send_with_key(&api, "k", &body).await)
    };
    tokio::select! {
        reply = request => panic!("nobody answered, yet {reply:?}"),
        (id, reply) = loses_the_host => {
            let late = "No answer from WhatsApp yet; ask again with the same Idempotency-Key for the outcome.";
            reply.assert_failure(504, "timeout", late);
            assert_eq!(reply.json()["data"]["messageId"], id);
        }
    }
}

#[tokio::test]
async fn too_much_under_way() {
    let api = Api::start(&[]).await;
    let _host = host::start(&api, "s", Manner::Sends).await;
    let mut redis = api.redis.clone();
    let fields: Vec<_> = (0..1000).map(|n| (n.to_string(), "{}")).collect();
    let _: () = redis.hset_multiple("chatery:{s}:unfinished", &fields).await.unwrap();
    let body = json!({"sessionId": "s", "chatId": "6281200001111", "message": "x"});
    let message = "Too many requests under way for this session";
    let reply = api.call_json("POST", SEND, &body).await;
    reply.assert_failure(503, "overloaded", message);
    assert_eq!(reply.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_redis_that_forgot_the_scripts_is_told_again() {
    let api = Api::start(&[]).await;
    let _host = host::start(&api, "s", Manner::Sends).await;
    let body = json!({"sessionId": "s", "chatId": "6281200001111", "message": "x"});
    for _ in 0..2 {
        api.call_json("POST", SEND, &body).await.assert_success("Message sent successfully");
        let _: () = redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut api.redis.clone()).await.unwrap();
    }
}
