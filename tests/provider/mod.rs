//! How mail is reached: one contract for every provider, and the oddities of each.

mod contract;
mod imap;
mod imap_certificates;
mod imap_odd;
mod imap_token;
