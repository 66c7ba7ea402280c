//! Media between clients and phones: what is uploaded on one side is downloaded, verified and decrypted on the other.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use whatsapp_rust::download::{DownloadParams, MediaType};
use whatsapp_rust::upload::{UploadOptions, UploadResponse};
use whatsapp_sim::Uploaded;

use crate::client::{TestClient, all_understood, network, phone};

/// Below and above the size from which clients ask first whether the server has it already.
const SIZES: [usize; 4] = [0, 1, 100_000, 5 * 1024 * 1024 + 17];

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
}

fn described(by: &UploadResponse, kind: MediaType) -> DownloadParams {
    let path = by.direct_path.clone();
    DownloadParams::encrypted(path, &by.media_key, &by.file_sha256, &by.file_enc_sha256, by.file_length, kind)
}

fn described_by_phone(by: &Uploaded, kind: MediaType) -> DownloadParams {
    let path = by.direct_path.clone();
    DownloadParams::encrypted(path, &by.media_key, &by.file_sha256, &by.file_enc_sha256, by.file_length, kind)
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
