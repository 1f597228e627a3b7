//! The exported schema has everything that was promised, except what `not_yet.txt` lists.

mod outline;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use outline::Outline;

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn promised() -> Outline {
    Outline::of(&read(&in_repository("tests/contract/promised.graphql")))
}

fn exported() -> Outline {
    Outline::of(mailroom::api::graphql::schema::sdl())
}

#[test]
fn what_is_promised_is_built_or_listed_as_not_yet_built() {
    let list = in_repository("tests/contract/not_yet.txt");
    let listed: BTreeSet<String> =
        read(&list).lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
    let missing = promised().missing_from(&exported());
    let is_listed = |path: &str| listed.contains(path) || outline::parents(path).any(|p| listed.contains(p));
    let (left, unlisted): (Vec<&str>, Vec<&str>) =
        missing.iter().map(String::as_str).partition(|path| is_listed(path));
    let built: Vec<_> = listed.difference(&missing).map(String::as_str).collect();
    if std::env::var_os("MAILROOM_SHRINK").is_some() && !built.is_empty() {
        std::fs::write(&list, left.join("\n") + "\n").unwrap();
    }
    assert!(unlisted.is_empty(), "promised, but neither built nor in not_yet.txt:\n{}", unlisted.join("\n"));
    assert!(built.is_empty(), "built, so strike them out of not_yet.txt:\n{}", built.join("\n"));
}

#[test]
fn what_is_built_has_the_types_and_defaults_that_were_promised() {
    let differences = promised().differences_from(&exported());
    assert!(differences.is_empty(), "the schema differs from what was promised:\n{}", differences.join("\n"));
}

#[test]
fn nothing_that_was_added_is_required_of_clients() {
    let added = promised().required_additions_of(&exported());
    assert!(
        added.is_empty(),
        "clients that know the promise can't call these any more:\n{}",
        added.join("\n")
    );
}

#[test]
fn the_promise_here_is_the_one_beside_the_repository() {
    let beside = in_repository("../shared/contracts/schema.graphql");
    if let Ok(original) = std::fs::read_to_string(beside) {
        assert_eq!(original, read(&in_repository("tests/contract/promised.graphql")));
    }
}

#[test]
fn the_written_schema_is_the_one_that_is_served() {
    let written = read(&in_repository("schema.graphql"));
    assert_eq!(
        written.trim(),
        mailroom::api::graphql::schema::sdl().trim(),
        "schema.graphql is stale: cargo run -- schema > schema.graphql"
    );
}
