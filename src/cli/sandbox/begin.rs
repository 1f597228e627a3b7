//! The state that a sandbox begins with.

use std::path::Path;

use ::sandbox::faults::Scenario;
use ::sandbox::input::{self, drip, files, generate::Generator};
use ::sandbox::state::State;
use ::sandbox::{sample, snapshot, world::Mailbox};
use anyhow::Context as _;

use super::Args;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Style, note};

/// The state to begin with: of the snapshot, else the sample tenant with mail.
pub(super) fn state(args: &Args) -> Result<State, Failure> {
    let saved = args.snapshot.as_ref().filter(|path| path.exists());
    let state = match saved {
        Some(path) => {
            let state = State::default();
            snapshot::load(&state, path)?;
            state
        }
        None => sample::state(),
    };
    let begins_empty = saved.is_none() && args.import.is_empty();
    let made_up = args.messages.unwrap_or(if begins_empty { 100 } else { 0 });
    let mut generator = Generator::new(args.seed, drip::readers(&state));
    for (address, mail) in generator.history(made_up, state.clock.now()) {
        input::deliver(&state, &address, "inbox", mail)?;
    }
    for path in &args.import {
        import(&state, path, args)?;
    }
    if let Some(path) = &args.scenario {
        Scenario::read(path)?.apply(&state)?;
    }
    Ok(state)
}

/// Takes in what can be read; a bad file gets a sentence and ends nothing.
fn import(state: &State, path: &Path, args: &Args) -> Result<(), Failure> {
    std::fs::metadata(path).with_context(|| format!("--import {}", path.display()))?;
    make_mailbox(state, &args.mailbox);
    let (mut taken, mut failed) = (0_usize, None);
    files::read(path, &mut |mail| match mail {
        Ok(mail) if failed.is_none() => match input::deliver(state, &args.mailbox, &args.folder, mail) {
            Ok(_) => taken += 1,
            Err(error) => failed = Some(error),
        },
        Ok(_) => {}
        Err(error) => {
            let cause =
                std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            note(format_args!("{} {error}{cause}", output::styled("skipped", Style::Yellow)));
        }
    });
    failed.map_or(Ok(()), Err)?;
    note(format_args!("took {taken} messages from {}", path.display()));
    Ok(())
}

fn make_mailbox(state: &State, address: &str) {
    let mut world = state.world_mut();
    let is_there = world.tenants.iter().any(|tenant| tenant.mailbox(address).is_some());
    if let Some(tenant) = world.tenants.first_mut().filter(|_| !is_there) {
        let mailbox = Mailbox::new(::sandbox::random::uuid(), address, address);
        tenant.mailboxes.insert(mailbox.id, mailbox);
    }
}
