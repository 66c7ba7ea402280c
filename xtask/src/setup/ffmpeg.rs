//! The program `ffmpeg`, which the server converts sounds with where it is there; the tests show that it does.

use anyhow::ensure;

use super::system;
use crate::process::succeeds;

pub(super) fn ensure() -> anyhow::Result<()> {
    if is_there() {
        return Ok(());
    }
    system::install(&["ffmpeg"])?;
    ensure!(
        is_there(),
        "ffmpeg is missing: run `sudo apt-get install ffmpeg` (Debian, Ubuntu), `sudo dnf install ffmpeg-free` (Fedora) or `brew install ffmpeg` (macOS)"
    );
    Ok(())
}

fn is_there() -> bool {
    succeeds("ffmpeg", &["-version"])
}
