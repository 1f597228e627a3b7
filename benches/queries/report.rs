//! The figures: tables for people, one JSON object for scripts.

use serde_json::{Map, Value, json};

use crate::kind::Kind;
use crate::load::Loaded;
use crate::settings::Settings;
use crate::yardstick::Protocol;

/// All that was measured.
pub struct Report<'a> {
    settings: &'a Settings,
    cases: Vec<Measured>,
    yardsticks: Vec<(Protocol, f64)>,
    throughputs: Vec<(Kind, Throughput)>,
}

struct Measured {
    kind: Kind,
    name: &'static str,
    statements: usize,
    bytes: usize,
    p50: f64,
    p99: f64,
}

/// A figure by its name.
type Figure<'a> = (&'a str, &'a dyn Fn(&Throughput) -> f64);

struct Throughput {
    rate: f64,
    p50: f64,
    p99: f64,
    /// CPU milliseconds a request: the service's, PostgreSQL's, the load's.
    cpu: [f64; 3],
}

impl<'a> Report<'a> {
    pub fn new(settings: &'a Settings) -> Self {
        Self { settings, cases: vec![], yardsticks: vec![], throughputs: vec![] }
    }

    /// A case over one connection.
    pub fn case(&mut self, kind: Kind, name: &'static str, statements: usize, loaded: &Loaded) {
        let (p50, p99) = (loaded.percentile(50), loaded.percentile(99));
        eprintln!(
            "  {:<8} {name:<32} p50 {p50:>7.2} ms  p99 {p99:>7.2} ms  {statements} statements",
            kind.name()
        );
        self.cases.push(Measured { kind, name, statements, bytes: loaded.bytes, p50, p99 });
    }

    /// A round of pgbench.
    pub fn yardstick(&mut self, protocol: Protocol, rate: f64) {
        eprintln!("  pgbench, {}: {rate:.0} pages/s", protocol.name());
        self.yardsticks.push((protocol, rate));
    }

    /// A round over many connections; CPU of the service and of PostgreSQL in milliseconds.
    pub fn throughput(&mut self, kind: Kind, loaded: Loaded, cpu_millis: [f64; 2]) {
        let requests = loaded.times.len() as f64;
        let cpu = [cpu_millis[0], cpu_millis[1], loaded.cpu_millis].map(|millis| millis / requests);
        let rate = loaded.rate();
        eprintln!(
            "  mailroom on {}: {rate:.0} pages/s; CPU a page: {:.2} ms, PostgreSQL {:.2} ms, load {:.2} ms",
            kind.name(),
            cpu[0],
            cpu[1],
            cpu[2]
        );
        let (p50, p99) = (loaded.percentile(50), loaded.percentile(99));
        self.throughputs.push((kind, Throughput { rate, p50, p99, cpu }));
    }

    /// The tables, then the object.
    pub fn print(&self) {
        let mut object = Map::new();
        object.insert("messages".into(), json!(self.settings.messages));
        object.insert("rounds".into(), json!(self.settings.rounds));
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        object.insert("cores".into(), json!(cores));
        println!("\nOne connection, {} requests each\n", self.settings.requests);
        println!("| case | database | statements | bytes | p50 ms | p99 ms |\n|---|---|---|---|---|---|");
        for case in &self.cases {
            let Measured { kind, name, statements, bytes, p50, p99 } = case;
            println!("| {name} | {} | {statements} | {bytes} | {p50:.2} | {p99:.2} |", kind.name());
            let key = format!("{}_{}", kind.name(), name.replace([' ', ','], "_"));
            object.insert(format!("{key}_p50_ms"), rounded(*p50));
            object.insert(format!("{key}_p99_ms"), rounded(*p99));
            object.insert(format!("{key}_statements"), json!(statements));
        }
        println!("\n16 connections, medians of {} rounds\n", self.settings.rounds);
        for protocol in [Protocol::Simple, Protocol::Prepared] {
            let Some(rate) = self.yardstick_rate(protocol) else { continue };
            println!("pgbench, {}: {rate:.0} pages/s", protocol.name());
            object.insert(format!("pgbench_{}_pages_per_second", protocol.name()), rounded(rate));
        }
        for &kind in &self.settings.databases {
            self.print_throughput(kind, &mut object);
        }
        println!("{}", Value::Object(object));
    }

    fn print_throughput(&self, kind: Kind, object: &mut Map<String, Value>) {
        let of = |figure: &dyn Fn(&Throughput) -> f64| {
            let figures = self.throughputs.iter().filter(|(of, _)| *of == kind);
            median(figures.map(|(_, throughput)| figure(throughput)).collect())
        };
        let Some(rate) = of(&|it| it.rate) else { return };
        let name = kind.name();
        println!("mailroom on {name}: {rate:.0} pages/s");
        object.insert(format!("{name}_pages_per_second"), rounded(rate));
        let figures: [Figure<'_>; 5] = [
            ("p50_ms_at_16", &|it| it.p50),
            ("p99_ms_at_16", &|it| it.p99),
            ("service_cpu_ms_per_page", &|it| it.cpu[0]),
            ("server_cpu_ms_per_page", &|it| it.cpu[1]),
            ("load_cpu_ms_per_page", &|it| it.cpu[2]),
        ];
        for (key, figure) in figures {
            let value = of(figure).unwrap_or_default();
            println!("    {key}: {value:.2}");
            object.insert(format!("{name}_{key}"), rounded(value));
        }
        if kind == Kind::Postgres {
            for protocol in [Protocol::Simple, Protocol::Prepared] {
                let Some(ratio) = self.ratio(protocol) else { continue };
                println!("    {ratio:.2} × pgbench, {}", protocol.name());
                object.insert(format!("ratio_to_pgbench_{}", protocol.name()), rounded(ratio));
            }
        }
    }

    /// The median of the rounds' own ratios: what else the machine does changes from round to round.
    fn ratio(&self, protocol: Protocol) -> Option<f64> {
        let rates = self.throughputs.iter().filter(|(kind, _)| *kind == Kind::Postgres);
        let yardsticks = self.yardsticks.iter().filter(|(of, _)| *of == protocol);
        median(rates.zip(yardsticks).map(|((_, ours), (_, theirs))| ours.rate / theirs).collect())
    }

    fn yardstick_rate(&self, protocol: Protocol) -> Option<f64> {
        let of = self.yardsticks.iter().filter(|(of, _)| *of == protocol);
        median(of.map(|(_, rate)| *rate).collect())
    }
}

fn rounded(value: f64) -> Value {
    json!((value * 1000.0).round() / 1000.0)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
