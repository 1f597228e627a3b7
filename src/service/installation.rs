//! What an installation has once, made at its first start.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::Error;
use crate::db::{self, Database};
use crate::domain::clock::Clock;
use crate::domain::installation::Installation;
use crate::domain::reply_token::ReplyKey;
use crate::secret::{self, KeyRing};

/// The installation. Made where there is none; of replicas that start together, one makes it.
pub async fn open(db: &Database, keys: &KeyRing, clock: &dyn Clock) -> Result<Installation, Error> {
    if let Some(installation) = read(db, keys).await? {
        seal_anew(db, keys, &installation).await?;
        return Ok(installation);
    }
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|_| secret::Error::NoRandom)?;
    let id = Uuid::now_v7();
    let encoded = SecretString::from(STANDARD.encode(bytes.as_ref()));
    let sealed = keys.seal(db::installation::TABLE, id, &encoded)?;
    db::installation::insert(db.write(), id, sealed, clock.now()).await?;
    read(db, keys).await?.ok_or_else(|| corrupt("it was not kept").into())
}

/// Under the ring's first key, so that an older one can be taken out of the ring after a start.
async fn seal_anew(db: &Database, keys: &KeyRing, installation: &Installation) -> Result<(), Error> {
    let Some((id, sealed)) = db::installation::get(db.write()).await? else { return Ok(()) };
    if !keys.is_current(&sealed) {
        let encoded = SecretString::from(STANDARD.encode(installation.reply_key.expose()));
        let sealed = keys.seal(db::installation::TABLE, id, &encoded)?;
        db::installation::seal(db.write(), id, sealed).await?;
    }
    Ok(())
}

async fn read(db: &Database, keys: &KeyRing) -> Result<Option<Installation>, Error> {
    // What was written a moment ago may not be seen through the readers' door.
    let Some((id, sealed)) = db::installation::get(db.write()).await? else { return Ok(None) };
    let encoded = keys.open(db::installation::TABLE, id, &sealed)?;
    let decoded = Zeroizing::new(STANDARD.decode(encoded.expose_secret()).unwrap_or_default());
    let bytes = <[u8; 32]>::try_from(decoded.as_slice()).map_err(|_| corrupt("the key has not 32 bytes"))?;
    Ok(Some(Installation { id, reply_key: ReplyKey::new(bytes) }))
}

fn corrupt(reason: &str) -> db::Error {
    db::Error::Corrupt { table: db::installation::TABLE, reason: reason.to_owned() }
}
