//! `clients`: real MCP clients and the official conformance suite against built binaries.
//!
//! The clients and their pins live in `tests/clients/`, whose README says what each one proves.
//! This module installs them once, starts the servers, runs the scripts and keeps the score; what
//! a session does is in the scripts, not here.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use board::Board;
use install::Store;
use server::Demo;

mod board;
mod checks;
mod conformance;
mod install;
pub(crate) mod process;
mod server;
mod transcript;

const HELP: &str = "\
usage: cargo xtask clients [options]

Runs real MCP clients against maitred over stdio and HTTP, and the conformance suite.

options:
  --only GROUP         python, ts, inspector, claude or conformance; may be repeated
  --postgres           keep the demo on PostgreSQL: a throw-away server, or MAITRED_TEST_POSTGRES
  --maitred PATH       the server (default: beside this program in the target directory)
  --conformance PATH   the fixture server (default: `maitred-conformance`, likewise)
  --work DIR           data and logs of this run, emptied first (default: target/clients/work)

example:
  cargo build --bin maitred && cargo xtask clients --only python --only ts";

/// Families of clients that can be run alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The Python SDK, 1.x and 2.x.
    Python,
    /// The TypeScript SDK, v1 and v2.
    Ts,
    /// The Inspector's command line, with its schema lint.
    Inspector,
    /// Claude Code's health check of configured servers.
    Claude,
    /// The official conformance suite against the fixture server.
    Conformance,
}

impl Group {
    const ALL: [(&'static str, Self); 5] = [
        ("python", Self::Python),
        ("ts", Self::Ts),
        ("inspector", Self::Inspector),
        ("claude", Self::Claude),
        ("conformance", Self::Conformance),
    ];

    fn parse(name: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, group)| *group).with_context(|| {
            format!("`--only` knows python, ts, inspector, claude and conformance, not `{name}`")
        })
    }
}

/// What to run, and with which binaries.
#[derive(Debug)]
pub struct Args {
    maitred: PathBuf,
    fixture: PathBuf,
    work: PathBuf,
    cache: PathBuf,
    groups: Vec<Group>,
    postgres: bool,
    help: bool,
}

impl Args {
    /// Reads the arguments behind `clients`.
    ///
    /// # Errors
    /// An unknown option, an unknown group, or an option without its value.
    pub fn parse(mut given: impl Iterator<Item = String>) -> Result<Self> {
        // The target directory may be anywhere; this program certainly lies in it.
        let here = std::env::current_exe().context("find the target directory")?;
        let built = here.parent().context("find the target directory")?;
        let target = built.parent().context("find the target directory")?;
        let cache = target.join("clients");
        let mut args = Self {
            maitred: built.join("maitred"),
            fixture: built.join("maitred-conformance"),
            work: cache.join("work"),
            cache,
            groups: Vec::new(),
            postgres: false,
            help: false,
        };
        while let Some(option) = given.next() {
            let mut value = || given.next().with_context(|| format!("`{option}` needs a value"));
            match option.as_str() {
                "--maitred" => args.maitred = value()?.into(),
                "--conformance" => args.fixture = value()?.into(),
                "--work" => args.work = value()?.into(),
                "--only" => args.groups.push(Group::parse(&value()?)?),
                "--postgres" => args.postgres = true,
                "--help" | "-h" => args.help = true,
                _ => bail!("unknown option `{option}`\n\n{HELP}"),
            }
        }
        if args.groups.is_empty() {
            args.groups = Group::ALL.iter().map(|(_, group)| *group).collect();
        }
        Ok(args)
    }
}

/// Everything a group of checks needs.
struct Lab {
    board: Board,
    store: Store,
    scripts: PathBuf,
    work: PathBuf,
}

/// Runs the chosen clients and prints one line a check, then a table.
///
/// # Errors
/// Any failed check, a missing binary, or a client that could not be installed.
pub fn run(args: Args) -> Result<()> {
    if args.help {
        println!("{HELP}");
        return Ok(());
    }
    let started = Instant::now();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scripts = root.parent().context("find the workspace")?.join("tests/clients");
    if args.work.exists() {
        // Only what an earlier run marked as its own is deleted.
        ensure!(
            args.work.join(MARK).exists(),
            "`{}` exists and is not a work directory of an earlier run",
            args.work.display()
        );
        std::fs::remove_dir_all(&args.work).context("empty the work directory")?;
    }
    std::fs::create_dir_all(&args.work).context("make the work directory")?;
    let work = args.work.canonicalize().context("find the work directory")?;
    std::fs::write(work.join(MARK), "").context("mark the work directory")?;
    let mut lab = Lab {
        board: Board::default(),
        store: Store::new(args.cache, scripts.clone(), work.join("install"))?,
        scripts,
        work,
    };

    let (suite, clients): (Vec<_>, Vec<_>) =
        args.groups.iter().partition(|group| **group == Group::Conformance);
    if !clients.is_empty() {
        let maitred = binary(&args.maitred, "cargo build --bin maitred")?;
        let mut demo = Demo::new(&maitred, &lab.work, args.postgres)?;
        demo.start_http(&mut lab.board);
        for group in clients {
            let outcome = match group {
                Group::Python => checks::python(&mut lab, &demo),
                Group::Ts => checks::typescript(&mut lab, &demo),
                Group::Inspector => checks::inspector(&mut lab, &demo),
                Group::Claude => checks::claude(&mut lab, &demo),
                Group::Conformance => Ok(()),
            };
            if let Err(error) = outcome {
                lab.board.fail(&format!("{group:?}").to_lowercase(), "-", "run", &format!("{error:#}"));
            }
        }
        demo.stop_http(&mut lab.board);
    }
    if !suite.is_empty() {
        let hint = "cargo build --workspace --bin maitred-conformance";
        let outcome = binary(&args.fixture, hint).and_then(|fixture| conformance::run(&mut lab, &fixture));
        if let Err(error) = outcome {
            lab.board.fail("conformance", "-", "run", &format!("{error:#}"));
        }
    }
    lab.board.finish(started.elapsed(), &lab.work)
}

const MARK: &str = ".maitred-clients";

fn binary(path: &Path, hint: &str) -> Result<PathBuf> {
    path.canonicalize().with_context(|| format!("no binary at `{}`: `{hint}` makes it", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{Args, Group};

    fn parse(words: &[&str]) -> anyhow::Result<Args> {
        Args::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn options_override_the_defaults() {
        let args = parse(&["--only", "ts", "--maitred", "/m", "--only", "claude", "--work", "/w"]).unwrap();
        assert_eq!(args.groups, [Group::Ts, Group::Claude]);
        assert_eq!(args.maitred, std::path::Path::new("/m"));
        assert_eq!(args.work, std::path::Path::new("/w"));
        assert!(args.fixture.ends_with("maitred-conformance"));
    }

    #[test]
    fn without_only_everything_runs() {
        assert_eq!(parse(&[]).unwrap().groups.len(), Group::ALL.len());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for words in [&["--only", "ruby"][..], &["--only"], &["--fast"], &["ts"]] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
