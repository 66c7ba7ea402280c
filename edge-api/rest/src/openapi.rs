//! The API described for people and programs: an `OpenAPI` 3.1 document.
//!
//! It is made of the table of operations, of the wire types of `contract`, and of the closed list of failure codes, so that nothing
//! stands in it that the code does not know. Native only: the document is written at build time and served as a file.

mod operations;
mod shape;

use contract::error::ErrorCode;
use serde_json::{Map, Value, json};

pub use operations::{Operation, all as operations};
use shape::Schemas;

/// Failures that every route below the key may answer.
const OF_ALL: [ErrorCode; 4] =
    [ErrorCode::MissingApiKey, ErrorCode::InvalidApiKey, ErrorCode::StorageUnavailable, ErrorCode::Overloaded];

/// Failures of a route with a body.
const OF_BODIES: [ErrorCode; 5] = [
    ErrorCode::MalformedBody,
    ErrorCode::BodyTooLarge,
    ErrorCode::RequestTimeout,
    ErrorCode::MissingField,
    ErrorCode::InvalidField,
];

/// Failures of a route about a connected session.
const OF_SESSIONS: [ErrorCode; 3] =
    [ErrorCode::BodyRequired, ErrorCode::SessionNotFound, ErrorCode::SessionNotConnected];

/// Failures of a route that a host answers.
const OF_HOSTS: [ErrorCode; 3] = [ErrorCode::NoHost, ErrorCode::Timeout, ErrorCode::Internal];

/// Failures of a route that changes something.
const OF_KEYS: [ErrorCode; 2] = [ErrorCode::InvalidIdempotencyKey, ErrorCode::IdempotencyKeyReused];

const ABOUT: &str = "\
WhatsApp over HTTP. Every answer is JSON: `{\"success\":true,\"message\"?,\"data\"?}`, or a true HTTP status with \
`{\"success\":false,\"message\",\"code\"}`, where `code` is one of a closed list. With `LEGACY_STATUS=true` failures of the engine \
are answered with status 200, as by the original API.\n\n\
Bodies may be JSON or forms; numbers may stand for texts. Besides the names below, `session`; `to`, `phone`, `number`, `jid`; `text` and \
`body` are understood. `Idempotency-Key` makes a request repeatable for 24 hours.";

/// The document.
pub fn document() -> Value {
    let mut schemas = Schemas::default();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        item[operation.method] = described(operation, &mut schemas);
    }
    let code = schemas.of::<ErrorCode>();
    let mut components = schemas.finish();
    components.insert("Failure".to_owned(), failure(&code));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Chatery WhatsApp API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "ApiKeyAuth": [] }],
        "tags": operations::TAGS.iter().map(|(name, what)| json!({ "name": name, "description": what })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "ApiKeyAuth": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Api-Key",
                    "description": "The value of `API_KEY`. Without one the server answers its own machine only, and asks for no key.",
                },
            },
        },
    })
}

fn failure(code: &Value) -> Value {
    json!({
        "type": "object",
        "description": "What every failure looks like.",
        "required": ["success", "message", "code"],
        "properties": {
            "success": { "type": "boolean", "const": false },
            "message": { "type": "string", "description": "A sentence for people." },
            "code": code,
            "data": { "description": "What is known besides." },
        },
    })
}

fn described(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut described = json!({
        "tags": [operation.tag],
        "operationId": operation.id,
        "summary": operation.summary,
        "responses": responses(operation, schemas),
    });
    let mut parameters = Vec::new();
    if operation.path.contains("{session_id}") {
        parameters.push(json!({
            "name": "session_id", "in": "path", "required": true,
            "description": "The session: letters, digits, `_` and `-`, at most 64.",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }, "example": "shop",
        }));
    }
    for (name, what) in [("webhook_id", "The `id` of the webhook."), ("delivery_id", "The `id` of the delivery.")] {
        if operation.path.contains(&format!("{{{name}}}")) {
            parameters.push(json!({
                "name": name, "in": "path", "required": true, "description": what,
                "schema": { "type": "string", "pattern": "^[0-9a-f]{16,32}$" }, "example": "0123456789abcdef",
            }));
        }
    }
    if operation.repeatable {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same key gives the same outcome for 24 hours, and nothing is done twice.",
            "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" },
        }));
    }
    if !operation.query.is_empty() {
        parameters.extend(operation.query.iter().map(|field| {
            json!({ "name": field.name, "in": "query", "required": field.required, "description": field.what, "schema": field.kind.schema() })
        }));
    }
    if !parameters.is_empty() {
        described["parameters"] = json!(parameters);
    }
    if operation.has_body {
        let schema = shape::object(operation.fields, schemas);
        let content = json!({ "schema": schema, "example": operation.example() });
        described["requestBody"] = json!({
            "required": operation.fields.iter().any(|field| field.required),
            "content": { "application/json": content },
        });
    }
    if operation.open {
        described["security"] = json!([]);
    }
    described
}

/// Every failure that an operation may answer.
pub fn failures(operation: &Operation) -> Vec<ErrorCode> {
    let mut codes: Vec<ErrorCode> = operation.codes.to_vec();
    if operation.open {
        codes.push(ErrorCode::Overloaded);
    } else {
        codes.extend(OF_ALL);
    }
    if operation.has_body {
        codes.extend(OF_BODIES);
    }
    if operation.of_session {
        codes.extend(OF_SESSIONS);
    }
    if operation.by_host {
        codes.extend(OF_HOSTS);
    }
    if operation.repeatable {
        codes.extend(OF_KEYS);
    }
    codes.sort_by_key(|code| (code.status(), code.as_str()));
    codes.dedup();
    codes
}

fn responses(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), success(operation, schemas));
    if operation.accepted {
        let mut later = success(operation, schemas);
        later["description"] = json!("It is under way; look at it later.");
        responses.insert("202".to_owned(), later);
    }
    let codes = failures(operation);
    for group in codes.chunk_by(|a, b| a.status() == b.status()) {
        let Some(first) = group.first() else { continue };
        let names: Vec<String> = group.iter().map(|code| format!("`{}`: {}", code.as_str(), code.message())).collect();
        let example = json!({ "success": false, "message": first.message(), "code": first.as_str() });
        let content = match operation.page {
            Some(_) if first.status() == 404 => json!({ "text/html": { "schema": { "type": "string" } } }),
            _ => json!({ "application/json": {
                "schema": { "$ref": "#/components/schemas/Failure" }, "example": example,
            } }),
        };
        let answer = json!({ "description": names.join("\n\n"), "content": content });
        responses.insert(first.status().to_string(), answer);
    }
    Value::Object(responses)
}

fn success(operation: &Operation, schemas: &mut Schemas) -> Value {
    if let Some(kind) = operation.page {
        let schema = json!({ "type": "string", "contentEncoding": "binary" });
        return json!({ "description": operation.summary, "content": { kind: { "schema": schema } } });
    }
    let mut properties = Map::new();
    let mut required = vec!["success"];
    properties.insert("success".to_owned(), json!({ "type": "boolean", "const": true }));
    if let Some(sentence) = operation.sentence {
        properties.insert("message".to_owned(), json!({ "type": "string", "examples": [sentence] }));
        required.push("message");
    }
    if let Some(data) = operation.data.schema(schemas) {
        properties.insert("data".to_owned(), data);
        required.push("data");
    }
    for field in operation.besides {
        properties.insert(field.name.to_owned(), field.kind.schema());
        required.push(field.name);
    }
    let schema = json!({ "type": "object", "required": required, "properties": properties });
    json!({ "description": operation.sentence.unwrap_or(operation.summary), "content": { "application/json": { "schema": schema } } })
}

/// The document as it is written to a file.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Set by `cargo xtask openapi`: the file is written before it is compared.
    const WRITE: &str = "CHATERY_WRITE_OPENAPI";

    /// Routes that come with later parts of the product, or that are no part of the document: itself.
    const ELSEWHERE: [&str; 1] = [contract::routes::OPENAPI];

    #[test]
    fn every_route_is_described_once() {
        let source = include_str!("../../../contract/src/routes.rs");
        let paths = source.split('"').skip(1).step_by(2).filter(|path| path.starts_with("/api"));
        let described: HashSet<&str> = operations().map(|operation| operation.path).collect();
        for path in paths.filter(|path| *path != contract::routes::API && !ELSEWHERE.contains(path)) {
            assert!(described.contains(path), "{path} is not described");
        }
        let mut seen = HashSet::new();
        for operation in operations() {
            assert!(seen.insert((operation.method, operation.path)), "{} {} twice", operation.method, operation.path);
            assert!(operations::TAGS.iter().any(|(tag, _)| *tag == operation.tag), "{}", operation.tag);
        }
        let ids: HashSet<&str> = operations().map(|operation| operation.id).collect();
        assert_eq!(ids.len(), operations().count(), "operation ids are unique");
    }

    #[test]
    fn every_reference_is_there() {
        let document = document();
        let text = document.to_string();
        for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
    }

    #[test]
    fn examples_have_every_required_field_and_no_other() {
        for operation in operations().filter(|operation| operation.has_body) {
            let example = operation.example();
            let example = example.as_object().unwrap();
            for field in operation.fields.iter().filter(|field| field.required) {
                assert!(example.contains_key(field.name), "{}: {}", operation.id, field.name);
            }
            for name in example.keys() {
                assert!(operation.fields.iter().any(|field| field.name == name), "{}: {name}", operation.id);
            }
        }
    }

    #[test]
    fn the_file_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(path, text()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == text(), "docs/openapi.json is not current: run `cargo xtask openapi`");
    }
}
