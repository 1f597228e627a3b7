//! The figures: a table for people, one JSON object for scripts.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::kind::Kind;
use crate::settings::Settings;
use crate::taken_in::TakenIn;

/// All that was measured.
pub struct Report<'a> {
    settings: &'a Settings,
    /// Of all messages together.
    pub bytes: u64,
    floors: Vec<(Kind, Duration)>,
    services: Vec<(Kind, TakenIn)>,
    huge: Vec<(Kind, TakenIn)>,
    mbsync: Vec<(bool, Duration)>,
    lags: Vec<(Kind, Duration)>,
}

impl<'a> Report<'a> {
    pub fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            bytes: 0,
            floors: vec![],
            services: vec![],
            huge: vec![],
            mbsync: vec![],
            lags: vec![],
        }
    }

    pub fn floor(&mut self, kind: Kind, took: Duration) {
        eprintln!("  floor on {}: {:.0} messages/s", kind.name(), self.rate(took));
        self.floors.push((kind, took));
    }

    pub fn service(&mut self, kind: Kind, taken: TakenIn) {
        eprintln!("  mailroom on {}: {}", kind.name(), self.told(&taken));
        self.services.push((kind, taken));
    }

    pub fn huge(&mut self, kind: Kind, taken: TakenIn) {
        eprintln!("  mailroom on {}: {}", kind.name(), self.told(&taken));
        self.huge.push((kind, taken));
    }

    pub fn mbsync(&mut self, fsync: bool, took: Duration) {
        let how = if fsync { "with its default FSync" } else { "with FSync no" };
        eprintln!("  mbsync {how}: {:.0} messages/s", self.rate(took));
        self.mbsync.push((fsync, took));
    }

    /// How far search was behind at half the full rate.
    pub fn lag(&mut self, kind: Kind, behind: Duration) {
        eprintln!("  search on {}: p99 {:.2} s behind at half the rate", kind.name(), behind.as_secs_f64());
        self.lags.push((kind, behind));
    }

    /// Messages a second that were taken in, the median so far.
    pub fn rate_of(&self, kind: Kind) -> Option<f64> {
        let of_kind = self.services.iter().filter(|(of, _)| *of == kind);
        median(of_kind.map(|(_, taken)| self.rate(taken.took)).collect())
    }

    /// The table, then the object.
    pub fn print(&self) {
        let mut object = Map::new();
        let mut put = |key: String, value: f64, decimals: i32| {
            let scale = 10_f64.powi(decimals);
            object.insert(key, json!((value * scale).round() / scale));
        };
        let messages = self.settings.messages as f64;
        put("messages".into(), messages, 0);
        put("rounds".into(), self.settings.rounds as f64, 0);
        put("cores".into(), std::thread::available_parallelism().map_or(0, usize::from) as f64, 0);
        put("corpus_megabytes".into(), self.bytes as f64 / 1e6, 1);
        let mut table = String::new();
        for fsync in [true, false] {
            let Some(rate) = self.median_rate(&self.mbsync, |of| *of == fsync) else { continue };
            let (key, name) = if fsync {
                ("mbsync_fsync", "mbsync, FSync yes")
            } else {
                ("mbsync_no_fsync", "mbsync, FSync no")
            };
            put(format!("{key}_messages_per_second"), rate, 0);
            table.push_str(&self.line(name, rate));
        }
        for &kind in &self.settings.databases {
            let name = kind.name();
            let Some(floor) = self.median_rate(&self.floors, |of| *of == kind) else { continue };
            let of_kind = || self.services.iter().filter(move |(of, _)| *of == kind).map(|(_, taken)| taken);
            let rate = median(of_kind().map(|taken| self.rate(taken.took)).collect());
            let cpu = median(of_kind().map(|taken| taken.cpu_millis / messages).collect());
            let server = median(
                of_kind().filter_map(|taken| taken.server_cpu_millis).map(|ms| ms / messages).collect(),
            );
            let (Some(rate), Some(cpu)) = (rate, cpu) else { continue };
            let peak = of_kind().map(|taken| taken.peak_megabytes).fold(0.0, f64::max);
            put(format!("{name}_floor_messages_per_second"), floor, 0);
            put(format!("{name}_messages_per_second"), rate, 0);
            put(format!("{name}_megabytes_per_second"), self.megabytes(rate), 1);
            put(format!("{name}_ratio_to_floor"), rate / floor, 3);
            put(format!("{name}_service_cpu_ms_per_message"), cpu, 3);
            put(format!("{name}_peak_rss_megabytes"), peak, 1);
            table.push_str(&self.line(&format!("floor on {name}"), floor));
            table.push_str(&self.line(&format!("mailroom on {name}"), rate));
            table.push_str(&format!("{:>26}{:.2} × the floor\n", "", rate / floor));
            for (fsync, key) in [(true, "mbsync_fsync"), (false, "mbsync_no_fsync")] {
                if let Some(other) = self.median_rate(&self.mbsync, |of| *of == fsync) {
                    put(format!("{name}_ratio_to_{key}"), rate / other, 2);
                    table.push_str(&format!("{:>26}{:.2} × {key}\n", "", rate / other));
                }
            }
            table.push_str(&format!(
                "{:>26}{cpu:.2} ms of CPU a message, at most {peak:.0} MB resident\n",
                ""
            ));
            if let Some(server) = server {
                put(format!("{name}_server_cpu_ms_per_message"), server, 3);
                table.push_str(&format!("{:>26}{server:.2} ms of CPU a message in PostgreSQL\n", ""));
            }
            if let Some(searchable) = median(of_kind().map(|taken| self.rate(taken.searchable)).collect()) {
                put(format!("{name}_searchable_messages_per_second"), searchable, 0);
                table.push_str(&format!("{:>26}{searchable:.0} messages/s become searchable\n", ""));
            }
            if let Some((_, lag)) = self.lags.iter().find(|(of, _)| *of == kind) {
                let seconds = lag.as_secs_f64();
                put(format!("{name}_search_lag_p99_seconds_at_half_rate"), seconds, 2);
                table
                    .push_str(&format!("{:>26}search is {seconds:.2} s behind at half the rate (p99)\n", ""));
            }
            if let Some((_, taken)) = self.huge.iter().find(|(of, _)| *of == kind) {
                put(format!("{name}_peak_rss_megabytes_with_60_mb_message"), taken.peak_megabytes, 1);
                let peak = taken.peak_megabytes;
                table.push_str(&format!("{:>26}at most {peak:.0} MB resident with a message of 60 MB\n", ""));
            }
        }
        let Settings { messages, rounds, .. } = self.settings;
        println!(
            "\n{messages} messages, {:.0} MB; medians of {rounds} rounds\n\n{table}",
            self.bytes as f64 / 1e6
        );
        println!("{}", Value::Object(object));
    }

    fn line(&self, name: &str, rate: f64) -> String {
        format!("{name:<24}{rate:>8.0} messages/s {:>8.1} MB/s\n", self.megabytes(rate))
    }

    fn told(&self, taken: &TakenIn) -> String {
        let cpu = taken.cpu_millis / self.settings.messages as f64;
        format!(
            "{:.0} messages/s, {cpu:.2} ms of CPU each, {:.0} MB",
            self.rate(taken.took),
            taken.peak_megabytes
        )
    }

    fn rate(&self, took: Duration) -> f64 {
        self.settings.messages as f64 / took.as_secs_f64()
    }

    fn megabytes(&self, rate: f64) -> f64 {
        rate * self.bytes as f64 / 1e6 / self.settings.messages as f64
    }

    fn median_rate<T>(&self, of: &[(T, Duration)], which: impl Fn(&T) -> bool) -> Option<f64> {
        median(of.iter().filter(|(key, _)| which(key)).map(|(_, took)| self.rate(*took)).collect())
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
