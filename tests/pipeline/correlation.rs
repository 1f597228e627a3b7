//! Mail finds its instance in the database as it does in memory: whatever the order, the batches and the mailboxes.

use chrono::TimeDelta;
use mailroom::domain::mapping::{
    AutomaticMailAction, Correlation, CorrelationStrategy, FilterRule, Mapping, SameMessagePolicy,
};

use super::room::{Room, installation, start};
use super::{mail, minute};
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_thread_is_one_instance_in_whatever_order_and_however_often_it_arrives,
    a_guessed_reference_from_a_stranger_updates_nothing,
    the_original_author_of_a_trusted_forward_is_on_the_thread,
    copies_in_two_mailboxes_join_and_apply_once,
    copies_taken_in_by_two_replicas_at_once_join,
    each_mailbox_makes_its_own_by_default,
    a_storm_is_ignored_whatever_the_batches,
    what_a_filter_ignores_is_kept_with_its_reason,
    what_the_mapping_leaves_out_is_not_in_the_list,
    an_instance_that_was_deleted_meanwhile_takes_no_mail,
    an_external_id_finds_its_instance_within_the_process,
    a_reference_given_under_another_prefix_still_matches,
);

const GROUPS: &str = "SELECT CAST(COUNT(*) AS TEXT) FROM message GROUP BY instance_id ORDER BY COUNT(*)";

fn strategies(wanted: &[CorrelationStrategy]) -> impl FnOnce(&mut Mapping) + use<> {
    let strategies = wanted.to_vec();
    move |mapping| {
        let key = strategies.contains(&CorrelationStrategy::KeyExpression);
        let key_expression = key.then(|| "field(message.text, 'case')".to_owned());
        mapping.correlation = Correlation { strategies, key_expression, ..Correlation::default() };
    }
}

/// Every order of a few things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in orders(count - 1) {
        for place in 0..=shorter.len() {
            let mut order = shorter.clone();
            order.insert(place, count - 1);
            all.push(order);
        }
    }
    all
}

/// Threads of three under every strategy, each in each order, one thread a permutation; some of them in one batch, some
/// over two runs; then everything once more, under new ids at the server.
async fn a_thread_is_one_instance_in_whatever_order_and_however_often_it_arrives(fresh: Fresh) {
    use CorrelationStrategy::{Conversation, KeyExpression, ThreadHeaders};
    let room = Room::make_but(fresh, strategies(&[ThreadHeaders, Conversation, KeyExpression])).await;
    let mut threads = 0;
    for (which, order) in orders(3).into_iter().enumerate() {
        for strategy in [ThreadHeaders, Conversation, KeyExpression] {
            threads += 1;
            let name = format!("{}{which}", strategy.as_str().to_lowercase());
            for (place, part) in order.iter().enumerate() {
                let (header, body) = held(strategy, &name, *part);
                room.fake.deliver("INBOX", minute(1), &mail(&format!("{part}.{name}@x"), &header, &body));
                if which % 2 == 0 && place == 1 {
                    room.run().await.unwrap();
                }
            }
        }
    }
    room.run().await.unwrap();
    let groups = room.column(GROUPS).await;
    assert_eq!(groups, vec!["3"; threads]);
    room.fake.renumber("INBOX");
    room.run().await.unwrap();
    assert_eq!(room.column(GROUPS).await, vec!["3"; threads], "what is listed again changes nothing");
}

/// What holds the parts of a thread together: headers and a body. Part 0 starts it.
fn held(strategy: CorrelationStrategy, name: &str, part: usize) -> (String, String) {
    match strategy {
        CorrelationStrategy::ThreadHeaders if part > 0 => {
            (format!("References: <0.{name}@x>\n"), "Hello".to_owned())
        }
        CorrelationStrategy::Conversation => {
            use base64::Engine as _;
            let mut index = format!("{name:0>22.22}").into_bytes();
            if part > 0 {
                index.extend([0, 0, 0, 0, u8::try_from(part).unwrap()]);
            }
            let index = base64::engine::general_purpose::STANDARD.encode(index);
            (format!("Thread-Index: {index}\n"), "Hello".to_owned())
        }
        CorrelationStrategy::KeyExpression => (String::new(), format!("case: {name}")),
        _ => (String::new(), "Hello".to_owned()),
    }
}

fn from(raw: String, address: &str) -> String {
    raw.replace("From: Ada <ada@sender.example>", &format!("From: {address}"))
}

fn titled(raw: String, subject: &str) -> String {
    let line = raw.lines().find(|line| line.starts_with("Subject: ")).unwrap().to_owned();
    raw.replace(&line, &format!("Subject: {subject}"))
}

async fn a_guessed_reference_from_a_stranger_updates_nothing(fresh: Fresh) {
    let guarded = |mapping: &mut Mapping| {
        mapping.correlation.strategies = CorrelationStrategy::ALL.to_vec();
        mapping.correlation.key_expression = Some("field(message.text, 'case')".to_owned());
        mapping.correlation.trusted_senders_only = true;
    };
    let room = Room::make_but(fresh, guarded).await;
    let first = mail("a@x", "Cc: Bob <Bob@Partner.example>\n", "case: 1");
    room.fake.deliver("INBOX", minute(1), &first);
    room.run().await.unwrap();
    let attributes = room.column("SELECT CAST(attributes AS TEXT) FROM process_instance").await;
    for (n, raw) in [
        titled(mail("s1@x", "", "Hello"), "Re: INC-000001"),
        mail("s2@x", "In-Reply-To: <a@x>\n", "Hello"),
        mail("s3@x", "", "About INC-000001"),
        mail("s4@x", "Delivered-To: support+INC-000001@company.example\n", "Hello"),
        mail("s5@x", "", "case: 1"),
    ]
    .into_iter()
    .enumerate()
    {
        let stranger = from(raw, &format!("Eve <eve{n}@stranger.example>"));
        room.fake.deliver("INBOX", minute(2), &stranger);
    }
    room.run().await.unwrap();
    assert_eq!(room.count("process_instance").await, 6, "each makes its own");
    let now = "SELECT CAST(attributes AS TEXT) FROM process_instance WHERE reference = 'INC-000001'";
    assert_eq!(room.column(now).await, attributes);
    let evidence =
        room.column("SELECT CAST(matched AS TEXT) FROM message WHERE internet_message_id = 's1@x'").await;
    assert!(evidence[0].contains("named INC-000001, but the sender is not on its thread"), "{evidence:?}");
    let token = installation().reply_key.token("incident", "INC-000001");
    let accepted = [
        from(titled(mail("b@x", "", "From Bob"), "Re: INC-000001"), "bob@partner.example"),
        titled(mail("c@x", "", "From Ada"), "Re: INC-000001"),
        from(titled(mail("d@x", "", "Signed"), &format!("Re: [INC-000001:{token}]")), "new@partner.example"),
        from(titled(mail("e@x", "", "By then on the thread"), "Re: INC-000001"), "new@partner.example"),
    ];
    for (n, raw) in (3..).zip(accepted) {
        room.fake.deliver("INBOX", minute(n), &raw);
    }
    room.run().await.unwrap();
    let of_first =
        "message m JOIN process_instance i ON i.id = m.instance_id WHERE i.reference = 'INC-000001'";
    assert_eq!(room.count(of_first).await, 5);
}

async fn the_original_author_of_a_trusted_forward_is_on_the_thread(fresh: Fresh) {
    let room = Room::make_but(fresh, |mapping| mapping.correlation.trusted_senders_only = true).await;
    let header = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n";
    let forward = mail("a@x", header, "")
        + "--b\nContent-Type: text/plain\n\nFor you\n--b\nContent-Type: message/rfc822\n\n\
           From: Ada@Sender.example\nSubject: Help\n\nHelp!\n--b--\n";
    room.fake.deliver("INBOX", minute(1), &from(forward, "colleague@company.example"));
    room.run().await.unwrap();
    room.fake.deliver("INBOX", minute(2), &titled(mail("b@x", "", "More"), "Re: INC-000001"));
    room.fake.deliver(
        "INBOX",
        minute(3),
        &from(titled(mail("c@x", "", "No"), "Re: INC-000001"), "eve@x.example"),
    );
    room.run().await.unwrap();
    assert_eq!(room.column(GROUPS).await, ["1", "2"]);
}

fn joining(mapping: &mut Mapping) {
    mapping.correlation.same_message = SameMessagePolicy::JoinFirst;
}

async fn copies_in_two_mailboxes_join_and_apply_once(fresh: Fresh) {
    let room = Room::make_but(fresh, joining).await;
    let sales = room
        .beside("sales", |mapping| {
            joining(mapping);
            mapping.reference_prefix = "SAL".to_owned();
        })
        .await;
    let both = mail("both@x", "Cc: sales@company.example\n", "Once");
    room.fake.deliver("INBOX", minute(1), &both);
    room.fake.deliver("INBOX", minute(1), &both);
    room.run().await.unwrap();
    assert_eq!(
        room.count("process_instance").await,
        2,
        "two identical alarms in one mailbox are two messages"
    );
    sales.fake.deliver("INBOX", minute(2), &both);
    sales.fake.deliver("INBOX", minute(2), &both);
    sales.fake.deliver("INBOX", minute(2), &mail("both@x", "", "Another text under the same id"));
    sales.run().await.unwrap();
    assert_eq!(room.count("process_instance").await, 3);
    assert_eq!(room.column(GROUPS).await, ["1", "2", "2"]);
    let twice = room.count("process_instance WHERE CAST(attributes AS TEXT) LIKE '%Once%Once%'").await;
    assert_eq!(twice, 0, "nothing is appended twice");
    let matched = "message WHERE CAST(matched AS TEXT) LIKE '%SAME_MESSAGE%'";
    assert_eq!(room.count(matched).await, 2);
    assert_eq!(room.count("event WHERE type = 'PROCESS_INSTANCE_UPDATED'").await, 0);
    assert_eq!(room.count("event WHERE type = 'MESSAGE_RECEIVED'").await, 5);
}

async fn copies_taken_in_by_two_replicas_at_once_join(fresh: Fresh) {
    let room = Room::make_but(fresh, joining).await;
    let sales = room
        .beside("sales", |mapping| {
            joining(mapping);
            mapping.reference_prefix = "SAL".to_owned();
        })
        .await;
    for n in 1..=12 {
        let both = mail(&format!("{n}@x"), "", &format!("Copy {n}"));
        room.fake.deliver("INBOX", minute(n), &both);
        sales.fake.deliver("INBOX", minute(n), &both);
    }
    let (one, other) = tokio::join!(room.run(), sales.run());
    one.unwrap();
    other.unwrap();
    assert_eq!(room.count("message").await, 24);
    assert_eq!(room.column(GROUPS).await, vec!["2"; 12]);
}

async fn each_mailbox_makes_its_own_by_default(fresh: Fresh) {
    let room = Room::make(fresh).await;
    let sales = room.beside("sales", |_| {}).await;
    let both = mail("both@x", "", "Twice");
    room.fake.deliver("INBOX", minute(1), &both);
    sales.fake.deliver("INBOX", minute(1), &both);
    room.run().await.unwrap();
    sales.run().await.unwrap();
    assert_eq!(room.count("process_instance").await, 2);
    sales.fake.deliver("INBOX", minute(2), &mail("reply@x", "In-Reply-To: <both@x>\n", "Reply"));
    sales.run().await.unwrap();
    let joined = "SELECT i.reference FROM message m JOIN process_instance i ON i.id = m.instance_id \
                  WHERE m.internet_message_id = 'reply@x'";
    assert_eq!(room.column(joined).await, ["INC-000002"], "the one of its own mailbox");
}

async fn a_storm_is_ignored_whatever_the_batches(fresh: Fresh) {
    let room = Room::make_but(fresh, |mapping| {
        mapping.loop_protection.auto_replies = AutomaticMailAction::Process;
        mapping.loop_protection.max_per_sender_per_10_min = 3;
    })
    .await;
    let at = |seconds: i64| start() + TimeDelta::seconds(seconds);
    for n in 0..11 {
        let robot =
            from(mail(&format!("r{n}@x"), "Auto-Submitted: auto-replied\n", "Away"), "Robot@x.example");
        room.fake.deliver("INBOX", at(1 + 10 * n), &robot);
        room.fake.deliver("INBOX", at(2 + 10 * n), &mail(&format!("p{n}@x"), "", "A person"));
        if n % 4 == 0 {
            room.run().await.unwrap();
        }
    }
    let late = from(mail("late@x", "Auto-Submitted: auto-replied\n", "Away"), "robot@x.example");
    room.fake.deliver("INBOX", at(1200), &late);
    room.run().await.unwrap();
    let processed = "SELECT internet_message_id FROM message WHERE automatic IS NOT NULL AND state = 'PROCESSED' ORDER BY received_at";
    assert_eq!(room.column(processed).await, ["r0@x", "r1@x", "r2@x", "late@x"]);
    assert_eq!(room.count("message WHERE automatic IS NULL AND state = 'PROCESSED'").await, 11);
    let reasons = room.column("SELECT DISTINCT reason FROM message WHERE state = 'IGNORED'").await;
    assert_eq!(
        reasons,
        ["Its sender sent more than 3 automatic messages within ten minutes: this may be a loop."]
    );
}

async fn what_a_filter_ignores_is_kept_with_its_reason(fresh: Fresh) {
    let room = Room::make_but(fresh, |mapping| {
        let filter = |name: &str, when: &str| FilterRule { name: name.to_owned(), when: when.to_owned() };
        mapping.filters = vec![
            filter("broken", "message.headers['x-none'] == 'x'"),
            filter("newsletters", "message.text.contains('unsubscribe')"),
        ];
    })
    .await;
    room.fake.deliver("INBOX", minute(1), &mail("a@x", "", "To unsubscribe, click"));
    room.fake.deliver("INBOX", minute(2), &mail("b@x", "", "Hello"));
    room.run().await.unwrap();
    let ignored = room.column("SELECT reason FROM message WHERE state = 'IGNORED'").await;
    assert_eq!(ignored, ["The filter \"newsletters\" holds."]);
    let notes = room.column("SELECT CAST(notes AS TEXT) FROM message WHERE state = 'PROCESSED'").await;
    assert!(notes[0].contains("could not be asked"), "{notes:?}");
    assert_eq!(room.count("process_instance").await, 1);
}

async fn what_the_mapping_leaves_out_is_not_in_the_list(fresh: Fresh) {
    let room = Room::make_but(fresh, |mapping| {
        mapping.attachments.ignore_types = vec!["application/pgp-signature".to_owned()];
    })
    .await;
    let raw = mail("a@x", "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n", "")
        + "--b\nContent-Type: text/plain\n\nHello\n\
           --b\nContent-Type: application/pgp-signature; name=sig.asc\n\nsigned\n\
           --b\nContent-Type: application/pdf; name=it.pdf\n\npdf\n--b--\n";
    room.fake.deliver("INBOX", minute(1), &raw);
    room.run().await.unwrap();
    assert_eq!(room.column("SELECT filename FROM attachment").await, ["it.pdf"]);
    assert_eq!(room.count("message WHERE attachment_count = 1").await, 1);
    let notes = room.column("SELECT CAST(notes AS TEXT) FROM message").await;
    assert!(notes[0].contains("The mapping left out one attachment."), "{notes:?}");
}

async fn an_instance_that_was_deleted_meanwhile_takes_no_mail(fresh: Fresh) {
    let room = Room::make(fresh).await;
    room.fake.deliver("INBOX", minute(1), &mail("a@x", "", "First"));
    room.run().await.unwrap();
    use sea_orm::ConnectionTrait as _;
    room.db.write().execute_unprepared("DELETE FROM process_instance").await.unwrap();
    let both = titled(mail("b@x", "In-Reply-To: <a@x>\n", "Second"), "Re: INC-000001");
    room.fake.deliver("INBOX", minute(2), &both);
    room.run().await.unwrap();
    assert_eq!(room.column("SELECT reference FROM process_instance").await, ["INC-000002"]);
}

async fn an_external_id_finds_its_instance_within_the_process(fresh: Fresh) {
    let room = Room::make_but(fresh, |mapping| {
        mapping.correlation.reference_pattern = Some("#([A-Za-z0-9/]+)".to_owned());
    })
    .await;
    room.fake.deliver("INBOX", minute(1), &mail("a@x", "", "First"));
    room.run().await.unwrap();
    use sea_orm::ConnectionTrait as _;
    room.db.write().execute_unprepared("UPDATE process_instance SET external_id = 'SAP/77'").await.unwrap();
    room.fake.deliver("INBOX", minute(2), &titled(mail("b@x", "", "Second"), "Order #SAP/77"));
    room.fake.deliver("INBOX", minute(3), &titled(mail("c@x", "", "Third"), "Order #1"));
    room.run().await.unwrap();
    assert_eq!(room.column(GROUPS).await, ["3"]);
}

async fn a_reference_given_under_another_prefix_still_matches(fresh: Fresh) {
    let room = Room::make(fresh).await;
    room.fake.deliver("INBOX", minute(1), &mail("a@x", "", "First"));
    room.run().await.unwrap();
    let renamed = room.beside("renamed", |mapping| mapping.reference_prefix = "NEW".to_owned()).await;
    renamed.fake.deliver("INBOX", minute(2), &titled(mail("b@x", "", "Second"), "Re: INC-000001"));
    renamed.fake.deliver("INBOX", minute(3), &mail("c@x", "", "Third"));
    renamed.run().await.unwrap();
    let references = room.column("SELECT reference FROM process_instance ORDER BY reference").await;
    assert_eq!(references, ["INC-000001", "NEW-000001"]);
    assert_eq!(room.column(GROUPS).await, ["1", "2"]);
}
