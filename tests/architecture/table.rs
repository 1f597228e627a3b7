//! The table of ARCHITECTURE.md: layers, what they may use, and the outside crates fenced to some.

/// A layer and the other layers that it may use.
pub const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("secret", &["domain"]),
    ("net", &["domain", "config"]),
    ("mail", &["domain"]),
    ("db", &["domain", "secret"]),
    ("identity", &["domain", "secret", "net"]),
    ("provider", &["domain", "secret", "net", "identity"]),
    ("blob", &["domain", "secret", "net", "identity"]),
    ("event", &["domain", "db", "net"]),
    ("pipeline", &["domain", "mail", "provider", "blob", "db", "event"]),
    ("service", &["domain", "secret", "net", "identity", "mail", "provider", "blob", "db", "event"]),
    ("worker", &["domain", "db", "blob", "provider", "event", "pipeline", "service"]),
    ("api", &["domain", "service", "db", "blob", "mail", "event"]),
];

/// What may use every layer.
pub const TOP: &[&str] = &["app", "cli", "main", "lib"];

/// An outside crate and the layers that may use it.
pub const FENCES: &[(&str, &[&str])] = &[
    ("aes_gcm", &["secret"]),
    ("hickory_resolver", &["net"]),
    ("rustls", &["net", "main"]),
    ("tokio_rustls", &["net"]),
    ("rustls_platform_verifier", &["net"]),
    ("mail_parser", &["mail"]),
    ("encoding_rs", &["mail"]),
    ("chardetng", &["mail"]),
    ("ammonia", &["mail"]),
    ("sea_orm", &["db"]),
    ("sea_orm_migration", &["db"]),
    ("sqlx", &["db"]),
    ("async_imap", &["provider"]),
    ("object_store", &["blob"]),
    ("async_nats", &["event"]),
    ("axum", &["api", "app"]),
    ("async_graphql", &["api"]),
    ("async_graphql_axum", &["api"]),
    ("clap", &["app", "cli", "main"]),
    ("sandbox", &["cli"]),
    ("azure_core", &["identity"]),
    ("azure_identity", &["identity"]),
    ("oauth2", &["identity"]),
    ("p12_keystore", &["identity"]),
    ("x509_parser", &["identity"]),
    ("reqwest", &["net", "identity", "provider"]),
];

/// Arrows that the table does not have and that are there nevertheless: a layer and what it uses. To be mended, or to be
/// taken into the table with the reason; the list only shrinks.
pub const DEBTS: &[(&str, &str)] = &[];
