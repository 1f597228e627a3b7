//! What the documents leave open, or say in two ways: a switch each, with the likelier default. docs/sandbox.md names
//! them all.

/// Where a plain DELETE puts a message; Microsoft's page does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeletePuts {
    /// Where people find it again.
    #[default]
    DeletedItems,
    /// Into the recoverable items.
    RecoverableItems,
}

/// How a lost delta token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GoneSays {
    /// 410 with `syncStateNotFound`.
    #[default]
    SyncStateNotFound,
    /// 410 with `resyncRequired`.
    ResyncRequired,
    /// 410 without a body.
    Nothing,
}

/// All switches.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Switches {
    /// Where a plain DELETE puts a message.
    pub delete_puts: DeletePuts,
    /// How a lost delta token is refused.
    pub gone_says: GoneSays,
    /// Whether mutable ids have `+` and `/` in them.
    pub awkward_ids: bool,
    /// Whether there is permanentDelete; national clouds have none.
    pub permanent_delete: bool,
    /// Whether the folder-scoped `$value` works; the service refuses what its description has.
    pub folder_scoped_value: bool,
    /// Whether `$value` gives other bytes at each read, as Exchange does.
    pub rebuild_value: bool,
    /// Whether the published limits hold: 4 requests at a time and 10,000 in ten minutes for each app and mailbox.
    pub throttle: bool,
    /// How long tokens live, in seconds.
    pub token_seconds: i64,
    /// How long delta tokens live, in seconds.
    pub delta_seconds: i64,
    /// How long the receiver of a notification may take, in seconds.
    pub notification_seconds: u64,
    /// How long is waited for more that is told together, in milliseconds.
    pub notification_delay_ms: u64,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            delete_puts: DeletePuts::default(),
            gone_says: GoneSays::default(),
            awkward_ids: false,
            permanent_delete: true,
            folder_scoped_value: false,
            rebuild_value: true,
            throttle: true,
            token_seconds: 3_599,
            delta_seconds: 7 * 24 * 3_600,
            notification_seconds: 10,
            notification_delay_ms: 50,
        }
    }
}
