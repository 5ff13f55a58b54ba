//! `ci`: everything CI runs, in its order, and nothing more.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::{chores, clients, einvoice, features, run};

/// One step.
struct Step {
    name: &'static str,
    run: fn() -> Result<Outcome>,
}

/// What became of a step that did not fail.
enum Outcome {
    Done,
    /// Done in part, with what was left out.
    Partly(String),
}

const STEPS: &[Step] = &[
    Step { name: "format", run: || done(run::cargo(&["fmt", "--all", "--check"])) },
    Step {
        name: "clippy",
        run: || done(run::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    },
    Step { name: "test", run: || done(run::must(&mut with_server(&["test", "--workspace"]))) },
    Step { name: "postgres", run: every_tool_on_postgres },
    Step { name: "tidy", run: || done(chores::tidy()) },
    Step { name: "codegen", run: || done(chores::codegen(std::iter::once("--check".to_owned()))) },
    Step { name: "features", run: || done(features::run()) },
    Step { name: "docs", run: docs },
    Step { name: "deny", run: deny },
    Step {
        name: "release",
        run: || {
            done(run::cargo(&["build", "--release", "-p", "maitred-server", "-p", "maitred-conformance"]))
        },
    },
    Step { name: "clients", run: real_clients },
    Step { name: "einvoice", run: einvoices },
];

fn done(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Done)
}

/// Runs every step, also behind one that failed, and prints a table.
pub fn run() -> Result<()> {
    let mut rows: Vec<(&str, String, Duration)> = Vec::new();
    let mut failed = Vec::new();
    for step in STEPS {
        println!("\n=== {} ===", step.name);
        let started = Instant::now();
        let word = match (step.run)() {
            Ok(Outcome::Done) => "ok".to_owned(),
            Ok(Outcome::Partly(what)) => format!("ok, but {what}"),
            Err(error) => {
                eprintln!("error: {error:#}");
                failed.push((step.name, format!("{error:#}")));
                "FAILED".to_owned()
            }
        };
        rows.push((step.name, word, started.elapsed()));
    }
    println!("\n{:<10} {:>7}  outcome", "step", "seconds");
    for (name, word, took) in rows {
        println!("{name:<10} {:>7}  {word}", took.as_secs());
    }
    // Once more behind the table: of a long log, often only the end is kept.
    for (name, why) in &failed {
        println!("\n{name}: {why}");
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "));
    }
    Ok(())
}

/// Tests that may not pass PostgreSQL over for want of a server.
fn with_server(args: &[&str]) -> std::process::Command {
    let mut command = run::command("cargo", args);
    command.env("MAITRED_TEST_POSTGRES_REQUIRED", "1");
    command
}

/// Every tool's examples, rules and tests once more, with the fixtures' organisations on PostgreSQL. The whole workspace
/// is named so that nothing is built anew.
fn every_tool_on_postgres() -> Result<Outcome> {
    let mut test = with_server(&["test", "--workspace", "--lib", "--test", "domain"]);
    done(run::must(test.env("MAITRED_TEST_ENGINE", "postgres")))
}

fn docs() -> Result<Outcome> {
    let mut doc = run::command("cargo", &["doc", "--workspace", "--no-deps", "--quiet"]);
    done(run::must(doc.env("RUSTDOCFLAGS", "-D warnings")))
}

/// Licences, bans and sources always; advisories where their database can be had.
fn deny() -> Result<Outcome> {
    if run::output(&mut run::command("cargo", &["deny", "--version"])).is_err() {
        return Ok(Outcome::Partly("cargo-deny is not installed: NOTHING WAS CHECKED".to_owned()));
    }
    run::cargo(&["deny", "--all-features", "check", "licenses", "bans", "sources"])?;
    if let Err(error) = run::output(&mut run::command("cargo", &["deny", "fetch", "db"])) {
        eprintln!("*** the advisory database cannot be fetched; ADVISORIES WERE NOT CHECKED ***\n{error:#}");
        return Ok(Outcome::Partly(
            "ADVISORIES WERE NOT CHECKED: their database cannot be fetched".to_owned(),
        ));
    }
    done(run::cargo(&["deny", "--all-features", "check", "advisories"]))
}

/// The rules of OpenPeppol are in their repository only, which not every network reaches.
fn einvoices() -> Result<Outcome> {
    let missing = einvoice::run(einvoice::Args::default())?;
    Ok(if missing.is_empty() { Outcome::Done } else { Outcome::Partly(missing.join("; ")) })
}

fn real_clients() -> Result<Outcome> {
    let release = run::target()?.join("release");
    let path = |name: &str| release.join(name).to_string_lossy().into_owned();
    let args =
        ["--maitred".to_owned(), path("maitred"), "--conformance".to_owned(), path("maitred-conformance")];
    let run = |more: &[&str]| {
        let more = more.iter().map(|arg| (*arg).to_owned());
        clients::Args::parse(args.iter().cloned().chain(more)).and_then(clients::run)
    };
    run(&[])?;
    // The day of trade and the checks of both Python SDKs once more, with the organisation on PostgreSQL.
    done(run(&["--postgres", "--only", "python"]))
}
