//! QR codes as clients get them: a PNG in a data URI.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, Luma};
use qrcode::{EcLevel, QrCode};

/// Pixels per module, as the original draws it.
const MODULE_PIXELS: u32 = 4;

/// Light modules around the code that scanners need.
const QUIET_ZONE: u32 = 4;

/// Renders a QR text as `data:image/png;base64,…`. `None` when the text is too long for a QR code.
pub(crate) fn data_uri(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let modules = u32::try_from(code.width()).ok()?;
    let colors = code.to_colors();
    let side = (modules + 2 * QUIET_ZONE) * MODULE_PIXELS;
    let picture = image::GrayImage::from_fn(side, side, |x, y| {
        let module = |pixel: u32| (pixel / MODULE_PIXELS).checked_sub(QUIET_ZONE).filter(|m| *m < modules);
        let dark = match (module(x), module(y)) {
            (Some(column), Some(row)) => {
                colors.get((row * modules + column) as usize).is_some_and(|color| *color == qrcode::Color::Dark)
            }
            _ => false,
        };
        Luma([if dark { 0 } else { 255 }])
    });
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).ok()?;
    Some(format!("data:image/png;base64,{}", STANDARD.encode(png.into_inner())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_square_png_with_a_quiet_zone() {
        let uri = data_uri("2@ref,noise,identity,secret,1").unwrap();
        let png = STANDARD.decode(uri.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let picture = image::load_from_memory(&png).unwrap().into_luma8();
        assert_eq!(picture.width(), picture.height());
        let corner = QUIET_ZONE * MODULE_PIXELS;
        assert_eq!(picture.get_pixel(corner - 1, corner - 1).0, [255]);
        assert_eq!(picture.get_pixel(corner, corner).0, [0]);
    }

    #[test]
    fn what_does_not_fit_is_no_code() {
        assert_eq!(data_uri(&"x".repeat(10_000)), None);
    }
}
