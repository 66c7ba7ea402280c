//! `POST /chats/send-image`, `/send-document` and `/send-audio`: what is sent as a file. The file itself is fetched by the host, which
//! also decides whether the address may be gone to; here it only has to look like one.

use axum::extract::State;
use axum::http::HeaderMap;
use contract::content::{Content, MAX_CAPTION_CHARACTERS, MAX_NAME_CHARACTERS, MAX_URL_LENGTH, Source};
use contract::error::ErrorCode;
use edge_core::port::Port;

use super::send::{self, Kind};
use crate::answer::{Answer, Failure};
use crate::app::App;
use crate::body::Given;
use crate::fields::{Fields, invalid, no_longer_than};

/// Longest type of a file, in bytes.
const MAX_MIMETYPE_LENGTH: usize = 127;

/// The type of a document that says none: the original's.
const DEFAULT_MIMETYPE: &str = "application/pdf";

const IMAGE: Kind =
    Kind { required: "chatId, imageUrl", success: "Image sent successfully", note: None, content: image };

const DOCUMENT: Kind = Kind {
    required: "chatId, documentUrl, filename",
    success: "Document sent successfully",
    note: None,
    content: document,
};

const AUDIO: Kind =
    Kind { required: "chatId, audioUrl", success: "Audio sent successfully", note: None, content: audio };

const VOICE_NOTE: Kind = Kind { success: "Voice note sent successfully", ..AUDIO };

pub(super) async fn send_image<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    send::send(&app, &headers, body, &IMAGE).await
}

pub(super) async fn send_document<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    send::send(&app, &headers, body, &DOCUMENT).await
}

pub(super) async fn send_audio<P: Port>(State(app): State<App<P>>, headers: HeaderMap, body: Given) -> Answer {
    let kind = if body.0.as_ref().is_some_and(|fields| fields.flag("ptt")) { &VOICE_NOTE } else { &AUDIO };
    send::send(&app, &headers, body, kind).await
}

fn image(fields: &Fields, _country_code: &str) -> Result<Option<Content>, Failure> {
    let Some(file) = file(fields, "imageUrl")? else { return Ok(None) };
    Ok(Some(Content::Image { file, caption: caption(fields)? }))
}

fn document(fields: &Fields, _country_code: &str) -> Result<Option<Content>, Failure> {
    let (Some(file), Some(filename)) = (file(fields, "documentUrl")?, fields.text(&["filename", "fileName"])?) else {
        return Ok(None);
    };
    no_longer_than("filename", &filename, MAX_NAME_CHARACTERS)?;
    let mimetype = fields.text(&["mimetype"])?.unwrap_or_else(|| DEFAULT_MIMETYPE.to_owned());
    let plain = mimetype.contains('/') && mimetype.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !plain || mimetype.len() > MAX_MIMETYPE_LENGTH {
        return Err(invalid("mimetype must be a media type, such as application/pdf".to_owned()));
    }
    Ok(Some(Content::Document { file, filename, mimetype, caption: caption(fields)? }))
}

fn audio(fields: &Fields, _country_code: &str) -> Result<Option<Content>, Failure> {
    let Some(file) = file(fields, "audioUrl")? else { return Ok(None) };
    Ok(Some(Content::Audio { file, ptt: fields.flag("ptt") }))
}

fn caption(fields: &Fields) -> Result<String, Failure> {
    let caption = fields.text(&["caption"])?.unwrap_or_default();
    no_longer_than("caption", &caption, MAX_CAPTION_CHARACTERS)?;
    Ok(caption)
}

/// Where a file is.
pub(super) fn file(fields: &Fields, name: &'static str) -> Result<Option<Source>, Failure> {
    let Some(url) = fields.text(&[name])? else { return Ok(None) };
    let url = url.trim();
    let begins = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if begins("data:") {
        return Ok(Some(Source::Data(url.to_owned())));
    }
    if !begins("http://") && !begins("https://") {
        let message = format!("{name} must be an http://, https:// or data: address");
        return Err(Failure::new(ErrorCode::UrlRefused, message));
    }
    if url.len() > MAX_URL_LENGTH {
        return Err(Failure::new(ErrorCode::UrlRefused, format!("{name} may have at most {MAX_URL_LENGTH} bytes")));
    }
    Ok(Some(Source::Url(url.to_owned())))
}
