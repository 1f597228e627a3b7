//! How a client wants to be answered: its `Prefer` fields.

use axum::http::HeaderMap;

use crate::world::IdKind;

/// What the `Prefer` fields of a request ask for; what is not known is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// `IdType="ImmutableId"`.
    pub ids: IdKind,
    /// `outlook.body-content-type="text"`.
    pub text_body: bool,
    /// `odata.maxpagesize=N`.
    pub page_size: Option<usize>,
    /// `outlook.allow-unsafe-html`.
    pub unsafe_html: bool,
    /// What of it was understood, for `Preference-Applied`.
    pub applied: Vec<String>,
}

impl Asked {
    /// Of a request: several values may come in one field or in several.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut asked = Self::default();
        let fields = headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok());
        for preference in fields.flat_map(|field| field.split(',')) {
            asked.take(preference.trim());
        }
        asked
    }

    fn take(&mut self, preference: &str) {
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        let value = value.trim().trim_matches('"');
        match (name.trim().to_ascii_lowercase().as_str(), value.to_ascii_lowercase().as_str()) {
            ("idtype", "immutableid") => self.ids = IdKind::Immutable,
            ("outlook.body-content-type", "text") => self.text_body = true,
            ("outlook.body-content-type", "html") => self.text_body = false,
            ("odata.maxpagesize", size) => match size.parse() {
                Ok(size) => self.page_size = Some(size),
                Err(_) => return,
            },
            ("outlook.allow-unsafe-html", _) => self.unsafe_html = true,
            _ => return,
        }
        self.applied.push(preference.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_from_one_field_or_several() {
        let mut headers = HeaderMap::new();
        headers.append("prefer", "IdType=\"ImmutableId\", odata.maxpagesize=20".parse().unwrap());
        headers.append("prefer", "outlook.body-content-type=\"text\"".parse().unwrap());
        headers.append("prefer", "respond-async, odata.maxpagesize=x".parse().unwrap());
        let asked = Asked::of(&headers);
        assert_eq!((asked.ids, asked.text_body, asked.page_size), (IdKind::Immutable, true, Some(20)));
        assert_eq!(asked.applied.len(), 3);
    }
}
