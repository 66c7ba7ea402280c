//! Media between clients and phones: what is uploaded on one side is downloaded, verified and decrypted on the other.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

mod host;
mod retry;

use whatsapp_rust::download::{DownloadParams, MediaType};
use whatsapp_rust::upload::{UploadOptions, UploadResponse};
use whatsapp_rust::waproto::buffa::MessageField;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::ImageMessage;
use whatsapp_sim::{Sim, Uploaded};

use crate::client::{DEADLINE, TestClient, all_understood, jid, network, phone};

/// Below and above the size from which clients ask first whether the server has it already.
const SIZES: [usize; 4] = [0, 1, 100_000, 5 * 1024 * 1024 + 17];

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
}

pub(crate) fn described(by: &UploadResponse, kind: MediaType) -> DownloadParams {
    let path = by.direct_path.clone();
    DownloadParams::encrypted(path, &by.media_key, &by.file_sha256, &by.file_enc_sha256, by.file_length, kind)
}

fn described_by_phone(by: &Uploaded, kind: MediaType) -> DownloadParams {
    let path = by.direct_path.clone();
    DownloadParams::encrypted(path, &by.media_key, &by.file_sha256, &by.file_enc_sha256, by.file_length, kind)
}

/// A client uploads an image and sends it; returns the message's id and what it says of the file.
async fn sends_image(from: &TestClient, to: &str, content: Vec<u8>) -> (String, DownloadParams) {
    let uploaded = from.client.upload(content, MediaType::Image, UploadOptions::new()).await.unwrap();
    let image = ImageMessage {
        url: Some(uploaded.url.clone()),
        direct_path: Some(uploaded.direct_path.clone()),
        media_key: Some(uploaded.media_key.to_vec()),
        file_sha256: Some(uploaded.file_sha256.to_vec()),
        file_enc_sha256: Some(uploaded.file_enc_sha256.to_vec()),
        file_length: Some(uploaded.file_length),
        mimetype: Some("image/jpeg".to_owned()),
        ..ImageMessage::default()
    };
    let message = wa::Message { image_message: MessageField::some(image), ..wa::Message::default() };
    let sent = Box::pin(from.client.send_message(jid(to), message)).await.unwrap();
    (sent.message_id, described(&uploaded, MediaType::Image))
}

/// Waits until a phone has a message.
async fn arrived(sim: &Sim, number: &str, id: &str) {
    let found = sim.wait_for_message(number, |message| message.id == id, DEADLINE).await.unwrap();
    assert_eq!(found.unwrap().kind, "image");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_side_uploads_every_other_downloads() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let (ada, bob) = (TestClient::linked(&sim, &ada).await, TestClient::linked(&sim, &bob).await);
    let kinds = [MediaType::Image, MediaType::Video, MediaType::Audio, MediaType::Document, MediaType::Sticker];
    for kind in kinds {
        for content in SIZES.map(content) {
            let uploaded = ada.client.upload(content.clone(), kind, UploadOptions::new()).await.unwrap();
            let media = described(&uploaded, kind);
            assert_eq!(bob.client.download(&media).await.unwrap(), content, "{kind:?} from a client to a client");
            assert_eq!(sim.phone_downloads(media).await.unwrap(), content, "{kind:?} from a client to a phone");
            let uploaded = sim.phone_uploads(content.clone(), kind).await.unwrap();
            let media = described_by_phone(&uploaded, kind);
            assert_eq!(bob.client.download(&media).await.unwrap(), content, "{kind:?} from a phone to a client");
        }
    }
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_image_is_on_both_phones_and_at_the_other_client() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let mut client = TestClient::linked(&sim, &bob).await;
    let sender = TestClient::linked(&sim, &ada).await;
    let content = content(70_000);
    let (id, _) = sends_image(&sender, &bob, content.clone()).await;
    let image = client
        .expect("the image", |event| {
            event.messages().find_map(|inbound| inbound.message.image_message.as_option().cloned())
        })
        .await;
    assert_eq!(client.client.download(&image).await.unwrap(), content);
    for number in [&ada, &bob] {
        arrived(&sim, number, &id).await;
        let media = sim.phone_media(number, &id).await.unwrap();
        assert_eq!((media.content, media.mime_type.as_deref()), (content.clone(), Some("image/jpeg")));
    }
    all_understood(&sim).await;
}
