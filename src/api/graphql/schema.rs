//! The resources, and the schema that they make. A new resource is its folder and its names here.

use std::sync::LazyLock;

use async_graphql::{MergedObject, MergedSubscription, Request, SDLExportOptions, SchemaBuilder};

use super::context::Backend;
use super::credential::{CredentialLoader, CredentialMutation, CredentialQuery};
use super::error::ErrorCode;
use super::executor::Limits;
use super::instance::{InstanceLoader, InstanceMutation, InstanceQuery};
use super::job::{JobLoader, JobMutation, JobQuery, JobsOfMailboxLoader, WatchLoader};
use super::loader;
use super::mailbox::{
    MailboxLoader, MailboxMutation, MailboxQuery, MailboxesOfCredentialLoader, ProviderQuery,
};
use super::mapping::{MailboxOfMappingLoader, MappingLoader, MappingMutation, MappingQuery};
use super::message::{MessageLoader, MessageMutation, MessageQuery};
use super::node::NodeQuery;
use super::reader::Reader;
use super::run::{RunLoader, RunMutation, RunQuery, RunSubscription};
use super::schedule::ScheduleQuery;
use super::server::ServerQuery;
use super::viewer::ViewerQuery;
use crate::domain::access::Caller;

/// What can be read. Lists are paged, and what a caller may not see does not exist for it.
#[derive(MergedObject, Default)]
pub struct Query(
    NodeQuery,
    ViewerQuery,
    ServerQuery,
    CredentialQuery,
    MailboxQuery,
    ProviderQuery,
    MappingQuery,
    JobQuery,
    ScheduleQuery,
    RunQuery,
    MessageQuery,
    InstanceQuery,
);

/// What can be changed. Refusals that a caller can mend are in `userErrors`, and then nothing was changed.
#[derive(MergedObject, Default)]
pub struct Mutation(
    CredentialMutation,
    MailboxMutation,
    MappingMutation,
    JobMutation,
    RunMutation,
    MessageMutation,
    InstanceMutation,
);

/// What can be followed.
#[derive(MergedSubscription, Default)]
pub struct Subscription(RunSubscription);

/// The whole schema.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<ErrorCode>()
        // It names fields that a caller may not know of.
        .disable_suggestions()
}

/// The schema over the services, within the limits.
pub fn build(backend: &Backend, limits: Limits) -> Schema {
    builder().limit_depth(limits.depth).limit_complexity(limits.complexity).data(backend.clone()).finish()
}

/// Puts into a request what its resolvers find: the caller, and the loaders of every resource.
pub fn with_request_data(request: Request, backend: &Backend, caller: Caller) -> Request {
    let services = &backend.services;
    let database = || services.db.clone();
    request
        .data(loader::new(MessageLoader(Reader::new(services, &caller))))
        .data(loader::new(InstanceLoader(Reader::new(services, &caller))))
        .data(loader::new(RunLoader(Reader::new(services, &caller))))
        .data(loader::new(WatchLoader(Reader::new(services, &caller))))
        .data(caller)
        .data(loader::new(CredentialLoader(database())))
        .data(loader::new(MailboxLoader(database())))
        .data(loader::new(MailboxesOfCredentialLoader(database())))
        .data(loader::new(MappingLoader(database())))
        .data(loader::new(MailboxOfMappingLoader(database())))
        .data(loader::new(JobLoader(database())))
        .data(loader::new(JobsOfMailboxLoader(database())))
}

/// The schema in its own language: sorted, the same for the same code.
pub fn sdl() -> &'static str {
    static SDL: LazyLock<String> = LazyLock::new(|| {
        let options = SDLExportOptions::new()
            .sorted_fields()
            .sorted_arguments()
            .sorted_enum_items()
            .include_specified_by()
            .use_space_ident();
        let text = builder().finish().sdl_with_options(options);
        // The library ends lines with blanks here and there.
        let lines: Vec<_> = text.lines().map(str::trim_end).collect();
        format!("{}\n", lines.join("\n").trim())
    });
    &SDL
}
