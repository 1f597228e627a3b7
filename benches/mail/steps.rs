//! The steps that are measured, each alone on its thread's own clock.

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, Utc};
use mailroom::domain::mapping::{CompiledMapping, Parsed};
use mailroom::mail::{Limits, parse, safe_html};
use rustix::time::{ClockId, clock_gettime};

use crate::mapping;

/// CPU time of one message, a step each.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// mail-parser alone on the same bytes.
    pub mail_parser: Duration,
    /// `mail::parse`: with text, new text, fingerprint, hashes of attachments.
    pub parse: Duration,
    /// The same, and what a mapping of seven rules makes of it.
    pub mapped: Duration,
    /// Its HTML made safe to show, where it has any.
    pub safe: Option<Duration>,
}

/// All that the steps need.
pub struct Steps {
    limits: Limits,
    mapping: CompiledMapping,
    noon: DateTime<Utc>,
}

impl Steps {
    pub fn new() -> Self {
        let noon = DateTime::from_timestamp(1_795_341_600, 0).expect("an instant");
        Self { limits: Limits::default(), mapping: mapping::compiled(), noon }
    }

    /// The least of so many rounds: what other programs take is not its cost.
    pub fn cost(&self, raw: &[u8], rounds: usize) -> Cost {
        let parsed = parse(raw, &self.limits).expect("it can be parsed");
        let least = |step: &mut dyn FnMut()| (0..rounds).map(|_| cpu_time(step)).min().unwrap_or_default();
        Cost {
            mail_parser: least(&mut || {
                black_box(mail_parser::MessageParser::default().parse(black_box(raw)));
            }),
            parse: least(&mut || {
                let _ = black_box(parse(black_box(raw), &self.limits));
            }),
            mapped: least(&mut || {
                let message = parse(black_box(raw), &self.limits).expect("it can be parsed");
                let parsed = Parsed { message: &message, received_at: self.noon };
                let _ = black_box(self.mapping.treat(&parsed));
            }),
            safe: parsed.html.as_deref().map(|html| {
                least(&mut || {
                    black_box(safe_html(black_box(html), false, &|id| Some(format!("/files/{id}"))));
                })
            }),
        }
    }
}

/// What `step` takes of this thread's own clock, which stands still while others run.
fn cpu_time(step: &mut dyn FnMut()) -> Duration {
    let before = thread_clock();
    step();
    thread_clock().saturating_sub(before)
}

fn thread_clock() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}
