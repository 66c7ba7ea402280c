//! Logins of the dashboard. What is stored is a digest: whoever reads Redis learns no token.

use contract::dashboard::LASTS_SECONDS;
use contract::keys;

use super::Store;
use crate::ids;
use crate::port::{Command, Port, RedisError, Value};

impl<P: Port> Store<P> {
    /// Begins a login. Answers its token, which nobody can guess.
    pub async fn begin_login(&self) -> Result<String, RedisError> {
        let token = [self.port.random(), self.port.random()].map(ids::token).concat();
        let (now, lasts) = (self.port.now_ms().to_string(), LASTS_SECONDS.to_string());
        self.port.execute(Command::new("SET", [name(&token).as_str(), &now, "EX", &lasts])).await?;
        Ok(token)
    }

    /// Whether this is the token of a login that lasts.
    pub async fn is_logged_in(&self, token: &str) -> Result<bool, RedisError> {
        let reply = self.port.execute(Command::new("EXISTS", [name(token).as_str()])).await?;
        Ok(reply.first() == Some(&Value::Int(1)))
    }

    /// Ends a login.
    pub async fn end_login(&self, token: &str) -> Result<(), RedisError> {
        self.port.execute(Command::new("DEL", [name(token).as_str()])).await.map(drop)
    }
}

fn name(token: &str) -> String {
    keys::dashboard_login(&ids::fingerprint(token.as_bytes()))
}
