//! Links that expire, and the phone's help: it publishes its own copy again, as long as it has one.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use whatsapp_rust::download::DownloadParams;
use whatsapp_rust::error::ErrorChainExt as _;
use whatsapp_rust::features::{MediaRetryResult, MediaReuploadRequest};
use whatsapp_sim::{MediaError, Sim, SimConfig, SimError};

use super::{arrived, content, sends_image};
use crate::client::{SEED, TestClient, all_understood, jid, network, phone};

async fn asks(client: &TestClient, id: &str, chat: &str, key: &[u8]) -> MediaRetryResult {
    let chat_jid = jid(chat);
    let request =
        MediaReuploadRequest { msg_id: id, chat_jid: &chat_jid, media_key: key, is_from_me: false, participant: None };
    client.client.media_reupload().request(&request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_renews_an_expired_link_as_long_as_it_has_the_file() {
    let sim = network().await;
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let (sender, client) = (TestClient::linked(&sim, &ada).await, TestClient::linked(&sim, &bob).await);
    let content = content(3000);
    let (id, media) = sends_image(&sender, &bob, content.clone()).await;
    arrived(&sim, &bob, &id).await;
    let key = media.media_key.clone().unwrap();

    assert_eq!(sim.expire_media(Some(&media.direct_path)).unwrap(), 1);
    assert_eq!(client.client.download(&media).await.unwrap_err().http_status(), Some(404));
    let MediaRetryResult::Success { direct_path } = asks(&client, &id, &ada, &key).await else {
        panic!("the phone has the file")
    };
    assert_ne!(direct_path, media.direct_path);
    let renewed = DownloadParams { direct_path, ..media };
    assert_eq!(client.client.download(&renewed).await.unwrap(), content);
    // The sender's companion asks its own phone, which has a copy as well.
    assert!(matches!(asks(&sender, &id, &bob, &key).await, MediaRetryResult::Success { .. }));

    assert!(matches!(asks(&client, &id, &ada, &[9; 32]).await, MediaRetryResult::DecryptionError));
    assert!(matches!(asks(&client, "3EB0NOBODY", &ada, &key).await, MediaRetryResult::NotFound));
    sim.delete_phone_media(&bob, &id).await.unwrap();
    assert!(matches!(asks(&client, &id, &ada, &key).await, MediaRetryResult::NotFound));
    let gone = sim.phone_media(&bob, &id).await;
    assert!(matches!(gone, Err(SimError::Media(MediaError::Missing))), "{gone:?}");
    assert!(sim.phone_media(&ada, &id).await.is_ok(), "the other phone keeps its copy");
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_survive_the_death_of_the_network() {
    let directory = tempfile::tempdir().unwrap();
    let config = || SimConfig { key_seed: SEED, data_dir: Some(directory.path().to_owned()), ..SimConfig::default() };
    let sim = Sim::start(config()).await.unwrap();
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let sender = TestClient::linked(&sim, &ada).await;
    let content = content(200_000);
    let (id, media) = sends_image(&sender, &bob, content.clone()).await;
    arrived(&sim, &bob, &id).await;
    let store = sender.stop().await;
    sim.shutdown().await;

    let sim = Sim::start(config()).await.unwrap();
    assert_eq!(sim.phone_media(&bob, &id).await.unwrap().content, content);
    let mut sender = TestClient::start(sim.ws_url(), store).await;
    sender.connected().await;
    assert_eq!(sender.client.download(&media).await.unwrap(), content);
    sim.expire_media(None).unwrap();
    sender.stop().await;
    sim.shutdown().await;
    let sim = Sim::start(config()).await.unwrap();
    assert_eq!(sim.phone_media(&bob, &id).await.unwrap().content, content, "an expired file is still on the phone");
    assert!(matches!(sim.expire_media(Some(&media.direct_path)), Err(SimError::Media(MediaError::Missing))));
}
