//! An application around the test component.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::body::{Body, Bytes};
use edge_runtime::{EdgeRuntime, Error, Options};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tempfile::TempDir;

use crate::guest;

/// Longer than any step takes on a busy machine, shorter than a person's patience.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Who asks.
pub(crate) const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4711);

/// A manifest and its folder.
pub(crate) struct App {
    folder: TempDir,
}

impl App {
    /// The test component at `/...` and `/sub/...`; `component` is added to its table.
    pub(crate) fn new(component: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wasm = guest::wasm().display();
        let manifest = format!(
            r#"spin_manifest_version = 2
            [application]
            name = "test"
            [variables]
            greeting = {{ default = "hello" }}
            redis_url = {{ default = "redis://127.0.0.1:1" }}
            token = {{ required = true, secret = true }}
            [[trigger.http]]
            route = "/..."
            component = "guest"
            [[trigger.http]]
            route = "/sub/..."
            component = "guest"
            [component.guest]
            source = "{wasm}"
            {component}
            "#
        );
        std::fs::write(folder.path().join("spin.toml"), manifest).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn load_with(&self, variables: &[(&str, &str)], options: &Options) -> Result<EdgeRuntime, Error> {
        let variables: BTreeMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        EdgeRuntime::load_with(&self.path("spin.toml"), &variables, options)
    }

    pub(crate) fn load(&self) -> EdgeRuntime {
        self.load_with(&[("token", "t0k3n")], &Options::default()).unwrap()
    }
}

/// A loaded application with nothing special.
pub(crate) fn plain() -> EdgeRuntime {
    App::new("").load()
}

pub(crate) fn request(path: &str) -> Request<Body> {
    Request::get(path).header("host", "test.example").body(Body::empty()).unwrap()
}

pub(crate) async fn send(runtime: &EdgeRuntime, request: Request<Body>) -> Response<Body> {
    tokio::time::timeout(DEADLINE, runtime.handle(request, PEER)).await.expect("an answer in time")
}

pub(crate) async fn text(response: Response<Body>) -> String {
    let bytes: Bytes =
        tokio::time::timeout(DEADLINE, response.into_body().collect()).await.unwrap().unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The body of a successful GET.
pub(crate) async fn get(runtime: &EdgeRuntime, path: &str) -> String {
    let response = send(runtime, request(path)).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    text(response).await
}

/// The status of a GET.
pub(crate) async fn status(runtime: &EdgeRuntime, path: &str) -> StatusCode {
    send(runtime, request(path)).await.status()
}
