//! The position in a chat's history, newest first.
//!
//! Messages of a chat are ordered by a score that is unique within the chat: time of the message, then order of
//! arrival. The cursor carries the score, so it stays good when the message it names is gone.

use std::fmt;

use crate::id::is_message_id;

/// Arrival numbers that fit beside one second in a score that a double holds exactly (33 bits of seconds + 20).
pub const ARRIVALS_PER_SECOND: u64 = 1 << 20;

/// Where a page of history ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// As issued: the score and id of the last message of a page.
    Position {
        /// Score of the message.
        score: u64,
        /// Its id.
        id: String,
    },
    /// A bare message id, as clients of the original send it.
    MessageId(String),
}

/// The text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCursor;

impl Cursor {
    /// Reads a cursor.
    ///
    /// # Errors
    /// When it is neither an issued cursor nor a possible message id.
    pub fn parse(text: &str) -> Result<Self, InvalidCursor> {
        if !is_message_id(text) {
            return Err(InvalidCursor);
        }
        let issued = text.strip_prefix('~').and_then(|rest| rest.split_once('~'));
        match issued {
            Some((score, id)) => {
                let score = score.parse().map_err(|_| InvalidCursor)?;
                Ok(Self::Position { score, id: id.to_owned() })
            }
            None => Ok(Self::MessageId(text.to_owned())),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position { score, id } => write!(f, "~{score}~{id}"),
            Self::MessageId(id) => f.write_str(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip() {
        let cursor = Cursor::Position { score: 1_700_000_000 * ARRIVALS_PER_SECOND + 3, id: "3EB0A1".to_owned() };
        assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
        assert_eq!(Cursor::parse("3EB0A1"), Ok(Cursor::MessageId("3EB0A1".to_owned())));
    }

    #[test]
    fn garbage_is_no_cursor() {
        for bad in ["", "a b", "~x~3EB0", "~-1~a", "\n"] {
            assert_eq!(Cursor::parse(bad), Err(InvalidCursor), "{bad:?}");
        }
    }

    #[test]
    fn scores_are_exact_in_a_double() {
        let last = (1_u64 << 33) * ARRIVALS_PER_SECOND - 1;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the point of the test"
        )]
        let back = (last as f64) as u64;
        assert_eq!(back, last);
    }
}
