//! mailroom: mail that arrives in a company's mailboxes becomes process instances, and everyone who needs to know is told.

pub mod api;
pub mod app;
pub mod blob;
pub mod cli;
pub mod config;
pub mod db;
pub mod domain;
pub mod event;
pub mod identity;
pub mod mail;
pub mod net;
pub mod pipeline;
pub mod provider;
pub mod secret;
pub mod service;
pub mod worker;
