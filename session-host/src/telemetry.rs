//! What is logged.
//!
//! Some libraries write whole packets at debug level, message texts and QR codes among them; they stay quiet whatever
//! `RUST_LOG` says. A bare level above `info` is for our own parts; another library speaks up when it is named.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Libraries that may never say more than this.
const PRIVATE: [(&str, &str); 18] = [
    ("engineioxide", "info"),
    ("socketioxide", "info"),
    ("tungstenite", "info"),
    // These name people's numbers at `info`. Everything below `waproto` is a target of the same library.
    ("whatsapp_rust", "warn"),
    ("wacore", "warn"),
    ("waproto", "warn"),
    ("Client", "warn"),
    ("AppState", "warn"),
    ("Blocking", "warn"),
    ("Bot", "warn"),
    ("Chatstate", "warn"),
    ("MessageQueue", "warn"),
    ("Mex", "warn"),
    ("PresenceHandler", "warn"),
    ("TcToken", "warn"),
    ("UnifiedSession", "warn"),
    ("blocklist", "warn"),
    ("usync", "warn"),
];

/// Our own parts, for which a bare level in `RUST_LOG` is meant.
const OURS: [&str; 4] = ["chatery", "session_host", "edge_runtime", "whatsapp_sim"];

/// The filter for `RUST_LOG`'s value, or for `default` when there is none or it cannot be read.
pub fn filter(wanted: Option<&str>, default: &str) -> EnvFilter {
    let text = wanted.filter(|text| EnvFilter::try_new(text).is_ok()).unwrap_or(default);
    let mut directives = Vec::new();
    let mut named = Vec::new();
    for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        match directive.parse::<LevelFilter>() {
            Ok(level) if level > LevelFilter::INFO => {
                directives.push("info".to_owned());
                directives.extend(OURS.iter().map(|target| format!("{target}={level}")));
            }
            Ok(_) => directives.push(directive.to_owned()),
            Err(_) if PRIVATE.iter().any(|(target, _)| directive.starts_with(target)) => {}
            Err(_) => named.push(directive.to_owned()),
        }
    }
    // Of two for the same target the later one holds.
    directives.extend(named);
    directives.extend(PRIVATE.iter().map(|(target, most)| format!("{target}={most}")));
    EnvFilter::new(directives.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_never_logged() {
        for wanted in [Some("trace"), Some("engineioxide=trace,Client::noise=trace"), Some("not a filter="), None] {
            let text = filter(wanted, "warn").to_string();
            let private = PRIVATE.map(|(target, most)| format!("{target}={most}"));
            assert!(private.iter().all(|directive| text.contains(directive)), "{text}");
            assert!(!text.contains("engineioxide=trace") && !text.contains("noise"), "{text}");
        }
    }

    #[test]
    fn a_bare_level_is_for_our_own_parts() {
        let directives = |wanted| filter(Some(wanted), "warn").to_string();
        let has = |text: &str, directive: &str| text.split(',').any(|one| one == directive);
        let debug = directives("debug,chatery=warn");
        assert!(has(&debug, "info") && has(&debug, "session_host=debug") && has(&debug, "chatery=warn"), "{debug}");
        assert!(!has(&debug, "debug"), "{debug}");
        assert!(has(&directives("debug,cranelift_codegen=trace"), "cranelift_codegen=trace"));
        assert!(has(&directives("error"), "error"));
    }
}
