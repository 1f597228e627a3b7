//! How mail is reached: one contract for every provider, and the oddities of each.

mod contract;
mod graph;
mod graph_hooks;
mod graph_lies;
mod graph_odd;
mod imap;
mod imap_certificates;
mod imap_listen;
mod imap_odd;
mod imap_token;
