//! How often somebody may try the dashboard's password: so often from one address, and so often from everywhere. An attempt
//! counts before it is looked at, so that many at once are no way around; one that was right counts no more.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::http::HeaderMap;
use contract::keys::PREFIX;
use edge_core::port::{Port, RedisError, Value};
use edge_core::script::Script;

/// Wrong attempts from one address in a [`WINDOW`]: more than a person needs who looks the password up.
const FROM_ONE_ADDRESS: u32 = 10;

/// Wrong attempts from everywhere in a [`WINDOW`]: a password that is guessed from a thousand addresses is not guessed faster.
const FROM_EVERYWHERE: u32 = 100;

/// How long attempts are remembered, from the first on.
const WINDOW: Duration = Duration::from_mins(5);

/// Where the server says who asks. A client may send the same name; the server's own comes last.
const CLIENT: &str = "spin-client-addr";

/// KEYS: attempts from the address, attempts from everywhere. ARGV: most of either, seconds they are remembered.
/// Answers whether to go on, and either the attempts left or the seconds to wait.
static COUNT: Script = Script::new(
    "local left = false
     for place = 1, 2 do
       local room = ARGV[place] - tonumber(redis.call('GET', KEYS[place]) or '0')
       if room <= 0 then return {'wait', redis.call('TTL', KEYS[place])} end
       if not left or room < left then left = room end
     end
     for place = 1, 2 do
       if redis.call('INCR', KEYS[place]) == 1 then redis.call('EXPIRE', KEYS[place], ARGV[3]) end
     end
     return {'go', left - 1}",
);

/// KEYS: as above. Takes the last attempt back, and forgets those of the address before it.
static RIGHT: Script = Script::new(
    "redis.call('DEL', KEYS[1])
     if tonumber(redis.call('GET', KEYS[2]) or '0') > 0 then redis.call('DECR', KEYS[2]) end
     return {'ok'}",
);

/// What an attempt may do.
#[derive(Debug, PartialEq)]
pub(crate) enum Turn {
    /// Be looked at.
    Go(Attempt),
    /// Come back after so many seconds.
    Wait(u64),
}

/// An attempt that counts.
#[derive(Debug, PartialEq)]
pub(crate) struct Attempt {
    /// Where it comes from.
    pub(crate) address: String,
    /// Wrong ones that are left before others have to wait.
    pub(crate) left: u64,
    keys: [String; 2],
}

impl Attempt {
    /// Counts an attempt.
    pub(crate) async fn begin<P: Port>(port: &P, headers: &HeaderMap) -> Result<Turn, RedisError> {
        let address = address(headers);
        // One hash tag, so that both are in the same slot of a cluster.
        let keys = [format!("{PREFIX}{{login}}:from:{address}"), format!("{PREFIX}{{login}}:all")];
        let numbers = [FROM_ONE_ADDRESS.to_string(), FROM_EVERYWHERE.to_string(), WINDOW.as_secs().to_string()];
        let mut reply = COUNT.run(port, &keys, &numbers.each_ref().map(String::as_str)).await?.into_iter();
        let unexpected = RedisError::UnexpectedReply("login");
        let word = reply.next().and_then(Value::text).ok_or(unexpected.clone())?;
        // A key without a limit of time has none to tell.
        let number = reply.next().and_then(Value::text).ok_or(unexpected)?.parse().unwrap_or(1);
        Ok(if word == "go" { Turn::Go(Self { address, left: number, keys }) } else { Turn::Wait(number.max(1)) })
    }

    /// It was right.
    pub(crate) async fn was_right<P: Port>(self, port: &P) -> Result<(), RedisError> {
        RIGHT.run(port, &self.keys, &[]).await.map(drop)
    }
}

/// The address of a client without its port; of IPv6 the network, since a client has all of one.
fn address(headers: &HeaderMap) -> String {
    let last = headers.get_all(CLIENT).iter().next_back().and_then(|value| value.to_str().ok());
    match last.and_then(|text| text.parse::<SocketAddr>().ok()).map(|peer| peer.ip().to_canonical()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_word_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(address(&headers), "unknown");
        headers.append(CLIENT, "6.6.6.6:1".parse().unwrap());
        headers.append(CLIENT, "192.0.2.7:4711".parse().unwrap());
        assert_eq!(address(&headers), "192.0.2.7");
        headers.append(CLIENT, "[2001:db8:1:2:3:4:5:6]:4711".parse().unwrap());
        assert_eq!(address(&headers), "2001:db8:1:2::/64");
        headers.append(CLIENT, "[::ffff:192.0.2.7]:1".parse().unwrap());
        assert_eq!(address(&headers), "192.0.2.7");
    }
}
