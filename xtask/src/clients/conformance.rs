//! The official conformance suite, against the fixture server.
//!
//! It runs twice. First as the suite defines revision 2025-11-25, the oldest with a list of
//! required scenarios; then scenario by scenario at 2025-03-26, which the suite does not offer as a
//! whole but which checks every message against the schema of the revision maitred speaks.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::Lab;
use super::install::package_version;
use super::process::run as run_process;
use super::server::{Server, free_address};

const LIMIT: Duration = Duration::from_secs(180);
const REQUIREMENTS: &str = "2025-11-25";
const SPOKEN: &str = "2025-03-26";

/// Fewer than this and the suite's output is no longer understood.
const AT_LEAST: usize = 28;

/// Unfinished by the suite's own account; the first mode runs them without scoring.
const PENDING: [&str; 2] = ["json-schema-2020-12", "server-sse-polling"];

/// Runs both modes.
///
/// # Errors
/// The suite cannot be installed or the fixture does not start.
pub fn run(lab: &mut Lab, fixture: &Path) -> Result<()> {
    let node = lab.store.node()?;
    let folder = lab.store.npm("conformance")?;
    let package = "@modelcontextprotocol/conformance";
    lab.board.version("conformance", &package_version(&folder, package)?);
    let program = folder.join("node_modules").join(package).join("dist/index.js");
    let baseline = lab.scripts.join("conformance/expected-failures.yml");
    let logs = lab.work.join("conformance");

    let address = free_address()?;
    let mut serve = Command::new(fixture);
    serve.args(["--listen", &address.to_string()]).current_dir(&lab.work);
    let mut server = Server::start(&mut serve, &logs, "fixture", address)?;
    if let Err(error) = server.until(|address| TcpStream::connect(address).is_ok()) {
        lab.board.fail("conformance", "http", "start the fixture", &format!("{error:#}"));
        lab.board.show(&logs.join("fixture.err"));
        return Ok(());
    }
    let url = format!("http://{address}/mcp");
    let suite = |arguments: &[&str]| {
        let mut command = Command::new(&node);
        command.arg(&program).args(arguments).env("HOME", &logs).current_dir(&lab.work);
        command
    };
    let mut against =
        suite(&["server", "--url", &url, "--requirements", REQUIREMENTS, "--expected-failures"]);
    against.arg(&baseline);
    let done = run_process(&mut against, &logs, "requirements", LIMIT)?;
    let scored = done.stdout.lines().filter(|line| line.starts_with("=== Running scenario: ")).count();
    let ok = done.code == Some(0) && scored >= AT_LEAST;
    let note = format!("{scored} scenarios, {}", done.ending());
    lab.board.check(ok, "conformance", "http", &format!("requirements {REQUIREMENTS}"), &note);
    if !ok {
        lab.board.show(&done.out);
        lab.board.show(&done.err);
        lab.board.show(&logs.join("fixture.err"));
    }

    let listed = run_process(&mut suite(&["list", "--server"]), &logs, "list", LIMIT)?;
    let scenarios = applicable(&listed.stdout);
    ensure!(scenarios.len() >= AT_LEAST, "only {} scenarios in the suite's list", scenarios.len());
    for scenario in scenarios {
        let mut one = suite(&["server", "--url", &url, "--scenario", scenario]);
        one.args(["--spec-version", SPOKEN, "--force", "--expected-failures"]).arg(&baseline);
        let done = run_process(&mut one, &logs, scenario, LIMIT)?;
        let (ok, note) = verdict(done.code, &done.stdout);
        lab.board.check(ok, "conformance", "http", &format!("{SPOKEN} {scenario}"), &note);
        if !ok {
            lab.board.show(&done.out);
            lab.board.show(&done.err);
        }
    }
    Ok(())
}

/// Scenarios of the revisions with a handshake: those tagged with a date up to 2025-11-25.
fn applicable(list: &str) -> Vec<&str> {
    let named = list.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split_once(" ["));
    named
        .filter(|(name, tags)| {
            let mut dates = tags.trim_end_matches(']').split(',').map(str::trim);
            dates.any(|date| date.starts_with("20") && date <= REQUIREMENTS) && !PENDING.contains(name)
        })
        .map(|(name, _)| name)
        .collect()
}

/// Exit status 0 alone is not enough: a scenario that was skipped has it too.
fn verdict(code: Option<i32>, said: &str) -> (bool, String) {
    let passed = said.lines().filter(|line| line.contains("SUCCESS")).count();
    let expected = said.contains("Expected failures (in baseline)");
    match code {
        Some(0) if expected => (true, "fails as expected".to_owned()),
        Some(0) if passed > 0 => (true, format!("{passed} check(s)")),
        Some(0) => (false, "no check was made".to_owned()),
        _ if said.contains("Stale baseline") => {
            (false, "passes, but is listed as an expected failure".to_owned())
        }
        _ => (false, "failed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{applicable, verdict};

    #[test]
    fn scenarios_of_later_protocols_are_left_out() {
        let list = "Server scenarios:\n  - ping [2025-06-18,2025-11-25]\n  - caching [2026-07-28]\n  \
                    - tools-list [2025-06-18,2026-07-28]\n  - tasks-lifecycle [extension]\n  \
                    - server-sse-polling [2025-11-25]\n";
        assert_eq!(applicable(list), ["ping", "tools-list"]);
    }

    #[test]
    fn a_skipped_scenario_is_not_a_success() {
        assert!(verdict(Some(0), "[ping] SUCCESS fine").0);
        assert!(verdict(Some(0), "FAILURE\nExpected failures (in baseline):\n  ~ x").0);
        assert!(!verdict(Some(0), "not applicable").0);
        assert!(!verdict(Some(1), "[a] SUCCESS\n[b] FAILURE").0);
        assert!(!verdict(None, "[a] SUCCESS").0);
    }
}
