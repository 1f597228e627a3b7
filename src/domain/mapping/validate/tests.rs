//! What is refused when a mapping is saved, and with which path.

use serde_json::json;

use crate::domain::mapping::fixture::{compiled, draft, message, parsed, problem, rule, sound};
use crate::domain::mapping::rule::{AttributeRule, AttributeType, MessageField, UpdateAction, ValueSource};
use crate::domain::mapping::{CompiledMapping, CorrelationStrategy, Draft, FilterRule, create, validate};

fn at(draft: &Draft) -> (String, String) {
    let (path, code, message) = problem(draft);
    assert!(message.ends_with('.'), "a sentence: {message}");
    (path, code)
}

fn path_of_rule(change: impl FnOnce(&mut AttributeRule)) -> (String, String) {
    let mut second = rule("second", AttributeType::String, ValueSource::Field(MessageField::Subject));
    change(&mut second);
    let mut draft = sound();
    draft.rules.push(second);
    at(&draft)
}

fn path_of(change: impl FnOnce(&mut Draft)) -> (String, String) {
    let mut draft = sound();
    change(&mut draft);
    at(&draft)
}

fn is(path: &str, code: &str) -> (String, String) {
    (path.to_owned(), code.to_owned())
}

#[test]
fn a_sound_draft_has_no_problem() {
    assert_eq!(validate(&sound()), vec![]);
}

#[test]
fn names_are_checked() {
    assert_eq!(path_of(|draft| draft.name = " ".to_owned()), is("name", "REQUIRED"));
    assert_eq!(path_of(|draft| draft.name = "x".repeat(201)), is("name", "INVALID"));
    assert_eq!(path_of(|draft| draft.name = "a\nb".to_owned()), is("name", "INVALID"));
    assert_eq!(path_of(|draft| draft.process = String::new()), is("process", "REQUIRED"));
    for process in ["Incident", "1st", "a b", &"x".repeat(64)] {
        assert_eq!(
            path_of(|draft| draft.process = process.to_owned()),
            is("process", "INVALID"),
            "{process}"
        );
    }
    assert_eq!(path_of(|draft| draft.reference_prefix = String::new()), is("referencePrefix", "REQUIRED"));
    for prefix in ["inc", "1A", "A-B", "ÄB", "ABCDEFGHIJK"] {
        let found = path_of(|draft| draft.reference_prefix = prefix.to_owned());
        assert_eq!(found, is("referencePrefix", "INVALID"), "{prefix}");
    }
}

#[test]
fn there_are_some_rules_but_not_too_many() {
    assert_eq!(at(&draft(vec![])), is("rules", "REQUIRED"));
    let rules =
        (0..101).map(|n| rule(&format!("a{n}"), AttributeType::String, ValueSource::Constant(json!(n))));
    assert_eq!(at(&draft(rules.collect())), is("rules", "INVALID"));
}

#[test]
fn attributes_are_checked() {
    assert_eq!(path_of_rule(|rule| rule.attribute = "title".to_owned()), is("rules.1.attribute", "INVALID"));
    assert_eq!(path_of_rule(|rule| rule.attribute = String::new()), is("rules.1.attribute", "REQUIRED"));
    for attribute in ["reference", "externalId", "open", "a b", "_a", "é", &"x".repeat(64)] {
        let found = path_of_rule(|rule| rule.attribute = attribute.to_owned());
        assert_eq!(found, is("rules.1.attribute", "INVALID"), "{attribute}");
    }
}

#[test]
fn what_a_rule_does_on_update_fits_its_type() {
    let append = |rule: &mut AttributeRule| {
        rule.on_update = UpdateAction::Append;
        rule.r#type = AttributeType::Json;
    };
    assert_eq!(path_of_rule(append), is("rules.1.onUpdate", "INVALID"));
    assert_eq!(path_of_rule(|rule| rule.on_create = false), is("rules.1.onCreate", "INVALID"));
}

#[test]
fn lengths_are_for_texts_and_bounded() {
    for length in [0, -1, 1_001, i32::MAX] {
        assert_eq!(path_of_rule(|rule| rule.max_length = Some(length)), is("rules.1.maxLength", "INVALID"));
    }
    let number = |rule: &mut AttributeRule| {
        rule.r#type = AttributeType::Integer;
        rule.source = ValueSource::Field(MessageField::Size);
        rule.max_length = Some(3);
    };
    assert_eq!(path_of_rule(number), is("rules.1.maxLength", "INVALID"));
}

#[test]
fn a_field_fits_its_type() {
    let typed = |r#type| move |rule: &mut AttributeRule| rule.r#type = r#type;
    for r#type in
        [AttributeType::Integer, AttributeType::Decimal, AttributeType::Boolean, AttributeType::DateTime]
    {
        assert_eq!(path_of_rule(typed(r#type)), is("rules.1.source.field", "INVALID"), "{}", r#type);
    }
}

#[test]
fn a_constant_is_of_its_type_and_never_null() {
    let constant = |r#type, value| {
        move |rule: &mut AttributeRule| {
            rule.r#type = r#type;
            rule.source = ValueSource::Constant(value);
        }
    };
    let path = "rules.1.source.constant";
    assert_eq!(path_of_rule(constant(AttributeType::Json, json!(null))), is(path, "REQUIRED"));
    assert_eq!(path_of_rule(constant(AttributeType::String, json!(" "))), is(path, "REQUIRED"));
    assert_eq!(path_of_rule(constant(AttributeType::Integer, json!("many"))), is(path, "INVALID"));
    assert_eq!(path_of_rule(constant(AttributeType::DateTime, json!("soon"))), is(path, "INVALID"));
    assert_eq!(path_of_rule(constant(AttributeType::String, json!("x".repeat(1_001)))), is(path, "INVALID"));
    assert_eq!(path_of_rule(constant(AttributeType::Json, json!("x".repeat(70_000)))), is(path, "INVALID"));
}

#[test]
fn an_empty_expression_or_template_is_missed() {
    let expression = |rule: &mut AttributeRule| rule.source = ValueSource::Expression(" ".to_owned());
    assert_eq!(path_of_rule(expression), is("rules.1.source.expression", "REQUIRED"));
    let template = |rule: &mut AttributeRule| rule.source = ValueSource::Template("\n".to_owned());
    assert_eq!(path_of_rule(template), is("rules.1.source.template", "REQUIRED"));
}

#[test]
fn strategies_are_named_once_and_have_what_they_need() {
    let strategies = |strategies: &'static [CorrelationStrategy]| {
        move |draft: &mut Draft| draft.correlation.strategies = strategies.to_vec()
    };
    use CorrelationStrategy::{KeyExpression, ThreadHeaders};
    let twice = path_of(strategies(&[ThreadHeaders, ThreadHeaders]));
    assert_eq!(twice, is("correlation.strategies.1", "INVALID"));
    let keyless = path_of(strategies(&[ThreadHeaders, KeyExpression]));
    assert_eq!(keyless, is("correlation.keyExpression", "REQUIRED"));
    let key =
        |source: &'static str| path_of(|draft| draft.correlation.key_expression = Some(source.to_owned()));
    assert_eq!(key(" "), is("correlation.keyExpression", "REQUIRED"));
    for source in [
        "message.subjct",
        "shout(message.subject)",
        "message.to",
        "message.size > 1",
        "[",
        "message.receivedAt",
    ] {
        assert_eq!(key(source), is("correlation.keyExpression", "INVALID"), "{source}");
    }
    let days = path_of(|draft| draft.correlation.reopen_within_days = Some(-1));
    assert_eq!(days, is("correlation.reopenWithinDays", "INVALID"));
}

#[test]
fn a_reference_pattern_has_one_group_and_is_small() {
    for pattern in ["[0-9]+", "([A-Z])-([0-9]+)", "(", r"(\w{100}){100}", &format!("({})", "x".repeat(500))] {
        let found = path_of(|draft| draft.correlation.reference_pattern = Some(pattern.to_owned()));
        assert_eq!(found, is("correlation.referencePattern", "INVALID"), "{pattern}");
    }
    let mut draft = sound();
    draft.correlation.reference_pattern = Some(r"(?i)(?:case|ticket) #([0-9]+)".to_owned());
    assert_eq!(validate(&draft), vec![]);
}

fn filter(name: &str, when: &str) -> FilterRule {
    FilterRule { name: name.to_owned(), when: when.to_owned() }
}

#[test]
fn filters_are_named_once_and_say_true_or_false() {
    let of = |filters: &[(&str, &str)]| {
        path_of(|draft| draft.filters = filters.iter().map(|(name, when)| filter(name, when)).collect())
    };
    let sound = ("newsletters", "message.automatic == 'BULK'");
    assert_eq!(of(&[sound, ("", "true")]), is("filters.1.name", "REQUIRED"));
    assert_eq!(of(&[("a\nb", "true")]), is("filters.0.name", "INVALID"));
    assert_eq!(of(&[sound, ("newsletters", "false")]), is("filters.1.name", "INVALID"));
    assert_eq!(of(&[sound, ("x", " ")]), is("filters.1.when", "REQUIRED"));
    for when in [
        "message.subjct == ''",
        "shout(message.subject)",
        "message.subject.matches('(')",
        "message.subject",
        "message.size + 1",
        "message.to.map(a, a.name)",
        "true ? 1 : 2",
        "message.subject ==",
    ] {
        assert_eq!(of(&[("x", when)]), is("filters.0.when", "INVALID"), "{when}");
    }
    let many: Vec<_> = (0..51).map(|n| filter(&n.to_string(), "true")).collect();
    assert_eq!(path_of(|draft| draft.filters = many), is("filters", "INVALID"));
}

#[test]
fn policies_are_checked() {
    for number in [-1, 10_001] {
        let found = path_of(|draft| draft.loop_protection.max_per_sender_per_10_min = number);
        assert_eq!(found, is("loopProtection.maxPerSenderPer10Min", "INVALID"));
    }
    for forwarder in
        ["", "ann", "@", "a@b", "a b@example.com", "*.example.com", "<a@example.com>", "a@b@example.com"]
    {
        let found = path_of(|draft| {
            draft.forwarding.trusted_forwarders = vec!["@example.com".to_owned(), forwarder.to_owned()];
        });
        assert_eq!(found, is("forwarding.trustedForwarders.1", "INVALID"), "{forwarder}");
    }
    let bytes = path_of(|draft| draft.attachments.ignore_inline_images_below = -1);
    assert_eq!(bytes, is("attachments.ignoreInlineImagesBelow", "INVALID"));
    let most = path_of(|draft| draft.attachments.max_size = Some(0));
    assert_eq!(most, is("attachments.maxSize", "INVALID"));
    for kind in ["", "pdf", "*/*", "image/", "image/p*", "a b/c"] {
        let found = path_of(|draft| {
            draft.attachments.ignore_types = vec!["image/*".to_owned(), kind.to_owned()];
        });
        assert_eq!(found, is("attachments.ignoreTypes.1", "INVALID"), "{kind}");
    }
}

#[test]
fn an_expression_that_never_gives_the_attributes_type_is_refused() {
    for (r#type, expression) in [
        (AttributeType::Integer, "message.subject == ''"),
        (AttributeType::Decimal, "message.to"),
        (AttributeType::Boolean, "message.size"),
        (AttributeType::DateTime, "message.size > 3"),
        (AttributeType::String, "message.from"),
    ] {
        let found = path_of_rule(|rule| {
            rule.r#type = r#type;
            rule.source = ValueSource::Expression(expression.to_owned());
        });
        assert_eq!(found, is("rules.1.source.expression", "INVALID"), "{expression}");
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let mut draft = sound();
    draft.name = String::new();
    draft.rules.push(rule("id", AttributeType::Json, ValueSource::Expression("message.".to_owned())));
    draft.correlation.reference_pattern = Some("(".to_owned());
    let paths: Vec<_> = validate(&draft).into_iter().map(|problem| problem.path.join(".")).collect();
    assert_eq!(
        paths,
        ["name", "rules.1.attribute", "rules.1.source.expression", "correlation.referencePattern"]
    );
}

#[test]
fn a_compiled_mapping_is_shared_by_all_workers() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<CompiledMapping>();
}

#[test]
fn the_expressions_and_templates_of_the_manual_work() {
    let manual = include_str!("../../../../docs/mapping.md");
    let source = regex::Regex::new(r#"(expression|template|when): ("(?:[^"\\]|\\.)*")"#).unwrap();
    let rules: Vec<_> = source
        .captures_iter(manual)
        .enumerate()
        .map(|(index, found)| {
            let text: String = serde_json::from_str(&found[2]).unwrap();
            let source = if &found[1] == "template" {
                ValueSource::Template(text)
            } else {
                ValueSource::Expression(text)
            };
            rule(&format!("a{index}"), AttributeType::Json, source)
        })
        .collect();
    assert!(rules.len() >= 8, "the examples are found");
    let draft = draft(rules);
    assert_eq!(validate(&draft), vec![]);
    let made = create(&compiled(&draft).values(&parsed(&message()))).unwrap();
    assert_eq!(made.get("a0"), Some(&json!("example.com")));
    assert_eq!(made.get("a7"), Some(&json!(2)));
}
