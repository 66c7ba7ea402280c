//! Files on their way from WhatsApp: fetched and decrypted into a file without a name, which no crash leaves behind. What comes is counted
//! and hashed on the way, whatever its sender said of it; a file that WhatsApp has no more is asked of the phone.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use wacore::download::DownloadWriter;
use whatsapp_rust::features::MediaReuploadError;
use whatsapp_rust::{Client, ErrorChainExt as _, MediaRetryResult, MediaReuploadRequest};

use super::attached::is_path;
use crate::media::{Job, Source};

/// Bytes written at once.
const BUFFER: usize = 64 * 1024;

/// A fetched file.
pub(crate) struct Fetched {
    pub(crate) file: File,
    pub(crate) size: u64,
    /// SHA-256 of it.
    pub(crate) sha256: [u8; 32],
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// WhatsApp has it no more, or not under this path.
    #[error("WhatsApp does not have the file under this path any more")]
    Expired,
    /// It is larger than allowed.
    #[error("the file is larger than allowed")]
    TooLarge,
    /// It is another one than its message says.
    #[error("the file is not what its message says")]
    Mismatch,
    /// It did not come.
    #[error("the file could not be fetched: {0}")]
    Failed(String),
}

/// What the phone said.
#[derive(Debug)]
pub(crate) enum Renewal {
    /// The file is under this path now.
    Path(String),
    /// The phone does not have it, or may not be asked.
    Refused,
    /// No answer.
    Silence,
}

/// Fetches a file of at most `most` bytes.
pub(crate) async fn fetch(
    client: &Client,
    source: &Source,
    most: u64,
    stop: CancellationToken,
) -> Result<Fetched, FetchError> {
    let failed = |error: io::Error| FetchError::Failed(error.to_string());
    let file = tempfile::tempfile().map_err(failed)?;
    let spool = Spool { file, size: 0, hash: Sha256::new(), most, too_large: false, stop };
    let written = client.download_to_writer(source, BufWriter::with_capacity(BUFFER, spool)).await;
    let written = written.map_err(|error| {
        let cause: &(dyn std::error::Error + 'static) = error.as_ref();
        match cause.http_status() {
            _ if error.chain().any(is_too_large) => FetchError::TooLarge,
            Some(401 | 403 | 404 | 410) => FetchError::Expired,
            Some(status) => FetchError::Failed(format!("status {status}")),
            // The library's text may name the path, which opens nothing without the key.
            None => FetchError::Failed(cause.to_string()),
        }
    })?;
    let spool = written.into_inner().map_err(|error| failed(error.into_error()))?;
    let sha256: [u8; 32] = spool.hash.finalize().into();
    if source.sha256.as_deref().is_some_and(|said| said != sha256) {
        return Err(FetchError::Mismatch);
    }
    Ok(Fetched { file: spool.file, size: spool.size, sha256 })
}

/// Asks the phone to give its copy to WhatsApp once more.
pub(crate) async fn renew(client: &Client, job: &Job) -> Renewal {
    let read = |text: &str| text.parse::<wacore_binary::Jid>().ok();
    let (Some(chat), Some(media_key)) = (read(&job.chat), job.source.media_key.as_deref()) else {
        return Renewal::Refused;
    };
    let participant = job.participant.as_deref().and_then(read);
    let request = MediaReuploadRequest {
        msg_id: &job.id,
        chat_jid: &chat,
        media_key,
        is_from_me: job.from_me,
        participant: participant.as_ref(),
    };
    match client.media_reupload().request(&request).await {
        Ok(MediaRetryResult::Success { direct_path }) if is_path(&direct_path) => Renewal::Path(direct_path),
        Ok(_) | Err(MediaReuploadError::InvalidRequest(_)) => Renewal::Refused,
        Err(error) => {
            tracing::debug!(%error, "the phone was asked for a file and did not answer");
            Renewal::Silence
        }
    }
}

/// Whether a cause is that more came than may.
fn is_too_large(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::FileTooLarge)
}

/// What a download is written to. It is emptied, never shortened.
struct Spool {
    file: File,
    size: u64,
    hash: Sha256,
    most: u64,
    too_large: bool,
    stop: CancellationToken,
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stop.is_cancelled() {
            return Err(io::Error::other("the session stops"));
        }
        let written = self.file.write(bytes)?;
        self.size += written as u64;
        if self.size > self.most {
            self.too_large = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Spool {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl DownloadWriter for Spool {
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        // Another host would send the same.
        if self.too_large {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.set_len(length)?;
        self.size = 0;
        self.hash = Sha256::new();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(most: u64) -> Spool {
        let (file, stop) = (tempfile::tempfile().unwrap(), CancellationToken::new());
        Spool { file, size: 0, hash: Sha256::new(), most, too_large: false, stop }
    }

    #[test]
    fn another_attempt_begins_with_nothing() {
        let mut spool = spool(5);
        spool.write_all(b"12345").unwrap();
        spool.truncate(0).unwrap();
        spool.rewind().unwrap();
        spool.write_all(b"abc").unwrap();
        assert_eq!((spool.size, spool.file.metadata().unwrap().len()), (3, 3));
        assert_eq!(spool.hash.finalize(), Sha256::digest(b"abc"));
    }

    #[test]
    fn what_is_too_large_ends_all_attempts() {
        let mut spool = spool(4);
        assert!(spool.write_all(b"12345").is_err() && spool.too_large);
        assert!(spool.truncate(0).is_err());
    }

    #[test]
    fn a_stop_ends_a_download() {
        let mut spool = spool(4);
        spool.stop.cancel();
        assert!(spool.write_all(b"1").is_err() && !spool.too_large);
    }
}
