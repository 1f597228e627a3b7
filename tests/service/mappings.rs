//! Mappings: what can't work is refused, prefixes belong to processes.

use mailroom::db;
use mailroom::db::mapping::MappingFilter;
use mailroom::domain::id::MappingId;
use mailroom::domain::mapping::{
    AttachmentPolicy, AutomaticMailAction, Correlation, CorrelationStrategy, FilterRule, ForwardingPolicy,
    LoopProtection, MessageField, SameMessagePolicy, ValueSource,
};
use mailroom::domain::page::PageRequest;
use mailroom::service::Patch;
use mailroom::service::mailbox::{CreateMailbox, create as create_mailbox};
use mailroom::service::mapping::{CreateMapping, UpdateMapping, create, delete, update};

use super::{Office, credential, mailbox, mapping, refusals, rule};
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_mapping_is_stored_as_it_was_given,
    a_rule_that_can_not_work_is_named_by_its_path,
    a_prefix_belongs_to_one_process_until_nothing_uses_it,
    names_are_taken_once_and_versions_are_checked,
    absent_rules_stay_and_null_empties_them,
    one_that_a_mailbox_uses_can_not_be_deleted,
    free_mappings_are_listed_with_the_own_one,
    what_it_says_beside_its_rules_is_stored_kept_and_cleared,
    a_filter_a_key_and_a_policy_that_can_not_work_are_named_by_their_paths,
);

fn change(id: MappingId) -> UpdateMapping {
    UpdateMapping {
        id,
        name: Patch::Keep,
        process: Patch::Keep,
        reference_prefix: Patch::Keep,
        rules: Patch::Keep,
        correlation: Patch::Keep,
        filters: Patch::Keep,
        loop_protection: Patch::Keep,
        forwarding: Patch::Keep,
        attachments: Patch::Keep,
        expected_version: None,
    }
}

async fn a_mapping_is_stored_as_it_was_given(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.mapping("incidents").await;
    assert_eq!(db::mapping::get(office.cx.db.read(), made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(made.correlation, Correlation::default());
}

async fn a_rule_that_can_not_work_is_named_by_its_path(fresh: Fresh) {
    let office = Office::open(fresh);
    let broken = CreateMapping {
        rules: vec![
            rule("title", ValueSource::Field(MessageField::Subject)),
            rule("from", ValueSource::Expression("message.subject +".to_owned())),
        ],
        ..mapping("incidents")
    };
    let refused = refusals(create(&office.cx, &office.permit, broken).await);
    assert_eq!(refused, ["INVALID rules.1.source.expression"]);
    let nul = CreateMapping {
        rules: vec![rule("title", ValueSource::Constant("a\0b".into()))],
        ..mapping("incidents")
    };
    assert!(
        refusals(create(&office.cx, &office.permit, nul).await)
            .iter()
            .all(|at| at.starts_with("INVALID rules.0"))
    );
    let nameless = CreateMapping { name: " ".to_owned(), ..mapping("") };
    assert_eq!(refusals(create(&office.cx, &office.permit, nameless).await), ["REQUIRED name"]);
    let filter = MappingFilter::default();
    assert_eq!(db::mapping::count(office.cx.db.read(), &filter).await.unwrap(), 0);
}

async fn a_prefix_belongs_to_one_process_until_nothing_uses_it(fresh: Fresh) {
    let office = Office::open(fresh);
    let first = office.mapping("incidents").await;
    let second = office.mapping("incidents of another desk").await;
    let other = CreateMapping { process: "change".to_owned(), ..mapping("changes") };
    assert_eq!(refusals(create(&office.cx, &office.permit, other.clone()).await), ["TAKEN referencePrefix"]);
    let moved = UpdateMapping { process: Patch::Set("change".to_owned()), ..change(first.id) };
    assert_eq!(refusals(update(&office.cx, &office.permit, moved.clone()).await), ["TAKEN referencePrefix"]);
    delete(&office.cx, &office.permit, second.id).await.unwrap();
    // No reference was given, and the mapping is the only one with it.
    update(&office.cx, &office.permit, moved).await.unwrap();
    create(&office.cx, &office.permit, other).await.unwrap();
}

async fn names_are_taken_once_and_versions_are_checked(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.mapping("incidents").await;
    let again = create(&office.cx, &office.permit, mapping("incidents")).await;
    assert_eq!(refusals(again), ["TAKEN name"]);
    let rename = |name: &str| UpdateMapping {
        name: Patch::Set(name.to_owned()),
        expected_version: Some(1),
        ..change(made.id)
    };
    let (one, two) = tokio::join!(
        update(&office.cx, &office.permit, rename("one")),
        update(&office.cx, &office.permit, rename("two")),
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(won.unwrap().version, 2);
    assert_eq!(refusals(lost), ["CONFLICT expectedVersion"]);
    let unknown = update(&office.cx, &office.permit, change(MappingId::new())).await;
    assert_eq!(refusals(unknown), ["NOT_FOUND id"]);
}

async fn absent_rules_stay_and_null_empties_them(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.mapping("incidents").await;
    let renamed = UpdateMapping { name: Patch::Set("other".to_owned()), ..change(made.id) };
    let renamed = update(&office.cx, &office.permit, renamed).await.unwrap();
    assert_eq!((renamed.rules, renamed.correlation), (made.rules, made.correlation));
    let nulls = UpdateMapping {
        name: Patch::Clear,
        process: Patch::Clear,
        reference_prefix: Patch::Clear,
        ..change(made.id)
    };
    let refused = refusals(update(&office.cx, &office.permit, nulls).await);
    assert_eq!(refused, ["REQUIRED name", "REQUIRED process", "REQUIRED referencePrefix"]);
}

async fn one_that_a_mailbox_uses_can_not_be_deleted(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = office.mapping("incidents").await;
    let user =
        CreateMailbox { new_credential: Some(credential("c")), mapping_id: Some(made.id), ..mailbox("desk") };
    create_mailbox(&office.cx, &office.permit, user).await.unwrap();
    assert_eq!(refusals(delete(&office.cx, &office.permit, made.id).await), ["IN_USE id"]);
    let unknown = delete(&office.cx, &office.permit, MappingId::new()).await;
    assert_eq!(refusals(unknown), ["NOT_FOUND id"]);
}

async fn free_mappings_are_listed_with_the_own_one(fresh: Fresh) {
    let office = Office::open(fresh);
    let used = office.mapping("used").await;
    office.mapping("free").await;
    let user =
        CreateMailbox { new_credential: Some(credential("c")), mapping_id: Some(used.id), ..mailbox("desk") };
    let user = create_mailbox(&office.cx, &office.permit, user).await.unwrap();
    let names = async |filter: MappingFilter| {
        let db = office.cx.db.read();
        let page = db::mapping::list(db, &filter, &PageRequest::default()).await.unwrap();
        assert_eq!(db::mapping::count(db, &filter).await.unwrap(), page.items.len() as u64);
        page.items.into_iter().map(|mapping| mapping.name).collect::<Vec<_>>().join(" ")
    };
    let any = MappingFilter::default;
    assert_eq!(names(any()).await, "free used");
    assert_eq!(names(MappingFilter { available: Some(true), ..any() }).await, "free");
    assert_eq!(names(MappingFilter { available: Some(false), ..any() }).await, "used");
    let own = MappingFilter { available: Some(true), for_mailbox_id: Some(user.id), ..any() };
    assert_eq!(names(own).await, "free used");
    assert_eq!(names(MappingFilter { process: Some("change".to_owned()), ..any() }).await, "");
    assert_eq!(names(MappingFilter { search: Some("FRE".to_owned()), ..any() }).await, "free");
}

fn full(name: &str) -> CreateMapping {
    CreateMapping {
        correlation: Some(Correlation {
            strategies: CorrelationStrategy::ALL.to_vec(),
            key_expression: Some("message.subject".to_owned()),
            same_message: SameMessagePolicy::JoinFirst,
            trusted_senders_only: true,
            ..Correlation::default()
        }),
        filters: vec![FilterRule { name: "all".to_owned(), when: "true".to_owned() }],
        loop_protection: Some(LoopProtection {
            auto_replies: AutomaticMailAction::Ignore,
            bounces: AutomaticMailAction::Process,
            bulk: AutomaticMailAction::UpdateOnly,
            max_per_sender_per_10_min: 7,
        }),
        forwarding: Some(ForwardingPolicy {
            trusted_forwarders: vec!["example.com".to_owned()],
            refuse_text_only: false,
        }),
        attachments: Some(AttachmentPolicy {
            ignore_inline_images_below: 1,
            ignore_types: vec!["image/*".to_owned()],
            max_size: Some(2),
        }),
        ..mapping(name)
    }
}

async fn what_it_says_beside_its_rules_is_stored_kept_and_cleared(fresh: Fresh) {
    let office = Office::open(fresh);
    let made = create(&office.cx, &office.permit, full("incidents")).await.unwrap();
    let stored = db::mapping::get(office.cx.db.read(), made.id).await.unwrap().unwrap();
    assert_eq!(stored, made);
    assert_eq!(stored.loop_protection.max_per_sender_per_10_min, 7);
    let kept = update(&office.cx, &office.permit, change(made.id)).await.unwrap();
    assert_eq!((kept.filters, kept.attachments), (made.filters, made.attachments));
    let cleared = UpdateMapping {
        filters: Patch::Clear,
        loop_protection: Patch::Clear,
        forwarding: Patch::Clear,
        attachments: Patch::Clear,
        ..change(made.id)
    };
    update(&office.cx, &office.permit, cleared).await.unwrap();
    let stored = db::mapping::get(office.cx.db.read(), made.id).await.unwrap().unwrap();
    assert_eq!((stored.filters, stored.loop_protection), (Vec::new(), LoopProtection::default()));
    assert_eq!(
        (stored.forwarding, stored.attachments),
        (ForwardingPolicy::default(), AttachmentPolicy::default())
    );
}

async fn a_filter_a_key_and_a_policy_that_can_not_work_are_named_by_their_paths(fresh: Fresh) {
    let office = Office::open(fresh);
    let mut broken = full("incidents");
    broken.filters.push(FilterRule { name: "text".to_owned(), when: "message.subject".to_owned() });
    broken.correlation.as_mut().unwrap().key_expression = Some("shout(message.subject)".to_owned());
    broken.forwarding.as_mut().unwrap().trusted_forwarders.push("nobody".to_owned());
    broken.attachments.as_mut().unwrap().ignore_types.push("a\0/b".to_owned());
    let refused = refusals(create(&office.cx, &office.permit, broken).await);
    assert_eq!(
        refused,
        [
            "INVALID correlation.keyExpression",
            "INVALID filters.1.when",
            "INVALID forwarding.trustedForwarders.1",
            "INVALID attachments.ignoreTypes.1",
            "INVALID attachments",
        ]
    );
}
