//! Sounds: what plays on every phone is Opus in OGG. Opus goes out as it is; anything else is converted where `ffmpeg` is there, and
//! refused where it is not.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::PathBuf;

use tempfile::NamedTempFile;

use super::ffmpeg::{Ffmpeg, FfmpegError};
use super::opus::Opus;

/// Bytes that say which kind of file it is.
const MAGIC: u64 = 16;

/// What a message says of its sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sound {
    pub(crate) seconds: u32,
    /// Loudness, 64 bars from 0 to 100.
    pub(crate) waveform: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum SoundError {
    #[error("not Opus, and this server has no ffmpeg to convert it with")]
    NoConverter,
    #[error("not a sound that this server knows")]
    Unknown,
    #[error(transparent)]
    Ffmpeg(#[from] FfmpegError),
    #[error("the sound could not be read")]
    Disk(#[from] io::Error),
}

/// Looks at a sound, and converts it when it must be.
pub(super) async fn for_message(
    file: NamedTempFile,
    ffmpeg: Option<&Ffmpeg>,
) -> Result<(Sound, NamedTempFile), SoundError> {
    let path = file.path().to_owned();
    let (opus, magic) = blocking(move || Ok((Opus::read(BufReader::new(File::open(&path)?))?, magic(&path)?))).await?;
    let (opus, file) = match (opus, ffmpeg) {
        (Some(opus), _) => (opus, file),
        (None, None) => return Err(SoundError::NoConverter),
        (None, Some(ffmpeg)) => {
            let converted = ffmpeg.to_opus(file.path(), demuxer(&magic).ok_or(SoundError::Unknown)?).await?;
            let path = converted.path().to_owned();
            let opus = blocking(move || Opus::read(BufReader::new(File::open(path)?))).await?;
            (opus.ok_or(SoundError::Unknown)?, converted)
        }
    };
    let waveform = match ffmpeg {
        Some(ffmpeg) => ffmpeg.waveform(file.path(), opus.samples).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "a sound's loudness is guessed");
            opus.waveform()
        }),
        None => opus.waveform(),
    };
    Ok((Sound { seconds: opus.seconds(), waveform }, file))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten()
}

fn magic(path: &PathBuf) -> io::Result<Vec<u8>> {
    let mut magic = Vec::new();
    File::open(path)?.take(MAGIC).read_to_end(&mut magic)?;
    Ok(magic)
}

/// What `ffmpeg` is told to read a file as. It is not left to guess: among what it knows are lists that name further files.
fn demuxer(magic: &[u8]) -> Option<&'static str> {
    let at = |from: usize, what: &[u8]| magic.get(from..).is_some_and(|rest| rest.starts_with(what));
    match magic {
        _ if at(0, b"OggS") => Some("ogg"),
        _ if at(0, b"ID3") => Some("mp3"),
        _ if at(0, b"RIFF") && at(8, b"WAVE") => Some("wav"),
        _ if at(0, b"fLaC") => Some("flac"),
        _ if at(0, b"#!AMR") => Some("amr"),
        _ if at(4, b"ftyp") => Some("mov"),
        _ if at(0, b"\x1a\x45\xdf\xa3") => Some("matroska"),
        _ if at(0, b"caff") => Some("caf"),
        _ if at(0, b"FORM") && at(8, b"AIF") => Some("aiff"),
        // A frame begins with eleven set bits; the layer tells AAC (0) from MP3.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Some("aac"),
        [0xff, second, ..] if second & 0xe0 == 0xe0 => Some("mp3"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_files() {
        for (magic, name) in [
            (&b"ID3\x04"[..], Some("mp3")),
            (b"\xff\xfb\x90\x64", Some("mp3")),
            (b"\xff\xf1\x50\x80", Some("aac")),
            (b"\0\0\0\x20ftypM4A ", Some("mov")),
            (b"RIFF\0\0\0\0WAVEfmt ", Some("wav")),
            (b"RIFF\0\0\0\0AVI ", None),
            (b"#EXTM3U\n", None),
            (b"ffconcat version", None),
            (b"%PDF-1.7", None),
            (b"", None),
        ] {
            assert_eq!(demuxer(magic), name, "{magic:?}");
        }
    }
}
