//! The stdio driver: starts a command and talks to it line by line.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use memchr::memmem;
use serde::Serialize;

use crate::process::{self, Memory};
use crate::{calls, load};

/// Calls in flight when they are pipelined.
pub const PIPELINE: usize = 64;

/// How a stdio server is started.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program.
    pub path: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// What is added to its environment.
    pub env: Vec<(String, String)>,
}

/// Memory over many calls.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Growth {
    /// Calls between the two readings.
    pub calls: usize,
    /// Before them.
    pub before: Memory,
    /// After them.
    pub after: Memory,
}

/// A running stdio server after its handshake.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// From before the process was made until `initialize` was answered.
    pub start: Duration,
}

impl Driver {
    /// Starts the program and runs the handshake. What it writes to stderr is dropped.
    ///
    /// # Errors
    /// When it does not start or its first line is no answer to `initialize`.
    pub fn start(program: &Program) -> Result<Self> {
        let hello = format!("{}\n", calls::initialize());
        let started = Instant::now();
        let mut child = Command::new(&program.path)
            .args(&program.args)
            .envs(program.env.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting `{}`", program.path.display()))?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            process::end(&mut child);
            bail!("the child has no pipes");
        };
        let mut output = BufReader::with_capacity(256 * 1024, output);
        let mut line = String::new();
        let answered = input.write_all(hello.as_bytes()).and_then(|()| output.read_line(&mut line));
        let mut driver = Self { child, input, output, start: started.elapsed() };
        answered.context("initialize over stdio")?;
        if !line.contains("\"result\"") || !line.contains("\"protocolVersion\"") {
            bail!("initialize was answered with `{}`", line.trim());
        }
        driver.input.write_all(format!("{}\n", calls::initialized()).as_bytes())?;
        Ok(driver)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// One request, and its answer without the line feed.
    ///
    /// # Errors
    /// When the process ends or does not write UTF-8.
    pub fn ask(&mut self, request: &str) -> Result<String> {
        self.input.write_all(format!("{request}\n").as_bytes())?;
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("the process ended instead of answering `{request}`");
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }

    /// Calls a second, one at a time, over `count` calls.
    ///
    /// # Errors
    /// When an answer is wrong or missing.
    pub fn sequential(&mut self, request: &load::Request, count: usize) -> Result<f64> {
        let mut bytes = request.body.clone().into_bytes();
        bytes.push(b'\n');
        let mut line = Vec::new();
        let started = Instant::now();
        for _ in 0..count {
            self.input.write_all(&bytes)?;
            self.read_right(request, &mut line)?;
        }
        Ok(count as f64 / started.elapsed().as_secs_f64())
    }

    /// Calls a second with [`PIPELINE`] of them in flight, over `count` calls.
    ///
    /// # Errors
    /// When an answer is wrong or missing.
    pub fn pipelined(&mut self, request: &load::Request, count: usize) -> Result<f64> {
        let mut one = request.body.clone().into_bytes();
        one.push(b'\n');
        let many = one.repeat(PIPELINE);
        let mut line = Vec::new();
        let started = Instant::now();
        let mut sent = count.min(PIPELINE);
        self.input.write_all(&many[..sent * one.len()])?;
        let mut received = 0;
        while received < count {
            self.read_right(request, &mut line)?;
            let mut arrived = 1;
            // What has arrived already is taken before more is sent, so that a write tops up for many answers.
            while received + arrived < count && memchr::memchr(b'\n', self.output.buffer()).is_some() {
                self.read_right(request, &mut line)?;
                arrived += 1;
            }
            received += arrived;
            let more = arrived.min(count - sent);
            self.input.write_all(&many[..more * one.len()])?;
            sent += more;
        }
        Ok(count as f64 / started.elapsed().as_secs_f64())
    }

    /// Memory before and after `count` pipelined calls, after a tenth as many to warm up.
    ///
    /// # Errors
    /// When an answer is wrong or missing.
    pub fn growth(&mut self, request: &load::Request, count: usize) -> Result<Growth> {
        self.pipelined(request, (count / 10).max(1))?;
        let before = process::memory(self.pid())?;
        self.pipelined(request, count)?;
        Ok(Growth { calls: count, before, after: process::memory(self.pid())? })
    }

    fn read_right(&mut self, request: &load::Request, line: &mut Vec<u8>) -> Result<()> {
        line.clear();
        self.output.read_until(b'\n', line)?;
        let right = line.last() == Some(&b'\n')
            && memmem::find(line, request.expect.as_bytes()).is_some()
            && memmem::find(line, b"\"isError\":true").is_none();
        if !right {
            let shown = String::from_utf8_lossy(&line[..line.len().min(300)]);
            bail!("`{}` was answered with `{}`", request.body, shown.trim());
        }
        Ok(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        process::end(&mut self.child);
    }
}

/// The times from start to answered `initialize` of `count` starts.
///
/// # Errors
/// When a start fails.
pub fn starts(program: &Program, count: usize) -> Result<Vec<Duration>> {
    (0..count).map(|_| Driver::start(program).map(|driver| driver.start)).collect()
}
