//! Which webhooks of some sessions this host is to look after at the moment.

use std::collections::HashMap;

use contract::id::SessionId;
use contract::keys::{SessionKeys, lease};
use redis::RedisError;
use redis::streams::StreamRangeReply;

use crate::redis::Redis;

/// Which webhooks are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// All.
    Any,
    /// Those that have not got the newest event yet.
    Lagging,
}

/// Owner of the lease and the end of it, how far each webhook is done, and, when it matters, the newest entry.
type Row = ((Option<String>, Option<u64>), HashMap<String, String>, Option<StreamRangeReply>);

/// The webhooks of those sessions that this host runs, or that nobody runs. One round trip.
pub(super) async fn webhooks(
    redis: &Redis,
    host: &str,
    sessions: &[SessionId],
    which: Which,
) -> Result<Vec<(SessionId, String)>, RedisError> {
    let mut reads = redis::pipe();
    reads.cmd("TIME");
    for session in sessions {
        let of = SessionKeys::new(session);
        reads.hmget(of.lease(), &[lease::OWNER, lease::UNTIL]).hgetall(of.webhooks());
        if which == Which::Lagging {
            reads.cmd("XREVRANGE").arg(of.events()).arg("+").arg("-").arg("COUNT").arg(1);
        }
    }
    let values: Vec<redis::Value> = reads.query_async(&mut redis.shared()).await?;
    let mut values = values.into_iter();
    let mut next = || values.next().unwrap_or(redis::Value::Nil);
    let (seconds, micros): (u64, u64) = redis::from_redis_value(next())?;
    let now = seconds * 1000 + micros / 1000;
    let mut wanted = Vec::new();
    for session in sessions {
        let owned = redis::from_redis_value(next())?;
        let cursors = redis::from_redis_value(next())?;
        let newest = if which == Which::Lagging { Some(redis::from_redis_value(next())?) } else { None };
        let row: Row = (owned, cursors, newest);
        wanted.extend(ours(&row, host, now).into_iter().map(|webhook| (session.clone(), webhook)));
    }
    Ok(wanted)
}

fn ours(((owner, until), cursors, newest): &Row, host: &str, now: u64) -> Vec<String> {
    let held_elsewhere = owner.as_deref().is_some_and(|owner| owner != host) && until.is_some_and(|until| until > now);
    if held_elsewhere {
        return Vec::new();
    }
    let newest = newest.as_ref().map(|newest| newest.ids.first().map(|entry| entry.id.as_str()));
    let lags = |cursor: &str| newest.is_none_or(|newest| newest.is_some_and(|newest| newest != cursor));
    cursors.iter().filter(|(_, cursor)| lags(cursor)).map(|(webhook, _)| webhook.clone()).collect()
}

#[cfg(test)]
mod tests {
    use redis::streams::StreamId;

    use super::*;

    /// `newest` is the log: nothing read of it, or what was.
    fn row(owner: Option<&str>, until: u64, newest: Option<&[&str]>) -> Row {
        let cursors = HashMap::from([("a".to_owned(), "5-0".to_owned()), ("b".to_owned(), "4-0".to_owned())]);
        let newest = newest.map(|newest| {
            let mut reply = StreamRangeReply::default();
            reply.ids.extend(newest.iter().map(|id| StreamId { id: (*id).to_owned(), ..StreamId::default() }));
            reply
        });
        ((owner.map(str::to_owned), Some(until)), cursors, newest)
    }

    fn names(row: &Row) -> Vec<String> {
        let mut names = ours(row, "me", 100);
        names.sort();
        names
    }

    #[test]
    fn sessions_of_a_living_host_are_its_own() {
        assert!(names(&row(Some("other"), 101, None)).is_empty());
        for row in [row(Some("other"), 100, None), row(Some("me"), 101, None), row(None, 0, None)] {
            assert_eq!(names(&row), ["a", "b"]);
        }
    }

    #[test]
    fn those_that_have_everything_do_not_lag() {
        assert_eq!(names(&row(None, 0, Some(&["5-0"]))), ["b"]);
        assert!(names(&row(None, 0, Some(&[]))).is_empty(), "an empty log");
    }
}
