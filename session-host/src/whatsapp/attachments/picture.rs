//! Pictures: what they measure, the small preview that is shown before they are loaded, and the form that the apps can show. It
//! refuses what is no picture, and pictures that would unfold to more memory than a message is worth.

use std::io::{BufWriter, Cursor, Write as _};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use tempfile::NamedTempFile;

/// Longest side that is decoded, in pixels.
const MAX_SIDE: u32 = 12_000;

/// Most memory for decoding: a photograph of 50 megapixels, and a little.
const MAX_DECODED: u64 = 256 * 1024 * 1024;

/// Longest side of a preview, in pixels: what the apps write.
const PREVIEW_SIDE: u32 = 100;

/// Quality of a preview.
const PREVIEW_QUALITY: u8 = 60;

/// Quality of a picture that had to be written anew.
const QUALITY: u8 = 90;

/// Side of a group's picture, in pixels: WhatsApp's own.
const GROUP_SIDE: u32 = 640;

/// What a message says of its picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) mimetype: &'static str,
    /// JPEG.
    pub(crate) preview: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum PictureError {
    #[error("not a JPEG, PNG or WebP picture")]
    Unknown,
    #[error("a picture may have at most {MAX_SIDE} pixels a side")]
    TooMany,
    #[error("the picture is damaged")]
    Damaged(image::ImageError),
    #[error("the picture could not be written")]
    Disk(#[from] std::io::Error),
}

impl From<image::ImageError> for PictureError {
    fn from(error: image::ImageError) -> Self {
        match error {
            image::ImageError::Limits(_) => Self::TooMany,
            image::ImageError::Unsupported(_) => Self::Unknown,
            error => Self::Damaged(error),
        }
    }
}

/// Looks at a picture. JPEG and PNG go out as they are; the apps show no other format in a picture message, so WebP becomes JPEG.
pub(super) fn for_message(file: NamedTempFile) -> Result<(Picture, NamedTempFile), PictureError> {
    let (decoded, format) = decode(file.path())?;
    let (mimetype, file) = match format {
        ImageFormat::Jpeg => ("image/jpeg", file),
        ImageFormat::Png => ("image/png", file),
        _ => ("image/jpeg", rewritten(&decoded)?),
    };
    let preview = jpeg(&decoded.thumbnail(PREVIEW_SIDE, PREVIEW_SIDE), PREVIEW_QUALITY)?;
    Ok((Picture { width: decoded.width(), height: decoded.height(), mimetype, preview }, file))
}

/// The middle of a picture, square, as JPEG.
pub(super) fn for_group(file: &NamedTempFile) -> Result<Vec<u8>, PictureError> {
    let (decoded, _) = decode(file.path())?;
    jpeg(&decoded.resize_to_fill(GROUP_SIDE, GROUP_SIDE, FilterType::Triangle), QUALITY)
}

/// Decodes a picture, the right way up.
fn decode(path: &Path) -> Result<(DynamicImage, ImageFormat), PictureError> {
    let mut reader = ImageReader::open(path)?.with_guessed_format()?;
    let format = reader.format().ok_or(PictureError::Unknown)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let turned = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(turned);
    Ok((picture, format))
}

fn rewritten(picture: &DynamicImage) -> Result<NamedTempFile, PictureError> {
    let mut file = NamedTempFile::new()?;
    let mut writer = BufWriter::new(file.as_file_mut());
    opaque(picture).write_with_encoder(JpegEncoder::new_with_quality(&mut writer, QUALITY))?;
    writer.flush()?;
    drop(writer);
    Ok(file)
}

fn jpeg(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, PictureError> {
    let mut written = Cursor::new(Vec::new());
    opaque(picture).write_with_encoder(JpegEncoder::new_with_quality(&mut written, quality))?;
    Ok(written.into_inner())
}

/// The picture on white: JPEG knows no transparency, and what was transparent would be black.
fn opaque(picture: &DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return DynamicImage::ImageRgb8(picture.to_rgb8());
    }
    let mut ground = image::RgbaImage::from_pixel(picture.width(), picture.height(), image::Rgba([255; 4]));
    image::imageops::overlay(&mut ground, &picture.to_rgba8(), 0, 0);
    DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(ground).to_rgb8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn drawn(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut written = Cursor::new(Vec::new());
        let picture = DynamicImage::ImageRgba8(image::RgbaImage::from_fn(width, height, |x, _| {
            if x < width / 2 { image::Rgba([255, 0, 0, 255]) } else { image::Rgba([0, 0, 0, 0]) }
        }));
        let picture = if format == ImageFormat::Jpeg { opaque(&picture) } else { picture };
        picture.write_to(&mut written, format).unwrap();
        written.into_inner()
    }

    #[test]
    fn what_the_apps_show_goes_out_as_it_is() {
        for (format, mimetype) in [(ImageFormat::Jpeg, "image/jpeg"), (ImageFormat::Png, "image/png")] {
            let given = drawn(300, 200, format);
            let (picture, kept) = for_message(file(&given)).unwrap();
            assert_eq!((picture.width, picture.height, picture.mimetype), (300, 200, mimetype));
            assert_eq!(std::fs::read(kept.path()).unwrap(), given);
            let preview = image::load_from_memory(&picture.preview).unwrap();
            assert_eq!((preview.width(), preview.height()), (100, 67));
        }
    }

    #[test]
    fn webp_becomes_jpeg_on_white() {
        let (picture, kept) = for_message(file(&drawn(40, 40, ImageFormat::WebP))).unwrap();
        assert_eq!(picture.mimetype, "image/jpeg");
        let bytes = std::fs::read(kept.path()).unwrap();
        assert_eq!(image::guess_format(&bytes).unwrap(), ImageFormat::Jpeg);
        let [red, green, _] = image::load_from_memory(&bytes).unwrap().to_rgb8().get_pixel(35, 20).0;
        assert!(red > 250 && green > 250, "what was transparent is white");
    }

    #[test]
    fn a_photograph_lying_on_its_side_is_measured_upright() {
        // An EXIF block that says "turn by 90 degrees", behind the start marker.
        const TURNED: &[u8] =
            b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let plain = drawn(60, 20, ImageFormat::Jpeg);
        let turned = [&plain[..2], TURNED, &plain[2..]].concat();
        let (picture, _) = for_message(file(&turned)).unwrap();
        assert_eq!((picture.width, picture.height), (20, 60));
    }

    #[test]
    fn group_pictures_are_square() {
        let square = image::load_from_memory(&for_group(&file(&drawn(300, 100, ImageFormat::Png))).unwrap()).unwrap();
        assert_eq!((square.width(), square.height()), (GROUP_SIDE, GROUP_SIDE));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(matches!(for_message(file(b"%PDF-1.7")), Err(PictureError::Unknown)));
        assert!(matches!(for_message(file(b"")), Err(PictureError::Unknown)));
        let png = drawn(30, 30, ImageFormat::Png);
        assert!(matches!(for_message(file(&png[..60])), Err(PictureError::Damaged(_))));
        // A header that claims 50,000 by 50,000 pixels.
        let mut bomb = png;
        bomb[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
        assert!(for_message(file(&bomb)).is_err());
    }
}
