//! The login of the dashboard: a cookie with a random token.
//!
//! Its digest is in Redis ([`crate::keys::dashboard_login`]). Here is what both doors, that of the API and that of Socket.IO, read of a
//! request. Pure; it refuses whatever a page of another place could have sent.

/// The cookie's name.
pub const COOKIE: &str = "chatery_session";

/// Random bytes of a token: nobody guesses 256 bits.
pub const TOKEN_BYTES: usize = 32;

/// How long a login lasts, in seconds: a working day. It is not prolonged, so a token that was stolen is worth no more.
pub const LASTS_SECONDS: u64 = 12 * 60 * 60;

/// What a request says of where it comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Provenance<'a> {
    /// `Cookie`.
    pub cookie: Option<&'a str>,
    /// `Sec-Fetch-Site`, which no page can forge. Browsers send it to `https` and to this machine only.
    pub fetch_site: Option<&'a str>,
    /// `Origin`, which browsers add to everything but ordinary reads of their own place.
    pub origin: Option<&'a str>,
    /// `Host`.
    pub host: Option<&'a str>,
    /// Whether it only reads.
    pub reads: bool,
}

impl<'a> Provenance<'a> {
    /// The token of a request that comes from a page of this server.
    pub fn token(&self) -> Option<&'a str> {
        if !self.is_of_this_place() {
            return None;
        }
        let pairs = self.cookie?.split(';').filter_map(|pair| pair.trim().split_once('='));
        let mut tokens = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, token)| token);
        tokens.find(|token| is_token(token))
    }

    /// Whether it comes from a page of this server. Something that changes anything has to show it; a read without any sign is one of
    /// an older browser, and the cookie itself is `SameSite=Strict`.
    pub fn is_of_this_place(&self) -> bool {
        match (self.fetch_site, self.origin) {
            (Some("same-origin"), _) => true,
            (Some("none") | None, None) => self.reads,
            (Some(_), _) => false,
            (None, Some(origin)) => self.host.is_some_and(|host| is_origin_of(origin, host)),
        }
    }
}

fn is_origin_of(origin: &str, host: &str) -> bool {
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    authority.is_some_and(|authority| !authority.is_empty() && authority.eq_ignore_ascii_case(host))
}

fn is_token(text: &str) -> bool {
    text.len() == 2 * TOKEN_BYTES && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Provenance<'static> {
        Provenance { host: Some("shop.example:3000"), ..Provenance::default() }
    }

    #[test]
    fn only_pages_of_this_place_count() {
        let from = |fetch_site, origin, reads| Provenance { fetch_site, origin, reads, ..page() }.is_of_this_place();
        assert!(from(Some("same-origin"), None, false) && from(Some("same-origin"), Some("https://x"), true));
        assert!(
            from(None, Some("http://SHOP.example:3000"), false) && from(None, Some("https://shop.example:3000"), true)
        );
        assert!(from(Some("none"), None, true) && !from(Some("none"), None, false));
        assert!(from(None, None, true) && !from(None, None, false));
        for site in ["cross-site", "same-site", ""] {
            assert!(!from(Some(site), Some("http://shop.example:3000"), true), "{site}");
        }
        for origin in [
            "null",
            "",
            "http://",
            "http://shop.example",
            "http://shop.example:3000.evil.example",
            "ftp://shop.example:3000",
        ] {
            assert!(!from(None, Some(origin), true), "{origin}");
        }
        assert!(!Provenance { host: None, origin: Some("http://"), reads: true, ..page() }.is_of_this_place());
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let token = "0f".repeat(TOKEN_BYTES);
        let with = |cookie: &str| Provenance { cookie: Some(cookie), reads: true, ..page() }.token().map(str::to_owned);
        assert_eq!(with(&format!("a=b; {COOKIE}={token};c=d")), Some(token.clone()));
        assert_eq!(with(&format!("{COOKIE}=old; {COOKIE}={token}")), Some(token.clone()));
        for bad in [
            "",
            COOKIE,
            "x",
            &format!("{COOKIE}="),
            &format!("{COOKIE}={}", token.to_uppercase()),
            &format!("x{COOKIE}={token}"),
        ] {
            assert_eq!(with(bad), None, "{bad}");
        }
        let other = Provenance {
            fetch_site: Some("cross-site"),
            cookie: Some(&format!("{COOKIE}={token}")),
            reads: true,
            ..page()
        }
        .token()
        .is_some();
        assert!(!other);
    }
}
