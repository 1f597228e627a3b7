//! mailroom: mail that arrives in a company's mailboxes becomes process instances, and everyone who needs to know is told.

pub mod config;
