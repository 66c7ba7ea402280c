//! Operations on webhooks.

use contract::error::ErrorCode::{
    BodyTooLarge, DeliveryNotFound, EventGone, InvalidField, MalformedBody, MissingField, ReplayRunning,
    RequestTimeout, SessionNotFound, WebhookNotFound,
};
use contract::routes::{DELIVERIES, REDELIVER, REPLAY, TEST_WEBHOOK, WEBHOOK_SECRET, WEBHOOKS};

use super::super::shape::{Data, Field, Kind};
use super::{Operation, PLAIN, may, must};

const PLAIN_WEBHOOK: Operation = Operation { tag: "Webhooks", codes: &[SessionNotFound, WebhookNotFound], ..PLAIN };

/// A delivery, field by field.
pub(in super::super) const DELIVERY: &[Field] = &[
    must("id", Kind::Text, "Its name; the receiver saw it as `X-Chatery-Delivery`."),
    may("cursor", Kind::Text, "The entry of the event log; null for a test."),
    must("event", Kind::Text, "The event."),
    must("state", Kind::OneOf(&["queued", "delivered", "retrying", "set_aside", "dead"]), "Where it stands."),
    must("tries", Kind::Whole(0, 1_000_000), "How often it was tried."),
    may("firstTryAt", Kind::Text, "When it was first tried, ISO 8601."),
    must("attempts", Kind::Attempts, "The newest tries, at most ten."),
    may("payload", Kind::Object, "The payload, while it is not delivered."),
];

/// A webhook as it is written, field by field.
pub(in super::super) const WEBHOOK: &[Field] = &[
    must("url", Kind::Text, "Where to post, http or https. It may not lead to a private address."),
    may(
        "events",
        Kind::Texts(0, 64),
        "Names of events; `all` (the default) for messages, connection and logout; `*` for everything.",
    ),
    may("secret", Kind::Text, "What requests are signed with, 16 to 256 visible characters; null for none."),
    may("headers", Kind::Object, "Headers that the receiver wants, at most 16."),
    may("paused", Kind::Flag, "Whether nothing is posted for the time being; what happens meanwhile waits."),
];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "get",
        path: WEBHOOKS,
        id: "listWebhooks",
        summary: "The webhooks of a session and how they fare",
        sentence: Some("Webhooks retrieved"),
        data: Data::Fields(&[
            must("sessionId", Kind::Text, "The session."),
            must("webhooks", Kind::Healths, "Each with its figures."),
        ]),
        codes: &[SessionNotFound],
        ..PLAIN_WEBHOOK
    },
    Operation {
        path: WEBHOOKS,
        id: "addWebhook",
        summary: "Add a webhook, or change the one with this address; what is not named of one that is there stays",
        has_body: true,
        fields: WEBHOOK,
        body: r#"{"url":"https://example.com/hook","events":["message"]}"#,
        sentence: Some("Webhook added"),
        data: Data::Fields(&[
            must("sessionId", Kind::Text, "The session."),
            must("webhooks", Kind::Webhooks, "All of them."),
        ]),
        codes: &[SessionNotFound],
        repeatable: true,
        ..PLAIN_WEBHOOK
    },
    Operation {
        method: "delete",
        path: WEBHOOKS,
        id: "removeWebhook",
        summary: "Remove a webhook, with what is known of its deliveries",
        query: &[must("url", Kind::Text, "Its address, letter by letter. It may stand in a body instead.")],
        sentence: Some("Webhook removed"),
        data: Data::Fields(&[
            must("sessionId", Kind::Text, "The session."),
            must("webhooks", Kind::Webhooks, "Those that are left."),
        ]),
        codes: &[SessionNotFound, MissingField, InvalidField, MalformedBody, BodyTooLarge, RequestTimeout],
        repeatable: true,
        ..PLAIN_WEBHOOK
    },
    Operation {
        method: "get",
        path: DELIVERIES,
        id: "listDeliveries",
        summary: "What became of deliveries, the newest first",
        query: &[
            may(
                "list",
                Kind::OneOf(&["log", "aside", "dead"]),
                "All; those set aside, by when they are due; those given up.",
            ),
            may("limit", Kind::Whole(1, 200), "How many; 50 unless it is said."),
            may("before", Kind::Text, "The `next` of an earlier answer."),
        ],
        sentence: Some("Deliveries retrieved"),
        data: Data::Fields(&[
            must("webhookId", Kind::Text, "The webhook."),
            must("deliveries", Kind::Deliveries, "The deliveries."),
            may("next", Kind::Text, "Where the next page begins; null when this is the last."),
        ]),
        codes: &[SessionNotFound, WebhookNotFound, InvalidField],
        ..PLAIN_WEBHOOK
    },
    Operation {
        path: REDELIVER,
        id: "redeliver",
        summary: "Deliver once more, under the same id; waits for the receiver's answer",
        sentence: Some("Delivered"),
        data: Data::Fields(DELIVERY),
        codes: &[SessionNotFound, WebhookNotFound, DeliveryNotFound, EventGone],
        repeatable: true,
        accepted: true,
        ..PLAIN_WEBHOOK
    },
    Operation {
        path: REPLAY,
        id: "replayEvents",
        summary: "Deliver a part of the event log once more, in order",
        has_body: true,
        fields: &[
            may("from", Kind::Text, "A cursor or a time in ISO 8601; the beginning of the log unless it is said."),
            may("to", Kind::Text, "The same; the end of the log unless it is said."),
        ],
        body: r#"{"from":"2026-01-01T00:00:00Z"}"#,
        sentence: Some("Replay started"),
        data: Data::Fields(&[
            must("webhookId", Kind::Text, "The webhook."),
            must(
                "events",
                Kind::Whole(0, 1_000_000_000),
                "Entries between, those included that the webhook does not want.",
            ),
        ]),
        codes: &[SessionNotFound, WebhookNotFound, ReplayRunning],
        repeatable: true,
        ..PLAIN_WEBHOOK
    },
    Operation {
        path: TEST_WEBHOOK,
        id: "testWebhook",
        summary: "Deliver a made-up event (`test`); waits for the receiver's answer",
        sentence: Some("Delivered"),
        data: Data::Fields(DELIVERY),
        accepted: true,
        repeatable: true,
        ..PLAIN_WEBHOOK
    },
    Operation {
        path: WEBHOOK_SECRET,
        id: "changeWebhookSecret",
        summary: "Another secret; the one before signs beside it for 24 hours. Shown here and never again",
        has_body: true,
        fields: &[may("secret", Kind::Text, "The secret; one is made unless it is said.")],
        body: "{}",
        sentence: Some("Secret changed; the one before signs for another 24 hours"),
        data: Data::Fields(&[
            must("webhookId", Kind::Text, "The webhook."),
            must("secret", Kind::Text, "The new secret."),
        ]),
        repeatable: true,
        ..PLAIN_WEBHOOK
    },
];
