//! What each side saw, readably, and whether it is what was expected.

use std::fmt::Display;
use std::process::ExitCode;

#[derive(Default)]
pub(crate) struct Report {
    checks: usize,
    wrong: usize,
}

impl Report {
    pub(crate) fn heading(&self, text: &str) {
        self.line(&format!("\n{text}"));
    }

    pub(crate) fn note(&self, text: impl Display) {
        self.line(&format!("      {text}"));
    }

    /// Compares an outcome with the expected one.
    pub(crate) fn expect(&mut self, what: &str, expected: &str, got: impl Display) {
        let got = got.to_string();
        self.checks += 1;
        if got == expected {
            self.line(&format!("  ok  {what:<48} {got}"));
        } else {
            self.wrong += 1;
            self.line(&format!(" BAD  {what:<48} {got}, expected {expected}"));
        }
    }

    pub(crate) fn finish(self) -> ExitCode {
        if self.all_as_expected() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    pub(crate) fn all_as_expected(&self) -> bool {
        self.line(&format!("\n{} outcomes, {} as expected", self.checks, self.checks - self.wrong));
        self.wrong == 0
    }

    #[expect(clippy::print_stdout, reason = "printing is what this example is for")]
    fn line(&self, text: &str) {
        println!("{text}");
    }
}
