//! Messages with files: from an address to what the other person's phone has loaded and decrypted, and what is refused on the way.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::api::Answer;
use e2e::files::{File, Files};
use e2e::stack::{Plan, Stack};
use image::{DynamicImage, ImageFormat, RgbImage};
use serde_json::{Value, json};

/// Samples a second of the sounds made here.
const RATE: u32 = 8_000;

pub(crate) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([x, y, 90].map(|one| one.to_le_bytes()[0])));
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

/// A tone, as a WAV file.
pub(crate) fn tone(seconds: u32) -> Vec<u8> {
    let samples = RATE * seconds;
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend(*b"\x02\0\x10\0data");
    file.extend((samples * 2).to_le_bytes());
    for at in 0..samples {
        let height: i16 = if at / 10 % 2 == 0 { 9_000 } else { -9_000 };
        file.extend(height.to_le_bytes());
    }
    file
}

async fn asks(stack: &Stack, route: &str, to: &str, fields: &Value) -> anyhow::Result<Answer> {
    let mut body = json!({ "sessionId": "shop", "chatId": to });
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
    stack.api.post(&format!("/api/whatsapp/chats/{route}"), &body).await
}

/// Sends, and gives the answer, what the phone shows, and the file it has.
async fn arrives(stack: &Stack, route: &str, to: &str, fields: Value) -> anyhow::Result<(String, Value, Vec<u8>)> {
    let answer = asks(stack, route, to, &fields).await?;
    assert_eq!(answer.status, 200, "{route}: {answer:?}");
    let id = answer.body["data"]["messageId"].as_str().expect("an id");
    let shown = stack.phones.wait_for_id(to, id).await?;
    let file = stack.phones.file(to, id).await?;
    Ok((answer.body["message"].as_str().unwrap_or_default().to_owned(), shown.details, file))
}

#[tokio::test]
async fn pictures_and_documents() -> anyhow::Result<()> {
    let photo = picture(640, 480, ImageFormat::Jpeg);
    let large = vec![7; 6 * 1024 * 1024];
    let files = Files::start([
        ("/photo.jpg", File::Bytes(photo.clone())),
        ("/moved", File::Redirect("/photo.jpg".to_owned())),
        ("/report.pdf", File::Bytes(large.clone())),
    ])
    .await?;
    let stack = Stack::start().await?;
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?.number;

    let image = json!({ "imageUrl": files.url("/moved"), "caption": "Our *shop*" });
    let (said, shown, file) = arrives(&stack, "send-image", &alice, image).await?;
    assert_eq!(said, "Image sent successfully");
    assert_eq!((&shown["type"], &shown["file"]["mimeType"]), (&json!("image"), &json!("image/jpeg")), "{shown}");
    assert_eq!((&shown["file"]["width"], &shown["file"]["height"]), (&json!(640), &json!(480)), "{shown}");
    assert_eq!(shown["file"]["caption"], "Our *shop*", "{shown}");
    assert!(file == photo, "the picture that was named");

    // A picture within the request.
    let small = picture(20, 10, ImageFormat::Png);
    let data = format!("data:image/png;base64,{}", STANDARD.encode(&small));
    let (_, shown, file) = arrives(&stack, "send-image", &alice, json!({ "imageUrl": data })).await?;
    assert_eq!(shown["file"]["mimeType"], "image/png", "{shown}");
    assert!(file == small);

    // Large enough that the library asks the media host whether it has it already.
    let report =
        json!({ "documentUrl": files.url("/report.pdf"), "filename": "../Report 2026.pdf", "caption": "As promised" });
    let (said, shown, file) = arrives(&stack, "send-document", &alice, report).await?;
    assert_eq!(said, "Document sent successfully");
    assert_eq!(shown["type"], "document", "{shown}");
    assert_eq!(shown["file"]["fileName"], "Report 2026.pdf", "{shown}");
    assert_eq!(
        (&shown["file"]["mimeType"], &shown["file"]["caption"]),
        (&json!("application/pdf"), &json!("As promised"))
    );
    assert!(file == large);

    let page = stack.api.page("shop", &alice, 10, None).await?;
    let kinds: Vec<_> =
        page.messages.iter().map(|message| serde_json::to_value(message.kind)).collect::<Result<_, _>>()?;
    assert_eq!(kinds, ["document", "image", "image"]);
    assert_eq!(page.messages[0].filename.as_deref(), Some("Report 2026.pdf"));
    stack.stop().await
}

#[tokio::test]
async fn sounds_are_converted_where_they_can_be() -> anyhow::Result<()> {
    let files =
        Files::start([("/tone.wav", File::Bytes(tone(2))), ("/list.ogg", File::Bytes(b"#EXTM3U\n".to_vec()))]).await?;
    let stack = Stack::start().await?;
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?.number;

    let note = json!({ "audioUrl": files.url("/tone.wav"), "ptt": true, "typingTime": 1 });
    let (said, shown, opus) = arrives(&stack, "send-audio", &alice, note).await?;
    assert_eq!(said, "Voice note sent successfully");
    assert_eq!((&shown["type"], &shown["file"]["voice"]), (&json!("audio"), &json!(true)), "{shown}");
    assert_eq!(shown["file"]["mimeType"], "audio/ogg; codecs=opus", "{shown}");
    assert_eq!((&shown["file"]["seconds"], &shown["file"]["waveform"]), (&json!(2), &json!(64)), "{shown}");
    assert!(opus.starts_with(b"OggS") && opus.windows(8).any(|at| at == b"OpusHead"));

    let refused = asks(&stack, "send-audio", &alice, &json!({ "audioUrl": files.url("/list.ogg") })).await?;
    assert_eq!((refused.status, refused.code()), (400, "unsupported_file"), "{refused:?}");
    stack.stop().await?;

    // The same voice note, without anything to convert with.
    let files = Files::start([("/note.ogg", File::Bytes(opus.clone())), ("/tone.wav", File::Bytes(tone(1)))]).await?;
    let stack = Plan::default().setting("FFMPEG", "off").start().await?;
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?.number;
    let (said, shown, file) =
        arrives(&stack, "send-audio", &alice, json!({ "audioUrl": files.url("/note.ogg") })).await?;
    assert_eq!((said.as_str(), &shown["file"]["seconds"]), ("Audio sent successfully", &json!(2)), "{shown}");
    assert!(file == opus);
    let refused = asks(&stack, "send-audio", &alice, &json!({ "audioUrl": files.url("/tone.wav") })).await?;
    assert_eq!((refused.status, refused.code()), (400, "unsupported_file"), "{refused:?}");
    let sentence = "Audio must be in OGG format (.ogg). WhatsApp only supports OGG audio files.";
    assert_eq!(refused.body["message"], sentence);
    stack.stop().await
}

#[tokio::test]
async fn a_group_gets_its_picture() -> anyhow::Result<()> {
    let files = Files::start([("/logo.png", File::Bytes(picture(300, 100, ImageFormat::Png)))]).await?;
    let stack = Stack::start().await?;
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?.number;
    let create = json!({ "sessionId": "shop", "name": "Market", "participants": [alice] });
    let created = stack.api.post("/api/whatsapp/groups/create", &create).await?;
    let group = created.body["data"]["groupId"].as_str().expect("a group").to_owned();
    let set = json!({ "sessionId": "shop", "groupId": group, "imageUrl": files.url("/logo.png") });
    let answer = stack.api.post("/api/whatsapp/groups/picture", &set).await?;
    assert_eq!((answer.status, &answer.body["data"]["groupId"]), (200, &json!(group)), "{answer:?}");
    assert_eq!(answer.body["message"], "Group profile picture updated successfully");
    let shown = image::load_from_memory(&stack.phones.group_picture(&group).await?)?;
    assert_eq!((shown.width(), shown.height()), (640, 640));
    let missing =
        stack.api.post("/api/whatsapp/groups/picture", &json!({ "sessionId": "shop", "groupId": group })).await?;
    assert_eq!(missing.body["message"], "Missing required fields: groupId, imageUrl");
    stack.stop().await
}

#[tokio::test]
async fn what_is_refused_reaches_nobody() -> anyhow::Result<()> {
    let files = Files::start([
        ("/photo.jpg", File::Bytes(picture(8, 8, ImageFormat::Jpeg))),
        ("/text.jpg", File::Bytes(b"no picture".to_vec())),
        ("/gone", File::Status(410)),
        ("/to-file", File::Redirect("file:///etc/passwd".to_owned())),
        ("/to-metadata", File::Redirect("http://169.254.169.254/latest/meta-data/".to_owned())),
        ("/circle", File::Redirect("/circle".to_owned())),
        ("/huge", File::Promise(10 * 1024 * 1024 * 1024)),
    ])
    .await?;
    let stack = Stack::start().await?;
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?.number;
    for (address, status, code) in [
        ("file:///etc/passwd".to_owned(), 400, "url_refused"),
        ("/etc/passwd".to_owned(), 400, "url_refused"),
        ("http://10.0.0.1/a.jpg".to_owned(), 400, "url_refused"),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), 400, "url_refused"),
        ("data:image/png;base64,!!!".to_owned(), 400, "url_refused"),
        (format!("https://example.com/{}", "a".repeat(5000)), 400, "url_refused"),
        (files.url("/to-file"), 400, "url_refused"),
        (files.url("/to-metadata"), 400, "url_refused"),
        (files.url("/circle"), 400, "fetch_failed"),
        (files.url("/gone"), 400, "fetch_failed"),
        (files.url("/huge"), 413, "file_too_large"),
        (files.url("/text.jpg"), 400, "unsupported_file"),
    ] {
        let answer = asks(&stack, "send-image", &alice, &json!({ "imageUrl": address })).await?;
        assert_eq!((answer.status, answer.code()), (status, code), "{address}: {answer:?}");
    }
    // The media servers do not take it; the next attempt is another message.
    stack.phones.refuse_uploads(507, 10).await?;
    let answer = asks(&stack, "send-image", &alice, &json!({ "imageUrl": files.url("/photo.jpg") })).await?;
    assert_eq!((answer.status, answer.code()), (502, "upload_failed"), "{answer:?}");
    stack.phones.refuse_uploads(507, 0).await?;
    arrives(&stack, "send-image", &alice, json!({ "imageUrl": files.url("/photo.jpg") })).await?;
    assert_eq!(stack.phones.messages(&alice).await?.len(), 1);
    stack.stop().await?;

    // Nothing of this machine, where it is not asked for.
    let stack = Plan::default().setting("ALLOW_PRIVATE_URLS", "none").start().await?;
    stack.linked("shop", "Shop").await?;
    let alice = stack.phones.create("Alice").await?.number;
    let port = files.url("").rsplit(':').next().unwrap_or_default().to_owned();
    for host in ["127.0.0.1", "localhost", "2130706433", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]"] {
        let address = format!("http://{host}:{port}/photo.jpg");
        let answer = asks(&stack, "send-image", &alice, &json!({ "imageUrl": address })).await?;
        assert_eq!((answer.status, answer.code()), (400, "url_refused"), "{address}: {answer:?}");
    }
    assert!(stack.phones.messages(&alice).await?.is_empty());
    stack.stop().await
}
