//! Requests in and out of a component.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use edge_runtime::{Error, Options};
use futures::{SinkExt, StreamExt};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::app::{App, DEADLINE, get, plain, request, send, status, text};

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_those_of_spin() {
    let runtime = plain();
    let headers = get(&runtime, "/sub/headers?a=1").await;
    for line in [
        // The host is part of the URI; WASI has no such header.
        "GET http://test.example/sub/headers?a=1",
        "spin-path-info: /headers",
        "spin-full-url: http://test.example/sub/headers?a=1",
        "spin-matched-route: /sub/...",
        "spin-base-path: /",
        "spin-raw-component-route: /sub/...",
        "spin-component-route: /sub",
        "spin-client-addr: 127.0.0.1:4711",
    ] {
        assert!(headers.lines().any(|it| it == line), "{line} in {headers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_without_a_route_are_not_found() {
    let app = App::new("");
    let manifest = std::fs::read_to_string(app.path("spin.toml")).unwrap();
    std::fs::write(app.path("spin.toml"), manifest.replace("\"/...\"", "\"/hello\"")).unwrap();
    let runtime = app.load();
    assert_eq!(status(&runtime, "/hello").await, StatusCode::OK);
    let missing = send(&runtime, request("/other")).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert_eq!(text(missing).await, "");
    assert_eq!(get(&runtime, "/.well-known/spin/health").await, "OK");
    assert_eq!(status(&runtime, "/.well-known/spin/other").await, StatusCode::NOT_FOUND);
    let no_host = Request::get("/hello").body(Body::empty()).unwrap();
    assert_eq!(send(&runtime, no_host).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_stream_both_ways() {
    let runtime = plain();
    let (mut sender, parts) = futures::channel::mpsc::channel::<Result<Bytes, std::io::Error>>(0);
    let echo = Request::post("/echo").header("host", "test.example").body(Body::from_stream(parts)).unwrap();
    let mut body = send(&runtime, echo).await.into_body().into_data_stream();
    // Each part comes back before the next is sent: neither side collects.
    for part in ["one", "two", "three"] {
        sender.send(Ok(Bytes::from(part))).await.unwrap();
        let back = tokio::time::timeout(DEADLINE, body.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(back, part);
    }
    drop(sender);
    assert!(tokio::time::timeout(DEADLINE, body.next()).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_pass() {
    const SIZE: usize = 20 << 20;
    let runtime = plain();
    let echo = Request::post("/echo").header("host", "test.example").body(Body::from(vec![7_u8; SIZE])).unwrap();
    let mut body = send(&runtime, echo).await.into_body();
    let mut received = 0;
    while let Some(frame) = tokio::time::timeout(DEADLINE, body.frame()).await.unwrap() {
        received += frame.unwrap().into_data().unwrap().len();
    }
    assert_eq!(received, SIZE);
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_environment_and_files_reach_the_guest() {
    let app = App::new(
        r#"files = [{ source = "assets", destination = "/assets" }]
        environment = { MODE = "test" }
        [component.guest.variables]
        sentence = "{{ greeting }}, {{ token }}""#,
    );
    std::fs::create_dir(app.path("assets")).unwrap();
    std::fs::write(app.path("assets/a.txt"), "contents").unwrap();
    std::fs::write(app.path("secret.txt"), "outside").unwrap();
    let runtime = app.load();
    assert_eq!(get(&runtime, "/env").await, "MODE=test\n");
    assert_eq!(get(&runtime, "/variable?name=sentence").await, "Ok(\"hello, t0k3n\")");
    let undefined = get(&runtime, "/variable?name=token").await;
    assert_eq!(undefined, r#"Err(Error::Undefined("no variable for \"guest\".\"token\""))"#);
    assert!(get(&runtime, "/variable?name=BAD").await.starts_with("Err(Error::InvalidName("));
    assert_eq!(get(&runtime, "/file?path=/assets/a.txt").await, "Ok(\"contents\")");
    assert!(get(&runtime, "/file?path=/assets/../secret.txt").await.starts_with("Err("));
    assert!(get(&runtime, "/file?path=/etc/passwd").await.starts_with("Err("));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_cannot_run_says_why() {
    let app = App::new("");
    let error = app.load_with(&[], &Options::default()).unwrap_err();
    assert!(error.to_string().ends_with("no value for the required variable(s) token"), "{error}");
    std::fs::write(app.path("broken.wasm"), "not a component").unwrap();
    let manifest = std::fs::read_to_string(app.path("spin.toml")).unwrap();
    let broken = manifest.replace("edge_runtime_guest.wasm", "no-such.wasm");
    std::fs::write(app.path("spin.toml"), broken).unwrap();
    let error = app.load_with(&[("token", "t")], &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Compile { ref component, .. } if component == "guest"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_can_be_served_by_axum() {
    let router = plain().into_router().into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut client = TcpStream::connect(address).await.unwrap();
    let own = client.local_addr().unwrap();
    client
        .write_all(format!("GET /headers HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    tokio::time::timeout(DEADLINE, client.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(&format!("spin-client-addr: {own}")), "{answer}");
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_is_not_held_back() {
    let runtime = plain();
    let mut body = send(&runtime, request("/stream?n=1000&ms=50")).await.into_body();
    // The whole takes fifty seconds; the first part is here at once.
    let first = tokio::time::timeout(Duration::from_secs(10), body.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "0\n");
}
