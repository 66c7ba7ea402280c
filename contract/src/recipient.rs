//! What people type as a recipient, and the one chat it means. The only place that knows this grammar.

use crate::jid::{Jid, Server};

/// Fewest digits of an international phone number that WhatsApp accepts (country code included).
pub const MIN_PHONE_DIGITS: usize = 7;

/// Most digits of an international phone number (E.164).
pub const MAX_PHONE_DIGITS: usize = 15;

/// The country code put in place of a leading zero when nothing else is configured: the original's.
pub const DEFAULT_COUNTRY_CODE: &str = "62";

/// Longest text looked at.
const MAX_RECIPIENT_LENGTH: usize = 128;

/// The text names nobody: it is neither an address nor a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRecipient;

/// Reads a `chatId`: an address or a phone number as people write it.
///
/// Addresses are `…@s.whatsapp.net`, `…@c.us`, `…@g.us`, `…@lid` and the like; numbers `+62 812-0000-1111` or `0812 0000 1111`,
/// where a leading zero stands for `country_code`.
///
/// # Errors
/// When the text is neither. Nothing is guessed: letters, too few or too many digits are refused.
pub fn parse(text: &str, country_code: &str) -> Result<Jid, InvalidRecipient> {
    let text = text.trim();
    if text.len() > MAX_RECIPIENT_LENGTH {
        return Err(InvalidRecipient);
    }
    if text.contains('@') {
        let jid = Jid::parse(text).map_err(|_| InvalidRecipient)?;
        let plausible = jid.server() != Server::Phone || is_phone_length(jid.user());
        return if plausible { Ok(jid) } else { Err(InvalidRecipient) };
    }
    // What a spreadsheet makes of a number (`6281….0`): the zero is none of its digits.
    if text.ends_with(".0") || text.ends_with(".00") {
        return Err(InvalidRecipient);
    }
    let mut digits = String::with_capacity(text.len());
    for (position, character) in text.chars().enumerate() {
        match character {
            '0'..='9' => digits.push(character),
            '+' if position == 0 => {}
            '-' if position == 0 => return Err(InvalidRecipient),
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' => {}
            _ => return Err(InvalidRecipient),
        }
    }
    if let Some(national) = digits.strip_prefix('0') {
        digits = format!("{country_code}{national}");
    }
    if is_phone_length(&digits) { Ok(Jid::phone(&digits)) } else { Err(InvalidRecipient) }
}

/// Reads a `chatId` that something is to be sent to.
///
/// An account sends to people, groups and channels, and not to broadcasts (`status@broadcast` and lists), which need a list of
/// readers that no request has.
///
/// # Errors
/// As [`parse`], and for a broadcast.
pub fn parse_addressee(text: &str, country_code: &str) -> Result<Jid, InvalidRecipient> {
    let jid = parse(text, country_code)?;
    if jid.server() == Server::Broadcast { Err(InvalidRecipient) } else { Ok(jid) }
}

fn is_phone_length(digits: &str) -> bool {
    (MIN_PHONE_DIGITS..=MAX_PHONE_DIGITS).contains(&digits.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (given, jid) in [
            ("6281200001111", "6281200001111@s.whatsapp.net"),
            ("+62 812-0000-1111", "6281200001111@s.whatsapp.net"),
            ("0812-345", "62812345@s.whatsapp.net"),
            (" (0812) 0000.1111 ", "6281200001111@s.whatsapp.net"),
            ("6281200001111@c.us", "6281200001111@s.whatsapp.net"),
            ("120363000000000001@g.us", "120363000000000001@g.us"),
            ("100000000000001@lid", "100000000000001@lid"),
        ] {
            assert_eq!(parse(given, DEFAULT_COUNTRY_CODE).unwrap().to_string(), jid, "{given:?}");
        }
        assert_eq!(parse("0151 2345678", "49").unwrap().user(), "491512345678");
    }

    #[test]
    fn nothing_is_sent_to_a_broadcast() {
        for broadcast in ["status@broadcast", "6281200001111@broadcast"] {
            assert!(parse(broadcast, DEFAULT_COUNTRY_CODE).is_ok(), "its history can be read: {broadcast}");
            assert_eq!(parse_addressee(broadcast, DEFAULT_COUNTRY_CODE), Err(InvalidRecipient), "{broadcast}");
        }
        for good in ["0812-0000-1111", "120363000000000001@g.us", "120363000000000001@newsletter"] {
            assert!(parse_addressee(good, DEFAULT_COUNTRY_CODE).is_ok(), "{good}");
        }
    }

    #[test]
    fn garbage_names_nobody() {
        for bad in [
            "",
            " ",
            "abc",
            "62812abc",
            "12",
            "+",
            "0",
            "@s.whatsapp.net",
            "1@s.whatsapp.net",
            "6281+2000",
            "-6281200001111",
            "6281200001111.0",
            "6281200001111.00",
            "６２８１２００００１１１１",
        ] {
            assert_eq!(parse(bad, DEFAULT_COUNTRY_CODE), Err(InvalidRecipient), "{bad:?}");
        }
        assert!(parse(&"1".repeat(MAX_PHONE_DIGITS + 1), DEFAULT_COUNTRY_CODE).is_err());
    }
}
