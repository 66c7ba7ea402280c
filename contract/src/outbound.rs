//! Where the server may be sent by a client.
//!
//! It owns which addresses are public, the holes that `ALLOW_PRIVATE_URLS` opens, and what can be seen of a URL before anything
//! is looked up. A name is judged by its address too, by whoever looks it up.

mod address;
mod allowed;

use std::net::IpAddr;

pub use address::is_public;
pub use allowed::AllowedPrivate;

/// Longest host name there is.
const MAX_HOST: usize = 253;

/// Why a URL is not gone to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no URL with a host, or its host is not written as hosts are.
    Malformed,
    /// It is neither `http` nor `https`.
    Scheme,
    /// It carries a user name or password.
    Credentials,
    /// It leads to an address, or by a name, that is not public.
    Private,
}

impl Refused {
    /// What is wrong, to be put behind the name of the field.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Malformed | Self::Scheme => "must be an http or https URL",
            Self::Credentials => "must not carry a user name or password",
            Self::Private => "must not lead to a private address",
        }
    }
}

impl AllowedPrivate {
    /// Judges a URL by its text. Hosts must be written plainly: `2130706433` and `0x7f.1` are addresses to some resolvers, and
    /// refused.
    pub fn check(&self, url: &str) -> Result<(), Refused> {
        if !url.is_ascii() || url.bytes().any(|byte| byte.is_ascii_control() || byte == b' ') {
            return Err(Refused::Malformed);
        }
        let (scheme, rest) = url.split_once("://").ok_or(Refused::Malformed)?;
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return Err(Refused::Scheme);
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(Refused::Credentials);
        }
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port),
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        if !port.is_empty() && port.strip_prefix(':').is_none_or(|port| port.parse::<u16>().is_err()) {
            return Err(Refused::Malformed);
        }
        let bracketed = authority.starts_with('[');
        match host.trim_end_matches('.').parse::<IpAddr>() {
            Ok(address) if address.is_ipv6() != bracketed => Err(Refused::Malformed),
            Err(_) if bracketed || !is_name(host) => Err(Refused::Malformed),
            Ok(address) if is_public(address) || self.address(address) => Ok(()),
            Err(_) if self.host(host) || is_public_name(host) => Ok(()),
            Ok(_) | Err(_) => Err(Refused::Private),
        }
    }
}

/// Whether a host is written as names are. One whose last part is a number would be an address in some spelling.
fn is_name(host: &str) -> bool {
    let fits = !host.is_empty() && host.len() <= MAX_HOST;
    let plain = host.bytes().all(|one| one.is_ascii_alphanumeric() || matches!(one, b'-' | b'_' | b'.'));
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let number = last.bytes().all(|one| one.is_ascii_digit()) || last.starts_with("0x");
    fits && plain && !number
}

/// Whether a name can be one of the internet: it has a dot, and is not of a zone that is private by its definition. Spin answers
/// some of those itself.
fn is_public_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let zone = host.rsplit('.').next().unwrap_or_default();
    host.contains('.') && host != "self.alt" && !["localhost", "internal", "local"].contains(&zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_ones_pass() {
        let none = AllowedPrivate::default();
        for url in [
            "https://example.com/hook?a=b",
            "HTTP://example.com:8080",
            "http://93.184.215.14/",
            "https://[2606:2800:21f::1]:444/x",
            "https://xn--bcher-kva.example/",
            "https://a_b.example.com./",
        ] {
            assert_eq!(none.check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn private_ones_do_not_in_any_spelling() {
        let none = AllowedPrivate::default();
        for url in [
            "http://127.0.0.1/",
            "http://127.0.0.1./",
            "http://10.0.0.1:9/",
            "http://169.254.169.254/latest",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://localhost/",
            "http://a.localhost",
            "http://redis:6379/",
            "http://metadata.google.internal/",
            "http://rest.spin.internal/",
            "http://self.alt/x",
            "http://self/",
        ] {
            assert_eq!(none.check(url), Err(Refused::Private), "{url}");
        }
        for url in [
            "http://2130706433/",
            "http://0x7f000001/",
            "http://127.1/",
            "http://0177.0.0.1/",
            "http://1.2.3.4.5/",
            "http:///x",
            "http://",
            "http://a b/",
            "http://ex\u{e4}mple.com/",
            "http://[1.2.3.4]/",
            "http://::1/",
            "http://a:99999/",
            "http://a%2e.com/",
            "nonsense",
            "http://a.com\\@b.com/",
        ] {
            assert!(matches!(none.check(url), Err(Refused::Malformed | Refused::Credentials)), "{url}");
        }
        assert_eq!(none.check("file:///etc/passwd"), Err(Refused::Scheme));
        assert_eq!(none.check("https://u:p@example.com/"), Err(Refused::Credentials));
    }

    #[test]
    fn holes_are_as_wide_as_they_are_said_to_be() {
        let allowed = AllowedPrivate::parse("localhost, 10.1.0.0/16, hooks").unwrap();
        for url in ["http://localhost:3/", "http://10.1.9.9/", "http://hooks/"] {
            assert_eq!(allowed.check(url), Ok(()), "{url}");
        }
        assert_eq!(allowed.check("http://127.0.0.1/"), Err(Refused::Private));
    }
}
