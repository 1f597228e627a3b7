//! Reports of machines: delivery, disposition, feedback (RFC 6522, 3464, 8098, 5965).

use super::parts::Parts;

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// Whether a message was delivered.
    Delivery,
    /// What its reader did with it.
    Disposition,
    /// That somebody took it for abuse.
    Feedback,
    /// Anything else: TLS, DMARC, ...
    Other,
}

/// Parts that are looked at where the report does not say its type.
const MAX_PARTS: usize = 5;

/// What the message reports on, if it is a report.
pub(super) fn of(parts: &Parts) -> Option<Report> {
    let top = parts.get(0)?;
    if top.kind() != "multipart/report" {
        return by_part(top.kind());
    }
    match top.content_type.get("report-type").unwrap_or_default().to_ascii_lowercase().as_str() {
        "delivery-status" => Some(Report::Delivery),
        "disposition-notification" => Some(Report::Disposition),
        "feedback-report" => Some(Report::Feedback),
        // Some leave the type out.
        _ => {
            let children = top.children.iter().take(MAX_PARTS).filter_map(|&child| parts.get(child));
            children.filter_map(|child| by_part(child.kind())).next().or(Some(Report::Other))
        }
    }
}

fn by_part(kind: &str) -> Option<Report> {
    match kind {
        "message/delivery-status" | "message/global-delivery-status" => Some(Report::Delivery),
        "message/disposition-notification" | "message/global-disposition-notification" => {
            Some(Report::Disposition)
        }
        "message/feedback-report" => Some(Report::Feedback),
        _ => None,
    }
}
