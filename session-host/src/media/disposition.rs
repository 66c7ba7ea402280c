//! `Content-Disposition`: whether a file is shown or saved, and under which name. A document's name comes from a stranger: what could
//! leave a folder, end a header or turn the ending around is taken out of it.

use std::fmt::Write as _;

use super::kind::Kind;

/// Most characters of a name: what file systems take, in any alphabet, with room for what browsers add.
const MAX_NAME: usize = 100;

/// The header of a file; `given` is the sender's name for it, `ours` is used where there is none.
pub(crate) fn header(kind: Kind, given: Option<&str>, ours: &str) -> String {
    let name = given.map(cleaned).filter(|name| !name.is_empty());
    let name = name.as_deref().unwrap_or(ours);
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_ ".contains(c) { c } else { '_' }).collect();
    let mut header = format!("{}; filename=\"{plain}\"", if kind.inline { "inline" } else { "attachment" });
    if plain != name {
        header.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
                header.push(char::from(byte));
            } else {
                // A String takes everything.
                let _ = write!(header, "%{byte:02X}");
            }
        }
    }
    header
}

/// A name without folders, control characters and marks of direction.
fn cleaned(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = last.chars().filter(|c| !c.is_control() && !turns(*c));
    let short: String = kept.take(MAX_NAME).collect();
    short.trim_matches(|c: char| c.is_whitespace() || c == '.').to_owned()
}

/// Whether a character changes the direction of writing, or is not to be seen.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(name: &str) -> String {
        header(Kind::claimed("application/pdf"), Some(name), "ours.pdf")
    }

    #[test]
    fn plain_names_stay() {
        assert_eq!(saved("Report 2026.pdf"), "attachment; filename=\"Report 2026.pdf\"");
        assert_eq!(
            saved("Ausflug übers Meer.pdf"),
            "attachment; filename=\"Ausflug _bers Meer.pdf\"; filename*=UTF-8''Ausflug%20%C3%BCbers%20Meer.pdf"
        );
        assert_eq!(header(Kind::claimed("image/png"), None, "ours.png"), "inline; filename=\"ours.png\"");
    }

    #[test]
    fn hostile_names_become_harmless() {
        for (name, plain) in [
            ("../../../etc/passwd", "passwd"),
            ("..\\..\\evil.exe", "evil.exe"),
            ("a\r\nSet-Cookie: x=1", "aSet-Cookie_ x_1"),
            ("gpj.\u{202e}exe", "gpj.exe"),
            ("\"; filename=x.html", "__ filename_x.html"),
            (".htaccess", "htaccess"),
            ("..", "ours.pdf"),
            ("/", "ours.pdf"),
            ("\u{202e}\u{0}", "ours.pdf"),
        ] {
            let header = saved(name);
            assert!(header.starts_with(&format!("attachment; filename=\"{plain}\"")), "{name:?}: {header}");
            assert!(header.is_ascii() && !header.bytes().any(|b| b.is_ascii_control()), "{header}");
        }
        assert!(saved(&"ä".repeat(10_000)).len() < 1_000);
    }
}
