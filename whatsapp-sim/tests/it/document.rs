//! The admin API as its own document describes it: complete, true, and with examples that work.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use whatsapp_sim::SimError;

use crate::client::DEADLINE;
use crate::phone::{Network, answer};

/// The phones that examples are about.
pub(crate) const NUMBERS: [&str; 2] = ["6281200000101", "6281200000102"];

/// The document, from the route that serves it.
pub(crate) async fn document(network: &Network) -> Value {
    let (status, document) = network.get("/admin/openapi.json").await;
    assert_eq!(status, 200);
    document
}

/// Method, path and description of every operation.
pub(crate) fn operations(document: &Value) -> Vec<(Method, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let named = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods
            .map(move |(method, operation)| (method.to_uppercase().parse::<Method>().unwrap(), path.clone(), operation))
    });
    named.collect()
}

/// The codes in a text that quotes them.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The closed list.
pub(crate) fn codes(document: &Value) -> BTreeSet<&str> {
    let listed = document["components"]["schemas"]["Code"]["enum"].as_array().unwrap();
    listed.iter().map(|code| code.as_str().unwrap()).collect()
}

/// What a reference in the document points at; anything else is itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        None => value,
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
    }
}

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// A path with what the document gives as examples of its segments.
pub(crate) fn filled(path: &str, operation: &Value) -> String {
    let mut filled = path.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let example = match &parameter["example"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        filled = filled.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), &example);
    }
    filled
}

/// The examples of a kind of body.
pub(crate) fn examples<'a>(document: &'a Value, content: &'a Value) -> Vec<&'a Value> {
    let schema = resolved(document, &content["schema"]);
    let example = content.get("example").or_else(|| schema.get("example"));
    let named = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
    example.into_iter().chain(named).collect()
}

#[tokio::test]
async fn every_route_is_described() {
    let network = Network::start().await;
    let document = document(&network).await;
    assert_eq!(document["openapi"], "3.1.0");
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    let operations = operations(&document);
    for (method, path, operation) in &operations {
        let place = format!("{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|summary| summary.len() > 5), "{place}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{place}");
        for tag in operation["tags"].as_array().unwrap() {
            assert!(tags.contains(tag.as_str().unwrap()), "{place}: {tag}");
        }
        assert!(!filled(path, operation).contains(['{', '}']), "{place}: a segment without description or example");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{place}");
        for (status, response) in responses {
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{place} {status}");
        }
        for code in quoted(responses["default"]["description"].as_str().unwrap()) {
            assert!(codes(&document).contains(code), "{place}: {code}");
        }
    }
    for known in ["POST /admin/phones", "GET /admin/phones/{number}/messages", "GET /healthz", "GET /admin/changes"] {
        assert!(operations.iter().any(|(method, path, _)| format!("{method} {path}") == known), "{known}");
    }
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in found {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_list_of_codes_is_closed() {
    let network = Network::start().await;
    let document = document(&network).await;
    let listed = codes(&document);
    let expected: Vec<_> = include_str!("admin.rs")
        .split("    refused(")
        .skip(1)
        .map(|call| call.split(");\n").next().and_then(|call| call.rsplit('"').nth(1)).unwrap())
        .collect();
    assert!(expected.len() > 10, "{expected:?}");
    for code in expected {
        assert!(listed.contains(code), "{code}");
    }
}

#[tokio::test]
async fn every_example_is_accepted() {
    let network = Network::start().await;
    let document = document(&network).await;
    for number in NUMBERS {
        network.sim.create_phone("Example", Some(number)).await.unwrap();
    }
    let mut tried = 0;
    for (method, path, operation) in operations(&document) {
        let place = format!("{method} {path}");
        for (kind, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            let examples = examples(&document, content);
            assert!(!examples.is_empty(), "{place}: no example");
            for example in examples {
                let request = network.http.request(method.clone(), network.url(&filled(&path, operation)));
                let request = match example.as_str() {
                    Some(text) => request.header("content-type", kind).body(text.to_owned()),
                    None => request.json(example),
                };
                let (status, body) = answer(request).await;
                let code = body["code"].as_str().unwrap_or_default();
                // What an example names besides the phones cannot be there, and an example before it may have done the same.
                let only_missing = code.ends_with("_expired")
                    || code == "already_member"
                    || (code.starts_with("unknown_") && code != "unknown_phone");
                assert!((200..300).contains(&status) || only_missing, "{place}: {example} got {status} {body}");
                if let Some(documented) = operation["responses"].get(status.to_string()) {
                    conforms(&document, &documented["content"]["application/json"]["schema"], &body, &place);
                } else {
                    let default = operation["responses"]["default"]["description"].as_str().unwrap();
                    assert!(quoted(default).any(|listed| listed == code), "{place}: {code} is not among {default}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried >= 8, "{tried}");
}

#[tokio::test]
async fn every_answer_to_a_question_has_the_described_shape() {
    let network = Network::start().await;
    let document = document(&network).await;
    for number in NUMBERS {
        network.sim.create_phone("Example", Some(number)).await.unwrap();
    }
    network.sim.phone_send(NUMBERS[0], NUMBERS[1], "hello").await.unwrap();
    for (_, path, operation) in operations(&document).into_iter().filter(|(method, ..)| method == Method::GET) {
        let (status, body) = network.get(&filled(&path, operation)).await;
        if body["code"].as_str().is_some_and(|code| code.starts_with("unknown_") && code != "unknown_phone") {
            continue;
        }
        assert_eq!(status, 200, "{path}: {body}");
        conforms(&document, &operation["responses"]["200"]["content"]["application/json"]["schema"], &body, &path);
    }
}

/// Checks a value against the parts of a schema that answers are made of.
fn conforms(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolved(document, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        assert!(choices.iter().any(|choice| kind_fits(resolved(document, choice), value)), "{place}: {value}");
        return;
    }
    assert!(kind_fits(schema, value), "{place}: {value} is not {schema}");
    if let (Some(properties), Some(members)) = (schema["properties"].as_object(), value.as_object()) {
        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(members.contains_key(required.as_str().unwrap()), "{place}: no {required} in {value}");
        }
        for (name, member) in members {
            let described = properties.get(name).unwrap_or_else(|| panic!("{place}: {name} is not described"));
            conforms(document, described, member, &format!("{place}.{name}"));
        }
    }
    for item in value.as_array().into_iter().flatten() {
        conforms(document, &schema["items"], item, place);
    }
}

fn kind_fits(schema: &Value, value: &Value) -> bool {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match &schema["type"] {
        Value::Null => true,
        Value::Array(kinds) => kinds.contains(&json!(kind)),
        other => other == kind || (other == "number" && kind == "integer"),
    }
}

#[tokio::test]
async fn whoever_waits_for_news_hears_of_the_next_step() {
    let network = Network::start().await;
    let (_, body) = network.get("/admin/changes").await;
    let counter = body["data"]["counter"].as_u64().unwrap();
    let next = format!("/admin/changes?after={counter}");
    let (heard, _) = tokio::join!(network.get(&next), network.phone("Sari"));
    assert!(heard.1["data"]["counter"].as_u64().is_some_and(|heard| heard > counter), "{}", heard.1);
    let (status, body) = network.get("/admin/changes?after=soon").await;
    assert_eq!((status, &body["code"]), (400, &json!("invalid_query")), "{body}");
    let counter = heard.1["data"]["counter"].as_u64();
    let (waited, ()) = tokio::join!(network.sim.wait_for_change(counter, DEADLINE), network.sim.shutdown());
    assert!(matches!(waited, Err(SimError::Stopped)), "a network that stops lets nobody wait: {waited:?}");
}

#[test]
fn the_tests_that_the_readme_names_are_there() {
    let readme = include_str!("../../README.md");
    let (_, after) = readme.split_once("## Which test shows it").unwrap();
    let table = after.split("\n## ").next().unwrap();
    let names: Vec<&str> = table.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    assert!(names.len() > 50, "the table is read");
    for name in names {
        let (module, test) = name.rsplit_once("::").unwrap();
        let path = format!("{}/tests/it/{}.rs", env!("CARGO_MANIFEST_DIR"), module.replace("::", "/"));
        let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {path}: {error}"));
        assert!(source.contains(&format!("fn {test}(")), "{name} is not there");
    }
}
