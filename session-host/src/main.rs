//! The session-host as a program: settings from the environment, one port for Socket.IO and health, SIGTERM drains.

#![recursion_limit = "512"]

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use session_host::config::Config;
use session_host::host::Host;
use session_host::serve::Server;
use session_host::telemetry;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How long the last answers may take once the host has stopped: with its own 28 seconds less than the 30 of supervisors.
const LAST_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let get = |name: &str| std::env::var(name).ok();
    let filter = telemetry::filter(get("RUST_LOG").as_deref(), "info");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).json().init();
    let config = Config::from_env(get)?;
    let address = listen_address(get("HOST_LISTEN"), config.api_key.is_some())?;
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let host = Host::start(config).await?;
    let mut server = Server::start(listener, host.public.clone().merge(host.internal.clone()));
    tracing::info!(%address, "listening");
    tokio::select! {
        () = stopped() => {}
        () = server.ended() => {}
    }
    server.refuse_new();
    // The host ends the sockets that would hold their connections open.
    host.stop().await;
    server.close(LAST_ANSWERS_WITHIN).await;
    Ok(())
}

/// Without a key only this machine is served.
fn listen_address(wanted: Option<String>, has_key: bool) -> anyhow::Result<SocketAddr> {
    let text = wanted.unwrap_or_else(|| if has_key { "0.0.0.0:3001".to_owned() } else { "127.0.0.1:3001".to_owned() });
    let address: SocketAddr = text.parse().context("HOST_LISTEN must look like 127.0.0.1:3001")?;
    anyhow::ensure!(
        has_key || address.ip().is_loopback(),
        "HOST_LISTEN is not a loopback address, and API_KEY is not set: set a key, or listen on 127.0.0.1"
    );
    Ok(address)
}

async fn stopped() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
