//! An invocation, from the token that a host shows to the answer when it wants the next one.

use contract::webhook::{Invocation, Invoked, Lane, Next};
use edge_core::outbound::Outbound;
use edge_core::port::{Port, RedisError};
use edge_core::settings::Settings;
use edge_core::store::{Begun, Claim, Store, Work};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::aside;
use crate::attempt::Receiver;
use crate::stream::Stream;

/// What a host puts in front of the token.
const BEARER: &[u8] = b"Bearer ";

/// Why an invocation is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Whoever asks has not the token, or there is none.
    NotAllowed,
    /// The request cannot be understood.
    Malformed,
    /// Redis cannot be reached or answered nonsense.
    Storage(RedisError),
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotAllowed => 403,
            Self::Malformed => 400,
            Self::Storage(_) => 503,
        }
    }
}

/// Does what a host asks for.
pub async fn invoke<P: Port + Outbound>(
    port: P,
    settings: &Settings,
    authorization: Option<&[u8]>,
    body: &[u8],
) -> Result<Invoked, Refusal> {
    let shown = authorization.and_then(|header| header.strip_prefix(BEARER));
    let known = shown
        .zip(settings.internal_token.as_ref())
        .is_some_and(|(shown, token)| bool::from(Sha256::digest(shown).ct_eq(&Sha256::digest(token.as_bytes()))));
    if !known {
        return Err(Refusal::NotAllowed);
    }
    let invocation: Invocation = serde_json::from_slice(body).map_err(|_| Refusal::Malformed)?;
    let store = Store::new(port);
    work(&store, settings, &invocation).await.map_err(Refusal::Storage)
}

async fn work<P: Port + Outbound>(
    store: &Store<P>,
    settings: &Settings,
    invocation: &Invocation,
) -> Result<Invoked, RedisError> {
    let began_ms = store.port().now_ms();
    let (claim, begun) = store.begin(invocation).await?;
    let work = match begun {
        Begun::Gone => return Ok(Invoked { next: Next::Never, aside_in_ms: None, replay: false }),
        Begun::Busy(ms) => return Ok(Invoked { next: Next::After(ms), aside_in_ms: None, replay: false }),
        Begun::Work(work) => *work,
    };
    let done = lane(store, settings, invocation, &claim, work, began_ms).await;
    let (aside_in_ms, replay) = store.end(&claim).await?;
    Ok(Invoked { next: done?, aside_in_ms, replay })
}

async fn lane<P: Port + Outbound>(
    store: &Store<P>,
    settings: &Settings,
    invocation: &Invocation,
    claim: &Claim,
    work: Work,
    began_ms: u64,
) -> Result<Next, RedisError> {
    let webhook = work.webhook.clone();
    let metadata = work.metadata.clone();
    let receiver =
        Receiver { webhook: &webhook, metadata: &metadata, allowed: &settings.allow_private, now_ms: work.now_ms };
    if invocation.lane == Lane::Aside {
        // What is due later is told with the end of the invocation.
        let any = aside::run(store, claim, &receiver, work).await?;
        return Ok(if any { Next::Now } else { Next::Rung });
    }
    // What is asked for by hand is delivered also while the webhook is paused.
    if webhook.paused.unwrap_or_default() {
        return Ok(Next::Rung);
    }
    Stream { store, session: &invocation.session_id, claim, receiver: &receiver, began_ms }.run(&work).await
}
