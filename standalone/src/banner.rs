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
pub(crate) fn print(settings: &Settings, sandbox: Option<&Sandbox>, password: &Password, redis: &RedisServer) {
    let base = format!("http://localhost:{}", settings.listen.port());
    let network = settings.default_network();
    println!("\nChatery Edge is running.\n");
    println!("  API            {base}/api/whatsapp");
    println!("  Health         {base}/api/health");
    println!("  Socket.IO      {base}");
    println!("  Network        {network} unless a session says otherwise");
    println!("  Redis          {}", if redis.is_ours() { "started by this process" } else { redis.location() });
    if settings.get("API_KEY").is_none() {
        println!("  API key        none: only this machine is served (set API_KEY to open it)");
    }
    if password.new {
        let user = settings.get("DASHBOARD_USERNAME").unwrap_or("admin");
        println!("  Dashboard      user {user}, password {} (kept in the data directory, shown once)", password.text);
    }
    if let Some(sandbox) = sandbox {
        let (admin, owner, echo) = (sandbox.admin(), &sandbox.owner, &sandbox.echo);
        println!(
            "\nSimulated WhatsApp network at {admin}, with a phone ({owner}) and a contact that answers ({echo})."
        );
        if sandbox.new {
            println!(
                "It is new, so the demo is loaded: a customer, a support case, two groups and what they said before."
            );
        }
        println!("Link a session to the phone and write to the contact:\n");
        println!(
            "  curl -sX POST {base}/api/whatsapp/sessions/shop/connect -H 'Content-Type: application/json' -d '{{\"network\":\"sandbox\"}}'"
        );
        println!("  curl -s {base}/api/whatsapp/sessions/shop/qr | \\");
        println!("    sed 's/.*\"qrCode\":\"\\([^\"]*\\)\".*/{{\"qr\":\"\\1\"}}/' | \\");
        println!("    curl -sX POST {admin}/admin/phones/{owner}/scan -H 'Content-Type: application/json' -d @-");
        println!("  curl -sX POST {base}/api/whatsapp/chats/send-text -H 'Content-Type: application/json' \\");
        println!("    -d '{{\"sessionId\":\"shop\",\"chatId\":\"{echo}\",\"message\":\"Hello\"}}'");
        println!("  curl -s {admin}/admin/phones/{echo}/messages");
    }
    println!();
}
