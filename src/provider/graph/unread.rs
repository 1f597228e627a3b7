//! Which messages are unread now, by a look at each.

use super::address::id;
use super::batch::{self, Part};
use super::refusal::{Kind, Refusal};
use super::{GraphSession, dispose};
use crate::provider::{Error, Unread};

impl GraphSession {
    pub(super) async fn unread_of(&mut self, folder: &str, told: &[String]) -> Result<Vec<Unread>, Error> {
        let folder_id = self.folder_id(folder).await?;
        let mut unread = Vec::new();
        for chunk in told.chunks(self.wire.batch_size()) {
            let looks: Vec<Part> = chunk
                .iter()
                .map(|one| {
                    let query = [("$select", dispose::LOOK)];
                    Part::read(self.wire.address.path(&["messages", &id(one)], &query))
                })
                .collect();
            for (source_id, answer) in chunk.iter().zip(self.wire.batch(&looks).await?) {
                let message = match answer {
                    Ok(body) => batch::message(body),
                    Err(Refusal { kind: Kind::ItemGone, .. }) => continue,
                    Err(refusal) => return Err(Error::Graph(refusal)),
                };
                if message.is_read == Some(false) && message.parent_folder_id.as_ref() == Some(&folder_id) {
                    unread.push(Unread { source_id: source_id.clone(), version: message.version() });
                }
            }
        }
        Ok(unread)
    }
}
