//! The whole stack as its users start it: the program `chatery` with a data directory of its own, on free ports. It can be killed
//! and started again; in the end nothing of it is left.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use contract::routes;
use redis::Client;
use tempfile::TempDir;

use crate::api::Api;
use crate::phones::{Phone, Phones};
use crate::process::Process;
use crate::simulator::Simulator;
use crate::sockets::Socket;
use crate::wait::{SOON, Seen, wait_for};
use crate::{ports, programs, redis_child};

/// What is logged when `RUST_LOG` does not say.
const LOG: &str = "warn,chatery=info,session_host=info";

/// How a stack is to be started.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    key: Option<String>,
    environment: Vec<(String, String)>,
    network: Option<Phones>,
}

impl Plan {
    /// With an API key.
    #[must_use]
    pub fn api_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self.environment.push(("API_KEY".to_owned(), key.to_owned()));
        // With a key it would serve everybody; tests stay on this machine.
        self.environment.push(("BIND_ADDRESS".to_owned(), "127.0.0.1".to_owned()));
        self
    }

    /// With a setting.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// On a simulated network that runs elsewhere.
    pub async fn on(mut self, simulator: &Simulator) -> anyhow::Result<Self> {
        self.environment.extend(simulator.environment().await?);
        self.network = Some(simulator.phones.clone());
        Ok(self)
    }

    /// Starts it, and waits until it is ready.
    pub async fn start(self) -> anyhow::Result<Stack> {
        let folder = tempfile::tempdir()?;
        let (port, sandbox_port) = (ports::free()?, ports::free()?);
        let api = Api::new(&format!("http://127.0.0.1:{port}"), self.key.as_deref())?;
        let phones = match &self.network {
            Some(phones) => phones.clone(),
            None => Phones::new(&format!("http://127.0.0.1:{sandbox_port}"))?,
        };
        let mut stack = Stack { api, phones, plan: self, folder, port, sandbox_port, process: None, stopped: false };
        stack.start_again().await?;
        Ok(stack)
    }
}

/// A stack.
#[derive(Debug)]
pub struct Stack {
    /// Its REST API.
    pub api: Api,
    /// The phones of its network.
    pub phones: Phones,
    plan: Plan,
    folder: TempDir,
    port: u16,
    sandbox_port: u16,
    process: Option<Process>,
    stopped: bool,
}

impl Stack {
    /// A stack without a key, with its own network.
    pub async fn start() -> anyhow::Result<Self> {
        Plan::default().start().await
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What it wrote to the terminal and the log.
    pub fn output(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.folder.path().join("log"))?)
    }

    /// Its process id.
    pub fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.process.as_ref().context("it does not run")?.pid())
    }

    /// Starts the program on the data there is, and waits until it is ready.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        ensure!(self.process.is_none(), "it runs already");
        let mut command = Process::command(&programs::chatery()?);
        command.arg("--port").arg(self.port.to_string()).arg("--data").arg(self.data());
        command.arg("--manifest").arg(programs::project().join("spin.toml"));
        // A `.env` of whoever runs the tests is none of ours.
        command.current_dir(self.folder.path());
        self.set_environment(&mut command);
        let mut process = Process::start(&mut command, &self.folder.path().join("log"))?;
        let look = async || {
            if let Some(status) = process.ended()? {
                bail!("chatery ended at once ({status}): {}", process.log_tail());
            }
            match self.api.get(routes::READY).await {
                Ok(answer) => Ok(Seen::when(answer, |answer| answer.status == 200)),
                Err(error) => Ok(Seen::NotYet(format!("{error:#}"))),
            }
        };
        let ready = wait_for("chatery", SOON, look).await;
        self.process = Some(process);
        ready.map(drop)
    }

    fn set_environment(&self, command: &mut Command) {
        let log = std::env::var("RUST_LOG").unwrap_or_else(|_| LOG.to_owned());
        let own = [("SANDBOX_PORT".to_owned(), self.sandbox_port.to_string()), ("RUST_LOG".to_owned(), log)];
        command.envs(own.into_iter().chain(self.plan.environment.iter().cloned()));
    }

    /// `kill -9` of the program. Its Redis stays, as in reality.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.take().context("it does not run")?.kill()
    }

    /// Ends the program with SIGTERM, which must succeed and end its Redis too.
    pub async fn terminate(&mut self) -> anyhow::Result<()> {
        self.end_with("TERM").await
    }

    /// The end of a test that passed.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.terminate().await?;
        self.stopped = true;
        Ok(())
    }

    /// The address of its Redis, with the password.
    pub fn redis_url(&self) -> anyhow::Result<String> {
        redis_child::url(&self.data()).context("no Redis was started")
    }

    /// A way to its Redis.
    pub fn redis(&self) -> anyhow::Result<Client> {
        redis_child::client(&self.data())?.context("no Redis was started")
    }

    /// The process id of its Redis.
    pub fn redis_pid(&self) -> anyhow::Result<u32> {
        let info: String = redis::cmd("INFO").arg("server").query(&mut self.redis()?.get_connection()?)?;
        let line = info.lines().find_map(|line| line.strip_prefix("process_id:")).context("no process id")?;
        Ok(line.trim().parse()?)
    }

    /// Sends a signal to a process that this stack started.
    pub fn signal(&self, pid: u32, name: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status()?;
        ensure!(status.success(), "process {pid} cannot be sent {name}");
        Ok(())
    }

    /// Ends the program with a signal of this name; it must succeed and end its Redis too.
    pub async fn end_with(&mut self, name: &str) -> anyhow::Result<()> {
        self.signal(self.pid()?, name)?;
        let mut process = self.process.take().context("it does not run")?;
        let ended = async || {
            let status = process.ended()?;
            Ok(status.map_or_else(|| Seen::NotYet("it runs".to_owned()), Seen::Fact))
        };
        let status = wait_for("the end of the process", SOON, ended).await?;
        ensure!(status.success(), "chatery ended with {status}: {}", process.log_tail());
        ensure!(!redis_child::is_running(&self.data())?, "Redis still runs");
        Ok(())
    }

    /// A Socket.IO client, connected.
    pub async fn socket(&self) -> anyhow::Result<Socket> {
        Socket::connected(self.api.base(), &serde_json::json!({ "auth": { "apiKey": self.plan.key } })).await
    }

    /// Links a new session to a new phone of this name.
    pub async fn linked(&self, session: &str, name: &str) -> anyhow::Result<Phone> {
        let phone = self.phones.create(name).await?;
        self.link(session, &phone).await?;
        Ok(phone)
    }

    /// Links a session to a phone: connect, scan, wait. Returns the device number.
    pub async fn link(&self, session: &str, phone: &Phone) -> anyhow::Result<u16> {
        let asked = self.api.connect(session).await?;
        ensure!(asked.status == 200, "{asked:?}");
        let device = self.phones.scan(&phone.number, &self.api.qr_code(session).await?).await?;
        let summary = self.api.wait_until_connected(session).await?;
        ensure!(summary.phone_number.as_deref() == Some(phone.number.as_str()), "{summary:?}");
        Ok(device)
    }
}

impl Drop for Stack {
    #[expect(clippy::print_stderr, reason = "the only place where a failed test shows what the server said")]
    fn drop(&mut self) {
        if !self.stopped {
            let log = self.output().unwrap_or_default();
            eprintln!("--- the stack of the failed test wrote:\n{log}---");
        }
        self.process = None;
        if let Err(error) = redis_child::end(&self.data()) {
            eprintln!("{error:#}");
        }
    }
}
