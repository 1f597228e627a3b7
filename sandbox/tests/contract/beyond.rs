//! What the sandbox answers beyond Microsoft's description, by name. Anything else that is not described fails.

/// Paths with their methods, and the types of their answers where the description has those: of success, of refusal.
pub const PATHS: [(&str, &str, Option<&str>, Option<&str>); 11] = [
    // Entra ID, which is not Graph's.
    ("POST", "/{tenant}/oauth2/v2.0/token", Some("mailroom.tokenResponse"), Some("mailroom.tokenError")),
    ("GET", "/{tenant}/oauth2/v2.0/token", None, Some("mailroom.tokenError")),
    ("PUT", "/{tenant}/oauth2/v2.0/token", None, Some("mailroom.tokenError")),
    ("GET", "/{tenant}/v2.0/.well-known/openid-configuration", None, Some("mailroom.tokenError")),
    ("GET", "/{tenant}/.well-known/openid-configuration", None, Some("mailroom.tokenError")),
    ("GET", "/{tenant}/discovery/v2.0/keys", None, None),
    ("GET", "/{tenant}/discovery/keys", None, None),
    ("GET", "/{tenant}/discovery/instance", None, None),
    // Where the pieces of an attachment go; Outlook's own address.
    ("PUT", "/upload/{session}", Some("microsoft.graph.uploadSession"), ERROR),
    ("GET", "/upload/{session}", Some("microsoft.graph.uploadSession"), ERROR),
    ("DELETE", "/upload/{session}", None, ERROR),
];

/// How Graph refuses.
pub const ERROR: Option<&str> = Some("microsoft.graph.ODataErrors.ODataError");

/// The control endpoint is the sandbox's own.
pub const CONTROL: &str = "sandbox";

/// Refusals that may come without a body: users tell of a bare 410 of delta, so there is a switch for it.
pub const BARE: [u16; 1] = [410];

/// Properties by their type, or by the operation where the answer's type has no name. Microsoft's documents show them:
/// they are annotations, which its description leaves out.
pub const PROPERTIES: [(&str, &str); 2] = [
    ("microsoft.graph.fileAttachment", "@odata.mediaContentType"),
    ("POST /users/{user-id}/translateExchangeIds", "@odata.context"),
];
