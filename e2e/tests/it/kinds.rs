//! Every kind of message that needs no file, from the request to what the other person's phone shows.

use e2e::stack::Stack;
use serde_json::{Value, json};

/// Sends, and gives what the phone shows of it.
async fn arrives(stack: &Stack, route: &str, to: &str, fields: Value) -> anyhow::Result<(Value, Value)> {
    let mut body = json!({ "sessionId": "shop", "chatId": to });
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
    let answer = stack.api.post(&format!("/api/whatsapp/chats/{route}"), &body).await?;
    assert_eq!(answer.status, 200, "{route}: {answer:?}");
    let id = answer.body["data"]["messageId"].as_str().expect("an id").to_owned();
    let shown = stack.phones.wait_for_id(to, &id).await?;
    Ok((answer.body, shown.details))
}

#[tokio::test]
async fn places_cards_and_polls() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?.number;

    let place = json!({ "latitude": -6.2, "longitude": 106.8, "name": "Kiosk" });
    let (answer, shown) = arrives(&stack, "send-location", &alice, place).await?;
    assert_eq!(answer["message"], "Location sent successfully");
    assert_eq!((&shown["type"], &shown["location"]["name"]), (&json!("location"), &json!("Kiosk")), "{shown}");
    assert_eq!((&shown["location"]["latitude"], &shown["location"]["longitude"]), (&json!(-6.2), &json!(106.8)));

    let card = json!({ "contactName": "Budi;\nTEL:+1555", "contactPhone": "0812-0000-1111" });
    let (answer, shown) = arrives(&stack, "send-contact", &alice, card).await?;
    assert_eq!(answer["message"], "Contact sent successfully");
    let vcard = shown["contacts"][0]["vcard"].as_str().expect("a card");
    assert!(vcard.contains("waid=6281200001111:+6281200001111") && vcard.lines().count() == 5, "{shown}");

    let poll = json!({ "question": "Which?", "options": ["Red", "Blue"], "selectableCount": 0 });
    let (answer, shown) = arrives(&stack, "send-poll", &alice, poll).await?;
    assert_eq!(answer["message"], "Poll sent successfully");
    let names: Vec<_> = shown["poll"]["options"].as_array().expect("options").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Red", "Blue"], "{shown}");

    let buttons = json!({ "text": "Come?", "footer": "Please", "buttons": ["Yes"] });
    let (answer, shown) = arrives(&stack, "send-button", &alice, buttons).await?;
    assert_eq!(answer["message"], "Interactive poll sent (buttons are deprecated by WhatsApp)");
    assert_eq!(answer["data"]["note"], "WhatsApp deprecated button messages in 2022. Poll is used as alternative.");
    assert_eq!(shown["poll"]["options"][0]["name"], "Yes", "{shown}");

    // The same kinds in the history.
    let page = stack.api.page("shop", &alice, 10, None).await?;
    let kinds: Vec<_> =
        page.messages.iter().map(|message| serde_json::to_value(message.kind)).collect::<Result<_, _>>()?;
    assert_eq!(kinds, ["poll", "poll", "contact", "location"]);
    stack.stop().await
}

#[tokio::test]
async fn what_is_wrong_is_said() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?.number;
    for (route, fields, code, message) in [
        (
            "send-location",
            json!({ "latitude": 1 }),
            "missing_field",
            "Missing required fields: chatId, latitude, longitude",
        ),
        (
            "send-location",
            json!({ "latitude": 91, "longitude": 0 }),
            "invalid_field",
            "latitude must be from -90 to 90, longitude from -180 to 180",
        ),
        (
            "send-contact",
            json!({ "contactName": "B" }),
            "missing_field",
            "Missing required fields: chatId, contactName, contactPhone",
        ),
        (
            "send-contact",
            json!({ "contactName": "B", "contactPhone": "abc" }),
            "invalid_field",
            "contactPhone must be a phone number",
        ),
        (
            "send-poll",
            json!({ "question": "?", "options": "a,b" }),
            "missing_field",
            "Missing required fields: chatId, question, options (array)",
        ),
        (
            "send-poll",
            json!({ "question": "?", "options": ["a"] }),
            "invalid_field",
            "Poll must have between 2 and 12 options",
        ),
        (
            "send-poll",
            json!({ "question": "?", "options": vec!["a"; 13] }),
            "invalid_field",
            "Poll must have between 2 and 12 options",
        ),
        (
            "send-poll",
            json!({ "question": "?", "options": ["a", "a"] }),
            "invalid_field",
            "Options must not be empty and must differ from each other",
        ),
        (
            "send-poll",
            json!({ "question": "?", "options": ["a", "b"], "selectableCount": 3 }),
            "invalid_field",
            "poll.selectableCount in poll should be >= 0 and <= 2",
        ),
        (
            "send-button",
            json!({ "text": "?" }),
            "missing_field",
            "Missing required fields: chatId, text, buttons (array)",
        ),
        ("profile-picture", json!({ "chatId": "" }), "missing_field", "Missing required field: phone"),
        ("contact-info", json!({ "chatId": "" }), "missing_field", "Missing required field: phone"),
        ("mark-read", json!({ "chatId": "" }), "missing_field", "Missing required field: chatId"),
    ] {
        let mut body = json!({ "sessionId": "shop", "chatId": alice });
        body.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
        let answer = stack.api.post(&format!("/api/whatsapp/chats/{route}"), &body).await?;
        assert_eq!((answer.status, answer.code()), (400, code), "{route} {fields}: {answer:?}");
        assert_eq!(answer.body["message"], message, "{route} {fields}");
    }
    assert!(stack.phones.messages(&alice).await?.is_empty());
    stack.stop().await
}
