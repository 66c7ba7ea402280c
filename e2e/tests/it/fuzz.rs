//! The API as a stranger's program sees it that knows the OpenAPI document and nothing else: schemathesis makes up requests from it, good
//! ones and broken ones, and compares what comes back with what is described.

use std::process::Stdio;

use anyhow::Context as _;
use e2e::programs;
use e2e::stack::{Plan, Stack};
use serde_json::{Value, json};

const KEY: &str = "fuzz-key";

/// Requests made up for each operation, beside the examples and the edges of each field.
const EXAMPLES: &str = "12";

/// So that a finding can be found again.
const SEED: &str = "20260101";

/// What is looked at: no failure of the server, and nothing that the document does not describe.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// Fields that name a file: nothing leaves this machine.
const FILES: [&str; 3] = ["imageUrl", "documentUrl", "audioUrl"];

/// The document, with the one session that is linked wherever a body names one, and without a way out of this machine.
fn narrowed(group: &str) -> anyhow::Result<Value> {
    let mut document: Value = serde_json::from_str(include_str!("../../../docs/openapi.json"))?;
    for item in document["paths"].as_object_mut().context("paths")?.values_mut() {
        for operation in item.as_object_mut().context("operations")?.values_mut() {
            let Some(body) = operation.pointer_mut("/requestBody/content/application~1json") else { continue };
            let Some(properties) = body.pointer_mut("/schema/properties").and_then(Value::as_object_mut) else {
                continue;
            };
            for (name, field) in properties {
                match name.as_str() {
                    "sessionId" => *field = json!({ "const": "shop" }),
                    "network" => *field = json!({ "const": "sandbox" }),
                    "typingTime" => *field = json!({ "type": "integer", "minimum": 0, "maximum": 5 }),
                    "groupId" => *field = json!({ "anyOf": [{ "const": group }, field.clone()] }),
                    "chatId" | "phone" => {
                        *field = json!({ "anyOf": [{ "const": "6281200000102" }, { "const": group }, field.clone()] });
                    }
                    name if FILES.contains(&name) => {
                        *field = json!({ "enum": ["data:,x", "data:image/png;base64,iVBORw0KGgo=", "http://127.0.0.1:9/none"] });
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(document)
}

async fn stack() -> anyhow::Result<(Stack, String)> {
    let plan =
        Plan::default().api_key(KEY).setting("DASHBOARD_PASSWORD", "secret").setting("DEFAULT_NETWORK", "sandbox");
    let stack = plan.start().await?;
    let shop = stack.linked("shop", "Shop").await?.number;
    let alice = stack.phones.create_numbered("Alice", "6281200000102").await?.number;
    let group = stack.phones.create_group(&shop, "Market", &[&alice]).await?;
    Ok((stack, group))
}

#[tokio::test]
async fn nothing_comes_back_that_is_not_described() -> anyhow::Result<()> {
    let (stack, group) = stack().await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, serde_json::to_vec(&narrowed(&group)?)?)?;
    let mut program = tokio::process::Command::new(programs::schemathesis()?);
    program.arg("run").arg(&file).args(["--url", stack.api.base(), "--header", &format!("X-Api-Key: {KEY}")]);
    program.args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED]);
    program.args(["--checks", CHECKS, "--exclude-operation-id", "deleteSession", "--workers", "2", "--no-color"]);
    program.args(["--continue-on-failure", "--request-timeout", "60", "--warnings", "off"]);
    let output = program.current_dir(folder.path()).stdin(Stdio::null()).kill_on_drop(true).output().await?;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    // After all that the server is what it was.
    assert_eq!(
        stack.api.status("shop").await?.phone_number,
        stack.phones.all().await?.iter().find(|phone| phone.name == "Shop").map(|phone| phone.number.clone())
    );
    stack.stop().await
}
