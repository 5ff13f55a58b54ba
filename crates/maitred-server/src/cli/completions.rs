//! `maitred completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::common::print;

/// `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub fn run(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "maitred", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())
}
