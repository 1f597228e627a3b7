//! Who may reach an instance where the mapping trusts only its thread, and copies in several mailboxes.

use super::fixture::{Place, message};
use super::{Copy, CorrelationStrategy, Draft, Known, NoMatchAction, SameMessagePolicy};
use crate::domain::id::{InstanceId, MailboxId, MessageId};
use crate::domain::message::{MatchedBy, MessageState};
use crate::domain::parsed::{Address, Forwarding, ForwardingKind, ParsedMessage};

fn address(address: &str) -> Address {
    Address { name: None, address: address.to_owned() }
}

fn guarded(draft: &mut Draft) {
    draft.correlation.trusted_senders_only = true;
    draft.correlation.strategies = CorrelationStrategy::ALL.to_vec();
    draft.correlation.key_expression = Some("field(message.text, 'key')".to_owned());
}

/// What is known: INC-000042, which Ann began with a mail to the mailbox and to Bob.
fn known(place: &Place) -> Known {
    let mut known = place.known(&["INC-000042", "INC-000007"]);
    let first = ParsedMessage {
        to: vec![address("support@company.example")],
        cc: vec![address("Bob@partner.example")],
        text: "key: k".to_owned(),
        conversation_id: Some("c".to_owned()),
        internet_message_id: Some("first@x".to_owned()),
        ..message()
    };
    known.found.add_message(&place.signals(&first), place.id_of("INC-000042"));
    known
}

fn mail(from: &str) -> ParsedMessage {
    ParsedMessage {
        from: Some(address(from)),
        to: vec![address("support@company.example")],
        internet_message_id: Some("second@x".to_owned()),
        ..message()
    }
}

fn subject(from: &str) -> ParsedMessage {
    ParsedMessage { subject: "Re: INC-42".to_owned(), ..mail(from) }
}

/// PAINS E9: guessable references, C7: zammad#1033, znuny#384.
#[test]
fn guessable_references_from_a_stranger_update_nothing() {
    let place = Place::of(guarded);
    let eve = || mail("eve@stranger.example");
    for attack in [
        subject("eve@stranger.example"),
        ParsedMessage { new_text: "INC-42".to_owned(), ..eve() },
        ParsedMessage { to: vec![address("support+INC-42@company.example")], ..eve() },
        ParsedMessage { to: vec![address("support+INC-42.AAAAAAAAAAAAAAAA@company.example")], ..eve() },
        ParsedMessage { in_reply_to: vec!["first@x".to_owned()], ..eve() },
        ParsedMessage { conversation_id: Some("c".to_owned()), references: vec!["z@x".to_owned()], ..eve() },
        ParsedMessage { text: "key: k".to_owned(), ..eve() },
        ParsedMessage { subject: "[INC-000042:AAAAAAAAAAAAAAAA]".to_owned(), ..eve() },
        subject("support@company.example"),
        ParsedMessage { from: None, ..subject("") },
        subject(""),
    ] {
        let effect = place.one(known(&place), &attack);
        assert!(effect.created, "{attack:?}");
        assert_ne!(effect.instance_id, Some(place.id_of("INC-000042")));
        let evidence =
            effect.matched.map(|it| (it.by, it.evidence)).unwrap_or((MatchedBy::ByHand, String::new()));
        assert_eq!(evidence.0, MatchedBy::Nothing);
        assert!(
            evidence.1.ends_with("named INC-000042, but the sender is not on its thread."),
            "{}",
            evidence.1
        );
    }
}

#[test]
fn a_stranger_is_ignored_where_what_matches_nothing_is() {
    let place = Place::of(|draft| {
        guarded(draft);
        draft.correlation.on_no_match = NoMatchAction::Ignore;
    });
    let effect = place.one(known(&place), &subject("eve@stranger.example"));
    assert_eq!(effect.state, MessageState::Ignored);
    let evidence = effect.matched.map(|it| it.evidence).unwrap_or_default();
    assert_eq!(evidence, "INC-42 in the subject named INC-000042, but the sender is not on its thread.");
}

#[test]
fn who_is_on_the_thread_is_let_in_whatever_the_case_of_the_address() {
    let place = Place::of(guarded);
    for from in ["ann@example.com", "ANN@Example.com", "bob@partner.example"] {
        let effect = place.one(known(&place), &subject(from));
        assert_eq!(effect.instance_id, Some(place.id_of("INC-000042")), "{from}");
    }
    let introduced = [
        ParsedMessage { cc: vec![address("new@partner.example")], ..subject("bob@partner.example") },
        subject("new@partner.example"),
    ];
    let effects = place.all(known(&place), &introduced);
    assert_eq!(effects[1].instance_id, Some(place.id_of("INC-000042")), "Bob brought a colleague in");
}

#[test]
fn a_signed_token_lets_anyone_in_wherever_it_stands() {
    let place = Place::of(guarded);
    let token = place.installation.reply_key.token("incident", "INC-000042");
    let eve = || mail("eve@stranger.example");
    let tagged = format!("support+INC-000042.{token}@company.example");
    for message in [
        ParsedMessage { to: vec![address(&tagged)], ..eve() },
        ParsedMessage { to: vec![address(&tagged.to_lowercase())], ..eve() },
        ParsedMessage {
            in_reply_to: vec![format!("INC-000042.{token}.4f2a@mailroom.company.example")],
            ..eve()
        },
        ParsedMessage {
            references: vec![format!("INC-000042.{token}.4f2a@mailroom"), "z@x".to_owned()],
            ..eve()
        },
        ParsedMessage { subject: format!("Re: [INC-000042:{token}] Printer"), ..eve() },
        ParsedMessage { subject: "Re: INC-42".to_owned(), text: format!("> [INC-000042:{token}]"), ..eve() },
    ] {
        let effect = place.one(known(&place), &message);
        assert_eq!(effect.instance_id, Some(place.id_of("INC-000042")), "{message:?}");
    }
}

#[test]
fn a_token_is_good_for_its_own_instance_alone() {
    let place = Place::of(guarded);
    let token = place.installation.reply_key.token("incident", "INC-000042");
    let other = Place::of(|draft| {
        guarded(draft);
        draft.process = "order".to_owned();
    });
    let foreign = other.installation.reply_key.token("order", "INC-000042");
    for (named, token) in [("INC-000007", &token), ("INC-000042", &foreign)] {
        let message = ParsedMessage {
            subject: format!("Re: [{named}:{token}]"),
            in_reply_to: vec![format!("{named}.{token}.4f2a@mailroom")],
            ..mail("eve@stranger.example")
        };
        assert!(place.one(known(&place), &message).created, "{named}");
    }
}

#[test]
fn a_reply_to_what_mailroom_sent_finds_its_instance_by_the_signed_message_id() {
    let place = Place::of(|draft| draft.correlation.strategies = vec![CorrelationStrategy::ThreadHeaders]);
    let token = place.installation.reply_key.token("incident", "INC-000042");
    let id = format!("INC-000042.{token}.4f2a@mailroom.company.example");
    let effect =
        place.one(known(&place), &ParsedMessage { in_reply_to: vec![id.clone()], ..mail("ann@example.com") });
    assert_eq!(effect.instance_id, Some(place.id_of("INC-000042")));
    assert_eq!(effect.matched.map(|it| it.evidence), Some(format!("In-Reply-To <{id}>")));
    let forged = "INC-000042.AAAAAAAAAAAAAAAA.4f2a@mailroom.company.example".to_owned();
    assert!(
        place
            .one(known(&place), &ParsedMessage { in_reply_to: vec![forged], ..mail("ann@example.com") })
            .created
    );
}

#[test]
fn where_one_strategy_names_what_the_sender_may_not_reach_the_next_is_asked() {
    let place = Place::of(guarded);
    let mut known = known(&place);
    let eves =
        ParsedMessage { internet_message_id: Some("eves@x".to_owned()), ..mail("eve@stranger.example") };
    known.found.add_message(&place.signals(&eves), place.id_of("INC-000007"));
    let message = ParsedMessage { in_reply_to: vec!["eves@x".to_owned()], ..subject("eve@stranger.example") };
    let effect = place.one(known, &message);
    assert_eq!(effect.instance_id, Some(place.id_of("INC-000007")));
}

#[test]
fn the_original_author_counts_where_the_forwarder_is_trusted() {
    let place = Place::of(guarded);
    let forwarded = |by: &str| ParsedMessage {
        forwarding: Forwarding {
            kind: ForwardingKind::Headers,
            by: Some(address(by)),
            sender: Some(address("Ann@example.com")),
            recipient: None,
            evidence: None,
        },
        ..subject(by)
    };
    let trusted = place.one(known(&place), &forwarded("colleague@company.example"));
    assert_eq!(trusted.instance_id, Some(place.id_of("INC-000042")));
    assert!(place.one(known(&place), &forwarded("eve@stranger.example")).created);
}

fn joining(draft: &mut Draft) {
    draft.correlation.same_message = SameMessagePolicy::JoinFirst;
}

fn with_copies(place: &Place, message: &ParsedMessage, copies: &[(MailboxId, &str)]) -> Known {
    let mut known = Known::default();
    let same = place.signals(message).same;
    for (mailbox_id, reference) in copies {
        place.add_of(&mut known, reference, *mailbox_id);
        let instance_id: InstanceId = place.id_of(reference);
        let copy = Copy { message_id: MessageId::new(), mailbox_id: *mailbox_id, instance_id };
        if let Some(same) = &same {
            known.found.add_copy(same, copy);
        }
    }
    known
}

/// PAINS C1: zammad#1578, C3: osTicket#866, freescout#2807.
#[test]
fn the_same_message_joins_the_instance_of_the_mailbox_that_had_it_first() {
    let place = Place::of(joining);
    let (first, second) = (MailboxId::new(), MailboxId::new());
    let copies = [(first, "INC-000001"), (second, "INC-000002"), (first, "INC-000003")];
    let effects = place.all(with_copies(&place, &message(), &copies), &[message(), message(), message()]);
    let ids: Vec<_> = effects.iter().map(|effect| effect.instance_id).collect();
    assert_eq!(ids[0], Some(place.id_of("INC-000001")));
    assert_eq!(
        ids[1],
        Some(place.id_of("INC-000003")),
        "the second copy here belongs to the second one there"
    );
    assert!(effects[2].created, "there is no third one there");
    let matched = effects[0].matched.clone().map(|it| (it.by, it.evidence, it.created));
    let evidence = "Message-ID <one@example.com>, which another mailbox took in with the same content";
    assert_eq!(matched, Some((MatchedBy::SameMessage, evidence.to_owned(), false)));
    assert_eq!(effects[0].changed, None, "nothing is applied twice");
}

#[test]
fn identical_messages_in_one_mailbox_are_two_messages() {
    let place = Place::of(joining);
    let effects = place.all(Known::default(), &[message(), message()]);
    assert!(effects.iter().all(|effect| effect.created));
}

#[test]
fn each_mailbox_makes_its_own_unless_the_mapping_says_otherwise() {
    let place = Place::of(|_| {});
    assert_eq!(place.signals(&message()).same, None);
    let joins = Place::of(joining);
    for id in [None, Some("<>".to_owned()), Some(" ".to_owned())] {
        let nameless = ParsedMessage { internet_message_id: id, ..message() };
        assert_eq!(joins.signals(&nameless).same, None, "what has no Message-ID is not known to be the same");
    }
    let changed = ParsedMessage { fingerprint: [1; 32], ..message() };
    assert_ne!(joins.signals(&changed).same, joins.signals(&message()).same);
}
