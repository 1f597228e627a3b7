//! Addresses of Graph: ids are percent-encoded once, and links are followed on the configured host only.

use std::fmt::Write as _;

use url::Url;

use crate::provider::Error;

/// Where a mailbox is.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// With the version, without a slash at the end.
    root: String,
    /// `/users/{u}`.
    mailbox: String,
}

impl Address {
    /// Of a user (principal name or object id) below a root without the version.
    pub(super) fn new(root: &str, user: &str) -> Result<Self, Error> {
        let root = format!("{}/v1.0", root.trim_end_matches('/'));
        if Url::parse(&root).is_err() {
            return Err(Error::Malformed { what: "the address of Graph is none" });
        }
        Ok(Self { root, mailbox: format!("/users/{}", encoded(user)) })
    }

    /// What a batch's entry names: below the version. Segments of the service's own are given as they are, ids by [`id`].
    pub(super) fn path(&self, segments: &[&str], query: &[(&str, &str)]) -> String {
        let mut path = self.mailbox.clone();
        for segment in segments {
            path.push('/');
            path.push_str(segment);
        }
        for (at, (name, value)) in query.iter().enumerate() {
            let _ = write!(path, "{}{name}={}", if at == 0 { '?' } else { '&' }, encoded(value));
        }
        path
    }

    /// The whole of it.
    pub(super) fn url(&self, path: &str) -> Result<Url, Error> {
        Url::parse(&format!("{}{path}", self.root))
            .map_err(|_| Error::Malformed { what: "an address made from its ids is none" })
    }

    /// A link that the service gave. One that leads to another host would take our token there.
    pub(super) fn follow(&self, link: &str) -> Result<Url, Error> {
        let foreign = Error::Malformed { what: "a link leads to another host" };
        let Ok(root) = Url::parse(&self.root) else { return Err(foreign) };
        let url = match Url::parse(link) {
            Ok(url) => url,
            Err(url::ParseError::RelativeUrlWithoutBase) if link.starts_with("/v1.0/") => {
                root.join(link).map_err(|_| Error::Malformed { what: "a link is no address" })?
            }
            Err(_) => return Err(Error::Malformed { what: "a link is no address" }),
        };
        let bare = url.username().is_empty() && url.password().is_none();
        if bare && url.origin() == root.origin() { Ok(url) } else { Err(foreign) }
    }
}

/// An id as a segment of a path.
pub(super) fn id(id: &str) -> String {
    encoded(id)
}

/// All but the unreserved characters (RFC 3986, section 2.3). Dots alone would be taken for a way up.
fn encoded(text: &str) -> String {
    if !text.is_empty() && text.bytes().all(|byte| byte == b'.') {
        return text.replace('.', "%252E");
    }
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A text within a filter: quotes are doubled.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::new("https://graph.microsoft.com", "o'neil@contoso.com").unwrap()
    }

    #[test]
    fn ids_are_encoded_once() {
        let path = address().path(&["messages", &id("AA+/=="), "$value"], &[]);
        assert_eq!(path, "/users/o%27neil%40contoso.com/messages/AA%2B%2F%3D%3D/$value");
        let url = address().url(&path).unwrap();
        assert_eq!(url.as_str(), format!("https://graph.microsoft.com/v1.0{path}"));
        assert_eq!(address().url(&address().path(&[&id("..")], &[])).unwrap().path().matches('/').count(), 4);
    }

    #[test]
    fn a_query_is_encoded() {
        let filter = format!("internetMessageId eq {}", literal("<o'neil+1@x>"));
        let path = address().path(&["messages"], &[("$filter", &filter), ("$top", "2")]);
        assert!(
            path.ends_with(
                "/messages?$filter=internetMessageId%20eq%20%27%3Co%27%27neil%2B1%40x%3E%27&$top=2"
            )
        );
    }

    #[test]
    fn a_link_is_followed_on_the_configured_host_only() {
        let same =
            "https://graph.microsoft.com/v1.0/users('a')/mailFolders('b')/messages/delta?$skiptoken=x%2By";
        assert_eq!(address().follow(same).unwrap().as_str(), same);
        assert_eq!(
            address().follow("/v1.0/users/a?$skiptoken=1").unwrap().host_str(),
            Some("graph.microsoft.com")
        );
        for forged in [
            "https://graph.microsoft.com.example/v1.0/x",
            "http://graph.microsoft.com/v1.0/x",
            "https://graph.microsoft.com:444/v1.0/x",
            "https://graph.microsoft.com@evil.example/v1.0/x",
            "https://u:p@graph.microsoft.com/v1.0/x",
            "//evil.example/v1.0/x",
            "javascript:alert(1)",
            "x",
        ] {
            assert!(address().follow(forged).is_err(), "{forged}");
        }
    }
}
