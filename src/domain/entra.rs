//! Entra ID: who asks for tokens there, and in which cloud.

use serde::{Deserialize, Serialize};

use super::named::named_enum;

named_enum! {
    /// The national clouds; a tenant lives in exactly one.
    pub enum EntraCloud {
        Global = "GLOBAL",
        UsGovL4 = "US_GOV_L4",
        UsGovL5 = "US_GOV_L5",
        China = "CHINA",
    }
}

impl EntraCloud {
    /// Where tokens come from, without a slash at the end.
    /// Source: Microsoft Graph documentation, "National cloud deployments".
    pub const fn authority(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGovL4 | Self::UsGovL5 => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }

    /// Where Microsoft Graph is, without a slash at the end and without the version.
    pub const fn graph(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com",
            Self::UsGovL4 => "https://graph.microsoft.us",
            Self::UsGovL5 => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }

    /// Whether Graph removes messages for good there.
    pub const fn has_permanent_delete(self) -> bool {
        matches!(self, Self::Global)
    }
}

/// An application that asks for tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntraApp {
    /// The directory (tenant) id, or a verified domain of it.
    pub tenant_id: String,
    /// The application (client) id.
    pub client_id: String,
    /// Where the tenant lives.
    pub cloud: EntraCloud,
}

/// The identity of the machine that we run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntraIdentity {
    /// The directory (tenant) id; where absent, what the machine's environment says.
    pub tenant_id: Option<String>,
    /// The application (client) id; where absent, what the machine's environment says.
    pub client_id: Option<String>,
    /// Where the tenant lives.
    pub cloud: EntraCloud,
}
