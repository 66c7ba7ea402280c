//! Files on their way into a message: fetched, looked at, converted where WhatsApp's apps need another form, and uploaded.
//!
//! It owns the limits of each kind and how many are worked on at once; what the protobuf looks like is decided with the other contents.
//! A file is never in memory whole, except for a picture while it is decoded.

mod ffmpeg;
mod opus;
mod picture;
mod sound;
mod upload;

use std::ffi::OsStr;
use std::sync::Arc;

use contract::command::Failure;
use contract::content::Source;
use contract::error::ErrorCode;
use tempfile::NamedTempFile;
use tokio::sync::Semaphore;
use whatsapp_rust::Client;
use whatsapp_rust::upload::UploadResponse;
use whatsapp_rust::wacore::download::MediaType;

use crate::fetch::{FetchError, Fetcher};
use ffmpeg::Ffmpeg;
pub(crate) use picture::Picture;
pub(crate) use sound::Sound;

/// Largest picture, in bytes: WhatsApp's own limit.
pub const MAX_IMAGE: u64 = 16 * 1024 * 1024;

/// Largest sound, in bytes: WhatsApp's own limit.
pub const MAX_AUDIO: u64 = 16 * 1024 * 1024;

/// Largest document, in bytes. WhatsApp takes 2 GB; this is what fits through a minute of fetching and onto a small host's disk.
pub const MAX_DOCUMENT: u64 = 100 * 1024 * 1024;

/// Pictures decoded and sounds converted at once: they are what costs processor and memory.
const CONVERSIONS_AT_ONCE: usize = 2;

/// The answer to a sound that is not Opus where nothing can convert it: the original's.
const ONLY_OGG: &str = "Audio must be in OGG format (.ogg). WhatsApp only supports OGG audio files.";

/// Works on files.
#[derive(Clone)]
pub struct Attachments {
    fetcher: Fetcher,
    ffmpeg: Option<Ffmpeg>,
    places: Arc<Semaphore>,
}

/// A picture that is uploaded.
pub(crate) struct UploadedPicture {
    pub(crate) picture: Picture,
    pub(crate) upload: UploadResponse,
}

/// A sound that is uploaded.
pub(crate) struct UploadedSound {
    pub(crate) sound: Sound,
    pub(crate) upload: UploadResponse,
}

impl Attachments {
    /// Looks whether `ffmpeg` runs here; `None` does without it.
    pub async fn new(fetcher: Fetcher, ffmpeg: Option<&OsStr>) -> Self {
        let ffmpeg = match ffmpeg {
            Some(program) => Ffmpeg::find(program).await,
            None => None,
        };
        if let Some(version) = ffmpeg.as_ref().map(Ffmpeg::version) {
            tracing::info!(version, "sounds are converted with ffmpeg");
        } else {
            tracing::info!("no ffmpeg: only sounds that are OGG/Opus already can be sent");
        }
        Self { fetcher, ffmpeg, places: Arc::new(Semaphore::new(CONVERSIONS_AT_ONCE)) }
    }

    /// A picture for a message.
    pub(crate) async fn image(&self, client: &Client, source: &Source) -> Result<UploadedPicture, Failure> {
        let file = self.fetch(source, MAX_IMAGE).await?;
        let (picture, file) = self.converted(move || picture::for_message(file)).await?.map_err(unsupported)?;
        Ok(UploadedPicture { picture, upload: upload::upload(client, file, MediaType::Image).await? })
    }

    /// A picture for a group: square, and of the size that the apps show.
    pub(crate) async fn group_picture(&self, source: &Source) -> Result<Vec<u8>, Failure> {
        let file = self.fetch(source, MAX_IMAGE).await?;
        self.converted(move || picture::for_group(&file)).await?.map_err(unsupported)
    }

    /// Any file.
    pub(crate) async fn document(&self, client: &Client, source: &Source) -> Result<UploadResponse, Failure> {
        let file = self.fetch(source, MAX_DOCUMENT).await?;
        upload::upload(client, file, MediaType::Document).await
    }

    /// A sound.
    pub(crate) async fn audio(&self, client: &Client, source: &Source) -> Result<UploadedSound, Failure> {
        let file = self.fetch(source, MAX_AUDIO).await?;
        let (sound, file) = {
            let _place = self.place().await?;
            sound::for_message(file, self.ffmpeg.as_ref()).await.map_err(|error| match error {
                sound::SoundError::NoConverter => Failure { message: ONLY_OGG.to_owned(), ..unsupported(error) },
                error => unsupported(error),
            })?
        };
        Ok(UploadedSound { sound, upload: upload::upload(client, file, MediaType::Audio).await? })
    }

    async fn fetch(&self, source: &Source, most: u64) -> Result<NamedTempFile, Failure> {
        self.fetcher.fetch(source, most).await.map_err(|error| {
            let code = match &error {
                FetchError::Refused(_) | FetchError::Data => ErrorCode::UrlRefused,
                FetchError::Failed(_) | FetchError::TooSlow => ErrorCode::FetchFailed,
                FetchError::TooLarge(_) => ErrorCode::FileTooLarge,
                FetchError::Disk(error) => {
                    tracing::error!(%error, "a fetched file could not be kept");
                    return failure(ErrorCode::Internal, ErrorCode::Internal.message());
                }
            };
            failure(code, &format!("{}: the address {error}", code.message()))
        })
    }

    /// Does something that keeps a core busy, outside the threads that serve sessions.
    async fn converted<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let _place = self.place().await?;
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "a file could not be worked on");
            failure(ErrorCode::Internal, ErrorCode::Internal.message())
        })
    }

    async fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Failure> {
        self.places.acquire().await.map_err(|_| failure(ErrorCode::Internal, ErrorCode::Internal.message()))
    }
}

fn failure(code: ErrorCode, message: &str) -> Failure {
    Failure { code, message: message.to_owned(), whatsapp_code: None }
}

fn unsupported(error: impl std::fmt::Display) -> Failure {
    failure(ErrorCode::UnsupportedFile, &format!("{}: {error}", ErrorCode::UnsupportedFile.message()))
}
