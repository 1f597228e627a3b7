//! The fuzz targets over their corpora, and over a bounded number of inputs made from them.
//!
//! `fuzz/` runs the same without an end, where nightly Rust and cargo-fuzz are at hand.

use std::panic::catch_unwind;
use std::path::Path;

use mailroom::mail;

use super::chance::Chance;
use super::corpus;

#[path = "../../fuzz/targets.rs"]
mod targets;

/// What was put into fuzz/corpus by hand.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(|entry| entry.unwrap());
    files.filter(|file| file.file_type().is_file()).map(|file| std::fs::read(file.path()).unwrap()).collect()
}

/// Runs a target over the seeds as they are, and `generated` times over damaged or new bytes.
fn run(target: fn(&[u8]), seeds: &[Vec<u8>], generated: usize) {
    assert!(!seeds.is_empty());
    let mut chance = Chance::new(5);
    let made = (0..generated).map(|number| match number % 8 {
        0 => (0..chance.below(300)).map(|_| chance.below(256) as u8).collect(),
        _ => chance.damaged(&seeds[number % seeds.len()]),
    });
    for data in seeds.iter().cloned().chain(made.collect::<Vec<_>>()) {
        if catch_unwind(|| target(&data)).is_err() {
            let kept = std::env::temp_dir().join("mailroom-fuzzed");
            std::fs::write(&kept, &data).unwrap();
            panic!("kept as {}: {}", kept.display(), String::from_utf8_lossy(&data).escape_debug());
        }
    }
}

#[test]
fn mail_of_any_bytes() {
    run(targets::mail, &corpus().into_iter().map(|(_, raw)| raw).collect::<Vec<_>>(), 300);
}

#[test]
fn html_of_any_bytes() {
    let seeds: Vec<_> =
        corpus().iter().filter_map(|(_, raw)| mail::html(raw)).map(String::into_bytes).collect();
    run(targets::html, &seeds, 1_000);
}

#[test]
fn mappings_of_any_bytes() {
    run(targets::mapping, &seeds("mapping"), 300);
}

#[test]
fn imap_answers_of_any_bytes() {
    run(targets::imap, &seeds("imap"), 200);
}

#[test]
fn cursors_of_any_bytes() {
    run(targets::cursor, &seeds("cursor"), 2_000);
}

#[test]
fn certificates_of_any_bytes() {
    let read = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates");
        std::fs::read(folder.join(name)).unwrap()
    };
    let mut seeds = vec![[read("certificate.pem"), read("key.pem")].concat()];
    for name in ["aes.pfx.b64", "legacy.pfx.b64", "open.pfx.b64"] {
        let plain: Vec<u8> = read(name).into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
        seeds.push(base64::Engine::decode(&base64::engine::general_purpose::STANDARD, plain).unwrap());
    }
    run(targets::certificate, &seeds, 200);
}
