//! The original's behaviour, row by row: what was sent and what must come back. The rows are data (`conformance.json`); where this product
//! decided otherwise, a row says so and why. Everything is sent twice: to a server with true statuses, and to one with the original's
//! (`LEGACY_STATUS`).

use e2e::stack::{Plan, Stack};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

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

fn rows() -> Vec<Row> {
    serde_json::from_str(include_str!("conformance.json")).expect("the table is JSON")
}

/// Whether everything of `part` is in `whole`.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| contains(whole, part)))
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
    let before = stack.phones.messages(&alice).await?.len();
    let mut wrong = Vec::new();
    for row in rows() {
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
    let sent = rows().iter().filter(|row| row.status == 200 && row.path.contains("/send-")).count();
    assert_eq!(stack.phones.messages(&alice).await?.len() - before, sent);
    stack.stop().await
}

#[tokio::test]
async fn true_statuses() -> anyhow::Result<()> {
    run(false).await
}

#[tokio::test]
async fn the_originals_statuses() -> anyhow::Result<()> {
    run(true).await
}
