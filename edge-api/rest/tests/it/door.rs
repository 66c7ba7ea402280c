//! What every request passes: key, cross-origin headers, spelling, method, length, request id.

use axum::body::Body;
use axum::http::Request;
use contract::function::{Function, LastInvocation};
use contract::keys;
use redis::AsyncCommands;
use serde_json::json;

use crate::api::Api;
use crate::host;

#[tokio::test]
async fn the_key() {
    let api = Api::start(&[("api_key", "secret")]).await;
    let with =
        |path: &str, key: &str| Request::builder().uri(path).header("x-api-key", key).body(Body::empty()).unwrap();
    for path in ["/api/whatsapp/nope", "/api/whatsapp/sessions", "/API/WhatsApp/Sessions/", "/api/whatsapp"] {
        api.call("GET", path).await.assert_failure(401, "missing_api_key", "Missing X-Api-Key header");
        api.send(with(path, "")).await.assert_failure(401, "missing_api_key", "Missing X-Api-Key header");
        for wrong in ["secre", "secret1", "SECRET"] {
            api.send(with(path, wrong)).await.assert_failure(403, "invalid_api_key", "Invalid API key");
        }
    }
    api.send(with("/api/whatsapp/nope", "secret")).await.assert_failure(404, "route_not_found", "Route not found");
    api.send(with("/api/whatsapp/sessions", "secret")).await.assert_success("Sessions retrieved");
    api.call("GET", "/api/nope").await.assert_failure(404, "route_not_found", "Route not found");
    assert_eq!(api.call("GET", "/api/health").await.status, 200);
}

#[tokio::test]
async fn without_a_key_the_api_is_open() {
    for key in ["", "your_api_key_here"] {
        let api = Api::start(&[("api_key", key)]).await;
        assert_eq!(api.call("GET", "/api/whatsapp/sessions").await.assert_success("Sessions retrieved"), json!([]));
    }
}

#[tokio::test]
async fn paths_and_methods() {
    let api = Api::start(&[]).await;
    for path in ["/api/health", "/API/Health", "/api/health/", "/api/health?x=1"] {
        let reply = api.call("GET", path).await;
        assert_eq!(reply.json()["message"], "Server is running", "{path}");
        assert_eq!(reply.header("content-length").unwrap(), reply.body.len().to_string());
    }
    let head = api.call("HEAD", "/api/health").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    for (method, path) in [
        ("POST", "/api/health"),
        ("PUT", "/api/whatsapp/sessions"),
        ("GET", "/api/whatsapp/chats/send-text"),
        ("GET", "/api/whatsapp/sessions/a/connect"),
        ("GET", "/api/whatsapp/sessions/a"),
        ("GET", "/"),
        ("GET", "//"),
    ] {
        api.call(method, path).await.assert_failure(404, "route_not_found", "Route not found");
    }
}

#[tokio::test]
async fn a_session_id_keeps_its_case() {
    let api = Api::start(&[]).await;
    api.given_session("MyShop", &[]).await;
    let data = api.call("GET", "/API/whatsapp/SESSIONS/MyShop/Status/").await.assert_success("Status retrieved");
    assert_eq!(data["sessionId"], "MyShop");
    api.call("GET", "/api/whatsapp/sessions/myshop/status").await.assert_failure(
        404,
        "session_not_found",
        "Session not found",
    );
}

#[tokio::test]
async fn other_origins() {
    let api = Api::start(&[("api_key", "secret")]).await;
    let request = Request::builder()
        .method("OPTIONS")
        .uri("/api/whatsapp/sessions")
        .header("origin", "https://a.example")
        .header("access-control-request-headers", "x-api-key,content-type")
        .body(Body::empty())
        .unwrap();
    let reply = api.send(request).await;
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert_eq!(reply.header("access-control-allow-methods"), Some("GET,HEAD,PUT,PATCH,POST,DELETE"));
    assert_eq!(reply.header("access-control-allow-headers"), Some("x-api-key,content-type"));
    let refused = api.call("GET", "/api/whatsapp/sessions").await;
    assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (401, Some("*")));
}

#[tokio::test]
async fn request_ids() {
    let api = Api::start(&[]).await;
    let given = Request::builder().uri("/api/health").header("x-request-id", "mine-1").body(Body::empty()).unwrap();
    assert_eq!(api.send(given).await.header("x-request-id"), Some("mine-1"));
    let (one, two) = (api.call("GET", "/api/health").await, api.call("GET", "/nope").await);
    assert_eq!(one.header("x-request-id").unwrap().len(), 32);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
}

#[tokio::test]
async fn readiness() {
    let mut api = Api::start(&[]).await;
    let reply = api.call("GET", "/api/ready").await;
    reply.assert_failure(503, "no_host", "No session host is alive");
    let unknown = json!({"webhooks": "unknown"});
    assert_eq!(reply.json()["data"], json!({"functions": unknown, "redis": true, "host": false}));
    host::heartbeat(&api).await;
    assert_eq!(
        api.call("GET", "/api/ready").await.assert_success("Ready"),
        json!({"functions": unknown, "redis": true, "host": true})
    );
    let now = host::now(&mut api.redis).await;
    for (ok, at, state, status) in
        [(false, now, "failed", 503), (false, now - 60_000, "failed", 200), (true, now, "ok", 200)]
    {
        let invocation = LastInvocation { ok, at, error: (!ok).then(|| "no answer".to_owned()) };
        let invocation = serde_json::to_string(&invocation).unwrap();
        let _: () = api.redis.hset(keys::FUNCTIONS, Function::Webhooks.as_str(), invocation).await.unwrap();
        let reply = api.call("GET", "/api/ready").await;
        assert_eq!((reply.status.as_u16(), &reply.json()["data"]["functions"]["webhooks"]), (status, &json!(state)));
        if status == 503 {
            reply.assert_failure(503, "function_failed", "A function of the edge fails: webhooks");
        }
    }
    let _: Result<(), _> = redis::cmd("SHUTDOWN").arg("NOSAVE").query_async(&mut api.redis).await;
    let reply = api.call("GET", "/api/ready").await;
    reply.assert_failure(503, "storage_unavailable", "Storage is unavailable");
    assert_eq!(reply.json()["data"], json!({"functions": unknown, "redis": false, "host": false}));
    api.call("GET", "/api/whatsapp/sessions").await.assert_failure(
        503,
        "storage_unavailable",
        "Storage is unavailable",
    );
}

#[tokio::test]
async fn dashboard_login() {
    let path = "/api/dashboard/login";
    let wrong =
        |reply: crate::api::Reply| reply.assert_failure(401, "invalid_credentials", "Invalid username or password");
    let open = Api::start(&[]).await;
    for body in
        [json!({}), json!({"username": "admin", "password": ""}), json!({"username": "admin", "password": "admin123"})]
    {
        wrong(open.call_json("POST", path, &body).await);
    }
    let api = Api::start(&[("dashboard_password", "hunter2")]).await;
    wrong(api.call("POST", path).await);
    for body in [
        json!([]),
        json!({"username": "Admin", "password": "hunter2"}),
        json!({"username": "admin", "password": ["hunter2"]}),
    ] {
        wrong(api.call_json("POST", path, &body).await);
    }
    let reply = api.call_json("POST", path, &json!({"username": "admin", "password": "hunter2"})).await;
    assert_eq!(reply.json(), json!({"success": true, "message": "Login successful"}));
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    api.call_raw("POST", path, form, "username=admin&password=hunter2").await.assert_success("Login successful");
}

#[tokio::test]
async fn dashboard_logins_are_throttled_by_address_and_in_all() {
    let api = Api::start(&[("dashboard_password", "hunter2"), ("legacy_status", "true")]).await;
    let attempt = async |address: &str, password: &str| {
        let body = json!({ "username": "admin", "password": password }).to_string();
        let request = Request::post("/api/dashboard/login").header("content-type", "application/json");
        // What a client says of itself comes first, and does not count.
        let request = request.header("spin-client-addr", "6.6.6.6:6").header("spin-client-addr", address);
        api.send(request.body(Body::from(body)).unwrap()).await
    };
    let waits = |reply: &crate::api::Reply| {
        reply.assert_failure(429, "too_many_attempts", "Too many login attempts; try again later");
        let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=300).contains(&seconds), "{seconds}");
    };
    for _ in 0..9 {
        assert_eq!(attempt("192.0.2.1:1", "guess").await.status, 401);
    }
    assert_eq!(attempt("192.0.2.1:2", "hunter2").await.status, 200, "the right one is not counted");
    for port in 0..10 {
        assert_eq!(attempt(&format!("192.0.2.1:{port}"), "guess").await.status, 401, "and begins anew");
    }
    waits(&attempt("192.0.2.1:3", "guess").await);
    waits(&attempt("192.0.2.1:3", "hunter2").await);
    assert_eq!(attempt("192.0.2.2:1", "hunter2").await.status, 200, "others are let in");

    // 19 wrong ones so far, of the 100 that all may have together.
    for other in 0..81 {
        assert_eq!(attempt(&format!("198.51.100.{other}:1"), "guess").await.status, 401);
    }
    waits(&attempt("192.0.2.2:1", "hunter2").await);
}
