//! Who asks, and which mailbox they reach.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::answer::Problem;
use crate::world::{Mailbox, Permission, Standing, World};

/// An app with a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant that the token is of.
    pub tenant: Uuid,
    /// The app's client id.
    pub app: Uuid,
    /// The application permissions in the token.
    pub roles: Vec<String>,
}

impl Caller {
    /// The mailbox of that user, if the app may do that in it.
    pub fn reach<'w>(
        &self,
        world: &'w World,
        user: &str,
        permission: Permission,
        now: DateTime<Utc>,
    ) -> Result<&'w Mailbox, Problem> {
        let tenant =
            world.tenants.iter().find(|tenant| tenant.id == self.tenant).ok_or_else(unknown_tenant)?;
        let mailbox = tenant.mailbox(user).ok_or_else(|| no_user(user))?;
        let app = tenant.apps.get(&self.app).ok_or_else(unknown_tenant)?;
        if !app.may(permission, &self.roles, mailbox.id, now) {
            return Err(Problem::access_denied());
        }
        match mailbox.standing {
            Standing::Enabled | Standing::Full => Ok(mailbox),
            Standing::NotEnabled => Err(Problem::new(
                StatusCode::NOT_FOUND,
                "MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            )),
            Standing::Moving => Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "ErrorMailboxMoveInProgress",
                "The mailbox is being moved to another server. Try again later.",
            )
            .with("Retry-After", "60")),
        }
    }

    /// The same, to be changed: a full one takes nothing more.
    pub fn reach_mut<'w>(
        &self,
        world: &'w mut World,
        user: &str,
        permission: Permission,
        now: DateTime<Utc>,
    ) -> Result<&'w mut Mailbox, Problem> {
        self.reach(world, user, permission, now)?;
        let tenant = world.tenant_mut(self.tenant).ok_or_else(unknown_tenant)?;
        tenant.mailbox_mut(user).ok_or_else(|| no_user(user))
    }
}

fn no_user(user: &str) -> Problem {
    let message = format!("The requested user '{user}' is invalid.");
    Problem::new(StatusCode::NOT_FOUND, "ErrorInvalidUser", message)
}

fn unknown_tenant() -> Problem {
    Problem::unauthenticated(
        "InvalidAuthenticationToken",
        "The tenant or app of the token is not there any more.",
    )
}
