//! Following runs.

use async_graphql::{Context, ID, Subscription};
use futures::{Stream, StreamExt};

use super::Run;
use crate::api::graphql::{ContextExt, Error, Result, node};
use crate::event::hub::Topic;
use crate::service;
use crate::service::permit::RunRead;

/// Following runs.
#[derive(Default)]
pub struct RunSubscription;

#[Subscription]
impl RunSubscription {
    /// By exactly one of the two. A run's progress: now, then at each change, until it ends; with `jobId` it goes on
    /// with the job's next runs. Needs jobs:run or config:read.
    async fn run_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The run to follow.")] run_id: Option<ID>,
        #[graphql(desc = "The job whose runs to follow.")] job_id: Option<ID>,
    ) -> Result<impl Stream<Item = Result<Run>> + use<>> {
        let permit = ctx.permit::<RunRead>()?;
        let topic = match (run_id, job_id) {
            (Some(run), None) => node::decode(&run).map(Topic::Run).ok_or("run"),
            (None, Some(job)) => node::decode(&job).map(Topic::Job).ok_or("job"),
            _ => {
                return Err(Error::InvalidArgument("Give exactly one of `runId` and `jobId`.".to_owned()));
            }
        };
        let topic = topic.map_err(|what| Error::NotFound(format!("There is no {what} with this id.")))?;
        let runs = service::run::follow(ctx.services()?, &permit, topic).await?;
        Ok(runs.map(|run| run.map(Run).map_err(Error::from)))
    }
}
