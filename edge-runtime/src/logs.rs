//! What a guest prints becomes `tracing` events, one per line, at target `edge_runtime::guest` with the fields
//! `component` and `stream`: a warning on standard error, for debugging only on standard output. A line is cut at [`MAX_LINE`]; control characters do not reach the log.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Longest line that is logged; the rest of a longer one is dropped. Enough for a backtrace frame or a JSON record.
const MAX_LINE: usize = 4096;
/// What a guest may write in one call: more than any line, less than would matter.
const WRITE_BUDGET: usize = 64 << 10;

/// Standard output or standard error of one instance.
#[derive(Clone)]
pub(crate) struct GuestLog {
    lines: Arc<Mutex<Lines>>,
}

impl GuestLog {
    pub(crate) fn new(component: &Arc<str>, stream: &'static str) -> Self {
        let lines = Lines { component: Arc::clone(component), stream, line: LineBuffer::default() };
        Self { lines: Arc::new(Mutex::new(lines)) }
    }

    fn print(&self, bytes: &[u8]) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).print(bytes);
    }
}

struct Lines {
    component: Arc<str>,
    stream: &'static str,
    line: LineBuffer,
}

impl Lines {
    fn print(&mut self, bytes: &[u8]) {
        let Self { component, stream, line } = self;
        line.push(bytes, |text| log(component, stream, text));
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.line.0.is_empty() {
            self.print(b"\n");
        }
    }
}

fn log(component: &str, stream: &str, line: &str) {
    if stream == "stderr" {
        tracing::warn!(target: "edge_runtime::guest", component, stream, "{line}");
    } else {
        tracing::debug!(target: "edge_runtime::guest", component, stream, "{line}");
    }
}

/// Cuts a stream of bytes into lines.
#[derive(Default)]
struct LineBuffer(Vec<u8>);

impl LineBuffer {
    fn push(&mut self, bytes: &[u8], mut line: impl FnMut(&str)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, complete) = match part.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (part, false),
            };
            let room = MAX_LINE - self.0.len();
            self.0.extend_from_slice(&text[..text.len().min(room)]);
            if complete {
                let text = String::from_utf8_lossy(&self.0);
                line(&text.trim_end_matches('\r').replace(|c: char| c.is_control() && c != '\t', "\u{fffd}"));
                self.0.clear();
            }
        }
    }
}

impl IsTerminal for GuestLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for GuestLog {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.print(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl OutputStream for GuestLog {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.print(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BUDGET)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestLog {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let mut buffer = LineBuffer::default();
        let mut lines = Vec::new();
        for part in parts {
            buffer.push(part, |line| lines.push(line.to_owned()));
        }
        lines
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        assert_eq!(lines(&[b"a", b"b\nc\r\n\nd"]), ["ab", "c", ""]);
    }

    #[test]
    fn long_lines_are_cut_and_forgotten() {
        let long = vec![b'x'; 3 * MAX_LINE];
        assert_eq!(lines(&[&long, &long, b"\nnext\n"]), ["x".repeat(MAX_LINE), "next".to_owned()]);
    }

    #[test]
    fn control_characters_cannot_forge_the_log() {
        assert_eq!(lines(&[b"\x1b[2Jhi\rthere\x00\n"]), ["\u{fffd}[2Jhi\u{fffd}there\u{fffd}"]);
    }
}
