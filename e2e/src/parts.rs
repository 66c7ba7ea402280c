//! The stack in parts, each a process of its own: Redis with an append-only file, the simulated network, session-hosts, the edge. Each
//! can be killed and started again on its own.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use contract::routes;
use serde_json::json;
use tempfile::TempDir;

use crate::api::Api;
use crate::phones::{Phone, Phones};
use crate::process::Process;
use crate::simulator::Simulator;
use crate::sockets::{Collected, Socket};
use crate::wait::{SOON, Seen, wait_for};
use crate::{ports, programs};

/// What hosts and edge share.
const TOKEN: &str = "internal-token-of-the-test";

/// A part that may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The Redis behind everything.
    Redis,
    /// The session-host.
    Host,
    /// The functions of the edge.
    Edge,
}

/// The parts.
pub struct Parts {
    /// The REST API, of the edge.
    pub api: Api,
    /// The phones of the network.
    pub phones: Phones,
    simulator: Simulator,
    folder: TempDir,
    ports: [u16; 3],
    running: [Option<Process>; 3],
}

impl Parts {
    /// Starts everything.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let ports = [ports::free()?, ports::free()?, ports::free()?];
        let simulator = Simulator::start().await?;
        let api = Api::new(&format!("http://127.0.0.1:{}", ports[Part::Edge as usize]), None)?;
        let phones = simulator.phones.clone();
        let mut all = Self { api, phones, simulator, folder, ports, running: [None, None, None] };
        for part in [Part::Redis, Part::Edge, Part::Host] {
            all.run(part).await?;
        }
        all.wait_until_ready().await?;
        Ok(all)
    }

    fn port(&self, part: Part) -> u16 {
        self.ports[part as usize]
    }

    fn log(&self, part: Part) -> PathBuf {
        self.folder.path().join(format!("{part:?}.log"))
    }

    /// Starts a part on what there is of it.
    pub async fn run(&mut self, part: Part) -> anyhow::Result<()> {
        let own = self.port(part).to_string();
        let mut command = if part == Part::Redis {
            let folder = self.folder.path().join("redis");
            std::fs::create_dir_all(&folder)?;
            let mut command = Process::command(&PathBuf::from("redis-server"));
            command.args(["--port", &own, "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
            command.args(["--appendfsync", "always", "--maxmemory-policy", "noeviction", "--dir"]).arg(folder);
            command
        } else {
            let mut command = Process::command(&programs::chatery()?);
            command.arg(if part == Part::Host { "host" } else { "edge" }).args(["--port", &own]);
            if part == Part::Edge {
                command.arg("--manifest").arg(programs::project().join("spin.toml"));
            }
            command.envs(self.simulator.environment().await?);
            command.envs([
                ("REDIS_URL", format!("redis://127.0.0.1:{}", self.port(Part::Redis))),
                ("EDGE_URL", format!("http://127.0.0.1:{}", self.port(Part::Edge))),
                ("INTERNAL_TOKEN", TOKEN.to_owned()),
                ("HOST_ID", "host-of-the-test".to_owned()),
                ("DEFAULT_NETWORK", "sandbox".to_owned()),
                ("ALLOW_PRIVATE_URLS", "127.0.0.1".to_owned()),
            ]);
            command
        };
        command.current_dir(self.folder.path());
        self.running[part as usize] = Some(Process::start(&mut command, &self.log(part))?);
        Ok(())
    }

    /// `kill -9`.
    pub fn kill(&mut self, part: Part) -> anyhow::Result<()> {
        self.running[part as usize].take().context("it does not run")?.kill()
    }

    /// Waits until the edge says that everything is there.
    pub async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let look = async || {
            for part in [Part::Redis, Part::Host, Part::Edge] {
                if let Some(process) = &mut self.running[part as usize]
                    && let Some(status) = process.ended()?
                {
                    bail!("{part:?} ended at once ({status}): {}", process.log_tail());
                }
            }
            match self.api.get(routes::READY).await {
                Ok(answer) => Ok(Seen::when(answer, |answer| answer.status == 200)),
                Err(error) => Ok(Seen::NotYet(format!("{error:#}"))),
            }
        };
        wait_for("the parts", SOON, look).await.map(drop)
    }

    /// Links a new session to a new phone of this name.
    pub async fn linked(&self, session: &str, name: &str) -> anyhow::Result<Phone> {
        let phone = self.phones.create(name).await?;
        self.api.connect(session).await?;
        self.phones.scan(&phone.number, &self.api.qr_code(session).await?).await?;
        self.api.wait_until_connected(session).await?;
        Ok(phone)
    }

    /// A Socket.IO client that subscribes to a session, and after every lost connection again from the last cursor it saw.
    pub async fn follower(&self, session: &str) -> anyhow::Result<Collected> {
        let url = format!("http://127.0.0.1:{}", self.port(Part::Host));
        let options = json!({ "transports": ["websocket"], "follow": session });
        let mut socket = Socket::open(&url, &options)?;
        socket.named("subscribed").await?;
        Ok(socket.collected())
    }
}

impl Drop for Parts {
    #[expect(clippy::print_stderr, reason = "a test that fails because of it shows why")]
    fn drop(&mut self) {
        for part in [Part::Edge, Part::Host, Part::Redis] {
            if let Some(mut process) = self.running[part as usize].take() {
                if std::thread::panicking() {
                    eprintln!("--- {part:?}:\n{}\n---", process.log_tail());
                }
                let _ = process.kill();
            }
        }
    }
}
