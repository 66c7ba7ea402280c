//! Every public path, once.

/// Prefix of the API proper; everything below it needs the key.
pub const API: &str = "/api/whatsapp";

/// `GET`: liveness.
pub const HEALTH: &str = "/api/health";
/// `GET`: Redis reachable, a host alive.
pub const READY: &str = "/api/ready";
/// `POST`: dashboard login.
pub const DASHBOARD_LOGIN: &str = "/api/dashboard/login";
/// `GET`: every session.
pub const SESSIONS: &str = "/api/whatsapp/sessions";
/// `DELETE`: log out and erase.
pub const SESSION: &str = "/api/whatsapp/sessions/{session_id}";
/// `POST`: create or reconnect.
pub const CONNECT: &str = "/api/whatsapp/sessions/{session_id}/connect";
/// `GET`: where it stands.
pub const STATUS: &str = "/api/whatsapp/sessions/{session_id}/status";
/// `PATCH`: metadata and webhooks.
pub const CONFIG: &str = "/api/whatsapp/sessions/{session_id}/config";
/// `GET`: the QR code as a data URI.
pub const QR: &str = "/api/whatsapp/sessions/{session_id}/qr";
/// `GET`: the QR code as a PNG.
pub const QR_IMAGE: &str = "/api/whatsapp/sessions/{session_id}/qr/image";
/// `POST`: send a text.
pub const SEND_TEXT: &str = "/api/whatsapp/chats/send-text";
/// `POST`: history of a chat.
pub const MESSAGES: &str = "/api/whatsapp/chats/messages";
