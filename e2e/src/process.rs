//! A program of ours as a child process: started with its output in a file, ended by a signal, and never left behind.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::wait::{Seen, wait_for};

/// How long a program may take to end by itself: its own limit is 28 seconds.
const END_WITHIN: Duration = Duration::from_secs(35);

/// Lines shown of a log.
const TAIL: usize = 60;

/// A running program.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// A command without the environment of whoever runs this: settings of the machine are none of the program's.
    pub fn command(program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        for name in ["PATH", "HOME"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Starts a program. Its output is appended to `log`.
    pub fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let out = OpenOptions::new().create(true).append(true).open(log)?;
        let program = command.get_program().to_owned();
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child = command.spawn().with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, when it did.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end, with SIGTERM, and waits until it did.
    pub async fn terminate(&mut self) -> anyhow::Result<ExitStatus> {
        self.ask_to_end()?;
        let ended = async || {
            let status = self.ended()?;
            Ok(status.map_or_else(|| Seen::NotYet("it runs".to_owned()), Seen::Fact))
        };
        wait_for("the end of the process", END_WITHIN, ended).await
    }

    fn ask_to_end(&self) -> anyhow::Result<()> {
        let asked = Command::new("kill").arg(self.pid().to_string()).status().context("kill cannot be started")?;
        if asked.success() { Ok(()) } else { bail!("process {} cannot be asked to end", self.pid()) }
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            // Whoever wanted a graceful end asked for it.
            let _ = self.kill();
        }
    }
}
