//! What a person shows and hides: the name, presence, contacts, blocked people, privacy, a business; and a reset phone.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments};
use crate::sim::{BusinessProfile, Sim, SimError};

type Outcome<T> = Result<T, ApiError>;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default()
        .routes(routes!(rename))
        .routes(routes!(presence))
        .routes(routes!(contact))
        .routes(routes!(blocked, block))
        .routes(routes!(privacy, set_privacy))
        .routes(routes!(business, set_business, remove_business))
        .routes(routes!(reinstall))
}

/// A new name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Sari" }))]
struct NewName {
    name: String,
}

/// The person takes another name.
///
/// Contacts hear of it, and see it on the next message.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/name",
    tag = "people",
    request_body = NewName,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_name`"),
    ),
)]
async fn rename(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(new): Body<NewName>,
) -> Outcome<impl IntoResponse> {
    sim.rename_phone(&number, &new.name).await?;
    Ok(success(Nothing {}))
}

/// Whether the phone is in use.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "available": true }))]
struct PhoneInUse {
    available: bool,
}

/// Somebody takes up the phone, or puts it away.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/presence",
    tag = "people",
    request_body = PhoneInUse,
    responses((status = 200, body = Success<Nothing>)),
)]
async fn presence(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(state): Body<PhoneInUse>,
) -> Outcome<impl IntoResponse> {
    sim.phone_presence(&number, state.available).await?;
    Ok(success(Nothing {}))
}

/// Somebody in the address book.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "other": "6281200000102", "name": "Budi Santoso", "firstName": "Budi" }))]
struct AddressBookEntry {
    other: String,
    /// The name in the address book; companions find it in the app state.
    name: Option<String>,
    first_name: Option<String>,
    /// False removes the entry.
    #[serde(default = "yes")]
    known: bool,
}

fn yes() -> bool {
    true
}

/// Enters somebody into the person's address book, or removes the entry.
///
/// Privacy settings with the value `contacts` ask for it. Whoever the account writes to from a client is entered by itself.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/contacts",
    tag = "people",
    request_body = AddressBookEntry,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_name`, `app_state_full`"),
    ),
)]
async fn contact(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(entry): Body<AddressBookEntry>,
) -> Outcome<impl IntoResponse> {
    sim.phone_contact(&number, &entry.other, entry.known).await?;
    if let Some(name) = entry.name.filter(|_| entry.known) {
        sim.name_contact(&number, &entry.other, &name, entry.first_name.as_deref()).await?;
    }
    Ok(success(Nothing {}))
}

/// Whom to block.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "other": "6281200000102", "blocked": false }))]
struct Blocking {
    other: String,
    /// False unblocks.
    #[serde(default = "yes")]
    blocked: bool,
}

/// The person blocks somebody, or unblocks them.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/blocked",
    tag = "people",
    request_body = Blocking,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_setting`"),
    ),
)]
async fn block(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(block): Body<Blocking>,
) -> Outcome<impl IntoResponse> {
    sim.phone_block(&number, &block.other, block.blocked).await?;
    Ok(success(Nothing {}))
}

/// The numbers that the account has blocked.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}/blocked",
    tag = "people",
    responses((status = 200, body = Success<Vec<String>>)),
)]
async fn blocked(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.blocked(&number).await?))
}

/// One privacy setting.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "category": "last", "value": "contacts" }))]
struct PrivacySetting {
    /// `last`, `online`, `profile`, `status`, `groupadd`, `readreceipts`, `calladd`, `messages`, `defense`.
    category: String,
    /// `all`, `contacts`, `none` and whatever else the category takes.
    value: String,
}

/// The account's privacy settings.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}/privacy",
    tag = "people",
    responses((status = 200, body = Success<Vec<PrivacySetting>>)),
)]
async fn privacy(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    let settings = sim.privacy(&number).await?.into_iter();
    Ok(success(settings.map(|(category, value)| PrivacySetting { category, value }).collect::<Vec<_>>()))
}

/// The person changes a privacy setting.
#[utoipa::path(
    put,
    path = "/admin/phones/{number}/privacy",
    tag = "people",
    request_body = PrivacySetting,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_setting`"),
    ),
)]
async fn set_privacy(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(setting): Body<PrivacySetting>,
) -> Outcome<impl IntoResponse> {
    sim.phone_privacy(&number, &setting.category, &setting.value).await?;
    Ok(success(Nothing {}))
}

/// The profile of a business.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}/business",
    tag = "people",
    responses(
        (status = 200, body = Success<BusinessProfile>),
        (status = "default", body = Failure, description = "`unknown_business`"),
    ),
)]
async fn business(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.business(&number).await?.ok_or(SimError::NoBusiness)?))
}

/// Makes the phone a business.
#[utoipa::path(
    put,
    path = "/admin/phones/{number}/business",
    tag = "people",
    request_body(content = BusinessProfile, example = json!({ "verifiedName": "Roti Sari", "description": "Bread" })),
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_business`"),
    ),
)]
async fn set_business(
    State(sim): State<Sim>,
    Segments(number): Segments<String>,
    Body(profile): Body<BusinessProfile>,
) -> Outcome<impl IntoResponse> {
    sim.set_business(&number, Some(profile)).await?;
    Ok(success(Nothing {}))
}

/// Makes the phone a person's again.
#[utoipa::path(
    delete,
    path = "/admin/phones/{number}/business",
    tag = "people",
    responses((status = 200, body = Success<Nothing>)),
)]
async fn remove_business(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    sim.set_business(&number, None).await?;
    Ok(success(Nothing {}))
}

/// The phone is reset and has other keys from now on.
///
/// Its companions are logged out, and contacts are told.
#[utoipa::path(
    post,
    path = "/admin/phones/{number}/reinstall",
    tag = "people",
    responses((status = 200, body = Success<Nothing>)),
)]
async fn reinstall(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    sim.reinstall_phone(&number).await?;
    Ok(success(Nothing {}))
}
