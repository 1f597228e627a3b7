//! Dates of header fields (RFC 5322 section 3.3, and what is sent instead).

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};

/// Dates outside of these years are a broken clock's, and some databases refuse them.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2200;

/// The instant that a Date field names; without a zone it is taken for UTC.
pub(super) fn parse(value: &str) -> Option<DateTime<Utc>> {
    let value = value.trim();
    // The parser ends the last piece at a blank, and a date without a zone has one piece less.
    let instant = match mail_parser::DateTime::parse_rfc822(&format!("{value} \n")) {
        Some(date) => from_fields(&date)?,
        None => {
            DateTime::parse_from_rfc3339(value).map(|date| date.to_utc()).ok().or_else(|| loose(value))?
        }
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

/// Dates whose pieces are right and stand in an order of their own: `Nov 20, 2026 10:00:00 AM`, `20-Nov-26 10:00`,
/// asctime.
fn loose(value: &str) -> Option<DateTime<Utc>> {
    let (mut day, mut month, mut year, mut time, mut zone) = (None, None, None, None, TimeDelta::zero());
    for piece in value.split(|c: char| c.is_whitespace() || c == ',').take(16).flat_map(dashed) {
        if let Ok(number) = piece.parse::<i32>()
            && !piece.starts_with(['+', '-'])
        {
            match (day, year) {
                (None, _) if number <= 31 => day = Some(number),
                (_, None) if piece.len() == 2 => year = Some(if number < 50 { 2000 } else { 1900 } + number),
                (_, None) if piece.len() == 4 => year = Some(number),
                _ => return None,
            }
        } else if piece.contains(':') && time.is_none() {
            let with_seconds = NaiveTime::parse_from_str(piece, "%H:%M:%S");
            time = Some(with_seconds.or_else(|_| NaiveTime::parse_from_str(piece, "%H:%M")).ok()?);
        } else if let Some(offset) = numeric_zone(piece) {
            zone = offset;
        } else if let Some(number) = month_number(piece) {
            month.get_or_insert(number);
        } else if piece.eq_ignore_ascii_case("pm") {
            time = time.filter(|time| time.hour() < 12).map(|time| time + TimeDelta::hours(12)).or(time);
        } else if !piece.chars().all(char::is_alphabetic) {
            return None;
        }
    }
    let date = NaiveDate::from_ymd_opt(year?, month?, u32::try_from(day?).ok()?)?;
    date.and_time(time?).checked_sub_signed(zone).map(|utc| utc.and_utc())
}

/// The pieces of `20-Nov-2026`; anything else is one piece.
fn dashed(word: &str) -> impl Iterator<Item = &str> {
    let is_date = word.matches('-').count() == 2 && !word.contains(':');
    word.split(move |c| is_date && c == '-').filter(|piece| !piece.is_empty())
}

fn numeric_zone(piece: &str) -> Option<TimeDelta> {
    let sign = match piece.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let digits = piece.get(1..)?.replace(':', "");
    let number: i64 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    Some(TimeDelta::minutes(sign * (number / 100 * 60 + number % 100)))
}

fn month_number(piece: &str) -> Option<u32> {
    let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = piece.get(..3)?.to_ascii_lowercase();
    let is_word = piece.trim_end_matches('.').chars().all(char::is_alphabetic);
    months
        .iter()
        .position(|month| *month == name)
        .filter(|_| is_word)
        .and_then(|at| u32::try_from(at + 1).ok())
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
            ("Friday, 20 November 2026 10:00:00 +0100", "2026-11-20T09:00:00+00:00"),
            ("Nov 20, 2026 1:02:03 PM", "2026-11-20T13:02:03+00:00"),
            ("Fri Nov 20 10:00:00 2026", "2026-11-20T10:00:00+00:00"),
            ("Fri, 20-Nov-26 10:00:00 GMT", "2026-11-20T10:00:00+00:00"),
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
            "20 November",
            "November 20 20 20 10:00",
            "20/11/2026 10:00:00",
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
