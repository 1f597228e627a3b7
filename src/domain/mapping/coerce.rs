//! A value becomes one of its attribute's type, or is refused with the reason. docs/mapping.md has the table.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::rule::AttributeType;

/// The most bytes that a JSON value takes when written.
const MAX_JSON: usize = 64 * 1024;
/// The most digits of a DECIMAL.
const MAX_DIGITS: usize = 38;

/// A value of the right type.
#[derive(Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) value: Value,
    /// It was longer than allowed.
    pub(super) cut: bool,
}

impl Shape {
    fn whole(value: Value) -> Self {
        Self { value, cut: false }
    }
}

/// Ok(None): there is no value (null, an empty text or list). `max_length` counts characters, of texts alone.
pub(super) fn coerce(
    value: Value,
    r#type: AttributeType,
    max_length: usize,
) -> Result<Option<Shape>, String> {
    let value = match value {
        Value::Null => return Ok(None),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::Array(items) if items.is_empty() && r#type != AttributeType::Json => return Ok(None),
        value => value,
    };
    let value = match r#type {
        AttributeType::String => return Ok(bounded(one_line(&as_text(value)?), max_length)),
        AttributeType::Text => return Ok(bounded(clean(as_text(value)?), max_length)),
        AttributeType::Integer => integer(&value)?,
        AttributeType::Decimal => decimal(&value)?,
        AttributeType::Boolean => boolean(&value)?,
        AttributeType::DateTime => date_time(&value)?,
        AttributeType::Json => json(value)?,
    };
    Ok(Some(Shape::whole(value)))
}

fn bounded(mut text: String, max_length: usize) -> Option<Shape> {
    let end = text.char_indices().nth(max_length).map(|(end, _)| end);
    if let Some(end) = end {
        text.truncate(end);
    }
    (!text.is_empty()).then(|| Shape { value: Value::String(text), cut: end.is_some() })
}

/// Lists are joined with a comma.
fn as_text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Array(items) if !items.iter().any(|item| item.is_array() || item.is_object()) => {
            let texts: Result<Vec<_>, _> =
                items.into_iter().filter(|item| !item.is_null()).map(as_text).collect();
            Ok(texts?.join(", "))
        }
        Value::Null => Ok(String::new()),
        Value::Array(_) | Value::Object(_) => Err("a structure is not a text; use the type JSON".to_owned()),
    }
}

/// Line breaks, tabs and other controls become one blank.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Line breaks are `\n`; U+0000 is left out, no database takes it.
fn clean(text: String) -> String {
    if text.contains(['\r', '\0']) { text.replace("\r\n", "\n").replace('\0', "") } else { text }
}

fn integer(value: &Value) -> Result<Value, String> {
    let whole = match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole_float)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    whole.map(Value::from).ok_or_else(|| "it is not a whole number".to_owned())
}

/// Floats are exact integers up to 2^53.
fn whole_float(float: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
}

/// A string, so that no digit is lost on the way through JSON.
fn decimal(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => String::new(),
    };
    canonical_decimal(&text)
        .map(Value::String)
        .ok_or_else(|| "it is not a decimal number such as -12.50".to_owned())
}

fn canonical_decimal(text: &str) -> Option<String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || whole.len() + fraction.len() > MAX_DIGITS {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let number = if digits.contains('.') { format!("{whole}.{fraction}") } else { whole.to_owned() };
    let is_zero = !number.bytes().any(|b| matches!(b, b'1'..=b'9'));
    Some(if negative && !is_zero { format!("-{number}") } else { number })
}

fn boolean(value: &Value) -> Result<Value, String> {
    let known = match value {
        Value::Bool(known) => Some(*known),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    };
    known.map(Value::Bool).ok_or_else(|| "it is neither true nor false".to_owned())
}

/// RFC 3339 in UTC.
fn date_time(value: &Value) -> Result<Value, String> {
    let text = value.as_str().map(str::trim).unwrap_or_default();
    let instant = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc2822(text))
        .map(|instant| instant.to_utc())
        .ok()
        .or_else(|| Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?.and_utc()));
    instant.map(rfc3339).ok_or_else(|| "it is not a time such as 2026-11-22T17:30:00Z".to_owned())
}

/// How a time is written in JSON.
pub(super) fn rfc3339(instant: DateTime<Utc>) -> Value {
    Value::String(instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// A text is read as JSON where it is some, and else is a JSON string.
fn json(value: Value) -> Result<Value, String> {
    let value = match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        value => value,
    };
    let value = without_nul(value);
    if value.to_string().len() > MAX_JSON {
        return Err("its JSON is longer than 64 KiB".to_owned());
    }
    Ok(value)
}

/// The same without U+0000, which no database takes.
pub(super) fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean_nul(text)),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nul).collect()),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (clean_nul(name), without_nul(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        value => value,
    }
}

fn clean_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn made(value: Value, r#type: AttributeType) -> Option<Value> {
        coerce(value, r#type, 1_000).ok().flatten().map(|shape| shape.value)
    }

    #[test]
    fn a_string_is_one_line() {
        assert_eq!(made(json!("  a\r\n\tb\u{0}c "), AttributeType::String), Some(json!("a b c")));
    }

    #[test]
    fn a_text_keeps_its_lines_and_loses_its_nul() {
        assert_eq!(made(json!("a\r\n b\u{0}\n"), AttributeType::Text), Some(json!("a\n b\n")));
    }

    #[test]
    fn a_list_becomes_a_text_with_commas_but_a_structure_does_not() {
        assert_eq!(made(json!(["a", 1, null, true]), AttributeType::String), Some(json!("a, 1, true")));
        assert_eq!(made(json!([["a"]]), AttributeType::String), None);
        assert_eq!(made(json!({"a": 1}), AttributeType::Text), None);
    }

    #[test]
    fn what_is_blank_is_no_value_of_any_type() {
        for r#type in AttributeType::ALL {
            for blank in [json!(null), json!(""), json!(" \n\t")] {
                assert_eq!(coerce(blank, *r#type, 10), Ok(None), "{}", r#type);
            }
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let shape = coerce(json!("äöü👍x"), AttributeType::Text, 4);
        assert_eq!(shape, Ok(Some(Shape { value: json!("äöü👍"), cut: true })));
        let shape = coerce(json!("äöü👍"), AttributeType::Text, 4);
        assert_eq!(shape, Ok(Some(Shape { value: json!("äöü👍"), cut: false })));
    }

    #[test]
    fn an_integer_is_whole() {
        assert_eq!(made(json!(" -12 "), AttributeType::Integer), Some(json!(-12)));
        assert_eq!(made(json!(7.0), AttributeType::Integer), Some(json!(7)));
        assert_eq!(made(json!(i64::MIN), AttributeType::Integer), Some(json!(i64::MIN)));
        for refused in [json!(7.5), json!("7.0"), json!("9223372036854775808"), json!(1e300), json!(true)] {
            assert_eq!(made(refused.clone(), AttributeType::Integer), None, "{refused}");
        }
    }

    #[test]
    fn a_decimal_is_a_string_that_loses_no_digit() {
        for (given, kept) in [
            (json!("0012.50"), "12.50"),
            (json!("+3"), "3"),
            (json!("-0.00"), "0.00"),
            (json!(0.1), "0.1"),
            (json!("12345678901234567890.123456789"), "12345678901234567890.123456789"),
        ] {
            assert_eq!(made(given, AttributeType::Decimal), Some(json!(kept)));
        }
        for refused in ["1e5", "1,5", ".5", "5.", "--1", "1.2.3", "NaN", "٣"] {
            assert_eq!(made(json!(refused), AttributeType::Decimal), None, "{refused}");
        }
        assert_eq!(made(json!("1".repeat(39)), AttributeType::Decimal), None);
    }

    #[test]
    fn a_boolean_is_true_or_false() {
        assert_eq!(made(json!("TRUE"), AttributeType::Boolean), Some(json!(true)));
        assert_eq!(made(json!(false), AttributeType::Boolean), Some(json!(false)));
        assert_eq!(made(json!("yes"), AttributeType::Boolean), None);
        assert_eq!(made(json!(1), AttributeType::Boolean), None);
    }

    #[test]
    fn a_time_is_written_in_utc() {
        for (given, kept) in [
            ("2026-11-22T17:30:00+02:00", "2026-11-22T15:30:00Z"),
            ("2026-11-22T17:30:00.250Z", "2026-11-22T17:30:00.250Z"),
            ("Sun, 22 Nov 2026 17:30:00 +0100", "2026-11-22T16:30:00Z"),
            ("2026-11-22", "2026-11-22T00:00:00Z"),
        ] {
            assert_eq!(made(json!(given), AttributeType::DateTime), Some(json!(kept)));
        }
        assert_eq!(made(json!("tomorrow"), AttributeType::DateTime), None);
        assert_eq!(made(json!("22/11/2026"), AttributeType::DateTime), None);
    }

    #[test]
    fn json_keeps_structures_without_nul_and_is_bounded() {
        assert_eq!(made(json!({"a\u{0}": ["b\u{0}"]}), AttributeType::Json), Some(json!({"a": ["b"]})));
        assert_eq!(made(json!("{\"a\": 1}"), AttributeType::Json), Some(json!({"a": 1})));
        assert_eq!(made(json!("plain"), AttributeType::Json), Some(json!("plain")));
        assert_eq!(made(json!("x".repeat(MAX_JSON)), AttributeType::Json), None);
    }

    proptest! {
        #[test]
        fn a_text_never_exceeds_its_length_and_never_holds_nul(text in "\\PC{0,40}|(\\x00|\\r|\\n|.){0,40}", most in 1_usize..30) {
            for r#type in [AttributeType::String, AttributeType::Text] {
                if let Ok(Some(Shape { value: Value::String(kept), .. })) = coerce(json!(text), r#type, most) {
                    prop_assert!(kept.chars().count() <= most);
                    prop_assert!(!kept.contains('\0'));
                }
            }
        }

        #[test]
        fn a_decimal_reads_back_as_itself(whole in 0_u64.., fraction in "[0-9]{1,18}", negative: bool) {
            let sign = if negative { "-" } else { "" };
            let once = made(json!(format!("{sign}{whole}.{fraction}")), AttributeType::Decimal);
            prop_assert!(once.is_some());
            prop_assert_eq!(once.clone().and_then(|value| made(value, AttributeType::Decimal)), once);
        }
    }
}
