//! The binary.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use maitred_server::cli::{Cli, run};

fn main() -> ExitCode {
    maitred_core::dispatch::panics::watch();
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "maitred: {error:#}");
            ExitCode::FAILURE
        }
    }
}
