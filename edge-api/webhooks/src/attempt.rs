//! One attempt: the request as it goes out, and what came back, as it is kept and as it is judged.

use std::time::Duration;

use contract::outbound::AllowedPrivate;
use contract::webhook::{Attempt, Delivery, Posted, Webhook};
use edge_core::clock;
use edge_core::outbound::{Outbound, Post, PostAnswer, PostError};
use edge_core::port::Port;
use serde_json::{Map, Value};

use crate::policy::{End, end_of};
use crate::{body, sign};

/// Longest wait for an answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Bytes of an answer that are kept: enough for the sentence that tells what is wrong.
const ANSWER_BYTES: usize = 512;

/// Longest wait for them; the status is there already.
const ANSWER_LIMIT: Duration = Duration::from_millis(250);

/// What every request of one webhook shares.
pub(crate) struct Receiver<'a> {
    pub(crate) webhook: &'a Webhook,
    pub(crate) metadata: &'a Map<String, Value>,
    pub(crate) allowed: &'a AllowedPrivate,
    /// Redis time when the invocation began.
    pub(crate) now_ms: u64,
}

impl Receiver<'_> {
    /// The secrets that sign at present, the newest first.
    fn secrets(&self) -> Vec<&str> {
        let newest = self.webhook.secret.as_deref();
        let lives = self.webhook.previous_until.is_some_and(|until| until > self.now_ms);
        let previous = self.webhook.previous_secret.as_deref().filter(|_| lives && newest.is_some());
        newest.into_iter().chain(previous).collect()
    }

    fn request(&self, delivery: &Delivery, posted: &Posted, seconds: u64) -> Post {
        let body = body::body(&delivery.id, &delivery.cursor, posted, self.metadata);
        let own = [
            ("Content-Type", "application/json".to_owned()),
            ("User-Agent", concat!("Chatery-Edge/", env!("CARGO_PKG_VERSION")).to_owned()),
            ("X-Webhook-Source", "chatery-whatsapp-api".to_owned()),
            ("X-Session-Id", posted.payload.session_id.to_string()),
            ("X-Webhook-Event", posted.event.clone()),
            ("X-Chatery-Delivery", delivery.id.clone()),
            ("X-Chatery-Attempt", (delivery.tries + 1).to_string()),
        ];
        let mut headers: Vec<(String, String)> = own.map(|(name, value)| (name.to_owned(), value)).into();
        headers.extend(sign::headers(&self.secrets(), seconds, &body));
        headers.extend(self.webhook.headers.iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
        Post {
            url: self.webhook.url.clone(),
            headers,
            body,
            limit: LIMIT,
            answer_bytes: ANSWER_BYTES,
            answer_limit: ANSWER_LIMIT,
        }
    }

    /// Tries a delivery and notes the attempt in it.
    pub(crate) async fn attempt<P: Port + Outbound>(&self, port: &P, delivery: &mut Delivery, posted: &Posted) -> End {
        let start = port.now_ms();
        let request = self.request(delivery, posted, start / 1000);
        let outcome = match self.allowed.check(&self.webhook.url) {
            Ok(()) => port.post(request).await,
            Err(_) => Err(PostError::Refused),
        };
        let end = port.now_ms();
        let (end_of_it, mut attempt) = judged(outcome, end / 1000);
        attempt.at = clock::iso(start);
        attempt.duration_ms = end.saturating_sub(start);
        delivery.note(attempt, start);
        end_of_it
    }
}

/// How an attempt is kept and judged.
fn judged(outcome: Result<PostAnswer, PostError>, now_s: u64) -> (End, Attempt) {
    let mut attempt = Attempt { at: String::new(), status: None, duration_ms: 0, error: None, answer: None };
    let end = match outcome {
        Ok(answer) => {
            attempt.status = Some(answer.status);
            let text = String::from_utf8_lossy(&answer.body);
            attempt.answer = Some(text.chars().filter(|one| !one.is_control() || *one == '\n').collect::<String>())
                .filter(|text| !text.is_empty());
            let asked = answer.retry_after.as_deref().and_then(|text| retry_after(text, now_s));
            let end = end_of(answer.status, asked);
            if end != End::Arrived {
                let redirect = (300..400).contains(&answer.status);
                attempt.error = Some(if redirect { "redirect" } else { "status" }.to_owned());
            }
            end
        }
        Err(error) => {
            attempt.error = Some(
                match error {
                    PostError::Timeout => "timeout",
                    PostError::Unreachable => "unreachable",
                    PostError::Refused | PostError::Malformed => "url_refused",
                }
                .to_owned(),
            );
            End::Away(None)
        }
    };
    (end, attempt)
}

/// `Retry-After`: seconds, or a date.
fn retry_after(text: &str, now_s: u64) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    let at = date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    Some(Duration::from_secs(at.saturating_sub(now_s)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(previous_until: u64) -> Webhook {
        Webhook {
            secret: Some("new".to_owned()),
            previous_secret: Some("old".to_owned()),
            previous_until: Some(previous_until),
            ..Webhook::default()
        }
    }

    #[test]
    fn the_secret_before_signs_until_its_time_is_over() {
        let (metadata, allowed) = (Map::new(), AllowedPrivate::default());
        for (until, secrets) in [(11, &["new", "old"][..]), (10, &["new"])] {
            let webhook = webhook(until);
            let receiver = Receiver { webhook: &webhook, metadata: &metadata, allowed: &allowed, now_ms: 10 };
            assert_eq!(receiver.secrets(), secrets);
        }
    }

    #[test]
    fn when_to_come_again_is_a_number_or_a_date() {
        assert_eq!(retry_after(" 120 ", 0), Some(Duration::from_mins(2)));
        let date = "Wed, 21 Oct 2015 07:28:00 GMT";
        assert_eq!(retry_after(date, 1_445_412_480 - 60), Some(Duration::from_mins(1)));
        assert_eq!(retry_after(date, 1_445_412_480 + 60), Some(Duration::ZERO));
        for bad in ["", "-1", "soon", "1.5"] {
            assert_eq!(retry_after(bad, 0), None, "{bad}");
        }
    }

    #[test]
    fn an_answer_is_kept_as_readable_text() {
        let answer = PostAnswer { status: 500, retry_after: None, body: b"no\0\x1b[31m\xff\nway".to_vec() };
        let (end, attempt) = judged(Ok(answer), 0);
        assert_eq!((end, attempt.status, attempt.error.as_deref()), (End::Refused, Some(500), Some("status")));
        assert_eq!(attempt.answer.as_deref(), Some("no[31m\u{fffd}\nway"));
        let (end, attempt) = judged(Err(PostError::Timeout), 0);
        assert_eq!((end, attempt.error.as_deref()), (End::Away(None), Some("timeout")));
    }
}
