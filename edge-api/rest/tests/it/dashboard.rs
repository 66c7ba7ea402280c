//! Logins of the dashboard: who gets one, what it opens, and when it is over.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use redis::AsyncCommands;
use serde_json::json;

use crate::api::{Api, Reply};

/// A page of this server.
const HERE: [(&str, &str); 2] = [("host", "shop.example"), ("origin", "https://shop.example")];

/// A page of another place.
const ELSEWHERE: [(&str, &str); 2] = [("host", "shop.example"), ("origin", "https://evil.example")];

async fn api() -> Api {
    Api::start(&[("api_key", "secret"), ("dashboard_password", "hunter2")]).await
}

fn from(request: Builder, page: &[(&str, &str)]) -> Builder {
    page.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

async fn log_in(api: &Api, page: &[(&str, &str)]) -> Reply {
    let body = json!({ "username": "admin", "password": "hunter2" }).to_string();
    let request = from(Request::post("/api/dashboard/login"), page).header("content-type", "application/json");
    let reply = api.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(reply.json(), json!({ "success": true, "message": "Login successful" }), "as the original answers");
    reply
}

/// The cookie as a browser sends it back.
fn cookie(reply: &Reply) -> String {
    let set = reply.header("set-cookie").unwrap();
    set.split(';').next().unwrap().to_owned()
}

async fn ask(api: &Api, method: &str, path: &str, page: &[(&str, &str)], cookie: &str) -> Reply {
    let request = from(Request::builder().method(method).uri(path), page).header("cookie", cookie);
    api.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_login_stands_for_the_key_until_it_is_over() {
    let mut api = api().await;
    let reply = log_in(&api, &HERE).await;
    let set = reply.header("set-cookie").unwrap();
    for part in ["chatery_session=", "; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure"), "it came over plain HTTP: {set}");
    let cookie = cookie(&reply);

    let sessions = ask(&api, "GET", "/api/whatsapp/sessions", &HERE, &cookie).await;
    assert_eq!(sessions.assert_success("Sessions retrieved"), json!([]));
    let session = ask(&api, "GET", "/api/dashboard/session", &HERE, &cookie).await.json();
    assert_eq!(
        (&session["data"]["username"], &session["data"]["sandbox"], &session["data"]["defaultNetwork"]),
        (&json!("admin"), &json!(false), &json!("live"))
    );

    // What is in Redis opens nothing.
    let token = cookie.split_once('=').unwrap().1;
    let keys: Vec<String> = api.redis.keys("chatery:login:*").await.unwrap();
    assert_eq!(keys.len(), 1);
    assert!(!keys[0].contains(token));
    let left: i64 = api.redis.ttl(&keys[0]).await.unwrap();
    assert!((43_000..=43_200).contains(&left), "{left}");

    let over = ask(&api, "POST", "/api/dashboard/logout", &HERE, &cookie).await;
    assert_eq!(over.json()["message"], "Logged out");
    assert!(over.header("set-cookie").unwrap().starts_with("chatery_session=; Path=/; Max-Age=0;"));
    let refused = ask(&api, "GET", "/api/whatsapp/sessions", &HERE, &cookie).await;
    refused.assert_failure(401, "missing_api_key", "Missing X-Api-Key header");
    ask(&api, "GET", "/api/dashboard/session", &HERE, &cookie).await.assert_failure(
        401,
        "missing_api_key",
        "Missing X-Api-Key header",
    );
}

#[tokio::test]
async fn pages_of_other_places_get_and_use_no_login() {
    let api = api().await;
    assert_eq!(log_in(&api, &ELSEWHERE).await.header("set-cookie"), None);
    assert_eq!(log_in(&api, &[]).await.header("set-cookie"), None, "nor do scripts");
    let cookie = cookie(&log_in(&api, &HERE).await);
    let site = |site| [("host", "shop.example"), ("sec-fetch-site", site)];
    for (method, path, page, status) in [
        ("GET", "/api/whatsapp/sessions", ELSEWHERE, 401),
        ("DELETE", "/api/whatsapp/sessions/shop", ELSEWHERE, 401),
        ("DELETE", "/api/whatsapp/sessions/shop", site("cross-site"), 401),
        ("DELETE", "/api/whatsapp/sessions/shop", site("none"), 401),
        ("DELETE", "/api/whatsapp/sessions/shop", site("same-origin"), 404),
        ("GET", "/api/whatsapp/sessions", site("none"), 200),
        ("GET", "/api/whatsapp/sessions", HERE, 200),
    ] {
        assert_eq!(ask(&api, method, path, &page, &cookie).await.status, status, "{method} {path} {page:?}");
    }
    let unsigned = Request::delete("/api/whatsapp/sessions/shop").header("cookie", &cookie).body(Body::empty());
    assert_eq!(api.send(unsigned.unwrap()).await.status, 401, "a change has to show where it comes from");
    // A logout from elsewhere ends nothing.
    assert_eq!(ask(&api, "POST", "/api/dashboard/logout", &ELSEWHERE, &cookie).await.status, 200);
    assert_eq!(ask(&api, "GET", "/api/whatsapp/sessions", &HERE, &cookie).await.status, 200);
}

#[tokio::test]
async fn a_login_is_asked_for_where_the_api_is_open_too() {
    let api = Api::start(&[("dashboard_password", "hunter2")]).await;
    let path = "/api/dashboard/session";
    api.call("GET", path).await.assert_failure(401, "not_logged_in", "Nobody is logged in");
    let cookie = cookie(&log_in(&api, &HERE).await);
    assert_eq!(ask(&api, "GET", path, &HERE, &cookie).await.status, 200);
    let forged = format!("chatery_session={}", "0".repeat(64));
    assert_eq!(ask(&api, "GET", path, &HERE, &forged).await.status, 401);
}

#[tokio::test]
async fn behind_a_proxy_with_tls_the_cookie_stays_with_tls() {
    let api = api().await;
    let page = [HERE[0], HERE[1], ("x-forwarded-proto", "https")];
    let set = log_in(&api, &page).await.header("set-cookie").unwrap().to_owned();
    assert!(set.ends_with("; Secure"), "{set}");
}
