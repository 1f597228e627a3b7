//! Telling other processes on the same PostgreSQL that there is something to look at (NOTIFY and LISTEN).

use sea_orm::{ConnectionTrait, Statement};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::{Database, Error};

/// Channels are by database: two installations on one server don't hear each other.
const CHANNEL: &str = "mailroom";

/// Tells everyone who listens, this process too. Needs no session of its own.
pub async fn notify(db: &Database, text: &str) -> Result<(), Error> {
    let db = db.write();
    let notify = "SELECT pg_notify($1, $2)";
    let values = [CHANNEL.into(), text.into()];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), notify, values)).await?;
    Ok(())
}

/// Hears what is told; a connection of its own.
pub struct Listener(PgListener);

impl Listener {
    /// Connects, and listens from now on. Whether anything comes is to be tried: a pooler in transaction mode takes the
    /// LISTEN and passes nothing on.
    pub async fn connect(url: &SecretString) -> Result<Self, Error> {
        let listening = async {
            let options: PgConnectOptions = url.expose_secret().parse()?;
            let options = options.extra_float_digits(None);
            let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await?;
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(CHANNEL).await?;
            Ok(Self(listener))
        };
        listening.await.map_err(of_sqlx)
    }

    /// The next text; None when the connection was lost and is to be made anew: what was told meanwhile was missed.
    pub async fn next(&mut self) -> Result<Option<String>, Error> {
        let told = self.0.try_recv().await.map_err(of_sqlx)?;
        Ok(told.map(|told| told.payload().to_owned()))
    }
}

fn of_sqlx(error: sqlx::Error) -> Error {
    Error::from(sea_orm::DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error.into())))
}
