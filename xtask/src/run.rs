//! Processes that a chore starts, from the root of the repository.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use xtask::tree::root;

/// How many lines of a failed command are told again.
const LAST_LINES: usize = 40;

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

/// Runs a command and lets it talk; an end that is no success is an error, which repeats the last lines of what it
/// said on stderr where nobody watches: of a long log, often only the end is kept.
///
/// # Errors
/// When it cannot be started or fails.
pub fn must(command: &mut Command) -> Result<()> {
    if std::io::stderr().is_terminal() {
        let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
        ensure!(status.success(), "{command:?} ended with {status}");
        return Ok(());
    }
    let mut child =
        command.stderr(Stdio::piped()).spawn().with_context(|| format!("cannot start {command:?}"))?;
    let mut last: VecDeque<String> = VecDeque::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            eprintln!("{line}");
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(line);
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "{command:?} ended with {status}\n{}", last.make_contiguous().join("\n"));
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
