//! Running the built binary.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The binary, with nothing of this process' configuration.
pub fn maitred(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maitred"));
    command.env_clear().env("MAITRED_DATA", data).current_dir(data.parent().unwrap());
    command
}

/// Runs a command that must succeed; answers its standard output.
pub fn ok(data: &Path, args: &[&str]) -> String {
    let output = maitred(data).args(args).output().unwrap();
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{args:?} failed: {err}");
    out
}

/// [`ok`] with `--json`.
pub fn json(data: &Path, args: &[&str]) -> serde_json::Value {
    let all: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&ok(data, &all)).unwrap()
}

/// Runs a command that must fail with code 1 and nothing but words; answers its standard error.
pub fn fails(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (_, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(!err.contains("panicked") && err.contains("maitred: "), "{err}");
    err
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// An organisation with an owner; answers their key.
pub fn organisation(data: &Path) -> String {
    ok(data, &["org", "create", "acme", "--name", "Acme Wines"]);
    let add = [
        "member",
        "add",
        "--org",
        "acme",
        "--name",
        "Ada Berg",
        "--email",
        "ada@acme.example",
        "--role",
        "owner",
    ];
    ok(data, &add);
    let mint = ["key", "mint", "--org", "acme", "--member", "ada@acme.example", "--label", "test"];
    json(data, &mint)["key"].as_str().unwrap().to_owned()
}

/// A server on a port of its own, killed at the end of the test.
pub struct Served {
    child: Child,
    pub address: String,
}

impl Served {
    /// Starts one and waits until it says where it listens.
    pub fn start(data: &Path, more: &[&str]) -> Self {
        let mut child = maitred(data)
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(more)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split("http://").nth(1)?.split("/mcp").next()?.to_owned()))
            .expect("it says where it listens");
        // Read on, so that the server never waits for this test.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// One request; answers status and body.
    pub fn get(&self, path: &str) -> (u16, String) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address);
        let (status, _, body) = self.send(&request);
        (status, body)
    }

    /// Begins a session; answers status and head.
    pub fn knock(&self, key: &str) -> (u16, String) {
        const BEGIN: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#;
        let (status, head, _) = self.post(key, "", BEGIN);
        (status, head)
    }

    /// Begins a session; answers its id.
    pub fn open(&self, key: &str) -> String {
        let head = self.knock(key).1;
        let session = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("mcp-session-id").then_some(value)
        });
        let session = session.unwrap().to_owned();
        let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        self.post(key, &format!("mcp-session-id: {session}\r\n"), ready);
        session
    }

    /// Calls a tool in a session, of this server or of another on the same data; answers status and body.
    pub fn call_in(&self, key: &str, session: &str, tool: &str) -> (u16, String) {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"{tool}","arguments":{{}}}}}}"#
        );
        let (status, _, body) = self.post(key, &format!("mcp-session-id: {session}\r\n"), &body);
        (status, body)
    }

    /// Calls a tool in a session of its own; answers the body.
    pub fn call(&self, key: &str, tool: &str) -> String {
        self.call_in(key, &self.open(key), tool).1
    }

    /// Ends a session; answers the status.
    pub fn end(&self, key: &str, session: &str) -> u16 {
        let request = format!(
            "DELETE /mcp HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\
             mcp-session-id: {session}\r\n\r\n",
            self.address
        );
        self.send(&request).0
    }

    fn post(&self, key: &str, more: &str, body: &str) -> (u16, String, String) {
        posted(&self.address, key, more, body).expect("an answer")
    }

    fn send(&self, request: &str) -> (u16, String, String) {
        sent(&self.address, request).expect("an answer")
    }

    /// Opens the session's stream of messages and hands on its lines as they come.
    pub fn listen(&self, key: &str, session: &str) -> Receiver<String> {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        let request = format!(
            "GET /mcp HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\nauthorization: Bearer {key}\r\n\
             mcp-session-id: {session}\r\n\r\n",
            self.address
        );
        socket.write_all(request.as_bytes()).unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(socket).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        lines
    }

    /// Ends the process as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop as an operator would; answers its exit code and how long it took.
    #[cfg(unix)]
    pub fn stop(mut self) -> (Option<i32>, Duration) {
        let started = Instant::now();
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let code = self.child.wait().unwrap().code();
        (code, started.elapsed())
    }
}

/// Posts one message to a server that may be gone; answers status, head and body.
pub fn posted(address: &str, key: &str, more: &str, body: &str) -> io::Result<(u16, String, String)> {
    let request = format!(
        "POST /mcp HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\naccept: \
         application/json, text/event-stream\r\nauthorization: Bearer {key}\r\n{more}content-length: \
         {}\r\n\r\n{body}",
        body.len()
    );
    sent(address, &request)
}

fn sent(address: &str, request: &str) -> io::Result<(u16, String, String)> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    socket.write_all(request.as_bytes())?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    let parts = answer.split_once("\r\n\r\n").and_then(|(head, body)| {
        Some((head.split(' ').nth(1)?.parse().ok()?, head.to_owned(), body.to_owned()))
    });
    parts.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "an answer without an end"))
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
