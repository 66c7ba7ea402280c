//! What a person reads at the terminal. Standard output is for this alone; logs go to standard error.

use std::process::ExitCode;

use crate::options::HELP;
use crate::redis_server::RedisServer;
use crate::sandbox::Sandbox;
use crate::secrets::Password;
use crate::settings::Settings;

#[expect(clippy::print_stdout, reason = "the terminal is the interface")]
pub(crate) fn help() -> ExitCode {
    print!("{HELP}");
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "the terminal is the interface")]
pub(crate) fn refuse(problem: &str) -> ExitCode {
    eprintln!("chatery: {problem}");
    ExitCode::FAILURE
}

/// Where everything is, and what to do first.
#[expect(clippy::print_stdout, reason = "the terminal is the interface")]
pub(crate) fn print(
    settings: &Settings,
    port: u16,
    sandbox: Option<&Sandbox>,
    redis: &RedisServer,
    password: &Password,
) {
    let base = format!("http://localhost:{port}");
    let network = settings.default_network();
    println!("\nChatery Edge is running.\n");
    println!("  API            {base}/api/whatsapp");
    println!("  Dashboard      {base}/dashboard");
    println!("  Documentation  {base}/");
    println!("  Health         {base}/api/health");
    println!("  Socket.IO      {base}");
    println!("  Network        {network} unless a session says otherwise");
    println!("  Redis          {}", if redis.is_ours() { "started by this process" } else { redis.location() });
    let key = settings.get("API_KEY").is_some();
    if !key {
        println!("  API key        none: only this machine is served (set API_KEY to open it)");
    }
    if password.new {
        let user = settings.get("DASHBOARD_USERNAME").unwrap_or("admin");
        println!("  Login          {user}, password {} (shown once; kept in the data directory)", password.text);
    }
    if let Some(sandbox) = sandbox {
        first_steps(&base, sandbox, key);
    }
    println!();
}

/// Commands that can be pasted together: each waits for what it needs.
#[expect(clippy::print_stdout, reason = "the terminal is the interface")]
fn first_steps(base: &str, sandbox: &Sandbox, key: bool) {
    let (admin, owner, echo) = (sandbox.admin(), &sandbox.owner, &sandbox.echo);
    // The shell of whoever pastes this knows the key; a terminal's history should not.
    let key = if key { " -H \"X-Api-Key: $API_KEY\"" } else { "" };
    println!("\nSimulated WhatsApp network at {admin}, with a phone ({owner}) and a contact that answers ({echo}).");
    if sandbox.new {
        println!("It is new, so the demo is loaded: a customer, a support case, two groups and what they said before.");
    }
    println!("Link a session to the phone and write to the contact:\n");
    println!(
        "  curl -sX POST {base}/api/whatsapp/sessions/first/connect{key} -H 'Content-Type: application/json' -d '{{\"network\":\"sandbox\"}}'"
    );
    println!("  curl -s {base}/api/whatsapp/sessions/first/qr{key} | \\");
    println!("    sed 's/.*\"qrCode\":\"\\([^\"]*\\)\".*/{{\"qr\":\"\\1\"}}/' | \\");
    println!("    curl -sX POST {admin}/admin/phones/{owner}/scan -H 'Content-Type: application/json' -d @-");
    println!(
        "  until curl -s {base}/api/whatsapp/sessions/first/status{key} | grep -q '\"connected\"'; do sleep 0.2; done"
    );
    println!("  curl -sX POST {base}/api/whatsapp/chats/send-text{key} -H 'Content-Type: application/json' \\");
    println!("    -d '{{\"sessionId\":\"first\",\"chatId\":\"{echo}\",\"message\":\"Hello\"}}'");
    println!("  curl -s {admin}/admin/phones/{echo}/messages");
}
