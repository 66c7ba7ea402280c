//! The host's wall clock and its random ids, in one place. Nothing that hosts must agree on uses it: leases and deadlines go by
//! Redis time.

use time::OffsetDateTime;
use time::macros::format_description;

/// Now, as clients read it: ISO 8601, UTC, milliseconds.
pub(crate) fn iso_now() -> String {
    iso(OffsetDateTime::now_utc())
}

/// A moment in unix seconds, as clients read it.
pub(crate) fn iso_seconds(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok().map(iso)
}

/// Now, in unix seconds.
pub(crate) fn unix_now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

fn iso(moment: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    moment.format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_iso_with_milliseconds() {
        assert_eq!(iso_seconds(1_704_362_400).unwrap(), "2024-01-04T10:00:00.000Z");
        assert_eq!(iso_now().len(), "2024-01-04T10:00:00.000Z".len());
    }
}
