//! The dashboard in a real browser. What a person does there is told in `e2e/browser`, one file a story; each has a server of its own.

use contract::id::SessionId;
use contract::keys::{self, SessionKeys};
use e2e::browser;
use e2e::stack::{Plan, Stack};

const KEY: &str = "browser-key";
const PASSWORD: &str = "browser-password";

/// More sessions than anybody looks at one by one.
const MANY: usize = 2_000;

async fn server() -> anyhow::Result<Stack> {
    Plan::default().api_key(KEY).setting("DASHBOARD_PASSWORD", PASSWORD).start().await
}

async fn told(story: &str, stack: Stack) -> anyhow::Result<()> {
    let base = stack.api.base();
    let environment = [("BASE", base), ("KEY", KEY), ("PASSWORD", PASSWORD), ("PHONES", stack.phones.base())];
    browser::tell(story, &environment).await?;
    stack.stop().await
}

#[tokio::test]
async fn from_the_login_to_the_logout() -> anyhow::Result<()> {
    told("journey.mjs", server().await?).await
}

#[tokio::test]
async fn texts_of_strangers_stay_texts() -> anyhow::Result<()> {
    told("hostile.mjs", server().await?).await
}

#[tokio::test]
async fn every_view_is_for_everybody() -> anyhow::Result<()> {
    told("looks.mjs", server().await?).await
}

#[tokio::test]
async fn long_lists_and_many_events_stay_quick() -> anyhow::Result<()> {
    let stack = server().await?;
    // Sessions that nobody wants connected: linking so many would measure something else.
    let mut records = redis::pipe();
    for number in 0..MANY {
        let id = format!("many-{number:04}");
        let session = SessionKeys::new(&SessionId::parse(&id)?).record();
        records.hset(&session, "network", "sandbox").hset(&session, "desired", "stopped");
        records.hset(&session, "created", "1700000000000").zadd(keys::SESSIONS, &id, 1_700_000_000_000_u64);
    }
    records.query::<()>(&mut stack.redis()?.get_connection()?)?;
    told("many.mjs", stack).await
}
