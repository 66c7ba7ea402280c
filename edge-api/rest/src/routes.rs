//! The routes. One file each: what is read of the request, what is asked of the store, what is answered.

mod chats;
mod check_number;
mod commands;
mod config;
mod connect;
mod contact;
mod dashboard;
mod delete;
mod deliveries;
mod groups;
mod health;
mod info;
mod login;
mod mark_read;
mod messages;
mod presence;
mod qr_code;
mod send;
mod send_card;
mod send_media;
mod send_poll;
mod send_text;
mod sessions;
mod webhook;
mod webhooks;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use contract::error::ErrorCode;
use contract::id::SessionId;
use contract::routes;
use edge_core::port::Port;
use edge_core::store::Connection;

use crate::answer::Failure;
use crate::app::App;
use crate::fields::{Fields, SESSION_ID};

/// Every route.
pub(crate) fn router<P: Port>(app: App<P>) -> Router {
    Router::new()
        .route(routes::HEALTH, get(health::health::<P>))
        .route(routes::READY, get(health::ready::<P>))
        .route(routes::DASHBOARD_LOGIN, post(login::login::<P>))
        .route(routes::DASHBOARD_SESSION, get(dashboard::session::<P>))
        .route(routes::DASHBOARD_LOGOUT, post(dashboard::logout::<P>))
        .route(routes::SESSIONS, get(sessions::list::<P>))
        .route(routes::SESSION, delete(delete::delete::<P>))
        .route(routes::CONNECT, post(connect::connect::<P>))
        .route(routes::STATUS, get(sessions::status::<P>))
        .route(routes::CONFIG, patch(config::configure::<P>))
        .route(routes::WEBHOOKS, get(webhooks::list::<P>).post(webhooks::add::<P>).delete(webhooks::remove::<P>))
        .route(routes::DELIVERIES, get(deliveries::list::<P>))
        .route(routes::REDELIVER, post(deliveries::redeliver::<P>))
        .route(routes::REPLAY, post(deliveries::replay::<P>))
        .route(routes::TEST_WEBHOOK, post(deliveries::test::<P>))
        .route(routes::WEBHOOK_SECRET, post(deliveries::another_secret::<P>))
        .route(routes::QR, get(qr_code::data::<P>))
        .route(routes::QR_IMAGE, get(qr_code::image::<P>))
        .route(routes::SEND_TEXT, post(send_text::send_text::<P>))
        .route(routes::SEND_IMAGE, post(send_media::send_image::<P>))
        .route(routes::SEND_DOCUMENT, post(send_media::send_document::<P>))
        .route(routes::SEND_AUDIO, post(send_media::send_audio::<P>))
        .route(routes::SEND_LOCATION, post(send_card::send_location::<P>))
        .route(routes::SEND_CONTACT, post(send_card::send_contact::<P>))
        .route(routes::SEND_POLL, post(send_poll::send_poll::<P>))
        .route(routes::SEND_BUTTON, post(send_poll::send_button::<P>))
        .route(routes::PRESENCE, post(presence::presence::<P>))
        .route(routes::CHECK_NUMBER, post(check_number::check_number::<P>))
        .route(routes::PROFILE_PICTURE, post(contact::profile_picture::<P>))
        .route(routes::CONTACT_INFO, post(contact::contact_info::<P>))
        .route(routes::MARK_READ, post(mark_read::mark_read::<P>))
        .route(routes::GROUPS, post(groups::list::<P>))
        .route(routes::GROUP_CREATE, post(groups::create::<P>))
        .route(routes::GROUP_METADATA, post(groups::metadata::<P>))
        .route(routes::PARTICIPANTS_ADD, post(groups::add::<P>))
        .route(routes::PARTICIPANTS_REMOVE, post(groups::remove::<P>))
        .route(routes::PARTICIPANTS_PROMOTE, post(groups::promote::<P>))
        .route(routes::PARTICIPANTS_DEMOTE, post(groups::demote::<P>))
        .route(routes::GROUP_SUBJECT, post(groups::subject::<P>))
        .route(routes::GROUP_DESCRIPTION, post(groups::description::<P>))
        .route(routes::GROUP_SETTINGS, post(groups::settings::<P>))
        .route(routes::GROUP_PICTURE, post(groups::picture::<P>))
        .route(routes::GROUP_LEAVE, post(groups::leave::<P>))
        .route(routes::GROUP_JOIN, post(groups::join::<P>))
        .route(routes::INVITE_CODE, post(groups::invite::<P>))
        .route(routes::REVOKE_INVITE, post(groups::revoke_invite::<P>))
        .route(routes::OVERVIEW, post(chats::overview::<P>))
        .route(routes::CONTACTS, post(chats::contacts::<P>))
        .route(routes::CHAT_INFO, post(info::info::<P>))
        .route(routes::MESSAGES, post(messages::messages::<P>))
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .with_state(app)
}

async fn not_found() -> Response {
    Failure::from(ErrorCode::RouteNotFound).into_response()
}

/// The session id of a path. `None` when it is no session id, so that no session can have it.
struct SessionPath(Option<SessionId>);

impl<S: Send + Sync> FromRequestParts<S> for SessionPath {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let id = Path::<String>::from_request_parts(parts, state).await.ok();
        Ok(Self(id.and_then(|Path(id)| SessionId::parse(&id).ok())))
    }
}

/// Puts a chat route's own checks in their place: after the session exists and is connected.
///
/// `own` is their outcome, made beforehand, so that a valid request costs one round trip: the store looks at the session
/// anyway. Only when `own` is a failure is the session looked at here, since its failure goes before.
async fn after_session_checks<P: Port, T>(
    app: &App<P>,
    session: Option<&SessionId>,
    own: Result<T, Failure>,
) -> Result<(SessionId, T), Failure> {
    let Some(session) = session else { return Err(ErrorCode::SessionNotFound.into()) };
    app.trace.about(session);
    let failure = match own {
        Ok(own) => return Ok((session.clone(), own)),
        Err(failure) => failure,
    };
    Err(match app.store.connection(session).await? {
        Connection::Unknown => ErrorCode::SessionNotFound.into(),
        Connection::Down => ErrorCode::SessionNotConnected.into(),
        Connection::Up => failure,
    })
}

/// The session a body names: the first two of the original's checks. The inner `None` is an id that no session can have.
fn session_of(fields: Option<&Fields>) -> Result<Option<SessionId>, Failure> {
    let fields = fields.ok_or(ErrorCode::BodyRequired)?;
    let Some(id) = fields.text(SESSION_ID)? else {
        return Err(Failure::new(ErrorCode::MissingField, "Missing required field: sessionId"));
    };
    Ok(SessionId::parse(&id).ok())
}
