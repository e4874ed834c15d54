//! The `wimse` command: arguments in, exit code out. What it does is in the library.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use wimse_cli::conformance;
use wimse_cli::output::Pipe;

/// What a caller's shell sees when the command could not do its work at all.
const FAILED: u8 = 2;

/// Tools for the IETF WIMSE protocols
#[derive(Debug, Parser)]
#[command(name = "wimse", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check this implementation against conformance vectors
    Conformance(conformance::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = Pipe::new(io::stdout().lock());
    let mut err = Pipe::new(io::stderr().lock());
    let code = match cli.command {
        Command::Conformance(args) => {
            conformance::command(&args, &mut out, &mut err).map(conformance::Status::code)
        }
    };
    let code = code.and_then(|code| out.flush().map(|()| code));
    ExitCode::from(code.unwrap_or_else(|error| {
        // Nowhere is left to report a failure of standard error itself.
        let _ = writeln!(err, "wimse: cannot write: {error}");
        FAILED
    }))
}
