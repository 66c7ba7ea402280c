//! Files of every kind: what the client's event says of them, the bytes, and what phones show.

use sha2::{Digest as _, Sha256};
use whatsapp_rust::download::{Downloadable, MediaType};
use whatsapp_rust::upload::UploadOptions;
use whatsapp_rust::wacore::proto_helpers::MessageExt as _;
use whatsapp_rust::wacore::types::events::{Event, UnavailableType};
use whatsapp_rust::waproto::buffa::MessageField;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::{AudioMessage, FutureProofMessage, ImageMessage};
use whatsapp_sim::{Content, FileDetails, FileKind, LoadedFile, Outgoing, OutgoingFile, SimError};

use super::{Two, shown};
use crate::client::all_understood;

fn content(seed: u8) -> Vec<u8> {
    (0..30_000_u32).map(|at| u8::try_from(at * 31 % 251).unwrap() ^ seed).collect()
}

/// A grey picture of 8 by 6 pixels.
fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::DynamicImage::ImageLuma8(image::GrayImage::from_pixel(8, 6, image::Luma([90])));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn file(data: Vec<u8>) -> OutgoingFile {
    OutgoingFile { data, ..OutgoingFile::default() }
}

/// What the client finds in a message, and the bytes that it loads.
async fn loads<T: Downloadable>(two: &Two, media: Option<&T>) -> Vec<u8> {
    two.client.client.download(media.expect("the message has this file")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_and_videos_arrive_with_all_that_belongs_to_them() {
    let mut two = Two::meet().await;
    let picture = OutgoingFile { caption: Some("the sea".to_owned()), ..file(png()) };
    let (info, message) = two.bob_sends(Content::File(FileKind::Image, picture)).await;
    assert_eq!(two.media_type(&info.id).await.as_deref(), Some("image"));
    let image = message.image_message.as_option();
    assert_eq!(loads(&two, image).await, png());
    let image = image.unwrap();
    assert_eq!((image.caption.as_deref(), image.mimetype.as_deref()), (Some("the sea"), Some("image/png")));
    assert_eq!((image.width, image.height), (Some(8), Some(6)));
    assert!(image.jpeg_thumbnail.as_ref().is_some_and(|thumbnail| thumbnail.starts_with(&[0xff, 0xd8])));
    let seen = shown(&two.sim, &two.ada, &info.id).await;
    let details = seen.details.file.unwrap();
    assert_eq!((seen.text.as_deref(), details.caption.as_deref()), (Some("the sea"), Some("the sea")));
    assert_eq!((details.width, details.height, details.size), (Some(8), Some(6), Some(png().len() as u64)));
    for number in [&two.ada, &two.bob] {
        let media = two.sim.phone_media(number, &info.id).await.unwrap();
        assert_eq!((media.content, Some(media.sha256)), (png(), details.sha256.clone()), "as its sender says");
    }

    for (kind, media_type) in [(FileKind::Video, "video"), (FileKind::Gif, "gif"), (FileKind::VideoNote, "ptv")] {
        let video = OutgoingFile { seconds: Some(7), width: Some(320), height: Some(240), ..file(content(1)) };
        let (info, message) = two.bob_sends(Content::File(kind, video)).await;
        assert_eq!(two.media_type(&info.id).await.as_deref(), Some(media_type));
        let video = message.video_message.as_option().or(message.ptv_message.as_option());
        assert_eq!(loads(&two, video).await, content(1));
        let video = video.unwrap();
        assert_eq!((video.seconds, video.width, video.height), (Some(7), Some(320), Some(240)));
        assert_eq!(video.gif_playback.unwrap_or_default(), kind == FileKind::Gif);
        let details = shown(&two.sim, &two.ada, &info.id).await.details.file.unwrap();
        assert_eq!((details.gif, details.note), (kind == FileKind::Gif, kind == FileKind::VideoNote));
    }
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_documents_and_stickers_arrive_with_all_that_belongs_to_them() {
    let mut two = Two::meet().await;
    let voice = OutgoingFile { seconds: Some(3), waveform: Some(vec![5; 64]), ..file(content(2)) };
    let (info, message) = two.bob_sends(Content::File(FileKind::Voice, voice)).await;
    assert_eq!(two.media_type(&info.id).await.as_deref(), Some("ptt"));
    let audio = message.audio_message.as_option();
    assert_eq!(loads(&two, audio).await, content(2));
    let audio = audio.unwrap();
    assert_eq!((audio.ptt, audio.seconds, &audio.waveform), (Some(true), Some(3), &Some(vec![5; 64])));
    let details = shown(&two.sim, &two.ada, &info.id).await.details.file.unwrap();
    assert_eq!((details.voice, details.seconds, details.waveform), (true, Some(3), Some(64)));
    assert_eq!(details.mime_type.as_deref(), Some("audio/ogg; codecs=opus"));

    let (info, message) = two.bob_sends(Outgoing::file(FileKind::Audio, content(3))).await;
    assert_eq!(two.media_type(&info.id).await.as_deref(), Some("audio"));
    assert_eq!(message.audio_message.as_option().unwrap().ptt, Some(false));

    let document = OutgoingFile {
        caption: Some("please read".to_owned()),
        file_name: Some("plan.pdf".to_owned()),
        mime_type: Some("application/pdf".to_owned()),
        ..file(content(4))
    };
    let (info, message) = two.bob_sends(Content::File(FileKind::Document, document)).await;
    assert!(message.document_with_caption_message.is_set(), "a caption is around the document");
    let base = message.get_base_message();
    assert_eq!(loads(&two, base.document_message.as_option()).await, content(4));
    let seen = shown(&two.sim, &two.ada, &info.id).await;
    let details = seen.details.file.unwrap();
    assert_eq!((seen.text.as_deref(), details.file_name.as_deref()), (Some("please read"), Some("plan.pdf")));

    let (info, message) = two.bob_sends(Outgoing::file(FileKind::AnimatedSticker, content(5))).await;
    assert_eq!(two.media_type(&info.id).await.as_deref(), Some("sticker"));
    let sticker = message.sticker_message.as_option();
    assert_eq!(loads(&two, sticker).await, content(5));
    assert_eq!(sticker.unwrap().is_animated, Some(true));
    assert!(shown(&two.sim, &two.ada, &info.id).await.details.file.unwrap().animated);
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_one_view_is_gone_once_it_was_opened() {
    let mut two = Two::meet().await;
    for kind in [FileKind::Image, FileKind::Video, FileKind::Voice] {
        let (info, message) = two.bob_sends(Outgoing::file(kind, content(6)).once()).await;
        let extended = message.view_once_message_v2_extension.is_set();
        assert!(message.is_view_once() && extended == (kind == FileKind::Voice), "{kind:?}");
        let base = message.get_base_message();
        let bytes = match kind {
            FileKind::Image => loads(&two, base.image_message.as_option()).await,
            FileKind::Video => loads(&two, base.video_message.as_option()).await,
            _ => loads(&two, base.audio_message.as_option()).await,
        };
        assert_eq!(bytes, content(6));
        assert!(shown(&two.sim, &two.ada, &info.id).await.details.view_once);
    }
    // As WhatsApp does it today, companions are told that the phone has it.
    let withheld = Outgoing::file(FileKind::Image, content(6)).once_on_phones();
    let id = two.sim.phone_sends(&two.bob, &two.ada, withheld).await.unwrap();
    let told = two.client.expect("the placeholder", |event| match event {
        Event::UndecryptableMessage(told) if told.info.id == id => Some((told.is_unavailable, told.unavailable_type)),
        _ => None,
    });
    assert_eq!(told.await, (true, UnavailableType::ViewOnce));
    assert_eq!(two.sim.phone_media(&two.ada, &id).await.unwrap().content, content(6));

    // A client's own.
    let uploaded = two.client.client.upload(content(7), MediaType::Image, UploadOptions::new()).await.unwrap();
    let image = ImageMessage {
        direct_path: Some(uploaded.direct_path.clone()),
        media_key: Some(uploaded.media_key.to_vec()),
        file_sha256: Some(uploaded.file_sha256.to_vec()),
        file_enc_sha256: Some(uploaded.file_enc_sha256.to_vec()),
        file_length: Some(uploaded.file_length),
        view_once: Some(true),
        ..ImageMessage::default()
    };
    let inner = wa::Message { image_message: MessageField::some(image), ..wa::Message::default() };
    let wrapper = FutureProofMessage { message: MessageField::some(inner) };
    let seen =
        two.ada_says(wa::Message { view_once_message_v2: MessageField::some(wrapper), ..wa::Message::default() }).await;
    assert!(seen.details.view_once && !seen.details.played);
    assert_eq!(two.sim.phone_media(&two.bob, &seen.id).await.unwrap().content, content(7));
    two.sim.phone_plays(&two.bob, &two.ada, std::slice::from_ref(&seen.id)).await.unwrap();
    two.client.played(&seen.id).await;
    assert!(shown(&two.sim, &two.bob, &seen.id).await.details.played);
    assert!(matches!(two.sim.phone_media(&two.bob, &seen.id).await, Err(SimError::Media(_))), "it opens once");
    all_understood(&two.sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_note_of_a_client_is_played() {
    let two = &mut Two::meet().await;
    let uploaded = two.client.client.upload(content(8), MediaType::Audio, UploadOptions::new()).await.unwrap();
    let audio = AudioMessage {
        direct_path: Some(uploaded.direct_path.clone()),
        media_key: Some(uploaded.media_key.to_vec()),
        file_sha256: Some(uploaded.file_sha256.to_vec()),
        file_enc_sha256: Some(uploaded.file_enc_sha256.to_vec()),
        file_length: Some(uploaded.file_length),
        mimetype: Some("audio/ogg; codecs=opus".to_owned()),
        seconds: Some(4),
        ptt: Some(true),
        waveform: Some(vec![1, 2, 3]),
        ..AudioMessage::default()
    };
    let seen =
        two.ada_says(wa::Message { audio_message: MessageField::some(audio.clone()), ..wa::Message::default() }).await;
    let expected = FileDetails {
        mime_type: Some("audio/ogg; codecs=opus".to_owned()),
        size: Some(30_000),
        sha256: Some(hex::encode(uploaded.file_sha256)),
        seconds: Some(4),
        voice: true,
        waveform: Some(3),
        loaded: Some(LoadedFile { size: 30_000, sha256: Some(hex::encode(Sha256::digest(content(8)))) }),
        ..FileDetails::default()
    };
    two.bob_sees(&seen.id, |message| message.details.file.as_ref() == Some(&expected)).await;
    // A file that is not what its message says is shown as not loaded.
    let wrong = AudioMessage { file_sha256: Some(vec![1; 32]), ..audio.clone() };
    let wrong = two.ada_says(wa::Message { audio_message: MessageField::some(wrong), ..wa::Message::default() }).await;
    let loaded = LoadedFile { size: 0, sha256: None };
    two.bob_sees(&wrong.id, |message| message.details.file.as_ref().unwrap().loaded.as_ref() == Some(&loaded)).await;
    two.sim.phone_plays(&two.bob, &two.ada, std::slice::from_ref(&seen.id)).await.unwrap();
    two.client.played(&seen.id).await;
    assert_eq!(two.sim.phone_media(&two.bob, &seen.id).await.unwrap().content, content(8), "it can be played again");
    all_understood(&two.sim).await;
}
