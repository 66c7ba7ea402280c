//! The program: started with an environment, asked to end with SIGTERM.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{DEADLINE, redis_url};

/// How often a program that starts is asked whether it answers.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Longer than the host holds a poll.
const LONG_POLL: Duration = Duration::from_mins(2);

/// Starts the host on a free port and waits until it answers.
async fn started() -> (Child, String) {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let child = Command::new(env!("CARGO_BIN_EXE_session-host"))
        .env("REDIS_URL", redis_url())
        .env("HOST_LISTEN", format!("127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let base = format!("http://127.0.0.1:{port}");
    let deadline = Instant::now() + DEADLINE;
    while reqwest::get(format!("{base}/healthz")).await.is_err() {
        assert!(Instant::now() < deadline, "the host answers in time");
        sleep(LOOK_EVERY).await;
    }
    (child, base)
}

/// Ends the program with SIGTERM; a held connection would keep it past the deadline.
async fn ends(mut child: Child) {
    let pid = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").arg(pid).status().await.unwrap().success());
    let status = timeout(DEADLINE, child.wait()).await.expect("it ends in time").unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_waiting_socket_does_not_hold_it() {
    let (child, base) = started().await;
    let client = reqwest::Client::builder().timeout(LONG_POLL).build().unwrap();
    let url = format!("{base}/socket.io/?EIO=4&transport=polling");
    let opened = client.get(&url).send().await.unwrap().text().await.unwrap();
    let opened: serde_json::Value = serde_json::from_str(opened.strip_prefix('0').expect("an open packet")).unwrap();
    let url = format!("{url}&sid={}", opened["sid"].as_str().unwrap());
    assert_eq!(client.post(&url).body("40").send().await.unwrap().text().await.unwrap(), "ok");
    let connected = async {
        // A ping may come before.
        while !client.get(&url).send().await.unwrap().text().await.unwrap().contains("40{") {}
    };
    timeout(DEADLINE, connected).await.expect("the socket is connected in time");
    // Sent before the signal; answered by what the end of the host says to its sockets.
    let poll = tokio::spawn(client.get(&url).send());
    ends(child).await;
    assert!(timeout(DEADLINE, poll).await.is_ok(), "the poll has ended");
}

#[tokio::test]
async fn an_idle_one_ends_too() {
    let (child, _) = started().await;
    ends(child).await;
}
