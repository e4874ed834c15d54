//! From paths to cases.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::anchors::Anchors;
use super::case::{self, Case, Context};
use super::fault::{Fault, Problem};
use super::fields::Fields;

/// The file whose anchors are the default ones of its neighbours.
const NEIGHBOUR: &str = "wit.json";

/// A vector file as it is written down.
#[derive(Deserialize)]
pub(super) struct Document {
    trust_anchors: Option<Anchors>,
    vectors: Vec<Fields>,
    #[serde(default)]
    comparison: Vec<Fields>,
}

/// The vector files that a path stands for: itself, or those of a folder by name.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let listed = |path: &Path| -> std::io::Result<Vec<PathBuf>> {
        fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut files = listed(path).map_err(|error| Fault::File(error).of_file(path))?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    if files.is_empty() { Err(Fault::NoFiles.of_file(path)) } else { Ok(files) }
}

/// Every case of a file, in its order. All of them must be readable.
pub(super) fn cases(file: &Path) -> Result<Vec<Case>, Problem> {
    let document = read(file).map_err(|fault| fault.of_file(file))?;
    let neighbours = match document.trust_anchors {
        Some(_) => None,
        None => read(&file.with_file_name(NEIGHBOUR)).ok().and_then(|neighbour| neighbour.trust_anchors),
    };
    let cases = document.each(neighbours.as_ref()).enumerate();
    cases.map(|(index, (fields, case))| case.map_err(|fault| fault.of(file, &name(fields, index)))).collect()
}

impl Document {
    pub(super) fn parse(json: &Value) -> Result<Self, Fault> {
        Self::deserialize(json).map_err(Fault::Json)?.checked()
    }

    /// Every case, in order. All of them must be readable.
    pub(super) fn cases(&self) -> Result<Vec<Case>, Fault> {
        self.each(None).map(|(_, case)| case).collect()
    }

    /// Every case with what it was read from. The anchors of the document come before those of its neighbours.
    fn each<'a>(
        &'a self,
        neighbours: Option<&'a Anchors>,
    ) -> impl Iterator<Item = (&'a Fields, Result<Case, Fault>)> {
        let context = Context { vectors: &self.vectors, anchors: self.trust_anchors.as_ref().or(neighbours) };
        let vectors = self.vectors.iter().map(move |fields| (fields, context.case(fields)));
        vectors.chain(self.comparison.iter().map(|fields| (fields, case::comparison(fields))))
    }

    fn checked(self) -> Result<Self, Fault> {
        if self.vectors.is_empty() { Err(Fault::Empty) } else { Ok(self) }
    }
}

fn read(file: &Path) -> Result<Document, Fault> {
    let text = fs::read(file).map_err(Fault::File)?;
    let document: Document = serde_json::from_slice(&text).map_err(Fault::Json)?;
    document.checked()
}

/// What to call a vector that may be without a name.
fn name(fields: &Fields, index: usize) -> String {
    ["id", "input", "a"]
        .into_iter()
        .find_map(|member| fields.optional(member).ok().flatten())
        .unwrap_or_else(|| format!("number {}", index + 1))
}
