//! Jobs: the standing orders for folders of mailboxes.

mod input;

pub use input::{CreateJob, DispositionInput, FirstJob, HandlingInput, UpdateJob};

use super::permit::ConfigWrite;
use super::{Context, Error, Permit};
use crate::domain::id::JobId;
use crate::domain::job::Job;

/// Makes a job.
pub async fn create(_cx: &Context, _permit: &Permit<ConfigWrite>, _input: CreateJob) -> Result<Job, Error> {
    Err(Error::NotFound)
}

/// Changes a job. Another folder is listed from its start.
pub async fn update(_cx: &Context, _permit: &Permit<ConfigWrite>, _input: UpdateJob) -> Result<Job, Error> {
    Err(Error::NotFound)
}

/// Deletes a job and its runs. Messages stay.
pub async fn delete(_cx: &Context, _permit: &Permit<ConfigWrite>, _id: JobId) -> Result<(), Error> {
    Err(Error::NotFound)
}
