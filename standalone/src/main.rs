//! `chatery`: the whole of Chatery Edge in one process on one port. It assembles what the other crates offer — a session-host, the
//! edge components in a WASM runtime, an S3 server over a folder, a simulated WhatsApp network — around a Redis that it
//! finds or starts. It owns the data directory and the order of starting and stopping; it knows no API.

#![recursion_limit = "512"]

mod banner;
mod edge;
mod guard;
mod object_store;
mod options;
mod redis_server;
mod sandbox;
mod secrets;
mod settings;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use axum::middleware;
use session_host::config::Config;
use session_host::host::Host;
use session_host::serve::Server;
use session_host::telemetry;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::guard::Guard;
use crate::options::{Options, Parsed};
use crate::settings::Settings;

/// How long answers that are under way may take when the process stops.
const REQUESTS_END_WITHIN: Duration = Duration::from_secs(10);

/// How long the last answers may take to be sent when everything behind them has stopped.
const LAST_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Help) => return banner::help(),
        Err(problem) => return banner::refuse(&problem),
    };
    let wanted = std::env::var("RUST_LOG").ok();
    let filter = telemetry::filter(wanted.as_deref(), "warn,chatery=info,session_host=info");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let ran = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")
        .and_then(|runtime| runtime.block_on(run(&options)));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => banner::refuse(&format!("{error:#}")),
    }
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
    let settings = Settings::load(options)?;
    let data = secrets::DataDir::open(&settings.data_dir)?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}: is another server running there?", settings.listen))?;
    let redis = redis_server::find_or_start(settings.redis_url.as_deref(), &data).await?;
    let objects = object_store::start(&data).await?;
    let sandbox = sandbox::start(&settings, &data).await?;
    let password = secrets::dashboard_password(&settings, &data)?;

    let environment = settings.host_environment(&redis.url(), &objects, sandbox.as_ref(), &data)?;
    let config = Config::from_env(|name| environment.get(name).cloned())?;
    let edge = edge::load(&settings, &redis, sandbox.is_some(), &password.text).await?;
    let host = Host::start(config).await?;
    banner::print(&settings, sandbox.as_ref(), &password, &redis);

    let guard = if settings.get("API_KEY").is_none() { Guard::ThisMachineOnly } else { Guard::Open };
    let router = host.public.clone().merge(host.internal.clone()).fallback_service(edge.clone());
    let router = router.layer(middleware::from_fn_with_state(guard, guard::check));
    let mut server = Server::start(listener, router);
    tokio::select! {
        () = stopped(&mut terminate) => {}
        () = server.ended() => {}
    }
    server.refuse_new();
    edge.shutdown(REQUESTS_END_WITHIN).await;
    // The host ends the sockets that would hold their connections open.
    host.stop().await;
    server.close(LAST_ANSWERS_WITHIN).await;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    redis.stop().await;
    Ok(())
}

async fn stopped(terminate: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping; sessions are handed over");
}
