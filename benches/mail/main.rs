//! What a message costs: parsed, mapped, made safe to show; beside mail-parser, by size.
//!
//! `cargo bench --bench mail -- --messages 20000 --rounds 5`; `--quick` for a look. The last line that it prints is
//! one JSON object. docs/benchmarks.md says what was measured and how to read it.
#![expect(clippy::unwrap_used, reason = "a benchmark that meets what it does not expect ends there")]
#![expect(clippy::expect_used, reason = "a benchmark that meets what it does not expect ends there")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod classes;
#[path = "../corpus/mod.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod corpus;
mod mapping;
mod steps;

use classes::Classes;
use corpus::Corpus;
use steps::Steps;

/// As the service has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often the HTML of a message is repeated, to see whether long HTML costs more than in proportion.
const TIMES: [usize; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

fn main() {
    let settings = Settings::from_arguments();
    let steps = Steps::new();
    let (mut all, mut alone, mut long) = (Classes::default(), Classes::default(), Classes::default());
    for (number, mail) in Corpus::of(settings.messages).iter().enumerate() {
        all.add(mail.raw.len(), steps.cost(&mail.raw, settings.rounds));
        if let Some(raw) = html_alone(&mail.raw, 1) {
            alone.add(raw.len(), steps.cost(&raw, settings.rounds));
        }
        if number % 20 == 0
            && let Some(raw) = html_alone(&mail.raw, TIMES[number / 20 % TIMES.len()])
        {
            long.add(raw.len(), steps.cost(&raw, settings.rounds));
        }
    }
    let mut object = serde_json::Map::new();
    for (name, key, classes) in [
        ("All mail", "all_mail", all),
        ("HTML alone", "html_alone", alone),
        ("HTML alone, repeated", "html_repeated", long),
    ] {
        classes.print(name);
        object.insert(key.to_owned(), classes.json());
    }
    println!("{}", serde_json::Value::Object(object));
}

/// The same message with its HTML so many times and without its text; None where it has none.
fn html_alone(raw: &[u8], times: usize) -> Option<Vec<u8>> {
    let html = mailroom::mail::html(raw)?;
    let header_end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let header = String::from_utf8_lossy(&raw[..header_end]);
    let mut out = String::new();
    let mut is_content = false;
    for line in header.split("\r\n") {
        if !line.starts_with([' ', '\t']) {
            let name = line.get(..8).unwrap_or_default().to_ascii_lowercase();
            is_content = name == "content-";
        }
        if !is_content {
            out.push_str(line);
            out.push_str("\r\n");
        }
    }
    out.push_str("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
    out.push_str(&html.repeat(times));
    Some(out.into_bytes())
}

/// What to measure, from the command line.
struct Settings {
    messages: usize,
    /// How often each step is repeated for a message; the least counts.
    rounds: usize,
}

impl Settings {
    fn from_arguments() -> Self {
        let mut settings = Self { messages: 5_000, rounds: 5 };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap().parse().expect("a number");
            match argument.as_str() {
                "--messages" => settings.messages = value(),
                "--rounds" => settings.rounds = value(),
                "--quick" => settings = Self { messages: 500, rounds: 2 },
                // Said by cargo.
                "--bench" => {}
                unknown => panic!("{unknown} is not known; see the top of benches/mail/main.rs"),
            }
        }
        settings
    }
}
