//! What each client is made to do.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::Lab;
use super::install::package_version;
use super::process::{Finished, run};
use super::server::Demo;
use super::transcript::judge;

const LIMIT: Duration = Duration::from_secs(90);

/// Enough for any shell tool a client may look for, and nothing of the caller's.
const PLAIN_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The Python SDK: both lines in use, each with its default way to connect.
///
/// # Errors
/// Installation fails, or a process cannot be started.
pub fn python(lab: &mut Lab, demo: &Demo) -> Result<()> {
    for line in ["1", "2"] {
        let python = lab.store.venv(line)?;
        let script = lab.scripts.join("python/session.py");
        session(lab, demo, &format!("python-{line}"), &python, &script, json!({}))?;
        trade(lab, demo, &format!("python-{line}"), &python)?;
    }
    Ok(())
}

/// A day of trade, each party with a session of its own, over both transports.
fn trade(lab: &mut Lab, demo: &Demo, client: &str, python: &Path) -> Result<()> {
    let logs = lab.work.join(client);
    for transport in ["stdio", "http"] {
        let mut spec = demo.parties(transport);
        spec["transport"] = json!(transport);
        if transport == "stdio" {
            let line =
                demo.stdio(lab.store.python3(), &lab.scripts.join("record.py"), &logs.join("trade-stdio"));
            spec["command"] = json!(line[0]);
            spec["args"] = json!(line[1..]);
        } else if let Some((url, _)) = demo.http() {
            spec["url"] = json!(url);
        } else {
            continue;
        }
        let mut command = Command::new(python);
        command.arg(lab.scripts.join("python/trade.py")).arg(spec.to_string()).current_dir(&lab.work);
        let done = run(&mut command, &logs, &format!("trade-{transport}"), LIMIT)?;
        let failed_before = lab.board.failed();
        report(lab, client, transport, &done);
        if lab.board.failed() > failed_before {
            lab.board.show(&done.err);
        }
        if transport == "stdio" {
            recordings(lab, client, &logs.join("trade-stdio"));
        }
    }
    Ok(())
}

/// The TypeScript SDK: v1, and v2 both with and without its probe for the stateless protocol.
///
/// # Errors
/// As [`python`].
pub fn typescript(lab: &mut Lab, demo: &Demo) -> Result<()> {
    let node = lab.store.node()?;
    let folder = lab.store.npm("ts")?;
    // Beside `node_modules`, which is where imports are looked up.
    let script = folder.join("session.mjs");
    std::fs::copy(lab.scripts.join("ts/session.mjs"), &script).context("copy the script")?;
    for (client, sdk, mode) in
        [("ts-v1", "v1", "legacy"), ("ts-v2", "v2", "legacy"), ("ts-v2-auto", "v2", "auto")]
    {
        session(lab, demo, client, &node, &script, json!({"sdk": sdk, "mode": mode}))?;
    }
    Ok(())
}

/// Runs the scripted session over both transports.
fn session(
    lab: &mut Lab,
    demo: &Demo,
    client: &str,
    program: &Path,
    script: &Path,
    base: Value,
) -> Result<()> {
    let logs = lab.work.join(client);
    for transport in ["stdio", "http"] {
        let records = logs.join("stdio");
        let mut spec = base.clone();
        spec["transport"] = json!(transport);
        spec["plan"] = json!(lab.scripts.join("session.json"));
        spec["unique"] = json!(format!("checked by {client} over {transport}"));
        if transport == "stdio" {
            let line = demo.stdio(lab.store.python3(), &lab.scripts.join("record.py"), &records);
            spec["command"] = json!(line[0]);
            spec["args"] = json!(line[1..]);
            spec["env"] = json!({"MAITRED_KEY": demo.stdio_key()});
        } else if let Some((url, key)) = demo.http() {
            spec["url"] = json!(url);
            spec["key"] = json!(key);
        } else {
            lab.board.fail(client, transport, "run", "the server is not up");
            continue;
        }
        let mut command = Command::new(program);
        command.arg(script).arg(spec.to_string()).current_dir(&lab.work);
        let done = run(&mut command, &logs, transport, LIMIT)?;
        let failed_before = lab.board.failed();
        report(lab, client, transport, &done);
        if lab.board.failed() > failed_before {
            lab.board.show(&done.err);
            if transport == "http" {
                lab.board.show(&demo.http_log());
            }
        }
        if transport == "stdio" {
            recordings(lab, client, &records);
        }
    }
    Ok(())
}

/// Puts the lines of a session script on the board.
fn report(lab: &mut Lab, client: &str, transport: &str, done: &Finished) {
    let mut complete = false;
    let mut failed = false;
    for line in done.stdout.lines() {
        let said: Value = serde_json::from_str(line).unwrap_or_default();
        if let (Some(what), Some(ok)) = (said["check"].as_str(), said["ok"].as_bool()) {
            failed |= !ok;
            lab.board.check(ok, client, transport, what, said["note"].as_str().unwrap_or_default());
        } else if let Some(version) = said["version"].as_str() {
            lab.board.version(client, version);
        } else {
            complete |= said["done"] == true;
        }
    }
    // A script that dies half-way has no failed check to show for it.
    if !failed && (!complete || done.code != Some(0)) {
        lab.board.fail(client, transport, "script", &format!("not finished: {}", done.ending()));
    }
}

/// The stdio server has to write messages only, and to end by itself.
fn recordings(lab: &mut Lab, client: &str, records: &Path) {
    let what = "stdout pure, exit 0";
    match judge(records) {
        Ok(verdict) if verdict.faults.is_empty() => {
            lab.board.check(true, client, "stdio", what, &format!("{} session(s)", verdict.sessions));
        }
        Ok(verdict) => {
            lab.board.fail(client, "stdio", what, &verdict.faults.join("; "));
            for file in &verdict.files {
                lab.board.show(file);
            }
        }
        Err(error) => lab.board.fail(client, "stdio", what, &format!("{error:#}")),
    }
}

/// The Inspector: both eras of connecting, its strict schema lint, and calls.
///
/// # Errors
/// As [`python`].
pub fn inspector(lab: &mut Lab, demo: &Demo) -> Result<()> {
    let node = lab.store.node()?;
    let folder = lab.store.npm("inspector")?;
    let package = "@modelcontextprotocol/inspector";
    lab.board.version("inspector", &package_version(&folder, package)?);
    let program = folder.join("node_modules").join(package).join("clients/launcher/build/index.js");
    let logs = lab.work.join("inspector");
    let records = logs.join("stdio");
    let plan = std::fs::read_to_string(lab.scripts.join("session.json")).context("read the plan")?;
    let plan: Value = serde_json::from_str(&plan).context("read the plan")?;

    let call = |step: &Value| -> Vec<String> {
        let arguments = step["arguments"].to_string();
        let tool = step["tool"].as_str().unwrap_or_default();
        ["--method", "tools/call", "--tool-name", tool, "--tool-args-json", &arguments]
            .map(str::to_owned)
            .into()
    };
    let list = |era: &str| -> Vec<String> {
        ["--method", "tools/list", "--strict", "--protocol-era", era].map(str::to_owned).into()
    };
    // Not a value of the wrong type: the Inspector turns that into null before it sends it.
    let bad = plan["bad"].as_array().and_then(|all| all.last()).context("the plan has no bad call")?;
    let unknown = json!({"tool": plan["unknown_tool"], "arguments": {}});
    let runs = [
        ("tools/list --strict", list("legacy"), Wanted::Tools),
        ("tools/list --strict, era auto", list("auto"), Wanted::Tools),
        ("tools/call, read", call(&plan["read"]), Wanted::Content),
        ("tools/call, search", call(&plan["search"]), Wanted::Content),
        ("tools/call, bad argument", call(bad), Wanted::ToolError),
        ("tools/call, unknown tool", call(&unknown), Wanted::Refusal),
    ];
    for transport in ["stdio", "http"] {
        for (at, (what, options, wanted)) in runs.iter().enumerate() {
            let mut command = Command::new(&node);
            command
                .arg(&program)
                .args(["--cli", "--format", "json"])
                .env("HOME", &logs)
                .current_dir(&lab.work);
            if transport == "stdio" {
                let line = demo.stdio(lab.store.python3(), &lab.scripts.join("record.py"), &records);
                let key = format!("MAITRED_KEY={}", demo.stdio_key());
                command.args(options).args(["-e", &key, "--"]).args(line);
            } else if let Some((url, key)) = demo.http() {
                let header = format!("Authorization: Bearer {key}");
                command.args([&url, "--transport", "http", "--header", &header]).args(options);
            } else {
                lab.board.fail("inspector", transport, what, "the server is not up");
                continue;
            }
            let done = run(&mut command, &logs, &format!("{transport}-{at}"), LIMIT)?;
            let fault = wanted.fault(&done);
            let note = fault.clone().unwrap_or_else(|| wanted.note(&done));
            lab.board.check(fault.is_none(), "inspector", transport, what, &note);
            if fault.is_some() {
                lab.board.show(&done.out);
                lab.board.show(&done.err);
            }
        }
        if transport == "stdio" {
            recordings(lab, "inspector", &records);
        }
    }
    Ok(())
}

/// What a run of the Inspector has to print.
enum Wanted {
    Tools,
    Content,
    ToolError,
    Refusal,
}

impl Wanted {
    /// What is wrong with a run; the exit statuses are the Inspector's (5: call failed, 6: lint).
    fn fault(&self, done: &Finished) -> Option<String> {
        let status = match self {
            Self::Tools | Self::Content => 0,
            Self::ToolError | Self::Refusal => 5,
        };
        if done.code != Some(status) {
            return Some(format!("{} instead of {status}", done.ending()));
        }
        let said: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
        let holds = match self {
            Self::Tools => said["result"]["tools"].as_array().is_some_and(|tools| !tools.is_empty()),
            Self::Content => {
                said["result"]["content"].as_array().is_some_and(|content| !content.is_empty())
                    && said["result"]["isError"] != true
            }
            Self::ToolError => said["result"]["isError"] == true,
            Self::Refusal => said["result"].is_null(),
        };
        (!holds).then(|| "not the expected answer".to_owned())
    }

    fn note(&self, done: &Finished) -> String {
        let said: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
        match self {
            Self::Tools => format!("{} tools", said["result"]["tools"].as_array().map_or(0, Vec::len)),
            _ => String::new(),
        }
    }
}

/// Claude Code's own health check, without login and with a home of its own.
///
/// # Errors
/// As [`python`].
pub fn claude(lab: &mut Lab, demo: &Demo) -> Result<()> {
    let node = lab.store.node()?;
    let folder = lab.store.npm("claude")?;
    let package = "@anthropic-ai/claude-code";
    lab.board.version("claude", &package_version(&folder, package)?);
    // The wrapper finds the program of this platform without the package's install script.
    let wrapper = folder.join("node_modules").join(package).join("cli-wrapper.cjs");
    let logs = lab.work.join("claude");
    let home = logs.join("home");
    std::fs::create_dir_all(&home).context("make a home")?;
    let records = logs.join("stdio");
    let start = |arguments: &[String], name: &str| -> Result<Finished> {
        let mut command = Command::new(&node);
        command
            .arg(&wrapper)
            .args(arguments)
            .current_dir(&home)
            .env_clear()
            .env("PATH", PLAIN_PATH)
            .env("HOME", &home)
            .env("DISABLE_AUTOUPDATER", "1")
            .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
        run(&mut command, &logs, name, LIMIT)
    };
    let words = |list: &[&str]| -> Vec<String> { list.iter().map(|word| (*word).to_owned()).collect() };

    let mut servers: Vec<(&str, &str, Vec<String>)> = Vec::new();
    let key = format!("MAITRED_KEY={}", demo.stdio_key());
    let mut add = words(&["mcp", "add", "--scope", "user", "over-stdio", "-e", &key, "--"]);
    add.extend(demo.stdio(lab.store.python3(), &lab.scripts.join("record.py"), &records));
    servers.push(("over-stdio", "stdio", add));
    if let Some((url, key)) = demo.http() {
        for (name, key) in [("over-http", key), ("wrong-key", "not-a-key")] {
            let header = format!("Authorization: Bearer {key}");
            let add =
                ["mcp", "add", "--scope", "user", "--transport", "http", name, &url, "--header", &header];
            servers.push((name, "http", words(&add)));
        }
    } else {
        lab.board.fail("claude", "http", "mcp list", "the server is not up");
    }
    for (name, transport, add) in &servers {
        let done = start(add, &format!("add-{name}"))?;
        if done.code != Some(0) {
            lab.board.fail("claude", transport, "mcp add", &done.ending());
            lab.board.show(&done.err);
        }
    }
    let listed = start(&words(&["mcp", "list"]), "list")?;
    for (name, transport, _) in &servers {
        let got = start(&words(&["mcp", "get", name]), &format!("get-{name}"))?;
        for (what, said, file) in [
            ("mcp list", line_of(&listed.stdout, name), &listed.out),
            ("mcp get", status_of(&got.stdout), &got.out),
        ] {
            let connected = is_connected(said);
            // The counter-proof: without it a text that always says Connected would pass.
            let wrong_key = *name == "wrong-key";
            let ok = connected != wrong_key && !said.is_empty();
            let what = if wrong_key { format!("{what} refuses a wrong key") } else { what.to_owned() };
            let note = said.rsplit_once(" - ").map_or(said, |(_, end)| end).trim();

            lab.board.check(ok, "claude", transport, &what, note);
            if !ok {
                lab.board.show(file);
                lab.board.show(&demo.http_log());
            }
        }
    }
    recordings(lab, "claude", &records);
    Ok(())
}

/// The line about one server in `mcp list`.
fn line_of<'a>(text: &'a str, name: &str) -> &'a str {
    let named = |line: &&str| line.split_once(':').is_some_and(|(before, _)| before.trim() == name);
    text.lines().find(named).unwrap_or_default()
}

/// The status line in `mcp get`.
fn status_of(text: &str) -> &str {
    text.lines().find(|line| line.trim_start().starts_with("Status:")).unwrap_or_default()
}

/// Whether a line says the handshake and the list of tools both went well. The exit status is
/// 0 whatever happened, so the text is all there is.
fn is_connected(line: &str) -> bool {
    line.trim_end().ends_with("Connected") && !line.contains("Failed") && !line.contains("fetch failed")
}

#[cfg(test)]
mod tests {
    use super::{is_connected, line_of, status_of};

    #[test]
    fn the_text_of_claude_is_read_narrowly() {
        assert!(is_connected("m: http://127.0.0.1:1/mcp (HTTP) - \u{2714} Connected"));
        for line in [
            "",
            "m: x - \u{2714} Connected \u{b7} tools fetch failed \u{2014} nextCursor is null",
            "m: x - \u{2718} Failed to connect \u{2014} HTTP 401",
            "m: x - ! Needs authentication",
        ] {
            assert!(!is_connected(line), "{line}");
        }
    }

    #[test]
    fn lines_are_found_by_the_whole_name() {
        let text = "Checking\n\nover: a\nover-http: http://x - ok\n";
        assert_eq!(line_of(text, "over-http"), "over-http: http://x - ok");
        assert_eq!(line_of(text, "http"), "");
        assert_eq!(status_of("m:\n  Scope: User\n  Status: fine\n"), "  Status: fine");
    }
}
