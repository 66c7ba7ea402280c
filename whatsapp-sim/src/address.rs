//! Phone numbers as people type them, and the two ids (number and LID) that every account has on the wire. Refuses
//! anything that could not be an international phone number.

use thiserror::Error;
use wacore_binary::{Jid, Server};

/// E.164 allows 15 digits.
const MAX_DIGITS: usize = 15;
/// Shorter than this is no international number; it catches typing errors.
const MIN_DIGITS: usize = 7;
/// What a person may reasonably type around 15 digits; longer input is not looked at.
const MAX_INPUT: usize = 64;

/// Why a typed address is no phone number.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AddressError {
    /// Neither digits (with `+`, spaces, dashes, dots, parentheses) nor a JID of a person.
    #[error("not a phone number")]
    NotANumber,
    /// Too few or too many digits for an international number.
    #[error("a phone number has {MIN_DIGITS} to {MAX_DIGITS} digits and does not begin with 0")]
    Length,
}

/// What a typed address names: an account by its phone number or by its LID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// A phone number.
    Number(u64),
    /// A hidden id (`…@lid`).
    Lid(u64),
}

/// Reads a phone number in any usual spelling, or a JID.
pub fn parse(input: &str) -> Result<Typed, AddressError> {
    if input.len() > MAX_INPUT {
        return Err(AddressError::NotANumber);
    }
    let (digits, is_lid) = match input.trim().split_once('@') {
        Some((user, "s.whatsapp.net" | "c.us")) => (user, false),
        Some((user, "lid")) => (user, true),
        Some(_) => return Err(AddressError::NotANumber),
        None => (input.trim(), false),
    };
    let digits = digits.split(':').next().unwrap_or_default();
    let mut plain = String::with_capacity(digits.len());
    for (at, character) in digits.chars().enumerate() {
        match character {
            '0'..='9' => plain.push(character),
            '+' if at == 0 => {}
            ' ' | '-' | '.' | '(' | ')' => {}
            _ => return Err(AddressError::NotANumber),
        }
    }
    if plain.len() < MIN_DIGITS || plain.len() > MAX_DIGITS || plain.starts_with('0') {
        return Err(AddressError::Length);
    }
    let value = plain.parse().map_err(|_| AddressError::NotANumber)?;
    Ok(if is_lid { Typed::Lid(value) } else { Typed::Number(value) })
}

/// The JID of one device under its phone number; device 0 is the phone.
pub(crate) fn pn(number: u64, device: u16) -> Jid {
    Jid::pn_device(number.to_string(), device)
}

/// The JID of one device under its LID; device 0 is the phone.
pub(crate) fn lid(lid: u64, device: u16) -> Jid {
    Jid::lid_device(lid.to_string(), device)
}

/// What account a JID from the wire names, if it names a person at all.
pub(crate) fn of_jid(jid: &Jid) -> Option<Typed> {
    let value = jid.user.parse().ok()?;
    match jid.server {
        Server::Pn | Server::Legacy => Some(Typed::Number(value)),
        Server::Lid => Some(Typed::Lid(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_may_decorate_numbers() {
        let expected = Ok(Typed::Number(6_281_200_000_001));
        for text in [
            "6281200000001",
            "+62 812-0000-0001",
            "(62) 812.0000.0001",
            "6281200000001@s.whatsapp.net",
            " 6281200000001:3@c.us ",
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse("100000000000001@lid"), Ok(Typed::Lid(100_000_000_000_001)));
    }

    #[test]
    fn garbage_is_refused() {
        for text in ["", "abc", "12345", "0812000000001", "1234567890123456", "12345678@g.us", "62+81200000001"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"1".repeat(1000)).is_err());
    }
}
