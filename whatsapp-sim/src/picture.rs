//! Pictures of people and groups as WhatsApp keeps them: a square JPEG of at most 640 pixels and a small one for lists.
//! It takes PNG, JPEG and WebP, and refuses what is larger than a photo or no picture at all.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageReader, Limits};
use thiserror::Error;

/// Side of the picture that profiles show.
const SIDE: u32 = 640;
/// Side of the picture that lists show.
const PREVIEW_SIDE: u32 = 96;
/// Longest side of what is taken in: a phone's photo.
const MAX_SIDE: u32 = 4096;
/// A decoded picture of the largest size with four bytes per pixel, and as much again for the decoder's work.
const MAX_ALLOCATION: u64 = 2 * 4 * (MAX_SIDE as u64) * (MAX_SIDE as u64);
/// Good enough that nobody sees the difference.
const QUALITY: u8 = 85;

/// What was given is no picture.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a picture is a PNG, JPEG or WebP of at most {MAX_SIDE} by {MAX_SIDE} pixels")]
pub struct PictureError;

/// How wide and high a picture is, without decoding it.
pub(crate) fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?.into_dimensions().ok()
}

/// The media type of a picture, by its first bytes.
pub(crate) fn mime_type(bytes: &[u8]) -> Option<&'static str> {
    image::guess_format(bytes).ok().map(|format| format.to_mime_type())
}

/// The small square that a message carries while its picture is not loaded, as JPEG.
pub(crate) fn thumbnail(bytes: &[u8]) -> Option<Vec<u8>> {
    sizes(bytes).ok().map(|sizes| sizes.preview)
}

/// A picture in both sizes, as JPEG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) image: Vec<u8>,
    pub(crate) preview: Vec<u8>,
}

/// Cuts the middle square out and scales it down. It takes some CPU: tens of milliseconds for a photo.
pub(crate) fn sizes(bytes: &[u8]) -> Result<Sizes, PictureError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| PictureError)?;
    reader.limits(limits);
    let picture = reader.decode().map_err(|_| PictureError)?;
    let side = picture.width().min(picture.height());
    let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    let square = DynamicImage::ImageRgb8(picture.crop_imm(left, top, side, side).into_rgb8());
    Ok(Sizes { image: scaled(&square, SIDE)?, preview: scaled(&square, PREVIEW_SIDE)? })
}

fn scaled(square: &DynamicImage, side: u32) -> Result<Vec<u8>, PictureError> {
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    let written = if square.width() > side {
        square.resize_exact(side, side, FilterType::Triangle).write_with_encoder(encoder)
    } else {
        square.write_with_encoder(encoder)
    };
    written.map(|()| jpeg).map_err(|_| PictureError)
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, RgbaImage};

    use super::*;

    fn drawn(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let picture = DynamicImage::ImageRgba8(RgbaImage::from_pixel(width, height, [200, 100, 50, 255].into()));
        let picture = if format == ImageFormat::Jpeg { DynamicImage::ImageRgb8(picture.into_rgb8()) } else { picture };
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_of_all_kinds_become_two_square_jpegs() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            for (width, height, sides) in [(1000, 700, [640, 96]), (300, 500, [300, 96]), (1, 1, [1, 1])] {
                let sizes = sizes(&drawn(width, height, format)).unwrap();
                let side = |jpeg: &[u8]| {
                    let picture = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).unwrap();
                    assert_eq!(picture.width(), picture.height());
                    picture.width()
                };
                assert_eq!([side(&sizes.image), side(&sizes.preview)], sides);
            }
        }
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused() {
        for bytes in
            [&b""[..], b"<svg/>", &drawn(MAX_SIDE + 1, 1, ImageFormat::Png), &drawn(9, 9, ImageFormat::Png)[..40]]
        {
            assert_eq!(sizes(bytes), Err(PictureError));
        }
    }
}
