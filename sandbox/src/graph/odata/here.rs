//! The address that was asked, and the links that an answer has.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OriginalUri, Request};
use axum::http::Uri;
use axum::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A request's own address, as the client wrote it.
#[derive(Debug, Clone)]
pub struct Here {
    origin: String,
    /// Path and query.
    pub uri: Uri,
}

impl<S: Send + Sync> FromRequestParts<S> for Here {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let OriginalUri(uri) = OriginalUri::from_request_parts(parts, state).await?;
        let origin = crate::server::called(&parts.extensions, &parts.headers);
        Ok(Self { origin, uri })
    }
}

impl Here {
    /// Of a request that no handler has seen yet.
    pub fn of(request: &Request) -> Self {
        let extensions = request.extensions();
        let uri = extensions.get::<OriginalUri>().map_or_else(|| request.uri().clone(), |uri| uri.0.clone());
        Self { origin: crate::server::called(extensions, request.headers()), uri }
    }

    /// Of the request line alone; for tests and batches.
    pub fn at(origin: &str, uri: Uri) -> Self {
        Self { origin: origin.to_owned(), uri }
    }

    /// The same address with these options in place of those of their names, and without those of `but`.
    pub fn link(&self, but: &[&str], with: &[(&str, &str)]) -> String {
        let gone = |pair: &str| {
            let name = pair.split('=').next().unwrap_or_default().replace("%24", "$");
            but.iter().chain(with.iter().map(|(name, _)| name)).any(|at| at.eq_ignore_ascii_case(&name))
        };
        let query = self.uri.query().unwrap_or_default();
        let mut pairs: Vec<String> =
            query.split('&').filter(|pair| !pair.is_empty() && !gone(pair)).map(str::to_owned).collect();
        pairs.extend(with.iter().map(|(name, value)| format!("{}={value}", name.replace('$', "%24"))));
        let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        format!("{}{}{query}", self.origin, self.uri.path())
    }

    /// The `@odata.context` of what lies under a user, such as `messages/$entity`.
    pub fn context(&self, user: &str, what: &str) -> String {
        let user = encoded(user);
        format!("{}/v1.0/$metadata#users('{user}')/{what}", self.origin)
    }
}

/// What a path segment may have unencoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encoded as a path segment is.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_the_options_but_those_that_are_exchanged() {
        let uri = "/v1.0/users/a%40b/messages?$select=id&%24skip=10&$top=5".parse().unwrap();
        let here = Here::at("http://h:1", uri);
        assert_eq!(
            here.link(&[], &[("$skip", "15")]),
            "http://h:1/v1.0/users/a%40b/messages?$select=id&$top=5&%24skip=15"
        );
        assert_eq!(here.link(&["$skip", "$top", "$select"], &[]), "http://h:1/v1.0/users/a%40b/messages");
        assert_eq!(here.context("a@b", "messages"), "http://h:1/v1.0/$metadata#users('a%40b')/messages");
    }
}
