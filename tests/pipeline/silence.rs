//! A mailbox that gets no mail any more: told once, by what is configured or by its own rhythm.

use chrono::TimeDelta;
use mailroom::db;
use mailroom::domain::clock::Clock as _;
use mailroom::worker::tell_of_silent;
use sea_orm::{ConnectionTrait as _, Statement};

use super::room::{Room, start};
use crate::harness::database::{Fresh, on_both};

on_both!(
    what_is_configured_is_told_once_and_again_after_mail,
    a_rhythm_of_weeks_tells_when_mail_stops,
    who_is_paused_or_wants_none_is_not_told_of,
);

impl Room {
    async fn set(&self, what: &str) {
        let db = self.db.write();
        let sql = format!("UPDATE mailbox SET {what}");
        db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    }

    /// Mail of that hour after the start, taken in.
    fn mail(&self, hour: i64) {
        let raw = format!("Message-ID: <{hour}@example.com>\nSubject: hour {hour}\n\nText\n");
        self.fake.deliver("INBOX", start() + TimeDelta::hours(hour), &raw);
    }

    fn go_to(&self, hour: i64) {
        self.clock.advance(start() + TimeDelta::hours(hour) - self.clock.now());
    }

    async fn told(&self) -> usize {
        tell_of_silent(&self.tools).await.unwrap()
    }
}

async fn what_is_configured_is_told_once_and_again_after_mail(fresh: Fresh) {
    let room = Room::make(fresh).await;
    room.set("expect_mail_within_hours = 24").await;
    room.go_to(10);
    room.mail(2);
    room.run().await.unwrap();
    let last = async || {
        db::mailbox::get(room.db.read(), room.mailbox.id).await.unwrap().unwrap().health.last_mail_at
    };
    assert_eq!(last().await, Some(start() + TimeDelta::hours(2)), "when it came, not when it was taken in");
    room.go_to(25);
    assert_eq!(room.told().await, 0);
    room.go_to(26);
    // Two replicas look at the same time.
    let (one, other) = tokio::join!(room.told(), room.told());
    assert_eq!(one + other, 1);
    room.go_to(500);
    assert_eq!(room.told().await, 0, "each silence once");
    assert_eq!(room.count("event WHERE type = 'MAILBOX_SILENT'").await, 1);
    room.mail(499);
    room.run().await.unwrap();
    assert_eq!(room.told().await, 0);
    room.go_to(499 + 24);
    assert_eq!(room.told().await, 1, "another silence");
}

async fn a_rhythm_of_weeks_tells_when_mail_stops(fresh: Fresh) {
    let room = Room::make(fresh).await;
    // Every week on one day, two mails an hour from nine to seventeen.
    for week in 0..6 {
        for hour in 9..17 {
            room.mail(week * 168 + hour);
            room.fake.deliver(
                "INBOX",
                start() + TimeDelta::minutes((week * 168 + hour) * 60 + 30),
                "Subject: half past\n\nText\n",
            );
        }
    }
    room.go_to(5 * 168 + 18);
    room.run().await.unwrap();
    assert_eq!(room.count("message").await, 96);
    for hour in [18, 30, 100, 167, 168 + 9] {
        room.go_to(5 * 168 + hour);
        assert_eq!(room.told().await, 0, "the mailbox is always silent then: hour {hour}");
    }
    room.go_to(6 * 168 + 13);
    assert_eq!(room.told().await, 1, "it never was on this day at this time");
    room.go_to(7 * 168);
    assert_eq!(room.told().await, 0);
}

async fn who_is_paused_or_wants_none_is_not_told_of(fresh: Fresh) {
    let room = Room::make(fresh).await;
    room.set("expect_mail_within_hours = 0").await;
    room.go_to(1000);
    assert_eq!(room.told().await, 0);
    room.set("expect_mail_within_hours = 2, paused = TRUE").await;
    assert_eq!(room.told().await, 0);
    room.set("paused = FALSE").await;
    assert_eq!(room.told().await, 1, "it never had any");
}
