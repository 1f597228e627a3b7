//! `/files/…`: raw messages and attachments by signed links, served so that no browser runs what a stranger sent.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::Api;
use crate::service::file::{self, Download, FileRef, Refused, Ticket};

/// What makes a link ours.
#[derive(Deserialize)]
pub struct Signed {
    expires: i64,
    signature: String,
}

/// Answers a link. The name at its end is for people: what counts is signed.
pub async fn file(
    State(api): State<Api>,
    Path((kind, id, _name)): Path<(String, Uuid, String)>,
    Query(signed): Query<Signed>,
) -> Response {
    let services = api.graphql.services();
    let Some(file) = FileRef::named(&kind, id) else { return refused(StatusCode::NOT_FOUND, "no such file") };
    let ticket = match Ticket::verify(services, file, signed.expires, &signed.signature) {
        Ok(ticket) => ticket,
        Err(why @ Refused::Lapsed) => return refused(StatusCode::GONE, &why.to_string()),
        Err(why @ Refused::Forged) => return refused(StatusCode::FORBIDDEN, &why.to_string()),
    };
    match file::open(services, ticket).await {
        Ok(Some(download)) => serve(download),
        Ok(None) => refused(StatusCode::NOT_FOUND, "the file is no longer kept"),
        Err(error) => {
            tracing::error!(kind, %id, error = &error as &dyn std::error::Error, "a file can't be served");
            refused(StatusCode::SERVICE_UNAVAILABLE, "the file can't be read now: try again later")
        }
    }
}

fn serve(download: Download) -> Response {
    let declared = HeaderValue::from_str(&download.content_type);
    let mut headers = guards();
    headers.insert(
        header::CONTENT_TYPE,
        declared.unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    headers.insert(header::CONTENT_DISPOSITION, disposition(&download.filename));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    (headers, download.bytes).into_response()
}

fn refused(status: StatusCode, sentence: &str) -> Response {
    let mut headers = guards();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (status, headers, format!("{sentence}\n")).into_response()
}

/// What keeps a browser from taking the bytes for a page of ours.
fn guards() -> HeaderMap {
    [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
    ]
    .into_iter()
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
    .collect()
}

/// RFC 6266: a plain name for old clients, the whole one in RFC 5987's form.
fn disposition(filename: &str) -> HeaderValue {
    let plain: String = filename
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || " .-_()".contains(letter) { letter } else { '_' })
        .collect();
    let whole: String = filename
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filename_can_t_leave_its_header() {
        assert_eq!(
            disposition("a\"; filename=\"b\r\nSet-Cookie: x.pdf"),
            "attachment; filename=\"a__ filename__b__Set-Cookie_ x.pdf\"; \
             filename*=UTF-8''a%22%3B%20filename%3D%22b%0D%0ASet-Cookie%3A%20x.pdf"
        );
    }

    #[test]
    fn a_filename_of_any_letters_is_told_whole() {
        let value = disposition("Ärger 1.pdf");
        assert_eq!(value, "attachment; filename=\"_rger 1.pdf\"; filename*=UTF-8''%C3%84rger%201.pdf");
    }
}
