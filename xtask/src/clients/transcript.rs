//! Judges what `record.py` wrote down about a stdio server.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Verdict over the recorded runs of one client.
pub struct Verdict {
    /// Faults in words; empty when all is well.
    pub faults: Vec<String>,
    /// Sessions that got as far as `initialize`.
    pub sessions: usize,
    /// The recordings, and the servers' standard error.
    pub files: Vec<PathBuf>,
}

/// Reads all recordings in `records`, waiting a little for servers that are just ending.
///
/// # Errors
/// The folder cannot be read.
pub fn judge(records: &Path) -> Result<Verdict> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let mut verdict = Verdict { faults: Vec::new(), sessions: 0, files: Vec::new() };
        let mut running = false;
        let entries = std::fs::read_dir(records).context("no stdio server was started")?;
        for entry in entries {
            let path = entry.context("list the recordings")?.path();
            if path.extension().is_some_and(|kind| kind == "log") {
                let text = std::fs::read_to_string(&path).context("read a recording")?;
                running |= !text.contains("\n-- exit ");
                let run = judge_one(&text);
                verdict.sessions += usize::from(run.is_session);
                verdict.faults.extend(run.faults);
            }
            verdict.files.push(path);
        }
        if !running || Instant::now() > deadline {
            verdict.files.sort();
            if verdict.sessions == 0 {
                verdict.faults.push("no session was opened".to_owned());
            }
            return Ok(verdict);
        }
        sleep(Duration::from_millis(50));
    }
}

struct Run {
    is_session: bool,
    faults: Vec<String>,
}

fn judge_one(text: &str) -> Run {
    let mut faults = Vec::new();
    let mut is_session = false;
    let mut ending = None;
    for line in text.lines() {
        if let Some(sent) = line.strip_prefix("-> ") {
            let message: serde_json::Value = serde_json::from_str(sent).unwrap_or_default();
            is_session |= message["method"] == "initialize";
        } else if let Some(answer) = line.strip_prefix("<- ") {
            let message: Option<serde_json::Value> = serde_json::from_str(answer).ok();
            if message.is_none_or(|message| message["jsonrpc"] != "2.0") {
                faults.push(format!("stdout has a line that is no message: {answer}"));
            }
        } else if let Some(status) = line.strip_prefix("-- exit ") {
            ending = Some(status);
        }
    }
    // A client may kill a server it only probed, before that could listen to signals.
    if is_session {
        match ending {
            Some(status) if status.starts_with("0 ") => {}
            Some(status) => faults.push(format!("the server ended with {status}")),
            None => faults.push("the server had to be killed".to_owned()),
        }
    }
    Run { is_session, faults }
}

#[cfg(test)]
mod tests {
    use super::judge_one;

    const SESSION: &str = "-> {\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\"}\n\
                           <- {\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{}}\n";

    fn faults(text: &str) -> Vec<String> {
        judge_one(text).faults
    }

    #[test]
    fn a_session_has_to_end_by_itself() {
        assert!(judge_one(SESSION).is_session);
        assert!(faults(&format!("{SESSION}-- end of input\n-- exit 0 after 4 ms\n")).is_empty());
        assert_eq!(faults(SESSION), ["the server had to be killed"]);
        assert_eq!(
            faults(&format!("{SESSION}-- exit 1 after 4 ms\n")),
            ["the server ended with 1 after 4 ms"]
        );
        assert_eq!(faults(&format!("{SESSION}-- exit -15 after 4 ms\n")).len(), 1);
    }

    #[test]
    fn a_probe_may_be_killed() {
        let run =
            judge_one("-> {\"id\":1,\"method\":\"server/discover\"}\n-- signal 15\n-- exit -15 after 0 ms\n");
        assert!(!run.is_session && run.faults.is_empty());
    }

    #[test]
    fn stdout_carries_messages_only() {
        for line in ["welcome", "{}", "{\"jsonrpc\":\"1.0\"}", "", "[]"] {
            assert_eq!(faults(&format!("<- {line}\n")).len(), 1, "{line}");
        }
    }
}
