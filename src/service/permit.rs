//! Rights as types: a service function can't be called without the permit that it asks for.
//!
//! A permit is made from a caller's scopes, and nowhere else. Rights on single mailboxes (ownership and grants)
//! narrow it here: a permit then also says on which mailboxes it holds. Until there are any, it holds on all.

use std::marker::PhantomData;

use crate::domain::access::{Caller, Scope};

/// A right that a token's scopes give.
pub trait Right: sealed::Sealed {
    /// Any of these scopes gives it; `admin` gives them all.
    const SCOPES: &'static [Scope];
}

mod sealed {
    pub trait Sealed {}
}

/// Proof that the caller has the right `R`.
#[derive(Debug, Clone)]
pub struct Permit<R> {
    caller: Caller,
    right: PhantomData<R>,
}

/// The token's scopes don't give the right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this needs a token with the scope {}", needed.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(" or "))]
pub struct Forbidden {
    /// Any one of them would do.
    pub needed: &'static [Scope],
}

impl<R: Right> Permit<R> {
    /// Checks the caller's scopes.
    pub fn of(caller: &Caller) -> Result<Self, Forbidden> {
        if R::SCOPES.iter().any(|scope| caller.has(*scope)) {
            Ok(Self { caller: caller.clone(), right: PhantomData })
        } else {
            Err(Forbidden { needed: R::SCOPES })
        }
    }

    /// Who asks.
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }
}

macro_rules! right {
    ($($(#[$meta:meta])* $name:ident = $($scope:ident)|+),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}
        impl sealed::Sealed for $name {}
        impl Right for $name {
            const SCOPES: &'static [Scope] = &[$(Scope::$scope),+];
        }
    )+};
}

right! {
    /// To read the configuration: credentials, providers' settings, mappings, jobs.
    ConfigRead = ConfigRead,
    /// To change the configuration, and to try connections.
    ConfigWrite = ConfigWrite,
    /// To see which mailboxes there are, without their settings.
    MailboxRead = MailRead | ConfigRead,
    /// To read messages and process instances.
    MailRead = MailRead,
    /// To change what mailroom holds of a message: reprocess, link, delete, cancel a disposition.
    MailHandle = MailHandle,
    /// To send mail.
    MailSend = MailSend,
    /// To start and cancel runs.
    JobsRun = JobsRun,
    /// To see runs: what they did, and how far they have come.
    RunRead = JobsRun | ConfigRead,
    /// To read the event log.
    EventsRead = EventsRead,
    /// Everything.
    Admin = Admin,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(scopes: &[Scope]) -> Caller {
        Caller { subject: "someone".to_owned(), name: None, scopes: scopes.to_vec() }
    }

    #[test]
    fn a_scope_gives_its_own_right_and_no_other() {
        let caller = caller(&[Scope::ConfigRead]);
        assert!(Permit::<ConfigRead>::of(&caller).is_ok());
        let refused = Permit::<ConfigWrite>::of(&caller).unwrap_err();
        assert_eq!(refused.to_string(), "this needs a token with the scope `config:write`");
    }

    #[test]
    fn any_of_several_scopes_is_enough() {
        assert!(Permit::<MailboxRead>::of(&caller(&[Scope::MailRead])).is_ok());
        assert!(Permit::<MailboxRead>::of(&caller(&[Scope::ConfigRead])).is_ok());
        let refused = Permit::<MailboxRead>::of(&caller(&[Scope::EventsRead])).unwrap_err();
        assert_eq!(refused.to_string(), "this needs a token with the scope `mail:read` or `config:read`");
    }

    #[test]
    fn an_administrator_has_every_right_and_a_token_without_scopes_none() {
        let admin = caller(&[Scope::Admin]);
        assert!(Permit::<ConfigWrite>::of(&admin).is_ok() && Permit::<Admin>::of(&admin).is_ok());
        assert!(Permit::<ConfigRead>::of(&caller(&[])).is_err());
        let all_but_admin: Vec<Scope> =
            Scope::ALL.iter().copied().filter(|scope| *scope != Scope::Admin).collect();
        assert!(Permit::<Admin>::of(&caller(&all_but_admin)).is_err());
    }
}
