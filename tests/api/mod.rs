//! The API as clients meet it: served on a port, asked by clients that others wrote.

mod access;
mod audits;
mod configuration;
mod documented;
mod hooks;
mod limits;
mod nullability;
mod schedules;
mod served;
