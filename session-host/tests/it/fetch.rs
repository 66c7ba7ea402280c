//! Files that clients name, against servers that mean no good.

use std::net::SocketAddr;
use std::time::Duration;

use contract::content::Source;
use session_host::fetch::{FetchError, Fetcher};
use session_host::outbound::{AllowedPrivate, Guard, Refused};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server that answers everybody with this, and then goes on with `more` for ever; with nothing, it holds the line.
async fn server(answer: String, more: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                if socket.read(&mut head).await.is_err() || socket.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
                while let Some(more) = more {
                    if more.is_empty() {
                        std::future::pending::<()>().await;
                    }
                    if socket.write_all(more.as_bytes()).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            });
        }
    });
    address
}

fn fetcher(allowed: &str) -> Fetcher {
    Fetcher::new(Guard::new(AllowedPrivate::parse(allowed).unwrap())).unwrap()
}

async fn fetched(fetcher: &Fetcher, url: String, most: u64) -> Result<Vec<u8>, FetchError> {
    fetcher.fetch(&Source::Url(url), most).await.map(|file| std::fs::read(file.path()).unwrap())
}

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn a_name_is_judged_by_what_it_resolves_to() {
    let port = server(HELLO.to_owned(), None).await.port();
    let url = format!("http://localhost:{port}/");
    let refused = fetched(&fetcher("none"), url.clone(), 5).await;
    assert!(matches!(refused, Err(FetchError::Refused(Refused::Private))), "{refused:?}");
    // By its name, and by where it leads.
    for allowed in ["localhost", "127.0.0.0/8"] {
        assert_eq!(fetched(&fetcher(allowed), url.clone(), 5).await.unwrap(), b"hello", "{allowed}");
    }
}

#[tokio::test]
async fn every_redirect_is_checked() {
    let inner = server(HELLO.to_owned(), None).await;
    let redirect = |target: String| format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
    let allowed = fetcher("front.localhost, 127.0.0.0/8");
    for target in
        ["http://10.0.0.1/", "http://[::1]:9/", "http://0xa9fea9fe/latest/", "file:///etc/passwd", "//10.0.0.1/"]
    {
        let outer = server(redirect(target.to_owned()), None).await;
        let refused = fetched(&allowed, format!("http://{outer}/"), 5).await;
        assert!(matches!(refused, Err(FetchError::Refused(_))), "{target}: {refused:?}");
    }
    let outer = server(redirect(format!("http://{inner}/")), None).await;
    assert_eq!(fetched(&allowed, format!("http://{outer}/"), 5).await.unwrap(), b"hello");
    let circle = server(redirect("/".to_owned()), None).await;
    let refused = fetched(&allowed, format!("http://{circle}/"), 5).await;
    assert!(matches!(&refused, Err(FetchError::Failed(what)) if what.contains("redirects")), "{refused:?}");
}

#[tokio::test]
async fn sizes_are_bounded_whatever_is_promised() {
    let allowed = fetcher(AllowedPrivate::LOOPBACK);
    let promised = server("HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n".to_owned(), Some("x")).await;
    let endless = server("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_owned(), Some("xxxxxxxxxxxxxxxx")).await;
    for address in [promised, endless] {
        let refused = fetched(&allowed, format!("http://{address}/"), 100_000).await;
        assert!(matches!(refused, Err(FetchError::TooLarge(100_000))), "{refused:?}");
    }
}

#[tokio::test]
async fn time_is_bounded_however_busy_the_server_is() {
    let allowed = fetcher(AllowedPrivate::LOOPBACK).with_patience(Duration::from_millis(300));
    let silent = server(String::new(), Some("")).await;
    let half = server("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe".to_owned(), Some("")).await;
    for address in [silent, half] {
        let refused = fetched(&allowed, format!("http://{address}/"), 100_000).await;
        assert!(matches!(refused, Err(FetchError::TooSlow)), "{refused:?}");
    }
    // A head that never ends.
    let busy = server("HTTP/1.1 200 OK\r\n".to_owned(), Some("x: y\r\n")).await;
    assert!(fetched(&allowed, format!("http://{busy}/"), 100_000).await.is_err());
}
