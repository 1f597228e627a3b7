//! Which way things point: a layer uses only the layers below it, and an outside crate only behind its fence.
//!
//! The table is the one of ARCHITECTURE.md. What a file uses is read from its syntax: `use` with nested braces,
//! `super`, fully qualified paths, attributes, and what stands in macros.

mod checker;
mod reader;
mod table;

use std::fs;
use std::path::Path;

use checker::{Fault, faults};
use table::DEBTS;

#[test]
fn no_layer_points_the_wrong_way() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut read = 0;
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(&source).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.path().extension().is_some_and(|extension| extension == "rs") {
            let path = entry.path().strip_prefix(&source).unwrap().to_str().unwrap().to_owned();
            found.extend(faults(&path, &fs::read_to_string(entry.path()).unwrap()));
            read += 1;
        }
    }
    assert!(read > 50, "only {read} files were read");
    for (layer, target) in DEBTS {
        let before = found.len();
        found.retain(|fault: &Fault| fault.layer != *layer || fault.target != *target);
        assert!(found.len() < before, "'{layer}' no longer uses '{target}': take the line out of DEBTS");
    }
    let found: Vec<_> = found.into_iter().map(|fault| fault.message).collect();
    assert!(found.is_empty(), "the table of ARCHITECTURE.md does not have:\n{}", found.join("\n"));
}

#[test]
fn every_way_to_write_an_arrow_is_seen() {
    for (path, source) in [
        ("domain/id.rs", "use crate::db::Error;"),
        ("domain/id.rs", "use crate::{domain::page, db::{self as store}};"),
        ("domain/mapping/mod.rs", "use super::super::db::Error;"),
        ("domain/mapping/rule.rs", "use super::super::super::db::Error;"),
        ("domain/id.rs", "mod tests { use super::super::super::db::Error; }"),
        ("domain/id.rs", "fn f() { crate::db::open(); }"),
        ("domain/id.rs", "type T = Vec<crate::db::Row>;"),
        ("domain/id.rs", "impl crate::db::Row for T {}"),
        ("domain/id.rs", "fn f() { println!(\"{}\", crate::db::open()); }"),
        ("domain/id.rs", "#[derive(crate::db::Row)] struct T;"),
        ("domain/id.rs", "pub(in crate::db) struct T;"),
        ("domain/id.rs", "use mailroom::db::Error;"),
        ("mail/mod.rs", "use crate::*;"),
        ("net/mod.rs", "use super::mail::Message;"),
        ("api/mod.rs", "use crate::worker::Runner;"),
    ] {
        assert_eq!(faults(path, source).len(), 1, "{path}: {source}");
    }
}

#[test]
fn every_way_to_use_a_fenced_crate_is_seen() {
    for (path, source) in [
        ("service/job.rs", "use sea_orm::EntityTrait;"),
        ("service/job.rs", "use {sea_orm as orm, std::fmt};"),
        ("service/job.rs", "use ::sea_orm::EntityTrait;"),
        ("service/job.rs", "fn f() -> sea_orm::DbErr { todo() }"),
        ("service/job.rs", "#[derive(sea_orm::DeriveEntityModel)] struct T;"),
        ("service/job.rs", "fn f() { vec![axum::serve()]; }"),
        ("service/job.rs", "extern crate axum;"),
    ] {
        assert_eq!(faults(path, source).len(), 1, "{path}: {source}");
    }
}

#[test]
fn what_the_table_has_is_not_a_fault() {
    for (path, source) in [
        ("db/mod.rs", "use crate::{domain::{id, page}, secret}; use sea_orm::EntityTrait;"),
        ("domain/mapping/mod.rs", "use super::id::MappingId; use crate::domain::page;"),
        ("domain/mapping/rule.rs", "use super::super::id; mod tests { use super::*; use super::super::id; }"),
        ("domain/id.rs", "fn f() { println!(\"crate::db::open()\"); } // crate::db::open()"),
        ("domain/id.rs", "/// Like crate::db::open().\nfn db() { db::open(); self::sea::orm(); }"),
        ("app.rs", "use crate::{api, worker, db};"),
        ("main.rs", "use mailroom::cli;"),
        ("cli/mod.rs", "use clap::Parser; use crate::app;"),
    ] {
        assert_eq!(faults(path, source), Vec::<Fault>::new(), "{path}: {source}");
    }
}

#[test]
fn a_layer_that_the_table_does_not_name_is_a_fault() {
    assert_eq!(faults("helpers/mod.rs", "").len(), 1);
    assert_eq!(faults("domain/id.rs", "use crate::helpers::x;").len(), 1);
}
