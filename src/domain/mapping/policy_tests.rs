//! What machines may do, what is ignored or left out, whose forwards are believed.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::fixture::{Place, message, noon, rule};
use super::rule::{AttributeType, MessageField, ValueSource};
use super::{AutomaticMailAction, Effect, FilterRule, Known, UpdateAction};
use crate::domain::message::MessageState;
use crate::domain::parsed::{
    Address, AutomaticKind, Forwarding, ForwardingKind, ParsedAttachment, ParsedMessage,
};

fn address(address: &str) -> Address {
    Address { name: None, address: address.to_owned() }
}

fn automatic(kind: AutomaticKind) -> ParsedMessage {
    ParsedMessage { automatic: Some(kind), ..message() }
}

fn about(reference: &str, kind: Option<AutomaticKind>) -> ParsedMessage {
    ParsedMessage { subject: format!("Re: {reference}"), automatic: kind, ..message() }
}

fn reason(effect: &Effect) -> String {
    assert_eq!(effect.state, MessageState::Ignored, "{effect:?}");
    assert_eq!((effect.instance_id, effect.created), (None, false));
    effect.reason.clone().unwrap_or_default()
}

fn filter(name: &str, when: &str) -> FilterRule {
    FilterRule { name: name.to_owned(), when: when.to_owned() }
}

#[test]
fn the_first_filter_that_holds_ignores_the_message_and_is_named() {
    let place = Place::of(|draft| {
        draft.filters = vec![
            filter("nobody", "message.from.address == 'nobody@example.com'"),
            filter("newsletters", "message.subject.contains('fire')"),
            filter("all", "true"),
        ];
    });
    let effect = place.one(place.known(&["INC-000001"]), &message());
    assert_eq!(reason(&effect), "The filter \"newsletters\" holds.");
    assert_eq!(effect.matched, None);
    let effect = place.one(place.known(&["INC-000001"]), &about("INC-1", None));
    assert_eq!(reason(&effect), "The filter \"all\" holds.", "filters are asked before anything is matched");
}

#[test]
fn a_filter_that_fails_on_a_message_does_not_ignore_it_and_a_note_says_so() {
    let place = Place::of(|draft| {
        draft.filters = vec![
            filter("absent header", "message.headers['x-none'] == 'yes'"),
            filter("no answer", "message.size > 0 ? message.sentAt : true"),
        ];
    });
    let effect = place.one(Known::default(), &message());
    assert!(effect.created);
    assert_eq!(effect.notes.len(), 2, "{:?}", effect.notes);
    assert!(
        effect.notes[0].starts_with("The filter \"absent header\" could not be asked: the expression asks")
    );
    assert!(effect.notes[1].contains("neither true nor false"));
}

#[test]
fn automatic_mail_does_what_its_kind_may() {
    use AutomaticKind::{AutoReply, Bounce, Bulk, Loop, MailingList};
    use AutomaticMailAction::{Ignore, Process, UpdateOnly};
    for (kind, action, new, known) in [
        (AutoReply, Process, "PROCESSED", "PROCESSED"),
        (AutoReply, UpdateOnly, "IGNORED", "PROCESSED"),
        (AutoReply, Ignore, "IGNORED", "IGNORED"),
        (Bounce, Process, "PROCESSED", "PROCESSED"),
        (Bounce, UpdateOnly, "IGNORED", "PROCESSED"),
        (Bounce, Ignore, "IGNORED", "IGNORED"),
        (Bulk, Process, "PROCESSED", "PROCESSED"),
        (Bulk, UpdateOnly, "IGNORED", "PROCESSED"),
        (MailingList, UpdateOnly, "IGNORED", "PROCESSED"),
        (MailingList, Ignore, "IGNORED", "IGNORED"),
        (Loop, Process, "IGNORED", "IGNORED"),
    ] {
        let place = Place::of(|draft| {
            let protection = &mut draft.loop_protection;
            (protection.auto_replies, protection.bounces, protection.bulk) = (Process, Process, Process);
            match kind {
                AutoReply => protection.auto_replies = action,
                Bounce => protection.bounces = action,
                Bulk | MailingList => protection.bulk = action,
                Loop => {}
            }
        });
        let effect = place.one(Known::default(), &automatic(kind));
        assert_eq!(effect.state.as_str(), new, "{kind} {action}, new");
        let effect = place.one(place.known(&["INC-000001"]), &about("INC-1", Some(kind)));
        assert_eq!(effect.state.as_str(), known, "{kind} {action}, known");
    }
}

#[test]
fn reasons_for_automatic_mail_are_sentences_that_say_what_it_is() {
    let place = Place::of(|draft| draft.loop_protection.bounces = AutomaticMailAction::Ignore);
    let of = |kind| reason(&place.one(Known::default(), &automatic(kind)));
    assert_eq!(of(AutomaticKind::Bounce), "It is a delivery report, and the mapping ignores such mail.");
    assert_eq!(
        of(AutomaticKind::AutoReply),
        "It is an automatic reply that belongs to no instance which it could update, and the mapping lets such mail \
         make none."
    );
    assert_eq!(of(AutomaticKind::Loop), "It goes round in a loop.");
}

/// PAINS C8: alga-psa#2772, zammad#731, osTicket#1041.
#[test]
fn automatic_mail_never_reopens_an_instance() {
    for kind in
        [AutomaticKind::AutoReply, AutomaticKind::Bounce, AutomaticKind::Bulk, AutomaticKind::MailingList]
    {
        for action in [AutomaticMailAction::Process, AutomaticMailAction::UpdateOnly] {
            let place = Place::of(|draft| {
                let protection = &mut draft.loop_protection;
                (protection.auto_replies, protection.bounces, protection.bulk) = (action, action, action);
            });
            let mut known = place.known(&["INC-000001"]);
            place.close(&mut known, "INC-000001");
            let effect = place.one(known, &about("INC-1", Some(kind)));
            assert_eq!(effect.instance_id, Some(place.id_of("INC-000001")), "{kind}");
            assert!(!effect.changed.unwrap_or_default().contains(&"open".to_owned()), "{kind}");
        }
    }
}

fn from(sender: &str, minutes: i64) -> (ParsedMessage, DateTime<Utc>) {
    let message = ParsedMessage { from: Some(address(sender)), ..automatic(AutomaticKind::AutoReply) };
    (message, noon() + TimeDelta::minutes(minutes))
}

fn limited(most: i32) -> Place {
    Place::of(|draft| {
        draft.loop_protection.auto_replies = AutomaticMailAction::Process;
        draft.loop_protection.max_per_sender_per_10_min = most;
    })
}

fn ignored(effects: &[Effect]) -> Vec<bool> {
    effects.iter().map(|effect| effect.state == MessageState::Ignored).collect()
}

/// PAINS C8: freescout#4143, freescout#688.
#[test]
fn a_storm_of_automatic_mail_is_ignored_beyond_the_number_and_people_never_are() {
    let mut mails: Vec<_> = [0, 1, 2, 3, 4].map(|minute| from("Robot@x.example", minute)).into();
    mails.push(from("other@x.example", 4));
    mails.push((ParsedMessage { from: Some(address("robot@x.example")), ..message() }, noon()));
    mails.push(from("robot@X.example", 30));
    let effects = limited(2).arriving(Known::default(), &mails);
    assert_eq!(ignored(&effects), [false, false, true, true, true, false, false, false]);
    assert_eq!(
        reason(&effects[2]),
        "Its sender sent more than 2 automatic messages within ten minutes: this may be a loop."
    );
    assert_eq!(ignored(&limited(0).arriving(Known::default(), &mails)), [false; 8], "0 is any number");
}

#[test]
fn what_is_ignored_counts_so_that_a_storm_stays_silenced_until_it_ends() {
    let mails: Vec<_> = (0..30).map(|minute| from("robot@x.example", minute)).collect();
    let effects = limited(3).arriving(Known::default(), &mails);
    assert_eq!(ignored(&effects), (0..30).map(|n| n >= 3).collect::<Vec<_>>());
}

proptest! {
    #[test]
    fn what_a_storm_loses_does_not_depend_on_the_batches(minutes in prop::collection::vec(0_i64..40, 1..25), cut in any::<prop::sample::Index>(), most in 1_i32..5) {
        let place = limited(most);
        let mails: Vec<_> = minutes.iter().map(|minute| from("robot@x.example", *minute)).collect();
        let whole = ignored(&place.arriving(Known::default(), &mails));
        let (first, second) = mails.split_at(cut.index(mails.len() + 1));
        let mut parts = ignored(&place.arriving(Known::default(), first));
        let mut stored = Known::default();
        for (_, received_at) in first {
            stored.found.count("robot@x.example".to_owned(), crate::domain::id::MessageId::new(), *received_at);
        }
        parts.extend(ignored(&place.arriving(stored, second)));
        prop_assert_eq!(whole, parts);
    }
}

fn attached(name: &str, content_type: &str, size: u64, inline: bool) -> ParsedAttachment {
    ParsedAttachment {
        part: 1,
        filename: name.to_owned(),
        content_type: content_type.to_owned(),
        size,
        inline,
        content_id: None,
        sha256: [0; 32],
    }
}

#[test]
fn attachments_are_left_out_by_size_and_type_with_a_note() {
    let place = Place::of(|draft| {
        draft.attachments.ignore_inline_images_below = 1_000;
        draft.attachments.ignore_types = vec!["Application/PGP-Signature".to_owned(), "audio/*".to_owned()];
        draft.attachments.max_size = Some(5_000);
    });
    let mut message = message();
    message.attachments = vec![
        attached("logo.png", "image/png", 999, true),
        attached("photo.png", "image/png", 1_000, true),
        attached("small.png", "image/png", 10, false),
        attached("sig.asc", "application/pgp-signature", 10, false),
        attached("song.mp3", "audio/mpeg", 10, false),
        attached("big.pdf", "application/pdf", 5_001, false),
        attached("fits.pdf", "application/pdf", 5_000, false),
    ];
    place.compiled.leave_out(&mut message);
    let names: Vec<_> = message.attachments.iter().map(|it| it.filename.as_str()).collect();
    assert_eq!(names, ["photo.png", "small.png", "fits.pdf"]);
    assert_eq!(message.notes, ["The mapping left out 4 attachments."]);
    let mut untouched = super::fixture::message();
    Place::of(|_| {}).compiled.leave_out(&mut untouched);
    assert_eq!(untouched, super::fixture::message());
}

fn forwarded(kind: ForwardingKind, by: &str) -> ParsedMessage {
    let forwarding = Forwarding {
        kind,
        by: Some(address(by)),
        sender: Some(address("Customer@far.example")),
        recipient: Some(address("help+INC-7@old.example")),
        evidence: None,
    };
    ParsedMessage { forwarding, ..message() }
}

fn forwards(trusted: &[&str]) -> Place {
    Place::of(|draft| {
        draft.forwarding.trusted_forwarders = trusted.iter().map(|it| (*it).to_owned()).collect();
        draft.correlation.strategies = vec![super::CorrelationStrategy::RecipientTag];
        let mut original =
            rule("author", AttributeType::String, ValueSource::Field(MessageField::OriginalSender));
        original.on_update = UpdateAction::Replace;
        draft.rules = vec![original];
    })
}

#[test]
fn only_a_trusted_forwarder_is_believed() {
    for (trusted, by, believed) in [
        (&[][..], "ann@company.example", true),
        (&[], "Ann@COMPANY.example", true),
        (&[], "ann@sub.company.example", false),
        (&[], "ann@stranger.example", false),
        (&["partner.example"], "ann@company.example", false),
        (&["partner.example"], "bob@Partner.example", true),
        (&["@partner.example"], "bob@partner.example", true),
        (&["bob@partner.example"], "bob@partner.example", true),
        (&["bob@partner.example"], "eve@partner.example", false),
        (&["partner.example"], "eve@notpartner.example", false),
        (&["partner.example"], "partner.example", false),
    ] {
        let place = forwards(trusted);
        let message = forwarded(ForwardingKind::Headers, by);
        let effect = place.one(place.known(&["INC-000007"]), &message);
        assert_eq!(effect.instance_id == Some(place.id_of("INC-000007")), believed, "{trusted:?} {by}");
        assert_eq!(effect.notes.is_empty(), believed, "{:?}", effect.notes);
        let author = place.treat(&message).values.get("author").cloned();
        let expected = if believed { "Customer@far.example" } else { "ann@example.com" };
        assert_eq!(author, Some(expected.into()), "{trusted:?} {by}");
    }
}

#[test]
fn a_forward_of_text_alone_is_refused_with_the_way_to_forward_instead() {
    let message = ParsedMessage {
        forwarding: Forwarding { kind: ForwardingKind::TextOnly, ..Forwarding::NONE },
        ..message()
    };
    let place = Place::of(|_| {});
    assert_eq!(
        reason(&place.one(Known::default(), &message)),
        "It was forwarded as text alone, which says nothing certain of the original. Forward it as an attachment, or \
         have the mail server forward or redirect it."
    );
    let tolerant = Place::of(|draft| draft.forwarding.refuse_text_only = false);
    assert!(tolerant.one(Known::default(), &message).created);
}
