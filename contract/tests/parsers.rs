//! Whatever people and programs write where an address or id belongs: read or refused, never a crash, and what is read is written in one
//! spelling that reads the same. Texts are made up from a fixed seed, so that a failure comes again.

use contract::cursor::Cursor;
use contract::id::{SessionId, is_message_id};
use contract::jid::{Jid, Server};
use contract::recipient::{self, MAX_PHONE_DIGITS, MIN_PHONE_DIGITS};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// Texts of each kind.
const TEXTS: usize = 20_000;

const DIGITS: &[char] = &['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const NEAR: &[char] =
    &['0', '1', '6', '8', '9', ' ', '+', '(', ')', '.', '/', '-', ':', '_', '~', '@', '\u{a0}', '٣', 'x'];
const SERVERS: &[&str] = &[
    "",
    "@s.whatsapp.net",
    "@S.WhatsApp.net",
    "@c.us",
    "@g.us",
    "@lid",
    "@newsletter",
    "@broadcast",
    "@evil.example",
    "@",
];

fn rng() -> StdRng {
    StdRng::seed_from_u64(20_260_101)
}

fn of(rng: &mut StdRng, characters: &[char], lengths: std::ops::RangeInclusive<usize>) -> String {
    let length = rng.random_range(lengths);
    (0..length).filter_map(|_| characters.choose(rng)).collect()
}

/// Any text at all.
fn any(rng: &mut StdRng) -> String {
    let length = rng.random_range(0..200);
    (0..length).filter_map(|_| char::from_u32(rng.random_range(0..0x11_0000))).collect()
}

/// Texts near to what the parsers read, and any.
fn texts() -> impl Iterator<Item = String> {
    let mut rng = rng();
    (0..TEXTS).map(move |number| {
        let server = SERVERS.choose(&mut rng).copied().unwrap_or_default();
        match number % 4 {
            0 => of(&mut rng, DIGITS, 0..=20) + server,
            1 => of(&mut rng, NEAR, 0..=40) + server,
            2 => format!("{}-{}@g.us", of(&mut rng, DIGITS, 1..=20), of(&mut rng, DIGITS, 1..=12)),
            _ => any(&mut rng),
        }
    })
}

#[test]
fn an_address_has_one_spelling() {
    let mut read = 0;
    for text in texts() {
        let Ok(jid) = Jid::parse(&text) else { continue };
        read += 1;
        let written = jid.to_string();
        assert_eq!(Jid::parse(&written), Ok(jid.clone()), "{text:?}");
        assert!(written.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
        assert!(!jid.user().is_empty() && !jid.user().contains('@'), "{text:?}");
    }
    assert!(read > TEXTS / 20, "{read} of them were addresses");
}

#[test]
fn a_recipient_is_somebody() {
    let mut read = 0;
    for text in texts() {
        let Ok(jid) = recipient::parse(&text, "62") else { continue };
        read += 1;
        assert_eq!(recipient::parse(&jid.to_string(), "62"), Ok(jid.clone()), "{text:?}");
        if jid.server() != Server::Phone {
            continue;
        }
        assert!((MIN_PHONE_DIGITS..=MAX_PHONE_DIGITS).contains(&jid.user().len()), "{text:?}");
        assert!(jid.user().bytes().all(|byte| byte.is_ascii_digit()), "{text:?}");
        // Only an address may begin with a zero.
        assert!(jid.user().starts_with('0') || recipient::parse(jid.user(), "62") == Ok(jid.clone()), "{text:?}");
    }
    assert!(read > TEXTS / 20, "{read} of them were recipients");
}

#[test]
fn separators_say_nothing() {
    let mut rng = rng();
    for _ in 0..TEXTS {
        let digits = format!("{}{}", rng.random_range(1..10), of(&mut rng, DIGITS, 7..=13));
        let (before, after) = digits.split_at(rng.random_range(1..digits.len()));
        let separator = of(&mut rng, &[' ', '(', ')', '/', '-'], 1..=3);
        let spelt = format!("+{before}{separator}{after}");
        assert_eq!(recipient::parse(&spelt, "62"), Ok(Jid::phone(&digits)), "{spelt}");
    }
}

#[test]
fn a_leading_zero_stands_for_the_country() {
    let mut rng = rng();
    for _ in 0..TEXTS {
        let national = format!("{}{}", rng.random_range(1..10), of(&mut rng, DIGITS, 6..=13));
        let country = rng.random_range(1..1000).to_string();
        let whole = format!("{country}{national}");
        let expected = if whole.len() <= MAX_PHONE_DIGITS { Some(Jid::phone(&whole)) } else { None };
        assert_eq!(recipient::parse(&format!("0{national}"), &country).ok(), expected, "{national} {country}");
    }
}

#[test]
fn letters_are_nobody() {
    let mut rng = rng();
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').chain([' ', 'é', '字']).collect();
    for _ in 0..TEXTS {
        let text = of(&mut rng, &letters, 0..=30);
        assert!(recipient::parse(&text, "62").is_err(), "{text:?}");
    }
}

#[test]
fn session_ids_are_what_they_say() {
    let mut rng = rng();
    let plain: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['_', '-', '.', 'é']).collect();
    for number in 0..TEXTS {
        let text = if number % 4 == 0 { any(&mut rng) } else { of(&mut rng, &plain[..64], 0..=70) };
        let text = if number % 16 == 1 { text + &of(&mut rng, &plain, 1..=1) } else { text };
        let right = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        assert_eq!(SessionId::parse(&text).ok().map(|id| id.as_str().to_owned()), right.then_some(text));
    }
}

#[test]
fn message_ids_and_cursors_are_plain_and_come_back() {
    let mut rng = rng();
    for text in texts() {
        assert!(!is_message_id(&text) || text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
        if let Ok(read) = Cursor::parse(&text) {
            assert_eq!(Cursor::parse(&read.to_string()), Ok(read), "{text:?}");
        }
        let issued = Cursor::Position { score: rng.random(), id: format!("A{}", of(&mut rng, DIGITS, 0..=30)) };
        assert_eq!(Cursor::parse(&issued.to_string()), Ok(issued));
    }
}
