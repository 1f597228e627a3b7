//! Office 365 from end to end: the service against the sandbox tenant, set up over the API as an administrator does.
//!
//! | file | holds |
//! |---|---|
//! | `taken_in` | mail becomes instances, originals end where the handling says |
//! | `odd` | every odd thing that a mailbox holds |
//! | `crawl` | a big folder for the first time, killed, or with its position lost |
//! | `watch` | notifications: told, forged, lost, doubled; subscriptions renewed and made anew |
//! | `outage` | a tenant that answers nobody for a while |
//! | `states` | why mailboxes can not be read, told apart |

mod crawl;
mod odd;
mod outage;
mod states;
mod taken_in;
mod watch;
