//! Every public path, once.

/// Prefix of the API proper; everything below it needs the key.
pub const API: &str = "/api/whatsapp";

/// `GET`: liveness.
pub const HEALTH: &str = "/api/health";
/// `GET`: Redis reachable, a host alive.
pub const READY: &str = "/api/ready";
/// `POST`: dashboard login.
pub const DASHBOARD_LOGIN: &str = "/api/dashboard/login";
/// `GET`: who is logged in, and what there is here.
pub const DASHBOARD_SESSION: &str = "/api/dashboard/session";
/// `POST`: the end of a login.
pub const DASHBOARD_LOGOUT: &str = "/api/dashboard/logout";
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
/// `POST`: send a picture.
pub const SEND_IMAGE: &str = "/api/whatsapp/chats/send-image";
/// `POST`: send a file.
pub const SEND_DOCUMENT: &str = "/api/whatsapp/chats/send-document";
/// `POST`: send sound.
pub const SEND_AUDIO: &str = "/api/whatsapp/chats/send-audio";
/// `POST`: send a place.
pub const SEND_LOCATION: &str = "/api/whatsapp/chats/send-location";
/// `POST`: send a contact card.
pub const SEND_CONTACT: &str = "/api/whatsapp/chats/send-contact";
/// `POST`: send buttons, as a poll.
pub const SEND_BUTTON: &str = "/api/whatsapp/chats/send-button";
/// `POST`: send a poll.
pub const SEND_POLL: &str = "/api/whatsapp/chats/send-poll";
/// `POST`: show typing, recording, online.
pub const PRESENCE: &str = "/api/whatsapp/chats/presence";
/// `POST`: whether a number is registered.
pub const CHECK_NUMBER: &str = "/api/whatsapp/chats/check-number";
/// `POST`: where a profile picture is.
pub const PROFILE_PICTURE: &str = "/api/whatsapp/chats/profile-picture";
/// `POST`: who that is.
pub const CONTACT_INFO: &str = "/api/whatsapp/chats/contact-info";
/// `POST`: chats, the newest first.
pub const OVERVIEW: &str = "/api/whatsapp/chats/overview";
/// `POST`: people.
pub const CONTACTS: &str = "/api/whatsapp/contacts";
/// `POST`: what a chat is.
pub const CHAT_INFO: &str = "/api/whatsapp/chats/info";
/// `POST`: read receipts.
pub const MARK_READ: &str = "/api/whatsapp/chats/mark-read";
/// `POST`: every group.
pub const GROUPS: &str = "/api/whatsapp/groups";
/// `POST`: create a group.
pub const GROUP_CREATE: &str = "/api/whatsapp/groups/create";
/// `POST`: a group with its people.
pub const GROUP_METADATA: &str = "/api/whatsapp/groups/metadata";
/// `POST`: add people.
pub const PARTICIPANTS_ADD: &str = "/api/whatsapp/groups/participants/add";
/// `POST`: remove people.
pub const PARTICIPANTS_REMOVE: &str = "/api/whatsapp/groups/participants/remove";
/// `POST`: make people admins.
pub const PARTICIPANTS_PROMOTE: &str = "/api/whatsapp/groups/participants/promote";
/// `POST`: make admins members.
pub const PARTICIPANTS_DEMOTE: &str = "/api/whatsapp/groups/participants/demote";
/// `POST`: rename a group.
pub const GROUP_SUBJECT: &str = "/api/whatsapp/groups/subject";
/// `POST`: describe a group.
pub const GROUP_DESCRIPTION: &str = "/api/whatsapp/groups/description";
/// `POST`: who may do what.
pub const GROUP_SETTINGS: &str = "/api/whatsapp/groups/settings";
/// `POST`: give a group a picture.
pub const GROUP_PICTURE: &str = "/api/whatsapp/groups/picture";
/// `POST`: leave a group.
pub const GROUP_LEAVE: &str = "/api/whatsapp/groups/leave";
/// `POST`: join a group.
pub const GROUP_JOIN: &str = "/api/whatsapp/groups/join";
/// `POST`: the invite code.
pub const INVITE_CODE: &str = "/api/whatsapp/groups/invite-code";
/// `POST`: another invite code.
pub const REVOKE_INVITE: &str = "/api/whatsapp/groups/revoke-invite";
/// `GET` lists, `POST` adds, `DELETE` removes a webhook.
pub const WEBHOOKS: &str = "/api/whatsapp/sessions/{session_id}/webhooks";
/// `GET`: what became of the deliveries of a webhook.
pub const DELIVERIES: &str = "/api/whatsapp/sessions/{session_id}/webhooks/{webhook_id}/deliveries";
/// `POST`: deliver once more.
pub const REDELIVER: &str =
    "/api/whatsapp/sessions/{session_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver";
/// `POST`: deliver a part of the event log once more.
pub const REPLAY: &str = "/api/whatsapp/sessions/{session_id}/webhooks/{webhook_id}/replay";
/// `POST`: deliver a made-up event.
pub const TEST_WEBHOOK: &str = "/api/whatsapp/sessions/{session_id}/webhooks/{webhook_id}/test";
/// `POST`: another secret.
pub const WEBHOOK_SECRET: &str = "/api/whatsapp/sessions/{session_id}/webhooks/{webhook_id}/secret";
/// `POST`: the function that delivers. Not public: hosts invoke it with the internal token.
pub const INTERNAL_WEBHOOKS: &str = "/internal/webhooks";
/// Everything below it is for hosts only.
pub const INTERNAL: &str = "/internal/";
/// `GET`: the description of all this.
pub const OPENAPI: &str = "/api-docs.json";
/// `GET`: a media file. Served by hosts; the key is in the link.
pub const MEDIA: &str = "/media/{session_id}/{chat}/{name}";
