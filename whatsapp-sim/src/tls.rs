//! The network's TLS: a certificate of its own making, kept in the data folder, for clients that accept nothing but HTTPS
//! and WSS. Nobody vouches for it; whoever connects is given it to trust.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

const CERTIFICATE_FILE: &str = "tls-certificate.pem";
const KEY_FILE: &str = "tls-key.pem";
/// A WebSocket begins as HTTP/1.1, and nothing here speaks HTTP/2.
const PROTOCOL: &[u8] = b"http/1.1";

/// Why there is no TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{0} cannot be read or written")]
    Io(PathBuf, #[source] std::io::Error),
    /// A host name fits into no certificate.
    #[error("a certificate cannot be made")]
    Make(#[source] rcgen::Error),
    /// A stored file holds no certificate or no key.
    #[error("the stored certificate or its key is damaged")]
    Damaged,
    /// The certificate and the key do not belong together.
    #[error("the certificate cannot be used")]
    Unusable(#[source] rustls::Error),
}

/// What the network shows to clients that speak TLS.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// The certificate, for whoever is to trust it.
    pub(crate) pem: String,
    /// The SHA-256 of the certificate.
    pub(crate) fingerprint: String,
}

impl Tls {
    /// The certificate of a data folder, made when there is none.
    pub(crate) fn open(data_dir: Option<&Path>, listen: SocketAddr, hosts: &[String]) -> Result<Self, TlsError> {
        let stored = match data_dir {
            None => None,
            Some(directory) => stored(directory)?,
        };
        let (pem, key) = match stored {
            Some(stored) => stored,
            None => made(data_dir, listen, hosts)?,
        };
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| TlsError::Damaged)?;
        let fingerprint = hex::encode(Sha256::digest(&certificate));
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| TlsError::Damaged)?;
        let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![certificate], key))
            .map_err(TlsError::Unusable)?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Self { acceptor: Arc::new(config).into(), pem, fingerprint })
    }
}

/// The certificate and the key in a folder.
fn stored(directory: &Path) -> Result<Option<(String, String)>, TlsError> {
    let read = |name| {
        let path = directory.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TlsError::Io(path, error)),
        }
    };
    Ok(read(CERTIFICATE_FILE)?.zip(read(KEY_FILE)?))
}

/// A fresh certificate for the names under which the network may be addressed.
fn made(data_dir: Option<&Path>, listen: SocketAddr, hosts: &[String]) -> Result<(String, String), TlsError> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !listen.ip().is_unspecified() {
        names.push(listen.ip().to_string());
    }
    names.extend(hosts.iter().map(|host| host.trim_matches(['[', ']']).to_owned()));
    names.sort();
    names.dedup();
    let made = rcgen::generate_simple_self_signed(names).map_err(TlsError::Make)?;
    let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    if let Some(directory) = data_dir {
        write(&directory.join(KEY_FILE), &key)?;
        write(&directory.join(CERTIFICATE_FILE), &pem)?;
    }
    Ok((pem, key))
}

/// Writes a file that only its owner may read.
fn write(path: &Path, text: &str) -> Result<(), TlsError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| TlsError::Io(path.to_owned(), error))
}
