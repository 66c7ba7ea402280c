//! TLS: the one port speaks it beside plain HTTP, with a certificate that has to be trusted first.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use whatsapp_rust::download::MediaType;
use whatsapp_rust::transport::{Connector, TokioWebSocketTransportFactory};
use whatsapp_rust::upload::UploadOptions;
use whatsapp_sim::{Sim, SimConfig};

use crate::client::{DEADLINE, MediaHttp, SEED, TestClient, all_understood, network, phone, seeded_store};
use crate::phone::answer;

fn config() -> SimConfig {
    SimConfig { key_seed: SEED, tls: true, ..SimConfig::default() }
}

/// A connector that trusts the certificate.
fn connector(pem: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// A client that trusts nothing but these certificates.
fn http(trusted: &[&str]) -> reqwest::Client {
    let trusted = trusted.iter().map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()).unwrap());
    reqwest::Client::builder().timeout(DEADLINE).tls_certs_only(trusted).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_lives_on_wss_and_https_and_another_beside_it_on_plain() {
    let sim = Sim::start(config()).await.unwrap();
    let (ada, bob) = (phone(&sim, "Ada").await, phone(&sim, "Bob").await);
    let pem = sim.certificate().unwrap();
    let transport = TokioWebSocketTransportFactory::new()
        .with_url(sim.wss_url().unwrap())
        .with_connector(Connector::Rustls(connector(pem)));
    let store = seeded_store(sim.server_public_key()).await;
    let secure = TestClient::over(transport, MediaHttp::secure(http(&[pem])), store).await.links(&sim, &ada).await;
    let mut plain = TestClient::linked(&sim, &bob).await;

    let content = vec![7; 300_000];
    let uploaded = secure.client.upload(content.clone(), MediaType::Image, UploadOptions::new()).await.unwrap();
    let media = crate::media::described(&uploaded, MediaType::Image);
    assert_eq!(secure.client.download(&media).await.unwrap(), content);
    assert_eq!(plain.client.download(&media).await.unwrap(), content);
    secure.send(&crate::client::jid(&bob), "in private").await;
    plain.text("in private").await;
    all_understood(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_are_spoken_on_one_port_and_strangers_do_not_trust_it() {
    let sim = Sim::start(config()).await.unwrap();
    let address = sim.addr();
    let (status, pem) = {
        let response = http(&[]).get(format!("http://{address}/admin/certificate")).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    };
    assert_eq!((status.as_u16(), Some(pem.as_str())), (200, sim.certificate()));
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{}/healthz", address.port());
        assert_eq!(answer(http(&[&pem]).get(url)).await, (200, json!({ "success": true })));
    }
    let error = http(&[]).get(format!("https://{address}/healthz")).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");

    // One that says nothing, and one that begins TLS and goes on with nonsense, keep nobody waiting.
    let _silent = TcpStream::connect(address).await.unwrap();
    let mut confused = TcpStream::connect(address).await.unwrap();
    confused.write_all(b"\x16\x03\x01\x00\x05GET /").await.unwrap();
    let mut end = Vec::new();
    tokio::time::timeout(DEADLINE, confused.read_to_end(&mut end)).await.unwrap().unwrap();
    assert_eq!(answer(http(&[&pem]).get(format!("https://{address}/healthz"))).await.0, 200);
    assert_eq!(answer(http(&[]).get(format!("http://{address}/healthz"))).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_stays_with_the_data() {
    let directory = tempfile::tempdir().unwrap();
    let config = || SimConfig { data_dir: Some(directory.path().to_owned()), ..config() };
    let sim = Sim::start(config()).await.unwrap();
    let (pem, fingerprint) = (sim.certificate().unwrap().to_owned(), sim.certificate_fingerprint().unwrap().to_owned());
    let listen = sim.addr();
    sim.shutdown().await;
    let sim = Sim::start(SimConfig { listen, ..config() }).await.unwrap();
    assert_eq!((sim.certificate(), sim.certificate_fingerprint()), (Some(pem.as_str()), Some(fingerprint.as_str())));
    assert_eq!(answer(http(&[&pem]).get(format!("https://{listen}/healthz"))).await.0, 200);
    sim.shutdown().await;
    let key = directory.path().join("tls-key.pem");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions()) & 0o777, 0o600);
    std::fs::write(key, "no key").unwrap();
    assert!(Sim::start(config()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_there_is_none() {
    let sim = network().await;
    assert_eq!((sim.certificate(), sim.wss_url()), (None, None));
    let (status, body) = answer(http(&[]).get(format!("http://{}/admin/certificate", sim.addr()))).await;
    assert_eq!((status, &body["code"]), (404, &json!("unknown_certificate")));
    assert!(http(&[]).get(format!("https://{}/healthz", sim.addr())).send().await.is_err());
}
