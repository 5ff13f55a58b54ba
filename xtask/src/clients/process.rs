//! Child processes with a hard time limit and their output kept in files.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

/// What a finished process left behind.
pub struct Finished {
    /// Exit status; none when it was killed by a signal or by the time limit.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Where standard output is kept.
    pub out: PathBuf,
    /// Where standard error is kept.
    pub err: PathBuf,
}

impl Finished {
    /// The exit status in words.
    pub fn ending(&self) -> String {
        self.code.map_or_else(|| "killed".to_owned(), |code| format!("exit {code}"))
    }
}

/// Starts a process whose output goes to `DIR/NAME.out` and `DIR/NAME.err`.
///
/// # Errors
/// The directory cannot be written or the program cannot be started.
pub fn start(command: &mut Command, dir: &Path, name: &str) -> Result<(Child, PathBuf, PathBuf)> {
    std::fs::create_dir_all(dir).context("make the log directory")?;
    let (out, err) = (dir.join(format!("{name}.out")), dir.join(format!("{name}.err")));
    command
        .stdin(Stdio::null())
        .stdout(File::create(&out).context("make a log file")?)
        .stderr(File::create(&err).context("make a log file")?);
    let program = command.get_program().to_owned();
    let child = command.spawn().with_context(|| format!("start `{}`", program.display()))?;
    Ok((child, out, err))
}

/// Runs a process to its end, or kills it after `limit`.
///
/// # Errors
/// As [`start`]. A process that fails is not an error here.
pub fn run(command: &mut Command, dir: &Path, name: &str, limit: Duration) -> Result<Finished> {
    let (mut child, out, err) = start(command, dir, name)?;
    let code = wait(&mut child, limit)?.unwrap_or(None);
    let read = |path: &Path| std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(Finished {
        code,
        stdout: read(&out).context("read the output")?,
        stderr: read(&err).context("read the output")?,
        out,
        err,
    })
}

/// Runs a process that has to succeed, and gives its standard output.
///
/// # Errors
/// As [`start`], or it fails or takes longer than `limit`; the message ends with what it said.
pub fn must(command: &mut Command, dir: &Path, name: &str, limit: Duration) -> Result<String> {
    let done = run(command, dir, name, limit)?;
    let said: Vec<_> = done.stderr.lines().collect();
    let end = said[said.len().saturating_sub(20)..].join("\n");
    ensure!(done.code == Some(0), "`{name}` ended with {}\n{end}", done.ending());
    Ok(done.stdout)
}

/// Waits for the end of a child; after `limit` it is killed and the answer is `None`.
///
/// # Errors
/// The child cannot be waited for.
pub fn wait(child: &mut Child, limit: Duration) -> Result<Option<Option<i32>>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().context("wait for a process")? {
            return Ok(Some(status.code()));
        }
        if Instant::now() > deadline {
            child.kill().context("kill a process")?;
            child.wait().context("wait for a process")?;
            return Ok(None);
        }
        sleep(Duration::from_millis(10));
    }
}
