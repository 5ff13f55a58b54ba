//! The score: one line a check while it runs, a table with versions at the end.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

/// How many lines of a transcript a failure prints; the file has the rest.
const SHOWN: usize = 60;

/// Longest note of a check, in characters.
const NOTE: usize = 160;

/// Results of all clients so far, in the order they ran.
#[derive(Default)]
pub struct Board {
    rows: Vec<Row>,
}

struct Row {
    client: String,
    version: String,
    passed: usize,
    failed: usize,
}

impl Board {
    /// Prints and counts one check.
    pub fn check(&mut self, ok: bool, client: &str, transport: &str, what: &str, note: &str) {
        let mark = if ok { "ok  " } else { "FAIL" };
        // One line, whatever a client's error looks like; the transcript has it in full.
        let note: String = note.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NOTE).collect();
        println!("{mark} {client:<11} {transport:<5} {what:<34} {note}");
        let row = self.row(client);
        if ok {
            row.passed += 1;
        } else {
            row.failed += 1;
        }
    }

    /// A check that failed.
    pub fn fail(&mut self, client: &str, transport: &str, what: &str, note: &str) {
        self.check(false, client, transport, what, note);
    }

    /// Records the version a client says it has.
    pub fn version(&mut self, client: &str, version: &str) {
        version.clone_into(&mut self.row(client).version);
    }

    /// Failed checks of all clients.
    pub fn failed(&self) -> usize {
        self.rows.iter().map(|row| row.failed).sum()
    }

    /// Prints the end of a file that explains a failure.
    pub fn show(&self, file: &Path) {
        let bytes = std::fs::read(file).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().collect();
        if lines.is_empty() {
            return;
        }
        println!("     --- {}", file.display());
        for line in &lines[lines.len().saturating_sub(SHOWN)..] {
            let short: String = line.chars().take(600).collect();
            println!("     | {short}");
        }
    }

    /// Prints the table.
    ///
    /// # Errors
    /// A check failed, or none was made at all.
    pub fn finish(&self, took: Duration, work: &Path) -> Result<()> {
        println!("\n{:<12} {:<16} {:>6} {:>6}", "client", "version", "ok", "FAIL");
        for row in &self.rows {
            println!("{:<12} {:<16} {:>6} {:>6}", row.client, row.version, row.passed, row.failed);
        }
        println!("{:.0} s, logs in {}", took.as_secs_f32(), work.display());
        if self.rows.is_empty() {
            bail!("no check was made");
        }
        match self.failed() {
            0 => Ok(()),
            failed => bail!("{failed} check(s) failed"),
        }
    }

    fn row(&mut self, client: &str) -> &mut Row {
        let at = self.rows.iter().position(|row| row.client == client).unwrap_or_else(|| {
            self.rows.push(Row { client: client.to_owned(), version: String::new(), passed: 0, failed: 0 });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }
}

#[cfg(test)]
mod tests {
    use super::Board;
    use std::path::Path;
    use std::time::Duration;

    fn verdict(board: &Board) -> Option<String> {
        board.finish(Duration::ZERO, Path::new("w")).err().map(|error| error.to_string())
    }

    #[test]
    fn one_failure_among_successes_fails_the_run() {
        let mut board = Board::default();
        assert_eq!(verdict(&board).as_deref(), Some("no check was made"));
        board.check(true, "a", "http", "ping", "");
        assert_eq!(verdict(&board), None);
        board.fail("b", "http", "ping", "");
        board.check(true, "b", "http", "read", "");
        assert_eq!(verdict(&board).as_deref(), Some("1 check(s) failed"));
    }
}
