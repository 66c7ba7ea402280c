//! Which files there are, from the point of view of whoever opens one: the ending of its name, the content type it is served with,
//! and whether a browser may show it. The list is closed. What a sender claims picks an entry and has no other influence; what is not
//! in the list is served as bytes to be saved.

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    /// The ending of its name.
    pub(crate) extension: &'static str,
    /// What it is served as.
    pub(crate) content_type: &'static str,
    /// Whether browsers show it without running anything of it.
    pub(crate) inline: bool,
}

const fn shown(extension: &'static str, content_type: &'static str) -> Kind {
    Kind { extension, content_type, inline: true }
}

/// What nothing is known of.
const BYTES: Kind = Kind { extension: "bin", content_type: "application/octet-stream", inline: false };

/// The kinds. The endings are those of the original.
const KINDS: [Kind; 13] = [
    shown("jpg", "image/jpeg"),
    shown("png", "image/png"),
    shown("webp", "image/webp"),
    shown("gif", "image/gif"),
    shown("mp4", "video/mp4"),
    shown("3gp", "video/3gpp"),
    shown("ogg", "audio/ogg"),
    shown("mp3", "audio/mpeg"),
    shown("m4a", "audio/mp4"),
    shown("aac", "audio/aac"),
    shown("amr", "audio/amr"),
    // Browsers run scripts in it.
    Kind { extension: "pdf", content_type: "application/pdf", inline: false },
    BYTES,
];

impl Kind {
    /// The kind of a content type that a sender claims; parameters do not matter.
    pub(crate) fn claimed(content_type: &str) -> Self {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let fits = |kind: &Self| kind.content_type.eq_ignore_ascii_case(essence);
        KINDS.into_iter().find(fits).unwrap_or(BYTES)
    }

    /// The kind with this ending. `None` for an ending that no file of ours has.
    pub(crate) fn with_extension(extension: &str) -> Option<Self> {
        KINDS.into_iter().find(|kind| kind.extension == extension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_picks_from_the_list() {
        for (claimed, extension) in [
            ("image/jpeg", "jpg"),
            ("IMAGE/PNG", "png"),
            ("audio/ogg; codecs=opus", "ogg"),
            (" video/mp4 ;a=b", "mp4"),
            ("text/html", "bin"),
            ("image/svg+xml", "bin"),
            ("application/xhtml+xml", "bin"),
            ("../../etc/passwd", "bin"),
            ("image/jpeg\r\nX: y", "bin"),
            ("", "bin"),
        ] {
            assert_eq!(Kind::claimed(claimed).extension, extension, "{claimed:?}");
        }
    }

    #[test]
    fn endings_name_kinds_and_nothing_a_browser_runs_is_shown() {
        for kind in KINDS {
            assert_eq!(Kind::with_extension(kind.extension), Some(kind));
            let harmless = ["image/", "video/", "audio/"].iter().any(|group| kind.content_type.starts_with(group));
            assert_eq!(kind.inline, harmless, "{kind:?}");
        }
        assert_eq!(Kind::with_extension("html"), None);
    }
}
