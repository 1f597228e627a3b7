//! A session whose worker lends the mailbox's place while the server keeps it waiting, and which waits for no answer any more
//! once there is a reason to stop. Changes are waited for in any case: half done, nobody would know what was.

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use tokio::sync::watch;

use super::places::Place;
use crate::domain::folder::{Folder, Place as Where};
use crate::domain::intake::Listed;
use crate::pipeline::Stop;
use crate::provider::{
    Disposed, Error, Fetched, ListPage, Order, Position, PurgeOrder, Purged, Session, Unread, Wanted,
};

/// The session, and the place.
pub(super) struct Lending<'p> {
    pub(super) session: Box<dyn Session>,
    pub(super) place: &'p mut Place,
    /// Why to stop, once there is a reason.
    pub(super) stop: watch::Receiver<Option<Stop>>,
}

/// An answer that changes nothing at the server, waited for until there is a reason to stop: then the connection is closed.
/// What that reason is, whoever asked knows by the [`crate::pipeline::Hold`].
async fn unless_stopped<T>(
    mut stop: watch::Receiver<Option<Stop>>,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::select! {
        biased;
        answered = answer => answered,
        Ok(_) = stop.wait_for(Option::is_some) => Err(Error::Closed { midway: true }),
    }
}

#[async_trait]
impl Session for Lending<'_> {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.place.while_waiting(unless_stopped(self.stop.clone(), self.session.folders())).await
    }

    async fn list(&mut self, folder: &str, position: Option<&Position>) -> Result<ListPage, Error> {
        self.place.while_waiting(unless_stopped(self.stop.clone(), self.session.list(folder, position))).await
    }

    fn tells_changes(&self) -> bool {
        self.session.tells_changes()
    }

    async fn unread(&mut self, folder: &str, told: &[String]) -> Result<Vec<Unread>, Error> {
        self.place.while_waiting(unless_stopped(self.stop.clone(), self.session.unread(folder, told))).await
    }

    async fn identify(&mut self, folder: &str, listed: Vec<Listed>) -> Result<Vec<Listed>, Error> {
        self.place
            .while_waiting(unless_stopped(self.stop.clone(), self.session.identify(folder, listed)))
            .await
    }

    async fn fetch<'a>(
        &'a mut self,
        folder: &str,
        wanted: &[Wanted],
    ) -> Result<BoxStream<'a, Result<Fetched, Error>>, Error> {
        let stop = self.stop.clone();
        let opening = unless_stopped(stop.clone(), self.session.fetch(folder, wanted));
        let stream = self.place.while_waiting(opening).await?;
        let begun = (Some(stream), &mut *self.place, stop);
        let lending = stream::unfold(begun, |(stream, place, stop)| async move {
            let mut stream = stream?;
            let next = async { Ok(stream.next().await) };
            match place.while_waiting(unless_stopped(stop.clone(), next)).await {
                Ok(fetched) => Some((fetched?, (Some(stream), place, stop))),
                Err(stopped) => Some((Err(stopped), (None, place, stop))),
            }
        });
        Ok(lending.boxed())
    }

    async fn dispose(&mut self, folder: &str, orders: &[Order]) -> Result<Vec<Disposed>, Error> {
        self.place.while_waiting(self.session.dispose(folder, orders)).await
    }

    fn orders_at_once(&self) -> usize {
        self.session.orders_at_once()
    }

    async fn find(&mut self, folder: &str, internet_message_id: &str) -> Result<Option<Where>, Error> {
        let found = self.session.find(folder, internet_message_id);
        self.place.while_waiting(unless_stopped(self.stop.clone(), found)).await
    }

    async fn purge(&mut self, orders: &[PurgeOrder]) -> Result<Vec<Purged>, Error> {
        self.place.while_waiting(self.session.purge(orders)).await
    }

    async fn close(self: Box<Self>) {
        self.session.close().await;
    }
}
