//! The rules that tests and vectors name: `fn wit_21_…`, a text of a test that begins with `WIT-21`, and the
//! `requirements` of a vector.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

/// What stands before the number of a rule.
const GROUPS: [&str; 14] =
    ["WIT", "WPT", "WPTL", "HSQ", "HSR", "WIC", "ID", "TA", "KEY", "ERR", "AUD", "CTX", "SVID", "AMB"];

static NONE: BTreeSet<String> = BTreeSet::new();

#[derive(Debug, Default)]
pub(crate) struct Named {
    tests: BTreeMap<String, BTreeSet<String>>,
    vectors: BTreeMap<String, BTreeSet<String>>,
}

impl Named {
    pub(crate) fn in_repository(root: &Path) -> Self {
        let mut named = Self::default();
        for entry in fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            // Crates, and the sources and tests of the one at the root.
            if name == "src" || name == "tests" {
                named.folder(&path, &name, name == "tests");
            } else if path.join("Cargo.toml").is_file() {
                named.folder(&path.join("src"), &name, false);
                named.folder(&path.join("tests"), &name, true);
            }
        }
        for entry in fs::read_dir(root.join("conformance/vectors")).unwrap() {
            named.vectors_of(&entry.unwrap().path());
        }
        named
    }

    pub(crate) fn tests(&self, id: &str) -> &BTreeSet<String> {
        self.tests.get(id).unwrap_or(&NONE)
    }

    pub(crate) fn vectors(&self, id: &str) -> &BTreeSet<String> {
        self.vectors.get(id).unwrap_or(&NONE)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &String> {
        self.tests.keys().chain(self.vectors.keys())
    }

    fn folder(&mut self, folder: &Path, of: &str, tests: bool) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.folder(&path, of, tests);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                self.source(&fs::read_to_string(&path).unwrap(), of, tests);
            }
        }
    }

    fn source(&mut self, text: &str, of: &str, tests: bool) {
        let mut function = "";
        for line in text.lines() {
            if let Some(name) =
                line.trim_start().split_once("fn ").and_then(|(_, rest)| rest.split('(').next())
            {
                function = name;
                for id in of_name(name) {
                    self.tests.entry(id).or_default().insert(format!("{of}: {name}"));
                }
            }
            // A row of a table; not in the code itself, where a text is no test.
            for id in line.split('"').skip(1).step_by(2).filter(|_| tests).flat_map(of_text) {
                self.tests.entry(id).or_default().insert(format!("{of}: {function}"));
            }
        }
    }

    fn vectors_of(&mut self, file: &Path) {
        let document: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        for vector in document["vectors"].as_array().unwrap() {
            let name = vector["id"].as_str().or(vector["input"].as_str()).unwrap_or_default();
            for id in vector["requirements"].as_array().into_iter().flatten() {
                let id = id.as_str().unwrap().to_owned();
                self.vectors.entry(id).or_default().insert(name.chars().take(60).collect());
            }
        }
    }
}

/// The rules at the front of a function's name: `hsq_05_06_…` names two, and so does `wit_01_wpt_05_…`.
fn of_name(name: &str) -> Vec<String> {
    let (mut ids, mut group) = (Vec::new(), None);
    for word in name.split('_') {
        let upper = word.to_uppercase();
        match &group {
            Some(group) if is_number(word) => ids.push(format!("{group}-{word}")),
            _ if GROUPS.contains(&upper.as_str()) => group = Some(upper),
            _ => break,
        }
    }
    ids
}

/// The rules that a text names, if it begins with one.
fn of_text(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_id = |word: &&str| {
        word.split_once('-').is_some_and(|(group, number)| GROUPS.contains(&group) && is_number(number))
    };
    let first = text.split([' ', ',', ':', ';']).next().unwrap_or_default();
    if is_id(&first) { words.filter(is_id).map(str::to_owned).collect() } else { Vec::new() }
}

fn is_number(word: &str) -> bool {
    word.len() == 2 && word.bytes().all(|octet| octet.is_ascii_digit())
}
