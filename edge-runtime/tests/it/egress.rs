//! Outgoing HTTP, the allow list and the policy.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::Redirect;
use axum::routing::get as route;
use edge_runtime::{EdgeRuntime, EgressKind, Options};
use tokio::net::TcpListener;

use crate::app::{App, get};
use crate::redis_server::RedisServer;

/// A server to be called by guests.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/text", route(|| async { "from outside" }))
        .route("/moved", route(|| async { Redirect::temporary("/text") }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn load(hosts: &str, options: &Options) -> EdgeRuntime {
    App::new(&format!("allowed_outbound_hosts = {hosts}")).load_with(&[("token", "t")], options).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn allowed_servers_are_reached_and_redirects_are_not_followed() {
    let address = server().await;
    let runtime = load(&format!("[\"http://{address}\"]"), &Options::default());
    assert_eq!(get(&runtime, &format!("/fetch?url=http://{address}/text")).await, "200 None Ok(b\"from outside\")");
    let moved = get(&runtime, &format!("/fetch?url=http://{address}/moved")).await;
    assert_eq!(moved, "307 Some(\"/text\") Ok(b\"\")");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_kept_for_the_next_request() {
    let (sender, mut peers) = tokio::sync::mpsc::channel(8);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let note = move |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
        sender.try_send(peer).unwrap();
        std::future::ready("noted")
    };
    let router = Router::new().route("/text", route(note)).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let runtime = load(&format!("[\"http://{address}\"]"), &Options::default());
    for _ in 0..3 {
        assert_eq!(get(&runtime, &format!("/fetch?url=http://{address}/text")).await, "200 None Ok(b\"noted\")");
    }
    let first = peers.recv().await.unwrap();
    assert_eq!([peers.recv().await.unwrap(), peers.recv().await.unwrap()], [first, first]);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_outside_the_list_and_the_application_itself_are_refused() {
    let address = server().await;
    let runtime = load("[\"http://127.0.0.1:1\", \"http://*.spin.internal\", \"http://self\"]", &Options::default());
    for url in [&format!("http://{address}/text"), "http://guest.spin.internal/hello", "http://self.alt/hello"] {
        assert_eq!(get(&runtime, &format!("/fetch?url={url}")).await, "ErrorCode::HttpRequestDenied", "{url}");
    }
    let refused = get(&runtime, "/fetch?url=http://127.0.0.1:1/").await;
    assert_eq!(refused, "ErrorCode::ConnectionRefused");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_sees_resolved_addresses() {
    let address = server().await;
    let redis = RedisServer::start().await;
    let no_loopback_http = |component: &str, kind: EgressKind, host: &str, address: SocketAddr| {
        assert!(!host.is_empty());
        assert_eq!(component, "guest");
        kind == EgressKind::Redis || !address.ip().is_loopback()
    };
    let options = Options { egress: Arc::new(no_loopback_http), ..Options::default() };
    let runtime = load("[\"http://*:*\", \"redis://*:*\"]", &options);
    for host in ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let answer = get(&runtime, &format!("/fetch?url=http://{host}:{}/text", address.port())).await;
        assert!(!answer.contains("from outside"), "{host}: {answer}");
    }
    let answer = get(&runtime, &format!("/fetch?url=http://{address}/text")).await;
    assert_eq!(answer, "ErrorCode::DestinationIpProhibited");
    let answer = get(&runtime, &format!("/redis-order?url={}", redis.url())).await;
    assert_eq!(answer, "beside blocking behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_can_refuse_redis() {
    let redis = RedisServer::start().await;
    let options =
        Options { egress: Arc::new(|_: &str, _: EgressKind, _: &str, _: SocketAddr| false), ..Options::default() };
    let runtime = load("[\"redis://*:*\"]", &options);
    let answer = get(&runtime, &format!("/redis-functions?url={}", redis.url())).await;
    assert_eq!(answer, "Error::Other(\"no address of this host may be connected to\")");
}
