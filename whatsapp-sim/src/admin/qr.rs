//! Reading what a person hands to the phone's camera: the raw text of a QR code, or a PNG picture of it.
//!
//! Refuses pictures that are too large or show anything but one QR code. Whether its text is a linking code is for
//! the network to say.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, ImageReader, Limits};

/// What a data URI of a PNG starts with.
const PNG_DATA_URI: &str = "data:image/png;base64,";

/// Longest side of a picture. Linking codes are rendered with a few hundred pixels.
const MAX_SIDE: u32 = 2048;

/// A decoded picture of the largest size with four bytes per pixel, and as much again for the decoder's work.
const MAX_ALLOCATION: u64 = 2 * 4 * (MAX_SIDE as u64) * (MAX_SIDE as u64);

/// Why a scan found nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum QrError {
    #[error("the picture is not a PNG in a base64 data URI of at most {MAX_SIDE} by {MAX_SIDE} pixels")]
    Picture,
    #[error("no QR code could be read in the picture")]
    Unreadable,
    #[error("the picture shows more than one QR code")]
    Several,
}

/// The text of a code, from that text or from a data URI. Decoding a picture takes a moment of CPU: call it
/// off the async threads.
pub(super) fn read(input: &str) -> Result<String, QrError> {
    let input = input.trim();
    match input.strip_prefix(PNG_DATA_URI) {
        Some(data) => decode_png(&STANDARD.decode(data).map_err(|_| QrError::Picture)?),
        None => Ok(input.to_owned()),
    }
}

fn decode_png(bytes: &[u8]) -> Result<String, QrError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png);
    reader.limits(limits);
    let picture = reader.decode().map_err(|_| QrError::Picture)?.into_luma8();
    let mut prepared = rqrr::PreparedImage::prepare(picture);
    let grids = prepared.detect_grids();
    let mut texts = grids.iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text);
    match (texts.next(), texts.next()) {
        (None, _) => Err(QrError::Unreadable),
        (Some(_), Some(_)) => Err(QrError::Several),
        (Some(text), None) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, Luma};
    use qrcode::{Color, QrCode};

    use super::*;

    fn linking_code() -> String {
        let key = |byte| STANDARD.encode([byte; 32]);
        format!("2@reference,{},{},{},1", key(1), key(2), key(3))
    }

    fn data_uri(picture: GrayImage) -> String {
        let mut png = Cursor::new(Vec::new());
        DynamicImage::ImageLuma8(picture).write_to(&mut png, ImageFormat::Png).unwrap();
        format!("{PNG_DATA_URI}{}", STANDARD.encode(png.into_inner()))
    }

    /// A QR code as hosts draw it: a few pixels per module and a quiet zone.
    fn drawn(text: &str, scale: u32) -> GrayImage {
        let code = QrCode::new(text).unwrap();
        let modules = u32::try_from(code.width()).unwrap();
        let side = (modules + 8) * scale;
        GrayImage::from_fn(side, side, |x, y| {
            let at = |pixel: u32| {
                (pixel / scale).checked_sub(4).filter(|module| *module < modules).map(|module| module as usize)
            };
            match (at(x), at(y)) {
                (Some(x), Some(y)) if code[(x, y)] == Color::Dark => Luma([0]),
                _ => Luma([255]),
            }
        })
    }

    #[test]
    fn a_code_is_read_from_its_text_and_from_its_picture() {
        let code = linking_code();
        assert_eq!(read(&code).as_ref(), Ok(&code));
        assert_eq!(read(&format!(" {code}\n")).as_ref(), Ok(&code));
        for scale in [3, 8] {
            assert_eq!(read(&data_uri(drawn(&code, scale))).as_ref(), Ok(&code));
        }
    }

    #[test]
    fn broken_empty_and_oversized_pictures_are_refused() {
        assert_eq!(read(&format!("{PNG_DATA_URI}%%%")), Err(QrError::Picture));
        assert_eq!(read(&format!("{PNG_DATA_URI}AAAA")), Err(QrError::Picture));
        assert_eq!(read(&data_uri(GrayImage::from_pixel(64, 64, Luma([255])))), Err(QrError::Unreadable));
        assert_eq!(read(&data_uri(GrayImage::from_pixel(MAX_SIDE + 1, 1, Luma([255])))), Err(QrError::Picture));
    }

    #[test]
    fn a_picture_of_two_codes_is_ambiguous() {
        let code = drawn(&linking_code(), 4);
        let mut both = GrayImage::from_pixel(code.width() * 2, code.height(), Luma([255]));
        image::imageops::replace(&mut both, &code, 0, 0);
        image::imageops::replace(&mut both, &code, code.width().into(), 0);
        assert_eq!(read(&data_uri(both)), Err(QrError::Several));
    }
}
