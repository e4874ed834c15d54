//! What wimse costs: beside the raw signature operation, beside other libraries, in a server, and at scale.
//!
//! `cargo run --release -p wimse-bench` measures pairs in turns in one process; `-- server` drives a real server over
//! loopback; `-- scale` looks at many callers, many trust domains, many live nonces and a second core; `-- batch` looks at
//! what could make Ed25519 checks cheaper.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a measuring program: what it prints is its purpose, and whatever fails makes its figures worthless"
)]

mod batch;
mod caller;
mod document;
mod machine;
mod measure;
mod pairs;
mod peers;
mod pin;
mod raw;
mod report;
mod requests;
mod row;
mod scale;
mod server;
mod stopwatch;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use report::Report;
use wimse_core::jose::Ed25519Backend;

/// Measures wimse beside the raw signature operation and beside other libraries
#[derive(Parser)]
#[command(name = "wimse-bench")]
struct Cli {
    /// Print one JSON object a line instead of a table
    #[arg(long, global = true)]
    json: bool,
    /// Few rounds and small sizes: shows that everything runs, the figures mean little
    #[arg(long, global = true)]
    quick: bool,
    /// Only rows whose name contains this text
    #[arg(long, global = true, value_name = "TEXT", default_value = "")]
    only: String,
    /// Also put the table into this document, in place of the one between the markers of the command
    #[arg(long, global = true, value_name = "FILE")]
    write: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Clone, Copy)]
enum Command {
    /// Ours beside the raw operation and beside other libraries (the default)
    Pairs,
    /// Requests a second of an axum server, by middleware
    Server,
    /// Many callers, trust domains and nonces; the replay cache; two cores
    Scale,
    /// What could make Ed25519 checks cheaper: backends, batches, tables of keys
    Batch,
}

/// The tables of different backends stand side by side.
fn batch_section() -> &'static str {
    if Ed25519Backend::in_use() == Ed25519Backend::AwsLc { "batch" } else { "batch-avx512" }
}

fn main() {
    let Cli { json, quick, only, write, command } = Cli::parse();
    let mut report = Report::new(json, only);
    let (section, run): (_, fn(&mut Report, bool)) = match command.unwrap_or(Command::Pairs) {
        Command::Pairs => ("pairs", pairs::run),
        Command::Server => ("server", server::run),
        Command::Scale => ("scale", scale::run),
        Command::Batch => (batch_section(), batch::run),
    };
    // Before threads are bound to cores: then fewer would be counted.
    let machine = machine::describe();
    run(&mut report, quick);
    report.print();
    if let Some(file) = write {
        document::replace(&file, section, &report.table(), &machine).unwrap();
    }
}
