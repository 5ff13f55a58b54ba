//! Processes that a chore starts, from the root of the repository.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use xtask::tree::root;

/// A command in the root of the repository.
pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Runs cargo and lets it talk; an end that is no success is an error.
///
/// # Errors
/// When cargo cannot be started or fails.
pub fn cargo(args: &[&str]) -> Result<()> {
    must(&mut command("cargo", args))
}

/// Runs a command and lets it talk; an end that is no success is an error.
///
/// # Errors
/// When it cannot be started or fails.
pub fn must(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// Runs a command quietly and answers what it printed.
///
/// # Errors
/// When it cannot be started, or fails: then with what it said about that.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} ended with {}\n{said}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The target directory this program was built into.
///
/// # Errors
/// When the program does not know where it is.
pub fn target() -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let target = own.parent().and_then(|profile| profile.parent());
    Ok(target.context("this program is in no target directory")?.to_owned())
}
