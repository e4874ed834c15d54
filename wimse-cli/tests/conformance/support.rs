//! The real command, the real vectors, and altered copies of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A run of the command that has ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The lines of `--json`.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one line of `--json`: what came of it, and why.
    pub(crate) fn only(&self) -> (Value, Value) {
        let objects = self.objects();
        assert_eq!(objects.len(), 1, "{}", self.err);
        (objects[0]["got"].clone(), objects[0]["reason"].clone())
    }
}

pub(crate) fn command(arguments: &[&str], path: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wimse"));
    command.arg("conformance").args(arguments).arg(path);
    command
}

pub(crate) fn conformance(arguments: &[&str], path: &Path) -> Ran {
    let Output { status, stdout, stderr } = command(arguments, path).output().unwrap();
    Ran {
        code: status.code(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// The folder of the project's vectors.
pub(crate) fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/vectors")
}

pub(crate) fn read(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// One of the project's vectors.
pub(crate) fn vector(file: &str, id: &str) -> Value {
    let document = read(&vectors().join(file));
    let mut vectors = document["vectors"].as_array().unwrap().iter();
    vectors.find(|vector| vector["id"] == id).unwrap().clone()
}

/// An empty folder of this name.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file
}

/// A vector file of its own, with the anchors that the project's vectors trust.
pub(crate) fn file_of(name: &str, vectors: &[Value]) -> PathBuf {
    let anchors = read(&self::vectors().join("wit.json"))["trust_anchors"].clone();
    let document = serde_json::json!({ "trust_anchors": anchors, "vectors": vectors });
    write(&folder(name), "vectors.json", &document.to_string())
}

/// Runs a file that holds this vector alone.
pub(crate) fn run_one(name: &str, vector: Value) -> Ran {
    conformance(&["--json"], &file_of(name, &[vector]))
}
