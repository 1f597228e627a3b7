//! How fast a large folder is read, and how much memory it takes: `cargo bench -p sandbox --bench reads [MESSAGES]`.
//!
//! One client over one connection to one thread, as a mail application reads: single messages, pages, delta.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sandbox::server::{Options, Sandbox};
use sandbox::{mime, sample};

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let wanted = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100_000);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure(wanted))
}

async fn measure(count: usize) -> Result<(), Failed> {
    let state = sample::state();
    state.switch(|switches| switches.throttle = false);
    let began = Instant::now();
    let ids = fill(&state, count)?;
    say(&format!(
        "{count} messages of 12 KB put in within {:.1} s, {}",
        began.elapsed().as_secs_f32(),
        memory()
    ));
    let began = Instant::now();
    let running = Sandbox::start(Options::default(), state).await?;
    say(&format!("start to ready: {} ms", began.elapsed().as_millis()));

    let client = reqwest::Client::new();
    let token = token(&client, &running.http_url).await?;
    let user = format!("{}/v1.0/users/{}", running.http_url, sample::ADELE);
    let get = async |at: String| -> Result<usize, Failed> {
        let request = client.get(format!("{user}/{at}")).bearer_auth(&token);
        let response = request.header("prefer", "IdType=\"ImmutableId\"").send().await?.error_for_status()?;
        Ok(response.bytes().await?.len())
    };
    let id = |at: usize| ids.get((at * 7_919) % ids.len()).map(String::as_str).unwrap_or_default();
    rate("one message, whole", async |at| get(format!("messages/{}", id(at))).await).await?;
    rate("one message, selected", async |at| {
        get(format!("messages/{}?$select=subject,isRead", id(at))).await
    })
    .await?;
    rate("one message, MIME", async |at| get(format!("messages/{}/$value", id(at))).await).await?;
    rate("first page of 10", async |_| get("mailFolders/inbox/messages".to_owned()).await).await?;
    let pages = "mailFolders/inbox/messages?$top=100&$select=id,subject&$skip=";
    rate("page of 100, selected", async |at| get(format!("{pages}{}", at * 100 % count.max(1))).await)
        .await?;
    rate("delta, first page", async |_| get("mailFolders/inbox/messages/delta?$select=id".to_owned()).await)
        .await?;
    say(&memory());
    running.stop().await;
    Ok(())
}

/// Different messages of 12 KB, a second apart; their immutable ids.
fn fill(state: &sandbox::state::State, count: usize) -> Result<Vec<String>, Failed> {
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

async fn token(client: &reqwest::Client, url: &str) -> Result<String, Failed> {
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

async fn rate(what: &str, ask: impl AsyncFn(usize) -> Result<usize, Failed>) -> Result<(), Failed> {
    ask(0).await?;
    let (began, mut times, mut bytes) = (Instant::now(), 0, 0);
    while began.elapsed() < Duration::from_secs(3) {
        bytes += ask(times).await?;
        times += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    let each = bytes.checked_div(times).unwrap_or_default();
    say(&format!("{what}: {:.0} a second, {each} bytes each", times as f64 / seconds));
    Ok(())
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
