//! Threads in any order of arrival, strangers with one id, and what a mapping does with what matches.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::correlate::{Decision, correlate};
use super::fixture::{compiled, message, noon, sound};
use super::found::{Found, InstanceFacts, Key, Role};
use super::signals::Signals;
use super::{ClosedMatchAction, Correlation, CorrelationStrategy, MatchAction, NoMatchAction};
use crate::domain::id::InstanceId;
use crate::domain::message::MatchedBy;
use crate::domain::parsed::{AutomaticKind, ParsedMessage};

fn thread_key(id: &str) -> Key {
    Key::Thread(id.to_owned())
}

fn mail(id: &str, references: &[&str]) -> ParsedMessage {
    ParsedMessage {
        internet_message_id: Some(id.to_owned()),
        references: references.iter().map(|id| (*id).to_owned()).collect(),
        ..message()
    }
}

fn titled(subject: &str) -> ParsedMessage {
    ParsedMessage { subject: subject.to_owned(), ..mail("titled@x", &[]) }
}

fn signals(message: &ParsedMessage) -> Signals {
    compiled(&sound()).signals(message, noon())
}

fn instance(number: u32) -> InstanceFacts {
    InstanceFacts {
        id: InstanceId(uuid::Uuid::from_u128(number.into())),
        process: "incident".to_owned(),
        mailbox_id: None,
        reference: format!("INC-{number:06}"),
        external_id: None,
        open: true,
        closed_at: None,
    }
}

fn closed(number: u32) -> InstanceFacts {
    InstanceFacts { open: false, closed_at: Some(noon() - TimeDelta::days(10)), ..instance(number) }
}

fn known(instances: &[InstanceFacts]) -> Found {
    let mut found = Found::default();
    instances.iter().for_each(|facts| found.add_instance(facts.clone()));
    found
}

fn decide(message: &ParsedMessage, found: &Found) -> Decision {
    correlate(&Correlation::default(), "incident", &signals(message), found)
}

/// Takes messages in as the store does; the number of the instance of each, in the order given.
fn take_in(messages: &[ParsedMessage], correlation: &Correlation) -> Vec<u32> {
    let mut found = Found::default();
    let mut count = 0;
    let mut groups = Vec::new();
    for message in messages {
        let signals = signals(message);
        let id = match correlate(correlation, "incident", &signals, &found) {
            Decision::Update { instance, .. } => instance,
            Decision::Create { .. } => {
                count += 1;
                found.add_instance(instance(count));
                instance(count).id
            }
            Decision::Ignore { .. } => panic!("nothing is ignored here"),
        };
        found.add_message(&signals, id);
        groups.push(u32::try_from(id.0.as_u128()).unwrap_or(0));
    }
    groups
}

fn groups(messages: &[ParsedMessage]) -> Vec<u32> {
    take_in(messages, &Correlation::default())
}

#[test]
fn a_reference_in_the_subject_finds_its_instance() {
    let found = known(&[instance(42)]);
    let decision = decide(&titled("Re: [inc-42] Printer"), &found);
    let Decision::Update { instance: id, reopen: false, matched } = decision else { panic!("{decision:?}") };
    assert_eq!(id, instance(42).id);
    assert_eq!((matched.by, matched.created), (MatchedBy::ReferenceInSubject, false));
    assert_eq!(matched.evidence, "inc-42 in the subject");
}

#[test]
fn an_external_id_is_looked_up_after_the_reference() {
    let mut draft = sound();
    draft.correlation.reference_pattern = Some("#([A-Z0-9]+)".to_owned());
    let mapping = compiled(&draft);
    let external = InstanceFacts { external_id: Some("7".to_owned()), ..instance(3) };
    let signals = mapping.signals(&titled("Case #7"), noon());
    let by_external = mapping.correlate(&signals, &known(std::slice::from_ref(&external)));
    assert!(matches!(by_external, Decision::Update { instance: id, .. } if id == external.id));
    let by_number = mapping.correlate(&signals, &known(&[external, instance(7)]));
    assert!(matches!(by_number, Decision::Update { instance: id, .. } if id == instance(7).id));
}

#[test]
fn an_instance_of_another_process_does_not_match() {
    let mut found = known(&[InstanceFacts { process: "order".to_owned(), ..instance(42) }]);
    found.add_key(&thread_key("a@x"), instance(42).id, Role::Own);
    let message = ParsedMessage { subject: "INC-42".to_owned(), ..mail("b@x", &["a@x"]) };
    assert!(matches!(decide(&message, &found), Decision::Create { .. }));
}

#[test]
fn the_first_strategy_that_matches_wins() {
    let mut found = known(&[instance(1), instance(2)]);
    found.add_key(&thread_key("a@x"), instance(2).id, Role::Own);
    let message = ParsedMessage { subject: "INC-1".to_owned(), ..mail("b@x", &["a@x"]) };
    let decided = |strategies: &[CorrelationStrategy]| {
        let correlation = Correlation { strategies: strategies.to_vec(), ..Correlation::default() };
        correlate(&correlation, "incident", &signals(&message), &found).matched().by
    };
    use CorrelationStrategy::{ReferenceInSubject, ThreadHeaders};
    assert_eq!(decided(&[ReferenceInSubject, ThreadHeaders]), MatchedBy::ReferenceInSubject);
    assert_eq!(decided(&[ThreadHeaders, ReferenceInSubject]), MatchedBy::ThreadHeaders);
    assert_eq!(decided(&[]), MatchedBy::Nothing);
}

#[test]
fn a_reply_joins_its_parent_with_the_header_as_evidence() {
    let mut found = known(&[instance(1)]);
    found.add_message(&signals(&mail("a@x", &[])), instance(1).id);
    let by_references = decide(&mail("b@x", &["a@x"]), &found);
    assert_eq!(by_references.matched().evidence, "References <a@x>");
    let direct = ParsedMessage { in_reply_to: vec!["a@x".to_owned()], ..mail("b@x", &["a@x"]) };
    assert_eq!(decide(&direct, &found).matched().evidence, "In-Reply-To <a@x>");
}

#[test]
fn a_parent_that_comes_after_its_reply_joins_it() {
    assert_eq!(groups(&[mail("b@x", &["a@x"]), mail("a@x", &[])]), [1, 1]);
    let mut found = known(&[instance(1)]);
    found.add_message(&signals(&mail("b@x", &["a@x"])), instance(1).id);
    let evidence = decide(&mail("a@x", &[]), &found).matched().evidence.clone();
    assert_eq!(evidence, "Message-ID <a@x>, which an earlier message names");
}

#[test]
fn siblings_of_a_parent_that_never_came_join_each_other() {
    assert_eq!(groups(&[mail("b@x", &["a@x"]), mail("c@x", &["a@x"]), mail("d@x", &["z@x"])]), [1, 1, 2]);
}

#[test]
fn strangers_with_one_message_id_never_merge() {
    assert_eq!(groups(&[mail("a@x", &[]), mail("a@x", &[]), mail("a@x", &[])]), [1, 2, 3]);
    assert_eq!(groups(&[mail("b@x", &["a@x"]), mail("a@x", &[]), mail("a@x", &[])]), [1, 1, 2]);
    assert_eq!(groups(&[mail("a@x", &["a@x"]), mail("a@x", &["a@x"])]), [1, 2]);
}

#[test]
fn an_id_of_several_instances_decides_nothing_but_the_next_one_may() {
    let strangers = [mail("r@x", &[]), mail("a@x", &["r@x"]), mail("a@x", &[])];
    let reply = mail("c@x", &["a@x"]);
    assert_eq!(groups(&[&strangers[..], std::slice::from_ref(&reply)].concat()), [1, 1, 2, 3]);
    let reply = mail("c@x", &["r@x", "a@x"]);
    assert_eq!(groups(&[&strangers[..], std::slice::from_ref(&reply)].concat()), [1, 1, 2, 1]);
}

#[test]
fn a_thread_goes_on_in_the_open_instance_that_followed_a_closed_one() {
    let mut found = known(&[closed(1), instance(2), instance(3)]);
    found.add_key(&thread_key("a@x"), instance(1).id, Role::Referenced);
    found.add_key(&thread_key("a@x"), instance(2).id, Role::Referenced);
    assert!(
        matches!(decide(&mail("c@x", &["a@x"]), &found), Decision::Update { instance: id, .. } if id == instance(2).id)
    );
    found.add_key(&thread_key("a@x"), instance(3).id, Role::Referenced);
    assert!(matches!(decide(&mail("c@x", &["a@x"]), &found), Decision::Create { .. }));
}

#[test]
fn a_mapping_says_what_is_done_with_a_match() {
    let by = |facts: InstanceFacts, change: &dyn Fn(&mut Correlation), automatic: bool| {
        let mut correlation = Correlation::default();
        change(&mut correlation);
        let mut signals = signals(&titled("INC-1"));
        signals.automatic = automatic.then_some(AutomaticKind::AutoReply);
        match correlate(&correlation, "incident", &signals, &known(&[facts])) {
            Decision::Create { matched } => format!("create {}", matched.evidence),
            Decision::Update { reopen, matched, .. } => format!("update {reopen} {}", matched.evidence),
            Decision::Ignore { reason, .. } => format!("ignore {reason}"),
        }
    };
    let open = |action| move |it: &mut Correlation| it.on_match = action;
    let shut = |action| move |it: &mut Correlation| it.on_closed_match = action;
    let within = |days| move |it: &mut Correlation| it.reopen_within_days = Some(days);
    assert_eq!(by(instance(1), &open(MatchAction::Update), false), "update false INC-1 in the subject");
    assert!(
        by(instance(1), &open(MatchAction::Create), false)
            .starts_with("create INC-1 in the subject (INC-000001")
    );
    assert!(
        by(instance(1), &open(MatchAction::Ignore), false)
            .starts_with("ignore It belongs to INC-000001, which is open")
    );
    assert_eq!(by(closed(1), &shut(ClosedMatchAction::Reopen), false), "update true INC-1 in the subject");
    assert!(by(closed(1), &shut(ClosedMatchAction::Reopen), true).starts_with("update false"));
    assert!(by(closed(1), &shut(ClosedMatchAction::Update), false).starts_with("update false"));
    assert!(by(closed(1), &shut(ClosedMatchAction::Create), false).contains("(INC-000001 is closed)"));
    assert!(by(closed(1), &shut(ClosedMatchAction::Ignore), false).contains("which is closed"));
    assert!(by(closed(1), &within(10), false).starts_with("update true"));
    assert!(by(closed(1), &within(9), false).contains("closed too long ago"));
    let unknown_since = InstanceFacts { closed_at: None, ..closed(1) };
    assert!(by(unknown_since, &within(0), false).starts_with("update true"));
}

#[test]
fn what_matches_nothing_is_created_or_ignored_with_the_reason() {
    let decision = decide(&titled("Hello"), &Found::default());
    assert!(
        matches!(&decision, Decision::Create { matched } if matched.created && matched.by == MatchedBy::Nothing)
    );
    assert_eq!(decision.matched().evidence, "It names no reference and no earlier message.");
    let unknown = decide(&titled("INC-9"), &Found::default());
    assert_eq!(unknown.matched().evidence, "Nothing is known under the reference that it names.");
    let ignoring = Correlation { on_no_match: NoMatchAction::Ignore, ..Correlation::default() };
    let decision = correlate(&ignoring, "incident", &signals(&titled("Hello")), &Found::default());
    assert!(matches!(&decision, Decision::Ignore { matched, .. } if !matched.created));
}

#[test]
fn evidence_is_bounded_whatever_a_message_id_holds() {
    let long = format!("{}\n@x", "x".repeat(8_000));
    let mut found = known(&[instance(1)]);
    found.add_key(&thread_key(&long), instance(1).id, Role::Own);
    let evidence = decide(&mail("b@x", &[&long]), &found).matched().evidence.clone();
    assert!(evidence.chars().count() < 250 && !evidence.contains('\n'), "{evidence}");
}

/// Trees of a thread: each message answers an earlier one and names all its ancestors.
fn thread() -> impl Strategy<Value = Vec<ParsedMessage>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..7).prop_map(|parents| {
        let mut chains: Vec<Vec<String>> = vec![vec![]];
        for (index, parent) in parents.iter().enumerate() {
            let parent = parent.index(index + 1);
            let mut chain = chains.get(parent).cloned().unwrap_or_default();
            chain.push(format!("m{parent}@x"));
            chains.push(chain);
        }
        let mails = chains.into_iter().enumerate();
        mails
            .map(|(index, chain)| ParsedMessage {
                in_reply_to: chain.last().cloned().into_iter().collect(),
                references: chain,
                ..mail(&format!("m{index}@x"), &[])
            })
            .collect()
    })
}

fn arrival() -> impl Strategy<Value = Vec<ParsedMessage>> {
    thread().prop_flat_map(|thread| Just(thread).prop_shuffle())
}

proptest! {
    #[test]
    fn a_thread_is_one_instance_in_whatever_order_it_arrives(messages in arrival()) {
        let groups = groups(&messages);
        prop_assert!(groups.iter().all(|group| *group == 1), "{:?}", groups);
    }

    #[test]
    fn a_thread_without_some_of_its_messages_still_is_one_instance(messages in arrival(), lost: prop::sample::Index) {
        let mut messages = messages;
        let lost = lost.index(messages.len());
        let root_is_alone = messages.len() == 1;
        messages.remove(lost);
        let groups = groups(&messages);
        prop_assert!(root_is_alone || groups.iter().all(|group| *group == 1), "{:?}", groups);
    }

    #[test]
    fn two_threads_stay_two_however_they_mix(one in arrival(), other in arrival(), picks in prop::collection::vec(any::<bool>(), 20)) {
        let other: Vec<_> = other.into_iter().map(|mut mail| {
            let rename = |id: &mut String| *id = format!("other-{id}");
            mail.internet_message_id.as_mut().map(rename);
            mail.references.iter_mut().for_each(rename);
            mail.in_reply_to.iter_mut().for_each(rename);
            mail
        }).collect();
        let (mut one, mut other) = (one.into_iter().map(|it| (0, it)), other.into_iter().map(|it| (1, it)));
        let mut mixed = Vec::new();
        for pick in picks {
            mixed.extend(if pick { one.next().or_else(|| other.next()) } else { other.next().or_else(|| one.next()) });
        }
        let (of, mails): (Vec<_>, Vec<_>) = mixed.into_iter().unzip();
        let groups = groups(&mails);
        for (a, group_a) in of.iter().zip(&groups) {
            for (b, group_b) in of.iter().zip(&groups) {
                prop_assert_eq!(a == b, group_a == group_b);
            }
        }
    }

    #[test]
    fn strangers_with_the_same_or_no_id_never_merge(count in 2_usize..8, id in "(same@x|<>| |)", blank in "(<>| |)") {
        let stranger = ParsedMessage { in_reply_to: vec![blank.clone()], ..mail(&id, &[&blank, &id]) };
        let groups = groups(&vec![stranger; count]);
        let distinct: std::collections::HashSet<_> = groups.iter().collect();
        prop_assert_eq!(distinct.len(), count);
    }
}
