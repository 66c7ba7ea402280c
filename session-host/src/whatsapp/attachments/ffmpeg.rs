//! The program `ffmpeg`, where it is there. It reads what strangers made, so it gets one file and nothing else: no network, no other
//! file, no guessing of formats, bounded time and output.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::MAX_AUDIO;
use super::opus::Bars;

/// Longest time of one run.
const WITHIN: Duration = Duration::from_secs(40);

/// Bits a second of a voice note: what WhatsApp's apps take, with room for music.
const BIT_RATE: &str = "48k";

/// Samples a second that loudness is measured at.
const MEASURED_RATE: u64 = 8_000;

/// Samples a second that Opus counts in.
const OPUS_RATE: u64 = 48_000;

/// `ffmpeg`.
#[derive(Clone, Debug)]
pub(super) struct Ffmpeg {
    program: OsString,
    version: String,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum FfmpegError {
    #[error("the sound could not be converted")]
    Failed,
    #[error("the sound could not be converted within {} seconds", WITHIN.as_secs())]
    TooSlow,
    #[error("ffmpeg could not be run")]
    Run(#[from] io::Error),
}

impl Ffmpeg {
    /// Looks whether a program runs.
    pub(super) async fn find(program: &OsStr) -> Option<Self> {
        let mut command = Command::new(program);
        command.arg("-version").stdin(Stdio::null()).kill_on_drop(true);
        let said: Output = timeout(WITHIN, command.output()).await.ok()?.ok()?;
        let version = String::from_utf8_lossy(&said.stdout);
        let version = version.strip_prefix("ffmpeg version ")?.split_whitespace().next()?.to_owned();
        said.status.success().then(|| Self { program: program.to_owned(), version })
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// A sound as Opus in OGG, one channel.
    pub(super) async fn to_opus(&self, file: &Path, demuxer: &str) -> Result<NamedTempFile, FfmpegError> {
        let converted = NamedTempFile::with_suffix(".ogg")?;
        let mut command = self.reading(file, demuxer);
        command.args(["-map_metadata", "-1", "-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a", BIT_RATE]);
        command.args(["-fs", &MAX_AUDIO.to_string(), "-f", "ogg", "-y"]).arg(converted.path()).stdout(Stdio::null());
        let mut child = command.spawn()?;
        if finished(&mut child).await? { Ok(converted) } else { Err(FfmpegError::Failed) }
    }

    /// How loud an Opus file of so many samples (at 48 kHz) is.
    pub(super) async fn waveform(&self, file: &Path, samples: u64) -> Result<Vec<u8>, FfmpegError> {
        let mut command = self.reading(file, "ogg");
        command.args(["-ac", "1", "-ar", &MEASURED_RATE.to_string(), "-f", "s16le", "pipe:1"]).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut output = child.stdout.take().ok_or(FfmpegError::Failed)?;
        let mut bars = Bars::new(samples * MEASURED_RATE / OPUS_RATE);
        let mut buffer = vec![0; 64 * 1024];
        let mut filled = 0;
        let read = async {
            loop {
                let count = output.read(&mut buffer[filled..]).await?;
                if count == 0 {
                    return Ok::<_, FfmpegError>(());
                }
                filled += count;
                let whole = filled - filled % 2;
                for sample in buffer[..whole].chunks_exact(2) {
                    bars.add(u32::from(i16::from_le_bytes([sample[0], sample[1]]).unsigned_abs()));
                }
                buffer.copy_within(whole..filled, 0);
                filled -= whole;
            }
        };
        timeout(WITHIN, read).await.map_err(|_| FfmpegError::TooSlow)??;
        if finished(&mut child).await? { Ok(bars.finish()) } else { Err(FfmpegError::Failed) }
    }

    /// The beginning of every run: one input, and its first sound only.
    fn reading(&self, file: &Path, demuxer: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe"]);
        command.args(["-threads", "1", "-f", demuxer, "-i"]).arg(file);
        command.args(["-map", "0:a:0", "-vn", "-sn", "-dn"]);
        command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        command
    }
}

async fn finished(child: &mut Child) -> Result<bool, FfmpegError> {
    let status = timeout(WITHIN, child.wait()).await.map_err(|_| FfmpegError::TooSlow)??;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::opus::Opus;
    use super::*;

    /// Two seconds, quiet and then loud, as a WAV file.
    fn tone() -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0").unwrap();
        file.write_all(&8_000_u32.to_le_bytes()).unwrap();
        file.write_all(&16_000_u32.to_le_bytes()).unwrap();
        file.write_all(b"\x02\0\x10\0data").unwrap();
        file.write_all(&32_000_u32.to_le_bytes()).unwrap();
        for at in 0..16_000 {
            let height: i16 = if at < 8_000 { 1_000 } else { 20_000 };
            let sample = if at / 10 % 2 == 0 { height } else { -height };
            file.write_all(&sample.to_le_bytes()).unwrap();
        }
        file
    }

    #[tokio::test]
    async fn what_is_converted_sounds_as_loud_as_before() {
        let ffmpeg = Ffmpeg::find("ffmpeg".as_ref()).await.expect("cargo xtask setup installs ffmpeg");
        let opus = ffmpeg.to_opus(tone().path(), "wav").await.unwrap();
        let read = Opus::read(std::fs::File::open(opus.path()).unwrap()).unwrap().unwrap();
        assert_eq!(read.seconds(), 2);
        let bars = ffmpeg.waveform(opus.path(), read.samples).await.unwrap();
        assert!(bars[10] < 20 && bars[50] > 80, "{bars:?}");
        // Without decoding it is a guess, but never nothing.
        assert!(read.waveform().iter().all(|bar| *bar > 0));
    }

    #[tokio::test]
    async fn what_cannot_be_converted() {
        let ffmpeg = Ffmpeg::find("ffmpeg".as_ref()).await.expect("cargo xtask setup installs ffmpeg");
        assert!(matches!(ffmpeg.to_opus(tone().path(), "flac").await, Err(FfmpegError::Failed)));
        assert!(Ffmpeg::find("no-such-program".as_ref()).await.is_none());
        assert!(Ffmpeg::find("true".as_ref()).await.is_none());
    }
}
