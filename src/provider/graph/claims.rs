//! What a token says of itself. For diagnosis only: a token is opaque, and rights from RBAC for Applications are not in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use uuid::Uuid;

/// The claims that a diagnosis needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Claims {
    /// Application permissions that were consented to, for every mailbox of the tenant.
    pub roles: Vec<String>,
    /// Delegated permissions.
    pub scp: Option<String>,
    /// The application.
    pub appid: Option<String>,
    /// The same, in tokens of version 2.
    pub azp: Option<String>,
    /// The enterprise application's object id.
    pub oid: Option<String>,
}

impl Claims {
    /// Of a bearer token; None where it is not a JWT that can be read.
    pub(super) fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, payload) = (parts.next()?, parts.next()?);
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    /// Whether a person's sign-in stands behind it.
    pub(super) fn is_delegated(&self) -> bool {
        self.scp.is_some()
    }

    /// Whether one of its permissions lets it read the bytes of mail.
    pub(super) fn reads(&self) -> bool {
        self.has(&["Mail.Read", "Mail.ReadWrite"])
    }

    /// Whether one of its permissions lets it change mail.
    pub(super) fn writes(&self) -> bool {
        self.has(&["Mail.ReadWrite"])
    }

    /// The permissions for mail of the whole tenant.
    pub(super) fn broad(&self) -> Vec<&str> {
        let mail = |role: &&String| role.starts_with("Mail.") || role.starts_with("full_access_as_app");
        self.roles.iter().filter(mail).map(String::as_str).collect()
    }

    fn has(&self, wanted: &[&str]) -> bool {
        self.roles.iter().any(|role| wanted.iter().any(|wanted| role.eq_ignore_ascii_case(wanted)))
    }

    /// The Exchange Online PowerShell commands that let the application into this mailbox only.
    /// Source: Exchange Online documentation, "Role Based Access Control for Applications".
    ///
    /// People paste them: what is no id, or no address, is left for them to fill in.
    pub(super) fn narrowing(&self, user: &str) -> String {
        let id =
            |id: &Option<String>| id.as_deref().filter(|id| Uuid::parse_str(id).is_ok()).map(str::to_owned);
        let app = id(&self.appid).or_else(|| id(&self.azp)).unwrap_or_else(|| "<client id>".to_owned());
        let object = id(&self.oid).unwrap_or_else(|| "<object id of the enterprise application>".to_owned());
        let is_plain = user.chars().all(|one| one.is_alphanumeric() || "@._-+'#".contains(one));
        let quoted = if is_plain { user.replace('\'', "''") } else { "<address>".to_owned() };
        format!(
            "New-ServicePrincipal -AppId {app} -ObjectId {object} -DisplayName \"mailroom\"\n\
             New-ManagementScope -Name \"mailroom\" -RecipientRestrictionFilter \"PrimarySmtpAddress -eq '{quoted}'\"\n\
             New-ManagementRoleAssignment -App {object} -Role \"Application Mail.ReadWrite\" -CustomResourceScope \"mailroom\"\n\
             Test-ServicePrincipalAuthorization -Identity {object} -Resource '{quoted}'"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "8a5c0000-1111-4222-8333-000000000002";
    const O: &str = "8a5c0000-1111-4222-8333-000000000003";

    fn token(payload: &str) -> String {
        format!("x.{}.y", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn permissions_are_read_from_a_token() {
        let claims = Claims::of(&token(&format!(
            r#"{{"roles":["Mail.ReadWrite","User.Read.All"],"appid":"{A}","oid":"{O}"}}"#
        )))
        .unwrap();
        assert!(claims.reads() && claims.writes() && !claims.is_delegated());
        assert_eq!(claims.broad(), ["Mail.ReadWrite"]);
        let commands = claims.narrowing("o'neil@x");
        assert!(commands.contains(&format!("-AppId {A} -ObjectId {O} ")), "{commands}");
        assert!(commands.contains("PrimarySmtpAddress -eq 'o''neil@x'"), "{commands}");
        assert!(!Claims::of(&token("{}")).unwrap().reads());
        let basic = Claims::of(&token(r#"{"roles":["Mail.ReadBasic.All"]}"#)).unwrap();
        assert!(!basic.reads() && !basic.broad().is_empty());
    }

    #[test]
    fn nothing_is_pasted_that_a_shell_would_carry_out() {
        let claims = Claims::of(&token(r#"{"appid":"a; Remove-Mailbox x","oid":"$(x)"}"#)).unwrap();
        for user in
            ["$(Remove-Mailbox x)@x", "a\u{2019} -or 1 -eq 1@x", "a\"@x", "a`n@x", "a@x\nRemove-Mailbox x"]
        {
            let commands = claims.narrowing(user);
            assert!(
                !commands.contains("Remove") && !commands.contains('$') && !commands.contains('`'),
                "{commands}"
            );
            assert!(
                commands.contains("-AppId <client id>") && commands.contains("-eq '<address>'"),
                "{commands}"
            );
            assert_eq!(commands.lines().count(), 4);
        }
    }

    #[test]
    fn what_is_no_jwt_says_nothing() {
        for opaque in ["", "abc", "a.b.c", "x.e30", "EwBgA8l6BAAU"] {
            let claims = Claims::of(opaque);
            assert!(claims.is_none() || claims == Some(Claims::default()), "{opaque}");
        }
    }
}
