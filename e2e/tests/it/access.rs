//! The key: what needs it, and what is open.

use e2e::sockets::Socket;
use e2e::stack::{Plan, Stack};
use reqwest::Method;
use serde_json::json;

/// The key of this test.
const KEY: &str = "a-key-for-tests";

#[tokio::test]
async fn a_key_closes_everything_but_health() -> anyhow::Result<()> {
    let stack: Stack = Plan::default().api_key(KEY).start().await?;
    assert!(stack.api.sessions().await?.is_empty(), "the key opens it");
    let shop = stack.linked("shop", "Shop").await?;

    let nobody = stack.api.with_key(None);
    let stranger = stack.api.with_key(Some("another"));
    let text = json!({ "sessionId": "shop", "chatId": shop.number, "message": "from nobody" });
    for path in ["/api/whatsapp/sessions", "/api/whatsapp/sessions/shop/qr", "/api/whatsapp/nothing"] {
        let (none, wrong) = (nobody.get(path).await?, stranger.get(path).await?);
        assert_eq!((none.status, none.code()), (401, "missing_api_key"), "{path}");
        assert_eq!(none.body["message"], "Missing X-Api-Key header");
        assert_eq!((wrong.status, wrong.code()), (403, "invalid_api_key"), "{path}");
    }
    assert_eq!((nobody.send(&text, None).await?.status, stranger.send(&text, None).await?.status), (401, 403));
    assert_eq!((nobody.connect("mine").await?.status, nobody.delete("shop").await?.status), (401, 401));
    assert_eq!(stack.api.sessions().await?.len(), 1);
    assert!(stack.phones.messages(&shop.number).await?.is_empty());

    let stats = "/api/websocket/stats";
    assert_eq!((nobody.get(stats).await?.status, stranger.get(stats).await?.status), (401, 403));
    assert_eq!(nobody.get("/api/health").await?.status, 200);
    assert_eq!(nobody.get("/api/ready").await?.status, 200);

    for options in [json!({}), json!({ "auth": { "apiKey": "another" } }), json!({ "query": { "apiKey": "another" } })]
    {
        let mut socket = Socket::open(stack.api.base(), &options)?;
        let first = socket.expect("an answer", |event| event.name.starts_with("connect")).await?;
        assert_eq!(first.name, "connect_error", "{options}");
    }
    let mut sockets = Vec::new();
    for options in [
        json!({ "auth": { "apiKey": KEY } }),
        json!({ "extraHeaders": { "X-Api-Key": KEY } }),
        json!({ "query": { "apiKey": KEY }, "transports": ["websocket"] }),
    ] {
        let mut socket = Socket::connected(stack.api.base(), &options).await?;
        socket.subscribe("shop").await?;
        sockets.push(socket);
    }
    let counted = stack.api.get(stats).await?;
    assert_eq!(counted.body["data"], json!({ "totalConnections": 3, "sessionRooms": { "shop": 3 } }));
    stack.stop().await
}

#[tokio::test]
async fn a_login_of_the_dashboard_opens_what_the_key_opens() -> anyhow::Result<()> {
    let stack: Stack = Plan::default().api_key(KEY).setting("DASHBOARD_PASSWORD", "secret").start().await?;
    let (nobody, here) = (stack.api.with_key(None), stack.api.base().to_owned());
    let body = json!({ "username": "admin", "password": "secret" });
    let login = nobody.request(Method::POST, "/api/dashboard/login").header("origin", &here).json(&body).send().await?;
    let set = login.headers()["set-cookie"].to_str()?.to_owned();
    let cookie = set.split(';').next().unwrap_or_default().to_owned();

    let places = ["/api/whatsapp/sessions", "/api/dashboard/session", "/api/websocket/stats", "/api/sandbox/phones"];
    for (origin, status) in [(here.as_str(), 200), ("https://evil.example", 401)] {
        for path in places {
            let request = nobody.request(Method::GET, path).header("origin", origin).header("cookie", &cookie);
            assert_eq!(stack.api.ask(request).await?.status, status, "{path} from {origin}");
        }
        let headers = json!({ "Cookie": cookie, "Origin": origin });
        let mut socket = Socket::open(&here, &json!({ "extraHeaders": headers, "transports": ["websocket"] }))?;
        let first = socket.expect("an answer", |event| event.name.starts_with("connect")).await?;
        assert_eq!(first.name == "connect", status == 200, "{origin}: {first:?}");
    }
    for path in places {
        assert_eq!(nobody.get(path).await?.status, 401, "{path} without a login");
    }

    let request = nobody.request(Method::POST, "/api/sandbox/phones").header("origin", &here).header("cookie", &cookie);
    let made = stack.api.ask(request.json(&json!({ "name": "Made here" }))).await?;
    let number = made.body["data"]["number"].as_str().unwrap_or_default().to_owned();
    assert_eq!(stack.phones.phone(&number).await?.name, "Made here", "{made:?}");

    let request = nobody.request(Method::POST, "/api/dashboard/logout").header("origin", &here);
    assert_eq!(stack.api.ask(request.header("cookie", &cookie)).await?.status, 200);
    for path in places {
        let request = nobody.request(Method::GET, path).header("origin", &here).header("cookie", &cookie);
        assert_eq!(stack.api.ask(request).await?.status, 401, "{path} after the logout");
    }
    stack.stop().await
}

#[tokio::test]
async fn guessing_the_dashboards_password_is_slow_and_seen() -> anyhow::Result<()> {
    let stack = Plan::default().setting("DASHBOARD_PASSWORD", "the-password-itself").start().await?;
    let attempt = async |password: &str| {
        let body = json!({ "username": "admin", "password": password });
        stack.api.ask(stack.api.request(Method::POST, "/api/dashboard/login").json(&body)).await
    };
    assert_eq!(attempt("the-password-itself").await?.status, 200);
    for _ in 0..10 {
        let wrong = attempt("a-wrong-guess").await?;
        assert_eq!((wrong.status, wrong.code()), (401, "invalid_credentials"), "{wrong:?}");
    }
    assert_eq!(attempt("a-wrong-guess").await?.status, 429);
    assert_eq!(attempt("the-password-itself").await?.status, 429);
    let output = stack.output()?;
    assert!(output.contains("WARN") && output.contains("a dashboard login from 127.0.0.1 failed"), "{output}");
    assert!(!output.contains("a-wrong-guess") && !output.contains("the-password-itself"), "{output}");
    stack.stop().await
}

#[tokio::test]
async fn pages_of_other_places_read_what_is_listed() -> anyhow::Result<()> {
    let plan = Plan::default().api_key(KEY).setting("CORS_ORIGIN", "https://shop.example, https://b.example");
    let stack = plan.start().await?;
    for method in [Method::GET, Method::OPTIONS] {
        for (origin, allowed) in [
            (Some("https://shop.example"), Some("https://shop.example")),
            (Some("https://b.example"), Some("https://b.example")),
            (Some("https://shop.example.org"), None),
            (Some("http://shop.example"), None),
            (Some("null"), None),
            (None, None),
        ] {
            let request = stack.api.request(method.clone(), "/api/whatsapp/sessions");
            let request = if let Some(origin) = origin { request.header("origin", origin) } else { request };
            let answer = request.send().await?;
            let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap_or_default());
            assert_eq!(header("access-control-allow-origin"), allowed, "{method} {origin:?}: {answer:?}");
            assert!(header("vary").is_some_and(|vary| vary.contains("Origin")), "{method} {origin:?}: {answer:?}");
        }
    }
    stack.stop().await
}

#[tokio::test]
async fn a_path_is_found_however_it_is_spelled() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    assert_eq!(stack.api.connect("MyShop").await?.status, 200);
    for path in ["/API/WhatsApp/Sessions/MyShop/STATUS", "/api/whatsapp/sessions/MyShop/status/?x=%2F"] {
        let answer = stack.api.get(path).await?;
        assert_eq!((answer.status, &answer.body["data"]["sessionId"]), (200, &json!("MyShop")), "{path}: {answer:?}");
        let head = stack.api.request(Method::HEAD, path).send().await?;
        assert_eq!(
            (head.status(), head.headers()["content-type"].to_str()?),
            (200.try_into()?, "application/json; charset=utf-8")
        );
        assert!(head.headers().contains_key("x-request-id") && head.bytes().await?.is_empty(), "{path}");
    }
    let other = stack.api.get("/api/whatsapp/sessions/myshop/status").await?;
    assert_eq!((other.status, other.code()), (404, "session_not_found"), "a name keeps its case");
    let nowhere = stack.api.request(Method::HEAD, "/api/whatsapp/chats/send-text").send().await?;
    assert_eq!(nowhere.status(), 404);
    stack.stop().await
}
