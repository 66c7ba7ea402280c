//! What an OGG/Opus file says of itself: how long it plays, and how loud it is when. Pure: bytes in.
//!
//! Nothing is decoded. An encoder spends more bytes on what is louder, so the sizes of the packets are a fair picture of a voice
//! where no decoder is at hand.

use std::io::{self, Read};

/// Samples a second that positions in Opus streams are counted in, whatever was recorded.
const RATE: u64 = 48_000;

/// Bars that the apps draw for a voice note.
pub(super) const BARS: usize = 64;

/// Height of the highest bar.
pub(super) const HIGHEST: u8 = 100;

/// Bytes of a page before its table of segments.
const PAGE_HEADER: usize = 27;

/// Packets before the sound: who made it, and comments.
const HEADER_PACKETS: usize = 2;

/// An Opus file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opus {
    /// Samples at 48 kHz.
    pub(super) samples: u64,
    /// Sizes of its packets, in bytes.
    packets: Vec<u32>,
}

impl Opus {
    /// Reads a file. `None` when it is not OGG with Opus in it, or has no sound.
    pub(super) fn read(mut file: impl Read) -> io::Result<Option<Self>> {
        let (mut packets, mut open) = (Vec::new(), 0_u32);
        let (mut stream, mut skip, mut last) = (None, 0, 0);
        let mut header = [0; PAGE_HEADER];
        while filled(&mut file, &mut header)? {
            if !header.starts_with(b"OggS") {
                return Ok(None);
            }
            let (position, serial) = (number(&header[6..14]), number(&header[14..18]));
            let mut table = vec![0; usize::from(header[26])];
            let mut body =
                vec![0; if filled(&mut file, &mut table)? { table.iter().copied().map(usize::from).sum() } else { 0 }];
            if !filled(&mut file, &mut body)? {
                break;
            }
            match stream {
                None if body.starts_with(b"OpusHead") && body.len() >= 19 => {
                    stream = Some(serial);
                    skip = number(&body[10..12]);
                }
                None => return Ok(None),
                // Another stream, a picture for example, beside the sound.
                Some(stream) if stream != serial => continue,
                Some(_) => {}
            }
            for size in table {
                open += u32::from(size);
                if size < u8::MAX {
                    packets.push(std::mem::take(&mut open));
                }
            }
            // A page on which no packet ends has no position.
            if position != u64::MAX {
                last = last.max(position);
            }
        }
        packets.drain(..packets.len().min(HEADER_PACKETS));
        let samples = last.saturating_sub(skip);
        Ok((samples > 0 && !packets.is_empty()).then_some(Self { samples, packets }))
    }

    /// How long it plays, in seconds, at least one.
    pub(super) fn seconds(&self) -> u32 {
        u32::try_from(self.samples.div_ceil(RATE)).unwrap_or(u32::MAX)
    }

    /// How loud it is, from the sizes of its packets.
    pub(super) fn waveform(&self) -> Vec<u8> {
        let mut bars = Bars::new(self.packets.len() as u64);
        self.packets.iter().for_each(|size| bars.add(*size));
        bars.finish()
    }
}

/// Loudness in equal stretches, as it is drawn.
pub(super) struct Bars {
    total: u64,
    seen: u64,
    highest: [u32; BARS],
}

impl Bars {
    /// For so many values.
    pub(super) fn new(total: u64) -> Self {
        Self { total: total.max(1), seen: 0, highest: [0; BARS] }
    }

    /// The next value.
    pub(super) fn add(&mut self, value: u32) {
        let bar = usize::try_from(self.seen * BARS as u64 / self.total).unwrap_or(BARS).min(BARS - 1);
        if let Some(highest) = self.highest.get_mut(bar) {
            *highest = value.max(*highest);
        }
        self.seen += 1;
    }

    /// The bars, the highest as high as can be. A sound with fewer values than bars repeats them.
    pub(super) fn finish(self) -> Vec<u8> {
        let highest = self.highest.iter().copied().max().unwrap_or(0).max(1);
        let mut before = 0;
        let bar = |value: u32| {
            before = if value == 0 && self.total < BARS as u64 { before } else { value };
            u8::try_from(u64::from(before) * u64::from(HIGHEST) / u64::from(highest)).unwrap_or(HIGHEST)
        };
        self.highest.into_iter().map(bar).collect()
    }
}

/// Fills a buffer. `false` at the end of the file, also in the middle of it.
fn filled(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// A number whose lowest byte comes first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with whole packets of less than 255 bytes.
    fn page(position: u64, serial: u32, packets: &[&[u8]]) -> Vec<u8> {
        let mut page = b"OggS\0\0".to_vec();
        page.extend(position.to_le_bytes());
        page.extend(serial.to_le_bytes());
        page.extend([0; 8]);
        page.push(u8::try_from(packets.len()).unwrap());
        page.extend(packets.iter().map(|packet| u8::try_from(packet.len()).unwrap()));
        page.extend(packets.concat());
        page
    }

    fn head() -> Vec<u8> {
        let mut head = b"OpusHead\x01\x01".to_vec();
        head.extend(312_u16.to_le_bytes());
        head.extend([0; 7]);
        head
    }

    #[test]
    fn length_and_loudness() {
        let quiet: &[u8] = &[1; 20];
        let loud: &[u8] = &[1; 200];
        let file = [
            page(0, 7, &[&head()]),
            page(0, 7, &[b"OpusTags"]),
            page(u64::MAX, 9, &[b"another stream"]),
            page(312 + 48_000, 7, &[quiet; 50]),
            page(312 + 2 * 48_000, 7, &[loud; 50]),
        ];
        let opus = Opus::read(file.concat().as_slice()).unwrap().unwrap();
        assert_eq!((opus.samples, opus.seconds()), (96_000, 2));
        let waveform = opus.waveform();
        assert_eq!((waveform.len(), waveform[0], waveform[BARS - 1]), (BARS, 10, HIGHEST));
    }

    #[test]
    fn a_short_sound_has_no_gaps() {
        let mut bars = Bars::new(2);
        bars.add(5);
        bars.add(10);
        let bars = bars.finish();
        assert_eq!((bars[0], bars[31], bars[32], bars[63]), (50, 50, 100, 100));
    }

    #[test]
    fn what_is_not_opus() {
        let cut = [page(0, 7, &[&head()]), page(9, 7, &[b"OpusTags"])].concat();
        for bytes in [&b""[..], b"ID3", b"RIFF....WAVE", &page(0, 7, &[b"\x01vorbis"]), &cut, &cut[..40]] {
            assert_eq!(Opus::read(bytes).unwrap(), None);
        }
    }
}
