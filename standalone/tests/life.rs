//! How the program starts, or does not, and what it leaves behind: nothing.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The program, in a folder of its own.
struct Program {
    child: Child,
    folder: TempDir,
}

impl Program {
    fn start(settings: &[(&str, &str)], arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spin.toml");
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatery"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("PORT", "0").env("SANDBOX_PORT", "0");
        command.envs(settings.iter().copied()).args(arguments).arg("--manifest").arg(manifest);
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Self { child: command.spawn().unwrap(), folder }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end: {}", self.log());
            sleep(LOOK_EVERY);
        }
    }

    fn runs(self) -> Self {
        self.says("Chatery Edge is running.");
        self
    }

    fn says(&self, text: &str) {
        let deadline = Instant::now() + DEADLINE;
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "it does not say {text:?}: {}", self.log());
            sleep(LOOK_EVERY);
        }
    }

    /// Where it listens.
    fn port(&self) -> u16 {
        let log = self.log();
        let (_, after) = log.split_once("http://localhost:").unwrap();
        after.split_once('/').unwrap().0.parse().unwrap()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// The Redis it started is gone, now or in a moment.
    fn left_no_redis(&self) {
        let Ok(port) = fs::read_to_string(self.folder.path().join("data/redis/port")) else { return };
        let port: u16 = port.trim().parse().unwrap();
        let deadline = Instant::now() + DEADLINE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            assert!(Instant::now() < deadline, "Redis stays behind at port {port}");
            sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn booleans_as_people_write_them() {
    for value in ["TRUE", "yes", "1"] {
        let mut program = Program::start(&[("LEGACY_STATUS", value), ("API_KEY", "  ")], &[]).runs();
        assert!(program.log().contains("API key        none"), "{}", program.log());
        program.signal("-TERM");
        assert!(program.ended().success());
    }
}

#[test]
fn every_signal_ends_redis_too() {
    for signal in ["-HUP", "-INT", "-TERM"] {
        let mut program = Program::start(&[], &[]).runs();
        program.signal(signal);
        assert!(program.ended().success(), "{signal}: {}", program.log());
        program.left_no_redis();
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut program = Program::start(&[], &[]).runs();
    // Somebody in the middle of a request, for whom it waits a moment.
    let mut waits = TcpStream::connect((Ipv4Addr::LOCALHOST, program.port())).unwrap();
    waits.write_all(b"GET /api/health HTTP/1.1\r\nhost: ").unwrap();
    sleep(LOOK_EVERY);
    program.signal("-INT");
    program.says("stopping");
    program.signal("-INT");
    assert!(!program.ended().success());
    assert!(program.log().contains("ended at once, as asked"), "{}", program.log());
    program.left_no_redis();
}

#[test]
fn a_start_that_fails_after_redis_leaves_none_behind() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut program = Program::start(&[("SANDBOX_PORT", &port)], &[]);
    assert!(!program.ended().success());
    assert!(program.log().contains("SANDBOX_PORT changes the port"), "{}", program.log());
    program.left_no_redis();
}

#[test]
fn what_cannot_be_had_is_said_with_what_to_do() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut program = Program::start(&[("PORT", &port)], &[]);
    assert!(!program.ended().success());
    assert!(
        program.log().contains("is another server running there? (PORT or --port changes the port)"),
        "{}",
        program.log()
    );
    let mut program = Program::start(&[], &["--data", "/proc/nowhere"]);
    assert!(!program.ended().success());
    assert!(program.log().contains("the data directory /proc/nowhere cannot be created"), "{}", program.log());
}

#[test]
fn the_banner_shows_a_new_password_once_and_commands_with_a_key() {
    let settings = [("API_KEY", "a-key-for-tests"), ("BIND_ADDRESS", "127.0.0.1")];
    let mut program = Program::start(&settings, &[]).runs();
    program.signal("-TERM");
    assert!(program.ended().success());
    let log = program.log();
    assert!(log.contains("X-Api-Key: $API_KEY") && log.contains("until curl"), "{log}");
    assert!(!log.contains("a-key-for-tests"), "{log}");
    let password = fs::read_to_string(program.folder.path().join("data/dashboard-password")).unwrap();
    assert_eq!(log.matches(password.trim()).count(), 1, "{log}");
}
