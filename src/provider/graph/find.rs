//! Finding messages by their Message-IDs.

use super::address::{id, literal};
use super::ask::Ask;
use super::refusal::{Kind, Refusal};
use super::reply::{Message, Page};
use super::{GENERATION, GraphSession};
use crate::domain::folder::Place;
use crate::provider::Error;

impl GraphSession {
    /// The only message of the folder that bears the Message-ID.
    pub(super) async fn find_only(
        &mut self,
        folder: &str,
        internet_message_id: &str,
    ) -> Result<Option<Place>, Error> {
        let folder_id = self.folder_id(folder).await?;
        let bare = internet_message_id.trim().trim_start_matches('<').trim_end_matches('>');
        if bare.is_empty() || bare.chars().any(char::is_control) {
            return Ok(None);
        }
        let filter = format!("internetMessageId eq {}", literal(&format!("<{bare}>")));
        let query = [("$filter", filter.as_str()), ("$select", "id,internetMessageId"), ("$top", "3")];
        let path = self.wire.address.path(&["mailFolders", &id(&folder_id), "messages"], &query);
        let page: Page<Message> = match self.wire.json(&Ask::read(self.wire.address.url(&path)?)).await {
            Ok(page) => page,
            Err(Error::Graph(Refusal { kind: Kind::FolderGone, .. })) => {
                self.folder_ids.remove(folder);
                return Err(Error::FolderNotFound { folder: folder.to_owned() });
            }
            Err(error) => return Err(error),
        };
        // The service compares without regard to case.
        let mut hits = page.value.into_iter().filter(|hit| hit.message_id().as_deref() == Some(bare));
        let (only, another) = (hits.next(), hits.next());
        Ok(only.filter(|hit| another.is_none() && page.next.is_none() && !hit.id.is_empty()).map(|hit| {
            Place {
                folder: folder.to_owned(),
                generation: Some(GENERATION.to_owned()),
                source_id: Some(hit.id),
            }
        }))
    }
}
