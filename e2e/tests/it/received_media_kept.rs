//! Files over time: what crashes, absent buckets and large files do to them, and when they go.

use e2e::bucket::Bucket;
use e2e::files::{File, Files};
use e2e::host::Host;
use e2e::simulator::Simulator;
use e2e::stack::{Plan, Stack};
use e2e::wait::{SOON, Seen, wait_for};
use redis::Commands as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::received_media::{Scene, file, hears, link, noise};

/// Milliseconds of two days.
const TWO_DAYS: u64 = 2 * 24 * 3600 * 1000;

/// Most that the process may grow by while a large file passes through: a small part of the file.
const ROOM_KIB: u64 = 24 * 1024;

/// What the kernel is told to forget a process's peak with.
const RESET_PEAK: &str = "5";

fn picture(bytes: &[u8]) -> Value {
    json!({ "image": file(bytes, json!({ "mimeType": "image/jpeg" })) })
}

fn on(bucket: &Bucket) -> Plan {
    bucket.environment().iter().fold(Plan::default(), |plan, (name, value)| plan.setting(name, value))
}

/// Follows a link until the file is there.
async fn arrives(stack: &Stack, link: &str) -> anyhow::Result<Vec<u8>> {
    let look = async || {
        let answer = stack.follow(link).await?;
        Ok(if answer.status == 200 { Seen::Fact(answer.bytes) } else { Seen::NotYet(answer.code()) })
    };
    wait_for("the file", SOON, look).await
}

async fn left_in(bucket: &Bucket, count: usize) -> anyhow::Result<()> {
    let look = async || Ok(Seen::when(bucket.keys().await?, |keys| keys.len() == count));
    wait_for("the files in the bucket", 2 * SOON, look).await.map(drop)
}

async fn left(stack: &Stack, count: usize) -> anyhow::Result<()> {
    let look = async || Ok(Seen::when(stack.files_in_bucket("shop"), |left| *left == count));
    wait_for("the files in the bucket", 2 * SOON, look).await.map(drop)
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_download_loses_nothing() -> anyhow::Result<()> {
    let simulator = Simulator::start().await?;
    let Scene { mut stack, mut socket, shop, alice } = Scene::on(Plan::default().on(&simulator).await?).await?;
    let bytes = noise(1_000_000, 1);
    simulator.phones.media_trouble(json!({ "bytesPerSecond": 20_000 })).await?;
    let id = stack.phones.sends(&alice, &shop, &picture(&bytes)).await?;
    let link = link(&hears(&mut socket, "message", &id).await?);
    // The bytes go into a file without a name, which only the process itself has open.
    let pid = stack.pid()?;
    let look = async || Ok(Seen::when(largest_nameless_file(pid)?, |size| *size > 30_000));
    wait_for("the download", SOON, look).await?;
    stack.kill()?;
    simulator.phones.media_trouble(json!({ "bytesPerSecond": 0 })).await?;
    stack.start_again().await?;
    assert!(arrives(&stack, &link).await? == bytes);
    assert_eq!(stack.files_in_bucket("shop"), 1);
    stack.stop().await
}

#[tokio::test]
async fn a_chat_cleared_in_the_middle_of_a_download_leaves_nothing() -> anyhow::Result<()> {
    let Scene { stack, mut socket, shop, alice } = Scene::begin().await?;
    stack.phones.media_trouble(json!({ "bytesPerSecond": 20_000 })).await?;
    let id = stack.phones.sends(&alice, &shop, &picture(&noise(200_000, 1))).await?;
    let link = link(&hears(&mut socket, "message", &id).await?);
    let pid = stack.pid()?;
    let begun = async || Ok(Seen::when(largest_nameless_file(pid)?, |size| *size > 0));
    wait_for("the download", SOON, begun).await?;
    stack.phones.arrange_chat(&shop, &alice, json!({ "cleared": true })).await?;
    let look = async || Ok(Seen::when(stack.follow(&link).await?.code(), |code| code == "media_not_found"));
    wait_for("the end of the message", SOON, look).await?;
    let over = async || Ok(Seen::when(largest_nameless_file(pid)?, |size| *size == 0));
    wait_for("the end of the download", SOON, over).await?;
    let nothing = async || {
        let left = (stack.files_in_bucket("shop"), redis_keys(&stack, "chatery:{shop}:media*")?);
        Ok(Seen::when(left, |(files, keys)| *files == 0 && keys.is_empty()))
    };
    wait_for("the end of the file", 2 * SOON, nothing).await?;
    stack.stop().await
}

fn redis_keys(stack: &Stack, pattern: &str) -> anyhow::Result<Vec<String>> {
    Ok(redis::cmd("KEYS").arg(pattern).query(&mut stack.redis()?.get_connection()?)?)
}

#[tokio::test]
async fn a_file_goes_when_its_message_is_too_far_back() -> anyhow::Result<()> {
    let mut scene = Scene::begin().await?;
    let message = scene.receive(&picture(&noise(3_000, 1))).await?;
    assert_eq!(scene.stack.follow(&link(&message)).await?.status, 200);
    // As many as a chat keeps.
    for number in 0..1_000 {
        scene.stack.phones.send(&scene.alice, &scene.shop, &format!("line {number}")).await?;
    }
    let look =
        async || Ok(Seen::when(scene.stack.follow(&link(&message)).await?.code(), |code| code == "media_not_found"));
    wait_for("the end of the message", SOON, look).await?;
    left(&scene.stack, 0).await?;
    scene.stack.stop().await
}

/// The size of the largest file on the disk that a process has open and that has no name any more.
fn largest_nameless_file(pid: u32) -> anyhow::Result<u64> {
    let mut largest = 0;
    for entry in std::fs::read_dir(format!("/proc/{pid}/fd"))?.flatten() {
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        let target = target.to_string_lossy();
        if target.ends_with("(deleted)") && !target.contains("/memfd:") {
            largest = largest.max(std::fs::metadata(entry.path()).map_or(0, |file| file.len()));
        }
    }
    Ok(largest)
}

#[tokio::test]
async fn another_server_does_as_well() -> anyhow::Result<()> {
    let bucket = Bucket::start().await?;
    let mut scene = Scene::on(on(&bucket)).await?;
    let bytes = noise(9_000_000, 1);
    let video = json!({ "video": file(&bytes, json!({ "mimeType": "video/mp4" })) });
    let message = scene.receive(&video).await?;
    let link = link(&message);
    assert!(scene.stack.follow(&link).await?.bytes == bytes);
    let part = scene.stack.follow_with(Method::GET, &link, &[("range", "bytes=8999990-")]).await?;
    assert_eq!((part.status, part.header("content-range")), (206, "bytes 8999990-8999999/9000000"));
    assert!(part.bytes == bytes[8_999_990..]);
    let keys = bucket.keys().await?;
    assert_eq!(keys.len(), 1);
    assert!(link.contains(&keys[0]) && keys[0].starts_with("shop/"), "{keys:?}");

    // What goes with its chat.
    let small = scene.receive(&picture(&noise(3_000, 2))).await?;
    assert_eq!(scene.stack.follow(&crate::received_media::link(&small)).await?.status, 200);
    scene.stack.phones.arrange_chat(&scene.shop, &scene.alice, json!({ "cleared": true })).await?;
    left_in(&bucket, 0).await?;
    assert_eq!(scene.stack.follow(&link).await?.code(), "media_not_found");

    let last = scene.receive(&picture(&noise(3_000, 3))).await?;
    assert_eq!(scene.stack.follow(&crate::received_media::link(&last)).await?.status, 200);
    assert_eq!(scene.stack.api.delete("shop").await?.status, 200);
    left_in(&bucket, 0).await?;
    scene.stack.stop().await
}

#[tokio::test]
async fn files_wait_for_their_bucket() -> anyhow::Result<()> {
    let mut bucket = Bucket::absent()?;
    let mut scene = Scene::on(on(&bucket)).await?;
    let bytes = noise(30_000, 1);
    let message = scene.receive(&picture(&bytes)).await?;
    let link = link(&message);
    let answer = scene.stack.follow(&link).await?;
    assert_eq!((answer.status, answer.code().as_str()), (503, "media_pending"));
    assert_eq!(answer.header("retry-after"), "5");
    bucket.appear().await?;
    assert!(arrives(&scene.stack, &link).await? == bytes);
    scene.stack.stop().await
}

#[tokio::test]
async fn a_session_deleted_while_the_bucket_is_away_leaves_nothing() -> anyhow::Result<()> {
    let bucket = Bucket::start().await?;
    let Scene { mut stack, mut socket, shop, alice } = Scene::on(on(&bucket)).await?;
    let id = stack.phones.sends(&alice, &shop, &picture(&noise(3_000, 1))).await?;
    let old = link(&hears(&mut socket, "message", &id).await?);
    assert_eq!(stack.follow(&old).await?.status, 200);

    bucket.freeze()?;
    assert_eq!(stack.api.delete("shop").await?.status, 200);
    let look = async || Ok(Seen::when(stack.api.sessions().await?.len(), |sessions| *sessions == 0));
    wait_for("the end of the session", SOON, look).await?;
    assert_eq!(stack.follow(&old).await?.code(), "media_not_found");
    stack.kill()?;
    bucket.thaw()?;
    assert_eq!(bucket.keys().await?.len(), 1);

    // A new session of the same name keeps what it has.
    stack.start_again().await?;
    stack.link("shop", &stack.phones.phone(&shop).await?).await?;
    let mut socket = stack.socket().await?;
    socket.subscribe("shop").await?;
    let id = stack.phones.sends(&alice, &shop, &picture(&noise(3_000, 2))).await?;
    let new = link(&hears(&mut socket, "message", &id).await?);
    let look = async || Ok(Seen::when(bucket.keys().await?, |keys| keys.len() == 1 && new.contains(&keys[0])));
    wait_for("the end of the old file", 2 * SOON, look).await?;
    assert!(stack.follow(&new).await?.bytes == noise(3_000, 2));
    stack.stop().await
}

#[tokio::test]
async fn the_oldest_go_when_there_is_no_room() -> anyhow::Result<()> {
    let mut scene = Scene::on(Plan::default().setting("MEDIA_MAX_TOTAL_BYTES", "9000")).await?;
    let mut messages = Vec::new();
    for seed in 1..=4 {
        let message = scene.receive(&picture(&noise(4_000, seed))).await?;
        assert_eq!(scene.stack.follow(&link(&message)).await?.status, 200);
        messages.push(message);
    }
    for message in &messages[..2] {
        let update = scene.update(message).await?;
        assert_eq!(update["update"], json!({ "mediaUrl": null, "mediaError": "media_expired" }), "{update}");
        assert_eq!(scene.stack.follow(&link(message)).await?.code(), "media_not_found");
    }
    left(&scene.stack, 2).await?;
    for message in &messages[2..] {
        assert_eq!(scene.stack.follow(&link(message)).await?.status, 200);
    }
    let page = scene.stack.api.page("shop", &scene.alice, 10, None).await?;
    let links: Vec<bool> = page.messages.iter().map(|message| message.media_url.is_some()).collect();
    assert_eq!(links, [true, true, false, false]);
    scene.stack.stop().await
}

#[tokio::test]
async fn what_is_too_old_goes() -> anyhow::Result<()> {
    let mut scene = Scene::on(Plan::default().setting("MEDIA_MAX_AGE_DAYS", "1")).await?;
    let old = scene.receive(&picture(&noise(4_000, 1))).await?;
    let new = scene.receive(&picture(&noise(4_000, 2))).await?;
    for message in [&old, &new] {
        assert_eq!(scene.stack.follow(&link(message)).await?.status, 200);
    }
    // As if it had been stored the day before yesterday.
    let mut redis = scene.stack.redis()?.get_connection()?;
    let records: Vec<(String, String)> =
        redis.hgetall::<_, std::collections::BTreeMap<_, _>>("chatery:{shop}:media")?.into_iter().collect();
    let (name, record) = records.into_iter().find(|(name, _)| link(&old).contains(name)).expect("a record");
    let mut record: Value = serde_json::from_str(&record)?;
    let at = record["at"].as_u64().expect("a time") - TWO_DAYS;
    record["at"] = json!(at);
    let _: () = redis.hset("chatery:{shop}:media", &name, record.to_string())?;
    let _: () = redis.zadd("chatery:{shop}:media:kept", &name, at)?;

    let answer = scene.stack.follow(&link(&old)).await?;
    assert_eq!((answer.status, answer.code().as_str()), (404, "media_not_found"));
    let update = scene.update(&old).await?;
    assert_eq!(update["update"]["mediaError"], "media_expired", "{update}");
    left(&scene.stack, 1).await?;
    assert_eq!(scene.stack.follow(&link(&new)).await?.status, 200);
    scene.stack.stop().await
}

#[tokio::test]
async fn a_large_file_takes_little_memory() -> anyhow::Result<()> {
    let simulator = Simulator::start().await?;
    let large = noise(60_000_000, 1);
    let files = Files::start([("/film.mp4", File::Bytes(large.clone()))]).await?;
    let Scene { stack, mut socket, shop, .. } = Scene::on(Plan::default().on(&simulator).await?).await?;
    // Another account sends it, since phones of the network take smaller ones only.
    stack.linked("sender", "Sender").await?;
    let film = json!({
        "sessionId": "sender", "chatId": shop, "documentUrl": files.url("/film.mp4"), "filename": "film.mp4", "mimetype": "video/mp4",
    });
    stack.api.send_text("sender", &shop, "a film follows").await?;
    // What the start took does not count.
    std::fs::write(format!("/proc/{}/clear_refs", stack.pid()?), RESET_PEAK)?;
    let before = peak(stack.pid()?)?;
    let sent = stack.api.post("/api/whatsapp/chats/send-document", &film).await?;
    assert_eq!(sent.status, 200, "{sent:?}");
    let id = sent.body["data"]["messageId"].as_str().expect("an id");
    let message = hears(&mut socket, "message", id).await?;
    assert!(arrives(&stack, &link(&message)).await? == large);
    let after = peak(stack.pid()?)?;
    assert!(after < before + ROOM_KIB, "the process grew from {before} to {after} KiB");
    stack.stop().await
}

/// The most memory that a process had since that was reset, in KiB.
fn peak(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

#[tokio::test]
async fn files_of_the_past_are_fetched_when_they_are_asked_for() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let (shop, alice) = (stack.phones.create("Shop").await?, stack.phones.create("Alice").await?);
    let group = stack.phones.create_group(&alice.number, "Market", &[&shop.number]).await?;
    for (seed, (from, to)) in (1..).zip([(&alice, &shop.number), (&shop, &alice.number), (&alice, &group)]) {
        stack.phones.sends(&from.number, to, &picture(&noise(5_000, seed))).await?;
    }
    stack.link("shop", &shop).await?;
    let links = async |chat: &str, count: usize| {
        let look = async || {
            let page = stack.api.page("shop", chat, 10, None).await?;
            let links: Vec<String> = page.messages.iter().rev().filter_map(|it| it.media_url.clone()).collect();
            Ok(Seen::when(links, |links| links.len() == count))
        };
        wait_for("the links of the past", SOON, look).await
    };
    let (between, in_group) = (links(&alice.number, 2).await?, links(&group, 1).await?);
    assert_eq!(stack.files_in_bucket("shop"), 0, "nobody asked");
    assert!(stack.follow(&between[0]).await?.bytes == noise(5_000, 1));
    assert!(stack.follow(&between[1]).await?.bytes == noise(5_000, 2));
    // WhatsApp does not have it any more; the phone does.
    stack.phones.media_trouble(json!({ "expire": "all" })).await?;
    assert!(stack.follow(&in_group[0]).await?.bytes == noise(5_000, 3));
    assert_eq!(stack.files_in_bucket("shop"), 3);
    stack.stop().await
}

#[tokio::test]
async fn any_host_serves_what_another_one_fetches() -> anyhow::Result<()> {
    let bucket = Bucket::start().await?;
    let stack = on(&bucket).start().await?;
    let (shop, alice) = (stack.phones.create("Shop").await?, stack.phones.create("Alice").await?);
    stack.phones.sends(&alice.number, &shop.number, &picture(&noise(5_000, 1))).await?;
    stack.link("shop", &shop).await?;
    let look = async || {
        let page = stack.api.page("shop", &alice.number, 1, None).await?;
        let link = page.messages.first().and_then(|message| message.media_url.clone());
        Ok(link.map_or_else(|| Seen::NotYet("no link".to_owned()), Seen::Fact))
    };
    let link = wait_for("the link of the past", SOON, look).await?;
    // The session runs on the first host, the link is followed on the second, and nobody has asked for the file before.
    let other = Host::beside(&stack, &bucket.environment()).await?;
    let answer = other.api.follow(Method::GET, &link, &[]).await?;
    assert_eq!((answer.status, answer.bytes == noise(5_000, 1)), (200, true), "{:?}", answer.headers);
    let (path, _) = link.split_once('?').expect("a proof");
    assert_eq!(other.api.follow(Method::GET, path, &[]).await?.status, 403);
    stack.stop().await
}
