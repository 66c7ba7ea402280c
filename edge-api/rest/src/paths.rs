//! Spellings of a path: the original ignores case and a trailing slash. Owns the one canonical spelling the router knows.

use contract::id::SessionId;
use contract::routes;

/// Segments after which a name stands, whose case counts.
const BEFORE_NAMES: [&str; 1] = ["sessions"];

/// The canonical spelling: lower case except for names, no trailing slash.
pub(crate) fn canonical(path: &str) -> String {
    let mut segments: Vec<String> = Vec::new();
    for segment in path.trim_start_matches('/').trim_end_matches('/').split('/') {
        let named = segments.last().is_some_and(|before| BEFORE_NAMES.contains(&before.as_str()));
        segments.push(if named { segment.to_owned() } else { segment.to_ascii_lowercase() });
    }
    format!("/{}", segments.join("/"))
}

/// The session that a canonical path names.
pub(crate) fn session(path: &str) -> Option<SessionId> {
    let rest = path.strip_prefix(routes::SESSIONS)?.strip_prefix('/')?;
    SessionId::parse(rest.split('/').next()?).ok()
}

/// Whether a canonical path lies under a prefix.
pub(crate) fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        for (given, expected) in [
            ("/API/health", "/api/health"),
            ("/api/WhatsApp/SESSIONS/", "/api/whatsapp/sessions"),
            ("/api/whatsapp/Sessions/MyShop/Connect/", "/api/whatsapp/sessions/MyShop/connect"),
            ("/api/whatsapp/sessions/..%2FX/qr", "/api/whatsapp/sessions/..%2FX/qr"),
            ("/", "/"),
        ] {
            assert_eq!(canonical(given), expected);
        }
        assert!(is_under("/api/whatsapp", "/api/whatsapp") && is_under("/api/whatsapp/x", "/api/whatsapp"));
        assert!(!is_under("/api/whatsappx", "/api/whatsapp"));
        let named = |path| session(path).map(|session| session.to_string());
        assert_eq!(named("/api/whatsapp/sessions/MyShop/connect").as_deref(), Some("MyShop"));
        assert_eq!(named("/api/whatsapp/sessions/MyShop").as_deref(), Some("MyShop"));
        assert_eq!(
            [named("/api/whatsapp/sessions"), named("/api/whatsapp/sessions/a%20b/qr"), named("/x")],
            [const { None }; 3]
        );
    }
}
