//! The simulator in a process of its own.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;
use whatsapp_sim::SeededDevice;

use crate::measure::{Used, processor, resident};

/// Making a few thousand accounts takes a while, most of all in a debug build.
const PATIENCE: Duration = Duration::from_mins(10);
/// How much each phone remembers: little enough to be full before the load begins to be measured, so that whatever grows after
/// that is a leak.
const REMEMBERED: &str = "16";

pub(crate) struct Simulator {
    child: Child,
    pid: u32,
    address: String,
    http: reqwest::Client,
    pub(crate) key: [u8; 32],
}

impl Simulator {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_whatsapp-sim"))
            .args(["--listen", "127.0.0.1:0", "--key-seed", "sim-load", "--phone-messages", REMEMBERED])
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the simulator cannot be started")?;
        let pid = child.id().context("the simulator ended at once")?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let mut address = None;
        while let Some(line) = lines.next_line().await? {
            if let Some((_, after)) = line.split_once("ws://") {
                address = after.split('/').next().map(str::to_owned);
            }
            if line.contains("server key") {
                break;
            }
        }
        let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let address = address.context("the simulator does not say where it is")?;
        let mut simulator = Self { child, pid, address, http, key: [0; 32] };
        let key = simulator.get("/admin/server-key").await?;
        hex::decode_to_slice(key["publicKey"].as_str().unwrap_or_default(), &mut simulator.key)?;
        Ok(simulator)
    }

    pub(crate) fn ws_url(&self) -> String {
        format!("ws://{}/ws/chat", self.address)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let mut answer: Value = self.http.get(format!("http://{}{path}", self.address)).send().await?.json().await?;
        Ok(answer["data"].take())
    }

    pub(crate) async fn stats(&self) -> anyhow::Result<Value> {
        self.get("/admin/stats").await
    }

    /// Linked accounts.
    pub(crate) async fn seed(&self, count: usize) -> anyhow::Result<Vec<SeededDevice>> {
        let body = json!({ "count": count });
        let request = self.http.post(format!("http://{}/admin/phones/seeded", self.address)).json(&body);
        let mut answer: Value = request.send().await?.json().await?;
        ensure!(answer["success"] == true, "the accounts were not made: {answer}");
        Ok(serde_json::from_value(answer["data"].take())?)
    }

    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        resident(self.pid)
    }

    /// What the simulator uses meanwhile.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> anyhow::Result<(Used, T)> {
        let (began, before) = (Instant::now(), processor(self.pid)?);
        let done = work.await;
        let used = processor(self.pid)? - before;
        Ok((Used { wall: began.elapsed(), processor: used, resident: self.resident()? }, done))
    }

    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("the simulator does not stop")
    }
}
