//! Processes: starting a server and knowing its address, and what the kernel says of its memory and time.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::client::Client;

/// Ticks of a second in `/proc/<pid>/stat`: 100 on every Linux that this runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// What the machine's cores have done since it started, in ticks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cores {
    all: u64,
    stolen: u64,
}

impl Cores {
    /// Up to now. Where the kernel does not tell, nothing was ever stolen.
    pub fn now() -> Self {
        std::fs::read_to_string("/proc/stat").map_or_else(|_| Self::default(), |text| Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let first = text.lines().next().unwrap_or_default();
        // user, nice, system, idle, iowait, irq, softirq, steal; the guests' time behind them is part of `user`.
        let ticks: Vec<u64> =
            first.split_ascii_whitespace().skip(1).take(8).filter_map(|ticks| ticks.parse().ok()).collect();
        Self { all: ticks.iter().sum(), stolen: ticks.get(7).copied().unwrap_or_default() }
    }

    /// The share of all time since then in which a core had work and the machine's host did not let it run.
    pub fn stolen_since(self, then: Self) -> f64 {
        let all = self.all.saturating_sub(then.all).max(1);
        self.stolen.saturating_sub(then.stolen) as f64 / all as f64
    }
}

/// A child that ends with this value.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts a reference server, which prints its address as its first line and ends when its stdin is closed.
    ///
    /// # Errors
    /// When it does not start or says something else; its own words are part of the error.
    pub fn start_reference<A: AsRef<OsStr>>(program: &Path, args: &[A]) -> Result<Self> {
        let mut child = Command::new(program)
            .args(args)
            .arg("--until-stdin-closes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting `{}`", program.display()))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        match line.trim().parse() {
            Ok(address) => Ok(Self { child, address }),
            Err(_) => {
                end(&mut child);
                let mut words = String::new();
                if let Some(mut stderr) = child.stderr.take() {
                    stderr.read_to_string(&mut words)?;
                }
                bail!("a reference server did not start: `{}`", words.trim())
            }
        }
    }

    /// Starts a server that listens on `address` and waits until `GET /live` answers 200. What it writes goes to `log`.
    ///
    /// # Errors
    /// When it ends or does not answer within 30 seconds; the end of `log` is part of the error.
    pub fn start(mut command: Command, address: SocketAddr, log: &Path) -> Result<Self> {
        let file = std::fs::File::create(log).with_context(|| format!("creating `{}`", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("starting `{}`", command.get_program().display()))?;
        let mut server = Self { child, address };
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended with {status}: `{}`", tail(log));
            }
            let answered = Client::connect(address, "/", None).and_then(|mut client| client.get("/live"));
            if answered.is_ok_and(|answer| answer.status == 200) {
                return Ok(server);
            }
            if Instant::now() > until {
                bail!("`GET /live` did not answer 200 within 30 s: `{}`", tail(log));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Ends a child and waits for it; one that has ended already is fine.
pub fn end(child: &mut Child) {
    if child.kill().is_ok() {
        child.wait().ok();
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join(" | ")
}

/// An address of the loopback interface whose port is free now.
///
/// # Errors
/// When there is none.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Ends this process when its stdin is closed: a reference server must not outlive who started it.
pub fn end_when_stdin_closes() {
    std::thread::spawn(|| {
        let mut piece = [0u8; 64];
        while matches!(std::io::stdin().read(&mut piece), Ok(read) if read > 0) {}
        std::process::exit(0);
    });
}

/// Memory of a process, in KiB.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Memory {
    /// Resident, pages of the program file included.
    pub rss: u64,
    /// Resident and anonymous: heap and stacks.
    pub anonymous: u64,
}

/// What `/proc/<pid>/status` says.
///
/// # Errors
/// When there is no such process.
pub fn memory(pid: u32) -> Result<Memory> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading `{path}`"))?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .with_context(|| format!("`{path}` has no `{name}`"))
    };
    Ok(Memory { rss: field("VmRSS:")?, anonymous: field("RssAnon:")? })
}

/// The most that was ever resident of a process, in KiB.
///
/// # Errors
/// When there is no such process.
pub fn peak(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading `{path}`"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .with_context(|| format!("`{path}` has no `VmHWM`"))
}

/// Seconds of processor time that a process has used, in steps of a hundredth.
///
/// # Errors
/// When there is no such process.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading `{path}`"))?;
    // The name stands in parentheses and may hold anything; user and system time are fields 14 and 15.
    let rest = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let mut fields = rest.split_whitespace().skip(11).map(str::parse::<f64>);
    match (fields.next(), fields.next()) {
        (Some(Ok(user)), Some(Ok(system))) => Ok((user + system) / TICKS_PER_SECOND),
        _ => bail!("`{path}` is not as expected"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_time() {
        let pid = std::process::id();
        let found = memory(pid).unwrap();
        assert!(found.rss >= found.anonymous && found.anonymous > 0);
        assert!(cpu_seconds(pid).unwrap() >= 0.0);
        assert!(peak(pid).unwrap() > 0 && peak(u32::MAX).is_err());
        assert!(memory(u32::MAX).is_err());
    }

    #[test]
    fn stolen_time_is_a_share_of_all_time() {
        let then = Cores::parse("cpu  100 0 50 800 0 0 0 50 7 7\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
        let now = Cores::parse("cpu  150 0 60 820 0 0 0 70 9 9\n");
        assert!((now.stolen_since(then) - 0.2).abs() < 1e-9);
        assert!(Cores::parse("").stolen_since(Cores::default()).abs() < 1e-9);
    }
}
