//! The simulator's own HTTP API: what a person or a test does to the network from outside.
//!
//! Owns the routes, their JSON and their refusals; everything else is the network's. It has no password, so the
//! [`guard`] refuses whatever a web page of another site could send, and sizes are bounded before anything is read.
//!
//! Each area has a file with its handlers and one function `routes()`, merged in [`areas`]. Routes are registered by
//! [`utoipa_axum::routes`] only, so that the [`document`] has them all. A handler looks like this:
//!
//! ```text
//! /// A text, as this person writes it.            the summary: one line, then a blank line before anything longer
//! #[utoipa::path(
//!     post,
//!     path = "/admin/phones/{number}/send",        {number} is described by the document, other segments in params(…)
//!     tag = "messages",                            one of the tags in document.rs
//!     request_body = Send,                         derives ToSchema, deny_unknown_fields, camelCase
//!     responses(
//!         (status = 200, body = Success<Id>),      Success<Nothing> when there is nothing to say
//!         (status = "default", body = Failure, description = "`bad_text`, `unknown_message`"),
//!     ),
//! )]
//! ```
//!
//! The description of `default` lists this route's own codes of [`error::Code`], the closed list. Those of every body
//! and of every `{number}` are added by the document. Each body has an example (`#[schema(example = json!({…}))]`) of
//! phones 6281200000101 and 6281200000102, which a test sends to the route: it has to be accepted, or refused only
//! because something it names (`unknown_message`, `qr_expired`) is not there. Parameters behind `?` are a struct that
//! derives `IntoParams` and is read by [`extract::Parameters`].

mod answer;
mod app_state;
mod burst;
mod calls;
mod document;
mod error;
mod extract;
mod faults;
mod groups;
mod guard;
mod log;
mod media;
mod newsletters;
mod outgoing;
mod page;
mod pair_code;
mod phones;
mod picture;
mod qr;
mod replies;
mod scan;
mod scenario;
mod seeded;
mod social;
mod system;

use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use utoipa_axum::router::OpenApiRouter;

use crate::sim::Sim;
use error::ApiError;
use guard::Guard;

/// Largest body: a PNG of a QR code as base64 in JSON. Real ones have some ten kilobytes.
const MAX_BODY: usize = 1024 * 1024;

/// Every area's routes.
fn areas() -> OpenApiRouter<Sim> {
    document::begin()
        .merge(phones::routes())
        .merge(outgoing::routes())
        .merge(replies::routes())
        .merge(social::routes())
        .merge(groups::routes())
        .merge(calls::routes())
        .merge(newsletters::routes())
        .merge(scan::routes())
        .merge(scenario::routes())
        .merge(seeded::routes())
        .merge(burst::routes())
        .merge(pair_code::routes())
        .merge(app_state::routes())
        .merge(faults::routes())
        .merge(media::routes())
        .merge(picture::routes())
        .merge(log::routes())
        .merge(system::routes())
        .merge(document::routes())
}

/// The routes. Besides loopback names, the API may be addressed by the names in `hosts`.
pub(crate) fn router(sim: Sim, hosts: impl IntoIterator<Item = String>) -> Router {
    let (router, document) = areas().split_for_parts();
    router
        .merge(page::routes())
        .layer(document::layer(document))
        .method_not_allowed_fallback(|| async { ApiError::method() })
        .fallback(|| async { ApiError::route() })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Guard::new(hosts), guard::check))
        .with_state(sim)
}
