//! Refresh tokens, held under the row lock of their credential while they are used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::db::{self, Database};
use crate::domain::id::CredentialId;
use crate::identity::{HeldRefreshToken, KeepError, RefreshTokens};
use crate::secret::{KeyRing, SecretString};

/// So often a new refresh token is written before it is given up.
const TRIES: u32 = 6;
/// The pause after the first time; doubled after each other.
const PAUSE: Duration = Duration::from_millis(200);

/// The refresh tokens of the database.
pub struct Keeper {
    db: Database,
    keys: Arc<KeyRing>,
    /// Where there is one process and one writer, a lock in the database would stop all other writing while a token
    /// endpoint is asked: then this takes its place.
    turns: Mutex<HashMap<CredentialId, Weak<Turn<()>>>>,
    /// A lock in the database holds a connection while a token endpoint is asked: most are left to all others.
    connections: Arc<Semaphore>,
}

impl Keeper {
    /// Those of this database, sealed with these keys.
    pub fn new(db: Database, keys: Arc<KeyRing>) -> Self {
        let connections = Arc::new(Semaphore::new((db.writers() / 4).max(1) as usize));
        Self { db, keys, turns: Mutex::default(), connections }
    }

    fn turn(&self, id: CredentialId) -> Arc<Turn<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = turns.get(&id).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::new(Turn::new(()));
        turns.insert(id, Arc::downgrade(&turn));
        turn
    }
}

#[async_trait]
impl RefreshTokens for Keeper {
    async fn hold(&self, id: CredentialId) -> Result<Option<Box<dyn HeldRefreshToken>>, KeepError> {
        let db = self.db.clone();
        let (lock, sealed) = if self.db.has_one_writer() {
            let turn = self.turn(id).lock_owned().await;
            if db::credential::get(self.db.read(), id).await.map_err(failed)?.is_none() {
                return Ok(None);
            }
            let sealed = db::credential::sealed(self.db.read(), id).await.map_err(failed)?;
            (Lock::Turn(turn), sealed)
        } else {
            let connection = Arc::clone(&self.connections).acquire_owned().await.map_err(failed)?;
            let tx = self.db.begin().await.map_err(failed)?;
            if db::credential::lock(&tx, id).await.map_err(failed)?.is_none() {
                return Ok(None);
            }
            let sealed = db::credential::sealed(&tx, id).await.map_err(failed)?;
            (Lock::Row { tx, _connection: connection }, sealed)
        };
        let sealed = sealed.refresh_token;
        let open = |sealed: &Vec<u8>| self.keys.open(db::credential::TABLE, id.0, sealed);
        let token = sealed.as_ref().map(open).transpose().map_err(failed)?;
        Ok(Some(Box::new(Held { id, db, keys: Arc::clone(&self.keys), lock, sealed, token })))
    }
}

enum Lock {
    Turn(OwnedMutexGuard<()>),
    Row { tx: db::Transaction, _connection: OwnedSemaphorePermit },
}

struct Held {
    id: CredentialId,
    db: Database,
    keys: Arc<KeyRing>,
    lock: Lock,
    /// As it was read.
    sealed: Option<Vec<u8>>,
    token: Option<SecretString>,
}

#[async_trait]
impl HeldRefreshToken for Held {
    fn token(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }

    async fn replace(self: Box<Self>, new: &SecretString) -> Result<(), KeepError> {
        let Self { id, db, keys, lock, sealed, .. } = *self;
        let new = keys.seal(db::credential::TABLE, id.0, new).map_err(failed)?;
        let was = sealed.as_deref().unwrap_or_default();
        let _turn = match lock {
            Lock::Turn(turn) => Some(turn),
            Lock::Row { tx, _connection } => {
                match commit(tx, id, was, new.clone()).await {
                    Ok(()) => return Ok(()),
                    // Such as a database that ends transactions which wait. It is the only copy.
                    Err(error) => {
                        tracing::warn!(credential = %id, error = &error as &dyn std::error::Error, "a refresh token could not be kept under its lock: once more without it")
                    }
                }
                None
            }
        };
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            if db::credential::rotate(db.write(), id, was, new.clone()).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        db::credential::rotate(db.write(), id, was, new).await.map_err(failed)
    }
}

/// A person may have given another one in the meantime: that stands.
async fn commit(tx: db::Transaction, id: CredentialId, was: &[u8], new: Vec<u8>) -> Result<(), db::Error> {
    db::credential::rotate(&tx, id, was, new).await?;
    Ok(tx.commit().await?)
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> KeepError {
    Arc::new(error)
}
