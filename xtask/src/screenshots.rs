//! `cargo xtask screenshots`: every view of the dashboard as a picture, for looking at them: light and dark, on a desktop and at 320 pixels.
//! A few of them are kept in the repository.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command as Process};

use anyhow::Context as _;

use crate::command::{Command, no_arguments};
use crate::edge;
use crate::process::run;
use crate::setup::{self, For};
use crate::workspace::Workspace;

pub(crate) const COMMAND: Command = Command {
    name: "screenshots",
    summary: "every view of the dashboard as a picture in docs/screenshots",
    help: "Starts a server of its own with a simulated network, fills it, and drives Chromium. Those that git keeps are named in docs/screenshots/.gitignore.",
    run: |arguments| {
        no_arguments(arguments)?;
        take(&Workspace::find()?)
    },
};

/// The login of that server.
const PASSWORD: &str = "for-pictures-only";

/// Its key.
const KEY: &str = "for-pictures-only";

fn take(workspace: &Workspace) -> anyhow::Result<()> {
    setup::ensure(workspace, For::Server)?;
    setup::browser(workspace)?;
    edge::build(workspace)?;
    workspace.build_programs(false)?;
    let data = std::env::temp_dir().join(format!("chatery-screenshots-{}", std::process::id()));
    let (port, phones) = (free_port()?, free_port()?);
    let mut server = start(workspace, &data, port, phones)?;
    let taken = run(Process::new("node")
        .arg("screenshots.mjs")
        .current_dir(workspace.root.join("e2e/browser"))
        .env("BASE", format!("http://127.0.0.1:{port}"))
        .env("PHONES", format!("http://127.0.0.1:{phones}"))
        .env("PASSWORD", PASSWORD)
        .env("KEY", KEY)
        .env("CHROMIUM", setup::chromium::program()?)
        .env("INTO", workspace.root.join("docs/screenshots")));
    // It stops its Redis as well, which a kill would leave behind.
    run(Process::new("kill").arg(server.id().to_string()))?;
    server.wait().context("the server cannot be waited for")?;
    std::fs::remove_dir_all(&data).with_context(|| format!("{} cannot be removed", data.display()))?;
    taken
}

fn start(workspace: &Workspace, data: &Path, port: u16, phones: u16) -> anyhow::Result<Child> {
    let program = workspace.program("chatery", false);
    let mut server = Process::new(&program);
    server.arg("--port").arg(port.to_string()).arg("--data").arg(data).current_dir(&workspace.root);
    server.env("API_KEY", KEY).env("BIND_ADDRESS", "127.0.0.1").env("DASHBOARD_PASSWORD", PASSWORD);
    server.env("SANDBOX_PORT", phones.to_string());
    server.spawn().with_context(|| format!("{} cannot be started", program.display()))
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("there is no free port")?;
    Ok(listener.local_addr()?.port())
}
