//! Another host beside a stack: a process that shares its Redis.

use anyhow::bail;
use tempfile::TempDir;

use crate::api::Api;
use crate::process::Process;
use crate::stack::Stack;
use crate::wait::{SOON, Seen, wait_for};
use crate::{ports, programs};

/// What it answers when it runs.
const HEALTHZ: &str = "/healthz";

/// A running host. It ends with the value.
#[derive(Debug)]
pub struct Host {
    /// The way to it.
    pub api: Api,
    _process: Process,
    _folder: TempDir,
}

impl Host {
    /// Starts a host on the Redis of a stack, with these settings.
    pub async fn beside(stack: &Stack, settings: &[(&str, String)]) -> anyhow::Result<Self> {
        let (folder, port) = (tempfile::tempdir()?, ports::free()?);
        let mut command = Process::command(&programs::chatery()?);
        command.arg("host").arg("--port").arg(port.to_string()).current_dir(folder.path());
        command.env("REDIS_URL", stack.redis_url()?).env("HOST_ID", "other");
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        let mut process = Process::start(&mut command, &folder.path().join("log"))?;
        let api = Api::new(&format!("http://127.0.0.1:{port}"), None)?;
        let look = async || {
            if let Some(status) = process.ended()? {
                bail!("the host ended at once ({status}): {}", process.log_tail());
            }
            Ok(match api.get(HEALTHZ).await {
                Ok(answer) => Seen::when(answer.status, |status| *status == 200),
                Err(error) => Seen::NotYet(format!("{error:#}")),
            })
        };
        wait_for("the host", SOON, look).await?;
        Ok(Self { api, _process: process, _folder: folder })
    }
}
