//! Every operation that the OpenAPI document describes, called as it says: with its own example, which must work and be answered in the
//! described form; with a bad request, which must fail as described; and without the key. An operation that is added to the document is
//! called here by itself.

use std::collections::BTreeSet;

use e2e::api::Answer;
use e2e::receiver::Receiver;
use e2e::stack::{Plan, Stack};
use e2e::wait::{SOON, Seen, wait_for};
use reqwest::Method;
use serde_json::{Value, json};

const KEY: &str = "coverage-key";

/// The group of the examples.
const EXAMPLE_GROUP: &str = "120363000000000001@g.us";

/// The invitation of the examples.
const EXAMPLE_INVITE: &str = "https://chat.whatsapp.com/AbCd1234";

struct Operation {
    id: String,
    method: Method,
    path: String,
    described: Value,
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("paths");
    let all =
        paths.iter().flat_map(|(path, item)| item.as_object().expect("a path").iter().map(move |one| (path, one)));
    let operation = |(path, (method, described)): (&String, (&String, &Value))| Operation {
        id: described["operationId"].as_str().expect("an id").to_owned(),
        method: method.to_uppercase().parse().expect("a method"),
        path: path.clone(),
        described: described.clone(),
    };
    let mut all: Vec<Operation> = all.map(operation).collect();
    // What ends something comes last.
    all.sort_by_key(|one| match one.id.as_str() {
        "removeParticipants" => 1,
        "removeWebhook" | "leaveGroup" => 2,
        "deleteSession" => 3,
        _ => 0,
    });
    all
}

impl Operation {
    /// The path with a session that suits the operation: one that waits to be linked for what belongs to linking; and with a webhook
    /// and a delivery of it.
    fn path(&self, webhook: &str, delivery: &str) -> String {
        let session = match self.id.as_str() {
            "connectSession" | "qrCode" | "qrCodeImage" | "deleteSession" => "fresh",
            _ => "shop",
        };
        let path = self.path.replace("{session_id}", session);
        let path = path.replace("{webhook_id}", webhook).replace("{delivery_id}", delivery);
        if self.id == "removeWebhook" { format!("{path}?url=https://example.com/hook") } else { path }
    }

    fn example(&self) -> Option<&Value> {
        let body = &self.described["requestBody"]["content"]["application/json"];
        (!body.is_null()).then(|| &body["example"])
    }

    /// Whether an answer is one that the document describes.
    fn is_described(&self, answer: &Answer) -> bool {
        let Some(described) = self.described["responses"].get(answer.status.to_string()) else { return false };
        let code = answer.body["code"].as_str();
        code.is_none_or(|code| {
            described["description"].as_str().is_some_and(|text| text.contains(&format!("`{code}`")))
        })
    }

    /// Whether it takes an `Idempotency-Key`.
    fn is_repeatable(&self) -> bool {
        let parameters = self.described["parameters"].as_array().into_iter().flatten();
        parameters.into_iter().any(|parameter| parameter["name"] == "Idempotency-Key")
    }

    async fn call(&self, stack: &Stack, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let mut request = stack.api.request(self.method.clone(), path);
        if self.is_repeatable() {
            // Failures are not kept, so one key does for all attempts.
            request = request.header("Idempotency-Key", format!("coverage-{}", self.id));
        }
        stack.api.ask(if let Some(body) = body { request.json(body) } else { request }).await
    }
}

/// What is missing of a value that a schema requires, by path.
fn missing(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/components/schemas/")) {
        return missing(document, &document["components"]["schemas"][name], value, at, found);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        missing(document, part, value, at, found);
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            found.push(format!("{at}.{name}"));
        }
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            missing(document, schema, value, &format!("{at}.{name}"), found);
        }
    }
    for (place, value) in value.as_array().into_iter().flatten().enumerate() {
        missing(document, &schema["items"], value, &format!("{at}[{place}]"), found);
    }
}

#[tokio::test]
async fn every_operation_works_fails_and_asks_for_the_key_as_described() -> anyhow::Result<()> {
    let stack = Plan::default().api_key(KEY).setting("DASHBOARD_PASSWORD", "secret").start().await?;
    let served = stack.api.with_key(None).get("/api-docs.json").await?;
    assert_eq!(served.status, 200);
    let document: Value = serde_json::from_str(include_str!("../../../docs/openapi.json"))?;
    assert_eq!(served.body, document, "what is served is what is checked in");

    let shop = stack.linked("shop", "Shop").await?;
    let mut people = Vec::new();
    for (name, number) in [("Alice", "6281200000102"), ("Budi", "6281200000103")] {
        people.push(stack.phones.create_numbered(name, number).await?.number);
    }
    let group = json!({ "sessionId": "shop", "name": "Market", "participants": [people[0]] });
    let group = stack.api.post("/api/whatsapp/groups/create", &group).await?.body["data"]["groupId"].clone();
    let group = group.as_str().expect("a group").to_owned();
    let other = stack.phones.create_group(&people[0], "Walks", &[]).await?;
    let invitation = format!("https://chat.whatsapp.com/{}", stack.phones.invite_code(&other, &people[0]).await?);

    let receiver = Receiver::start().await?;
    let hooks = "/api/whatsapp/sessions/shop/webhooks";
    let added = stack.api.post(hooks, &json!({ "url": receiver.url("/hook") })).await?;
    let webhook = added.body["data"]["webhooks"][0]["id"].as_str().expect("a webhook").to_owned();
    let tested = stack.api.post(&format!("{hooks}/{webhook}/test"), &json!({})).await?;
    stack.phones.send(&people[0], &shop.number, "for the log").await?;
    let noted = receiver.message("for the log").await?;
    assert_eq!(tested.body["data"]["state"], "delivered", "{tested:?}");
    let delivery = noted.header("x-chatery-delivery").to_owned();
    let look = async || {
        let answer = stack.api.get(&format!("{hooks}/{webhook}/deliveries")).await?;
        Ok(Seen::when(answer, |answer| answer.body.to_string().contains(&delivery)))
    };
    wait_for("the delivery", SOON, look).await?;

    let all = operations(&document);
    let mut called = BTreeSet::new();
    for operation in &all {
        let path = operation.path(&webhook, &delivery);
        let example = operation.example().map(|example| {
            let text = example.to_string().replace(EXAMPLE_GROUP, &group).replace(EXAMPLE_INVITE, &invitation);
            serde_json::from_str::<Value>(&text).expect("an example")
        });

        // Without the key, and with a wrong one.
        let is_open = operation.described["security"].is_array();
        for (key, status) in [(None, 401), (Some("wrong"), 403)] {
            let request = stack.api.with_key(key).request(operation.method.clone(), &path);
            let answer = stack.api.ask(if let Some(body) = &example { request.json(body) } else { request }).await?;
            if !is_open {
                assert_eq!(answer.status, status, "{} without the key: {answer:?}", operation.id);
            }
        }

        // As it must not be: a body that is none, or a session that is not there.
        let bad = match (&example, operation.path.contains("{session_id}")) {
            (Some(_), _) => operation.call(&stack, &path, Some(&json!("no object"))).await?,
            (None, true) => {
                operation.call(&stack, &path.replace("/shop", "/nobody").replace("/fresh", "/nobody"), None).await?
            }
            (None, false) => stack.api.ask(stack.api.request(Method::PUT, &path)).await?,
        };
        let refused = bad.status >= 400 && (operation.is_described(&bad) || bad.code() == "route_not_found");
        assert!(refused, "{} with a bad request: {bad:?}", operation.id);
        if let Some(example) = example.as_ref().filter(|example| example.get("sessionId").is_some()) {
            for (name, value) in [("sessionId", json!("nobody")), ("sessionId", Value::Null)] {
                let mut body = example.clone();
                body[name] = value;
                let refused = operation.call(&stack, &path, Some(&body)).await?;
                assert!(refused.status >= 400 && operation.is_described(&refused), "{}: {refused:?}", operation.id);
            }
        }

        // As it says.
        let answer = operation.call(&stack, &path, example.as_ref()).await?;
        assert_eq!(answer.status, 200, "{} with its example: {answer:?}", operation.id);
        if operation.is_repeatable() {
            let again = operation.call(&stack, &path, example.as_ref()).await?;
            assert_eq!(again, answer, "{} with the same key", operation.id);
        }
        let success = &operation.described["responses"]["200"]["content"];
        if let Some(schema) = success.get("application/json").map(|json| &json["schema"]) {
            let mut lacking = Vec::new();
            missing(&document, schema, &answer.body, "", &mut lacking);
            assert!(lacking.is_empty(), "{} lacks {lacking:?}: {answer:?}", operation.id);
        }
        called.insert(operation.id.as_str());
    }
    assert_eq!(called.len(), all.len());
    stack.stop().await
}

#[tokio::test]
async fn the_dashboard_is_pages_of_its_own_files() -> anyhow::Result<()> {
    let stack = Plan::default().api_key(KEY).start().await?;
    let http = reqwest::Client::builder().timeout(SOON).build()?;
    let get = async |path: &str| http.get(format!("{}{path}", stack.api.base())).send().await;
    for page in ["/dashboard", "/dashboard/", "/ws-test"] {
        let page = get(page).await?;
        assert_eq!(page.status(), 200);
        let policy = page.headers()["content-security-policy"].to_str()?.to_owned();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let page = page.text().await?;
        let names = page.split("\"/dashboard/").skip(1).filter_map(|rest| rest.split('"').next());
        let files: Vec<String> = names.map(|name| format!("/dashboard/{name}")).collect();
        assert!(files.len() >= 4 && !page.contains("//cdn") && !page.contains("<style"), "{page}");
        for file in files {
            let packed =
                http.get(format!("{}{file}", stack.api.base())).header("accept-encoding", "gzip").send().await?;
            assert_eq!(
                (packed.status().as_u16(), &packed.headers()["content-encoding"]),
                (200, &"gzip".parse()?),
                "{file}"
            );
            let lasting = packed.headers()["cache-control"].to_str()?.contains("immutable");
            assert_eq!(lasting, file.starts_with("/dashboard/assets/"), "{file}");
            let plain = get(&file).await?.bytes().await?;
            assert!(packed.bytes().await?.len() < plain.len(), "{file}");
        }
    }
    assert_eq!(get("/dashboard/assets/none.js").await?.status(), 404);
    stack.stop().await
}

#[tokio::test]
async fn the_documentation_is_a_page_of_its_own_files() -> anyhow::Result<()> {
    let stack = Plan::default().api_key(KEY).start().await?;
    let http = reqwest::Client::builder().timeout(SOON).build()?;
    let get = async |path: &str| http.get(format!("{}{path}", stack.api.base())).send().await;
    let page = get("/").await?;
    let policy = page.headers()["content-security-policy"].to_str()?.to_owned();
    assert!(policy.contains("script-src 'self'") && policy.contains("default-src 'none'"), "{policy}");
    let page = page.text().await?;
    assert!(page.contains("<title>Chatery WhatsApp API - Documentation</title>") && !page.contains("//cdn"), "{page}");
    let names = |attribute: &str| -> Vec<String> {
        let begin = format!("{attribute}=\"/");
        page.split(&begin).skip(1).filter_map(|rest| rest.split('"').next()).map(|name| format!("/{name}")).collect()
    };
    let files = [names("src"), names("href")].concat();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let answer = get(&file).await?;
        assert_eq!(answer.status(), 200, "{file}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{file}");
        let tag = answer.headers()["etag"].clone();
        assert!(!answer.bytes().await?.is_empty(), "{file}");
        let again = http.get(format!("{}{file}", stack.api.base())).header("if-none-match", tag).send().await?;
        assert_eq!(again.status(), 304, "{file}");
    }
    stack.stop().await
}
