//! Writes the seed corpus from the conformance vectors: `seeds <conformance folder> <corpus folder>`.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

/// More seeds than this add nothing that the fuzzer would not find, and each is run at every start.
const MOST: usize = 400;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(vectors), Some(corpus)) = (arguments.next(), arguments.next()) else {
        return Err("seeds <conformance folder> <corpus folder>".into());
    };
    let mut seeds = Seeds::default();
    for entry in fs::read_dir(vectors.join("vectors"))? {
        seeds.file(&read(&entry?.path())?);
    }
    for name in ["keys.json", "keys-own.json", "rfc9421-vectors.json"] {
        seeds.keys(&read(&vectors.join(name))?);
    }
    seeds.own(&vectors.join("../wimse-core/tests/keys"))?;
    for text in ["../wimse-config/README.md", "../docs/configuration.md"] {
        seeds.examples(&fs::read_to_string(vectors.join(text))?);
    }
    for case in 0..=255_u8 {
        // Targets that draw from octets: what is drawn first, and something behind it.
        for name in ["requests", "responses", "signature_base"] {
            let octets: Vec<u8> =
                (0..96_u8).map(|at| case.wrapping_mul(at.wrapping_mul(7).wrapping_add(1))).collect();
            seeds.add(name, octets);
        }
        for (name, mode) in [("wit", b'0'), ("wit", b'1'), ("wpt", b'1')] {
            seeds.add(name, [mode, case, case.wrapping_mul(7), case.wrapping_mul(31), 3, case, 1]);
        }
    }
    let count = seeds.write(&corpus)?;
    println!("{count} seeds in {}", corpus.display());
    Ok(())
}

fn read(path: &Path) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

#[derive(Default)]
struct Seeds(BTreeSet<(&'static str, Vec<u8>)>);

impl Seeds {
    fn add(&mut self, target: &'static str, octets: impl AsRef<[u8]>) {
        self.0.insert((target, octets.as_ref().to_vec()));
    }

    fn file(&mut self, file: &Value) {
        for vector in file["vectors"].as_array().into_iter().flatten() {
            if let Some(token) = vector["wit"].as_str() {
                self.token("wit", token);
            }
            if let Some(input) = vector["input"].as_str() {
                self.add("identifiers", input);
            }
            for part in ["header", "claims"].into_iter().filter(|part| vector[part].is_object()) {
                self.add(if part == "header" { "jws" } else { "json" }, vector[part].to_string());
            }
            self.keys(&vector["trust_anchors"]);
            self.keys(&vector["claims"]);
            for message in ["request", "response"] {
                self.message(&vector[message]);
            }
        }
        self.keys(&file["trust_anchors"]);
    }

    /// The keys of the targets: as they are, and the issuer's in bundles, for this purpose and for others.
    fn own(&mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "jwk") {
                self.add("jwk", fs::read_to_string(path)?);
            }
        }
        let mut key = read(&folder.join("ec-p256.jwk"))?;
        key.as_object_mut().ok_or("no key")?.remove("d");
        for (kid, purpose) in
            [("issuer", "wit-svid"), ("issuer", "jwt-svid"), ("issuer", "sig"), ("other", "wit-svid")]
        {
            key["kid"] = kid.into();
            key["use"] = purpose.into();
            let set = serde_json::json!({ "keys": [key], "spiffe_sequence": 1 }).to_string();
            self.add("spiffe_bundles", set);
        }
        Ok(())
    }

    /// The configurations in a text.
    fn examples(&mut self, text: &str) {
        for block in text.split("```toml\n").skip(1) {
            self.add("configuration", block.split("```").next().unwrap_or_default());
        }
    }

    fn token(&mut self, target: &'static str, token: &str) {
        self.add(target, token);
        self.add("jws", token);
    }

    fn message(&mut self, message: &Value) {
        let all: Vec<(String, &str)> = message["headers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|pair| Some((pair[0].as_str()?.to_lowercase(), pair[1].as_str()?)))
            .collect();
        let lines = |wanted: &'static str| {
            all.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| *value)
        };
        let inputs = lines("signature-input").map(str::to_owned);
        let both: Vec<String> = inputs.chain(lines("signature").map(|line| format!("!{line}"))).collect();
        if !both.is_empty() {
            self.add("signature_fields", both.join("\n"));
        }
        for line in lines("signature-input") {
            // Component identifiers: what stands between blanks in the list.
            let list =
                line.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(list, _)| list);
            list.split(' ').for_each(|component| self.add("components", component));
        }
        let digest: Vec<&str> = lines("content-digest").collect();
        if !digest.is_empty() {
            let body = message["body"].as_str().unwrap_or_default();
            self.add("content_digest", format!("{}\n\n{body}", digest.join("\n")));
            self.add("content_digest", format!("$, &\n\n{body}"));
        }
        for line in lines("authorization").chain(lines("workload-proof-token")) {
            self.add("wpt", line);
            if let Some(token) = line.split(' ').next_back() {
                self.add("jws", token);
            }
        }
    }

    /// Every key at any depth, and every list of keys as a set.
    fn keys(&mut self, value: &Value) {
        match value {
            Value::Object(object) if object.contains_key("kty") => self.add("jwk", value.to_string()),
            Value::Object(object) => object.values().for_each(|value| self.keys(value)),
            Value::Array(items) => {
                if items.iter().any(|item| item.get("kty").is_some()) {
                    let set = serde_json::json!({ "keys": items }).to_string();
                    self.add("jwk", &set);
                    self.add("spiffe_bundles", &set);
                }
                items.iter().for_each(|item| self.keys(item));
            }
            _ => {}
        }
    }

    /// Writes a file for each, at most so many for one target.
    fn write(&self, corpus: &Path) -> Result<usize, Box<dyn Error>> {
        let mut written = 0;
        for target in self.0.iter().map(|(target, _)| *target).collect::<BTreeSet<_>>() {
            let folder = corpus.join(target);
            fs::create_dir_all(&folder)?;
            let own: Vec<&Vec<u8>> =
                self.0.iter().filter(|(name, _)| *name == target).map(|(_, octets)| octets).collect();
            for (index, octets) in own.iter().step_by(own.len().div_ceil(MOST)).enumerate() {
                fs::write(folder.join(format!("seed-{index:04}")), octets)?;
                written += 1;
            }
        }
        Ok(written)
    }
}
