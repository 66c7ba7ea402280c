//! QR codes as pictures, drawn as the original draws them: error correction M, a quiet zone of 4 modules, 4 pixels a module.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use qrcode::{Color, EcLevel, QrCode};

/// Pixels of a module.
const MODULE: u32 = 4;

/// Modules of the empty border.
const QUIET: u32 = 4;

/// A PNG of the text. `None` when the text does not fit into a QR code.
pub(crate) fn png(text: &str) -> Option<Vec<u8>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let modules = code.width();
    let colors = code.to_colors();
    let side = (u32::try_from(modules).ok()? + 2 * QUIET) * MODULE;
    let dark = |x: u32, y: u32| {
        let module = |pixel: u32| usize::try_from((pixel / MODULE).checked_sub(QUIET)?).ok().filter(|at| *at < modules);
        colors.get(module(y)? * modules + module(x)?).map(|color| *color == Color::Dark)
    };
    let picture = GrayImage::from_fn(side, side, |x, y| Luma([if dark(x, y) == Some(true) { 0 } else { 255 }]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(picture).write_to(&mut bytes, ImageFormat::Png).ok()?;
    Some(bytes.into_inner())
}

/// The PNG as a data URI.
pub(crate) fn data_uri(text: &str) -> Option<String> {
    png(text).map(|bytes| format!("data:image/png;base64,{}", STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_quiet_zone() {
        let picture = image::load_from_memory(&png("hello").unwrap()).unwrap().to_luma8();
        // Version 1 has 21 modules.
        assert_eq!(picture.dimensions(), ((21 + 8) * MODULE, (21 + 8) * MODULE));
        let corner = 4 * MODULE;
        assert_eq!(picture.get_pixel(corner - 1, corner - 1).0, [255]);
        assert_eq!(picture.get_pixel(corner, corner).0, [0]);
    }

    #[test]
    fn too_long_a_text_is_no_code() {
        assert_eq!(data_uri(&"x".repeat(5000)), None);
    }
}
