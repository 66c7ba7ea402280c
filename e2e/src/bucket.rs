//! Another S3 server than the embedded one: `moto`, in a process that can be stopped, frozen and started again. It keeps nothing.

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

use crate::process::Process;
use crate::wait::{SOON, Seen, wait_for};
use crate::{ports, programs};

/// The name of the bucket that servers use when nothing is said.
const BUCKET: &str = "chatery-media";

/// A bucket on a server that may run.
#[derive(Debug)]
pub struct Bucket {
    port: u16,
    folder: TempDir,
    process: Option<Process>,
    http: reqwest::Client,
}

impl Bucket {
    /// A place for a server that does not run yet.
    pub fn absent() -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(SOON).build()?;
        Ok(Self { port: ports::free()?, folder: tempfile::tempdir()?, process: None, http })
    }

    /// A running server.
    pub async fn start() -> anyhow::Result<Self> {
        let mut bucket = Self::absent()?;
        bucket.appear().await?;
        Ok(bucket)
    }

    /// Starts the server.
    pub async fn appear(&mut self) -> anyhow::Result<()> {
        let mut command = Process::command(&programs::moto()?);
        command.args(["-H", "127.0.0.1", "-p", &self.port.to_string()]);
        let mut process = Process::start(&mut command, &self.folder.path().join("log"))?;
        let (http, url) = (self.http.clone(), format!("{}/moto-api/", self.endpoint()));
        let look = async || {
            if let Some(status) = process.ended()? {
                bail!("moto ended at once ({status}): {}", process.log_tail());
            }
            Ok(http.get(&url).send().await.map_or_else(|error| Seen::NotYet(error.to_string()), Seen::Fact))
        };
        wait_for("moto", SOON, look).await?;
        self.process = Some(process);
        Ok(())
    }

    /// The server does not answer any more, but keeps what it has.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// It goes on.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> anyhow::Result<()> {
        let pid = self.process.as_ref().context("it does not run")?.pid();
        let status = std::process::Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status()?;
        ensure!(status.success(), "process {pid} cannot be sent {name}");
        Ok(())
    }

    /// How a server finds it.
    pub fn environment(&self) -> [(&'static str, String); 3] {
        let word = || "anything".to_owned();
        [("S3_ENDPOINT", self.endpoint()), ("S3_ACCESS_KEY", word()), ("S3_SECRET_KEY", word())]
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The keys of the objects in the bucket.
    pub async fn keys(&self) -> anyhow::Result<Vec<String>> {
        let url = format!("{}/{BUCKET}?list-type=2", self.endpoint());
        let listing = self.http.get(url).send().await?.text().await?;
        let keys = listing.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        Ok(keys.map(str::to_owned).collect())
    }
}
