//! What people send, from their phones to whoever follows the link in the message: every kind, in parts, to strangers, and what became of
//! it when something went wrong on the way.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::links::Linked;
use e2e::sockets::Socket;
use e2e::stack::{Plan, Stack};
use e2e::wait::{SOON, Seen, wait_for};
use reqwest::Method;
use serde_json::{Value, json};

/// A linked account, somebody who writes to it, and a client that listens.
pub(crate) struct Scene {
    pub(crate) stack: Stack,
    pub(crate) socket: Socket,
    pub(crate) shop: String,
    pub(crate) alice: String,
}

impl Scene {
    pub(crate) async fn begin() -> anyhow::Result<Self> {
        Self::on(Plan::default()).await
    }

    pub(crate) async fn on(plan: Plan) -> anyhow::Result<Self> {
        let stack = plan.start().await?;
        let shop = stack.linked("shop", "Shop").await?.number;
        let alice = stack.phones.create("Alice").await?.number;
        let mut socket = stack.socket().await?;
        socket.subscribe("shop").await?;
        Ok(Self { stack, socket, shop, alice })
    }

    /// Alice sends something to the shop; the message as clients hear of it.
    pub(crate) async fn receive(&mut self, content: &Value) -> anyhow::Result<Value> {
        let id = self.stack.phones.sends(&self.alice, &self.shop, content).await?;
        hears(&mut self.socket, "message", &id).await
    }

    /// The update of a message's file.
    pub(crate) async fn update(&mut self, message: &Value) -> anyhow::Result<Value> {
        let is_it =
            |update: &Value| update["key"]["id"] == message["id"] && update["update"].get("mediaError").is_some();
        let fits = |event: &e2e::sockets::Event| event.name == "message.update" && is_it(&event.payload["update"][0]);
        Ok(self.socket.expect("an update of the file", fits).await?.payload["update"][0].clone())
    }
}

pub(crate) async fn hears(socket: &mut Socket, name: &str, id: &str) -> anyhow::Result<Value> {
    let fits = |event: &e2e::sockets::Event| event.name == name && event.payload["message"]["id"] == id;
    Ok(socket.expect(&format!("{name} {id}"), fits).await?.payload["message"].clone())
}

pub(crate) fn link(message: &Value) -> String {
    message["mediaUrl"].as_str().unwrap_or_else(|| panic!("no link: {message}")).to_owned()
}

/// Bytes that are of no kind in particular, and different for each `seed`.
pub(crate) fn noise(length: usize, seed: u8) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

pub(crate) fn file(bytes: &[u8], fields: Value) -> Value {
    let mut file = fields;
    file["data"] = json!(STANDARD.encode(bytes));
    file
}

fn is_closed(answer: &Linked) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{:?}", answer.headers);
    assert!(
        answer.header("content-security-policy").starts_with("sandbox; default-src 'none'"),
        "{:?}",
        answer.headers
    );
}

#[tokio::test]
async fn every_kind_is_kept() -> anyhow::Result<()> {
    let mut scene = Scene::begin().await?;
    let kinds = [
        ("image", json!({ "mimeType": "image/jpeg", "caption": "Look" }), "image", "image/jpeg", "jpg", "inline"),
        ("image", json!({ "mimeType": "image/png" }), "image", "image/png", "png", "inline"),
        ("video", json!({ "mimeType": "video/mp4", "seconds": 3 }), "video", "video/mp4", "mp4", "inline"),
        ("video", json!({ "mimeType": "video/mp4", "gif": true }), "video", "video/mp4", "mp4", "inline"),
        ("video", json!({ "mimeType": "video/mp4", "note": true }), "video", "video/mp4", "mp4", "inline"),
        ("audio", json!({ "mimeType": "audio/mpeg", "seconds": 2 }), "audio", "audio/mpeg", "mp3", "inline"),
        ("audio", json!({ "mimeType": "audio/ogg; codecs=opus", "voice": true }), "ptt", "audio/ogg", "ogg", "inline"),
        (
            "document",
            json!({ "mimeType": "application/pdf", "fileName": "Bill.pdf" }),
            "document",
            "application/pdf",
            "pdf",
            "attachment; filename=\"Bill.pdf\"",
        ),
        (
            "document",
            json!({ "mimeType": "application/pdf", "fileName": "Bill.pdf", "caption": "Due" }),
            "document",
            "application/pdf",
            "pdf",
            "attachment",
        ),
        ("sticker", json!({ "mimeType": "image/webp" }), "sticker", "image/webp", "webp", "inline"),
        ("sticker", json!({ "mimeType": "image/webp", "animated": true }), "sticker", "image/webp", "webp", "inline"),
    ];
    let mut sent = 0_u8;
    for around in [json!({}), json!({ "viewOnce": true }), json!({ "ephemeralWrapper": true, "expiresAfter": 86_400 })]
    {
        for (field, about, kind, content_type, extension, disposition) in &kinds {
            let plain = about.get("gif").or(about.get("note")).is_none();
            if around.get("viewOnce").is_some() && !(plain && matches!(*field, "image" | "video")) {
                continue;
            }
            sent += 1;
            let bytes = noise(20_000 + usize::from(sent), sent);
            let mut content = around.clone();
            content[field] = file(&bytes, about.clone());
            let message = scene.receive(&content).await.with_context(|| format!("{field} {about} {around}"))?;
            assert_eq!(message["type"], *kind, "{message}");
            let link = link(&message);
            let folder = format!("/media/shop/{}/", scene.alice);
            assert!(link.starts_with(&folder) && link.contains(&format!(".{extension}?sig=")), "{link}");
            let answer = scene.stack.follow(&link).await?;
            assert_eq!((answer.status, answer.header("content-type")), (200, *content_type), "{:?}", answer.headers);
            assert!(answer.bytes == bytes, "{field} {about}: other bytes");
            assert_eq!(answer.header("content-length"), bytes.len().to_string());
            assert!(answer.header("content-disposition").starts_with(disposition), "{:?}", answer.headers);
            is_closed(&answer);
        }
    }
    // The history has the same links.
    let page = scene.stack.api.page("shop", &scene.alice, 100, None).await?;
    assert_eq!(page.messages.len(), usize::from(sent));
    assert!(page.messages.iter().all(|message| message.media_url.is_some()));
    assert_eq!(scene.stack.files_in_bucket("shop"), usize::from(sent));
    scene.stack.stop().await
}

#[tokio::test]
async fn wherever_it_is_written() -> anyhow::Result<()> {
    let Scene { stack, mut socket, shop, alice } = Scene::begin().await?;
    let picture = |seed| json!({ "image": file(&noise(5_000, seed), json!({ "mimeType": "image/jpeg" })) });
    let group = stack.phones.create_group(&alice, "Market", &[&shop]).await?;

    let id = stack.phones.sends(&alice, &group, &picture(1)).await?;
    let message = hears(&mut socket, "message", &id).await?;
    let digits = group.split('@').next().unwrap_or_default();
    assert!(link(&message).starts_with(&format!("/media/shop/{digits}/")), "{message}");
    assert!(stack.follow(&link(&message)).await?.bytes == noise(5_000, 1));

    // On the account's own phone.
    let id = stack.phones.sends(&shop, &alice, &picture(2)).await?;
    let message = hears(&mut socket, "message.sent", &id).await?;
    assert!(link(&message).starts_with(&format!("/media/shop/{alice}/")), "{message}");
    assert!(stack.follow(&link(&message)).await?.bytes == noise(5_000, 2));

    // A status post, for those who are in the address book.
    stack.phones.name_contact(&alice, &shop, "Shop").await?;
    let id = stack.phones.sends(&alice, "status@broadcast", &picture(3)).await?;
    let message = hears(&mut socket, "message", &id).await?;
    assert!(link(&message).starts_with("/media/shop/status@broadcast/"), "{message}");
    assert!(stack.follow(&link(&message)).await?.bytes == noise(5_000, 3));
    stack.stop().await
}

#[tokio::test]
async fn parts_and_caches() -> anyhow::Result<()> {
    let mut scene = Scene::begin().await?;
    let bytes = noise(300_000, 1);
    let message = scene.receive(&json!({ "video": file(&bytes, json!({ "mimeType": "video/mp4" })) })).await?;
    let (stack, link) = (&scene.stack, link(&message));
    let whole = stack.follow(&link).await?;
    assert_eq!((whole.status, whole.header("accept-ranges")), (200, "bytes"));
    let etag = whole.header("etag").to_owned();
    assert!(etag.len() > 32, "{etag}");

    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=100000-199999", 100_000, 199_999),
        ("bytes=299990-", 299_990, 299_999),
        ("bytes=-5", 299_995, 299_999),
    ] {
        let part = stack.follow_with(Method::GET, &link, &[("range", range)]).await?;
        assert_eq!(
            (part.status, part.header("content-range")),
            (206, format!("bytes {first}-{last}/300000").as_str()),
            "{range}"
        );
        assert!(part.bytes == bytes[first..=last], "{range}");
        is_closed(&part);
    }
    let behind = stack.follow_with(Method::GET, &link, &[("range", "bytes=300000-")]).await?;
    assert_eq!((behind.status, behind.header("content-range")), (416, "bytes */300000"));
    let several = stack.follow_with(Method::GET, &link, &[("range", "bytes=0-1,5-6")]).await?;
    assert_eq!((several.status, several.bytes.len()), (200, 300_000));
    let same = [("range", "bytes=0-9"), ("if-range", etag.as_str())];
    assert_eq!(stack.follow_with(Method::GET, &link, &same).await?.status, 206);
    let other = [("range", "bytes=0-9"), ("if-range", "\"other\"")];
    assert_eq!(stack.follow_with(Method::GET, &link, &other).await?.status, 200);
    let known = stack.follow_with(Method::GET, &link, &[("if-none-match", &etag)]).await?;
    assert_eq!((known.status, known.bytes.len()), (304, 0));

    let head = stack.follow_with(Method::HEAD, &link, &[]).await?;
    assert_eq!((head.status, head.header("content-length"), head.bytes.len()), (200, "300000", 0));
    assert_eq!(head.header("content-type"), "video/mp4");
    let posted = stack.follow_with(Method::POST, &link, &[]).await?;
    assert_eq!((posted.status, posted.code().as_str()), (404, "route_not_found"));
    scene.stack.stop().await
}

#[tokio::test]
async fn links_are_for_those_who_have_them() -> anyhow::Result<()> {
    let mut scene = Scene::on(Plan::default().api_key("k").setting("PUBLIC_URL", "https://wa.example/")).await?;
    let message = scene.receive(&json!({ "image": file(b"picture", json!({ "mimeType": "image/png" })) })).await?;
    let absolute = link(&message);
    let relative = absolute.strip_prefix("https://wa.example").expect("the public origin").to_owned();
    let (path, proof) = relative.split_once("?sig=").expect("a proof");
    let stack = &scene.stack;
    assert_eq!(stack.follow(&relative).await?.bytes, b"picture", "without the API key");
    let turned: String = proof.chars().rev().collect();
    for wrong in [
        path.to_owned(),
        format!("{path}?sig="),
        format!("{path}?sig={turned}"),
        format!("{path}?sig={proof}A"),
        format!("{path}?Sig={proof}"),
    ] {
        let answer = stack.follow(&wrong).await?;
        assert_eq!((answer.status, answer.code().as_str()), (403, "media_forbidden"), "{wrong}");
    }
    // A proof is for one file of one session.
    let name = path.rsplit('/').next().expect("a name");
    let other = path.replace("/shop/", "/other/");
    assert_eq!(stack.follow(&format!("{other}?sig={proof}")).await?.status, 403);
    let zeros = path.replace(name, &format!("{}.png", "0".repeat(32)));
    assert_eq!(stack.follow(&format!("{zeros}?sig={proof}")).await?.status, 403);
    for nowhere in
        ["/media/shop/../../etc/passwd", "/media/shop/%2e%2e/x.jpg", "/media/shop/1/..%2f..%2fx", "/media/s{}/1/x.png"]
    {
        assert_eq!(stack.follow(nowhere).await?.status, 404, "{nowhere}");
    }
    scene.stack.stop().await?;

    let mut scene = Scene::on(Plan::default().setting("MEDIA_AUTH", "off")).await?;
    let message = scene.receive(&json!({ "image": file(b"picture", json!({ "mimeType": "image/png" })) })).await?;
    assert!(!link(&message).contains('?'), "{message}");
    assert_eq!(scene.stack.follow(&link(&message)).await?.bytes, b"picture");
    let nothing = format!("/media/shop/{}/{}.png", scene.alice, "0".repeat(32));
    let answer = scene.stack.follow(&nothing).await?;
    assert_eq!((answer.status, answer.code().as_str()), (404, "media_not_found"));
    scene.stack.stop().await
}

#[tokio::test]
async fn what_a_browser_would_run_is_saved() -> anyhow::Result<()> {
    let mut scene = Scene::begin().await?;
    let page = b"<script>alert(1)</script>";
    for (name, mime, plain) in [
        ("x.html", "text/html", "x.html"),
        ("x.svg", "image/svg+xml", "x.svg"),
        ("../../../evil.html", "text/html; charset=utf-8", "evil.html"),
        ("..\\evil.html", "application/xhtml+xml", "evil.html"),
        ("a\r\nSet-Cookie: x=1", "text/html", "aSet-Cookie_ x_1"),
        ("gnp.\u{202e}lmth", "text/html", "gnp.lmth"),
        ("\"; filename=x.html", "text/html\r\nX-Evil: 1", "__ filename_x.html"),
    ] {
        let document = json!({ "document": file(page, json!({ "mimeType": mime, "fileName": name })) });
        let message = scene.receive(&document).await?;
        let link = link(&message);
        assert!(link.contains(".bin?sig="), "{link}");
        let answer = scene.stack.follow(&link).await?;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/octet-stream"), "{name:?}");
        let disposition = answer.header("content-disposition");
        assert!(disposition.starts_with(&format!("attachment; filename=\"{plain}\"")), "{name:?}: {disposition}");
        assert!(!answer.headers.contains_key("set-cookie") && !answer.headers.contains_key("x-evil"), "{name:?}");
        assert_eq!(answer.bytes, page);
        is_closed(&answer);
    }
    scene.stack.stop().await
}

#[tokio::test]
async fn what_is_too_large_is_not_kept() -> anyhow::Result<()> {
    let mut scene = Scene::on(Plan::default().setting("MEDIA_MAX_BYTES", "10000")).await?;
    let small = scene.receive(&json!({ "image": file(&noise(10_000, 1), json!({ "mimeType": "image/png" })) })).await?;
    assert_eq!(scene.stack.follow(&link(&small)).await?.bytes.len(), 10_000);
    let large = scene.receive(&json!({ "image": file(&noise(10_001, 2), json!({ "mimeType": "image/png" })) })).await?;
    assert_eq!(large["mediaUrl"], Value::Null, "{large}");
    let update = scene.update(&large).await?;
    assert_eq!(update["update"], json!({ "mediaUrl": null, "mediaError": "media_too_large" }), "{update}");
    assert_eq!(scene.stack.files_in_bucket("shop"), 1);
    scene.stack.stop().await
}

#[tokio::test]
async fn the_phone_gives_again_what_whatsapp_has_lost() -> anyhow::Result<()> {
    let Scene { stack, mut socket, shop, alice } = Scene::begin().await?;
    let group = stack.phones.create_group(&alice, "Market", &[&shop]).await?;
    let sends = [(&alice, &shop, "message"), (&alice, &group, "message"), (&shop, &alice, "message.sent")];
    for (seed, (from, to, event)) in (1..).zip(sends) {
        // The first attempt fails, so that the link can expire before the second.
        stack.phones.media_trouble(json!({ "refuseDownloads": { "status": 503, "times": 1 } })).await?;
        let bytes = noise(40_000, seed);
        let picture = json!({ "image": file(&bytes, json!({ "mimeType": "image/jpeg" })) });
        let id = stack.phones.sends(from, to, &picture).await?;
        let message = hears(&mut socket, event, &id).await?;
        stack.phones.media_trouble(json!({ "expire": "all" })).await?;
        assert!(stack.follow(&link(&message)).await?.bytes == bytes, "{from} to {to}");
    }
    stack.stop().await
}

#[tokio::test]
async fn what_nobody_has_any_more_is_given_up() -> anyhow::Result<()> {
    let mut scene = Scene::begin().await?;
    scene.stack.phones.media_trouble(json!({ "refuseDownloads": { "status": 503, "times": 1 } })).await?;
    let picture = json!({ "image": file(&noise(40_000, 1), json!({ "mimeType": "image/jpeg" })) });
    let message = scene.receive(&picture).await?;
    let id = message["id"].as_str().expect("an id");
    scene.stack.phones.delete_file(&scene.shop, id).await?;
    scene.stack.phones.media_trouble(json!({ "expire": "all" })).await?;
    let update = scene.update(&message).await?;
    assert_eq!(update["update"], json!({ "mediaUrl": null, "mediaError": "media_gone" }), "{update}");
    let key = json!({ "remoteJid": message["chatId"], "id": id, "fromMe": false });
    assert_eq!(update["key"], key, "{update}");
    let page = scene.stack.api.page("shop", &scene.alice, 1, None).await?;
    assert_eq!(page.messages[0].media_url, None);
    let answer = scene.stack.follow(&link(&message)).await?;
    assert_eq!((answer.status, answer.code().as_str()), (404, "media_not_found"));
    scene.stack.stop().await
}

#[tokio::test]
async fn a_deleted_session_leaves_nothing() -> anyhow::Result<()> {
    let mut scene = Scene::begin().await?;
    for seed in 1..4 {
        let picture = json!({ "image": file(&noise(3_000, seed), json!({ "mimeType": "image/jpeg" })) });
        let message = scene.receive(&picture).await?;
        assert_eq!(scene.stack.follow(&link(&message)).await?.status, 200);
    }
    assert_eq!(scene.stack.files_in_bucket("shop"), 3);
    assert_eq!(scene.stack.api.delete("shop").await?.status, 200);
    let left = async || Ok(Seen::when(scene.stack.files_in_bucket("shop"), |left| *left == 0));
    wait_for("the end of the files", SOON, left).await?;
    // Nor does anything say that there was something.
    let look = async || Ok(Seen::when(names(&scene.stack)?, |names| names.iter().all(|name| !name.contains("object"))));
    wait_for("the end of what lay beside them", SOON, look).await?;
    assert!(!scene.stack.data().join("media/chatery-media/shop").exists());
    scene.stack.stop().await
}

/// What lies in the folder of the embedded bucket server.
fn names(stack: &Stack) -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(stack.data().join("media"))?;
    Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}
