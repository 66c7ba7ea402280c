//! Files that clients name: fetched from an address, or read out of a `data:` address, onto the disk. It bounds size, time and
//! number; what is in the file is looked at elsewhere.

use std::error::Error as _;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use contract::content::Source;
use data_url::DataUrl;
use data_url::forgiving_base64::DecodeError;
use reqwest::header::LOCATION;
use reqwest::{Response, Url};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::outbound::{Guard, Refused};

/// Longest time of a fetch, with all its redirects: a large file over a slow line, and shorter than people wait.
pub const WITHIN: Duration = Duration::from_mins(1);

/// Time to reach a server.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Longest silence of a server that has begun to answer.
const SILENCE: Duration = Duration::from_secs(20);

/// Most redirects: what browsers need for links of file shares, with room.
const MAX_REDIRECTS: usize = 5;

/// Fetches at once on this host; it bounds the disk that files on their way take.
const AT_ONCE: usize = 32;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The guard does not go there.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A `data:` address that cannot be read.
    #[error("is not a valid data: address")]
    Data,
    /// The server did not answer with a file.
    #[error("gave no file: {0}")]
    Failed(String),
    /// The file is larger than allowed.
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    /// The file did not arrive in time.
    #[error("did not give its file in time")]
    TooSlow,
    /// Our disk.
    #[error("could not be written to disk: {0}")]
    Disk(#[from] io::Error),
}

/// Fetches files.
#[derive(Clone, Debug)]
pub struct Fetcher {
    guard: Guard,
    client: reqwest::Client,
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Fetcher {
    /// A fetcher behind a guard.
    pub fn new(guard: Guard) -> reqwest::Result<Self> {
        let client = guard.client().connect_timeout(CONNECT_WITHIN).read_timeout(SILENCE).build()?;
        Ok(Self { guard, client, places: Arc::new(Semaphore::new(AT_ONCE)), patience: WITHIN })
    }

    /// With another time than [`WITHIN`].
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Brings a file of at most `most` bytes onto the disk. It is gone when the value is.
    pub async fn fetch(&self, source: &Source, most: u64) -> Result<NamedTempFile, FetchError> {
        match source {
            Source::Data(url) => {
                let url = url.clone();
                let read = tokio::task::spawn_blocking(move || decoded(&url, most));
                read.await.map_err(io::Error::other)?
            }
            Source::Url(url) => {
                let url = self.guard.check(url)?;
                let fetched = async {
                    let Ok(_place) = self.places.acquire().await else { return Err(FetchError::TooSlow) };
                    self.download(url, most).await
                };
                timeout(self.patience, fetched).await.unwrap_or(Err(FetchError::TooSlow))
            }
        }
    }

    async fn download(&self, url: Url, most: u64) -> Result<NamedTempFile, FetchError> {
        let mut response = self.follow(url).await?;
        if response.content_length().is_some_and(|length| length > most) {
            return Err(FetchError::TooLarge(most));
        }
        let file = NamedTempFile::new()?;
        let mut writer = tokio::fs::File::from_std(file.reopen()?);
        let mut length = 0;
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            length += chunk.len() as u64;
            if length > most {
                return Err(FetchError::TooLarge(most));
            }
            writer.write_all(&chunk).await?;
        }
        writer.flush().await?;
        Ok(file)
    }

    /// Goes to an address and on to where it sends us, each checked before it is dialled.
    async fn follow(&self, mut url: Url) -> Result<Response, FetchError> {
        for _ in 0..=MAX_REDIRECTS {
            let response = self.client.get(url.clone()).send().await.map_err(|error| failed(&error))?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            let target = response.headers().get(LOCATION).filter(|_| status.is_redirection());
            let Some(target) = target.and_then(|target| target.to_str().ok()) else {
                return Err(FetchError::Failed(format!("HTTP status {}", status.as_u16())));
            };
            url = self.guard.check_url(url.join(target).map_err(|_| Refused::Malformed)?)?;
        }
        Err(FetchError::Failed(format!("more than {MAX_REDIRECTS} redirects")))
    }
}

/// What became of a request, without the address, which may carry a secret.
fn failed(error: &reqwest::Error) -> FetchError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return FetchError::Refused(refused.clone());
        }
        source = cause.source();
    }
    let what = if error.is_timeout() {
        "the server fell silent"
    } else if error.is_connect() {
        "the server could not be reached"
    } else {
        "the connection broke"
    };
    FetchError::Failed(what.to_owned())
}

/// Writes the bytes of a `data:` address to disk.
fn decoded(url: &str, most: u64) -> Result<NamedTempFile, FetchError> {
    let url = DataUrl::process(url).map_err(|_| FetchError::Data)?;
    let mut file = NamedTempFile::new()?;
    let mut length = 0;
    let written = url.decode(|bytes| {
        length += bytes.len() as u64;
        if length > most {
            return Err(FetchError::TooLarge(most));
        }
        Ok(file.write_all(bytes)?)
    });
    match written {
        Ok(_) => Ok(file),
        Err(DecodeError::InvalidBase64(_)) => Err(FetchError::Data),
        Err(DecodeError::WriteError(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(url: &str, most: u64) -> Result<Vec<u8>, FetchError> {
        decoded(url, most).map(|file| std::fs::read(file.path()).unwrap())
    }

    #[test]
    fn data_addresses() {
        assert_eq!(bytes("data:text/plain;base64,aGVsbG8=", 5).unwrap(), b"hello");
        assert_eq!(bytes("data:image/png;base64, aGVs\nbG8", 5).unwrap(), b"hello");
        assert_eq!(bytes("data:,a%20b", 5).unwrap(), b"a b");
        assert!(matches!(bytes("data:;base64,aGVsbG8=", 4), Err(FetchError::TooLarge(4))));
        for wrong in ["data:", "data:;base64,a", "data:;base64,!!!!", "http://example.com/"] {
            assert!(matches!(bytes(wrong, 9), Err(FetchError::Data)), "{wrong}");
        }
    }
}
