//! Operations on the server and on sessions.

use contract::error::ErrorCode::{
    FunctionFailed, InvalidCredentials, InvalidSessionId, NetworkMismatch, NoHost, NotLoggedIn, QrNotAvailable,
    SandboxNotConfigured, SessionAlreadyConnected, SessionNotFound, StorageUnavailable, Timeout, TooManyAttempts,
};
use contract::routes::{
    CONFIG, CONNECT, DASHBOARD_LOGIN, DASHBOARD_LOGOUT, DASHBOARD_SESSION, HEALTH, QR, QR_IMAGE, READY, SESSION,
    SESSIONS, STATUS,
};
use contract::session::{ConfigView, QrView, SessionInfo, SessionSummary};

use super::super::shape::{Data, Kind, Schemas};
use super::{METADATA, Operation, PLAIN, WEBHOOK_LIST, may, must};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "get",
        path: HEALTH,
        id: "health",
        tag: "Health",
        summary: "Whether the edge answers",
        sentence: Some("Server is running"),
        besides: &[must("timestamp", Kind::Text, "Now, ISO 8601.")],
        open: true,
        ..PLAIN
    },
    Operation {
        method: "get",
        path: READY,
        id: "ready",
        tag: "Health",
        summary: "Whether everything is there that is needed; `data` says which part is not",
        sentence: Some("Ready"),
        data: Data::Fields(&[
            must(
                "functions",
                Kind::Object,
                "Each function that the host invokes: `ok`, `failed` (that it failed within the last minute is a 503) or `unknown` (it was never invoked).",
            ),
            must("redis", Kind::Flag, "Whether Redis answers."),
            must("host", Kind::Flag, "Whether a session host is alive."),
        ]),
        codes: &[StorageUnavailable, NoHost, FunctionFailed],
        open: true,
        ..PLAIN
    },
    Operation {
        path: DASHBOARD_LOGIN,
        id: "dashboardLogin",
        tag: "Dashboard",
        summary: "Whether a name and a password are right",
        has_body: true,
        fields: &[may("username", Kind::Text, "The name."), may("password", Kind::Text, "The password.")],
        body: r#"{"username":"admin","password":"secret"}"#,
        sentence: Some("Login successful"),
        codes: &[InvalidCredentials, TooManyAttempts, StorageUnavailable],
        open: true,
        ..PLAIN
    },
    Operation {
        method: "get",
        path: DASHBOARD_SESSION,
        id: "dashboardSession",
        tag: "Dashboard",
        summary: "Whether somebody is logged in, and what the dashboard has to know of this server",
        data: Data::Fields(&[
            must("username", Kind::Text, "The dashboard's name."),
            must("sandbox", Kind::Flag, "Whether there is a simulated network."),
            must("defaultNetwork", Kind::OneOf(&["live", "sandbox"]), "The network of a session that does not say."),
            must("version", Kind::Text, "The version of this server."),
        ]),
        codes: &[NotLoggedIn],
        ..PLAIN
    },
    Operation {
        path: DASHBOARD_LOGOUT,
        id: "dashboardLogout",
        tag: "Dashboard",
        summary: "End the login of this browser",
        sentence: Some("Logged out"),
        codes: &[StorageUnavailable],
        open: true,
        ..PLAIN
    },
    Operation {
        method: "get",
        path: SESSIONS,
        id: "listSessions",
        summary: "All sessions",
        sentence: Some("Sessions retrieved"),
        data: Data::List(Schemas::of::<SessionSummary>),
        ..PLAIN
    },
    Operation {
        path: CONNECT,
        id: "connectSession",
        summary: "Create a session or connect it again; waits up to three seconds for its QR code",
        has_body: true,
        fields: &[
            may("network", Kind::OneOf(&["live", "sandbox"]), "Which WhatsApp; fixed once the session exists."),
            METADATA,
            WEBHOOK_LIST,
        ],
        body: r#"{"network":"sandbox","metadata":{"shop":"Jakarta"}}"#,
        sentence: Some("Session created"),
        data: Data::Type(Schemas::of::<SessionInfo>),
        codes: &[InvalidSessionId, SessionAlreadyConnected, NetworkMismatch, SandboxNotConfigured, NoHost, Timeout],
        repeatable: true,
        ..PLAIN
    },
    Operation {
        method: "get",
        path: STATUS,
        id: "sessionStatus",
        summary: "Where a session stands",
        sentence: Some("Status retrieved"),
        data: Data::Type(Schemas::of::<SessionSummary>),
        codes: &[SessionNotFound],
        ..PLAIN
    },
    Operation {
        method: "patch",
        path: CONFIG,
        id: "configureSession",
        summary: "Change the metadata and webhooks of a session",
        has_body: true,
        fields: &[METADATA, WEBHOOK_LIST],
        body: r#"{"metadata":{"team":"support"}}"#,
        sentence: Some("Session config updated"),
        data: Data::Type(Schemas::of::<ConfigView>),
        codes: &[SessionNotFound],
        repeatable: true,
        ..PLAIN
    },
    Operation {
        method: "get",
        path: QR,
        id: "qrCode",
        summary: "The QR code of a session that waits to be linked",
        sentence: Some("QR Code ready"),
        data: Data::Type(Schemas::of::<QrView>),
        codes: &[SessionNotFound, QrNotAvailable],
        ..PLAIN
    },
    Operation {
        method: "get",
        path: QR_IMAGE,
        id: "qrCodeImage",
        summary: "The same as a picture",
        page: Some("image/png"),
        codes: &[QrNotAvailable],
        ..PLAIN
    },
    Operation {
        method: "delete",
        path: SESSION,
        id: "deleteSession",
        summary: "Log out and erase a session",
        sentence: Some("Session deleted successfully"),
        codes: &[SessionNotFound, NoHost, Timeout],
        repeatable: true,
        ..PLAIN
    },
];
