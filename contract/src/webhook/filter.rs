//! Which events a webhook gets.

use crate::event::{Event, EventKind};

/// Everything that is delivered without being named: what the original delivers, and the end of a session.
const ALL: &str = "all";

/// Every event there is.
const EVERYTHING: &str = "*";

/// Names that other programs of the field use, with the event and, of connection updates, the status they mean.
const OTHER_NAMES: [(&str, EventKind, Option<&str>); 8] = [
    ("message_ack", EventKind::MessageUpdate, None),
    ("message_revoke", EventKind::MessageRevoke, None),
    ("presence", EventKind::PresenceUpdate, None),
    ("group_update", EventKind::GroupUpdate, None),
    ("group_participants", EventKind::GroupParticipants, None),
    ("ready", EventKind::ConnectionUpdate, Some("connected")),
    ("authenticated", EventKind::ConnectionUpdate, Some("connected")),
    ("disconnected", EventKind::ConnectionUpdate, Some("disconnected")),
];

/// Whether a name stands for any event.
pub fn is_event_name(name: &str) -> bool {
    [ALL, EVERYTHING].contains(&name)
        || EventKind::ALL.iter().any(|kind| kind.as_str() == name)
        || OTHER_NAMES.iter().any(|(other, ..)| *other == name)
}

/// The events of one webhook.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'a>(&'a [String]);

impl<'a> Filter<'a> {
    /// The filter of a list of names. No list and an empty one mean `all`.
    pub fn new(names: Option<&'a [String]>) -> Self {
        Self(names.unwrap_or_default())
    }

    /// Whether an event goes to the webhook.
    pub fn takes(self, event: &Event) -> bool {
        if self.0.is_empty() {
            return is_usual(event);
        }
        self.0.iter().any(|name| match name.as_str() {
            EVERYTHING => true,
            ALL => is_usual(event),
            name => is_named(name, event),
        })
    }
}

fn is_usual(event: &Event) -> bool {
    match event.event {
        EventKind::Message | EventKind::MessageSent | EventKind::LoggedOut => true,
        EventKind::ConnectionUpdate => is_settled(event),
        _ => false,
    }
}

fn is_named(name: &str, event: &Event) -> bool {
    if event.event == EventKind::ConnectionUpdate && name == EventKind::ConnectionUpdate.as_str() {
        return is_settled(event);
    }
    let other = OTHER_NAMES.iter().find(|(other, ..)| *other == name);
    name == event.event.as_str()
        || other.is_some_and(|(_, kind, status)| {
            event.event == *kind && status.is_none_or(|status| self::status(event) == Some(status))
        })
}

/// Connections come up and go down; what lies between is for those who want everything.
fn is_settled(event: &Event) -> bool {
    matches!(status(event), Some("connected" | "disconnected"))
}

fn status(event: &Event) -> Option<&str> {
    event.payload.fields.get("status")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, status: Option<&str>) -> Event {
        let status = status.map(|status| format!(r#","status":"{status}""#)).unwrap_or_default();
        let json = format!(r#"{{"event":"{kind}","payload":{{"sessionId":"a","timestamp":"t"{status}}}}}"#);
        serde_json::from_str(&json).unwrap()
    }

    fn taken(names: Option<&[&str]>) -> Vec<String> {
        let names: Option<Vec<String>> = names.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let filter = Filter::new(names.as_deref());
        let plain = EventKind::ALL.iter().filter(|kind| **kind != EventKind::ConnectionUpdate);
        let connection = ["connecting", "connected", "disconnected"];
        let all = plain.map(|kind| event(kind.as_str(), None));
        let all = all.chain(connection.map(|status| event("connection.update", Some(status))));
        let name = |event: &Event| status(event).unwrap_or(event.event.as_str()).to_owned();
        all.filter(|event| filter.takes(event)).map(|event| name(&event)).collect()
    }

    #[test]
    fn the_usual_ones_need_no_name() {
        let usual = ["message", "message.sent", "logged.out", "connected", "disconnected"];
        for names in [None, Some(&[][..]), Some(&["all"])] {
            assert_eq!(taken(names), usual, "{names:?}");
        }
        assert_eq!(taken(Some(&["all", "qr"])).len(), usual.len() + 1);
        assert_eq!(taken(Some(&["*"])).len(), EventKind::ALL.len() + 2);
    }

    #[test]
    fn names_of_other_programs_are_known() {
        for (name, events) in [
            ("message_ack", &["message.update"][..]),
            ("ready", &["connected"]),
            ("disconnected", &["disconnected"]),
            ("connection.update", &["connected", "disconnected"]),
            ("presence", &["presence.update"]),
            ("messages", &[]),
        ] {
            assert_eq!(taken(Some(&[name])), events, "{name}");
            assert_eq!(is_event_name(name), !events.is_empty(), "{name}");
        }
    }
}
