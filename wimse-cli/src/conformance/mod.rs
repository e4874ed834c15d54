//! `wimse conformance`: vector files against this implementation, one line of output a vector.

mod anchors;
mod case;
mod decide;
mod fault;
mod fields;
mod httpsig;
mod load;
mod message;
mod report;
mod run;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use report::Report;

pub use decide::{Decision, Unusable, decide};

/// The arguments of the subcommand.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object a line instead of text
    #[arg(long)]
    json: bool,

    /// Vector files, or folders of which every *.json file is read
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

/// How a run ended. The later variant wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Status {
    /// Every vector that could be decided came out as expected.
    Conformant,
    /// At least one vector came out otherwise.
    Mismatch,
    /// At least one file or vector could not be read, so that the answer is incomplete.
    Unreadable,
}

impl Status {
    /// The exit code: 0, 1 or 2.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Conformant => 0,
            Self::Mismatch => 1,
            Self::Unreadable => 2,
        }
    }
}

/// Runs every vector under the given paths: results to `out`, a summary and what could not be read to `err`.
///
/// # Errors
///
/// An error of the writers. Unreadable vectors are no error, but a [`Status`].
pub fn command(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let mut report = Report::new(args.json, out, err);
    for path in &args.paths {
        match load::files(path) {
            Ok(files) => files.iter().try_for_each(|file| run_file(file, &mut report))?,
            Err(problem) => report.unreadable(&problem)?,
        }
    }
    report.finish()
}

fn run_file(file: &Path, report: &mut Report<'_>) -> io::Result<()> {
    let cases = match load::cases(file) {
        Ok(cases) => cases,
        Err(problem) => return report.unreadable(&problem),
    };
    for case in &cases {
        match run::run(case) {
            Ok(outcome) => report.result(case, &outcome)?,
            Err(fault) => report.unreadable(&fault.of(file, &case.id))?,
        }
    }
    Ok(())
}
