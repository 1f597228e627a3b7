//! `mailroom sandbox`: a Microsoft 365 tenant on this machine, with mail in it.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::sandbox::faults::Scenario;
use ::sandbox::input::{self, drip, files, generate::Generator};
use ::sandbox::server::{Options, Running, Sandbox};
use ::sandbox::state::State;
use ::sandbox::{sample, snapshot, world::Mailbox};
use tokio::net::TcpListener;

use super::failure::{Exit, Failure};
use super::output::{self, Style, line, note, styled};
use super::serve;

const EXAMPLES: &str = "\
Examples:
  mailroom sandbox                                         a tenant with a hundred messages
  mailroom sandbox --drip 5 --smtp 2525                    and a new one every five seconds, or by SMTP
  mailroom sandbox --import ~/mail.mbox --mailbox me@contoso.example
  mailroom sandbox --scenario faults.toml                  429s, slow bodies, lost notifications
  mailroom sandbox --snapshot tenant.jsonl                 goes on where it was
  mailroom sandbox deliver offer.eml --to adele@contoso.example

Everything else is changed while it runs, under http://127.0.0.1:8025/sandbox; docs/sandbox.md shows how.
Ctrl-C ends it. It is a tool for development: whoever reaches its port can do everything.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where http is served; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8025")]
    listen: SocketAddr,
    /// The port of https, which some of Microsoft's libraries insist on; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8443)]
    https: u16,
    /// Where the certificate of its authority is written, for clients to trust.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Take mail by SMTP on that port; 0 takes a free one.
    #[arg(long, value_name = "PORT")]
    smtp: Option<u16>,
    /// What the made-up mail depends on: the same seed makes the same mail.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many messages are made up [default: 100, or 0 with --import or a snapshot].
    #[arg(long, value_name = "N")]
    messages: Option<usize>,
    /// Mail to begin with: an .eml file, an mbox, a Maildir, or a folder of them. Several times if need be.
    #[arg(long, value_name = "PATH")]
    import: Vec<PathBuf>,
    /// Whom imported mail is for; a mailbox is made where there is none.
    #[arg(long, value_name = "ADDRESS", default_value = sample::ADELE)]
    mailbox: String,
    /// Where imported mail is put: a well-known name, or a path such as Inbox/Orders.
    #[arg(long, value_name = "FOLDER", default_value = "inbox")]
    folder: String,
    /// Deliver a made-up message every so many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    drip: Option<u64>,
    /// Switches and faults, in TOML or JSON.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// The state: read at the start if the file is there, written at the end.
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Show each request, even where nobody looks at a terminal.
    #[arg(long)]
    log: bool,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Send a raw message into a sandbox that runs.
    Deliver {
        /// The message; - reads it from the standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Whom for; several are parted by commas.
        #[arg(long, value_name = "ADDRESS")]
        to: String,
        /// Where it is put.
        #[arg(long, value_name = "FOLDER", default_value = "inbox")]
        folder: String,
        /// Where the sandbox is.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8025")]
        url: String,
    },
}

pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    if let Some(Command::Deliver { file, to, folder, url }) = &args.command {
        return deliver(file, to, folder, url).await;
    }
    let stop = serve::stop_on_signals()?;
    let state = prepared(&args)?;
    let https = SocketAddr::new(args.listen.ip(), args.https);
    let options = Options { http: args.listen, https: Some(https) };
    let running = Sandbox::start(options, state.clone()).await.map_err(|error| {
        Failure::from(error).hint("--listen and --https take other ports; 0 takes a free one")
    })?;
    let smtp = match args.smtp {
        Some(port) => Some(TcpListener::bind((args.listen.ip(), port)).await?),
        None => None,
    };
    let authority = authority(&args, &running)?;
    guide(&running, smtp.as_ref(), &authority);
    if args.log || std::io::stderr().is_terminal() {
        let coloured = output::wanted(std::io::stderr().is_terminal());
        state.log.show(move |request| note(request.row(coloured)));
    }
    let mut beside = tokio::task::JoinSet::new();
    if let Some(listener) = smtp {
        beside.spawn(input::smtp::serve(listener, state.clone()));
    }
    if let Some(seconds) = args.drip {
        beside.spawn(drip::run(state.clone(), args.seed.wrapping_add(1), Duration::from_secs(seconds)));
    }
    stop.cancelled().await;
    running.stop().await;
    if let Some(path) = &args.snapshot {
        let messages = snapshot::save(&state, path)?;
        note(format_args!("wrote {messages} messages to {}", path.display()));
    }
    Ok(Exit::Done)
}

/// The state to begin with: of the snapshot, else the sample tenant with mail.
fn prepared(args: &Args) -> Result<State, Failure> {
    let saved = args.snapshot.as_ref().filter(|path| path.exists());
    let state = match saved {
        Some(path) => {
            let state = State::default();
            snapshot::load(&state, path)?;
            state
        }
        None => sample::state(),
    };
    let begins_empty = saved.is_none() && args.import.is_empty();
    let made_up = args.messages.unwrap_or(if begins_empty { 100 } else { 0 });
    let mut generator = Generator::new(args.seed, drip::readers(&state));
    for (address, mail) in generator.history(made_up, state.clock.now()) {
        input::deliver(&state, &address, "inbox", mail)?;
    }
    for path in &args.import {
        import(&state, path, args)?;
    }
    if let Some(path) = &args.scenario {
        Scenario::read(path)?.apply(&state)?;
    }
    Ok(state)
}

/// Takes in what can be read; a bad file gets a sentence and ends nothing.
fn import(state: &State, path: &Path, args: &Args) -> Result<(), Failure> {
    make_mailbox(state, &args.mailbox);
    let (mut taken, mut failed) = (0_usize, None);
    files::read(path, &mut |mail| match mail {
        Ok(mail) if failed.is_none() => match input::deliver(state, &args.mailbox, &args.folder, mail) {
            Ok(_) => taken += 1,
            Err(error) => failed = Some(error),
        },
        Ok(_) => {}
        Err(error) => {
            let cause =
                std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            note(format_args!("{} {error}{cause}", output::styled("skipped", Style::Yellow)));
        }
    });
    failed.map_or(Ok(()), Err)?;
    note(format_args!("took {taken} messages from {}", path.display()));
    Ok(())
}

fn make_mailbox(state: &State, address: &str) {
    let mut world = state.world_mut();
    let is_there = world.tenants.iter().any(|tenant| tenant.mailbox(address).is_some());
    if let Some(tenant) = world.tenants.first_mut().filter(|_| !is_there) {
        let mailbox = Mailbox::new(::sandbox::random::uuid(), address, address);
        tenant.mailboxes.insert(mailbox.id, mailbox);
    }
}

/// Where the authority's certificate lies now.
fn authority(args: &Args, running: &Running) -> Result<PathBuf, Failure> {
    let path = args.ca.clone().unwrap_or_else(|| std::env::temp_dir().join("mailroom-sandbox-ca.pem"));
    if let Some(pem) = &running.ca_pem {
        std::fs::write(&path, pem).map_err(|error| {
            Failure::from(error).hint(format!("--ca names another file than {}", path.display()))
        })?;
    }
    Ok(path)
}

/// What a client needs, ready to be pasted.
fn guide(running: &Running, smtp: Option<&TcpListener>, authority: &Path) {
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

async fn deliver(file: &Path, to: &str, folder: &str, url: &str) -> Result<Exit, Failure> {
    let raw = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())?.into_bytes()
    } else {
        std::fs::read(file)
            .map_err(|error| Failure::from(error).hint(format!("is {} a file?", file.display())))?
    };
    let id = input::remote::deliver(url, to, folder, raw).await.map_err(|error| {
        Failure::from(error).hint("is the sandbox running? --url says where, such as http://127.0.0.1:8025")
    })?;
    line(id);
    Ok(Exit::Done)
}
