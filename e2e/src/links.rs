//! What is behind a link to a file: asked for as a browser does, without the API key.

use std::collections::BTreeMap;

use anyhow::Context as _;
use reqwest::Method;

use crate::api::Api;
use crate::stack::Stack;

/// An answer of `/media`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Its HTTP status.
    pub status: u16,
    /// Its headers, by their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Linked {
    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The `code` of a failure; empty when there is none.
    pub fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.bytes).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Api {
    /// Follows a link with a method and headers, without the API key.
    pub async fn follow(&self, method: Method, link: &str, headers: &[(&str, &str)]) -> anyhow::Result<Linked> {
        let mut request = self.with_key(None).request(method, link);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await?;
        let headers = response.headers().iter().map(|(name, value)| {
            Ok((name.as_str().to_owned(), value.to_str().context("a header is text")?.to_owned()))
        });
        let headers = headers.collect::<anyhow::Result<_>>()?;
        Ok(Linked { status: response.status().as_u16(), headers, bytes: response.bytes().await?.to_vec() })
    }
}

impl Stack {
    /// Follows a link.
    pub async fn follow(&self, link: &str) -> anyhow::Result<Linked> {
        self.api.follow(Method::GET, link, &[]).await
    }

    /// Follows a link with a method and headers.
    pub async fn follow_with(&self, method: Method, link: &str, headers: &[(&str, &str)]) -> anyhow::Result<Linked> {
        self.api.follow(method, link, headers).await
    }

    /// How many files of a session the embedded bucket holds.
    pub fn files_in_bucket(&self, session: &str) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
        }
        count(&self.data().join("media/chatery-media").join(session))
    }
}
