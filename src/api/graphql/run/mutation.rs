//! Starting and cancelling runs.

use async_graphql::{Context, ID, Object, SimpleObject};

use super::Run;
use crate::api::graphql::user_error::{UserError, outcome};
use crate::api::graphql::{ContextExt, Result, node};
use crate::domain::run;
use crate::service;
use crate::service::permit::JobsRun;

/// The run, or why nothing was done.
#[derive(SimpleObject)]
pub struct RunPayload {
    /// The run as it stands; null when it was refused.
    pub run: Option<Run>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Starting and cancelling runs.
#[derive(Default)]
pub struct RunMutation;

#[Object]
impl RunMutation {
    /// Run now; the answer comes at once (with the run that is queued or running, if there is one), progress by
    /// `runProgress`. Needs jobs:run.
    async fn run_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job's id.")] id: ID,
    ) -> Result<RunPayload> {
        let permit = ctx.permit::<JobsRun>()?;
        let Some(id) = node::decode(&id) else { return Ok(RunPayload::unknown()) };
        RunPayload::of(service::run::start(ctx.services()?, &permit, id).await)
    }

    /// Ends a queued run, and asks a running one to stop: what it committed stays, and the batch under way is finished
    /// or given up cleanly. Needs jobs:run.
    async fn cancel_run(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The run's id.")] id: ID,
    ) -> Result<RunPayload> {
        let permit = ctx.permit::<JobsRun>()?;
        let Some(id) = node::decode(&id) else { return Ok(RunPayload::unknown()) };
        RunPayload::of(service::run::cancel(ctx.services()?, &permit, id).await)
    }
}

impl RunPayload {
    fn of(done: Result<run::Run, service::Error>) -> Result<Self> {
        let (run, user_errors) = outcome(done)?;
        Ok(Self { run: run.map(Run), user_errors })
    }

    fn unknown() -> Self {
        Self { run: None, user_errors: vec![UserError::unknown_id()] }
    }
}
