//! The figures by size: a table for people, an object for scripts.

use std::time::Duration;

use serde_json::{Value, json};

use crate::steps::Cost;

/// Upper ends in bytes, and their names.
const ENDS: [(usize, &str); 6] = [
    (4 << 10, "≤ 4 KB"),
    (16 << 10, "≤ 16 KB"),
    (64 << 10, "≤ 64 KB"),
    (256 << 10, "≤ 256 KB"),
    (1 << 20, "≤ 1 MB"),
    (usize::MAX, "bigger"),
];

/// What a step costs, of a message's cost; None where it had nothing to do.
type Step = (&'static str, fn(&Cost) -> Option<Duration>);

const STEPS: [Step; 4] = [
    ("mail_parser", |cost| Some(cost.mail_parser)),
    ("parse", |cost| Some(cost.parse)),
    ("parse_and_map", |cost| Some(cost.mapped)),
    ("safe_html", |cost| cost.safe),
];

/// Costs of messages with their sizes.
#[derive(Default)]
pub struct Classes(Vec<(usize, Cost)>);

impl Classes {
    pub fn add(&mut self, size: usize, cost: Cost) {
        self.0.push((size, cost));
    }

    pub fn print(&self, title: &str) {
        println!("\n{title}: {} messages; CPU time in microseconds, median / p99; MB/s", self.0.len());
        println!("{:<10}{:>9}  mail-parser | parse | parse and map | safe HTML", "size", "messages");
        for (name, class) in self.classes() {
            let figures = STEPS.map(|(_, step)| {
                let times = times(&class, step);
                let rate = rate(&class, step).map(|rate| format!("; {rate:.0}")).unwrap_or_default();
                format!("{:.0} / {:.0}{rate}", at(&times, 50), at(&times, 99))
            });
            println!("{name:<10}{:>9}  {}", class.len(), figures.join(" | "));
        }
    }

    pub fn json(&self) -> Value {
        let classes = self.classes().into_iter().map(|(name, class)| {
            let steps = STEPS.map(|(step, of)| {
                let times = times(&class, of);
                let figures = json!({
                    "median_us": at(&times, 50).round(), "p99_us": at(&times, 99).round(),
                    "megabytes_per_second": rate(&class, of).map(f64::round),
                });
                (step.to_owned(), figures)
            });
            let mut object: serde_json::Map<_, _> = steps.into_iter().collect();
            object.insert("messages".to_owned(), json!(class.len()));
            (name.to_owned(), Value::Object(object))
        });
        Value::Object(classes.collect())
    }

    /// Those that have messages, and all together.
    fn classes(&self) -> Vec<(&'static str, Vec<(usize, Cost)>)> {
        let mut from = 0;
        let mut classes = Vec::new();
        for (end, name) in ENDS {
            let class: Vec<_> =
                self.0.iter().filter(|(size, _)| (from..=end).contains(size)).copied().collect();
            if !class.is_empty() {
                classes.push((name, class));
            }
            from = end.saturating_add(1);
        }
        classes.push(("all", self.0.clone()));
        classes
    }
}

/// In microseconds, ascending.
fn times(class: &[(usize, Cost)], step: fn(&Cost) -> Option<Duration>) -> Vec<f64> {
    let mut times: Vec<f64> =
        class.iter().filter_map(|(_, cost)| step(cost)).map(|time| time.as_secs_f64() * 1e6).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn at(times: &[f64], percent: usize) -> f64 {
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Megabytes of raw mail in a second; None for a step that does not look at all of it.
fn rate(class: &[(usize, Cost)], step: fn(&Cost) -> Option<Duration>) -> Option<f64> {
    let times: Option<Vec<Duration>> = class.iter().map(|(_, cost)| step(cost)).collect();
    let seconds = times?.iter().sum::<Duration>().as_secs_f64();
    let bytes = class.iter().map(|(size, _)| *size as f64).sum::<f64>();
    (seconds > 0.0).then_some(bytes / 1e6 / seconds)
}
