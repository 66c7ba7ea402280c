//! The functions of the edge that a host invokes, and what it notes after each invocation, so that readiness can tell.

use serde::{Deserialize, Serialize};

/// A function that a host invokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// Delivers events to webhooks.
    Webhooks,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 1] = [Self::Webhooks];

    /// Its name: that of its component, and its field in [`crate::keys::FUNCTIONS`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhooks => "webhooks",
        }
    }
}

/// The last invocation of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastInvocation {
    /// Whether it did its work.
    pub ok: bool,
    /// When, Redis time in milliseconds.
    pub at: u64,
    /// Why it did not: for operators, never an address of a client or a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invocation_keeps_its_form() {
        for json in [r#"{"ok":true,"at":1700000000000}"#, r#"{"ok":false,"at":1,"error":"no answer"}"#] {
            let invocation: LastInvocation = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&invocation).unwrap(), json);
        }
    }
}
