//! An S3 server over a folder of the data directory, on a loopback port, with credentials of this start. Production has `MinIO` or
//! any other; the host speaks S3 to both.

mod store;

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::time::sleep;

use self::store::Store;
use crate::secrets::{self, DataDir};

/// Pause after a connection could not be accepted: the process is out of file descriptors, and a loop would not free any.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A running S3 server.
pub(crate) struct ObjectStore {
    endpoint: String,
    access_key: String,
    secret_key: String,
}

impl ObjectStore {
    /// How the host finds it.
    pub(crate) fn environment(&self) -> [(String, String); 3] {
        [
            ("S3_ENDPOINT".to_owned(), self.endpoint.clone()),
            ("S3_ACCESS_KEY".to_owned(), self.access_key.clone()),
            ("S3_SECRET_KEY".to_owned(), self.secret_key.clone()),
        ]
    }
}

pub(crate) async fn start(data: &DataDir) -> anyhow::Result<ObjectStore> {
    let folder = data.folder("media")?;
    let store = Store::open(&folder).map_err(|error| anyhow::anyhow!("the media folder cannot be used: {error:?}"))?;
    let (access_key, secret_key) = (secrets::random_hex(), secrets::random_hex());
    let mut builder = S3ServiceBuilder::new(store);
    builder.set_auth(SimpleAuth::from_single(access_key.clone(), secret_key.clone()));
    let service = builder.build();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for the object store")?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    tokio::spawn(serve(listener, service));
    Ok(ObjectStore { endpoint, access_key, secret_key })
}

async fn serve(listener: TcpListener, service: S3Service) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the object store cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let service = service.clone();
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(error, "a connection to the object store ended");
            }
        });
    }
}
