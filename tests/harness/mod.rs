//! What the tests start: servers on free ports, in folders of their own, ended with their owner.

pub mod certs;
pub mod database;
pub mod description;
pub mod desk;
pub mod dovecot;
pub mod node;
pub mod office;
pub mod office365;
pub mod person;
pub mod pgbouncer;
pub mod postgres;
pub mod proxy;
pub mod rows;
pub mod script;
pub mod service;
#[cfg(test)]
mod smoke;
pub mod token_server;

use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A loopback port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Polls until the condition holds; fails with its name when it does not within the time.
pub fn wait_until(what: &str, within: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {within:?} in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}
