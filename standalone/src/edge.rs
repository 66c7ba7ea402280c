//! The edge components, run from the same `spin.toml` that Spin runs, with this process's settings as Spin variables.

use std::collections::BTreeMap;

use anyhow::Context as _;
use edge_runtime::EdgeRuntime;

use crate::redis_server::RedisServer;
use crate::settings::{self, Settings};

/// Settings that are Spin variables under the same name, in lower case.
const SAME_NAME: [&str; 6] =
    ["API_KEY", "CORS_ORIGIN", "LEGACY_STATUS", "DEFAULT_COUNTRY_CODE", "DASHBOARD_USERNAME", "DEFAULT_NETWORK"];

pub(crate) async fn load(
    settings: &Settings,
    redis: &RedisServer,
    sandbox: bool,
    password: &str,
) -> anyhow::Result<EdgeRuntime> {
    let manifest = settings.manifest.clone();
    settings::ensure_file(&manifest, "start chatery in the project's folder, or say --manifest")?;
    let mut variables: BTreeMap<String, String> =
        SAME_NAME.iter().filter_map(|name| Some((name.to_lowercase(), settings.get(name)?.to_owned()))).collect();
    let sandbox = sandbox || settings.has_sandbox();
    variables.extend([
        ("redis_url".to_owned(), redis.location().to_owned()),
        ("redis_credentials".to_owned(), redis.credentials().to_owned()),
        ("sandbox_enabled".to_owned(), sandbox.to_string()),
        ("default_network".to_owned(), settings.default_network().to_owned()),
        ("dashboard_password".to_owned(), password.to_owned()),
    ]);
    tokio::task::spawn_blocking(move || EdgeRuntime::load(&manifest, &variables))
        .await
        .context("the edge could not be loaded")?
        .context("the edge could not be loaded (cargo xtask edge builds its components)")
}
