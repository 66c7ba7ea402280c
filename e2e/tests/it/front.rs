//! The port, and what the program makes of its settings.

use anyhow::{Context as _, ensure};
use e2e::process::Process;
use e2e::programs;
use e2e::stack::Stack;
use e2e::wait::{SOON, Seen, wait_for};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Says something on a connection of its own, and no more, and hears the answer to the end.
async fn say(stack: &Stack, text: &str) -> anyhow::Result<String> {
    let address = stack.api.base().strip_prefix("http://").context("the base is http")?;
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(text.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn one_protocol_and_headers_in_any_alphabet() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let answer = say(&stack, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?;
    ensure!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "HTTP/2 was taken: {answer:?}");
    let answer =
        say(&stack, "GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-Name: caf\u{e9}\r\nConnection: close\r\n\r\n")
            .await?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stack.stop().await
}

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
