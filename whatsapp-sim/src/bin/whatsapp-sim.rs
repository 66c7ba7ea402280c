//! The simulated WhatsApp network as a program: one address for the wire protocol and for the admin HTTP API.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use whatsapp_sim::{Scenario, Sim, SimConfig};

#[path = "whatsapp-sim/options.rs"]
mod options;
#[path = "whatsapp-sim/seed.rs"]
mod seed;

use options::{Command, Options};

fn main() -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    let options = match options::parse(std::env::args().skip(1), environment) {
        Ok(Command::Run(options)) => options,
        Ok(Command::Help) => return say(&format!("{}\n", options::HELP)),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "whatsapp-sim: {error}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn,whatsapp_sim=info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "whatsapp-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: Options) -> anyhow::Result<()> {
    let key_seed = seed::find(options.key_seed.as_deref(), options.data_dir.as_deref())?;
    let scenario = options.scenario.as_deref().map(Scenario::read).transpose().context("cannot load the scenario")?;
    let mut stop = Stop::listen().context("cannot listen for signals")?;
    let sim = Sim::start(SimConfig {
        key_seed,
        data_dir: options.data_dir,
        listen: options.listen,
        admin_hosts: options.admin_hosts,
        tls: options.tls,
        stanza_log: options.stanza_log,
        phone_messages: options.phone_messages,
        scenario,
    })
    .await
    .context("cannot start the network")?;
    let address = sim.addr();
    say(&format!(
        "WhatsApp simulator\n  clients     {}\n  page        http://{address}/\n  admin       http://{address}/admin/phones\n  server key  {}\n",
        sim.ws_url(),
        hex::encode(sim.server_public_key()),
    ));
    if let Some((url, fingerprint)) = sim.wss_url().zip(sim.certificate_fingerprint()) {
        say(&format!(
            "  TLS         {url}\n  certificate https://{address}/admin/certificate\n  SHA-256     {fingerprint}\n"
        ));
    }
    stop.requested().await;
    tracing::info!("stopping");
    sim.shutdown().await;
    Ok(())
}

/// The two signals that ask a program to end.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn requested(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Writes to standard output, where a closed pipe is the reader's business.
fn say(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    ExitCode::SUCCESS
}
