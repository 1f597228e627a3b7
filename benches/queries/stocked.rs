//! A service on a database that is filled.

use sqlx::PgPool;

use crate::cases::Case;
use crate::cost::{cpu_millis, family_cpu_millis, parent_of};
use crate::data::{self, Landmarks};
use crate::harness::database;
use crate::harness::postgres::Server;
use crate::harness::service::Service;
use crate::house::House;
use crate::kind::Kind;
use crate::load::Target;
use crate::settings::Settings;

/// A service on a database that is filled.
pub struct Stocked {
    /// Of its database.
    pub kind: Kind,
    /// Of its database.
    pub url: String,
    /// Places in its data.
    pub landmarks: Landmarks,
    service: Service,
    postmaster: Option<u32>,
    _folder: tempfile::TempDir,
}

impl Stocked {
    /// On a new database, or on the kept one.
    pub async fn open(settings: &Settings, kind: Kind, server: Option<&Server>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = settings.kept(kind).unwrap_or_else(|| match kind {
            Kind::Sqlite => format!("sqlite:{}", folder.path().join("mailroom.db").display()),
            Kind::Postgres => server.unwrap().database(),
        });
        // Nothing but the load shall keep it busy.
        let variables = [("MAILROOM_LOG__LEVEL", "warn"), ("MAILROOM_WORKER__ROLES", "api")];
        let mut service = Service::start_with(&url, &variables).await;
        let landmarks = data::ensure(&service, &url, settings.messages).await;
        let postmaster = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(settle(&url).await),
        };
        service.restart(&[]).await;
        Self { kind, url, landmarks, service, postmaster, _folder: folder }
    }

    /// Whom the load asks.
    pub fn target(&self) -> Target {
        let url = self.service.url("");
        Target {
            address: url.trim_start_matches("http://").to_owned(),
            token: self.service.token().to_owned(),
        }
    }

    /// CPU time so far, in milliseconds: the service's, and PostgreSQL's.
    pub fn cpu_millis(&self) -> [f64; 2] {
        [cpu_millis(self.service.pid()), self.postmaster.map_or(0.0, family_cpu_millis)]
    }

    /// How many statements each of the cases costs.
    pub async fn statements(&self, cases: &[Case]) -> Vec<usize> {
        let house = House::open(database::at(&self.url).await);
        let mut costs = Vec::new();
        for case in cases {
            costs.push(house.cost(&case.query, case.variables.clone()).await);
        }
        costs
    }
}

/// Does what autovacuum would do within minutes, before it disturbs a measurement; the process that all of
/// PostgreSQL's others descend from.
async fn settle(url: &str) -> u32 {
    let pool = PgPool::connect(url).await.unwrap();
    sqlx::query("VACUUM ANALYZE").execute(&pool).await.unwrap();
    let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&pool).await.unwrap();
    let parent = parent_of(backend.unsigned_abs()).unwrap();
    pool.close().await;
    parent
}
