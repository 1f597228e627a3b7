//! Credentials: sealed, kept, replaced, refused.

use mailroom::db;
use mailroom::domain::credential::{CredentialSettings, Oauth2Settings};
use mailroom::domain::entra::{EntraApp, EntraCloud, EntraIdentity};
use mailroom::domain::id::CredentialId;
use mailroom::domain::mailbox::Mailbox;
use mailroom::domain::page::PageRequest;
use mailroom::secret::ExposeSecret as _;
use mailroom::service::credential::{
    CreateCredential, CredentialConfig, UpdateCredential, create, delete, update,
};
use mailroom::service::mailbox::CreateMailbox;
use mailroom::service::{self, Patch};

use super::{Office, basic, credential, imap, mailbox, refusals};
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_password_is_stored_sealed_and_opens_again,
    what_is_missing_is_named_by_its_path,
    a_name_is_taken_once,
    an_absent_password_is_kept_and_a_new_one_replaces_it,
    another_kind_needs_its_own_secret_and_forgets_the_old_one,
    null_is_refused_where_nothing_can_be_empty,
    a_stale_version_is_refused_and_of_two_at_once_one_wins,
    one_that_is_used_can_not_be_deleted,
    another_user_name_that_makes_two_mailboxes_one_is_refused,
    lists_go_by_name_in_any_case_and_find_parts_of_it,
);

fn change(id: CredentialId) -> UpdateCredential {
    UpdateCredential { id, name: Patch::Keep, config: Patch::Keep, expected_version: None }
}

fn secret_of(tenant: &str, client: &str, secret: Option<&str>) -> CredentialConfig {
    CredentialConfig::EntraClientSecret {
        app: EntraApp {
            tenant_id: tenant.to_owned(),
            client_id: client.to_owned(),
            cloud: EntraCloud::Global,
        },
        secret: secret.map(|secret| secret.to_owned().into()),
        expires_at: None,
    }
}

async fn password(office: &Office, id: CredentialId) -> String {
    let sealed = db::credential::sealed(office.cx.db.read(), id).await.unwrap().secret.unwrap();
    assert!(!sealed.windows(6).any(|bytes| bytes == b"s3cret"));
    let opened = office.cx.keys.open(db::credential::TABLE, id.0, &sealed).unwrap();
    opened.expose_secret().to_owned()
}

async fn a_password_is_stored_sealed_and_opens_again(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.credential("desk").await;
    assert_eq!(made.settings.username(), Some("company\\desk"));
    assert!(made.has_secret && made.version == 1);
    assert_eq!(db::credential::get(office.cx.db.read(), made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(password(&office, made.id).await, "s3cret");
}

async fn what_is_missing_is_named_by_its_path(fresh: Fresh) {
    let office = Office::open(fresh);
    let given = [
        (
            " ",
            basic("", Some("")),
            vec!["REQUIRED name", "REQUIRED config.basic.username", "REQUIRED config.basic.password"],
        ),
        ("a", basic("user", None), vec!["REQUIRED config.basic.password"]),
        (
            "a\nb",
            basic("us\0er", Some("a\r\nb")),
            vec!["INVALID name", "INVALID config.basic.username", "INVALID config.basic.password"],
        ),
        (
            "a",
            secret_of("common", "", None),
            vec!["INVALID config.entraClientSecret.tenantId", "REQUIRED config.entraClientSecret.clientId"],
        ),
        (
            "a",
            secret_of("contoso.example", "c", None),
            vec!["REQUIRED config.entraClientSecret.clientSecret"],
        ),
        (
            "a",
            CredentialConfig::Oauth2 {
                settings: Oauth2Settings {
                    token_url: "http://login.example.com/token".to_owned(),
                    authorize_url: Some("x".to_owned()),
                    client_id: "c".to_owned(),
                    scopes: vec!["a b".to_owned()],
                    signed_in_as: None,
                },
                secret: None,
                refresh_token: None,
            },
            vec![
                "INVALID config.oauth2.scopes.0",
                "INVALID config.oauth2.tokenUrl",
                "INVALID config.oauth2.authorizeUrl",
            ],
        ),
    ];
    for (name, config, expected) in given {
        let input = CreateCredential { name: name.to_owned(), config };
        assert_eq!(refusals(create(&office.cx, &office.permit, input).await), expected);
    }
    assert_eq!(db::credential::count(office.cx.db.read(), None).await.unwrap(), 0);
}

async fn a_name_is_taken_once(fresh: Fresh) {
    let office = Office::open(fresh);
    office.credential("desk").await;
    let again = create(&office.cx, &office.permit, credential(" desk ")).await;
    assert_eq!(refusals(again), ["TAKEN name"]);
    let other = office.credential("other").await;
    let rename = UpdateCredential { name: Patch::Set("desk".to_owned()), ..change(other.id) };
    assert_eq!(refusals(update(&office.cx, &office.permit, rename).await), ["TAKEN name"]);
}

async fn an_absent_password_is_kept_and_a_new_one_replaces_it(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.credential("desk").await;
    office.clock.advance(chrono::TimeDelta::hours(1));
    let kept = UpdateCredential { config: Patch::Set(basic("new", None)), ..change(made.id) };
    let kept = update(&office.cx, &office.permit, kept).await.unwrap();
    assert_eq!((kept.settings.username(), kept.version), (Some("new"), 2));
    assert_eq!(kept.secret_updated_at, made.secret_updated_at);
    assert_eq!(password(&office, made.id).await, "s3cret");

    let replaced = UpdateCredential { config: Patch::Set(basic("new", Some("0ther"))), ..change(made.id) };
    let replaced = update(&office.cx, &office.permit, replaced).await.unwrap();
    assert_eq!(replaced.secret_updated_at, Some(office.now()));
    assert_eq!(password(&office, made.id).await, "0ther");
    assert_eq!(db::credential::get(office.cx.db.read(), made.id).await.unwrap(), Some(replaced));
}

async fn another_kind_needs_its_own_secret_and_forgets_the_old_one(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.credential("desk").await;
    let bare =
        UpdateCredential { config: Patch::Set(secret_of("contoso.example", "c", None)), ..change(made.id) };
    let refused = refusals(update(&office.cx, &office.permit, bare).await);
    assert_eq!(refused, ["REQUIRED config.entraClientSecret.clientSecret"]);
    let identity =
        EntraIdentity { tenant_id: None, client_id: Some("c-1".to_owned()), cloud: EntraCloud::China };
    let config = Patch::Set(CredentialConfig::EntraWorkloadIdentity(identity.clone()));
    let changed =
        update(&office.cx, &office.permit, UpdateCredential { config, ..change(made.id) }).await.unwrap();
    assert_eq!(changed.settings, CredentialSettings::EntraWorkloadIdentity(identity));
    assert!(!changed.has_secret);
    let db = office.cx.db.read();
    assert_eq!(db::credential::get(db, made.id).await.unwrap(), Some(changed));
    assert!(db::credential::sealed(db, made.id).await.unwrap().secret.is_none());
    let found = db::credential::list(db, Some("C-1"), &PageRequest::default()).await.unwrap();
    assert_eq!(found.items.len(), 1);
}

async fn null_is_refused_where_nothing_can_be_empty(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.credential("desk").await;
    let nulls = UpdateCredential { name: Patch::Clear, config: Patch::Clear, ..change(made.id) };
    let refused = refusals(update(&office.cx, &office.permit, nulls).await);
    assert_eq!(refused, ["REQUIRED name", "REQUIRED config"]);
    let unknown = update(&office.cx, &office.permit, change(CredentialId::new())).await;
    assert_eq!(refusals(unknown), ["NOT_FOUND id"]);
}

async fn a_stale_version_is_refused_and_of_two_at_once_one_wins(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.credential("desk").await;
    let rename = |name: &str| UpdateCredential {
        name: Patch::Set(name.to_owned()),
        expected_version: Some(made.version),
        ..change(made.id)
    };
    let (one, two) = tokio::join!(
        update(&office.cx, &office.permit, rename("one")),
        update(&office.cx, &office.permit, rename("two")),
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(won.unwrap().version, 2);
    assert_eq!(refusals(lost), ["CONFLICT expectedVersion"]);
}

async fn one_that_is_used_can_not_be_deleted(fresh: Fresh) {
    let office = Office::open(fresh);
    let mailbox = office.mailbox("desk").await;
    let id = mailbox.credential_id;
    assert_eq!(refusals(delete(&office.cx, &office.permit, id).await), ["IN_USE id"]);
    service::mailbox::delete(&office.cx, &office.permit, mailbox.id).await.unwrap();
    delete(&office.cx, &office.permit, id).await.unwrap();
    assert_eq!(refusals(delete(&office.cx, &office.permit, id).await), ["NOT_FOUND id"]);
}

async fn two_mailboxes(office: &Office) -> [Mailbox; 2] {
    [office.mailbox("one").await, office.mailbox("two").await]
}

async fn another_user_name_that_makes_two_mailboxes_one_is_refused(fresh: Fresh) {
    let office = Office::open(fresh);
    let [one, _] = two_mailboxes(&office).await;
    let same = basic("company\\of two", None);
    let same = UpdateCredential { config: Patch::Set(same), ..change(one.credential_id) };
    let refused = refusals(update(&office.cx, &office.permit, same).await);
    assert_eq!(refused, ["TAKEN config.basic.username"]);

    let free = UpdateCredential { config: Patch::Set(basic("moved", None)), ..change(one.credential_id) };
    update(&office.cx, &office.permit, free).await.unwrap();
    // The physical mailbox that it left is free again.
    let left = CreateCredential { name: "left".to_owned(), config: basic("company\\of one", Some("x")) };
    let left = create(&office.cx, &office.permit, left).await.unwrap();
    let input = CreateMailbox {
        credential_id: Some(left.id),
        provider: imap("IMAP.example.com"),
        ..mailbox("three")
    };
    service::mailbox::create(&office.cx, &office.permit, input).await.unwrap();
}

async fn lists_go_by_name_in_any_case_and_find_parts_of_it(fresh: Fresh) {
    let office = Office::open(fresh);
    for name in ["beta", "Alpha", "50%_off", "gamma", "\u{c9}lan"] {
        office.credential(name).await;
    }
    let db = office.cx.db.read();
    let names = |page: mailroom::domain::page::Page<mailroom::domain::credential::Credential>| {
        page.items.into_iter().map(|item| (item.name, item.id.0)).collect::<Vec<_>>()
    };
    let all = names(db::credential::list(db, None, &PageRequest::default()).await.unwrap());
    let order: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(order, ["50%_off", "Alpha", "beta", "gamma", "\u{c9}lan"]);

    let first = PageRequest { limit: 2, ..PageRequest::default() };
    let first = db::credential::list(db, None, &first).await.unwrap();
    assert!(first.has_next && !first.has_previous);
    let after = PageRequest { limit: 2, after: names(first).pop(), ..PageRequest::default() };
    let second = db::credential::list(db, None, &after).await.unwrap();
    assert!(second.has_next && second.has_previous);
    assert_eq!(names(second), all[2..4]);
    let last = PageRequest { limit: 2, from_end: true, before: Some(all[4].clone()), after: None };
    let last = db::credential::list(db, None, &last).await.unwrap();
    assert!(last.has_next && last.has_previous);
    assert_eq!(names(last), all[2..4]);

    for (search, found) in
        [("ALPH", 1), ("%", 1), ("_", 1), ("\\", 5), ("company", 5), ("\u{e9}lan", 1), ("x'", 0)]
    {
        let page = db::credential::list(db, Some(search), &PageRequest::default()).await.unwrap();
        assert_eq!(page.items.len(), found, "{search}");
        let count = db::credential::count(db, Some(search)).await.unwrap();
        assert_eq!(count, u64::try_from(found).unwrap(), "{search}");
    }
}
