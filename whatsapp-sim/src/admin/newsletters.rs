//! Channels: found one, post, follow, react, and see what there is.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Nothing, Success, success};
use super::error::{ApiError, Failure};
use super::extract::{Body, Segments};
use crate::sim::{NewsletterInfo, Sim};

type Outcome<T> = Result<T, ApiError>;

pub(super) fn routes() -> OpenApiRouter<Sim> {
    OpenApiRouter::default()
        .routes(routes!(create, list))
        .routes(routes!(one, remove))
        .routes(routes!(post))
        .routes(routes!(react))
        .routes(routes!(follow))
}

/// A new channel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "owner": "6281200000101", "name": "Bread", "description": "what is baked" }))]
struct NewChannel {
    /// The number of its owner.
    owner: String,
    name: String,
    #[serde(default)]
    description: String,
}

/// A phone founds a channel.
#[utoipa::path(
    post,
    path = "/admin/newsletters",
    tag = "channels",
    request_body = NewChannel,
    responses(
        (status = 201, body = Success<NewsletterInfo>),
        (status = "default", body = Failure, description = "`bad_address`, `unknown_phone`, `bad_text`, `too_many_newsletters`"),
    ),
)]
async fn create(State(sim): State<Sim>, Body(new): Body<NewChannel>) -> Outcome<impl IntoResponse> {
    let founded = sim.create_newsletter(&new.owner, &new.name, &new.description).await?;
    Ok((StatusCode::CREATED, success(founded)))
}

/// All channels with their posts.
#[utoipa::path(
    get,
    path = "/admin/newsletters",
    tag = "channels",
    responses((status = 200, body = Success<Vec<NewsletterInfo>>)),
)]
async fn list(State(sim): State<Sim>) -> impl IntoResponse {
    success(sim.newsletters().await)
}

/// One channel with its posts.
#[utoipa::path(
    get,
    path = "/admin/newsletters/{id}",
    tag = "channels",
    params(("id" = String, Path, description = "The channel's JID.", example = "120363999999999999@newsletter")),
    responses(
        (status = 200, body = Success<NewsletterInfo>),
        (status = "default", body = Failure, description = "`unknown_newsletter`"),
    ),
)]
async fn one(State(sim): State<Sim>, Segments(id): Segments<String>) -> Outcome<impl IntoResponse> {
    Ok(success(sim.newsletter(&id).await?))
}

/// The owner closes a channel for good.
#[utoipa::path(
    delete,
    path = "/admin/newsletters/{id}",
    tag = "channels",
    params(("id" = String, Path, description = "The channel's JID.", example = "120363999999999999@newsletter")),
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`unknown_newsletter`"),
    ),
)]
async fn remove(State(sim): State<Sim>, Segments(id): Segments<String>) -> Outcome<impl IntoResponse> {
    sim.delete_newsletter(&id).await?;
    Ok(success(Nothing {}))
}

/// What to post.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "rolls" }))]
struct NewPost {
    text: String,
}

/// What was posted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Posted {
    /// The number under which the channel knows the post.
    server_id: u64,
}

/// The owner posts a text.
#[utoipa::path(
    post,
    path = "/admin/newsletters/{id}/posts",
    tag = "channels",
    params(("id" = String, Path, description = "The channel's JID.", example = "120363999999999999@newsletter")),
    request_body = NewPost,
    responses(
        (status = 200, body = Success<Posted>),
        (status = "default", body = Failure, description = "`unknown_newsletter`, `bad_text`"),
    ),
)]
async fn post(
    State(sim): State<Sim>,
    Segments(id): Segments<String>,
    Body(post): Body<NewPost>,
) -> Outcome<impl IntoResponse> {
    let server_id = sim.newsletter_post(&id, &post.text).await?;
    Ok(success(Posted { server_id }))
}

/// A reaction to a post.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "number": "6281200000102", "emoji": "👍" }))]
struct PostReaction {
    /// Who reacts: the owner or a follower.
    number: String,
    /// Empty takes the reaction back.
    emoji: String,
}

/// A phone reacts to a post.
#[utoipa::path(
    post,
    path = "/admin/newsletters/{id}/posts/{post}/reactions",
    tag = "channels",
    params(
        ("id" = String, Path, description = "The channel's JID.", example = "120363999999999999@newsletter"),
        ("post" = u64, Path, description = "The post's `serverId`.", example = 100),
    ),
    request_body = PostReaction,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_address`, `unknown_phone`, `unknown_newsletter`, \
            `not_your_newsletter`, `bad_text`"),
    ),
)]
async fn react(
    State(sim): State<Sim>,
    Segments((id, post)): Segments<(String, u64)>,
    Body(reaction): Body<PostReaction>,
) -> Outcome<impl IntoResponse> {
    sim.newsletter_react(&reaction.number, &id, post, &reaction.emoji).await?;
    Ok(success(Nothing {}))
}

/// Who follows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "number": "6281200000102" }))]
struct Following {
    number: String,
    /// False leaves the channel.
    #[serde(default = "yes")]
    following: bool,
}

fn yes() -> bool {
    true
}

/// A phone follows a channel, or leaves it.
#[utoipa::path(
    post,
    path = "/admin/newsletters/{id}/followers",
    tag = "channels",
    params(("id" = String, Path, description = "The channel's JID.", example = "120363999999999999@newsletter")),
    request_body = Following,
    responses(
        (status = 200, body = Success<Nothing>),
        (status = "default", body = Failure, description = "`bad_address`, `unknown_phone`, `unknown_newsletter`, \
            `not_your_newsletter`"),
    ),
)]
async fn follow(
    State(sim): State<Sim>,
    Segments(id): Segments<String>,
    Body(follow): Body<Following>,
) -> Outcome<impl IntoResponse> {
    sim.newsletter_follow(&follow.number, &id, follow.following).await?;
    Ok(success(Nothing {}))
}
