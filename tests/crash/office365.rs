//! The same over Graph, where everything goes wrong at once: the process is killed at random, notifications are dropped,
//! one request in ten is throttled, one in twenty fails, delta tokens are lost. On PostgreSQL it is two processes, killed in
//! turn, whose leases lapse under the one that lives as well.
//!
//! `MAILROOM_CHAOS_KILLS=50 MAILROOM_CHAOS_MESSAGES=2000` makes it longer.

use std::time::{Duration, Instant};

use sandbox::faults::{Fate, Rule};
use serde_json::{Value, json};

use crate::corpus::Corpus;
use crate::harness::database::{Fresh, on_both};
use crate::harness::office365::Office365;
use crate::harness::rows::{count, lapse_leases};
use crate::harness::service::Service;

use super::given;
use super::kills::Random;

on_both!(whatever_microsoft_365_does_nothing_is_lost_or_doubled);

/// Each with what is done to its originals.
const MAILBOXES: [(&str, Fate365); 3] = [
    ("support@contoso.example", Fate365::Read),
    ("claims@contoso.example", Fate365::Moved),
    ("orders@contoso.example", Fate365::Deleted),
];

/// Where originals end.
#[derive(Clone, Copy)]
enum Fate365 {
    Read,
    Moved,
    Deleted,
}

impl Fate365 {
    fn handling(self) -> Value {
        let moved = json!({ "markRead": true, "original": "MOVE", "folder": "Done" });
        match self {
            Self::Read => json!({ "onSuccess": { "markRead": true } }),
            Self::Moved => json!({ "onSuccess": moved }),
            Self::Deleted => json!({ "onSuccess": { "original": "DELETE" } }),
        }
    }

    /// The folder's display name, and whether they are read there.
    const fn end(self) -> (&'static str, bool) {
        match self {
            Self::Read => ("Inbox", true),
            Self::Moved => ("Done", true),
            Self::Deleted => ("Deleted Items", false),
        }
    }
}

async fn whatever_microsoft_365_does_nothing_is_lost_or_doubled(fresh: Fresh) {
    let addresses = MAILBOXES.map(|(address, _)| address);
    let office = Office365::judged(&addresses).await;
    for address in addresses {
        office.make_folder(address, "Done");
    }
    let own = office.variables();
    let mut variables = vec![
        ("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1"),
        ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "5"),
        ("MAILROOM_WORKER__BATCH_MESSAGES", "20"),
        ("MAILROOM_LOG__LEVEL", "warn"),
    ];
    variables.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
    let mut service = Service::start_with(&fresh.url, &variables).await;
    let mut replicas = Vec::new();
    if fresh.url.starts_with("postgres") {
        let data = service.folder().join("data").display().to_string();
        let together: Vec<_> =
            variables.iter().copied().chain([("MAILROOM_DATA_DIR", data.as_str())]).collect();
        replicas.push(Service::start_with(&fresh.url, &together).await);
    }
    let credential = office.credential(&service).await;
    for (address, fate) in MAILBOXES {
        let job = json!({ "folder": "INBOX", "since": null, "watch": true, "handling": fate.handling() });
        office.desk(&service, &credential, address, job, &[]).await;
    }
    for rule in faults() {
        office.state().faults.add(rule).unwrap();
    }

    let (kills, messages) = (given("MAILROOM_CHAOS_KILLS", 6), given("MAILROOM_CHAOS_MESSAGES", 240));
    let corpus = Corpus { seed: 11, messages, huge: None };
    let mut random = Random(0x1f83_d9ab_fb41_bd6b);
    let mut next = 0;
    for number in 0..kills {
        let share = (messages - next).div_ceil(kills - number);
        for at in next..next + share {
            let address = addresses[at % addresses.len()];
            office.deliver(address, "inbox", &corpus.mail(at).raw, None);
        }
        next += share;
        tokio::time::sleep(Duration::from_millis(500 + random.below(2500) as u64)).await;
        let processes = 1 + replicas.len();
        let victim = match number % processes {
            0 => &mut service,
            other => &mut replicas[other - 1],
        };
        assert_eq!(victim.ended(), None, "it does not end by itself:\n{}", victim.log());
        victim.kill();
        lapse_leases(&fresh).await;
        victim.spawn(&[]);
    }
    for process in replicas.iter_mut().chain([&mut service]) {
        assert!(process.until_ready().await);
    }
    settled(&fresh, &service, messages).await;
    for process in replicas.iter_mut().chain([&mut service]) {
        assert!(process.stop(), "it ends well when it is asked to:\n{}", process.log());
    }
    let distinct =
        "SELECT count(*) FROM (SELECT DISTINCT mailbox_id, internet_message_id FROM message) AS each_one";
    assert_eq!(count(&fresh, distinct).await, messages as i64, "each is there once");
    assert_eq!(count(&fresh, "SELECT count(*) FROM message_source").await, messages as i64);
    let processed = "SELECT count(*) FROM message WHERE state = 'PROCESSED' AND disposition_state = 'DONE'";
    assert_eq!(count(&fresh, processed).await, messages as i64);
    originals(&office, messages);
}

fn faults() -> Vec<Rule> {
    let rule = |name: &str, probability: f64| Rule {
        name: Some(name.to_owned()),
        path: Some("/users/**".to_owned()),
        probability: Some(probability),
        seed: 5,
        ..Rule::default()
    };
    vec![
        Rule { notification: Some(Fate::Drop), path: None, ..rule("dropped", 0.2) },
        Rule { expire_delta: true, path: Some("**/delta".to_owned()), ..rule("lost tokens", 0.05) },
        Rule { status: Some(429), retry_after: Some(1), ..rule("throttled", 0.1) },
        Rule { status: Some(503), retry_after: Some(1), ..rule("failing", 0.03) },
        Rule { status: Some(500), ..rule("broken", 0.02) },
        Rule { lose_answer: true, ..rule("lost answers", 0.01) },
    ]
}

/// Waits until all is taken in and nothing is left to do.
async fn settled(fresh: &Fresh, service: &Service, messages: usize) {
    let deadline = Instant::now() + Duration::from_secs(240 + messages as u64);
    loop {
        let left = [
            count(fresh, "SELECT count(*) FROM message").await - messages as i64,
            count(fresh, "SELECT count(*) FROM message WHERE disposition_state = 'PENDING'").await,
            count(fresh, "SELECT count(*) FROM intake WHERE state = 'LISTED'").await,
            count(fresh, "SELECT count(*) FROM run WHERE finished_at IS NULL").await,
        ];
        if left == [0; 4] {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "still to do (messages, dispositions, listed, runs): {left:?}\n{}",
            service.log()
        );
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Every original is where the handling says, with no second copy anywhere.
fn originals(office: &Office365, messages: usize) {
    for (address, fate) in MAILBOXES {
        let (folder, is_read) = fate.end();
        let delivered = (0..messages).filter(|at| MAILBOXES[at % MAILBOXES.len()].0 == address).count();
        let expected = [((folder.to_owned(), is_read), delivered)].into();
        assert_eq!(office.originals(address), expected, "{address}");
    }
}
