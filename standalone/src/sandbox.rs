//! The simulated WhatsApp network of this process. Its key and its people are in the data directory, so linked sessions
//! stay linked over a restart. The first time it is filled with the demo: a phone to link, contacts that answer, groups, some past.

use std::path::PathBuf;

use anyhow::Context as _;
use whatsapp_sim::{Scenario, Sim, SimConfig};

use crate::secrets::DataDir;
use crate::settings::Settings;

/// The phone that people link a session to.
pub(crate) const OWNER: &str = "Sandbox phone";

/// The contact that answers each text.
pub(crate) const ECHO: &str = "Echo";

/// The running network.
pub(crate) struct Sandbox {
    sim: Sim,
    /// Number of the phone to scan with.
    pub(crate) owner: String,
    /// Number of the contact that answers.
    pub(crate) echo: String,
    /// Whether the demo has just been loaded.
    pub(crate) new: bool,
}

/// Starts the network, unless it is switched off or runs elsewhere.
pub(crate) async fn start(settings: &Settings, data: &DataDir) -> anyhow::Result<Option<Sandbox>> {
    let Some(listen) = settings.sandbox_listen else { return Ok(None) };
    let folder: PathBuf = data.folder("sandbox")?;
    let (seed, _) = data.secret("sandbox-key")?;
    let mut key_seed = [0; 32];
    let text = seed.as_bytes();
    key_seed[..text.len().min(32)].copy_from_slice(&text[..text.len().min(32)]);
    let config = SimConfig { key_seed, data_dir: Some(folder), listen, ..SimConfig::default() };
    let sim = Sim::start(config)
        .await
        .with_context(|| format!("the simulated network cannot start on {listen} (SANDBOX_PORT changes the port)"))?;
    let new = sim.phones().await.is_empty();
    if new {
        sim.load_scenario(&Scenario::demo()?).await.context("the demo cannot be loaded into the simulated network")?;
    }
    let owner = phone(&sim, OWNER).await?;
    let echo = phone(&sim, ECHO).await?;
    sim.set_echo(&echo, true).await?;
    Ok(Some(Sandbox { sim, owner, echo, new }))
}

/// Number of the phone with this name; created when there is none.
async fn phone(sim: &Sim, name: &str) -> anyhow::Result<String> {
    if let Some(phone) = sim.phones().await.into_iter().find(|phone| phone.name == name) {
        return Ok(phone.number);
    }
    Ok(sim.create_phone(name, None).await?.number)
}

impl Sandbox {
    /// Where clients connect.
    pub(crate) fn url(&self) -> String {
        self.sim.ws_url()
    }

    /// Where people drive the phones.
    pub(crate) fn admin(&self) -> String {
        format!("http://localhost:{}", self.sim.addr().port())
    }

    /// The same, for this process's own port.
    pub(crate) fn phones(&self) -> axum::Router {
        self.sim.admin()
    }

    /// The network's public key.
    pub(crate) fn key(&self) -> String {
        hex::encode(self.sim.server_public_key())
    }

    pub(crate) async fn stop(self) {
        self.sim.shutdown().await;
    }
}
