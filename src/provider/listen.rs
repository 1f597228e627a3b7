//! A connection that waits for news of a folder, where the protocol has it.

use async_trait::async_trait;

use super::{Error, Position};
use crate::domain::job::Selection;
use crate::domain::watch::Ear;

/// Listens to folders. What it hears is only a hint: the listing stays the truth.
#[async_trait]
pub trait Listen: Send + Sync {
    /// Connects, and listens to one folder from then on. What came after `position` is the first thing heard; None: the
    /// folder was never listed, so that a run is due anyway. What is listened for depends on what the job takes.
    async fn listen(
        &self,
        folder: &str,
        position: Option<&Position>,
        selection: Selection,
    ) -> Result<Box<dyn Listener>, Error>;
}

/// A connection that listens. It holds little, because thousands of them wait at once.
#[async_trait]
pub trait Listener: Send {
    /// How it listens, now.
    fn ear(&self) -> Ear;

    /// Waits for the next news; all that has come by then is one. Keeps the connection alive meanwhile. After an error the
    /// connection is dropped.
    async fn heard(&mut self) -> Result<(), Error>;

    /// Says goodbye. Errors are of no interest.
    async fn close(self: Box<Self>);
}
