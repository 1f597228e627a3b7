//! Changes of jobs.

use async_graphql::{Context, ID, Object};

use super::Job;
use super::input::{CreateJobInput, UpdateJobInput};
use super::payload::JobPayload;
use crate::api::graphql::payload::DeletePayload;
use crate::api::graphql::user_error::outcome;
use crate::api::graphql::{ContextExt, Result, node};
use crate::service;
use crate::service::permit::ConfigWrite;

/// Changes of jobs.
#[derive(Default)]
pub struct JobMutation;

#[Object]
impl JobMutation {
    /// Makes a job. Needs config:write.
    async fn create_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new job.")] input: CreateJobInput,
    ) -> Result<JobPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        match input.resolve() {
            Ok(input) => payload(service::job::create(ctx.services()?, &permit, input).await),
            Err(user_errors) => Ok(JobPayload { job: None, user_errors }),
        }
    }

    /// Changes a job. Needs config:write.
    async fn update_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UpdateJobInput,
    ) -> Result<JobPayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        match input.resolve() {
            Ok(input) => payload(service::job::update(ctx.services()?, &permit, input).await),
            Err(user_errors) => Ok(JobPayload { job: None, user_errors }),
        }
    }

    /// Deletes a job with its runs; messages stay. Needs config:write.
    async fn delete_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job's id.")] id: ID,
    ) -> Result<DeletePayload> {
        let permit = ctx.permit::<ConfigWrite>()?;
        let Some(id) = node::decode(&id) else { return Ok(DeletePayload::unknown()) };
        DeletePayload::of(id, service::job::delete(ctx.services()?, &permit, id).await)
    }
}

fn payload(done: Result<crate::domain::job::Job, service::Error>) -> Result<JobPayload> {
    let (job, user_errors) = outcome(done)?;
    Ok(JobPayload { job: job.map(Job), user_errors })
}
