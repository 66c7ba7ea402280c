//! `chatery`: the whole of Chatery Edge in one process on one port. It assembles what the other crates offer — a session-host, the
//! edge components in a WASM runtime, an S3 server over a folder, a simulated WhatsApp network — around a Redis that it
//! finds or starts; or one of the parts alone. It owns the data directory and the order of starting and stopping; it knows no API.

#![recursion_limit = "512"]

mod answers;
mod banner;
mod edge;
mod guard;
mod object_store;
mod options;
mod parts;
mod phones;
mod redis_server;
mod sandbox;
mod secrets;
mod settings;
mod signals;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use axum::middleware;
use session_host::config::Config;
use session_host::host::Host;
use session_host::serve::Server;
use session_host::telemetry;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::guard::Guard;
use crate::options::{Options, Parsed, Part};
use crate::redis_server::RedisServer;
use crate::secrets::DataDir;
use crate::settings::Settings;
use crate::signals::Signals;

/// How long answers that are under way may take when the process stops: far longer than WhatsApp takes when all is well.
pub(crate) const REQUESTS_END_WITHIN: Duration = Duration::from_secs(3);

/// How long they may take once they are told not to wait any more.
const RELEASED_END_WITHIN: Duration = Duration::from_secs(2);

/// How long the last answers may take to be sent when everything behind them has stopped.
pub(crate) const LAST_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

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
    let signals = Signals::listen()?;
    let settings = Settings::load(options)?;
    match options.part {
        Part::All => {}
        Part::Host => return parts::host(&settings, listen(settings.listen).await?, &signals.stop).await,
        Part::Edge => return parts::edge(&settings, listen(settings.listen).await?, &signals.stop).await,
    }
    let data = DataDir::open(&settings.data_dir)?;
    let listener = listen(settings.listen).await?;
    let redis = redis_server::find_or_start(settings.redis_url.as_deref(), &data).await?;
    let ran = tokio::select! {
        ran = serve(&settings, &data, listener, &redis, &signals.stop) => ran,
        () = redis.failed() => Err(anyhow!("Redis cannot be kept running")),
        // What is left is dropped with the runtime, our Redis too.
        () = signals.now.cancelled() => bail!("ended at once, as asked"),
    };
    // Last, and also after a start that failed.
    tokio::select! {
        () = redis.stop() => ran,
        () = signals.now.cancelled() => bail!("ended at once, as asked"),
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| match address.port() {
        port @ ..1024 => {
            format!("cannot listen on {address}: ports below 1024 need privileges (PORT or --port instead of {port})")
        }
        _ => format!("cannot listen on {address}: is another server running there? (PORT or --port changes the port)"),
    })
}

/// Everything that needs Redis, from the start to the last answer.
async fn serve(
    settings: &Settings,
    data: &DataDir,
    listener: TcpListener,
    redis: &RedisServer,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let port = listener.local_addr()?.port();
    let start = async {
        let objects = object_store::start(data).await?;
        let sandbox = sandbox::start(settings, data).await?;
        let password = secrets::dashboard_password(settings, data)?;
        let environment = settings.host_environment(&redis.url(), &objects, sandbox.as_ref(), data)?;
        let config = Config::from_env(|name| environment.get(name).cloned())?;
        let token = secrets::random_hex();
        let edge = edge::load(settings, &redis.address, sandbox.is_some(), &password.text, &token).await?;
        let host = Host::start_beside(config, Some(edge::functions(&edge, &token))).await?;
        anyhow::Ok((host, edge, sandbox, password))
    };
    let (host, edge, sandbox, password) = tokio::select! {
        started = start => started?,
        () = stop.cancelled() => return Ok(()),
    };
    banner::print(settings, port, sandbox.as_ref(), redis, &password);

    let guard = if settings.get("API_KEY").is_none() { Guard::ThisMachineOnly } else { Guard::Open };
    let router = host.public.clone().merge(host.internal.clone()).fallback_service(edge.clone());
    let router = match &sandbox {
        Some(sandbox) => router.merge(phones::routes(sandbox, host.entrance.clone())),
        None => router,
    };
    let router = router.layer(middleware::from_fn(guard::refuse_internal));
    let router = router.layer(middleware::from_fn(answers::complete));
    let router = router.layer(middleware::from_fn_with_state(guard, guard::check));
    let mut server = Server::start(listener, router);
    tokio::select! {
        () = stop.cancelled() => {}
        () = server.ended() => {}
    }
    server.refuse_new();
    let late = async {
        sleep(REQUESTS_END_WITHIN).await;
        // They still wait for WhatsApp; each is told that its outcome is open.
        host.sessions.release_waiting().await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = edge.shutdown(REQUESTS_END_WITHIN + RELEASED_END_WITHIN) => {}
        () = late => {}
    }
    // The host ends the sockets that would hold their connections open.
    host.stop().await;
    server.close(LAST_ANSWERS_WITHIN).await;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    Ok(())
}
