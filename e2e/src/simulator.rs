//! The simulated network as a process of its own, for what must go on while the server is killed, and for measurements of the
//! server alone.

use std::path::Path;

use anyhow::bail;
use tempfile::TempDir;

use crate::phones::Phones;
use crate::process::Process;
use crate::wait::{SOON, Seen, wait_for};
use crate::{ports, programs};

/// A running simulator with its own data.
#[derive(Debug)]
pub struct Simulator {
    /// The phones on it.
    pub phones: Phones,
    folder: TempDir,
    port: u16,
    keeps: bool,
    process: Process,
}

impl Simulator {
    /// Starts one that keeps its data.
    pub async fn start() -> anyhow::Result<Self> {
        Self::new(true).await
    }

    /// Starts one that keeps nothing on disk: it costs a measurement less.
    pub async fn forgetful() -> anyhow::Result<Self> {
        Self::new(false).await
    }

    async fn new(keeps: bool) -> anyhow::Result<Self> {
        let (folder, port) = (tempfile::tempdir()?, ports::free()?);
        let process = run(folder.path(), port, keeps)?;
        let phones = Phones::new(&format!("http://127.0.0.1:{port}"))?;
        let mut simulator = Self { phones, folder, port, keeps, process };
        simulator.wait_until_ready().await?;
        Ok(simulator)
    }

    /// Stops it and starts it again on the same data.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.process.terminate().await?;
        self.process = run(self.folder.path(), self.port, self.keeps)?;
        self.wait_until_ready().await
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let (process, phones) = (&mut self.process, &self.phones);
        let look = async || {
            if let Some(status) = process.ended()? {
                bail!("the simulator ended at once ({status}): {}", process.log_tail());
            }
            Ok(phones.all().await.map_or_else(|error| Seen::NotYet(error.to_string()), Seen::Fact))
        };
        wait_for("the simulator", SOON, look).await.map(drop)
    }

    /// The environment of a server that uses it.
    pub async fn environment(&self) -> anyhow::Result<Vec<(String, String)>> {
        Ok(vec![
            ("SANDBOX_URL".to_owned(), format!("ws://127.0.0.1:{}/ws/chat", self.port)),
            ("SANDBOX_KEY".to_owned(), self.phones.server_key().await?),
        ])
    }
}

impl Drop for Simulator {
    #[expect(clippy::print_stderr, reason = "a test that fails because of it shows why")]
    fn drop(&mut self) {
        if let Ok(Some(status)) = self.process.ended() {
            eprintln!("--- the simulator had ended ({status}):\n{}\n---", self.process.log_tail());
        }
    }
}

fn run(folder: &Path, port: u16, keeps: bool) -> anyhow::Result<Process> {
    let mut command = Process::command(&programs::simulator()?);
    command.arg("--listen").arg(format!("127.0.0.1:{port}"));
    if keeps {
        command.arg("--data-dir").arg(folder.join("data"));
    }
    Process::start(&mut command, &folder.join("log"))
}
