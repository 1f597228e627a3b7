//! A session whose worker lends the mailbox's place while the server keeps it waiting.

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use super::places::Place;
use crate::domain::folder::{Folder, Place as Where};
use crate::domain::intake::Listed;
use crate::provider::{
    Disposed, Error, Fetched, ListPage, Order, Position, PurgeOrder, Purged, Session, Unread, Wanted,
};

/// The session, and the place.
pub(super) struct Lending<'p> {
    pub(super) session: Box<dyn Session>,
    pub(super) place: &'p mut Place,
}

#[async_trait]
impl Session for Lending<'_> {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        self.place.while_waiting(self.session.folders()).await
    }

    async fn list(&mut self, folder: &str, position: Option<&Position>) -> Result<ListPage, Error> {
        self.place.while_waiting(self.session.list(folder, position)).await
    }

    fn tells_changes(&self) -> bool {
        self.session.tells_changes()
    }

    async fn unread(&mut self, folder: &str, told: &[String]) -> Result<Vec<Unread>, Error> {
        self.place.while_waiting(self.session.unread(folder, told)).await
    }

    async fn identify(&mut self, folder: &str, listed: Vec<Listed>) -> Result<Vec<Listed>, Error> {
        self.place.while_waiting(self.session.identify(folder, listed)).await
    }

    async fn fetch<'a>(
        &'a mut self,
        folder: &str,
        wanted: &[Wanted],
    ) -> Result<BoxStream<'a, Result<Fetched, Error>>, Error> {
        let stream = self.place.while_waiting(self.session.fetch(folder, wanted)).await?;
        let lending = stream::unfold((stream, &mut *self.place), |(mut stream, place)| async move {
            let fetched = place.while_waiting(stream.next()).await?;
            Some((fetched, (stream, place)))
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
        self.place.while_waiting(self.session.find(folder, internet_message_id)).await
    }

    async fn purge(&mut self, orders: &[PurgeOrder]) -> Result<Vec<Purged>, Error> {
        self.place.while_waiting(self.session.purge(orders)).await
    }

    async fn close(self: Box<Self>) {
        self.session.close().await;
    }
}
