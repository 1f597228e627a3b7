//! Runs all parts until told to stop, and drains: no new work, what runs may finish within `http.drain_seconds`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::listen::Listeners;
use super::{App, Error};
use crate::api::auth::Authenticator;
use crate::api::graphql::{Backend, Executor, Limits};
use crate::api::health::ReadyCheck;
use crate::api::{self, Api, health, metrics};
use crate::config::{Config, Role};
use crate::event::bell::Bell;
use crate::worker;

impl App {
    /// Serves until `stop` is cancelled, then drains.
    pub async fn serve(self, stop: CancellationToken) -> Result<(), Error> {
        let listeners = Listeners::open(&self.config.http).await?;
        let recorder = metrics::install().map_err(|error| Error::Metrics(error.into()))?;
        let is = |role| self.config.worker.roles.contains(&role);
        let ready = self.ready_check(&stop);
        let observed = metrics::router(recorder).merge(health::router(Arc::clone(&ready)));
        let mut router = health::router(Arc::clone(&ready));
        if is(Role::Api) {
            router = self.api(ready, &stop);
        }
        let drain = Duration::from_secs(self.config.http.drain_seconds);
        let worker = is(Role::Worker).then(|| worker::start(self.worker_parts()));
        let address = listeners.api.local_addr().map_err(Error::Serve)?;
        tracing::info!(%address, api = is(Role::Api), worker = is(Role::Worker), "serving");
        if !self.services.db.has_one_writer() {
            tokio::spawn(self.bell().run(stop.clone()));
        }
        let identities = self.services.identities.clone();
        let working = async {
            stop.cancelled().await;
            if let Some(worker) = worker {
                worker.drain(drain).await;
            }
            identities.settled().await;
            Ok(())
        };
        let running = async {
            tokio::try_join!(
                http(listeners.api, router, stop.clone()),
                http(listeners.metrics, observed, stop.clone()),
                working,
            )
        };
        let too_long = async {
            stop.cancelled().await;
            tracing::info!(within = ?drain, "draining");
            tokio::time::sleep(drain).await;
        };
        tokio::select! {
            ended = running => ended.map(|_| tracing::info!("stopped")),
            () = too_long => {
                tracing::warn!("stopped with work unfinished: it is taken up again at the next start");
                Ok(())
            }
        }
    }

    fn bell(&self) -> Bell {
        Bell {
            db: self.services.db.clone(),
            listen_url: self.config.database.listen_url.clone(),
            wake: self.services.wake.clone(),
        }
    }

    fn api(&self, ready: ReadyCheck, stop: &CancellationToken) -> Router {
        let backend = Backend { services: self.services.clone() };
        let router = api::router(Api {
            graphql: Executor::new(backend, limits(&self.config)),
            auth: Authenticator::new(self.local_key.clone(), Arc::clone(&self.services.clock)),
            ready,
            graphiql: self.config.api.graphiql,
        });
        api::drain::streams_end_with(api::cors::allow(router, &self.config.http.cors_origins), stop)
    }

    /// Not ready while draining, so that no new requests are routed here, nor without the database.
    fn ready_check(&self, stop: &CancellationToken) -> ReadyCheck {
        let (db, stop) = (self.services.db.clone(), stop.clone());
        Arc::new(move || {
            let (db, stop) = (db.clone(), stop.clone());
            Box::pin(async move { !stop.is_cancelled() && db.ping().await.is_ok() })
        })
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        depth: config.api.max_depth,
        complexity: config.api.max_complexity,
        timeout: Duration::from_secs(config.http.request_timeout_seconds),
        body_bytes: config.http.request_max_bytes,
        ..Limits::default()
    }
}

async fn http(listener: TcpListener, router: Router, stop: CancellationToken) -> Result<(), Error> {
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    serving.await.map_err(Error::Serve)
}
