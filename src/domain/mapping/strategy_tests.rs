//! Every strategy: what finds an instance, what must not, and that the order of arrival changes nothing.

use proptest::prelude::*;

use super::fixture::{Place, message};
use super::{CorrelationStrategy, Draft, Effect, Known};
use crate::domain::id::{InstanceId, MailboxId};
use crate::domain::message::{MatchedBy, MessageState};
use crate::domain::parsed::{Address, Header, ParsedMessage};

fn only(strategy: CorrelationStrategy) -> impl Fn(&mut Draft) {
    move |draft| draft.correlation.strategies = vec![strategy]
}

fn mail(id: &str) -> ParsedMessage {
    ParsedMessage { internet_message_id: Some(id.to_owned()), ..message() }
}

fn to(address: &str) -> Address {
    Address { name: None, address: address.to_owned() }
}

fn by(effect: &Effect) -> (MatchedBy, String) {
    effect
        .matched
        .as_ref()
        .map(|it| (it.by, it.evidence.clone()))
        .unwrap_or((MatchedBy::ByHand, String::new()))
}

fn joined(effect: &Effect, expected: InstanceId) -> bool {
    effect.state == MessageState::Processed && effect.instance_id == Some(expected) && !effect.created
}

#[test]
fn a_reference_in_what_the_author_wrote_goes_before_one_in_what_is_quoted() {
    let place = Place::of(only(CorrelationStrategy::ReferenceInBody));
    let known = place.known(&["INC-000001", "INC-000002"]);
    let reply = ParsedMessage {
        text: "It is INC-2 after all.\n\n> about INC-1\n> marker of another instance".to_owned(),
        new_text: "It is INC-2 after all.".to_owned(),
        ..mail("a@x")
    };
    let effect = place.one(known.clone(), &reply);
    assert!(joined(&effect, place.id_of("INC-000002")));
    assert_eq!(by(&effect), (MatchedBy::ReferenceInBody, "INC-2 in the text".to_owned()));
    let quoted =
        ParsedMessage { new_text: "Thanks!".to_owned(), text: "Thanks!\n> INC-1".to_owned(), ..mail("b@x") };
    let effect = place.one(known.clone(), &quoted);
    assert_eq!(by(&effect), (MatchedBy::ReferenceInBody, "INC-1 in the quoted text".to_owned()));
    let far = format!("{}INC-1", "x ".repeat(40_000));
    let effect = place.one(known, &ParsedMessage { new_text: far.clone(), text: far, ..mail("c@x") });
    assert!(effect.created, "what is searched is bounded");
}

/// PAINS C7: freescout#2005.
#[test]
fn a_quoted_marker_of_another_instance_does_not_capture_a_reply() {
    let place = Place::of(|draft| {
        draft.correlation.strategies =
            vec![CorrelationStrategy::ThreadHeaders, CorrelationStrategy::ReferenceInBody];
    });
    let mut known = place.known(&["INC-000001", "INC-000002"]);
    let parent = place.signals(&mail("parent@x"));
    known.found.add_message(&parent, place.id_of("INC-000002"));
    let reply = ParsedMessage {
        in_reply_to: vec!["parent@x".to_owned()],
        text: "See below.\n> INC-000001".to_owned(),
        new_text: "See below.".to_owned(),
        ..mail("reply@x")
    };
    assert!(joined(&place.one(known, &reply), place.id_of("INC-000002")));
}

#[test]
fn a_tag_in_any_address_written_or_delivered_to_finds_its_instance() {
    let place = Place::of(only(CorrelationStrategy::RecipientTag));
    let known = place.known(&["INC-000042"]);
    let tagged = "support+inc-42@company.example";
    let header = |name: &str| Header { name: name.to_owned(), value: format!("<{tagged}>") };
    for message in [
        ParsedMessage { to: vec![to("x@y.example"), to(tagged)], ..mail("a@x") },
        ParsedMessage { cc: vec![to(tagged)], ..mail("b@x") },
        ParsedMessage { headers: vec![header("Delivered-To")], ..mail("c@x") },
        ParsedMessage { headers: vec![header("X-Original-To")], ..mail("d@x") },
    ] {
        let effect = place.one(known.clone(), &message);
        assert!(joined(&effect, place.id_of("INC-000042")), "{effect:?}");
        assert_eq!(by(&effect), (MatchedBy::RecipientTag, "inc-42 in an address written to".to_owned()));
    }
    for address in [
        "support+sales@company.example",
        "support+2026@company.example",
        "support+@company.example",
        "inc-42@x.example",
        "+",
        "@",
        "a+b",
    ] {
        let message = ParsedMessage { to: vec![to(address)], ..mail("e@x") };
        assert!(place.one(known.clone(), &message).created, "{address}");
    }
}

#[test]
fn a_reference_once_given_matches_under_another_prefix_and_another_pattern() {
    let place = Place::of(|draft| {
        draft.reference_prefix = "NEW".to_owned();
        draft.correlation.reference_pattern = Some("#([A-Za-z0-9]+)".to_owned());
    });
    let known = place.known(&["INC-000042", "NEW-000001"]);
    let titled = |subject: &str| ParsedMessage { subject: subject.to_owned(), ..mail("a@x") };
    assert!(joined(
        &place.one(known.clone(), &titled("Re: [INC-000042] Printer")),
        place.id_of("INC-000042")
    ));
    assert!(joined(&place.one(known.clone(), &titled("Re: #1")), place.id_of("NEW-000001")));
    let effect = place.one(known, &titled("UTF-8 and COVID-19 and INC-99"));
    assert_eq!(by(&effect).1, "It names no reference and no earlier message.");
}

#[test]
fn a_conversation_is_one_instance_of_its_mailbox() {
    let place = Place::of(only(CorrelationStrategy::Conversation));
    let start = ParsedMessage { conversation_id: Some("c1".to_owned()), ..mail("a@x") };
    let reply = ParsedMessage { in_reply_to: vec!["unknown@x".to_owned()], ..start.clone() };
    let other = ParsedMessage { conversation_id: Some("c2".to_owned()), ..reply.clone() };
    let effects = place.all(Known::default(), &[start.clone(), reply.clone(), other]);
    assert_eq!(instances(&effects), [1, 1, 2]);
    assert_eq!(by(&effects[1]), (MatchedBy::Conversation, "Conversation c1".to_owned()));
    let mut known = place.known(&["INC-000001"]);
    let mut elsewhere = place.signals(&start);
    elsewhere.conversation.as_mut().into_iter().for_each(|it| it.mailbox_id = MailboxId::new());
    known.found.add_message(&elsewhere, place.id_of("INC-000001"));
    assert!(place.one(known, &reply).created, "another mailbox's conversation is another one");
}

/// PAINS C7: mailanalyzer#20.
#[test]
fn strangers_whose_mail_starts_with_one_thread_index_are_not_merged() {
    let place = Place::of(only(CorrelationStrategy::Conversation));
    let index = |value: &str| vec![Header { name: "Thread-Index".to_owned(), value: value.to_owned() }];
    let start = ParsedMessage {
        conversation_id: Some("c1".to_owned()),
        headers: index("AQHZ7kq8b3v0m0yqU0e0m3l6o1Q2rQ=="),
        ..mail("a@x")
    };
    let reply = ParsedMessage { headers: index("AQHZ7kq8b3v0m0yqU0e0m3l6o1Q2rYAAAAAA"), ..start.clone() };
    assert_eq!(
        instances(&place.all(Known::default(), &[start.clone(), start.clone(), start.clone()])),
        [1, 2, 3]
    );
    assert_eq!(instances(&place.all(Known::default(), &[start, reply.clone(), reply])), [1, 1, 1]);
}

#[test]
fn messages_with_one_key_are_one_instance_and_an_empty_key_is_none() {
    let place = Place::of(|draft| {
        only(CorrelationStrategy::KeyExpression)(draft);
        draft.correlation.key_expression = Some("field(message.text, 'host')".to_owned());
    });
    let of = |text: &str| ParsedMessage { text: text.to_owned(), ..mail("a@x") };
    let mails = ["host: db1\n", "host: db2\n", "Host: db1 \n", "nothing", "nothing", "host:\n"].map(of);
    let effects = place.all(Known::default(), &mails);
    assert_eq!(instances(&effects), [1, 2, 1, 3, 4, 5]);
    assert_eq!(by(&effects[2]), (MatchedBy::KeyExpression, "Key db1".to_owned()));
    assert_eq!(by(&effects[1]).1, "No instance has its key, and nothing else that it names is known.");
}

#[test]
fn a_key_that_can_not_be_read_is_none_and_a_note_says_why() {
    let note = |expression: &str| {
        let place = Place::of(|draft| draft.correlation.key_expression = Some(expression.to_owned()));
        let effect = place.one(Known::default(), &mail("a@x"));
        assert!(effect.created);
        effect.notes.join(" ")
    };
    assert_eq!(note("message.size"), "");
    assert!(note("message.headers['x-none']").starts_with("The key could not be read: the expression asks"));
    assert!(
        note("message.size > 0 ? message.to : ''")
            .starts_with("The key could not be read: the expression gives no text")
    );
    let place = Place::of(|draft| draft.correlation.key_expression = Some("message.text".to_owned()));
    let long = ParsedMessage { text: "x".repeat(1_001), ..mail("a@x") };
    assert_eq!(
        place.one(Known::default(), &long).notes,
        ["The key was not used: it is longer than 1000 characters."]
    );
}

#[test]
fn business_goes_on_in_the_latest_instance_of_a_key() {
    let place = Place::of(|draft| {
        only(CorrelationStrategy::KeyExpression)(draft);
        draft.correlation.key_expression = Some("message.subject".to_owned());
    });
    let mut known = place.known(&["INC-000001", "INC-000002", "INC-000003"]);
    for reference in ["INC-000001", "INC-000002", "INC-000003"] {
        known.found.add_message(&place.treat(&mail("a@x")).signals, place.id_of(reference));
    }
    place.close(&mut known, "INC-000003");
    assert!(joined(&place.one(known.clone(), &mail("b@x")), place.id_of("INC-000002")));
    place.close(&mut known, "INC-000001");
    place.close(&mut known, "INC-000002");
    assert!(joined(&place.one(known, &mail("b@x")), place.id_of("INC-000003")), "all are closed: the latest");
}

#[test]
fn a_reply_joins_the_one_copy_that_came_to_its_own_mailbox() {
    let place = Place::of(only(CorrelationStrategy::ThreadHeaders));
    let mut known = place.known(&["INC-000001"]);
    place.add_of(&mut known, "INC-000002", MailboxId::new());
    for reference in ["INC-000001", "INC-000002"] {
        known.found.add_message(&place.signals(&mail("parent@x")), place.id_of(reference));
    }
    let reply = ParsedMessage { in_reply_to: vec!["parent@x".to_owned()], ..mail("reply@x") };
    assert!(joined(&place.one(known, &reply), place.id_of("INC-000001")));
}

fn instances(effects: &[Effect]) -> Vec<usize> {
    let mut seen = Vec::new();
    let ids = effects.iter().map(|effect| effect.instance_id);
    ids.map(|id| {
        seen.iter().position(|known| *known == id).unwrap_or_else(|| {
            seen.push(id);
            seen.len() - 1
        }) + 1
    })
    .collect()
}

/// Messages that one signal holds together, with the mapping that reads it and what is known before.
fn held_together() -> impl Strategy<Value = (CorrelationStrategy, Vec<ParsedMessage>)> {
    let one_of = prop::sample::select(CorrelationStrategy::ALL);
    (one_of, 1_usize..6, any::<u64>()).prop_flat_map(|(strategy, count, salt)| {
        let mails: Vec<ParsedMessage> = (0..count)
            .map(|n| {
                let mut mail = mail(&format!("m{n}-{salt}@x"));
                match strategy {
                    CorrelationStrategy::ReferenceInSubject => {
                        mail.subject = format!("Re: inc-{}7", "0".repeat(n))
                    }
                    CorrelationStrategy::ReferenceInBody => mail.new_text = "About INC-7.".to_owned(),
                    CorrelationStrategy::RecipientTag => mail.to = vec![to("a+INC-7@b.example")],
                    CorrelationStrategy::ThreadHeaders if n > 0 => {
                        mail.references = vec![format!("m0-{salt}@x")]
                    }
                    CorrelationStrategy::ThreadHeaders => {}
                    CorrelationStrategy::Conversation => {
                        mail.conversation_id = Some("c".to_owned());
                        if n > 0 {
                            mail.in_reply_to = vec!["elsewhere@x".to_owned()];
                        }
                    }
                    CorrelationStrategy::KeyExpression => mail.text = "key: k".to_owned(),
                }
                mail
            })
            .collect();
        (Just(strategy), Just(mails).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn what_one_signal_holds_together_is_one_instance_in_whatever_order((strategy, mails) in held_together()) {
        let place = Place::of(|draft| {
            only(strategy)(draft);
            draft.correlation.key_expression = Some("field(message.text, 'key')".to_owned());
        });
        let effects = place.all(place.known(&["INC-000007"]), &mails);
        let first = instances(&effects);
        prop_assert!(first.iter().all(|it| *it == 1), "{strategy}: {first:?}");
    }

    #[test]
    fn any_text_in_any_place_is_read_without_a_fault(subject in ".{0,60}", text in "([A-Z]{1,4}-[0-9]{1,20}|[+.@:\\[\\]]|.){0,30}", address in "[a-zA-Z0-9+.@-]{0,40}", id in "[a-zA-Z0-9+.@-]{0,60}") {
        let place = Place::of(|draft| {
            draft.correlation.strategies = CorrelationStrategy::ALL.to_vec();
            draft.correlation.key_expression = Some("message.subject".to_owned());
            draft.correlation.trusted_senders_only = true;
        });
        let message = ParsedMessage {
            subject, text: text.clone(), new_text: text, to: vec![to(&address)], cc: vec![to(&id)],
            in_reply_to: vec![id.clone()], conversation_id: Some(id.clone()), ..mail(&id)
        };
        let effect = place.one(place.known(&["INC-000001"]), &message);
        prop_assert!(effect.failed.is_none());
    }
}
