//! Mail and mappings that would cost without end elsewhere.

use std::time::{Duration, Instant};

use super::fixture::{Place, message, rule};
use super::rule::{AttributeType, ValueSource};
use super::{CorrelationStrategy, FilterRule, Known};
use crate::domain::parsed::{Header, ParsedMessage};

/// A debug build on a busy machine; what these tests guard against takes hours, or never ends.
const SOON: Duration = Duration::from_secs(20);

fn huge() -> ParsedMessage {
    let text = "a".repeat(5 * 1024 * 1024);
    ParsedMessage { new_text: text.clone(), text, ..message() }
}

fn filter(when: &str) -> FilterRule {
    FilterRule { name: "it".to_owned(), when: when.to_owned() }
}

#[test]
fn a_pattern_that_would_backtrack_is_matched_in_linear_time() {
    let place = Place::of(|draft| {
        draft.correlation.strategies = vec![CorrelationStrategy::ReferenceInBody];
        draft.correlation.reference_pattern = Some("((?:a+)+)$X".to_owned());
        draft.filters = vec![filter("message.text.matches('^(a+)+$b')")];
    });
    let begun = Instant::now();
    let effect = place.one(Known::default(), &huge());
    assert!(effect.created && effect.notes.is_empty(), "{effect:?}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[test]
fn expressions_and_keys_over_a_body_of_5_mib_are_bounded() {
    let replace = "message.text.replace('a', 'aaaaaaaaaa').replace('a', 'aaaaaaaaaa')";
    let place = Place::of(|draft| {
        draft.correlation.strategies = vec![CorrelationStrategy::KeyExpression];
        draft.correlation.key_expression = Some(replace.to_owned());
        draft.filters = vec![filter("size(message.text) > 65536")];
        draft.rules = vec![rule("it", AttributeType::Text, ValueSource::Expression(replace.to_owned()))];
    });
    let begun = Instant::now();
    let effect = place.one(Known::default(), &huge());
    assert!(effect.created, "{effect:?}");
    assert_eq!(effect.notes.len(), 2, "{:?}", effect.notes);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[test]
fn a_template_that_loops_over_loops_is_stopped_and_the_message_goes_on() {
    let source = "{% for a in message.to %}{% for b in message.to %}{% for c in message.to %}\
                  {{ a.name }}{{ b.name }}{{ c.name }}{% endfor %}{% endfor %}{% endfor %}";
    let place = Place::of(|draft| {
        draft.rules = vec![rule("it", AttributeType::Text, ValueSource::Template(source.to_owned()))];
    });
    let mut message = message();
    message.to = message.to.iter().cycle().take(2_000).cloned().collect();
    let begun = Instant::now();
    let effect = place.one(Known::default(), &message);
    assert!(effect.created && effect.notes.len() == 1, "{:?}", effect.notes);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

/// PAINS C7: mailanalyzer#81.
#[test]
fn an_empty_message_id_merges_nobody() {
    let place = Place::of(|draft| {
        draft.correlation.strategies = CorrelationStrategy::ALL.to_vec();
        draft.correlation.key_expression = Some("message.messageId.trim()".to_owned());
    });
    for blank in ["< >", "<>", "", " ", "\u{0}", "@"] {
        let stranger = ParsedMessage {
            internet_message_id: None,
            in_reply_to: vec![blank.to_owned()],
            references: vec![blank.to_owned(), String::new()],
            conversation_id: Some(blank.to_owned()),
            headers: vec![Header { name: "Message-ID".to_owned(), value: blank.to_owned() }],
            ..message()
        };
        let effects = place.all(Known::default(), &[stranger.clone(), stranger]);
        assert!(effects.iter().all(|effect| effect.created), "{blank:?}");
    }
}

/// PAINS C7: osTicket#1426, freescout#1095.
#[test]
fn the_same_subject_merges_nobody() {
    let place = Place::of(|_| {});
    let mails = ["a@x", "b@x", "c@x"]
        .map(|id| ParsedMessage { internet_message_id: Some(id.to_owned()), ..message() });
    assert!(place.all(Known::default(), &mails).iter().all(|effect| effect.created));
}
