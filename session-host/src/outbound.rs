//! Where the server goes when a client names an address: to public ones, and through the holes that `ALLOW_PRIVATE_URLS` opens.
//!
//! It owns the check of an address before it is dialled, also behind each redirect; it refuses everything that leads into the
//! operator's own network.
//!
//! A name is looked up by the guard itself, and the connection is made to the addresses it let through, so that a name cannot mean
//! one thing when it is checked and another when it is dialled.

mod resolver;

use std::sync::Arc;

use reqwest::Url;
use reqwest::redirect::Policy;

pub use contract::outbound::AllowedPrivate;
use contract::outbound::is_public;

/// An address that this server does not go to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read as an address at all.
    #[error("is not a valid address")]
    Malformed,
    /// It begins with something else than `http://` or `https://`.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// It carries a user name or password.
    #[error("must not carry a user name or password")]
    Credentials,
    /// It leads to an address that is not public.
    #[error("leads to a private address")]
    Private,
}

/// The check.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Arc<AllowedPrivate>,
}

impl Guard {
    /// A guard with these holes.
    pub fn new(allowed: AllowedPrivate) -> Self {
        Self { allowed: Arc::new(allowed) }
    }

    /// Reads an address and checks what can be seen of it; a name is checked when it is looked up.
    pub fn check(&self, url: &str) -> Result<Url, Refused> {
        self.check_url(Url::parse(url).map_err(|_| Refused::Malformed)?)
    }

    /// Checks the target of a redirect.
    pub(crate) fn check_url(&self, url: Url) -> Result<Url, Refused> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refused::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Credentials);
        }
        let host = url.host_str().ok_or(Refused::Malformed)?;
        // The parser has turned decimal, octal and hexadecimal forms into dotted ones.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        if literal.is_some_and(|address| !self.lets_through(host, address)) {
            return Err(Refused::Private);
        }
        Ok(url)
    }

    /// A client that dials only what the guard lets through. It follows no redirect by itself and uses no proxy, which would
    /// dial for us.
    pub(crate) fn client(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder().no_proxy().redirect(Policy::none()).dns_resolver(resolver::Guarded(self.clone()))
    }

    /// Whether an address may be dialled, which is known as `host`.
    pub fn lets_through(&self, host: &str, address: std::net::IpAddr) -> bool {
        is_public(address) || self.allowed.address(address) || self.allowed.host(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_public_is_refused_in_every_spelling() {
        let guard = Guard::default();
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://0/",
            "http://10.1.2.3/",
            "http://172.31.0.1/",
            "http://192.168.1.1:8080/a",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[::1]/",
            "http://[::]/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a00:1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://127.0.0.1./",
        ] {
            assert_eq!(guard.check(url), Err(Refused::Private), "{url}");
        }
    }

    #[test]
    fn only_the_web_is_gone_to() {
        let guard = Guard::default();
        for (url, refused) in [
            ("file:///etc/passwd", Refused::Scheme),
            ("ftp://example.com/a", Refused::Scheme),
            ("gopher://example.com/", Refused::Scheme),
            ("/etc/passwd", Refused::Malformed),
            ("C:\\a.png", Refused::Scheme),
            ("http://", Refused::Malformed),
            ("https://user:word@example.com/", Refused::Credentials),
            ("https://127.0.0.1@example.com/", Refused::Credentials),
        ] {
            assert_eq!(guard.check(url), Err(refused), "{url}");
        }
        for url in ["https://example.com/a.png?b=c", "http://93.184.215.14:8080/", "https://[2606:2800:21f::1]/"] {
            assert!(guard.check(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn holes_are_as_wide_as_they_are_said_to_be() {
        let guard = Guard::new(AllowedPrivate::parse("10.1.0.0/16, files.internal, ::1").unwrap());
        for url in ["http://10.1.2.3/", "http://[::1]:9/", "http://[::ffff:10.1.0.1]/"] {
            assert!(guard.check(url).is_ok(), "{url}");
        }
        for url in ["http://10.2.0.1/", "http://127.0.0.1/"] {
            assert_eq!(guard.check(url), Err(Refused::Private), "{url}");
        }
    }
}
