//! Four workers on one PostgreSQL, forty mailboxes on Dovecot and in the tenant, while workers are killed, stopped beyond
//! their lease and let go on, and the database is restarted under them. Once directly, and once through PgBouncer.
//!
//! `MAILROOM_CHAOS_MESSAGES=50000 MAILROOM_CHAOS_KILLS=60` makes it longer.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::given;
use super::kills::Random;
use crate::harness::database::{Fresh, at};
use crate::harness::desk;
use crate::harness::dovecot::Dovecot;
use crate::harness::office365::Office365;
use crate::harness::pgbouncer::PgBouncer;
use crate::harness::postgres::Server;
use crate::harness::rows::{count, query};
use crate::harness::service::Service;

/// Of each kind.
const MAILBOXES: usize = 20;
const WORKERS: usize = 4;
const LEASE: Duration = Duration::from_secs(10);

/// What is done to the originals of a mailbox, by its number.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Read,
    Moved,
    Deleted,
}

impl Fate {
    const fn of(number: usize) -> Self {
        match number % 3 {
            0 => Self::Read,
            1 => Self::Moved,
            _ => Self::Deleted,
        }
    }

    fn handling(self) -> Value {
        match self {
            Self::Read => json!({ "onSuccess": { "markRead": true } }),
            Self::Moved => {
                json!({ "onSuccess": { "markRead": true, "original": "MOVE", "folder": "Done" } })
            }
            Self::Deleted => json!({ "onSuccess": { "original": "DELETE" } }),
        }
    }
}

/// A mailbox by its number: letters only, so that prefixes of references are made of it.
fn name(number: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n).unwrap());
    format!("box{}{}", letter(number / 26), letter(number % 26))
}

struct Site {
    server: Server,
    fresh: Fresh,
    dovecot: Arc<Dovecot>,
    office: Arc<Office365>,
    api: Service,
    workers: Vec<Service>,
    _pooler: Option<PgBouncer>,
}

impl Site {
    async fn open(with_pooler: bool) -> Self {
        let server = tokio::task::spawn_blocking(Server::start).await.unwrap();
        let direct = server.database();
        let fresh = at(&direct).await;
        let pooler = with_pooler.then(|| PgBouncer::before(&direct));
        let url = pooler.as_ref().map_or(direct.clone(), |pooler| pooler.through(&direct));
        let dovecot = Arc::new(tokio::task::spawn_blocking(Dovecot::start).await.unwrap());
        let addresses: Vec<String> =
            (MAILBOXES..2 * MAILBOXES).map(|number| format!("{}@contoso.example", name(number))).collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let office = Office365::judged(&addresses).await;
        for address in &addresses {
            office.make_folder(address, "Done");
        }
        let own = office.variables();
        let lease = LEASE.as_secs().to_string();
        let mut variables = vec![
            ("MAILROOM_WORKER__LEASE_SECONDS", lease.as_str()),
            ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "5"),
            ("MAILROOM_WORKER__BATCH_MESSAGES", "20"),
            ("MAILROOM_LOG__LEVEL", "warn"),
            ("MAILROOM_DATABASE__LISTEN_URL", direct.as_str()),
        ];
        if with_pooler {
            variables.push(("MAILROOM_DATABASE__STATEMENT_CACHE", "0"));
        }
        variables.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
        let of = |role: &'static str| {
            let mut of = variables.clone();
            of.push(("MAILROOM_WORKER__ROLES", role));
            of
        };
        let api = Service::start_with(&url, &of("api")).await;
        let (data, public) = (api.folder().join("data").display().to_string(), api.url(""));
        let mut workers = Vec::new();
        for number in 0..WORKERS {
            let mut of = of("worker");
            let name = format!("w{number}");
            of.push(("MAILROOM_WORKER__NAME", name.as_str()));
            // Notifications come to the API.
            of.extend([("MAILROOM_DATA_DIR", data.as_str()), ("MAILROOM_PUBLIC__URL", public.as_str())]);
            workers.push(Service::start_with(&url, &of).await);
        }
        let site = Self { server, fresh, dovecot, office: Arc::new(office), api, workers, _pooler: pooler };
        site.furnish().await;
        site
    }

    async fn furnish(&self) {
        let credential = self.office.credential(&self.api).await;
        for number in 0..2 * MAILBOXES {
            let (name, handling) = (name(number), Fate::of(number).handling());
            let job = json!({ "folder": "INBOX", "since": null, "watch": true, "handling": handling });
            if number < MAILBOXES {
                self.dovecot.folder(&name, "Done");
                desk::create(&self.api, self.dovecot.port, &name, job).await;
            } else {
                let address = format!("{name}@contoso.example");
                self.office.desk(&self.api, &credential, &address, job, &[]).await;
            }
        }
    }

    /// Delivers the messages of these numbers, spread over some seconds.
    fn deliver(&self, numbers: std::ops::Range<usize>) -> tokio::task::JoinHandle<()> {
        let pause = Duration::from_secs(3) / u32::try_from(numbers.len().max(1)).unwrap();
        let (dovecot, office) = (Arc::clone(&self.dovecot), Arc::clone(&self.office));
        let deliver = move || {
            for at in numbers {
                std::thread::sleep(pause);
                let number = at % (2 * MAILBOXES);
                if number < MAILBOXES {
                    dovecot.deliver(&name(number), "INBOX", &mail(at));
                } else {
                    office.deliver(&format!("{}@contoso.example", name(number)), "inbox", &mail(at), None);
                }
            }
        };
        tokio::task::spawn_blocking(deliver)
    }

    /// Kills a worker while it holds mailboxes, and starts it again later; how long until these were held again.
    async fn kill(&mut self, victim: usize) -> Vec<Duration> {
        let of_victim =
            format!("FROM lease WHERE owner LIKE 'w{victim}/%' AND expires_at > clock_timestamp()");
        let busy = Instant::now();
        while count(&self.fresh, &format!("SELECT count(*) {of_victim}")).await < 1 {
            assert!(busy.elapsed() < Duration::from_secs(60), "the worker has nothing to do");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.workers[victim].kill();
        let killed = Instant::now();
        let mut held = self.pairs(&format!("SELECT mailbox_id, fence {of_victim}")).await;
        let mut took = Vec::new();
        while !held.is_empty() && killed.elapsed() < 3 * LEASE {
            let now = self.pairs("SELECT mailbox_id, fence FROM lease").await;
            held.retain(|id, fence| {
                let again = now.get(id).is_some_and(|now| *now > *fence);
                if again {
                    took.push(killed.elapsed());
                }
                !again
            });
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(held.is_empty(), "mailboxes of a dead worker that nobody took: {held:?}");
        self.workers[victim].restart(&[]).await;
        took
    }

    async fn pairs(&self, sql: &str) -> BTreeMap<uuid::Uuid, i64> {
        let rows = query(&self.fresh, sql).await;
        rows.iter()
            .map(|row| (row.try_get("", "mailbox_id").unwrap(), row.try_get("", "fence").unwrap()))
            .collect()
    }

    /// Stops a worker in its tracks beyond its lease, and lets it go on.
    async fn freeze(&self, victim: usize) {
        let signal = |signal: &str| {
            let pid = self.workers[victim].pid().to_string();
            assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        };
        signal("-STOP");
        tokio::time::sleep(LEASE + Duration::from_secs(3)).await;
        signal("-CONT");
    }

    async fn settled(&self, messages: usize) {
        let deadline = Instant::now() + Duration::from_secs(180 + messages as u64 / 20);
        loop {
            let left = [
                count(&self.fresh, "SELECT count(*) FROM message").await - messages as i64,
                count(&self.fresh, "SELECT count(*) FROM message WHERE disposition_state = 'PENDING'").await,
                count(&self.fresh, "SELECT count(*) FROM intake WHERE state = 'LISTED'").await,
                count(&self.fresh, "SELECT count(*) FROM run WHERE finished_at IS NULL").await,
            ];
            if left == [0; 4] {
                return;
            }
            let logs: Vec<String> = self.workers.iter().map(Service::log).collect();
            assert!(
                Instant::now() < deadline,
                "still to do (messages, dispositions, listed, runs): {left:?}\n{}",
                logs.join("\n----\n")
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Each message once in the rows and in the log, each original once where its handling says.
    async fn verdict(&self, messages: usize) {
        let total = messages as i64;
        for (what, sql) in [
            (
                "one row a message",
                "SELECT count(*) FROM (SELECT DISTINCT mailbox_id, internet_message_id FROM message) AS m",
            ),
            ("one source a message", "SELECT count(*) FROM message_source"),
            (
                "processed, and its original handled",
                "SELECT count(*) FROM message WHERE state = 'PROCESSED' AND disposition_state = 'DONE'",
            ),
            ("told once", "SELECT count(*) FROM event WHERE type = 'MESSAGE_RECEIVED'"),
            (
                "an effect each",
                "SELECT count(*) FROM event WHERE type IN ('PROCESS_INSTANCE_CREATED', 'PROCESS_INSTANCE_UPDATED')",
            ),
            ("counted once by the runs", "SELECT sum(processed) FROM run"),
            ("no gap in the log", "SELECT count(*) FROM (SELECT DISTINCT message_id FROM message_raw) AS r"),
        ] {
            assert_eq!(count(&self.fresh, sql).await, total, "{what}");
        }
        let head = count(&self.fresh, "SELECT head FROM event_head").await;
        assert_eq!(count(&self.fresh, "SELECT count(DISTINCT log_offset) FROM event").await, head, "no gap");
        for number in 0..2 * MAILBOXES {
            let delivered: Vec<String> = (number..messages)
                .step_by(2 * MAILBOXES)
                .map(|at| format!("<{at}@replicas.example>"))
                .collect();
            let (name, fate) = (name(number), Fate::of(number));
            if number < MAILBOXES {
                let dovecot = Arc::clone(&self.dovecot);
                tokio::task::spawn_blocking(move || on_dovecot(&dovecot, &name, fate, delivered))
                    .await
                    .unwrap();
            } else {
                let (folder, is_read) = match fate {
                    Fate::Read => ("Inbox", true),
                    Fate::Moved => ("Done", true),
                    Fate::Deleted => ("Deleted Items", false),
                };
                let expected = [((folder.to_owned(), is_read), delivered.len())].into();
                assert_eq!(self.office.originals(&format!("{name}@contoso.example")), expected, "{name}");
            }
        }
    }
}

fn on_dovecot(dovecot: &Dovecot, name: &str, fate: Fate, mut delivered: Vec<String>) {
    let mut person = dovecot.person(name);
    let end = match fate {
        Fate::Read => "INBOX",
        Fate::Moved => "Done",
        Fate::Deleted => "Trash",
    };
    let mut found = person.message_ids(end);
    found.sort();
    delivered.sort();
    assert_eq!(found, delivered, "{name}: all are in {end}, once");
    let seen =
        person.flags(end).iter().filter(|(_, flags)| flags.iter().any(|flag| flag == "\\Seen")).count();
    assert_eq!(seen, if fate == Fate::Deleted { 0 } else { delivered.len() }, "{name}: read in {end}");
    for other in ["INBOX", "Done", "Trash"].into_iter().filter(|other| *other != end) {
        assert_eq!(person.count(other), 0, "{name}: no second copy in {other}");
    }
}

fn mail(at: usize) -> Vec<u8> {
    let text = "A line of what people write to each other about their requests.\r\n".repeat(at % 30);
    format!(
        "From: Person <person{}@example.com>\r\nTo: desk@company.example\r\nSubject: Request {at}\r\n\
         Message-ID: <{at}@replicas.example>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\n{text}",
        at % 100
    )
    .into_bytes()
}

#[expect(clippy::print_stdout, reason = "how long a takeover takes is to be read")]
async fn chaos(mut site: Site, messages: usize, rounds: usize) {
    let began = Instant::now();
    let mut random = Random(0x5be0_cd19_137e_2179);
    let mut took = Vec::new();
    for round in 0..rounds {
        let delivering = site.deliver(messages * round / rounds..messages * (round + 1) / rounds);
        let victim = random.below(WORKERS);
        match round % 3 {
            0 => took.extend(site.kill(victim).await),
            1 => site.freeze(victim).await,
            _ => {
                site.server.stop();
                tokio::time::sleep(Duration::from_millis(500 + random.below(2000) as u64)).await;
                site.server.resume();
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
        }
        delivering.await.unwrap();
    }
    site.settled(messages).await;
    let all = began.elapsed();
    for worker in &mut site.workers {
        assert_eq!(worker.ended(), None, "it does not end by itself:\n{}", worker.log());
    }
    site.verdict(messages).await;
    for worker in &mut site.workers {
        assert!(worker.stop(), "it ends well when it is asked to:\n{}", worker.log());
    }
    took.sort();
    let at = |part: f64| took.get(((took.len() as f64 * part) as usize).min(took.len().saturating_sub(1)));
    println!(
        "{messages} messages in {all:.1?}; {} mailboxes of dead workers ran again: median {:.1?}, p95 {:.1?} (lease {LEASE:?})",
        took.len(),
        at(0.5),
        at(0.95)
    );
    assert!(at(0.95).is_none_or(|p95| *p95 < LEASE + Duration::from_secs(2)), "{took:.1?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_four_workers_nothing_is_lost_or_doubled() {
    let (messages, rounds) = (given("MAILROOM_CHAOS_MESSAGES", 10_000), given("MAILROOM_CHAOS_KILLS", 7));
    chaos(Site::open(false).await, messages, rounds).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_behind_a_pooler_in_transaction_mode() {
    chaos(Site::open(true).await, 400, 3).await;
}
