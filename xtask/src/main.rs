//! Repository chores: `cargo xtask <chore>`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to the terminal it was started from"
)]

use std::process::ExitCode;

mod bench;
mod chores;
mod ci;
mod clients;
mod einvoice;
mod features;
mod run;

const HELP: &str = "\
usage: cargo xtask <chore> [options]

chores:
  new-tool MODULE NOUN VERB   a tool's file, its mod line and its slice line
  tidy                        rules about the whole repository that no compiler holds
  codegen [--check]           docs/TOOLS.md, docs/ERRORS.md and the figures of the menus
  surface [--diff REV]        bytes and tokens of every tool and of every role's menu
  features                    each domain alone, none and all; what is left out does not occur
  clients                     run real MCP clients against maitred (clients --help)
  einvoice                    e-invoices judged by the official artefacts (einvoice --help)
  bench [--check] [..]        a release build set against the reference servers; with --retail FILE also
                              the import of that file and what is asked of it
  ci                          everything CI runs, in its order";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let done = match args.next().as_deref() {
        Some("new-tool") => chores::new_tool(args),
        Some("tidy") => chores::tidy(),
        Some("codegen") => chores::codegen(args),
        Some("surface") => chores::surface(args),
        Some("features") => features::run(),
        Some("clients") => clients::Args::parse(args).and_then(clients::run),
        Some("einvoice") => einvoice::Args::parse(args).and_then(einvoice::run).map(drop),
        Some("bench") => bench::run(args),
        Some("ci") => ci::run(),
        Some("help" | "--help" | "-h") | None => {
            println!("{HELP}");
            Ok(())
        }
        Some(other) => Err(anyhow::anyhow!("no chore is called `{other}`\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
