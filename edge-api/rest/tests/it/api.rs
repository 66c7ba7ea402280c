//! The API of a test: settings, a Redis of its own, requests in few words.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use edge_core::settings::Settings;
use edge_rest::app::App;
use edge_rest::door;
use http_body_util::BodyExt;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde_json::Value;

use crate::port::NativePort;
use crate::redis_server::RedisServer;

pub(crate) struct Api {
    app: App<NativePort>,
    pub(crate) redis: MultiplexedConnection,
    pub(crate) server: RedisServer,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status, `code` and `message` of a failure.
    #[track_caller]
    pub(crate) fn assert_failure(&self, status: u16, code: &str, message: &str) {
        let json = self.json();
        assert_eq!(
            (self.status.as_u16(), &json["success"], &json["code"], &json["message"]),
            (status, &Value::Bool(false), &Value::from(code), &Value::from(message)),
        );
    }

    #[track_caller]
    pub(crate) fn assert_success(&self, message: &str) -> Value {
        let json = self.json();
        assert_eq!(
            (self.status.as_u16(), &json["success"], &json["message"]),
            (200, &Value::Bool(true), &Value::from(message))
        );
        json["data"].clone()
    }
}

impl Api {
    pub(crate) async fn start(settings: &[(&'static str, &str)]) -> Self {
        let server = RedisServer::start().await;
        let values: HashMap<_, _> =
            [("redis_url", "redis://in.test")].into_iter().chain(settings.iter().copied()).collect();
        let settings = Settings::read(|name| values.get(name).map(|text| (*text).to_owned())).unwrap();
        let app = App::new(NativePort::open(server.client()).await, settings);
        let redis = server.client().get_multiplexed_async_connection().await.unwrap();
        Self { app, redis, server }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = door::answer(&self.app, request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn call(&self, method: &str, path: &str) -> Reply {
        self.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn call_json(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.call_raw(method, path, "application/json", body.to_string()).await
    }

    pub(crate) async fn call_raw(&self, method: &str, path: &str, kind: &str, body: impl Into<Vec<u8>>) -> Reply {
        let body = body.into();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", kind)
            .header("content-length", body.len())
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    /// Writes a session as a host would have left it.
    pub(crate) async fn given_session(&self, id: &str, fields: &[(&str, &str)]) {
        let mut redis = self.redis.clone();
        let key = format!("chatery:{{{id}}}:session");
        let record = [("network", "sandbox"), ("desired", "connected"), ("created", "1700000000000")];
        let all: Vec<_> = record.into_iter().chain(fields.iter().copied()).collect();
        let _: () = redis.hset_multiple(key, &all).await.unwrap();
        let _: () = redis.zadd("chatery:sessions", id, 1_700_000_000_000_u64).await.unwrap();
    }
}
