//! From paths to cases.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::anchors::Anchors;
use super::case::{self, Case, Context};
use super::fault::{Fault, Problem};
use super::fields::Fields;

/// The file whose anchors are the default ones of its neighbours.
const NEIGHBOUR: &str = "wit.json";

#[derive(Deserialize)]
struct Document {
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
    let anchors = document.trust_anchors.as_ref().or(neighbours.as_ref());
    let context = Context { vectors: &document.vectors, anchors };
    let vectors = document.vectors.iter().map(|fields| (fields, context.case(fields)));
    let pairs = document.comparison.iter().map(|fields| (fields, case::comparison(fields)));
    vectors
        .chain(pairs)
        .enumerate()
        .map(|(index, (fields, case))| case.map_err(|fault| fault.of(file, &name(fields, index))))
        .collect()
}

fn read(file: &Path) -> Result<Document, Fault> {
    let text = fs::read(file).map_err(Fault::File)?;
    let document: Document = serde_json::from_slice(&text).map_err(Fault::Json)?;
    if document.vectors.is_empty() { Err(Fault::Empty) } else { Ok(document) }
}

/// What to call a vector that may be without a name.
fn name(fields: &Fields, index: usize) -> String {
    ["id", "input", "a"]
        .into_iter()
        .find_map(|member| fields.optional(member).ok().flatten())
        .unwrap_or_else(|| format!("number {}", index + 1))
}
