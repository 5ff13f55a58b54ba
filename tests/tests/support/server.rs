//! The product as processes: a server behind a socket, or a server at the end of two pipes.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio as Pipe};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// The product, built of the same `main.rs` for these tests.
pub const BINARY: &str = env!("CARGO_BIN_EXE_maitred-under-test");

/// Patience with a process on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// `maitred` with these arguments over this data, knowing nothing of this process' environment.
pub fn maitred(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    dress(&mut command, data, args);
    command
}

/// The same for a program that starts the product, such as a shell with limits: arguments are added behind its own.
pub fn dress(command: &mut Command, data: &Path, args: &[&str]) {
    command.args(args).arg("--data").arg(data).env_clear().current_dir(data.parent().unwrap());
}

/// Asks a process to end.
pub fn terminate(child: &Child) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
}

/// Waits for a process to end by itself.
pub fn wait(child: &mut Child) -> ExitStatus {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < until, "the process does not end");
        thread::sleep(Duration::from_millis(10));
    }
}

/// What a stream said so far.
pub type Said = Arc<Mutex<String>>;

fn listen_to(stream: impl std::io::Read + Send + 'static) -> Said {
    let said = Said::default();
    let heard = Arc::clone(&said);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { break };
            let mut text = heard.lock().unwrap();
            text.push_str(&line);
            text.push('\n');
        }
    });
    said
}

/// A server behind a socket, killed when dropped.
pub struct Server {
    pub child: Child,
    pub address: SocketAddr,
    pub log: Said,
}

impl Server {
    /// Starts it over this data.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// Starts it with more arguments.
    pub fn start_with(data: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        Self::boot(&mut command, data, args).unwrap_or_else(|log| panic!("the server did not start:\n{log}"))
    }

    /// Starts it through `command`, to which the product's arguments are added; `Err` is its log when it ends.
    pub fn boot(command: &mut Command, data: &Path, args: &[&str]) -> Result<Self, String> {
        dress(
            command,
            data,
            &["serve", "--transport", "http", "--listen", "127.0.0.1:0", "--log-format", "json"],
        );
        let mut child = command.args(args).stdout(Pipe::null()).stderr(Pipe::piped()).spawn().unwrap();
        let log = listen_to(child.stderr.take().unwrap());
        let until = Instant::now() + PATIENCE;
        loop {
            let listens = listening(&log.lock().unwrap());
            if let Some(address) = listens {
                return Ok(Self { child, address, log });
            }
            if child.try_wait().unwrap().is_some() {
                // The last lines may still be on their way.
                thread::sleep(Duration::from_millis(100));
                let said = log.lock().unwrap().clone();
                return Err(said);
            }
            assert!(Instant::now() < until, "the server neither listens nor ends:\n{}", log.lock().unwrap());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// A client without a session.
    pub fn client(&self, key: Option<&str>) -> super::Client {
        super::Client::new(self.address, key)
    }

    /// A client with a session.
    pub fn session(&self, key: Option<&str>) -> super::Client {
        let mut client = self.client(key);
        client.initialize();
        client
    }

    /// Asks it to end and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        terminate(&self.child);
        wait(&mut self.child)
    }

    /// Ends it without asking.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listening(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once("listening on http://")?;
    rest.split_once("/mcp")?.0.parse().ok()
}

/// A server at the end of two pipes, killed when dropped.
pub struct Stdio {
    pub child: Child,
    pub log: Said,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    /// Every line of standard output so far.
    pub seen: Vec<String>,
    next: i64,
}

impl Stdio {
    /// Starts it over this data with this key.
    pub fn start(data: &Path, key: Option<&str>) -> Self {
        Self::start_with(data, key, &[])
    }

    /// Starts it with more variables in its environment.
    pub fn start_with(data: &Path, key: Option<&str>, env: &[(&str, &str)]) -> Self {
        let mut command = maitred(data, &["serve", "--transport", "stdio"]);
        if let Some(key) = key {
            command.env("MAITRED_KEY", key);
        }
        command.envs(env.iter().copied()).stdin(Pipe::piped()).stdout(Pipe::piped()).stderr(Pipe::piped());
        let mut child = command.spawn().unwrap();
        let log = listen_to(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in output.lines() {
                let Ok(line) = line else { break };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        Self { child, log, input, lines, seen: Vec::new(), next: 0 }
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    /// Sends a line.
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes());
    }

    /// The next line; `None` at the end of the stream.
    pub fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.seen.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line came:\n{}", self.log.lock().unwrap()),
        }
    }

    /// Asks and waits for the answer to this question, whatever else comes between.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
        loop {
            let line = self.line().unwrap_or_else(|| panic!("it ended:\n{}", self.log.lock().unwrap()));
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Shakes hands.
    pub fn initialize(&mut self) -> Value {
        let answer = self.ask(
            "initialize",
            json!({"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}),
        );
        self.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        answer
    }

    /// Calls a tool; the whole answer.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Closes its input, reads what is left and waits for its end.
    pub fn close(&mut self) -> ExitStatus {
        self.input = None;
        while self.line().is_some() {}
        wait(&mut self.child)
    }

    /// Asks it to end, reads what is left and waits for its end.
    pub fn stop(&mut self) -> ExitStatus {
        terminate(&self.child);
        while self.line().is_some() {}
        wait(&mut self.child)
    }
}

impl Drop for Stdio {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
