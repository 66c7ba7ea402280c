//! The original's behaviour, row by row: what was sent and what must come back. The rows are data (`conformance.json`); where this product
//! decided otherwise, a row says so and why. Everything is sent twice: to a server with true statuses, and to one with the original's
//! (`LEGACY_STATUS`).

use e2e::files::{File, Files};
use e2e::stack::{Plan, Stack};
use image::ImageFormat;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::media::{picture, tone};

const KEY: &str = "conformance-key";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Row {
    /// What is shown.
    name: String,
    method: String,
    path: String,
    /// The key: absent for the right one, `null` for none.
    #[serde(default = "right")]
    key: Option<String>,
    /// JSON, unless it is a text; then it is sent as it is.
    #[serde(default)]
    body: Value,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    status: u16,
    /// The status that the original answers with, where it differs.
    #[serde(default)]
    legacy: Option<u16>,
    /// What the body contains.
    #[serde(default)]
    answer: Value,
    /// The sentence of the original, where it is another with its statuses.
    #[serde(default)]
    legacy_message: Option<String>,
    /// Why this is not what the original does.
    #[serde(default)]
    differs: Option<String>,
}

#[expect(clippy::unnecessary_wraps, reason = "the type of the field")]
fn right() -> Option<String> {
    Some(KEY.to_owned())
}

/// The rows, with a group of the session and a place of files in them.
fn rows(group: &str, files: &str) -> Vec<Row> {
    let table = include_str!("conformance.json").replace("{group}", group).replace("{files}", files);
    serde_json::from_str(&table).expect("the table is JSON")
}

/// Whether everything of `part` is in `whole`.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| contains(whole, part)))
        }
        // Of each of a list its fields, and no more of them than that.
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| contains(whole, part))
        }
        (whole, part) => whole == part,
    }
}

/// One session that is connected, `shop`; one that waits, `waiting`.
async fn stack(legacy: bool) -> anyhow::Result<(Stack, String)> {
    let plan = Plan::default().api_key(KEY).setting("DASHBOARD_PASSWORD", "secret");
    let plan = if legacy { plan.setting("LEGACY_STATUS", "true") } else { plan };
    let stack = plan.start().await?;
    stack.linked("shop", "Shop").await?;
    // The phone tells its name a moment after the link.
    stack.api.wait_for_status("shop", |shop| shop.name.is_some()).await?;
    stack.api.connect("waiting").await?;
    stack.api.qr_code("waiting").await?;
    let alice = stack.phones.create_numbered("Alice", "6281200000102").await?.number;
    Ok((stack, alice))
}

async fn run(legacy: bool) -> anyhow::Result<()> {
    let (stack, alice) = stack(legacy).await?;
    let files = Files::start([
        ("/a.OGG", File::Bytes(tone(1))),
        ("/logo.png", File::Bytes(picture(300, 100, ImageFormat::Png))),
    ])
    .await?;
    let shop = stack.api.status("shop").await?.phone_number.expect("a number");
    let group = stack.phones.create_group(&shop, "Market", &[&alice]).await?;
    let all = || rows(&group, &files.url(""));
    let before = stack.phones.messages(&alice).await?.len();
    let mut wrong = Vec::new();
    for row in all() {
        let api = stack.api.with_key(row.key.as_deref());
        let mut request = api.request(row.method.parse::<Method>()?, &row.path);
        request = match (&row.body, &row.kind) {
            (Value::Null, None) => request,
            (Value::Null, Some(kind)) => request.header("content-type", kind),
            (Value::String(text), kind) => {
                request.header("content-type", kind.as_deref().unwrap_or("application/json")).body(text.clone())
            }
            (body, _) => request.json(body),
        };
        let answer = api.ask(request).await?;
        let status = row.legacy.filter(|_| legacy).unwrap_or(row.status);
        let mut expected = row.answer;
        if let Some(sentence) = row.legacy_message.filter(|_| legacy) {
            expected["message"] = sentence.into();
        }
        if answer.status != status || !contains(&answer.body, &expected) {
            wrong.push(format!("{}: {} {} instead of {status} {expected}", row.name, answer.status, answer.body));
        }
        assert!(row.differs.is_none_or(|why| !why.is_empty()), "{}: a difference has a reason", row.name);
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
    // Nothing of what was refused was sent: the rows that send are those that succeed.
    let sent = all().iter().filter(|row| row.status == 200 && row.path.contains("/send-")).count();
    let there = stack.phones.messages(&alice).await?;
    assert_eq!(there.len() - before, sent);
    let names: Vec<_> = there.iter().filter_map(|message| message.details["file"]["fileName"].as_str()).collect();
    assert_eq!(names, ["evil.html"], "27: the bare name");
    pages(&stack, &alice).await?;
    stack.stop().await
}

/// 21: each page goes on where the one before it ended.
async fn pages(stack: &Stack, alice: &str) -> anyhow::Result<()> {
    let all = stack.api.page("shop", alice, 500, None).await?;
    let first = stack.api.page("shop", alice, 3, None).await?;
    let second = stack.api.page("shop", alice, 3, first.cursor.as_deref()).await?;
    let ids = |messages: &[contract::message::Message]| -> Vec<String> {
        messages.iter().map(|message| message.id.clone()).collect()
    };
    assert!(all.messages.len() > 6 && first.has_more && second.has_more, "{}", all.messages.len());
    assert_eq!([ids(&first.messages), ids(&second.messages)].concat(), ids(&all.messages[..6]));
    Ok(())
}

/// 10 and 11: what the other person sees, in its order.
#[tokio::test]
async fn typing_and_recording_are_shown_and_ended_before_the_message() -> anyhow::Result<()> {
    let (stack, alice) = stack(false).await?;
    let files = Files::start([("/a.OGG", File::Bytes(tone(1)))]).await?;
    let shop = stack.api.status("shop").await?.phone_number.expect("a number");
    stack.phones.log_stanzas().await?;
    let form = format!("sessionId=shop&chatId={alice}&message=x&typingTime=20");
    let form = stack.api.request(Method::POST, "/api/whatsapp/chats/send-text").body(form);
    let sent = stack.api.ask(form.header("content-type", "application/x-www-form-urlencoded")).await?;
    assert_eq!(sent.status, 200, "{sent:?}");
    let note = json!({ "sessionId": "shop", "chatId": alice, "audioUrl": files.url("/a.OGG?x=1"), "ptt": true, "typingTime": 3 });
    let sent = stack.api.post("/api/whatsapp/chats/send-audio", &note).await?;
    assert_eq!((sent.status, &sent.body["message"]), (200, &json!("Voice note sent successfully")), "{sent:?}");
    let said = stack.phones.stanzas_of(&shop).await?;
    let seen: Vec<&str> = said.iter().filter_map(|xml| shown(xml)).collect();
    assert_eq!(seen, ["composing", "paused", "message", "recording", "paused", "message"], "{said:#?}");
    stack.stop().await
}

/// What a stanza of a client shows to the person it writes to.
fn shown(xml: &str) -> Option<&'static str> {
    let is = |part: &str| xml.contains(part);
    match () {
        () if is("<composing") && is("audio") => Some("recording"),
        () if is("<composing") => Some("composing"),
        () if is("<paused") => Some("paused"),
        () if xml.starts_with("<message ") && !is("category=\"peer\"") => Some("message"),
        () => None,
    }
}

#[tokio::test]
async fn true_statuses() -> anyhow::Result<()> {
    run(false).await
}

#[tokio::test]
async fn the_originals_statuses() -> anyhow::Result<()> {
    run(true).await
}
