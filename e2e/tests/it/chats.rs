//! Lists of chats and contacts: what is in them, in which order, page by page, and what changes them.

use e2e::api::Answer;
use e2e::stack::Stack;
use e2e::wait::{SOON, Seen, wait_for};
use serde_json::{Value, json};

async fn asks(stack: &Stack, path: &str, fields: Value) -> anyhow::Result<Answer> {
    let mut body = json!({ "sessionId": "shop" });
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
    stack.api.post(&format!("/api/whatsapp/{path}"), &body).await
}

async fn list(stack: &Stack, path: &str, fields: Value) -> anyhow::Result<Value> {
    let answer = asks(stack, path, fields).await?;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    assert!(answer.body.get("message").is_none(), "reads have no sentence");
    Ok(answer.body["data"].clone())
}

/// The chat with somebody, as soon as it is as told. `act` is done before each look.
async fn chat(
    stack: &Stack,
    id: &str,
    act: impl AsyncFn() -> anyhow::Result<()>,
    is_fact: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    let look = async || {
        act().await?;
        let all = list(stack, "chats/overview", json!({})).await?;
        let found = all["chats"].as_array().and_then(|chats| chats.iter().find(|chat| chat["id"] == id)).cloned();
        Ok(found.filter(&is_fact).map_or_else(|| Seen::NotYet(all.to_string()), Seen::Fact))
    };
    wait_for(id, SOON, look).await
}

async fn nothing() -> anyhow::Result<()> {
    Ok(())
}

#[tokio::test]
async fn a_chat_shows_who_it_is_with_what_was_said_and_what_is_unread() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?.number;
    let alice = stack.phones.create("Alice").await?.number;
    let id = format!("{alice}@s.whatsapp.net");
    let long = "x".repeat(150);
    stack.phones.send(&alice, &shop, "good morning").await?;
    let second = stack.phones.send(&alice, &shop, &long).await?;
    let seen = chat(&stack, &id, nothing, |chat| chat["unreadCount"] == 2).await?;
    assert_eq!((&seen["name"], &seen["phone"], &seen["isGroup"]), (&json!("Alice"), &json!(alice), &json!(false)));
    assert_eq!(seen["lastMessage"], json!("x".repeat(100)), "{seen}");
    assert!(seen["lastMessageTimestamp"].is_u64() && seen["profilePicture"].is_null(), "{seen}");
    let lid = seen["lid"].as_str().expect("a hidden address").to_owned();
    assert_eq!((&seen["pn"], lid.ends_with("@lid")), (&json!(id), true), "{seen}");

    // The chat is the same by number and by hidden address.
    for of in [&alice, &id, &lid] {
        let page = stack.api.page("shop", of, 10, None).await?;
        assert_eq!((page.chat_id.as_str(), page.messages.len()), (id.as_str(), 2), "{of}");
    }

    // Read on the phone, and through the API.
    stack.phones.read(&shop, &alice, &[&second]).await?;
    chat(&stack, &id, nothing, |chat| chat["unreadCount"] == 1).await?;
    let marked = asks(&stack, "chats/mark-read", json!({ "chatId": lid })).await?;
    assert_eq!(marked.status, 200, "{marked:?}");
    chat(&stack, &id, nothing, |chat| chat["unreadCount"] == 0).await?;

    // What the person arranges on the phone. A client that hears of a change while it fetches what belongs to the same collection
    // does not fetch again, so the phone says it until it is heard.
    let named = async || stack.phones.name_contact(&shop, &alice, "Alice Wonder").await;
    chat(&stack, &id, named, |chat| chat["name"] == "Alice Wonder").await?;
    let arranged = async || {
        stack.phones.arrange_chat(&shop, &alice, json!({ "archived": true, "muted": true, "read": false })).await?;
        stack.phones.arrange_chat(&shop, &alice, json!({ "pinned": true })).await
    };
    let arranged = chat(&stack, &id, arranged, |chat| {
        ["archived", "pinned", "markedUnread"].iter().all(|mark| chat[mark] == true) && chat["mutedUntil"] == -1
    });
    arranged.await?;

    let contacts = list(&stack, "contacts", json!({})).await?;
    let found = contacts["contacts"].as_array().expect("contacts").iter().find(|one| one["id"] == id).expect("Alice");
    assert_eq!((&found["name"], &found["pushName"]), (&json!("Alice Wonder"), &json!("Alice")), "{found}");
    assert_eq!((&found["shortName"], &found["phone"], &found["lid"]), (&json!("Alice"), &json!(alice), &json!(lid)));
    for search in ["wonder", "ALICE", &alice] {
        let found = list(&stack, "contacts", json!({ "search": search })).await?;
        assert_eq!((&found["total"], &found["contacts"][0]["id"]), (&json!(1), &json!(id)), "{search}: {found}");
    }
    assert_eq!(list(&stack, "contacts", json!({ "search": "nobody" })).await?["total"], 0);

    // A deleted chat is gone, until somebody writes again.
    let deleted = async || {
        stack.phones.arrange_chat(&shop, &alice, json!({ "deleted": true })).await?;
        let left = list(&stack, "chats/overview", json!({})).await?;
        Ok(if left["total"] == 0 { Seen::Fact(()) } else { Seen::NotYet(left.to_string()) })
    };
    wait_for("the end of the chat", SOON, deleted).await?;
    stack.stop().await
}

#[tokio::test]
async fn groups_have_their_subject_and_lists_their_pages() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?.number;
    let mut people = Vec::new();
    for number in 0..6 {
        let person = stack.phones.create(&format!("Person {number}")).await?.number;
        stack.phones.send(&person, &shop, "hello").await?;
        people.push(person);
    }
    let group = stack.phones.create_group(&people[0], "Market", &[&shop]).await?;
    stack.phones.send(&people[0], &group, "who comes?").await?;
    let seen = chat(&stack, &group, nothing, |chat| chat["name"] == "Market" && chat["unreadCount"] == 1).await?;
    assert_eq!((&seen["isGroup"], &seen["phone"], &seen["lid"]), (&json!(true), &Value::Null, &Value::Null), "{seen}");
    let subject = json!({ "groupId": group, "subject": "Sunday market" });
    let refused = asks(&stack, "groups/subject", subject).await?;
    assert_eq!(refused.status, 200, "members may rename: {refused:?}");
    chat(&stack, &group, nothing, |chat| chat["name"] == "Sunday market").await?;

    // The names of groups are known again after a start, however they were changed meanwhile.
    let wait = async || {
        let all = list(&stack, "chats/overview", json!({})).await?;
        Ok(Seen::when(all, |all| all["total"] == 7))
    };
    wait_for("all chats", SOON, wait).await?;
    for (path, items, total) in [("chats/overview", "chats", 7), ("contacts", "contacts", 6)] {
        let mut ids = Vec::new();
        for offset in (0..total).step_by(2) {
            let page = list(&stack, path, json!({ "limit": 2, "offset": offset })).await?;
            assert_eq!((&page["total"], &page["limit"], &page["offset"]), (&json!(total), &json!(2), &json!(offset)));
            assert_eq!(page["hasMore"], offset + 2 < total, "{page}");
            ids.extend(
                page[items].as_array().expect("a page").iter().map(|one| one["id"].as_str().expect("an id").to_owned()),
            );
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), total, "each once");
    }
    for (kind, total) in [("group", 1), ("personal", 6), ("individual", 6), ("private", 6), ("all", 7), ("other", 7)] {
        assert_eq!(list(&stack, "chats/overview", json!({ "type": kind })).await?["total"], total, "{kind}");
    }

    let info = list(&stack, "chats/info", json!({ "chatId": group })).await?;
    assert_eq!(
        (&info["name"], &info["isGroup"], &info["participantsCount"]),
        (&json!("Sunday market"), &json!(true), &json!(2))
    );
    assert_eq!(info["ownerPhone"], people[0], "{info}");
    let info = list(&stack, "chats/info", json!({ "chatId": people[1] })).await?;
    assert_eq!(
        (&info["phone"], &info["isGroup"], &info["isRegistered"]),
        (&json!(people[1]), &json!(false), &json!(true))
    );

    for (path, fields, code) in [
        ("chats/overview", json!({ "limit": 0.5 }), "invalid_field"),
        ("chats/overview", json!({ "limit": 501 }), "invalid_field"),
        ("chats/overview", json!({ "offset": -1 }), "invalid_field"),
        ("contacts", json!({ "limit": "many" }), "invalid_field"),
        ("contacts", json!({ "search": "x".repeat(101) }), "invalid_field"),
        ("contacts", json!({ "search": ["x"] }), "invalid_field"),
        ("chats/info", json!({}), "missing_field"),
        ("chats/info", json!({ "chatId": "abc" }), "invalid_recipient"),
        ("chats/info", json!({ "chatId": "120363000000009999@g.us" }), "group_not_found"),
    ] {
        let refused = asks(&stack, path, fields.clone()).await?;
        assert_eq!(refused.code(), code, "{path} {fields}: {refused:?}");
    }
    stack.stop().await
}
