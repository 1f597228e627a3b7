//! Jobs that watch over IMAP: the real service listens to a real Dovecot.

use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::harness::database::{Fresh, on_both, on_postgres};
use crate::harness::desk::{self, Desk};
use crate::harness::dovecot::{self, Dovecot, PASSWORD};
use crate::harness::rows::count;
use crate::harness::script::Script;
use crate::harness::service::Service;

on_both!(
    what_arrives_is_heard_and_taken_in_at_once,
    who_is_not_wanted_any_more_is_let_go_and_who_is_again_is_taken_up,
    what_someone_marks_unread_again_is_heard_by_a_job_that_takes_what_is_unread,
    a_server_that_restarts_is_listened_to_again,
    a_password_that_is_refused_is_not_tried_by_listeners,
);

/// Nothing is found by the schedule within a test.
const HOUR: (&str, &str) = ("MAILROOM_WORKER__DEFAULT_INTERVAL_SECONDS", "3600");
const POLL: (&str, &str) = ("MAILROOM_WORKER__POLL_INTERVAL_SECONDS", "1");
const LEASE: (&str, &str) = ("MAILROOM_WORKER__LEASE_SECONDS", "10");
const HELD: &str = "SELECT count(*) FROM listening WHERE owner IS NOT NULL AND means = 'IDLE'";

struct Room {
    fresh: Fresh,
    service: Service,
    desk: Desk,
    user: String,
}

fn watching() -> Value {
    json!({ "folder": "INBOX", "since": null, "watch": true })
}

fn mail(number: usize) -> Vec<u8> {
    format!("Message-ID: <{number}@test.example>\r\nFrom: Ada <ada@test.example>\r\nSubject: Case {number}\r\n\r\nHello\r\n")
        .into_bytes()
}

impl Room {
    async fn open(fresh: Fresh, port: u16) -> Self {
        Self::open_with(fresh, port, watching()).await
    }

    async fn open_with(fresh: Fresh, port: u16, job: Value) -> Self {
        let service = Service::start_with(&fresh.url, &[HOUR, POLL, LEASE]).await;
        let unique = service.folder().file_name().unwrap().to_string_lossy().to_lowercase();
        let user = unique.replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let desk = desk::create(&service, port, &user, job).await;
        Self { fresh, service, desk, user }
    }

    async fn status(&self) -> Value {
        let query =
            "query($id: ID!) { job(id: $id) { watchStatus { means summary pollSeconds error { code message }
            nextAttemptAt } lastRun { trigger state } mailbox { health { state } } } }";
        self.service.run(query, json!({ "id": self.desk.job })).await["job"].clone()
    }

    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !holds().await {
            assert!(
                Instant::now() < deadline,
                "waited in vain: {what}\n{:#}\n{}",
                self.status().await,
                self.service.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn until_means(&self, means: &str) {
        self.until(means, async || self.status().await["watchStatus"]["means"] == means).await;
    }

    async fn messages(&self) -> i64 {
        count(&self.fresh, "SELECT count(*) FROM message").await
    }

    async fn change(&self, mutation: &str, input: Value) {
        self.service.run(mutation, input).await;
    }
}

async fn what_arrives_is_heard_and_taken_in_at_once(fresh: Fresh) {
    let server = dovecot::shared();
    let room = Room::open(fresh, server.port).await;
    room.until_means("IDLE").await;
    let status = room.status().await["watchStatus"].clone();
    assert_eq!(status["summary"], "The server tells of new mail as it arrives (IDLE).");
    assert!(status["pollSeconds"].is_null() && status["error"].is_null(), "{status}");
    for number in 0..3 {
        server.deliver(&room.user, "INBOX", &mail(number));
        room.until("it is in", async || room.messages().await == number as i64 + 1).await;
    }
    room.until("the run ended", async || {
        room.status().await["lastRun"] == json!({ "trigger": "WATCH", "state": "SUCCEEDED" })
    })
    .await;
}

async fn who_is_not_wanted_any_more_is_let_go_and_who_is_again_is_taken_up(fresh: Fresh) {
    let server = dovecot::shared();
    let mut room = Room::open(fresh, server.port).await;
    room.until_means("IDLE").await;
    let pause = "mutation($id: ID!) { pauseMailbox(id: $id) { mailbox { id } userErrors { message } } }";
    let resume = "mutation($id: ID!) { resumeMailbox(id: $id) { mailbox { id } userErrors { message } } }";
    let change = "mutation($input: UpdateJobInput!) { updateJob(input: $input) { job { id } userErrors { message } } }";
    let (mailbox, job) = (room.desk.mailbox.clone(), room.desk.job.clone());
    let held = async |room: &Room| count(&room.fresh, HELD).await == 1;
    for (mutation, off, on) in [
        ([pause, resume], json!({ "id": mailbox }), json!({ "id": mailbox })),
        (
            [change, change],
            json!({ "input": { "id": job, "enabled": false } }),
            json!({ "input": { "id": job, "enabled": true } }),
        ),
        (
            [change, change],
            json!({ "input": { "id": job, "watch": false } }),
            json!({ "input": { "id": job, "watch": true } }),
        ),
    ] {
        room.change(mutation[0], off.clone()).await;
        room.until("it is let go", async || !held(&room).await).await;
        room.change(mutation[1], on.clone()).await;
        room.until("it is taken up", async || held(&room).await).await;
    }
    assert!(room.service.stop(), "{}", room.service.log());
    assert_eq!(count(&room.fresh, "SELECT count(*) FROM listener").await, 0, "others may listen at once");
    room.service.restart(&[]).await;
    room.until_means("IDLE").await;
    let delete = "mutation($id: ID!) { deleteJob(id: $id) { userErrors { message } } }";
    room.service.run(delete, json!({ "id": job })).await;
    assert_eq!(count(&room.fresh, "SELECT count(*) FROM listening").await, 0);
}

async fn what_someone_marks_unread_again_is_heard_by_a_job_that_takes_what_is_unread(fresh: Fresh) {
    let server = dovecot::shared();
    let job = json!({ "folder": "INBOX", "since": null, "watch": true, "selection": "UNREAD",
        "handling": { "onSuccess": { "markRead": true }, "onIgnored": { "markRead": true }, "onFailure": { "markRead": true } } });
    let room = Room::open_with(fresh, server.port, job).await;
    room.until_means("IDLE").await;
    server.deliver(&room.user, "INBOX", &mail(1));
    room.until("it is in and marked", async || {
        count(&room.fresh, "SELECT count(*) FROM message WHERE disposition_state = 'DONE'").await == 1
    })
    .await;
    let quiet = "SELECT count(*) FROM job WHERE last_checked_at > noted_at";
    room.until("it is quiet", async || count(&room.fresh, quiet).await == 1).await;
    let runs = "SELECT count(*) FROM run";
    let before = count(&room.fresh, runs).await;
    let user = room.user.clone();
    tokio::task::spawn_blocking(move || {
        let mut person = server.person(&user);
        person.run("SELECT INBOX");
        person.run("STORE 1 -FLAGS (\\Seen)");
    })
    .await
    .unwrap();
    room.until("a run was started by it", async || count(&room.fresh, runs).await > before).await;
}

async fn a_server_that_restarts_is_listened_to_again(fresh: Fresh) {
    let mut server = tokio::task::spawn_blocking(Dovecot::start).await.unwrap();
    let room = Room::open(fresh, server.port).await;
    room.until_means("IDLE").await;
    let server = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    })
    .await
    .unwrap();
    room.until_means("POLLING").await;
    let status = room.status().await["watchStatus"].clone();
    assert!(status["nextAttemptAt"].is_string() && status["error"]["code"] == "UNREACHABLE", "{status}");
    let server = tokio::task::spawn_blocking(move || {
        let mut server = server;
        server.restart();
        server
    })
    .await
    .unwrap();
    // While nobody listened.
    server.deliver(&room.user, "INBOX", &mail(1));
    room.until("what came meanwhile is in", async || room.messages().await == 1).await;
    room.until_means("IDLE").await;
    server.deliver(&room.user, "INBOX", &mail(2));
    room.until("what came then is in", async || room.messages().await == 2).await;
}

async fn a_password_that_is_refused_is_not_tried_by_listeners(fresh: Fresh) {
    let idle = "* OK [CAPABILITY IMAP4rev1 IDLE] ready\n";
    let refused = ("LOGIN", "{tag} NO [AUTHENTICATIONFAILED] no\n");
    let script = Script::start(idle, &[refused]).await;
    let room = Room::open(fresh, script.port).await;
    room.until("a run found out", async || {
        room.status().await["mailbox"]["health"]["state"] == "AUTHENTICATION_FAILED"
    })
    .await;
    let status = room.status().await["watchStatus"].clone();
    assert_eq!(status["means"], "POLLING");
    assert!(status["summary"].as_str().unwrap().contains("The last run failed"), "{status}");
    assert_eq!(count(&room.fresh, "SELECT count(*) FROM listening").await, 0, "nobody even tried");
    assert_eq!(script.count("LOGIN"), 1, "{:?}", script.heard());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_one_listens_and_the_other_goes_on_when_it_dies() {
    let server = dovecot::shared();
    let mut room = Room::open(on_postgres().await, server.port).await;
    room.until_means("IDLE").await;
    let second = Service::start_with(&room.fresh.url, &[HOUR, POLL, LEASE]).await;
    room.until("both are there", async || count(&room.fresh, "SELECT count(*) FROM listener").await == 2)
        .await;
    assert_eq!(count(&room.fresh, HELD).await, 1);
    room.service.kill();
    room.service = second;
    let begun = Instant::now();
    let held = "SELECT count(*) FROM listening l JOIN listener o ON o.owner = l.owner
        WHERE l.means = 'IDLE' AND o.until > clock_timestamp()";
    // The dead one's lease holds yet; then it is the other's.
    room.until("the lease lapses", async || count(&room.fresh, held).await == 0).await;
    room.until("it is taken over", async || count(&room.fresh, held).await == 1).await;
    eprintln!("taken over after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    server.deliver(&room.user, "INBOX", &mail(1));
    room.until("it is in", async || room.messages().await == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_its_lease_lets_go_and_comes_back_under_another_name() {
    let server = dovecot::shared();
    let room = Room::open(on_postgres().await, server.port).await;
    room.until_means("IDLE").await;
    let db = room.fresh.database.write();
    let lapse = "UPDATE listener SET until = '2000-01-01T00:00:00Z'";
    let statement = sea_orm::Statement::from_string(db.get_database_backend(), lapse);
    db.execute_raw(statement).await.unwrap();
    let two = "SELECT count(DISTINCT owner) FROM listener";
    room.until("it has another name", async || count(&room.fresh, two).await == 2).await;
    room.until_means("IDLE").await;
    server.deliver(&room.user, "INBOX", &mail(1));
    room.until("it is in", async || room.messages().await == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_are_listened_to_and_what_comes_for_all_is_taken_in() {
    let server = dovecot::shared();
    let room = Room::open(on_postgres().await, server.port).await;
    let user = |number: usize| format!("{}-{number}", room.user);
    for number in 1..100 {
        let user = user(number);
        let input = json!({
            "title": user, "address": format!("{user}@mailroom.example"),
            "provider": { "imap": { "host": "127.0.0.1", "port": server.port, "security": "NONE" } },
            "newCredential": { "name": user, "config": { "basic": { "username": user, "password": PASSWORD } } },
            "mode": "CHECK_ONLY", "job": watching(),
        });
        let query = "mutation($input: CreateMailboxInput!) { createMailbox(input: $input) {
            mailbox { id } userErrors { code message path } } }";
        room.service.run(query, json!({ "input": input })).await;
    }
    room.until("all are listened to", async || count(&room.fresh, HELD).await == 100).await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", room.service.pid())).unwrap();
    eprintln!("{:?}", status.lines().find(|line| line.starts_with("VmRSS")));
    for number in 1..100 {
        server.deliver(&user(number), "INBOX", &mail(number));
    }
    server.deliver(&room.user, "INBOX", &mail(0));
    room.until("all are told", async || {
        count(&room.fresh, "SELECT count(*) FROM job WHERE last_checked_at > noted_at").await == 100
    })
    .await;
}
