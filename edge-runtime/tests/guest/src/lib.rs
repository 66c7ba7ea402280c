//! What the tests of edge-runtime need a guest to do, one route each.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use spin_sdk::http::body::{IncomingBodyExt, stream};
use spin_sdk::http::{BoxBody, FullBody, Request, Response, box_body};
use spin_sdk::redis::{Connection, RedisParameter, RedisResult};
use spin_sdk::{http_service, time, variables, wasip3};

/// Requests this instance has had.
static COUNT: AtomicU32 = AtomicU32::new(0);

#[http_service]
async fn handle(request: Request) -> Response<BoxBody> {
    let count = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    let path = request.uri().path().to_owned();
    let query = Query(request.uri().query().unwrap_or_default().to_owned());
    match path.trim_start_matches("/sub") {
        "/hello" => text("hello"),
        "/count" => text(count.to_string()),
        "/headers" => text(headers(&request)),
        "/echo" => echo(request),
        "/stream" => chunks(query.number("n"), query.number("ms")),
        "/sleep" => {
            time::sleep(Duration::from_millis(query.number("ms"))).await;
            text(count.to_string())
        }
        "/panic" => panic!("asked to"),
        "/loop" => endless(),
        "/memory" => text(allocate(query.number("mib")).to_string()),
        "/print" => {
            println!("{}", query.get("out"));
            eprintln!("{}", query.get("err"));
            text("")
        }
        "/env" => text(std::env::vars().map(|(name, value)| format!("{name}={value}\n")).collect::<String>()),
        "/file" => text(format!("{:?}", std::fs::read_to_string(query.get("path")).map_err(|error| error.kind()))),
        "/variable" => text(format!("{:?}", variables::get(query.get("name")).await)),
        "/fetch" => text(fetch(&query.get("url")).await),
        "/redis" => text(redis(&query.get("url"), request).await),
        "/redis-functions" => text(functions(&query.get("url")).await.unwrap_or_else(|error| format!("{error:?}"))),
        "/redis-order" => text(order(&query.get("url")).await),
        "/redis-many" => text(many(&query.get("url"), query.number("n")).await),
        "/background" => {
            let (url, key) = (query.get("url"), query.get("key"));
            wasip3::spawn(async move {
                time::sleep(Duration::from_millis(300)).await;
                if let Ok(connection) = Connection::open(url).await {
                    let _ = connection.set(key, "done").await;
                }
            });
            text("later")
        }
        _ => Response::builder().status(404).body(box_body(FullBody::new(Bytes::from("no such route")))).unwrap(),
    }
}

struct Query(String);

impl Query {
    fn get(&self, name: &str) -> String {
        let pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
    }

    fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or_default()
    }
}

fn text(text: impl Into<Bytes>) -> Response<BoxBody> {
    let text = text.into();
    let length = text.len();
    Response::builder().header("content-length", length).body(box_body(FullBody::new(text))).unwrap()
}

fn headers(request: &Request) -> String {
    let line = |(name, value): (&_, &spin_sdk::http::HeaderValue)| format!("{name}: {}\n", value.to_str().unwrap());
    format!("{} {}\n", request.method(), request.uri()) + &request.headers().iter().map(line).collect::<String>()
}

fn echo(request: Request) -> Response<BoxBody> {
    let (mut sender, body) = stream::<Bytes>();
    let mut incoming = request.into_body().stream();
    wasip3::spawn(async move {
        while let Some(Ok(part)) = incoming.next().await {
            if sender.send(part).await.is_err() {
                break;
            }
        }
    });
    Response::new(box_body(body))
}

fn chunks(number: u64, pause: u64) -> Response<BoxBody> {
    let (mut sender, body) = stream::<String>();
    wasip3::spawn(async move {
        for index in 0..number {
            if sender.send(format!("{index}\n")).await.is_err() {
                break;
            }
            time::sleep(Duration::from_millis(pause)).await;
        }
    });
    Response::new(box_body(body))
}

fn endless() -> ! {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

fn allocate(mebibytes: u64) -> usize {
    let memory = vec![1_u8; (mebibytes as usize) << 20];
    std::hint::black_box(&memory).len() >> 20
}

async fn fetch(url: &str) -> String {
    match spin_sdk::http::get(url).await {
        Ok(response) => {
            let status = response.status();
            let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
            let body = response.into_body().bytes().await;
            format!("{} {location:?} {:?}", status.as_u16(), body)
        }
        Err(error) => format!("{error:?}"),
    }
}

/// Runs the lines of the body as commands, one after the other on one connection; `:1` is a number, `~` a space.
async fn redis(url: &str, request: Request) -> String {
    let body = request.into_body().bytes().await.unwrap();
    let connection = match Connection::open(url).await {
        Ok(connection) => connection,
        Err(error) => return format!("{error:?}"),
    };
    let mut answers = String::new();
    for line in String::from_utf8_lossy(&body).lines() {
        let mut words = line.split(' ');
        let command = words.next().unwrap_or_default();
        let arguments: Vec<RedisParameter> = words
            .map(|word| match word.strip_prefix(':').and_then(|number| number.parse().ok()) {
                Some(number) => RedisParameter::Int64(number),
                None => RedisParameter::Binary(word.replace('~', " ").into_bytes()),
            })
            .collect();
        let answer = match connection.execute(command, arguments).await {
            Ok(results) => results.iter().map(show).collect::<Vec<_>>().join(" "),
            Err(error) => format!("{error:?}"),
        };
        answers += &answer;
        answers.push('\n');
    }
    answers
}

fn show(result: &RedisResult) -> String {
    match result {
        RedisResult::Nil => "nil".to_owned(),
        RedisResult::Status(status) => format!("+{status}"),
        RedisResult::Int64(number) => format!(":{number}"),
        RedisResult::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

async fn functions(url: &str) -> Result<String, spin_sdk::redis::Error> {
    let connection = Connection::open(url).await?;
    let every_byte: Vec<u8> = (0..=255).collect();
    connection.set("f:key", &every_byte).await?;
    let same = connection.get("f:key").await? == Some(every_byte);
    let missing = connection.get("f:missing").await?;
    let counted = (connection.incr("f:count").await?, connection.incr("f:count").await?);
    let added = connection.sadd("f:set", ["a", "b", "a"]).await?;
    let mut members = connection.smembers("f:set").await?;
    members.sort();
    let removed = connection.srem("f:set", ["a", "x"]).await?;
    connection.publish("f:channel", &b"hi".to_vec()).await?;
    let deleted = connection.del(["f:key", "f:count", "f:set", "f:missing"]).await?;
    let wrong = {
        connection.set("f:text", "x").await?;
        let wrong = connection.incr("f:text").await;
        connection.del(["f:text"]).await?;
        wrong
    };
    Ok(format!("{same} {missing:?} {counted:?} {added} {members:?} {removed} {deleted} {wrong:?}"))
}

/// Two commands on one connection are answered in order; a second connection does not wait.
async fn order(url: &str) -> String {
    let (shared, other) = futures::join!(Connection::open(url), Connection::open(url));
    let (shared, other) = (shared.unwrap(), other.unwrap());
    let log = std::cell::RefCell::new(Vec::new());
    let blocking = async {
        let arguments = [RedisParameter::Binary(b"o:none".to_vec()), RedisParameter::Binary(b"0.3".to_vec())];
        shared.execute("BLPOP", arguments).await.unwrap();
        log.borrow_mut().push("blocking");
    };
    let behind = async {
        shared.get("o:x").await.unwrap();
        log.borrow_mut().push("behind");
    };
    let beside = async {
        other.get("o:x").await.unwrap();
        log.borrow_mut().push("beside");
    };
    futures::join!(blocking, behind, beside);
    log.into_inner().join(" ")
}

/// Opens `number` connections, keeps them, then drops one and opens another.
async fn many(url: &str, number: u64) -> String {
    let mut open = Vec::new();
    let mut refused = None;
    for _ in 0..number {
        match Connection::open(url).await {
            Ok(connection) => open.push(connection),
            Err(error) => refused = Some(format!("{error:?}")),
        }
    }
    let opened = open.len();
    open.pop();
    let again = Connection::open(url).await.is_ok();
    format!("{opened} {refused:?} {again}")
}
