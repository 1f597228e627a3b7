//! The sources of a configuration, read in order and made whole.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::error::{Error, Origin, Problem};
use super::known::{DEFAULT_TOML, Entries, Entry, flatten, nest};
use super::overlay::{self, bytes, shown};
use super::{
    Config, api, auth, blob, database, entra, events, http, log, mail, net, public, secrets, worker,
};

/// Where a configuration comes from, beside the defaults.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file given by `--config`.
    pub file: Option<PathBuf>,
    /// The environment's variables that begin with `MAILROOM_`.
    pub variables: Vec<(String, String)>,
    /// What a command decides itself; wins over everything.
    pub overrides: Table,
}

impl Sources {
    /// The file and this process's environment.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .filter(|(name, _)| name.starts_with("MAILROOM_"));
        let mut variables: Vec<_> = variables.collect();
        variables.sort();
        Self { file, variables, overrides: Table::new() }
    }
}

/// Every key with its value and where it was given, checked.
pub(super) fn read(sources: &Sources) -> Result<Entries, Error> {
    let mut entries = defaults()?;
    let mut problems = Vec::new();
    if let Some(path) = &sources.file {
        let by = || "--config".to_owned();
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.clone(),
            by: by(),
            source,
        })?;
        overlay::file(&mut entries, path, &text, &mut problems)?;
    }
    let read = |path: &str| std::fs::read_to_string(path);
    overlay::environment(&mut entries, &sources.variables, &read, &mut problems)?;
    for (key, value) in flatten(sources.overrides.clone()) {
        overlay::set(&mut entries, &key, value, Origin::Command, key.clone(), &mut problems);
    }
    for rule in rules() {
        let Some(entry) = entries.get(rule.key()) else { continue };
        if let Some(right) = rule.broken_by(&entry.value) {
            let given = shown(rule.key(), &entry.value);
            problems.push(Problem::Value {
                origin: entry.origin.clone(),
                key: rule.key().to_owned(),
                given,
                right,
            });
        }
    }
    if !problems.is_empty() {
        return Err(Error::Problems(problems));
    }
    fill(&mut entries);
    Ok(entries)
}

/// The entries as a configuration.
pub(super) fn build(entries: &Entries) -> Result<Config, Error> {
    nest(entries).try_into().map_err(unreadable_default)
}

fn rules() -> impl Iterator<Item = &'static super::rule::Rule> {
    [
        api::RULES,
        auth::RULES,
        blob::RULES,
        database::RULES,
        entra::RULES,
        events::RULES,
        http::RULES,
        log::RULES,
        mail::RULES,
        net::RULES,
        public::RULES,
        secrets::RULES,
        worker::RULES,
    ]
    .into_iter()
    .flatten()
}

fn defaults() -> Result<Entries, Error> {
    let table: Table = DEFAULT_TOML.parse().map_err(unreadable_default)?;
    let entry = |(key, value): (String, Value)| {
        let size = value.as_str().filter(|_| key.ends_with("_bytes")).and_then(bytes);
        let value = size.map_or(value, Value::Integer);
        (key, Entry { value, origin: Origin::Default })
    };
    Ok(flatten(table).into_iter().map(entry).collect())
}

/// A mistake of ours, not the operator's; the tests read the defaults.
fn unreadable_default(error: toml::de::Error) -> Error {
    Error::Syntax { path: "default.toml".into(), line: 1, message: error.message().to_owned() }
}

/// Gives the keys that were not set what follows from the others.
fn fill(entries: &mut Entries) {
    let data_dir = text(entries, "data_dir");
    let data_dir = std::path::absolute(&data_dir).unwrap_or_else(|_| PathBuf::from(&data_dir));
    let put = |entries: &mut Entries, key: &str, value: String| {
        if let Some(entry) = entries.get_mut(key) {
            entry.value = Value::String(value);
        }
    };
    put(entries, "data_dir", data_dir.display().to_string());
    let mut fill = |key: &str, value: &dyn Fn(&Entries) -> String| {
        if text(entries, key).is_empty() {
            let value = value(entries);
            put(entries, key, value);
        }
    };
    fill("database.url", &|_| format!("sqlite:{}", data_dir.join("mailroom.db").display()));
    fill("database.listen_url", &|entries| text(entries, "database.url"));
    fill("blob.url", &|_| format!("file://{}", data_dir.join("blobs").display()));
    fill("public.url", &|entries| format!("http://{}", text(entries, "http.listen")));
    fill("worker.name", &|_| format!("{}-{}", host_name(), std::process::id()));
    let url = text(entries, "public.url");
    put(entries, "public.url", url.trim_end_matches('/').to_owned());
}

fn text(entries: &Entries, key: &str) -> String {
    entries.get(key).and_then(|entry| entry.value.as_str()).unwrap_or_default().to_owned()
}

fn host_name() -> String {
    let name = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname"));
    name.map_or_else(|_| "mailroom".to_owned(), |name| name.trim().to_owned())
}
