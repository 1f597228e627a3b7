//! Some mail every few seconds, as if people were writing.

use std::time::Duration;

use super::generate::{Generator, Reader};
use crate::state::State;

/// Delivers a message each time so much has passed; until it is dropped.
pub async fn run(state: State, seed: u64, every: Duration) {
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(10)));
    // The first is at once; the address may be read before mail comes.
    ticks.tick().await;
    let mut generator = Generator::new(seed, Vec::new());
    loop {
        ticks.tick().await;
        generator.read_by(readers(&state));
        if let Some((address, mail)) = generator.next(state.clock.now()) {
            // Who was taken away in between gets nothing.
            let _ = super::deliver(&state, &address, "inbox", mail);
        }
    }
}

/// Everyone with a mailbox.
pub fn readers(state: &State) -> Vec<Reader> {
    let world = state.world();
    let mailboxes = world.tenants.iter().flat_map(|tenant| tenant.mailboxes.values());
    mailboxes.map(|mailbox| (mailbox.name.clone(), mailbox.address.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[tokio::test]
    async fn messages_come_one_after_the_other() {
        let state = sample::state();
        let dripping = tokio::spawn(run(state.clone(), 1, Duration::from_millis(10)));
        let count = || {
            let world = state.world();
            world.tenants[0].mailboxes.values().map(|mailbox| mailbox.messages().count()).sum::<usize>()
        };
        let arrived = async {
            while count() < 5 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), arrived).await.unwrap();
        dripping.abort();
    }
}
