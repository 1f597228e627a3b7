//! What Graph answers, as far as we read it. Unknown properties are left alone, missing ones are None.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Characters of an id; Graph's have a few hundred.
const MOST_OF_ID: usize = 2_000;

/// A page of a collection, or of a delta round.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    pub next: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    pub delta: Option<String>,
}

/// A message, with what was selected of it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Message {
    pub id: String,
    received_date_time: Option<String>,
    pub is_read: Option<bool>,
    pub is_draft: Option<bool>,
    internet_message_id: Option<String>,
    pub parent_folder_id: Option<String>,
    change_key: Option<String>,
    pub categories: Option<Vec<String>>,
    #[serde(rename = "@removed")]
    pub removed: Option<serde::de::IgnoredAny>,
    single_value_extended_properties: Vec<Extended>,
    pub internet_message_headers: Option<Vec<Header>>,
}

/// A MAPI property.
#[derive(Debug, Deserialize)]
struct Extended {
    #[serde(default)]
    id: String,
    value: Option<String>,
}

/// A field of a mail's header.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub value: Option<String>,
}

impl Message {
    /// An item of a page: with as much as can be read of it, or only its id. None of one that has none, or none that could
    /// be kept: nothing can ever be asked of it.
    pub(super) fn of_item(item: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Named {
            id: String,
        }
        let message = serde_json::from_str::<Self>(item.get()).ok().or_else(|| {
            let Named { id } = serde_json::from_str(item.get()).ok()?;
            Some(Self { id, ..Self::default() })
        })?;
        let is_usable = !message.id.is_empty()
            && message.id.len() <= MOST_OF_ID
            && !message.id.chars().any(char::is_control);
        is_usable.then_some(message)
    }

    /// When the mailbox received it.
    pub(super) fn arrived_at(&self) -> Option<DateTime<Utc>> {
        let text = self.received_date_time.as_deref()?;
        Some(DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc))
    }

    /// Without angle brackets; None where it is missing or blank.
    pub(super) fn message_id(&self) -> Option<String> {
        let id = self.internet_message_id.as_deref()?.replace('\0', "");
        let id = id.trim();
        let id = id.strip_prefix('<').unwrap_or(id);
        let id = id.strip_suffix('>').unwrap_or(id).trim();
        (!id.is_empty()).then(|| id.to_owned())
    }

    /// PR_MESSAGE_SIZE, where it was asked for and told.
    pub(super) fn size(&self) -> Option<u64> {
        let of_size = |id: &str| {
            let (_, tag) = id.split_once(' ')?;
            u32::from_str_radix(tag.trim().trim_start_matches("0x").trim_start_matches("0X"), 16).ok()
        };
        let mut properties = self.single_value_extended_properties.iter();
        properties.find(|property| of_size(&property.id) == Some(0x0e08))?.value.as_deref()?.parse().ok()
    }

    /// Its version: another one after every change.
    pub(super) fn version(&self) -> Option<String> {
        self.change_key.as_deref().map(|key| plain(key, 500))
    }
}

/// A folder.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MailFolder {
    pub id: String,
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub child_folder_count: Option<u32>,
    #[serde(default)]
    pub total_item_count: Option<u32>,
    #[serde(default)]
    pub unread_item_count: Option<u32>,
    #[serde(default)]
    pub is_hidden: Option<bool>,
    #[serde(rename = "@odata.type", default)]
    kind: Option<String>,
}

impl MailFolder {
    /// Whether it only shows what lies elsewhere.
    pub(super) fn is_search(&self) -> bool {
        self.kind
            .as_deref()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("#microsoft.graph.mailSearchFolder"))
    }
}

/// The answer to a batch.
#[derive(Debug, Deserialize)]
pub(super) struct Batch {
    pub responses: Vec<Entry>,
}

/// The answer to one entry.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    /// Empty where it has none.
    #[serde(default, deserialize_with = "loose")]
    pub id: String,
    /// 500 where it is missing or makes no sense: nobody knows what was done.
    #[serde(default = "unknown", deserialize_with = "status")]
    pub status: u16,
    #[serde(default)]
    headers: Option<HashMap<String, Value>>,
    #[serde(default)]
    pub body: Option<Box<RawValue>>,
}

/// A text, or a number as one.
fn loose<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

fn status<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    let status = loose(from)?.trim().parse().ok();
    Ok(status.filter(|status| (100..600).contains(status)).unwrap_or_else(unknown))
}

const fn unknown() -> u16 {
    500
}

impl Entry {
    /// A header of its own, whatever its case.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let headers = self.headers.as_ref()?.iter();
        let value = headers.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?.1;
        match value {
            Value::String(text) => Some(plain(text, 200)),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// What is kept and shown, without what no database and no terminal should be given.
fn plain(text: &str, most: usize) -> String {
    text.chars().filter(|one| !one.is_control()).take(most).collect()
}

/// JSON with halves of characters in it, which no text of ours can hold: Exchange keeps UTF-16, and cuts it anywhere. None
/// where there are none.
pub(super) fn mended(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    let mut changed = matches!(text, std::borrow::Cow::Owned(_));
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let unit = |text: &str| {
            let digits = text.strip_prefix("\\u")?.get(..4)?;
            u32::from_str_radix(digits, 16).ok()
        };
        let length = match unit(escape) {
            Some(0xd800..=0xdbff) => {
                let low = escape.get(6..).and_then(unit);
                if matches!(low, Some(0xdc00..=0xdfff)) { Some(12) } else { None }
            }
            Some(0xdc00..=0xdfff) => None,
            Some(_) => Some(6),
            // Another escape: two characters, whatever the second is.
            None => Some(1 + escape.chars().nth(1).map_or(0, char::len_utf8)),
        };
        let taken = length.unwrap_or(6);
        match length {
            Some(length) => out.push_str(escape.get(..length)?),
            None => {
                out.push('\u{fffd}');
                changed = true;
            }
        }
        rest = escape.get(taken..)?;
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// The codes of an error's body, the most specific first. The envelope is spelled in several ways, and may be missing.
pub(super) fn codes(body: &[u8]) -> Vec<String> {
    fn walk(value: &Value, depth: usize, codes: &mut Vec<String>) {
        let Some(object) = value.as_object().filter(|_| depth < 8) else { return };
        if let Some(code) = object.get("code").and_then(Value::as_str).filter(|code| !code.is_empty()) {
            codes.insert(0, plain(code, 80));
        }
        for (name, inner) in object {
            if ["error", "innererror"].contains(&name.to_ascii_lowercase().as_str()) {
                walk(inner, depth + 1, codes);
            }
        }
    }
    let mut codes = Vec::new();
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        walk(&value, 0, &mut codes);
    }
    codes
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
pub(super) fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<f64>() {
        return (0.0..=86_400.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds));
    }
    let at = DateTime::parse_from_rfc2822(value.trim()).ok()?.with_timezone(&Utc);
    Some((at - now).to_std().unwrap_or_default().min(Duration::from_secs(86_400)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_item_is_read_with_what_it_has() {
        let message: Message = serde_json::from_str(
            r##"{"@odata.type":"#microsoft.graph.message","@odata.etag":"W/\"x\"","id":"AA==",
                "receivedDateTime":"2026-01-02T03:04:05.1234567Z","isRead":false,"isDraft":null,"new":{"a":1},
                "internetMessageId":"<a@b>",
                "singleValueExtendedProperties":[{"id":"Integer 0xe08","value":"1234"}]}"##,
        )
        .unwrap();
        assert_eq!(message.arrived_at().unwrap().timestamp(), 1_767_323_045);
        assert_eq!(message.message_id().as_deref(), Some("a@b"));
        assert_eq!((message.size(), message.is_read, message.is_draft), (Some(1234), Some(false), None));
        assert!(message.removed.is_none());
        let removed: Message = serde_json::from_str(r#"{"id":"x","@removed":{"reason":"deleted"}}"#).unwrap();
        assert!(removed.removed.is_some() && removed.arrived_at().is_none());
    }

    #[test]
    fn an_item_with_a_field_of_another_type_is_still_named() {
        let item = |text: &str| Message::of_item(serde_json::from_str::<&RawValue>(text).unwrap());
        let odd = item(r#"{"id":"AA","isRead":"yes","receivedDateTime":7}"#).unwrap();
        assert_eq!((odd.id.as_str(), odd.is_read, odd.arrived_at()), ("AA", None, None));
        assert_eq!(item(r#"{"id":"AA","isRead":true}"#).unwrap().is_read, Some(true));
        let long = format!("{{\"id\":\"{}\"}}", "x".repeat(3_000));
        for unusable in ["7", "{}", r#"{"id":7}"#, r#"{"id":""}"#, "{\"id\":\"a\\u0000b\"}", &long] {
            assert!(item(unusable).is_none(), "{unusable}");
        }
    }

    #[test]
    fn what_no_database_takes_is_taken_out() {
        let message: Message =
            serde_json::from_str(r#"{"internetMessageId":"<a\u0000@b>","changeKey":"k\u0000\u001b[1m"}"#)
                .unwrap();
        assert_eq!(message.message_id().as_deref(), Some("a@b"));
        assert_eq!(message.version().as_deref(), Some("k[1m"));
        assert_eq!(codes(br#"{"error":{"code":"Error\u0000Odd\r\n"}}"#), ["ErrorOdd"]);
        let entry: Entry =
            serde_json::from_str(r#"{"status":429,"headers":{"retry-after":7,"Request-Id":"a\u0000b"}}"#)
                .unwrap();
        assert_eq!(
            (entry.header("Retry-After"), entry.header("request-id")),
            (Some("7".into()), Some("ab".into()))
        );
    }

    #[test]
    fn halves_of_characters_are_replaced_and_whole_ones_are_kept() {
        let mend = |text: &str| mended(text.as_bytes());
        assert_eq!(mend(r#""a\ud83d\ude00 \\ud83d \n\u00fc""#), None, "nothing is wrong with it");
        assert_eq!(mend(r#""a\ud83d b""#).as_deref(), Some("\"a\u{fffd} b\""));
        assert_eq!(
            mend(r#""\ude00\ud83d\ud83d\ude00\uD83D""#).as_deref(),
            Some("\"\u{fffd}\u{fffd}\\ud83d\\ude00\u{fffd}\"")
        );
        assert_eq!(mended(b"\"\xed\xa0\x80\"").as_deref(), Some("\"\u{fffd}\u{fffd}\u{fffd}\""));
        for cut in [r#""\"#, r#""\u"#, r#""\ud8"#, r#""\ud83d\"#, r#""\ud83d\u"#, "\\\u{fc}"] {
            let _ = mend(cut);
        }
    }

    #[test]
    fn codes_are_read_in_every_spelling_the_most_specific_first() {
        let both = br#"{"error":{"code":"UnknownError","innererror":{"code":"ErrorQuotaExceeded","innerError":{"code":"Deep"}}}}"#;
        assert_eq!(codes(both), ["Deep", "ErrorQuotaExceeded", "UnknownError"]);
        assert!(codes(b"<html>gateway</html>").is_empty() && codes(b"").is_empty());
        assert!(codes(br#"{"error":{"code":""}}"#).is_empty());
        assert!(codes(br#"{"error":"text"}"#).is_empty());
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let now = DateTime::from_timestamp(1_767_323_045, 0).unwrap();
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Fri, 02 Jan 2026 03:04:15 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Fri, 02 Jan 2026 03:00:00 GMT", now), Some(Duration::ZERO));
        for odd in ["-1", "soon", "1e99", "NaN"] {
            assert_eq!(retry_after(odd, now), None, "{odd}");
        }
    }
}
