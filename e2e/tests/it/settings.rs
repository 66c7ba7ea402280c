//! What the program makes of settings that cannot be.

use anyhow::ensure;
use e2e::process::Process;
use e2e::programs;
use e2e::wait::{SOON, Seen, wait_for};

#[tokio::test]
async fn a_wrong_setting_ends_the_start_and_leaves_nothing_behind() -> anyhow::Result<()> {
    for (name, value, says) in [
        ("LEGACY_STATUS", "maybe", "LEGACY_STATUS: must be true or false"),
        ("DEFAULT_COUNTRY_CODE", "0062", "DEFAULT_COUNTRY_CODE: must be one to three digits"),
        ("DEFAULT_NETWORK", "moon", "DEFAULT_NETWORK: must be live or sandbox"),
        ("MAX_SESSIONS", "0", "MAX_SESSIONS: must be at least 1"),
        ("SOCKET_AUTH", "perhaps", "SOCKET_AUTH: must be on or off"),
        ("API_KEY", "a\tb", "API_KEY: may not have control characters"),
        ("CORS_ORIGIN", "*,https://shop.example", "CORS_ORIGIN"),
    ] {
        let folder = tempfile::tempdir()?;
        let mut command = Process::command(&programs::chatery()?);
        command.current_dir(folder.path());
        command.args(["--port", "0", "--data", "data", "--manifest"]).arg(programs::project().join("spin.toml"));
        command.env("SANDBOX_PORT", "0").env("BIND_ADDRESS", "127.0.0.1").env(name, value);
        let mut process = Process::start(&mut command, &folder.path().join("log"))?;
        let ended = async || Ok(process.ended()?.map_or_else(|| Seen::NotYet("it runs".to_owned()), Seen::Fact));
        let status = wait_for(&format!("the end of chatery with {name}={value}"), SOON, ended).await?;
        let said = process.log_tail();
        ensure!(!status.success() && said.contains(says), "{name}={value}: {status} {said}");
        ensure!(!said.contains("is running"), "{name}={value}: {said}");
        let port = std::fs::read_to_string(folder.path().join("data/redis/port"));
        let redis = port.map(|port| std::net::TcpStream::connect(format!("127.0.0.1:{}", port.trim())));
        ensure!(!redis.is_ok_and(|redis| redis.is_ok()), "{name}={value}: Redis still runs");
    }
    Ok(())
}
