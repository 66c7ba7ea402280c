//! The API described by its own code: an `OpenAPI` document that is collected from the handlers, completed here with what
//! every route shares, and served. Nothing is written down twice, so nothing can disagree.

use axum::Extension;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use bytes::Bytes;
use serde_json::json;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, Ref, RefOr, Required, Response};
use utoipa::{OpenApi, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{Code, Failure};
use crate::sim::Sim;

/// What every route may answer besides its own refusals.
const EVERYWHERE: [Code; 4] = [Code::ForeignHost, Code::ForeignOrigin, Code::Internal, Code::Stopped];
/// What every route with `{number}` may answer.
const OF_NUMBERS: [Code; 2] = [Code::BadAddress, Code::UnknownPhone];
/// What every route with a JSON body may answer.
const OF_BODIES: [Code; 4] = [Code::InvalidJson, Code::InvalidBody, Code::TooLarge, Code::UnsupportedMediaType];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "whatsapp-sim admin API",
        description = "What a person or a test does to the simulated network. Every answer is JSON: \
            `{\"success\":true,\"data\":…}`, or a true status with `{\"success\":false,\"code\":…,\"message\":…}`. \
            It has no password and is meant for loopback."
    ),
    components(schemas(Failure, Code)),
    tags(
        (name = "phones", description = "The people of the network"),
        (name = "linking", description = "Companions: link them and unlink them"),
        (name = "messages", description = "Write, react, read and type as a person; see what came"),
        (name = "people", description = "What people show and hide: names, presence, blocking, privacy, businesses"),
        (name = "app state", description = "What the devices of an account keep in common: chats, contacts, labels, stars"),
        (name = "groups", description = "Groups: found, change, let in, put out, join, leave"),
        (name = "calls", description = "Ring, answer, refuse, hang up"),
        (name = "channels", description = "Channels (newsletters): found, follow, post, react"),
        (name = "faults", description = "Trouble on request"),
        (name = "log", description = "What passes the connections"),
        (name = "network", description = "The network itself: counters, key, health, this document"),
    )
)]
struct Document;

/// An empty router with the head of the document.
pub(super) fn begin() -> OpenApiRouter<Sim> {
    OpenApiRouter::with_openapi(Document::openapi())
}

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default().routes(routes!(openapi))
}

/// The complete document, as it is served.
#[derive(Clone)]
pub(super) struct Served(Bytes);

/// What the route of the document needs.
pub(super) fn layer(mut document: utoipa::openapi::OpenApi) -> Extension<Served> {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            complete(method, path, operation);
        }
    }
    // Serializing a document of plain maps and texts does not fail.
    Extension(Served(serde_json::to_vec(&document).unwrap_or_default().into()))
}

/// This document.
#[utoipa::path(get, path = "/admin/openapi.json", tag = "network", responses((status = 200, body = serde_json::Value)))]
async fn openapi(Extension(Served(document)): Extension<Served>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document)
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let named = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
    named.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Adds what follows from the route's shape.
fn complete(method: &str, path: &str, operation: &mut Operation) {
    // Handlers of two areas may share a name; a method and a path are unique.
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    operation.operation_id = Some([method].into_iter().chain(words).collect::<Vec<_>>().join("_"));
    let mut codes = Vec::new();
    if path.contains("{number}") {
        codes.extend(OF_NUMBERS);
        operation.parameters.get_or_insert_default().insert(0, RefOr::T(number()));
    }
    if operation.request_body.is_some() {
        codes.extend(OF_BODIES);
    }
    codes.extend(EVERYWHERE);
    let codes = codes.iter().map(|code| format!("`{}`", code.name())).collect::<Vec<_>>().join(", ");
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            "What was asked for.".clone_into(&mut response.description);
        }
    }
    let refusals = operation.responses.responses.entry("default".to_owned());
    if let RefOr::T(response) = refusals.or_insert_with(|| RefOr::T(Response::new(""))) {
        let own = std::mem::take(&mut response.description);
        response.description = if own.is_empty() { codes } else { format!("{own}, {codes}") };
        let failure = Content::new(Some(Ref::from_schema_name(Failure::name())));
        response.content.insert("application/json".to_owned(), RefOr::T(failure));
    }
}

/// `{number}`, which is the same everywhere.
fn number() -> Parameter {
    ParameterBuilder::new()
        .name("number")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The phone's number in any usual spelling, or one of its JIDs."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .example(Some(json!("6281200000101")))
        .build()
}
