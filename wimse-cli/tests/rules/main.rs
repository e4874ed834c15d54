//! Which tests and vectors hold which rule: `docs/rules.md` says so for every row of `conformance/requirements.json`,
//! and is compared with what the repository has. `WIMSE_WRITE_RULES=1` writes it anew.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where its expectations fail, in its helpers too"
)]

mod scan;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use scan::Named;
use serde::Deserialize;

#[derive(Deserialize)]
struct Document {
    requirements: Vec<Requirement>,
}

/// One row of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    level: String,
    source: String,
    title: String,
    /// Why nothing tests it.
    untested: Option<String>,
}

impl Requirement {
    fn is_must(&self) -> bool {
        self.level.contains("MUST")
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn requirements() -> Vec<Requirement> {
    let text = fs::read(root().join("conformance/requirements.json")).unwrap();
    serde_json::from_slice::<Document>(&text).unwrap().requirements
}

/// How many names a cell has room for; the rest is counted.
const SHOWN: usize = 2;

fn cell(names: &BTreeSet<String>) -> String {
    let mut cell = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        write!(cell, " and {} more", names.len() - SHOWN).unwrap();
    }
    cell
}

fn table(requirements: &[Requirement], named: &Named) -> String {
    let mut text = "# Rules, and what holds them\n\n\
        Made by `WIMSE_WRITE_RULES=1 cargo test -p wimse-cli --test rules` from `conformance/requirements.json`, the names of the tests and the vectors. \
        A rule at the level MUST has a test or a vector, or the reason why it has none.\n\n\
        | rule | level | source | what it says | tests | vectors |\n|---|---|---|---|---|---|\n"
        .to_owned();
    for Requirement { id, level, source, title, untested } in requirements {
        let tests = untested.clone().unwrap_or_else(|| cell(named.tests(id)));
        let (vectors, title) = (cell(named.vectors(id)), title.replace('|', "\\|"));
        writeln!(text, "| {id} | {level} | {source} | {title} | {tests} | {vectors} |").unwrap();
    }
    text
}

#[test]
fn every_must_has_a_test_or_a_vector_or_a_reason() {
    let named = Named::in_repository(&root());
    let (mut bare, mut needless) = (Vec::new(), Vec::new());
    for Requirement { id, untested, .. } in requirements().into_iter().filter(Requirement::is_must) {
        let held = !named.tests(&id).is_empty() || !named.vectors(&id).is_empty();
        match untested {
            None if !held => bare.push(id),
            Some(_) if held => needless.push(id),
            _ => {}
        }
    }
    assert!(bare.is_empty(), "without a test, a vector or a reason: {bare:?}");
    assert!(needless.is_empty(), "with tests, and with a reason to have none: {needless:?}");
}

#[test]
fn what_tests_and_vectors_name_is_in_the_table() {
    let rows: Vec<_> = requirements().into_iter().map(|requirement| requirement.id).collect();
    let distinct: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(rows.len(), distinct.len(), "a row twice");
    let named = Named::in_repository(&root());
    let unknown: Vec<_> =
        named.ids().filter(|id| !distinct.contains(*id) && !id.starts_with("AMB-")).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_table_in_the_documentation_is_the_present_one() {
    let file = root().join("docs/rules.md");
    let table = table(&requirements(), &Named::in_repository(&root()));
    if std::env::var_os("WIMSE_WRITE_RULES").is_some() {
        fs::write(&file, &table).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    let differing = written.lines().zip(table.lines()).find(|(written, table)| written != table);
    assert_eq!(differing, None, "out of date: run with WIMSE_WRITE_RULES=1");
    assert_eq!(written.lines().count(), table.lines().count(), "out of date: run with WIMSE_WRITE_RULES=1");
}
