//! `$select`: which properties are shown.

use crate::graph::answer::Problem;

/// The type that a list is of, with the properties that can be selected of it.
pub type Of = (&'static str, &'static [&'static str]);

/// `microsoft.graph.message`, with what its derived types add.
pub const MESSAGE: Of = (
    "microsoft.graph.message",
    &[
        "id",
        "createdDateTime",
        "lastModifiedDateTime",
        "changeKey",
        "categories",
        "receivedDateTime",
        "sentDateTime",
        "hasAttachments",
        "internetMessageId",
        "internetMessageHeaders",
        "subject",
        "body",
        "uniqueBody",
        "bodyPreview",
        "importance",
        "parentFolderId",
        "sender",
        "from",
        "toRecipients",
        "ccRecipients",
        "bccRecipients",
        "replyTo",
        "conversationId",
        "conversationIndex",
        "isDeliveryReceiptRequested",
        "isReadReceiptRequested",
        "isRead",
        "isDraft",
        "webLink",
        "inferenceClassification",
        "flag",
        "attachments",
        "extensions",
        "singleValueExtendedProperties",
        "multiValueExtendedProperties",
    ],
);

/// `microsoft.graph.mailFolder`.
pub const FOLDER: Of = (
    "microsoft.graph.mailFolder",
    &[
        "id",
        "displayName",
        "parentFolderId",
        "childFolderCount",
        "unreadItemCount",
        "totalItemCount",
        "isHidden",
        "childFolders",
        "messages",
        "messageRules",
        "singleValueExtendedProperties",
        "multiValueExtendedProperties",
    ],
);

/// `microsoft.graph.attachment`; what only a file has is selected with its type before it.
pub const ATTACHMENT: Of = (
    "microsoft.graph.attachment",
    &["id", "lastModifiedDateTime", "name", "contentType", "size", "isInline"],
);

/// The properties that a client wants.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Select(Vec<String>);

impl Select {
    /// From `$select`; None shows what is usual. A property of a derived type has the type before it and is not checked.
    pub fn of(text: Option<&str>, (kind, known): Of) -> Result<Option<Self>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let mut names = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if let Some((_, own)) = name.rsplit_once('/').filter(|(of, _)| of.starts_with("microsoft.graph."))
            {
                names.push(own.to_owned());
                continue;
            }
            let plain = name.split('/').next().unwrap_or(name);
            match known.iter().find(|at| at.eq_ignore_ascii_case(plain)) {
                Some(name) => names.push((*name).to_owned()),
                None if name == "*" => return Ok(None),
                None => {
                    return Err(Problem::bad_query(format!(
                        "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
                         '{kind}'."
                    )));
                }
            }
        }
        Ok((!names.is_empty()).then_some(Self(names)))
    }

    /// Whether a property is wanted.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|at| at.eq_ignore_ascii_case(name))
    }

    /// As an `@odata.context` says it.
    pub fn names(&self) -> String {
        self.0.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_selected_must_be_there() {
        let select = Select::of(Some("id, Subject,microsoft.graph.eventMessage/meetingMessageType"), MESSAGE);
        assert_eq!(select.unwrap().unwrap().names(), "id,subject,meetingMessageType");
        let problem = Select::of(Some("id,size"), MESSAGE).unwrap_err();
        assert_eq!(problem.code, "RequestBroker--ParseUri");
        assert!(
            problem
                .message
                .ends_with("Could not find a property named 'size' on type 'microsoft.graph.message'.")
        );
    }
}
