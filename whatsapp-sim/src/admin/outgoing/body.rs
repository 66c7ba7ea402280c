//! The body of a message: a field for each kind of content, of which exactly one is there. It refuses flags of another
//! kind of file; everything else is refused by the phone.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::blob::Blob;
use crate::phone::content::{Content, EventAnswer, FileKind, MessageError, Outgoing, OutgoingFile, Views};
use crate::sim::{ContactCard, LinkPreview, Occasion, Place};

/// A message: to whom, exactly one content, and how it is sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(example = json!({ "to": "6281200000102", "text": "hello" }))]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with its own name in JSON")]
pub(super) struct NewMessage {
    /// A phone number or a JID: of a person, a group (`…@g.us`) or `status@broadcast`.
    to: String,
    /// A text.
    text: Option<String>,
    /// The preview of a link that stands in `text`.
    link: Option<LinkPreview>,
    /// A picture.
    image: Option<SentFile>,
    /// A video.
    video: Option<SentFile>,
    /// Sound, or a voice note.
    audio: Option<SentFile>,
    /// Any file.
    document: Option<SentFile>,
    /// A sticker, WebP.
    sticker: Option<SentFile>,
    /// A place.
    location: Option<Place>,
    /// Business cards.
    contacts: Option<Vec<ContactCard>>,
    /// A poll.
    poll: Option<SentPoll>,
    /// An event.
    event: Option<Occasion>,
    /// A personal invitation to a group, from one of its admins.
    invite: Option<SentInvite>,
    /// A reaction.
    reaction: Option<SentReaction>,
    /// Other words for an own message, within 15 minutes.
    edit: Option<SentEdit>,
    /// A message is deleted for everyone; admins of a group may delete those of others.
    revoke: Option<Revoked>,
    /// A vote in a poll.
    vote: Option<SentVote>,
    /// An answer to an event.
    respond: Option<SentResponse>,
    /// A message of a disappearing chat is kept, or not any more.
    keep: Option<SentKeep>,
    /// A message is pinned in its chat.
    pin: Option<SentPin>,
    /// The timer of a chat between two, in seconds; 0 switches it off.
    timer: Option<u32>,
    /// The id of the message that this one answers.
    quote: Option<String>,
    /// Who is mentioned, as numbers; the text says `@` and the number where it means them.
    #[serde(default)]
    mentions: Vec<String>,
    /// Whether it is shown as forwarded.
    #[serde(default)]
    forwarded: bool,
    /// Whether it may be opened only once: pictures, videos, voice notes.
    #[serde(default)]
    view_once: bool,
    /// Whether companions only hear that there is something for one view, as WhatsApp does it today.
    #[serde(default)]
    withheld: bool,
    /// After how many seconds it disappears; the chat's timer when it is missing.
    expires_after: Option<u32>,
    /// Whether it is inside of the wrapper that older phones put around disappearing messages.
    #[serde(default)]
    ephemeral_wrapper: bool,
}

/// A file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a name in JSON, and at most one is true")]
struct SentFile {
    /// The file itself, as base64.
    #[schema(value_type = String)]
    data: Blob,
    /// Guessed when it is missing.
    mime_type: Option<String>,
    /// What is written below an image, a video or a document.
    caption: Option<String>,
    /// The name of a document.
    file_name: Option<String>,
    /// How long sound or video lasts.
    seconds: Option<u32>,
    /// The loudness of a voice note, 0 to 100 each.
    waveform: Option<Vec<u8>>,
    /// Pixels; read from pictures when it is missing.
    width: Option<u32>,
    /// Pixels; read from pictures when it is missing.
    height: Option<u32>,
    /// Of `audio`: a voice note.
    #[serde(default)]
    voice: bool,
    /// Of `video`: played as a GIF.
    #[serde(default)]
    gif: bool,
    /// Of `video`: a round video note.
    #[serde(default)]
    note: bool,
    /// Of `sticker`: it moves.
    #[serde(default)]
    animated: bool,
}

/// A poll.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SentPoll {
    /// The question.
    name: String,
    /// 2 to 12 answers.
    options: Vec<String>,
    /// How many may be chosen; 0 is any number.
    #[serde(default = "one")]
    selectable: u32,
}

fn one() -> u32 {
    1
}

/// A personal invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SentInvite {
    /// The group, `…@g.us`.
    group: String,
}

/// A reaction.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SentReaction {
    /// The message reacted to.
    id: String,
    /// Empty takes the reaction back.
    emoji: String,
}

/// Other words.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SentEdit {
    /// The message.
    id: String,
    /// Its text, or the caption of its file, from now on.
    text: String,
}

/// A message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Revoked {
    /// Its id.
    id: String,
}

/// A vote.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SentVote {
    /// The poll's message.
    id: String,
    /// The chosen options; none takes the vote back.
    options: Vec<String>,
}

/// An answer to an event.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SentResponse {
    /// The event's message.
    id: String,
    /// Whether the person comes.
    answer: EventAnswer,
}

/// A message to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SentKeep {
    /// The message.
    id: String,
    /// False: it disappears after all.
    #[serde(default = "yes")]
    keep: bool,
}

fn yes() -> bool {
    true
}

/// A pin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SentPin {
    /// The message.
    id: String,
    /// For how long; 0 unpins it.
    #[serde(default = "a_week")]
    seconds: u32,
}

fn a_week() -> u32 {
    7 * 24 * 3600
}

impl SentFile {
    /// The content, when the flags are those of its kind.
    fn content(self, kinds: &[(bool, FileKind)], plain: FileKind) -> Result<Content, MessageError> {
        let flags = [self.voice, self.gif, self.note, self.animated].into_iter().filter(|flag| *flag).count();
        let own: Vec<FileKind> = kinds.iter().filter(|(flag, _)| *flag).map(|(_, kind)| *kind).collect();
        if flags > 1 || own.len() != flags {
            return Err(MessageError::Bad("`voice` is for audio, `gif` or `note` for video, `animated` for a sticker"));
        }
        let file = OutgoingFile {
            data: self.data.0,
            mime_type: self.mime_type,
            caption: self.caption,
            file_name: self.file_name,
            seconds: self.seconds,
            waveform: self.waveform,
            width: self.width,
            height: self.height,
        };
        Ok(Content::File(own.first().copied().unwrap_or(plain), file))
    }
}

impl NewMessage {
    /// What is to be sent, and to whom.
    pub(super) fn outgoing(self) -> Result<(String, Outgoing), MessageError> {
        let mut contents = Vec::new();
        let linked = self.link.is_some();
        match (self.text, self.link) {
            (Some(text), Some(preview)) => contents.push(Content::Link { text, preview }),
            (Some(text), None) => contents.push(Content::Text(text)),
            (None, _) => {}
        }
        if let Some(file) = self.image {
            contents.push(file.content(&[], FileKind::Image)?);
        }
        if let Some(file) = self.video {
            let kinds = [(file.gif, FileKind::Gif), (file.note, FileKind::VideoNote)];
            contents.push(file.content(&kinds, FileKind::Video)?);
        }
        if let Some(file) = self.audio {
            let kinds = [(file.voice, FileKind::Voice)];
            contents.push(file.content(&kinds, FileKind::Audio)?);
        }
        if let Some(file) = self.document {
            contents.push(file.content(&[], FileKind::Document)?);
        }
        if let Some(file) = self.sticker {
            let kinds = [(file.animated, FileKind::AnimatedSticker)];
            contents.push(file.content(&kinds, FileKind::Sticker)?);
        }
        contents.extend(self.location.map(Content::Location));
        contents.extend(self.contacts.map(Content::Contacts));
        contents.extend(self.poll.map(|poll| Content::Poll {
            name: poll.name,
            options: poll.options,
            selectable: poll.selectable,
        }));
        contents.extend(self.event.map(Content::Event));
        contents.extend(self.invite.map(|invite| Content::Invite { group: invite.group }));
        contents.extend(self.reaction.map(|about| Content::Reaction { id: about.id, emoji: about.emoji }));
        contents.extend(self.edit.map(|about| Content::Edit { id: about.id, text: about.text }));
        contents.extend(self.revoke.map(|about| Content::Revoke { id: about.id }));
        contents.extend(self.vote.map(|about| Content::Vote { id: about.id, options: about.options }));
        contents.extend(self.respond.map(|about| Content::Respond { id: about.id, answer: about.answer }));
        contents.extend(self.keep.map(|about| Content::Keep { id: about.id, keep: about.keep }));
        contents.extend(self.pin.map(|about| Content::Pin { id: about.id, seconds: about.seconds }));
        contents.extend(self.timer.map(|seconds| Content::Timer { seconds }));
        let (Some(content), None) = (contents.pop(), contents.pop()) else {
            return Err(MessageError::Bad("a message has exactly one content"));
        };
        if linked && !matches!(content, Content::Link { .. }) {
            return Err(MessageError::Bad("a preview belongs to a text"));
        }
        let views = match (self.view_once, self.withheld) {
            (false, false) => Views::Any,
            (true, false) => Views::Once,
            (true, true) => Views::OnceOnPhones,
            (false, true) => return Err(MessageError::Bad("only what is for one view is withheld from companions")),
        };
        let outgoing = Outgoing {
            quote: self.quote,
            mentions: self.mentions,
            forwarded: self.forwarded,
            views,
            expires: self.expires_after,
            wrapped: self.ephemeral_wrapper,
            ..Outgoing::from(content)
        };
        Ok((self.to, outgoing))
    }
}
