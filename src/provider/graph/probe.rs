//! A connection test of Graph: the token, the folder, one message, and what the permissions allow beyond that.

use std::time::Instant;

use super::ask::Ask;
use super::claims::Claims;
use super::refusal::{Kind, Refusal};
use super::reply::{Message, Page};
use super::{Graph, GraphSession, address};
use crate::domain::connection::ConnectionStepKind as Step;
use crate::domain::folder::Folder;
use crate::provider::probe::{Failed, Record};
use crate::provider::{Access, Error, Extent, FetchOutcome, Wanted};
use crate::secret::ExposeSecret as _;

impl Graph {
    /// Tries to read from the folder. Changes nothing.
    pub(in crate::provider) async fn probe(
        &self,
        folder: &str,
        record: &mut Record<'_>,
    ) -> Result<(), Failed> {
        let begun = Instant::now();
        let entered = async {
            let session = self.session(Access::Look)?;
            let bearer = session.wire.bearer().await?;
            Ok((session, Claims::of(bearer.token.expose_secret())))
        };
        let (mut session, claims) = record
            .step(Step::Authenticate, begun, entered.await, |_| Some("a token was issued".to_owned()))?;
        let explained = |error| explained(error, claims.as_ref());

        let begun = Instant::now();
        let opened = look_around(&mut session, folder).await.map_err(explained);
        let folders =
            record.step(Step::OpenFolder, begun, opened, |folders| Some(counted(folders, folder)))?;
        record.test.folders = folders;

        let begun = Instant::now();
        let read = read_one(&mut session, folder).await.map_err(explained);
        record.step(Step::Read, begun, read, |read| Some((*read).to_owned()))?;

        let begun = Instant::now();
        record.step(Step::Permissions, begun, permitted(claims.as_ref()), |()| {
            Some(breadth(claims.as_ref(), &self.user))
        })
    }
}

/// The folder must be there before others are looked at.
async fn look_around(session: &mut GraphSession, folder: &str) -> Result<Vec<Folder>, Error> {
    session.folder_id(folder).await?;
    session.list_folders().await
}

fn counted(folders: &[Folder], folder: &str) -> String {
    let found = folders.iter().find(|one| one.path.eq_ignore_ascii_case(folder));
    match found.and_then(|found| found.total) {
        Some(total) => format!("{total} messages in {folder}"),
        None => format!("{folder} is there"),
    }
}

/// Reads the bytes of one message, if there is one: a list alone is shown to Mail.ReadBasic too.
async fn read_one(session: &mut GraphSession, folder: &str) -> Result<&'static str, Error> {
    let folder_id = session.folder_id(folder).await?;
    let query = [("$select", "id"), ("$top", "1")];
    let path = session.wire.address.path(&["mailFolders", &address::id(&folder_id), "messages"], &query);
    let page: Page<Message> = session.wire.json(&Ask::read(session.wire.address.url(&path)?)).await?;
    let Some(first) = page.value.into_iter().next() else { return Ok("the folder is empty") };
    let wanted = Wanted { source_id: first.id, size: 0, extent: Extent::HeaderOnly };
    match super::fetch::fetch(session.wire.clone(), wanted).await?.outcome {
        FetchOutcome::Raw(_) => Ok("the header of one message"),
        FetchOutcome::Gone => Ok("a message was just moved away"),
        FetchOutcome::Refused(_) => Ok("one message, which Exchange Online can't give out"),
    }
}

/// What a denial means, seen beside what the token says of its permissions.
fn explained(error: Error, claims: Option<&Claims>) -> Error {
    let Error::Graph(refusal) = error else { return error };
    let kind = match (refusal.kind, claims) {
        (Kind::Denied, Some(claims)) if claims.reads() || claims.is_delegated() => Kind::OutsideScope,
        (Kind::Denied, Some(claims)) if !claims.roles.is_empty() && !claims.reads() => Kind::NoPermission,
        // Without roles in the token, rights come from RBAC for Applications, if from anywhere.
        (Kind::Denied, Some(_)) => Kind::OutsideScope,
        (Kind::NoConsent, Some(claims)) if !claims.roles.is_empty() => Kind::NoPermission,
        (kind, _) => kind,
    };
    Error::Graph(Refusal { kind, ..refusal })
}

/// Reading worked; a token that shows permissions must show the one for changing, too.
fn permitted(claims: Option<&Claims>) -> Result<(), Error> {
    let Some(claims) = claims.filter(|claims| claims.reads() && !claims.writes()) else { return Ok(()) };
    let code = claims.broad().join(" ");
    Err(Error::Graph(Refusal { kind: Kind::NoPermission, code, request_id: None, after: None }))
}

fn breadth(claims: Option<&Claims>, user: &str) -> String {
    let Some(claims) = claims else {
        return "the token can't be looked into; what it may change shows when it does".to_owned();
    };
    if claims.is_delegated() {
        return "a person's sign-in: it reaches what that person may open".to_owned();
    }
    let broad = claims.broad();
    if broad.is_empty() {
        return "no tenant-wide permission for mail: the rights come from RBAC for Applications".to_owned();
    }
    format!(
        "The application may open every mailbox of the tenant ({}). To let it into this one only, run in Exchange Online \
         PowerShell, then remove the permission in Entra ID:\n{}",
        broad.join(", "),
        claims.narrowing(user)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied() -> Error {
        let code = "ErrorAccessDenied".to_owned();
        Error::Graph(Refusal { kind: Kind::Denied, code, request_id: None, after: None })
    }

    fn claims(roles: &[&str]) -> Claims {
        Claims { roles: roles.iter().map(|role| (*role).to_owned()).collect(), ..Claims::default() }
    }

    fn kind(error: Error) -> Kind {
        match error {
            Error::Graph(refusal) => refusal.kind,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_denial_is_told_apart_by_what_the_token_may() {
        assert_eq!(kind(explained(denied(), Some(&claims(&["Mail.ReadWrite"])))), Kind::OutsideScope);
        assert_eq!(kind(explained(denied(), Some(&claims(&["User.Read.All"])))), Kind::NoPermission);
        assert_eq!(kind(explained(denied(), Some(&claims(&["Mail.ReadBasic.All"])))), Kind::NoPermission);
        assert_eq!(kind(explained(denied(), Some(&claims(&[])))), Kind::OutsideScope);
        assert_eq!(kind(explained(denied(), None)), Kind::Denied);
    }

    #[test]
    fn a_token_that_may_only_read_is_not_enough() {
        assert!(permitted(Some(&claims(&["Mail.Read"]))).is_err());
        assert!(permitted(Some(&claims(&["Mail.Read", "Mail.ReadWrite"]))).is_ok());
        assert!(permitted(Some(&claims(&[]))).is_ok());
    }

    #[test]
    fn breadth_is_said_with_the_commands_that_narrow_it() {
        let said = breadth(Some(&claims(&["Mail.ReadWrite"])), "support@contoso.com");
        assert!(said.contains("every mailbox") && said.contains("New-ManagementRoleAssignment"), "{said}");
        assert!(!breadth(Some(&claims(&[])), "x").contains("every mailbox"));
    }
}
