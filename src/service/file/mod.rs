//! Raw messages and attachments, handed out by links that are signed and short-lived: the link is the permit.

mod content;
mod link;

pub(in crate::service) use content::parsed;
pub(in crate::service) use content::unpacked;
pub use content::{Download, headers, html, open, raws};
pub use link::{FileRef, Refused, Ticket, attachment_link, raw_link};
