//! Dates of header fields (RFC 5322 section 3.3, and what is sent instead).

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

/// Dates outside of these years are a broken clock's, and some databases refuse them.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2200;

/// The instant that a Date field names; without a zone it is taken for UTC.
pub(super) fn parse(value: &str) -> Option<DateTime<Utc>> {
    let value = value.trim();
    // The parser ends the last piece at a blank, and a date without a zone has one piece less.
    let instant = match mail_parser::DateTime::parse_rfc822(&format!("{value} \n")) {
        Some(date) => from_fields(&date)?,
        None => DateTime::parse_from_rfc3339(value).ok()?.to_utc(),
    };
    YEARS.contains(&instant.year()).then_some(instant)
}

/// The date of a Received field: it stands after the last semicolon (RFC 5321 section 4.4).
pub(super) fn of_received(value: &str) -> Option<DateTime<Utc>> {
    parse(value.rsplit_once(';')?.1)
}

fn from_fields(date: &mail_parser::DateTime) -> Option<DateTime<Utc>> {
    let day = NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())?;
    // A leap second is the second before for us.
    let local = day.and_hms_opt(date.hour.into(), date.minute.into(), date.second.min(59).into())?;
    let offset = TimeDelta::minutes(i64::from(date.tz_hour) * 60 + i64::from(date.tz_minute));
    let utc =
        if date.tz_before_gmt { local.checked_add_signed(offset) } else { local.checked_sub_signed(offset) };
    utc.map(|utc| utc.and_utc())
}

#[cfg(test)]
mod tests {
    use super::{of_received, parse};

    #[test]
    fn dates_are_read_as_senders_write_them() {
        for (value, instant) in [
            ("Fri, 20 Nov 2026 10:00:00 +0100", "2026-11-20T09:00:00+00:00"),
            ("20 Nov 2026 10:00 -0330", "2026-11-20T13:30:00+00:00"),
            ("Fri, 20 Nov 26 10:00:00 GMT", "2026-11-20T10:00:00+00:00"),
            ("Fri, 20 Nov 2026 10:00:00 EST", "2026-11-20T15:00:00+00:00"),
            ("Fri, 20 Nov 2026 10:00:00", "2026-11-20T10:00:00+00:00"),
            ("Fri, 20 Nov 2026 10:00:60 +0000 (UTC)", "2026-11-20T10:00:59+00:00"),
            ("2026-11-20T10:00:00+01:00", "2026-11-20T09:00:00+00:00"),
        ] {
            assert_eq!(parse(value).map(|date| date.to_rfc3339()).as_deref(), Some(instant), "{value}");
        }
    }

    #[test]
    fn dates_that_cannot_be_are_none() {
        for value in [
            "",
            "yesterday",
            "Thu, 1 Jan 1903 00:00:00 +0000",
            "31 Feb 2026 10:00:00 +0000",
            "Fri, 20 Nov 9999 10:00:00 +0000",
            "Fri, 20 Nov 2026 25:00:00 +0000",
            "Thu, 1 Jan 1970 00:00:00 +0100",
        ] {
            assert_eq!(parse(value), None, "{value}");
        }
    }

    #[test]
    fn a_received_field_ends_in_its_date() {
        let value = "from a (b; c) by d with E id F; Fri, 20 Nov 2026 10:00:00 +0000 (UTC)";
        assert_eq!(of_received(value).map(|d| d.timestamp()), Some(1_795_168_800));
        assert_eq!(of_received("from a by d"), None);
    }
}
