//! What a guest prints becomes log lines.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

use crate::app::{DEADLINE, get, plain};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn output_is_logged_with_its_component() {
    let captured = Captured::default();
    // Guests run on any thread, so the subscriber is the process's; other tests of this binary write into it as well.
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_ansi(false)
        .with_writer(captured.clone())
        .init();
    let runtime = plain();
    get(&runtime, "/print?out=to-standard-output&err=to-standard-error").await;
    let deadline = Instant::now() + DEADLINE;
    loop {
        let text = String::from_utf8_lossy(&captured.0.lock().unwrap()).into_owned();
        let line = |text: &str, what: &str| text.lines().find(|line| line.contains(what)).map(str::to_owned);
        if let (Some(out), Some(err)) = (line(&text, "to-standard-output"), line(&text, "to-standard-error")) {
            assert!(out.contains("DEBUG edge_runtime::guest") && out.contains("component=\"guest\""), "{out}");
            assert!(err.contains("WARN edge_runtime::guest") && err.contains("stream=\"stderr\""), "{err}");
            break;
        }
        assert!(Instant::now() < deadline, "nothing was logged: {text}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
