//! The way of a file to WhatsApp's media servers: encrypted on the disk, and sent from there.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom};

use contract::command::Failure;
use contract::error::ErrorCode;
use tempfile::NamedTempFile;
use wacore::upload::{EncryptedMediaInfo, UploadSource, encrypt_media_streaming};
use whatsapp_rust::Client;
use whatsapp_rust::upload::UploadResponse;
use whatsapp_rust::wacore::download::MediaType;

/// The encrypted file. It is gone when the upload is over.
struct Encrypted {
    file: NamedTempFile,
    length: u64,
}

impl UploadSource for Encrypted {
    fn len(&self) -> u64 {
        self.length
    }

    fn reader_from(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = File::open(self.file.path())?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }
}

/// Uploads a file.
pub(super) async fn upload(client: &Client, file: NamedTempFile, kind: MediaType) -> Result<UploadResponse, Failure> {
    let encrypted = tokio::task::spawn_blocking(move || encrypt(&file, kind)).await;
    let encrypted = encrypted.map_err(anyhow::Error::from).flatten();
    let (source, info) = encrypted.map_err(|error| {
        tracing::error!(%error, "a file could not be encrypted");
        super::failure(ErrorCode::Internal, ErrorCode::Internal.message())
    })?;
    client.upload_stream(source, info, kind).await.map_err(|error| {
        // The library's text names the media server's answer, never the file.
        tracing::warn!(%error, "a file could not be uploaded");
        super::failure(ErrorCode::UploadFailed, ErrorCode::UploadFailed.message())
    })
}

fn encrypt(file: &NamedTempFile, kind: MediaType) -> anyhow::Result<(Encrypted, EncryptedMediaInfo)> {
    let encrypted = NamedTempFile::new()?;
    let reader = BufReader::new(file.reopen()?);
    let info = encrypt_media_streaming(reader, BufWriter::new(encrypted.reopen()?), kind)?;
    let length = encrypted.as_file().metadata()?.len();
    Ok((Encrypted { file: encrypted, length }, info))
}
