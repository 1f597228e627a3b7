//! What is asked of Graph, and what may be done when the answer fails to come.

use bytes::Bytes;
use reqwest::Method;
use url::Url;

/// A page or a batch; the answer to a PATCH has the message's text in it.
const JSON_BYTES: usize = 64 * 1024 * 1024;

/// How much of a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it, up to a limit.
    Whole(usize),
    /// Up to the first blank line.
    Header(usize),
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    /// The method.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// What is sent along.
    pub body: Option<Bytes>,
    /// A preference, beside immutable ids.
    pub prefer: Option<String>,
    /// How much of the answer is read.
    pub extent: Extent,
    /// Requests that it counts as.
    pub count: u32,
    /// Whether trying again does no harm, whatever came of the first time.
    pub repeatable: bool,
    /// Whether it is about one message: that it can't be given says nothing of the others.
    pub of_item: bool,
    /// Whether it is a mail that is asked for, and not JSON.
    pub mail: bool,
}

impl Ask {
    /// Reads something.
    pub(super) const fn read(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            body: None,
            prefer: None,
            extent: Extent::Whole(JSON_BYTES),
            count: 1,
            repeatable: true,
            of_item: false,
            mail: false,
        }
    }

    /// Sends JSON. It is not repeated when its end is unclear, unless that does no harm.
    pub(super) fn post(url: Url, body: Bytes, count: u32, repeatable: bool) -> Self {
        Self { method: Method::POST, body: Some(body), count, repeatable, ..Self::read(url) }
    }

    /// Changes something to what is said, which does no harm twice.
    pub(super) fn patch(url: Url, body: Bytes) -> Self {
        Self { method: Method::PATCH, body: Some(body), ..Self::read(url) }
    }

    /// Removes something, which does no harm twice.
    pub(super) fn delete(url: Url) -> Self {
        Self { method: Method::DELETE, ..Self::read(url) }
    }

    /// With a page size.
    pub(super) fn page_size(self, size: usize) -> Self {
        Self { prefer: Some(format!("odata.maxpagesize={size}")), ..self }
    }

    /// About one message.
    pub(super) fn of_item(self) -> Self {
        Self { of_item: true, ..self }
    }

    /// The bytes of one message, or a part of them.
    pub(super) fn mail(self, extent: Extent) -> Self {
        Self { extent, of_item: true, mail: true, ..self }
    }
}
