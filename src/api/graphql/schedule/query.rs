//! Schedules that need not be saved.

use async_graphql::{Context, Object, SimpleObject};

use super::input::ScheduleInput;
use super::object::Schedule;
use crate::api::graphql::user_error::{UserError, outcome};
use crate::api::graphql::{ContextExt, Result};
use crate::service;
use crate::service::permit::RunRead;

/// Queries for schedules.
#[derive(Default)]
pub struct ScheduleQuery;

/// A schedule, or why it can't be one.
#[derive(SimpleObject)]
pub struct SchedulePreviewPayload {
    /// As it would be saved.
    schedule: Option<Schedule>,
    /// What is wrong with it.
    user_errors: Vec<UserError>,
}

#[Object]
impl ScheduleQuery {
    /// The coming instants of a schedule that need not be saved. Needs config:read or jobs:run.
    async fn preview_schedule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The schedule.")] schedule: ScheduleInput,
    ) -> Result<SchedulePreviewPayload> {
        let permit = ctx.permit::<RunRead>()?;
        let schedule = match schedule.resolve(&["schedule"]) {
            Ok(schedule) => schedule,
            Err(user_errors) => return Ok(SchedulePreviewPayload { schedule: None, user_errors }),
        };
        let (schedule, user_errors) =
            outcome(service::schedule::preview(ctx.services()?, &permit, schedule))?;
        Ok(SchedulePreviewPayload { schedule: schedule.map(Schedule), user_errors })
    }
}
