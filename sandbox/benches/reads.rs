//! How fast a large folder is read, how much memory it takes and how soon the sandbox is ready:
//! `cargo bench -p sandbox --bench reads -- [--messages 100000] [--seconds 2]`.
//!
//! The server has a runtime of one thread, so it has one core; only texts that `$search` reads are read on another. The
//! clients have another thread, and a connection each that they keep. Beside each figure stands the same number of bytes
//! from a bare axum route on one thread, for the machine's own pace.

use std::cell::RefCell;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::join_all;
use reqwest::Client;
use sandbox::server::{Options, Sandbox};
use sandbox::state::State;
use sandbox::{mime, sample};

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().collect();
    let option = |name: &str, usual: usize| {
        let given = words.iter().position(|word| word == name).and_then(|at| words.get(at + 1));
        given.map_or(Ok(usual), |word| word.parse())
    };
    let (messages, seconds) = (option("--messages", 100_000)?, option("--seconds", 2)?);
    one_thread()?.block_on(measure(messages.max(1), Duration::from_secs(seconds.try_into()?)))
}

fn one_thread() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

async fn measure(count: usize, span: Duration) -> Result<(), Failed> {
    let state = sample::state();
    state.switch(|switches| switches.throttle = false);
    let began = Instant::now();
    let ids = fill(&state, count)?;
    let filled = began.elapsed().as_secs_f32();
    say(&format!("{count} messages of 12 KB put in within {filled:.1} s, {}", memory()));
    let began = Instant::now();
    let root = serve(state)?;
    let ready = began.elapsed().as_millis();
    let asks = Asks { token: token(&Client::new(), &root).await?, root, bare: bare()?, ids, span };
    let first = began.elapsed().as_millis();
    say(&format!("start to ready, certificate included: {ready} ms; to the first token: {first} ms"));
    say("");
    say(
        "| what | bytes | 1 client/s | bare route/s | part of it | 4 clients/s | bare route/s | part of it |",
    );
    say("|---|---:|---:|---:|---:|---:|---:|---:|");
    let folder = "mailFolders/inbox/messages";
    let fixed = |at: String| move |_| at.clone();
    let recent = "receivedDateTime%20ge%202000-01-01T00:00:00Z";
    asks.row("message, whole", |at| format!("messages/{}", asks.id(at))).await?;
    asks.row("message, selected", |at| format!("messages/{}?$select=subject,isRead", asks.id(at))).await?;
    asks.row("message, `$value`", |at| format!("messages/{}/$value", asks.id(at))).await?;
    let page = |top: usize, at: usize| {
        format!("{folder}?$top={top}&$select=subject,from,isRead&$skip={}", at * top % count)
    };
    asks.row("list page of 50, selected", |at| page(50, at)).await?;
    asks.row("list page of 1000, selected", |at| page(1_000, at)).await?;
    asks.row("list page of 50, whole", fixed(format!("{folder}?$top=50"))).await?;
    asks.rounds("delta page of 50, selected", format!("{folder}/delta?$select=subject,isRead&$top=50"))
        .await?;
    let filtered = |filter: &str| fixed(format!("{folder}?$top=50&$select=subject&$filter={filter}"));
    asks.row("filter by subject, oldest", filtered("subject%20eq%20'Message%200'")).await?;
    asks.row("filter by receipt", filtered(recent)).await?;
    asks.row("filter by receipt, `$count`", filtered(&format!("{recent}&$count=true"))).await?;
    asks.row("filter by isRead", filtered("isRead%20eq%20false")).await?;
    asks.row("filter by isRead, none found", filtered("isRead%20eq%20true")).await?;
    let search = |words: &str| fixed(format!("{folder}?$top=50&$select=subject&$search=%22{words}%22"));
    asks.row("search by subject", search("subject:7")).await?;
    asks.row("search in all texts, none found", search("nowhere")).await?;
    say("");
    say(&memory());
    Ok(())
}

/// Where to ask, and how.
struct Asks {
    root: String,
    bare: String,
    token: String,
    ids: Vec<String>,
    span: Duration,
}

impl Asks {
    /// Some message, another for each number.
    fn id(&self, at: usize) -> &str {
        self.ids.get(at.wrapping_mul(7_919) % self.ids.len()).map(String::as_str).unwrap_or_default()
    }

    fn user(&self) -> String {
        format!("{}/v1.0/users/{}", self.root, sample::ADELE)
    }

    async fn get(&self, client: &Client, at: &str) -> Result<Bytes, Failed> {
        let request = client.get(at).bearer_auth(&self.token).header("prefer", "IdType=\"ImmutableId\"");
        Ok(request.send().await?.error_for_status()?.bytes().await?)
    }

    /// What is asked for under the mailbox, by the number of the request.
    async fn row(&self, what: &str, path: impl Fn(usize) -> String) -> Result<(), Failed> {
        let user = self.user();
        let ask = async |client: &Client, _: usize, number: usize| {
            Ok(self.get(client, &format!("{user}/{}", path(number))).await?.len())
        };
        self.compared(what, ask).await
    }

    /// Pages one after the other, each client its own; from the beginning again after the last.
    async fn rounds(&self, what: &str, path: String) -> Result<(), Failed> {
        let first = format!("{}/{path}", self.user());
        let links: Vec<RefCell<String>> = (0..4).map(|_| RefCell::new(first.clone())).collect();
        let ask = async |client: &Client, who: usize, _: usize| {
            let link = links.get(who).ok_or("there is no such client")?;
            let at = link.borrow().clone();
            let page = self.get(client, &at).await?;
            let read: serde_json::Value = serde_json::from_slice(&page)?;
            let next = read.get("@odata.nextLink").and_then(serde_json::Value::as_str);
            *link.borrow_mut() = next.unwrap_or(&first).to_owned();
            Ok(page.len())
        };
        self.compared(what, ask).await
    }

    /// One line of the table: by one client and by four, each beside the bare route.
    async fn compared(
        &self,
        what: &str,
        ask: impl AsyncFn(&Client, usize, usize) -> Result<usize, Failed>,
    ) -> Result<(), Failed> {
        let size = ask(&Client::new(), 0, 0).await?;
        let mut line = format!("| {what} | {size} |");
        for clients in [1, 4] {
            let (rate, bytes) = self.rate(clients, &ask).await?;
            let bare = async |client: &Client, _: usize, _: usize| {
                Ok(client.get(format!("{}/{bytes}", self.bare)).send().await?.bytes().await?.len())
            };
            let (yardstick, _) = self.rate(clients, bare).await?;
            line.push_str(&format!(" {rate:.1} | {yardstick:.0} | {:.1} % |", 100.0 * rate / yardstick));
        }
        say(&line);
        Ok(())
    }

    /// Answers a second to that many clients at once, and the bytes of each.
    async fn rate(
        &self,
        clients: usize,
        ask: impl AsyncFn(&Client, usize, usize) -> Result<usize, Failed>,
    ) -> Result<(f64, usize), Failed> {
        let connected: Vec<Client> = (0..clients).map(|_| Client::new()).collect();
        let warm = connected.iter().enumerate().map(|(who, client)| ask(client, who, who));
        join_all(warm).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let began = Instant::now();
        let work = connected.iter().enumerate().map(async |(who, client)| {
            let (mut times, mut bytes) = (0, 0);
            while began.elapsed() < self.span {
                bytes += ask(client, who, who + clients * times).await?;
                times += 1;
            }
            Ok::<_, Failed>((times, bytes))
        });
        let done = join_all(work).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let (times, bytes) = done.into_iter().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        Ok((times as f64 / began.elapsed().as_secs_f64(), bytes.checked_div(times).unwrap_or_default()))
    }
}

/// Starts the sandbox on a thread of its own, which ends with the process; where it answers.
fn serve(state: State) -> Result<String, Failed> {
    let (ready, root) = mpsc::channel();
    std::thread::spawn(move || {
        let Ok(runtime) = one_thread() else { return };
        runtime.block_on(async {
            if let Ok(running) = Sandbox::start(Options::default(), state).await {
                let _ = ready.send(running.http_url.clone());
                running.wait().await;
            }
        });
    });
    Ok(root.recv()?)
}

/// Starts the yardstick: a route that answers as many bytes as it is asked for.
fn bare() -> Result<String, Failed> {
    let (ready, root) = mpsc::channel();
    std::thread::spawn(move || {
        let Ok(runtime) = one_thread() else { return };
        runtime.block_on(async {
            let Ok(listener) = tokio::net::TcpListener::bind("127.0.0.1:0").await else { return };
            let Ok(at) = listener.local_addr() else { return };
            let _ = ready.send(format!("http://{at}"));
            let all = Bytes::from(vec![b' '; 32 << 20]);
            let answer = async move |axum::extract::Path(size): axum::extract::Path<usize>| {
                ([("content-type", "application/json")], all.slice(..size.min(all.len())))
            };
            let router = axum::Router::new().route("/{size}", axum::routing::get(answer));
            let _ = axum::serve(listener, router).await;
        });
    });
    Ok(root.recv()?)
}

/// Different messages of 12 KB, a second apart; their immutable ids.
fn fill(state: &State, count: usize) -> Result<Vec<String>, Failed> {
    let now = state.clock.now();
    let text = "A line of text as people write it to each other in a company.\r\n".repeat(180);
    let mut world = state.world_mut();
    let mailbox = world
        .tenant_mut(sample::TENANT)
        .and_then(|tenant| tenant.mailbox_mut(sample::ADELE))
        .ok_or("the sample has no such mailbox")?;
    let inbox = mailbox.well_known("inbox").ok_or("the mailbox has no inbox")?.key;
    let mut ids = Vec::with_capacity(count);
    for number in 0..count {
        let raw = Bytes::from(format!(
            "From: Eva <eva@example.org>\r\nTo: adele@contoso.example\r\nSubject: Message {number}\r\n\
             Message-ID: <{number}@example.org>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\n{number}\r\n{text}"
        ));
        let received = now - chrono::TimeDelta::seconds(i64::try_from(count - number)?);
        let key = mailbox.deliver(inbox, mime::envelope(&raw), raw, received, now)?;
        ids.extend(
            mailbox.message(key).map(|message| mailbox.id_of(message, sandbox::world::IdKind::Immutable)),
        );
    }
    mailbox.take_happened();
    Ok(ids)
}

async fn token(client: &Client, url: &str) -> Result<String, Failed> {
    let id = sample::CLIENT_ID;
    let secret: String = sample::SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let scope = "https%3A%2F%2Fgraph.microsoft.com%2F.default";
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}");
    let request = client.post(format!("{url}/{}/oauth2/v2.0/token", sample::TENANT)).body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer: serde_json::Value = request.send().await?.json().await?;
    let token = answer["access_token"].as_str().ok_or_else(|| format!("no token: {answer}"))?;
    Ok(token.to_owned())
}

/// What the process holds at most, as Linux tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    let kilobytes: usize =
        line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or_default();
    format!("memory at most {} MB", kilobytes / 1_024)
}

#[expect(clippy::print_stdout, reason = "a bench tells what it measured")]
fn say(line: &str) {
    println!("{line}");
}
