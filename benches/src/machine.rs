//! What the figures were measured on, without names of hosts or paths.

use std::process::Command;
use std::{env, fs, thread};

use wimse_core::jose::Ed25519Backend;

/// One line: processor, cores, system, compiler, and what the build chose for Ed25519.
pub(crate) fn describe() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let backend = Ed25519Backend::in_use();
    format!(
        "{}, {cores} cores, {} {}; {}; Ed25519 checked by {backend}",
        processor(),
        system(),
        env::consts::ARCH,
        compiler()
    )
}

fn value_in(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    let (_, value) = line.split_once([':', '='])?;
    Some(value.trim().trim_matches('"').to_owned())
}

fn processor() -> String {
    value_in("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unnamed processor".to_owned())
}

fn system() -> String {
    value_in("/etc/os-release", "PRETTY_NAME").unwrap_or_else(|| env::consts::OS.to_owned())
}

fn compiler() -> String {
    let version = Command::new("rustc").arg("--version").output();
    let text = version.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    text.map_or_else(|| "rustc unknown".to_owned(), |text| text.trim().to_owned())
}
