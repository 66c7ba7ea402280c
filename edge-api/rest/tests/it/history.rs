//! Pages of a chat's history.

use contract::cursor::ARRIVALS_PER_SECOND;
use redis::AsyncCommands;
use serde_json::{Value, json};

use crate::api::Api;

const HISTORY: &str = "/api/whatsapp/chats/messages";
const CHAT: &str = "6281200001111@s.whatsapp.net";

fn message(id: &str, chat: &str) -> Value {
    json!({
        "id": id, "chatId": chat, "fromMe": false, "sender": chat, "senderPhone": "6281200001111", "senderName": null,
        "timestamp": 1_700_000_000, "type": "text", "content": "hi", "caption": null, "mimetype": null, "filename": null,
        "mediaUrl": null, "isGroup": chat.ends_with("@g.us"), "quotedMessage": null, "from": chat, "to": "6281200009999@s.whatsapp.net",
        "text": "hi", "pn": chat, "lid": null,
    })
}

async fn store(api: &Api, chat: &str, id: &str, order: u64) {
    let mut redis = api.redis.clone();
    // The last score a second can have, so that a lost digit would show.
    let score = 1_700_000_000 * ARRIVALS_PER_SECOND + order;
    let _: () = redis.zadd(format!("chatery:{{s}}:chat:{chat}:index"), id, score).await.unwrap();
    let _: () =
        redis.hset(format!("chatery:{{s}}:chat:{chat}:messages"), id, message(id, chat).to_string()).await.unwrap();
}

async fn page(api: &Api, chat: &str, limit: u64, cursor: &Value) -> Value {
    let body = json!({"sessionId": "s", "chatId": chat, "limit": limit, "cursor": cursor});
    let reply = api.call_json("POST", HISTORY, &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let json = reply.json();
    assert_eq!(json.get("message"), None);
    json["data"].clone()
}

fn ids(page: &Value) -> Vec<&str> {
    page["messages"].as_array().unwrap().iter().map(|message| message["id"].as_str().unwrap()).collect()
}

async fn with_history() -> Api {
    let api = Api::start(&[]).await;
    api.given_session("s", &[("status", "connected")]).await;
    for (order, id) in ["M1", "M2", "M3", "M4", "M5", "M6", "M7"].into_iter().enumerate() {
        store(&api, CHAT, id, order as u64).await;
    }
    api
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_overlap() {
    let api = with_history().await;
    let first = page(&api, "0812-0000-1111", 3, &Value::Null).await;
    assert_eq!(ids(&first), ["M7", "M6", "M5"]);
    assert_eq!(
        (&first["chatId"], &first["isGroup"], &first["total"], &first["limit"], &first["hasMore"]),
        (&json!(CHAT), &json!(false), &json!(3), &json!(3), &json!(true))
    );
    assert_eq!(first["messages"][0], message("M7", CHAT));
    // A message that arrives meanwhile moves nothing.
    store(&api, CHAT, "M8", 20).await;
    let second = page(&api, CHAT, 3, &first["cursor"]).await;
    assert_eq!((ids(&second), &second["hasMore"]), (vec!["M4", "M3", "M2"], &json!(true)));
    // The message a cursor names may vanish.
    let _: () = api.redis.clone().zrem(format!("chatery:{{s}}:chat:{CHAT}:index"), "M2").await.unwrap();
    let third = page(&api, CHAT, 3, &second["cursor"]).await;
    assert_eq!((ids(&third), &third["hasMore"]), (vec!["M1"], &json!(false)));
    let end = page(&api, CHAT, 3, &third["cursor"]).await;
    assert_eq!(
        (ids(&end).len(), &end["cursor"], &end["total"], &end["hasMore"]),
        (0, &Value::Null, &json!(0), &json!(false))
    );
}

#[tokio::test]
async fn a_full_last_page_has_no_more_and_a_bare_id_is_a_cursor() {
    let api = with_history().await;
    let all = page(&api, CHAT, 7, &Value::Null).await;
    assert_eq!((ids(&all).len(), &all["hasMore"]), (7, &json!(false)));
    assert_eq!(ids(&page(&api, CHAT, 2, &json!("M6")).await), ["M5", "M4"]);
    let unknown = json!({"sessionId": "s", "chatId": CHAT, "cursor": "M99"});
    api.call_json("POST", HISTORY, &unknown).await.assert_failure(400, "invalid_field", "Unknown cursor");
}

#[tokio::test]
async fn a_hidden_id_leads_to_the_phone_numbers_chat() {
    let api = with_history().await;
    let _: () = api.redis.clone().hset("chatery:{s}:lids", "100000000000001", "6281200001111").await.unwrap();
    let known = page(&api, "100000000000001@lid", 1, &Value::Null).await;
    assert_eq!((ids(&known), &known["chatId"]), (vec!["M7"], &json!(CHAT)));
    let unknown = page(&api, "100000000000002@lid", 1, &Value::Null).await;
    assert_eq!((ids(&unknown).len(), &unknown["chatId"]), (0, &json!("100000000000002@lid")));
}

#[tokio::test]
async fn what_cannot_be_read_is_left_out_and_does_not_end_the_history() {
    let api = with_history().await;
    let key = format!("chatery:{{s}}:chat:{CHAT}:messages");
    let _: () = api.redis.clone().hset(&key, "M7", "{broken").await.unwrap();
    let _: () = api.redis.clone().hdel(&key, "M6").await.unwrap();
    let first = page(&api, CHAT, 2, &Value::Null).await;
    assert_eq!((ids(&first).len(), &first["hasMore"]), (0, &json!(true)));
    assert_eq!(ids(&page(&api, CHAT, 2, &first["cursor"]).await), ["M5", "M4"]);
}

#[tokio::test]
async fn a_group_and_a_form() {
    let api = with_history().await;
    let group = "120363000000000001@g.us";
    store(&api, group, "G1", 0).await;
    let form = format!("session=s&jid={}&limit=5", group.replace('@', "%40"));
    let reply = api.call_raw("POST", HISTORY, "application/x-www-form-urlencoded", form).await;
    let data = reply.json()["data"].clone();
    assert_eq!((ids(&data), &data["isGroup"], &data["limit"]), (vec!["G1"], &json!(true), &json!(5)));
}
