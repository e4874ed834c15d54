//! The `wimse` command as a library. Each subcommand is a module: its arguments, and one function that runs it.

pub mod conformance;
pub mod output;
