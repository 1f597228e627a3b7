//! What a client of the sandbox needs, ready to be pasted.

use std::path::Path;

use ::sandbox::server::Running;
use tokio::net::TcpListener;

use crate::cli::output::{Style, line, styled};

/// Prints it.
pub(super) fn show(running: &Running, smtp: Option<&TcpListener>, authority: &Path) {
    let world = running.state.world();
    let Some(tenant) = world.tenants.first() else { return };
    let https = running.https_url.as_deref().unwrap_or_default();
    let row = |name: &str, value: &str| {
        line(format_args!("  {}{value}", styled(format!("{name:<16}"), Style::Cyan)))
    };
    line(styled("A Microsoft 365 tenant is ready.", Style::Bold));
    row("Graph", &format!("{}/v1.0", running.http_url));
    row("and https", &format!("{https}/v1.0"));
    row("trust", &authority.display().to_string());
    if let Some(address) = smtp.and_then(|smtp| smtp.local_addr().ok()) {
        row("SMTP", &address.to_string());
    }
    row("control", &format!("{}/sandbox", running.http_url));
    row("tenant", &format!("{} ({})", tenant.id, tenant.domain));
    let app = tenant.apps.values().next();
    let secret = app.and_then(|app| app.secrets.first()).map_or("", |secret| secret.value.as_str());
    let client = app.map(|app| app.client_id.to_string()).unwrap_or_default();
    row("client id", &client);
    row("secret", secret);
    for mailbox in tenant.mailboxes.values() {
        row("mailbox", &format!("{} ({} messages)", mailbox.address, mailbox.messages().count()));
    }
    let address = tenant.mailboxes.values().next().map_or("", |mailbox| mailbox.address.as_str());
    line("");
    line(styled("Try it", Style::Bold));
    line(format_args!(
        "  TOKEN=$(curl -s {}/{}/oauth2/v2.0/token -d grant_type=client_credentials \\\n    -d client_id={client} \\\n    \
         --data-urlencode client_secret='{secret}' \\\n    -d scope=https://graph.microsoft.com/.default | \
         sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')",
        running.http_url, tenant.id
    ));
    line(format_args!(
        "  curl -s -H \"Authorization: Bearer $TOKEN\" '{}/v1.0/users/{address}/messages?$select=subject,from&$top=5'",
        running.http_url
    ));
    line("");
    line(styled("Microsoft's libraries", Style::Bold));
    line(format_args!(
        "  azure-identity     ClientSecretCredential(…, authority=\"{https}\", disable_instance_discovery=True)"
    ));
    line(format_args!("  msgraph-sdk        httpx.AsyncClient(base_url=\"{https}/v1.0\")"));
    line(format_args!("  graph for node     NODE_EXTRA_CA_CERTS={} and customHosts", authority.display()));
    line("  docs/sandbox.md shows each in full. Ctrl-C ends it.");
    line("");
}
