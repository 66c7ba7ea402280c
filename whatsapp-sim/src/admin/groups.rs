//! Groups, as people make and change them with their phones. The acting phone is named in the body.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use super::answer::{Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Raw, Segments};
use super::picture::{EXAMPLE, MAX_PICTURE, PictureId, given};
use crate::sim::{GroupChange, GroupInfo, JoinOutcome, MemberAction, MemberOutcome, Sim};

type Outcome<T> = Result<T, ApiError>;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default()
        .routes(routes!(create, list))
        .routes(routes!(one, change))
        .routes(routes!(members))
        .routes(routes!(invite))
        .routes(routes!(leave))
        .routes(routes!(join))
        .routes(routes!(accept))
        .routes(routes!(cancel))
        .routes(routes!(of_phone))
        .routes(routes!(picture))
        .routes(routes!(set_picture, remove_picture).layer(DefaultBodyLimit::max(MAX_PICTURE)))
}

/// A new group.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "by": "6281200000101", "subject": "Walks", "members": ["6281200000102"] }))]
struct FoundGroup {
    /// The phone that founds it.
    by: String,
    subject: String,
    /// Phone numbers.
    #[serde(default)]
    members: Vec<String>,
}

/// A person founds a group.
#[utoipa::path(
    post,
    path = "/admin/groups",
    tag = "groups",
    request_body = FoundGroup,
    responses(
        (status = 201, body = Success<GroupInfo>),
        (status = "default", body = Failure, description = "`bad_address`, `unknown_phone`, `bad_text`, `group_full`, `too_many_groups`"),
    ),
)]
async fn create(State(sim): State<Sim>, Body(new): Body<FoundGroup>) -> Outcome<impl IntoResponse> {
    let group = sim.group_create(&new.by, &new.subject, &new.members).await?;
    Ok((StatusCode::CREATED, success(group)))
}

/// All groups.
#[utoipa::path(get, path = "/admin/groups", tag = "groups", responses((status = 200, body = Success<Vec<GroupInfo>>)))]
async fn list(State(sim): State<Sim>) -> impl IntoResponse {
    success(sim.groups().await)
}

/// One group and its members.
#[utoipa::path(
    get,
    path = "/admin/groups/{id}",
    tag = "groups",
    params(("id" = String, Path, description = "the group", example = "120363000000000001@g.us")),
    responses(
        (status = 200, body = Success<GroupInfo>),
        (status = "default", body = Failure, description = "`unknown_group`"),
    ),
)]
async fn one(State(sim): State<Sim>, Segments(id): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.group(&id).await?))
}

/// What is to be another way.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "by": "6281200000101", "change": { "subject": "Long walks", "announcement": true } }))]
struct ChangeGroup {
    /// The phone that changes it.
    by: String,
    change: GroupChange,
}

/// A member changes the group's name, description or settings.
#[utoipa::path(
    patch,
    path = "/admin/groups/{id}",
    tag = "groups",
    params(("id" = String, Path, description = "the group", example = "120363000000000001@g.us")),
    request_body = ChangeGroup,
    responses(
        (status = 200, body = Success<GroupInfo>),
        (status = "default", body = Failure, description = "`bad_address`, `unknown_phone`, `unknown_group`, `not_a_member`, `not_an_admin`, `bad_text`, `bad_change`"),
    ),
)]
async fn change(
    State(sim): State<Sim>,
    Segments(id): Segments<String>,
    Body(changing): Body<ChangeGroup>,
) -> Outcome<impl IntoResponse> {
    Ok(success(sim.group_change(&changing.by, &id, &changing.change).await?))
}

/// What happens to whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "by": "6281200000101", "action": "promote", "members": ["6281200000102"] }))]
struct ChangeMembers {
    /// The phone that decides.
    by: String,
    action: MemberAction,
    /// Phone numbers.
    members: Vec<String>,
}

/// A member adds, removes, promotes or demotes people, or decides who asked to join.
///
/// Each person has an outcome of its own.
#[utoipa::path(
    post,
    path = "/admin/groups/{id}/participants",
    tag = "groups",
    params(("id" = String, Path, description = "the group", example = "120363000000000001@g.us")),
    request_body = ChangeMembers,
    responses(
        (status = 200, body = Success<Vec<MemberOutcome>>),
        (status = "default", body = Failure, description = "`bad_address`, `unknown_phone`, `unknown_group`, `not_a_member`, `not_an_admin`, `group_full`"),
    ),
)]
async fn members(
    State(sim): State<Sim>,
    Segments(id): Segments<String>,
    Body(wanted): Body<ChangeMembers>,
) -> Outcome<impl IntoResponse> {
    Ok(success(sim.group_members(&wanted.by, &id, wanted.action, &wanted.members).await?))
}

/// Whether the old code still counts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "by": "6281200000101", "reset": true }))]
struct AskInvite {
    /// The phone that looks.
    by: String,
    /// Take the old code back and make another.
    #[serde(default)]
    reset: bool,
}

/// The code of an invite link.
#[derive(Serialize, ToSchema)]
struct InviteCode {
    code: String,
}

/// A member looks at the invite link, or makes a new one.
#[utoipa::path(
    post,
    path = "/admin/groups/{id}/invite",
    tag = "groups",
    params(("id" = String, Path, description = "the group", example = "120363000000000001@g.us")),
    request_body = AskInvite,
    responses(
        (status = 200, body = Success<InviteCode>),
        (status = "default", body = Failure, description = "`bad_address`, `unknown_phone`, `unknown_group`, `not_a_member`, `not_an_admin`"),
    ),
)]
async fn invite(
    State(sim): State<Sim>,
    Segments(id): Segments<String>,
    Body(invite): Body<AskInvite>,
) -> Outcome<impl IntoResponse> {
    let code = sim.group_invite(&invite.by, &id, invite.reset).await?;
    Ok(success(InviteCode { code }))
}

/// Who goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "by": "6281200000102" }))]
struct LeaveGroup {
    /// The phone that leaves.
    by: String,
}

/// A member leaves.
#[utoipa::path(
    post,
    path = "/admin/groups/{id}/leave",
    tag = "groups",
    params(("id" = String, Path, description = "the group", example = "120363000000000001@g.us")),
    request_body = LeaveGroup,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_address`, `unknown_phone`, `unknown_group`, `not_a_member`"),
    ),
)]
async fn leave(
    State(sim): State<Sim>,
    Segments(id): Segments<String>,
    Body(leaving): Body<LeaveGroup>,
) -> Outcome<impl IntoResponse> {
    sim.group_leave(&leaving.by, &id).await?;
    Ok(success(Nothing {}))
}

/// Who comes, and by which link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "by": "6281200000102", "code": "AbCdEfGhIjKlMnOpQrStUv" }))]
struct JoinGroup {
    /// The phone that follows the link.
    by: String,
    /// The code at the end of the link.
    code: String,
}

/// A person follows an invite link.
#[utoipa::path(
    post,
    path = "/admin/groups/join",
    tag = "groups",
    request_body = JoinGroup,
    responses(
        (status = 200, body = Success<JoinOutcome>),
        (status = "default", body = Failure, description = "`bad_address`, `unknown_phone`, `unknown_invite`, `invite_gone`, `already_member`, `was_removed`, `group_full`"),
    ),
)]
async fn join(State(sim): State<Sim>, Body(join): Body<JoinGroup>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.group_join(&join.by, &join.code).await?))
}

/// Who accepts whose invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "by": "6281200000102", "admin": "6281200000101", "code": "AbCdEfGhIjKlMnOpQrStUv" }))]
struct AcceptInvitation {
    /// The phone that was invited.
    by: String,
    /// The admin who invited it.
    admin: String,
    /// The code of the invitation.
    code: String,
}

/// A person accepts a personal invitation.
#[utoipa::path(
    post,
    path = "/admin/groups/{id}/accept",
    tag = "groups",
    params(("id" = String, Path, description = "the group", example = "120363000000000001@g.us")),
    request_body = AcceptInvitation,
    responses(
        (status = 200, body = Success<JoinOutcome>),
        (status = "default", body = Failure, description = "`bad_address`, `unknown_phone`, `unknown_group`, `unknown_invite`, `invite_gone`, `already_member`, `group_full`"),
    ),
)]
async fn accept(
    State(sim): State<Sim>,
    Segments(id): Segments<String>,
    Body(accept): Body<AcceptInvitation>,
) -> Outcome<impl IntoResponse> {
    Ok(success(sim.group_accept(&accept.by, &id, &accept.admin, &accept.code).await?))
}

/// The person does not want to join any more.
#[utoipa::path(
    delete,
    path = "/admin/phones/{number}/groups/{id}/request",
    tag = "groups",
    params(("id" = String, Path, description = "the group", example = "120363000000000001@g.us")),
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`unknown_group`, `not_concerned`"),
    ),
)]
async fn cancel(
    State(sim): State<Sim>,
    Segments((number, id)): Segments<(String, String)>,
) -> Outcome<impl IntoResponse> {
    sim.group_cancel_request(&number, &id).await?;
    Ok(success(Nothing {}))
}

/// The groups in which the person is.
#[utoipa::path(
    get,
    path = "/admin/phones/{number}/groups",
    tag = "groups",
    responses((status = 200, body = Success<Vec<GroupInfo>>)),
)]
async fn of_phone(State(sim): State<Sim>, Segments(number): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.groups_of(&number).await?))
}

/// A group's picture, as JPEG.
#[utoipa::path(
    get,
    path = "/admin/groups/{id}/picture",
    tag = "groups",
    params(("id" = String, Path, description = "the group", example = "120363000000000001@g.us")),
    responses(
        (status = 200, body = Vec<u8>, content_type = "image/jpeg"),
        (status = "default", body = Failure, description = "`unknown_group`, `unknown_picture`"),
    ),
)]
async fn picture(State(sim): State<Sim>, Segments(id): Segments<String>) -> Outcome<impl IntoResponse> {
    let picture = sim.group_picture(&id).await?;
    Ok(([(CONTENT_TYPE, "image/jpeg")], Bytes::from(picture)))
}

/// The person gives a group another picture.
///
/// The body is the picture itself (PNG, JPEG or WebP) or a data URI of it. The middle square is kept.
#[utoipa::path(
    put,
    path = "/admin/phones/{number}/groups/{id}/picture",
    tag = "groups",
    params(("id" = String, Path, description = "the group", example = "120363000000000001@g.us")),
    request_body(content = String, content_type = "text/plain", example = json!(EXAMPLE)),
    responses(
        (status = 200, body = Success<PictureId>),
        (status = "default", body = Failure, description = "`bad_picture`, `unknown_group`, `not_a_member`, `not_an_admin`"),
    ),
)]
async fn set_picture(
    State(sim): State<Sim>,
    Segments((number, id)): Segments<(String, String)>,
    Raw(body): Raw,
) -> Outcome<impl IntoResponse> {
    Ok(success(PictureId { id: sim.set_group_picture(&number, &id, given(&body)?).await? }))
}

/// The person takes a group's picture away.
#[utoipa::path(
    delete,
    path = "/admin/phones/{number}/groups/{id}/picture",
    tag = "groups",
    params(("id" = String, Path, description = "the group", example = "120363000000000001@g.us")),
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`unknown_group`, `unknown_picture`, `not_a_member`, `not_an_admin`"),
    ),
)]
async fn remove_picture(
    State(sim): State<Sim>,
    Segments((number, id)): Segments<(String, String)>,
) -> Outcome<impl IntoResponse> {
    sim.remove_group_picture(&number, &id).await?;
    Ok(success(Nothing {}))
}
