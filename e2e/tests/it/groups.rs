//! Groups and people, through the whole design: what one session does, another one sees.

use e2e::api::Answer;
use e2e::stack::Stack;
use serde_json::{Value, json};

async fn asks(stack: &Stack, session: &str, path: &str, fields: Value) -> anyhow::Result<Answer> {
    let mut body = json!({ "sessionId": session });
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
    stack.api.post(&format!("/api/whatsapp/{path}"), &body).await
}

/// A success, its sentence and its data.
async fn gets(stack: &Stack, session: &str, path: &str, fields: Value) -> anyhow::Result<(String, Value)> {
    let answer = asks(stack, session, path, fields).await?;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    Ok((answer.body["message"].as_str().unwrap_or_default().to_owned(), answer.body["data"].clone()))
}

#[tokio::test]
async fn a_group_from_its_creation_to_the_last_who_leaves() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?.number;
    let friend = stack.linked("friend", "Friend").await?.number;
    let third = stack.phones.create("Third").await?.number;
    let (said, created) =
        gets(&stack, "shop", "groups/create", json!({ "name": "Market", "participants": [friend] })).await?;
    assert_eq!((said.as_str(), &created["subject"]), ("Group created successfully", &json!("Market")));
    let group = created["groupId"].as_str().expect("a group").to_owned();
    let (digits, _) = group.split_once('@').expect("an address");

    let (said, seen) = gets(&stack, "friend", "groups", json!({})).await?;
    assert_eq!((said.as_str(), &seen["count"]), ("Groups retrieved successfully", &json!(1)));
    assert_eq!(
        (&seen["groups"][0]["id"], &seen["groups"][0]["participantsCount"]),
        (&json!(group), &json!(2)),
        "{seen}"
    );

    for (path, fields, sentence) in [
        (
            "groups/subject",
            json!({ "groupId": digits, "subject": "Sunday market" }),
            "Group subject updated successfully",
        ),
        (
            "groups/description",
            json!({ "groupId": group, "description": "Who brings what" }),
            "Group description updated successfully",
        ),
        ("groups/settings", json!({ "groupId": group, "setting": "locked" }), "Group settings updated successfully"),
        (
            "groups/participants/add",
            json!({ "groupId": group, "participants": [third] }),
            "Participants added successfully",
        ),
        (
            "groups/participants/promote",
            json!({ "groupId": group, "participants": friend }),
            "Participants promoted to admin successfully",
        ),
    ] {
        assert_eq!(gets(&stack, "shop", path, fields).await?.0, sentence);
    }
    let (_, seen) = gets(&stack, "friend", "groups/metadata", json!({ "groupId": group })).await?;
    assert_eq!((&seen["subject"], &seen["description"]), (&json!("Sunday market"), &json!("Who brings what")));
    assert_eq!((&seen["restrict"], &seen["announce"]), (&json!(true), &json!(false)));
    let people = seen["participants"].as_array().expect("people");
    let admin = |number: &str| {
        people
            .iter()
            .find(|one| one["pn"].as_str().is_some_and(|pn| pn.starts_with(number)))
            .map(|one| one["admin"].clone())
    };
    assert_eq!(
        (admin(&shop), admin(&friend), admin(&third)),
        (Some(json!("superadmin")), Some(json!("admin")), Some(json!(null)))
    );

    // An invitation, and one that is no more.
    let (_, invite) = gets(&stack, "shop", "groups/invite-code", json!({ "groupId": group })).await?;
    let link = invite["inviteLink"].as_str().expect("a link").to_owned();
    assert!(link.starts_with("https://chat.whatsapp.com/"), "{invite}");
    assert_eq!(gets(&stack, "friend", "groups/leave", json!({ "groupId": group })).await?.0, "Left group successfully");
    let (said, joined) =
        gets(&stack, "friend", "groups/join", json!({ "inviteCode": format!("{link}?mode=x") })).await?;
    assert_eq!((said.as_str(), &joined["groupId"]), ("Joined group successfully", &json!(group)));
    let (_, renewed) = gets(&stack, "shop", "groups/revoke-invite", json!({ "groupId": group })).await?;
    assert_ne!(renewed["newInviteCode"], invite["inviteCode"]);
    assert_eq!(renewed["newInviteLink"], renewed["inviteLink"]);
    let stale = asks(&stack, "friend", "groups/join", json!({ "inviteCode": link })).await?;
    assert_eq!((stale.status, stale.code()), (404, "invite_invalid"), "{stale:?}");

    // Not an admin any more.
    let refused = asks(&stack, "friend", "groups/subject", json!({ "groupId": group, "subject": "Mine" })).await?;
    assert_eq!((refused.status, refused.code()), (403, "not_allowed"), "{refused:?}");
    let (_, removed) =
        gets(&stack, "shop", "groups/participants/remove", json!({ "groupId": group, "participants": [third] }))
            .await?;
    assert_eq!(removed["participants"][0]["status"], "200", "{removed}");
    stack.stop().await
}

#[tokio::test]
async fn people_pictures_and_reading() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let shop = stack.linked("shop", "Shop").await?.number;
    let alice = stack.phones.create("Alice").await?.number;
    let (_, info) = gets(&stack, "shop", "chats/contact-info", json!({ "phone": alice })).await?;
    assert_eq!((&info["phone"], &info["isRegistered"]), (&json!(alice), &json!(true)), "{info}");
    assert_eq!(info["jid"], format!("{alice}@s.whatsapp.net"));
    let (_, nobody) = gets(&stack, "shop", "chats/contact-info", json!({ "phone": "15550109999" })).await?;
    assert_eq!((&nobody["isRegistered"], &nobody["jid"]), (&json!(false), &json!(null)), "{nobody}");
    let (_, picture) = gets(&stack, "shop", "chats/profile-picture", json!({ "phone": alice })).await?;
    assert_eq!(picture, json!({ "phone": alice, "profilePicture": null }));

    let id = stack.phones.send(&alice, &shop, "are you there?").await?;
    let mut socket = stack.socket().await?;
    socket.resume("shop", "0-0").await?;
    socket.message("are you there?").await?;
    let (said, read) = gets(&stack, "shop", "chats/mark-read", json!({ "chatId": alice })).await?;
    assert_eq!((said.as_str(), &read["markedCount"]), ("Chat marked as read", &json!(1)), "{read}");
    let (_, again) = gets(&stack, "shop", "chats/mark-read", json!({ "chatId": alice, "messageId": id })).await?;
    assert_eq!(again["markedCount"], 0, "{again}");
    stack.stop().await
}

#[tokio::test]
async fn what_is_wrong_is_said() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.linked("shop", "Shop").await?;
    for (path, fields, status, code, message) in [
        ("create", json!({ "name": "x" }), 400, "missing_field", "Missing required fields: name, participants"),
        (
            "create",
            json!({ "name": "x", "participants": [] }),
            400,
            "missing_field",
            "Group name and at least one participant are required",
        ),
        ("metadata", json!({}), 400, "missing_field", "Missing required field: groupId"),
        (
            "metadata",
            json!({ "groupId": "6281200001111@s.whatsapp.net" }),
            400,
            "invalid_field",
            "groupId must be the address of a group",
        ),
        ("metadata", json!({ "groupId": "120363999999999999" }), 404, "group_not_found", "Group not found"),
        (
            "participants/add",
            json!({ "groupId": "1" }),
            400,
            "missing_field",
            "Missing required fields: groupId, participants",
        ),
        (
            "participants/remove",
            json!({ "groupId": "1@g.us", "participants": ["abc"] }),
            400,
            "invalid_recipient",
            "Invalid recipient: not a phone number or WhatsApp ID",
        ),
        ("subject", json!({ "groupId": "1" }), 400, "missing_field", "Missing required fields: groupId, subject"),
        ("settings", json!({ "groupId": "1@g.us" }), 400, "missing_field", "Missing required fields: groupId, setting"),
        (
            "settings",
            json!({ "groupId": "1@g.us", "setting": "x" }),
            400,
            "invalid_field",
            "Invalid setting. Use: announcement, not_announcement, locked, unlocked",
        ),
        ("leave", json!({}), 400, "missing_field", "Missing required field: groupId"),
        ("join", json!({}), 400, "missing_field", "Missing required field: inviteCode"),
        (
            "join",
            json!({ "inviteCode": "https://evil.example/x" }),
            400,
            "invalid_field",
            "inviteCode must be the code or the link of an invitation",
        ),
    ] {
        let answer = asks(&stack, "shop", &format!("groups/{path}"), fields.clone()).await?;
        assert_eq!((answer.status, answer.code()), (status, code), "{path} {fields}: {answer:?}");
        assert_eq!(answer.body["message"], message, "{path} {fields}");
    }
    stack.stop().await
}
