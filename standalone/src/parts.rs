//! The parts of the stack as processes of their own, for several machines or to restart one without the other. They share a Redis that
//! runs elsewhere, and the internal token by which a host invokes the edge.

use std::time::Duration;

use anyhow::Context as _;
use axum::{Router, middleware};
use session_host::config::Config;
use session_host::host::Host;
use session_host::serve::Server;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::guard::{self, Guard};
use crate::redis_server::Address;
use crate::settings::Settings;
use crate::{LAST_ANSWERS_WITHIN, REQUESTS_END_WITHIN, answers, edge};

/// What a part says that is given no Redis.
const NEEDS_REDIS: &str = "REDIS_URL: a part needs the address of the Redis that all parts share";

/// A session-host, until `stop`.
pub(crate) async fn host(settings: &Settings, listener: TcpListener, stop: &CancellationToken) -> anyhow::Result<()> {
    settings.get("REDIS_URL").context(NEEDS_REDIS)?;
    let config = Config::from_env(|name| settings.value(name))?;
    let host = tokio::select! {
        host = Host::start(config) => host?,
        () = stop.cancelled() => return Ok(()),
    };
    let router = guarded(settings, host.public.clone().merge(host.internal.clone()));
    let mut server = started(listener, router)?;
    tokio::select! {
        () = stop.cancelled() => {}
        () = server.ended() => {}
    }
    server.refuse_new();
    // The host ends the sockets that would hold their connections open.
    host.stop().await;
    server.close(LAST_ANSWERS_WITHIN).await;
    Ok(())
}

/// The functions of the edge, until `stop`.
pub(crate) async fn edge(settings: &Settings, listener: TcpListener, stop: &CancellationToken) -> anyhow::Result<()> {
    let redis = Address::parse(settings.get("REDIS_URL").context(NEEDS_REDIS)?);
    let password = settings.get("DASHBOARD_PASSWORD").unwrap_or_default();
    let token = settings.get("INTERNAL_TOKEN").unwrap_or_default();
    let edge = tokio::select! {
        edge = edge::load(settings, &redis, false, password, token) => edge?,
        () = stop.cancelled() => return Ok(()),
    };
    let router = Router::new().fallback_service(edge.clone()).layer(middleware::from_fn(answers::complete));
    let mut server = started(listener, guarded(settings, router))?;
    tokio::select! {
        () = stop.cancelled() => {}
        () = server.ended() => {}
    }
    server.refuse_new();
    edge.shutdown(REQUESTS_END_WITHIN + Duration::from_secs(1)).await;
    server.close(LAST_ANSWERS_WITHIN).await;
    Ok(())
}

fn guarded(settings: &Settings, router: Router) -> Router {
    let guard = if settings.get("API_KEY").is_none() { Guard::ThisMachineOnly } else { Guard::Open };
    router.layer(middleware::from_fn_with_state(guard, guard::check))
}

fn started(listener: TcpListener, router: Router) -> anyhow::Result<Server> {
    tracing::info!(address = %listener.local_addr()?, "listening");
    Ok(Server::start(listener, router))
}
