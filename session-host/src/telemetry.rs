//! What is logged. Some libraries write whole packets at debug level, message texts and QR codes among them; they stay quiet
//! whatever `RUST_LOG` says.

use tracing_subscriber::EnvFilter;

/// Libraries that may never say more than this.
const PRIVATE: [&str; 7] = [
    "engineioxide=info",
    "socketioxide=info",
    "tungstenite=info",
    // These name people's numbers at `info`; `Client` and `usync` are targets of the same library.
    "whatsapp_rust=warn",
    "wacore=warn",
    "Client=warn",
    "usync=warn",
];

/// The filter for `RUST_LOG`'s value, or for `default` when there is none or it cannot be read.
pub fn filter(wanted: Option<&str>, default: &str) -> EnvFilter {
    let filter = wanted.and_then(|text| EnvFilter::try_new(text).ok()).unwrap_or_else(|| EnvFilter::new(default));
    PRIVATE.iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_never_logged() {
        for wanted in [Some("trace"), Some("engineioxide=trace"), Some("not a filter="), None] {
            let text = filter(wanted, "warn").to_string();
            assert!(PRIVATE.iter().all(|directive| text.contains(directive)), "{text}");
            assert!(!text.contains("engineioxide=trace"), "{text}");
        }
    }
}
