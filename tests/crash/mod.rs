//! The real process is killed, at every kill point and at random moments, while it takes mail in: afterwards every
//! message has one row, one effect, and an original in the state that the handling says.
//!
//! `MAILROOM_CRASH_KILLS=400` makes it longer.

pub mod kills;
mod office365;
mod replicas;
mod verdict;

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::corpus::{Corpus, Kind};
use crate::harness::database::{Fresh, on_both};
use crate::harness::desk;
use crate::harness::dovecot::Dovecot;
use crate::harness::rows::lapse_leases;
use crate::harness::service::Service;
use kills::plan;

const USER: &str = "crash";
const MESSAGES: usize = 1000;
/// Bigger ones go to the blob store.
const BLOB: usize = 64 * 1024;

on_both!(whenever_it_is_killed_nothing_is_lost_or_doubled);

const BOUNCE: &str = "Undelivered Mail Returned to Sender";

/// A message that was put into a folder.
struct Delivered {
    folder: &'static str,
    message_id: String,
    fails: bool,
}

/// A folder with its job.
struct Folder {
    name: &'static str,
    /// Where originals of PROCESSED messages end, if not where they were.
    target: Option<&'static str>,
    /// They are removed for good in the end.
    purged: bool,
}

const FOLDERS: [Folder; 4] = [
    Folder { name: "INBOX", target: None, purged: false },
    Folder { name: "Orders", target: Some("Done"), purged: false },
    Folder { name: "Leaflets", target: Some("Trash"), purged: false },
    Folder { name: "Offers", target: None, purged: true },
];

async fn whenever_it_is_killed_nothing_is_lost_or_doubled(fresh: Fresh) {
    let dovecot = Dovecot::start();
    dovecot.folder(USER, "Done");
    for folder in &FOLDERS {
        dovecot.folder(USER, folder.name);
    }
    let variables = [
        ("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1"),
        ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "1"),
        ("MAILROOM_WORKER__LEASE_SECONDS", "10"),
        ("MAILROOM_WORKER__BATCH_MESSAGES", "4"),
        ("MAILROOM_MAIL__RAW_IN_DATABASE_BYTES", "64KiB"),
        ("MAILROOM_LOG__LEVEL", "warn"),
    ];
    let mut service = Service::start_with(&fresh.url, &variables).await;
    set_up(&service, dovecot.port).await;

    let kills = plan();
    let mut post = Post::new(kills.len());
    let mut reached: Vec<String> = Vec::new();
    for (number, kill) in kills.iter().enumerate() {
        service.kill();
        lapse_leases(&fresh).await;
        post.deliver(&dovecot, kills.len() - number, kill.wants_big());
        if let Some(point) = kill.strike(&mut service).await {
            reached.push(point.to_owned());
        }
    }
    for point in kills::points() {
        assert!(reached.contains(&point), "{point} was never reached; reached: {reached:?}");
    }
    service.kill();
    lapse_leases(&fresh).await;
    post.deliver(&dovecot, 1, false);
    service.restart(&[]).await;
    verdict::settled(&fresh, &service, MESSAGES).await;
    assert!(service.stop(), "it ends well when it is asked to:\n{}", service.log());
    verdict::rows(&fresh, &post.delivered).await;
    verdict::originals(&fresh, &mut dovecot.person(USER)).await;
}

/// A mailbox with a job for each folder.
async fn set_up(service: &Service, port: u16) {
    let read = json!({ "markRead": true });
    let handling = |folder: &Folder| match (folder.target, folder.purged) {
        (None, false) => json!({ "onSuccess": read }),
        (_, true) => json!({ "onSuccess": { "original": "DELETE" }, "purgeAtEndOfRun": true }),
        (Some("Trash"), false) => json!({ "onSuccess": { "original": "DELETE" } }),
        (Some(target), false) => {
            json!({ "onSuccess": { "markRead": true, "original": "MOVE", "folder": target } })
        }
    };
    let job = |folder: &Folder| json!({ "folder": folder.name, "since": null, "handling": handling(folder) });
    let [first, others @ ..] = &FOLDERS;
    let desk = desk::create_with(service, port, USER, job(first), &[fails_for_bounces()]).await;
    for folder in others {
        desk::create_job(service, &desk, folder.name, job(folder)).await;
    }
}

/// A rule without a value where it must have one: those messages end FAILED, and their originals are kept as they are.
fn fails_for_bounces() -> Value {
    let expression = format!("message.subject == '{BOUNCE}' ? null : 'fine'");
    json!({ "attribute": "verdict", "source": { "expression": expression }, "required": true,
            "onUpdate": "REPLACE" })
}

/// The mail that is still to come, and what came.
struct Post {
    corpus: Corpus,
    small: VecDeque<usize>,
    big: VecDeque<usize>,
    delivered: Vec<Delivered>,
}

impl Post {
    fn new(seed: usize) -> Self {
        let corpus = Corpus { seed: seed as u64, messages: MESSAGES, huge: None };
        let (mut small, mut big) = (VecDeque::new(), VecDeque::new());
        for number in 0..MESSAGES {
            let queue = if corpus.mail(number).raw.len() > BLOB * 3 / 2 { &mut big } else { &mut small };
            queue.push_back(number);
        }
        Self { corpus, small, big, delivered: Vec::new() }
    }

    /// An even share of what is left, so that there is always something to take in.
    fn deliver(&mut self, dovecot: &Dovecot, times_left: usize, with_big: bool) {
        let left = self.small.len() + self.big.len();
        for at in 0..left.div_ceil(times_left) {
            let first = if at == 0 && with_big { self.big.pop_front() } else { None };
            let keep_big = times_left > 1 && self.big.len() <= kills::ROUNDS + 2;
            let any = first.or_else(|| self.small.pop_front());
            let Some(number) = any.or_else(|| if keep_big { None } else { self.big.pop_front() }) else {
                return;
            };
            let mail = self.corpus.mail(number);
            let folder = FOLDERS[number % FOLDERS.len()].name;
            let arrived = SystemTime::UNIX_EPOCH + Duration::from_secs(mail.arrived.unsigned_abs());
            dovecot.deliver_at(USER, folder, &mail.raw, arrived);
            let fails = mail.kind == Kind::Bounce;
            self.delivered.push(Delivered { folder, message_id: mail.message_id, fails });
        }
    }
}

/// A number from the environment.
fn given(name: &str, usual: usize) -> usize {
    std::env::var_os(name).map_or(usual, |number| number.to_string_lossy().parse().expect("a number"))
}
