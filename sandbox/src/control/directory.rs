//! Tenants, apps, credentials.

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Given, Refusal};
use crate::random;
use crate::state::State;
use crate::world::{App, AppCertificate, AppSecret, Federated, Scoped, Tenant, World};

type Answer = Result<(StatusCode, Json<Value>), Refusal>;

pub fn routes() -> Router<State> {
    Router::new()
        .route("/tenants", get(list).post(create))
        .route("/tenants/{tenant}", get(show).delete(remove))
        .route("/tenants/{tenant}/apps", get(apps).post(create_app))
        .route("/tenants/{tenant}/apps/{app}", get(show_app).patch(change_app).delete(remove_app))
        .route("/tenants/{tenant}/apps/{app}/secrets", post(add_secret))
        .route("/tenants/{tenant}/apps/{app}/certificates", post(add_certificate))
        .route("/tenants/{tenant}/apps/{app}/federated", post(add_federated))
        .route("/tenants/{tenant}/apps/{app}/lapse", post(lapse))
}

/// A tenant without its mail.
pub fn shown(tenant: &Tenant) -> Value {
    json!({
        "id": tenant.id,
        "domain": tenant.domain,
        "apps": tenant.apps.values().map(shown_app).collect::<Vec<_>>(),
        "mailboxes": tenant.mailboxes.values().map(super::mailboxes::shown).collect::<Vec<_>>(),
    })
}

fn shown_app(app: &App) -> Value {
    let secret =
        |secret: &AppSecret| json!({ "id": secret.id, "value": secret.value, "expires": secret.expires });
    json!({
        "clientId": app.client_id,
        "objectId": app.object_id,
        "name": app.name,
        "disabled": app.disabled,
        "roles": app.roles,
        "scoped": app.scoped,
        "secrets": app.secrets.iter().map(secret).collect::<Vec<_>>(),
        "certificates": app.certificates.len(),
        "federated": app.federated,
    })
}

async fn list(Shared(state): Shared<State>) -> Json<Value> {
    Json(state.world().tenants.iter().map(shown).collect())
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewTenant {
    domain: String,
    id: Option<Uuid>,
}

async fn create(Shared(state): Shared<State>, Given(new): Given<NewTenant>) -> Answer {
    let domain = new.domain.trim().to_lowercase();
    if domain.is_empty() || domain.contains(['/', '@', ' ']) {
        return Err(Refusal::wrong("a tenant has a domain such as contoso.example"));
    }
    let id = new.id.unwrap_or_else(random::uuid);
    let mut world = state.world_mut();
    if world.tenant(&domain).is_some() || world.tenants.iter().any(|tenant| tenant.id == id) {
        return Err(Refusal::taken("tenant", &domain));
    }
    let tenant = Tenant { id, domain, apps: Default::default(), mailboxes: Default::default() };
    let answer = shown(&tenant);
    world.tenants.push(tenant);
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn show(Shared(state): Shared<State>, Path(name): Path<String>) -> Result<Json<Value>, Refusal> {
    let world = state.world();
    world.tenant(&name).map(|tenant| Json(shown(tenant))).ok_or_else(|| Refusal::unknown("tenant", &name))
}

async fn remove(Shared(state): Shared<State>, Path(name): Path<String>) -> Result<StatusCode, Refusal> {
    let mut world = state.world_mut();
    tenant_mut(&mut world, &name)?;
    world.tenants.retain(|tenant| !tenant.is_named(&name));
    Ok(StatusCode::NO_CONTENT)
}

/// A tenant by its id or domain.
pub fn tenant_mut<'w>(world: &'w mut World, name: &str) -> Result<&'w mut Tenant, Refusal> {
    let found = world.tenants.iter_mut().find(|tenant| tenant.is_named(name));
    found.ok_or_else(|| Refusal::unknown("tenant", name))
}

fn app_mut<'w>(world: &'w mut World, tenant: &str, app: &str) -> Result<&'w mut App, Refusal> {
    let apps = &mut tenant_mut(world, tenant)?.apps;
    let id: Option<Uuid> = app.parse().ok();
    id.and_then(|id| apps.get_mut(&id)).ok_or_else(|| Refusal::unknown("app", app))
}

async fn apps(Shared(state): Shared<State>, Path(name): Path<String>) -> Result<Json<Value>, Refusal> {
    let world = state.world();
    let tenant = world.tenant(&name).ok_or_else(|| Refusal::unknown("tenant", &name))?;
    Ok(Json(tenant.apps.values().map(shown_app).collect()))
}

#[derive(serde::Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct NewApp {
    name: Option<String>,
    client_id: Option<Uuid>,
    secret: Option<String>,
    roles: Option<Vec<String>>,
}

async fn create_app(
    Shared(state): Shared<State>,
    Path(name): Path<String>,
    Given(new): Given<NewApp>,
) -> Answer {
    let expires = state.clock.now() + TimeDelta::days(730);
    let value = new.secret.unwrap_or_else(|| random::uuid().simple().to_string());
    let roles = ["Mail.ReadWrite", "Mail.Send", "User.Read.All"].map(str::to_owned);
    let app = App {
        client_id: new.client_id.unwrap_or_else(random::uuid),
        object_id: random::uuid(),
        name: new.name.unwrap_or_else(|| "App".to_owned()),
        disabled: false,
        secrets: vec![AppSecret { id: random::uuid(), value, expires }],
        certificates: Vec::new(),
        federated: Vec::new(),
        roles: new.roles.unwrap_or_else(|| roles.to_vec()),
        scoped: Vec::new(),
    };
    let mut world = state.world_mut();
    let apps = &mut tenant_mut(&mut world, &name)?.apps;
    if apps.contains_key(&app.client_id) {
        return Err(Refusal::taken("app", &app.client_id.to_string()));
    }
    let answer = shown_app(&app);
    apps.insert(app.client_id, app);
    Ok((StatusCode::CREATED, Json(answer)))
}

type OfApp = Path<(String, String)>;

async fn show_app(Shared(state): Shared<State>, Path((tenant, app)): OfApp) -> Result<Json<Value>, Refusal> {
    Ok(Json(shown_app(app_mut(&mut state.world_mut(), &tenant, &app)?)))
}

#[derive(serde::Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct AppChange {
    name: Option<String>,
    disabled: Option<bool>,
    roles: Option<Vec<String>>,
    scoped: Option<Vec<NewScope>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewScope {
    role: String,
    /// Addresses or ids.
    mailboxes: Vec<String>,
    /// Exchange takes up to two hours; here it holds at once unless this says otherwise.
    #[serde(default)]
    holds_in_seconds: i64,
}

async fn change_app(
    Shared(state): Shared<State>,
    Path((tenant, app)): OfApp,
    Given(change): Given<AppChange>,
) -> Result<Json<Value>, Refusal> {
    let now = state.clock.now();
    let mut world = state.world_mut();
    let scoped = match change.scoped {
        None => None,
        Some(scopes) => {
            let tenant = tenant_mut(&mut world, &tenant)?;
            let scope = |scope: NewScope| {
                let id = |name: &String| {
                    tenant
                        .mailbox(name)
                        .map(|mailbox| mailbox.id)
                        .ok_or_else(|| Refusal::unknown("mailbox", name))
                };
                let mailboxes = scope.mailboxes.iter().map(id).collect::<Result<_, _>>()?;
                let since =
                    TimeDelta::try_seconds(scope.holds_in_seconds).and_then(|by| now.checked_add_signed(by));
                Ok(Scoped { role: scope.role, mailboxes, since: since.unwrap_or(now) })
            };
            Some(scopes.into_iter().map(scope).collect::<Result<Vec<_>, Refusal>>()?)
        }
    };
    let app = app_mut(&mut world, &tenant, &app)?;
    app.name = change.name.unwrap_or_else(|| std::mem::take(&mut app.name));
    app.disabled = change.disabled.unwrap_or(app.disabled);
    app.roles = change.roles.unwrap_or_else(|| std::mem::take(&mut app.roles));
    app.scoped = scoped.unwrap_or_else(|| std::mem::take(&mut app.scoped));
    Ok(Json(shown_app(app)))
}

async fn remove_app(Shared(state): Shared<State>, Path((tenant, app)): OfApp) -> Result<StatusCode, Refusal> {
    let mut world = state.world_mut();
    let id = app_mut(&mut world, &tenant, &app)?.client_id;
    tenant_mut(&mut world, &tenant)?.apps.remove(&id);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(serde::Deserialize, Default)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct NewSecret {
    value: Option<String>,
    expires_in_seconds: Option<i64>,
}

async fn add_secret(
    Shared(state): Shared<State>,
    Path((tenant, app)): OfApp,
    Given(new): Given<NewSecret>,
) -> Answer {
    let lasts = new.expires_in_seconds.and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::days(730));
    let now = state.clock.now();
    let value = new.value.unwrap_or_else(|| random::uuid().simple().to_string());
    let expires = now.checked_add_signed(lasts).unwrap_or(now);
    let mut world = state.world_mut();
    let app = app_mut(&mut world, &tenant, &app)?;
    app.secrets.push(AppSecret { id: random::uuid(), value, expires });
    Ok((StatusCode::CREATED, Json(shown_app(app))))
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewCertificate {
    /// The certificate, DER in base64: the lines of a PEM between its first and last.
    der: String,
    /// `openssl x509 -pubkey -noout` prints it.
    public_key_pem: String,
    expires_in_seconds: Option<i64>,
}

async fn add_certificate(
    Shared(state): Shared<State>,
    Path((tenant, app)): OfApp,
    Given(new): Given<NewCertificate>,
) -> Answer {
    use base64::Engine as _;
    let text: String = new.der.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = base64::engine::general_purpose::STANDARD
        .decode(text)
        .map_err(|_| Refusal::wrong("der is the certificate in base64, or all of its PEM"))?;
    let lasts = new.expires_in_seconds.and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::days(365));
    let now = state.clock.now();
    let expires = now.checked_add_signed(lasts).unwrap_or(now);
    let mut world = state.world_mut();
    let app = app_mut(&mut world, &tenant, &app)?;
    app.certificates.push(AppCertificate { der, public_key_pem: new.public_key_pem, expires });
    Ok((StatusCode::CREATED, Json(shown_app(app))))
}

async fn add_federated(
    Shared(state): Shared<State>,
    Path((tenant, app)): OfApp,
    Given(new): Given<Federated>,
) -> Answer {
    let mut world = state.world_mut();
    let app = app_mut(&mut world, &tenant, &app)?;
    app.federated.push(new);
    Ok((StatusCode::CREATED, Json(shown_app(app))))
}

/// All secrets of the app have expired.
async fn lapse(Shared(state): Shared<State>, Path((tenant, app)): OfApp) -> Result<Json<Value>, Refusal> {
    let now = state.clock.now();
    let mut world = state.world_mut();
    let app = app_mut(&mut world, &tenant, &app)?;
    app.secrets.iter_mut().for_each(|secret| secret.expires = secret.expires.min(now));
    Ok(Json(shown_app(app)))
}
