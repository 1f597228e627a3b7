//! What the demo says to whoever started it.

use chrono::TimeDelta;

use super::setup::visitor;
use super::tenant::MAILBOXES;
use crate::app::{self, App};
use crate::cli::failure::Failure;
use crate::cli::output::{Style, line, styled};

const QUERY: &str = "\
{
  processInstances(first: 5) {
    nodes {
      reference
      attributes
      messages(first: 5) {
        nodes { subject from { address } match { by evidence } attachments { filename size } }
      }
    }
  }
}";

/// Prints the address, a token and a first query.
pub(super) fn print(app: &App, graph: &str, every: u64) -> Result<(), Failure> {
    let now = app.services().clock.now();
    let token = app.local_key().mint(&visitor(), now, TimeDelta::hours(24)).map_err(app::Error::LocalKey)?;
    let config = app.config();
    let url = &config.public.url;
    let head = |text: &str| styled(text, Style::Bold);
    let link = |text: String| styled(text, Style::Cyan);
    line("");
    line(format_args!(
        "{} reads three shared mailboxes of a Microsoft 365 tenant on this machine, where a mail arrives every {every} s.",
        head("mailroom")
    ));
    for mailbox in MAILBOXES {
        line(format_args!("  {:<8} {}", mailbox.name, mailbox.address));
    }
    line(format_args!("Everything is in {}. Ctrl-C ends it.\n", parent(&config.data_dir)));
    line(format_args!("{}   {}", head("GraphiQL"), link(format!("{url}/graphiql#token={token}"))));
    line(format_args!(
        "{}    {}",
        head("Metrics"),
        link(format!("http://{}/metrics", config.http.metrics_listen))
    ));
    line(format_args!("{}     {}", head("Tenant"), link(format!("{graph}/sandbox"))));
    line(format_args!("{}      {token}\n", head("Token")));
    line(format_args!("{} (paste it into GraphiQL):\n{QUERY}\n", head("A first query")));
    line(format_args!("{}:", head("The same in a shell")));
    line(format_args!(
        "curl -s {url}/graphql -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\\n  -d '{}'\n",
        serde_json::json!({ "query": QUERY.split_whitespace().collect::<Vec<_>>().join(" ") })
    ));
    Ok(())
}

fn parent(folder: &std::path::Path) -> String {
    folder.parent().unwrap_or(folder).display().to_string()
}
