//! The REST API as a client calls it. Answers come back as they are, so that a test can look at a failure as well.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use contract::message::{MessagePage, Sent};
use contract::routes;
use contract::session::SessionSummary;
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::wait::{SOON, Seen, wait_for};

/// Longest time a request may take: the server's own longest wait (a minute of typing and twenty seconds for WhatsApp), and some.
const ANSWER_WITHIN: Duration = Duration::from_secs(90);

/// Name of the key's header.
const API_KEY: &str = "x-api-key";

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its HTTP status.
    pub status: u16,
    /// Its body; `null` when it is no JSON.
    pub body: Value,
}

impl Answer {
    /// The `code` of a failure; empty when there is none.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The data of a success, or an error that shows what came instead.
    pub fn data<T: DeserializeOwned>(self) -> anyhow::Result<T> {
        ensure!(self.status == 200 && self.body["success"] == true, "no success: {} {}", self.status, self.body);
        let shown = self.body.to_string();
        let Value::Object(mut body) = self.body else { unreachable!("it has a field") };
        serde_json::from_value(body.remove("data").unwrap_or_default()).with_context(|| format!("unexpected: {shown}"))
    }
}

/// A client.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
}

impl Api {
    /// A client of the server at `base`.
    pub fn new(base: &str, key: Option<&str>) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).build()?;
        Ok(Self { http, base: base.to_owned(), key: key.map(str::to_owned) })
    }

    /// The server's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same server, called with another key or none.
    #[must_use]
    pub fn with_key(&self, key: Option<&str>) -> Self {
        Self { key: key.map(str::to_owned), ..self.clone() }
    }

    /// A request, to be completed and given to [`Self::ask`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.header(API_KEY, key),
            None => request,
        }
    }

    /// Sends a request.
    pub async fn ask(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: serde_json::from_slice(&response.bytes().await?).unwrap_or_default() })
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.ask(self.request(Method::GET, path)).await
    }

    /// `POST` with JSON.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.ask(self.request(Method::POST, path).json(body)).await
    }

    /// Asks for a session.
    pub async fn connect(&self, session: &str) -> anyhow::Result<Answer> {
        self.ask(self.request(Method::POST, &of(routes::CONNECT, session))).await
    }

    /// All sessions.
    pub async fn sessions(&self) -> anyhow::Result<Vec<SessionSummary>> {
        self.get(routes::SESSIONS).await?.data()
    }

    /// Where a session stands.
    pub async fn status(&self, session: &str) -> anyhow::Result<SessionSummary> {
        self.get(&of(routes::STATUS, session)).await?.data()
    }

    /// Waits until a session stands as told.
    pub async fn wait_for_status(
        &self,
        session: &str,
        is_fact: impl Fn(&SessionSummary) -> bool,
    ) -> anyhow::Result<SessionSummary> {
        let look = async || Ok(Seen::when(self.status(session).await?, &is_fact));
        wait_for(&format!("the status of {session}"), SOON, look).await
    }

    /// Waits until a session is connected.
    pub async fn wait_until_connected(&self, session: &str) -> anyhow::Result<SessionSummary> {
        self.wait_for_status(session, |summary| summary.is_connected).await
    }

    /// The QR code of a session as a data URI, as soon as there is one.
    pub async fn qr_code(&self, session: &str) -> anyhow::Result<String> {
        let look = async || {
            let answer = self.get(&of(routes::QR, session)).await?;
            let code = answer.body["data"]["qrCode"].as_str().map(str::to_owned);
            Ok(code.map_or_else(|| Seen::NotYet(format!("{answer:?}")), Seen::Fact))
        };
        wait_for(&format!("a QR code of {session}"), SOON, look).await
    }

    /// The QR code of a session as a picture: status, content type and bytes.
    pub async fn qr_image(&self, session: &str) -> anyhow::Result<(u16, String, Vec<u8>)> {
        let response = self.request(Method::GET, &of(routes::QR_IMAGE, session)).send().await?;
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        Ok((status, kind, response.bytes().await?.into()))
    }

    /// Logs a session out and erases it.
    pub async fn delete(&self, session: &str) -> anyhow::Result<Answer> {
        self.ask(self.request(Method::DELETE, &of(routes::SESSION, session))).await
    }

    /// Sends a text, with an `Idempotency-Key` when one is given.
    pub async fn send(&self, text: &Value, key: Option<&str>) -> anyhow::Result<Answer> {
        let mut request = self.request(Method::POST, routes::SEND_TEXT).json(text);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.ask(request).await
    }

    /// Sends a text and expects that it is taken.
    pub async fn send_text(&self, session: &str, chat: &str, text: &str) -> anyhow::Result<Sent> {
        let body = json!({ "sessionId": session, "chatId": chat, "message": text });
        self.send(&body, None).await?.data()
    }

    /// A page of a chat's history.
    pub async fn page(
        &self,
        session: &str,
        chat: &str,
        limit: usize,
        cursor: Option<&str>,
    ) -> anyhow::Result<MessagePage> {
        let body = json!({ "sessionId": session, "chatId": chat, "limit": limit, "cursor": cursor });
        self.post(routes::MESSAGES, &body).await?.data()
    }

    /// The texts of a chat's newest messages, newest first.
    pub async fn texts(&self, session: &str, chat: &str) -> anyhow::Result<Vec<String>> {
        let page = self.page(session, chat, 500, None).await?;
        Ok(page.messages.into_iter().map(|message| message.text.unwrap_or_default()).collect())
    }
}

/// A route of one session.
pub fn of(route: &str, session: &str) -> String {
    route.replace("{session_id}", session)
}
