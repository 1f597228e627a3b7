//! The fuzz targets over their corpora, and over a bounded number of inputs made from them.
//!
//! `fuzz/` runs the same without an end, where nightly Rust and cargo-fuzz are at hand.

use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sandbox::dice::Dice;

#[path = "../fuzz/targets.rs"]
mod targets;

/// What was put into fuzz/corpus by hand.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// The same with bytes exchanged, left out, doubled or put in from elsewhere.
fn damaged(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = dice.pick(seeds).unwrap().clone();
    let other = dice.pick(seeds).unwrap().clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len() as u64 + 1) as usize;
        let to = (at + dice.below(12) as usize).min(bytes.len());
        match dice.below(6) {
            0 => drop(bytes.splice(at..to, [dice.roll() as u8])),
            1 => drop(bytes.splice(at..to, [])),
            2 => drop(bytes.splice(at..at, bytes[at..to].repeat(3))),
            3 => bytes.truncate(at),
            4 => {
                let from = dice.below(other.len() as u64 + 1) as usize;
                let until = (from + dice.below(40) as usize).min(other.len());
                drop(bytes.splice(at..at, other[from..until].to_vec()));
            }
            _ => {
                let odd: [&[u8]; 8] = [b"\0", b"\r\n", b"\n", b"'", b"(", b"%", b"\xff", "\u{e4}".as_bytes()];
                drop(bytes.splice(at..to, dice.pick(&odd).unwrap().to_vec()));
            }
        }
    }
    bytes
}

/// Runs a target over its seeds as they are, and over damaged and new bytes, for at most a few seconds.
fn run(name: &str, target: fn(&[u8]), generated: usize) {
    let seeds = seeds(name);
    assert!(!seeds.is_empty());
    // Other inputs each time, and as long as is wanted: `MAILROOM_FUZZ_SECONDS=60 cargo test -p sandbox fuzzed`.
    #[expect(clippy::disallowed_methods, reason = "who runs it says how long")]
    let longer: Option<u64> =
        std::env::var("MAILROOM_FUZZ_SECONDS").ok().map(|seconds| seconds.parse().unwrap());
    let mut dice = Dice::new(longer.map_or(5, |_| u64::from(std::process::id())));
    let generated = longer.map_or(generated, |_| usize::MAX - seeds.len());
    let most = Duration::from_secs(longer.unwrap_or(5));
    let began = Instant::now();
    for number in 0..seeds.len() + generated {
        let data = match seeds.get(number) {
            Some(seed) => seed.clone(),
            None if number % 8 == 0 => (0..dice.below(300)).map(|_| dice.roll() as u8).collect(),
            None => damaged(&mut dice, &seeds),
        };
        if catch_unwind(|| target(&data)).is_err() {
            let kept = std::env::temp_dir().join(format!("sandbox-fuzzed-{name}"));
            std::fs::write(&kept, &data).unwrap();
            panic!("kept as {}: {}", kept.display(), String::from_utf8_lossy(&data).escape_debug());
        }
        if number >= seeds.len() && began.elapsed() > most {
            break;
        }
    }
}

#[test]
fn query_options_of_any_bytes() {
    run("odata", targets::odata, 5_000);
}

#[test]
fn mail_of_any_bytes_is_written_anew_with_all_its_parts() {
    run("mime", targets::mime, 3_000);
}

#[test]
fn an_mbox_of_any_bytes() {
    run("mbox", targets::mbox, 3_000);
}

#[test]
fn smtp_of_any_bytes() {
    run("smtp", targets::smtp, 200);
}

#[test]
fn rules_of_any_bytes() {
    run("pattern", targets::pattern, 5_000);
}

#[test]
fn a_batch_of_any_bytes() {
    run("batch", targets::batch, 500);
}

#[test]
fn tokens_and_assertions_of_any_bytes() {
    run("token", targets::token, 300);
}

#[test]
fn paths_of_any_bytes() {
    run("request", targets::request, 500);
}

#[test]
fn bodies_of_any_bytes() {
    run("body", targets::body, 300);
}

/// A thousand times deeper than any mail, query or body that someone means.
#[test]
fn what_is_nested_without_an_end_ends_no_stack() {
    let around = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times)).into_bytes()
    };
    let filters = [
        around("(", "isRead", ")", 200_000),
        around("not ", "isRead", "", 200_000),
        around("isRead and ", "isRead", "", 200_000),
        around("categories/any(c:", "c eq 'x'", ")", 100_000),
        around("attachments($expand=", "x", ")", 100_000),
    ];
    for text in filters {
        let each = [text.as_slice(), b"\n", &text, b"\n", &text, b"\n", &text, b"\n", &text].concat();
        targets::odata(&each);
        targets::pattern(&each);
    }
    let nested = around("[", "1", "]", 200_000);
    targets::batch(&nested);
    targets::batch(&[br#"{"requests":"#.as_slice(), &nested, b"}"].concat());
    targets::body(&around(r#"{"message":"#, "1", "}", 200_000));
    targets::pattern(&[b"x = ".as_slice(), &nested].concat());
    targets::token(format!("{0}.{0}.{0}", URL_SAFE_NO_PAD.encode(&nested)).as_bytes());
    let brackets = "(".repeat(100_000);
    targets::mime(format!("To: {brackets}\r\nSubject: {brackets}\r\n\r\nx").as_bytes());
    targets::mime(
        &[b"Content-Type: text/html\r\n\r\n".as_slice(), &around("<div>", "x", "</div>", 100_000)].concat(),
    );
    targets::mime(&around("Content-Type: message/rfc822\r\n\r\n", "Subject: x\r\n\r\nx\r\n", "", 100_000));
    let boundaries: String = (0..20_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
        .collect();
    let began = Instant::now();
    targets::mime(boundaries.as_bytes());
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
