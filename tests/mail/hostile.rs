//! Mails cut anywhere and changed at random: each is still taken all the way, in time that its size allows.
//!
//! `MAILROOM_HOSTILE_ROUNDS=100 cargo test --test it mail::hostile` does a hundred times as much.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::chance::Chance;
use super::corpus;
use super::whole::{all_the_way, mapping};

/// Of each mail so many prefixes, and so many changed copies.
const OF_EACH: usize = 3;
/// Unoptimised, a mail of the corpus takes about 3 ms and 1 µs a byte; tests run beside others.
const BASE: Duration = Duration::from_millis(400);
const A_BYTE: Duration = Duration::from_micros(20);

fn rounds() -> usize {
    let rounds = std::env::var_os("MAILROOM_HOSTILE_ROUNDS");
    rounds.map_or(1, |rounds| rounds.to_str().unwrap().parse().unwrap())
}

/// What this thread has used of a processor: the clock on the wall also counts the tests beside it.
fn used() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

/// Takes every changed mail all the way; names those that end otherwise, or late.
fn survive(seed: u64, mut change: impl FnMut(&mut Chance, &[u8]) -> Vec<u8>) {
    let (mapping, mut chance, mut faults) = (mapping(), Chance::new(seed), Vec::new());
    let mut taken = 0;
    for (name, raw) in corpus() {
        for _ in 0..OF_EACH * rounds() {
            let changed = change(&mut chance, &raw);
            let began = used();
            let ended = catch_unwind(AssertUnwindSafe(|| all_the_way(&changed, &mapping)));
            let (took, most) = (used() - began, BASE + A_BYTE * u32::try_from(changed.len()).unwrap());
            if ended.is_err() || took > most {
                let kept =
                    std::env::temp_dir().join(format!("mailroom-{}-{taken}.eml", name.replace('/', "-")));
                std::fs::write(&kept, &changed).unwrap();
                faults.push(format!("{name}: {} in {took:?}, kept as {}", ended.is_ok(), kept.display()));
            }
            taken += 1;
        }
    }
    assert!(faults.is_empty(), "{} of {taken}:\n{}", faults.len(), faults.join("\n"));
    assert!(taken >= 900, "only {taken} mails were taken");
}

#[test]
fn any_prefix_of_any_mail_is_taken_all_the_way() {
    survive(1, |chance, raw| raw[..chance.below(raw.len() + 1)].to_vec());
}

#[test]
fn any_mail_with_bytes_changed_at_random_is_taken_all_the_way() {
    survive(2, |chance, raw| chance.damaged(raw));
}

#[test]
fn any_two_mails_run_together_are_taken_all_the_way() {
    let mails = corpus();
    survive(3, |chance, raw| {
        let other = &mails[chance.below(mails.len())].1;
        let (first, second) = (chance.below(raw.len() + 1), chance.below(other.len() + 1));
        [&raw[..first], &other[second..]].concat()
    });
}

#[test]
fn a_body_of_five_million_bytes_is_mapped_in_time() {
    let raw =
        [&b"From: ann@sender.example\r\nSubject: big\r\n\r\n"[..], &b"aaaa aaab ".repeat(500_000)].concat();
    let (mapping, began) = (mapping(), used());
    let message = all_the_way(&raw, &mapping);
    assert!(message.notes.iter().any(|note| note.contains("text is longer")), "{:?}", message.notes);
    assert!(used() - began < Duration::from_secs(20), "{:?}", used() - began);
}
