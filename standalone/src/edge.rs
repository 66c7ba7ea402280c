//! The edge components, run from the same `spin.toml` that Spin runs, with this process's settings as Spin variables.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use contract::envelope::Envelope;
use edge_runtime::{EdgeRuntime, EgressKind, Limits};
use session_host::outbound::{AllowedPrivate, Guard};
use session_host::pump::{Functions, InvokeError};

use crate::redis_server::Address;
use crate::settings::{self, Settings};

/// Settings that are Spin variables under the same name, in lower case.
const SAME_NAME: [&str; 6] =
    ["API_KEY", "CORS_ORIGIN", "LEGACY_STATUS", "DEFAULT_COUNTRY_CODE", "DASHBOARD_USERNAME", "DEFAULT_NETWORK"];

/// The component whose requests go to addresses that clients name.
const WEBHOOKS: &str = "webhooks";

/// How much of a request is waited for before it takes a place in the runtime: a little more than bodies may have, so that a
/// client that sends slowly holds nothing but its connection, and not for long. What is announced as longer is refused at once.
const REQUEST_BUFFER: usize = 128 << 10;

/// Asks nothing but whether a component answers.
const HEALTH: &str = "/api/health";

/// Longest answer that is read of it.
const ANSWER_LIMIT: usize = 4_096;

pub(crate) async fn load(
    settings: &Settings,
    redis: &Address,
    sandbox: bool,
    password: &str,
    token: &str,
) -> anyhow::Result<EdgeRuntime> {
    let manifest = settings.manifest.clone();
    settings::ensure_file(&manifest, "start chatery in the project's folder, or say --manifest")?;
    let mut variables: BTreeMap<String, String> =
        SAME_NAME.iter().filter_map(|name| Some((name.to_lowercase(), settings.get(name)?.to_owned()))).collect();
    let sandbox = sandbox || settings.has_sandbox();
    variables.extend([
        ("redis_url".to_owned(), redis.location().to_owned()),
        ("redis_credentials".to_owned(), redis.credentials().to_owned()),
        ("sandbox_enabled".to_owned(), sandbox.to_string()),
        ("default_network".to_owned(), settings.default_network().to_owned()),
        ("dashboard_password".to_owned(), password.to_owned()),
        ("internal_token".to_owned(), token.to_owned()),
        ("allow_private_urls".to_owned(), settings.allowed_private().to_owned()),
        (
            "log_requests".to_owned(),
            tracing::enabled!(target: "edge_runtime::guest", tracing::Level::DEBUG).to_string(),
        ),
    ]);
    let limits = Limits { request_buffer: REQUEST_BUFFER, ..Limits::default() };
    let guard = Guard::new(
        AllowedPrivate::parse(settings.allowed_private()).map_err(|problem| anyhow!("ALLOW_PRIVATE_URLS {problem}"))?,
    );
    let egress = move |component: &str, kind: EgressKind, host: &str, address: SocketAddr| {
        component != WEBHOOKS || kind == EgressKind::Redis || guard.lets_through(host, address.ip())
    };
    let options = edge_runtime::Options { limits, egress: Arc::new(egress) };
    let edge = tokio::task::spawn_blocking(move || EdgeRuntime::load_with(&manifest, &variables, &options))
        .await
        .context("the edge could not be loaded")?
        .context("the edge could not be loaded (cargo xtask edge builds its components)")?;
    accepts_its_settings(&edge).await?;
    Ok(edge)
}

/// A component reads its settings with each request; one is asked here, so that a wrong setting ends the start.
async fn accepts_its_settings(edge: &EdgeRuntime) -> anyhow::Result<()> {
    let request = Request::get(HEALTH).header(HOST, "localhost").body(Body::empty())?;
    let answer = edge.handle(request, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
    if answer.status().is_success() {
        return Ok(());
    }
    let body = axum::body::to_bytes(answer.into_body(), ANSWER_LIMIT).await?;
    let problem = serde_json::from_slice::<Envelope<serde_json::Value>>(&body).ok().and_then(|answer| answer.message);
    bail!("{}", problem.unwrap_or_else(|| "the edge does not answer; the log says why".to_owned()))
}

/// The functions as the host invokes them: in this process, with the token that nobody else knows.
pub(crate) fn functions(edge: &EdgeRuntime, token: &str) -> Functions {
    let (edge, bearer) = (edge.clone(), format!("Bearer {token}"));
    Functions::new(move |path, body| {
        let (edge, bearer) = (edge.clone(), bearer.clone());
        Box::pin(async move {
            let request = Request::post(path)
                .header(HOST, "localhost")
                .header(AUTHORIZATION, bearer)
                .header(CONTENT_TYPE, "application/json")
                .body(Body::from(body));
            let Ok(request) = request else { return Err(InvokeError::Status(0)) };
            let answer = edge.handle(request, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
            let status = answer.status().as_u16();
            let body = axum::body::to_bytes(answer.into_body(), ANSWER_LIMIT).await;
            Ok((status, body.map_err(|_| InvokeError::Status(status))?))
        })
    })
}
