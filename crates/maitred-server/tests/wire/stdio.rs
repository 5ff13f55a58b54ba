//! Lines over real pipes.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write, pipe};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use maitred_core::jsonrpc::Limits;
use maitred_core::mcp::Mcp;
use maitred_server::stdio::{StdioConfig, Stop, serve};

use crate::client::INITIALIZE;
use crate::fixture::{Fixture, Shared};
use crate::transcript::{Peer, run_all};

struct Pipes {
    input: Option<PipeWriter>,
    receiver: Receiver<String>,
    stop: Stop,
    server: Option<JoinHandle<()>>,
    fixture: Arc<Fixture>,
}

impl Pipes {
    fn start(fixture: Arc<Fixture>, bearer: Option<&str>, config: StdioConfig, ready: bool) -> Self {
        let (output, receiver) = {
            let (reader, writer) = pipe().unwrap();
            (writer, lines(reader))
        };
        let (server_input, input) = pipe().unwrap();
        let mcp = Arc::new(Mcp::new(Arc::new(Shared(Arc::clone(&fixture))), Limits::default()));
        let (stop, bearer) = (Stop::default(), bearer.map(str::to_owned));
        let asked = stop.clone();
        let server = std::thread::spawn(move || {
            serve(mcp, bearer, config, &asked, server_input, output, move || ready).unwrap();
        });
        Self { input: Some(input), receiver, stop, server: Some(server), fixture }
    }

    fn quick() -> Self {
        Self::start(Fixture::new(), None, StdioConfig::default(), true)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).unwrap();
    }

    fn next(&self) -> String {
        self.receiver.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    /// Closes the input and waits for the server; gives how long it took.
    fn end(&mut self) -> Duration {
        self.input = None;
        self.joined()
    }

    fn joined(&mut self) -> Duration {
        let start = Instant::now();
        self.server.take().unwrap().join().unwrap();
        start.elapsed()
    }
}

/// Every line of the output, each of which is one message.
fn lines(reader: PipeReader) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
            assert!(line.ends_with('\n') && !line.ends_with("\r\n"), "{line:?}");
            let message: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert!(message.is_object() || message.is_array(), "{line}");
            if sender.send(line.trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}

impl Peer for Pipes {
    const NAME: &'static str = "stdio";

    fn connect(fixture: Arc<Fixture>) -> Self {
        Self::start(fixture, None, StdioConfig::default(), true)
    }

    fn send(&mut self, message: &str) {
        self.write(format!("{message}\n").as_bytes());
    }

    fn receive(&mut self, wait: Duration) -> Option<String> {
        self.receiver.recv_timeout(wait).ok()
    }
}

#[test]
fn transcripts() {
    run_all::<Pipes>();
}

const PONG: &str = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;

#[test]
fn the_reader_takes_what_clients_write() {
    let mut pipes = Pipes::quick();
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    pipes.write(format!("\u{feff}{ping}\r\n\r\n \t \n\n{ping}\n\u{feff}{ping}\n").as_bytes());
    for _ in 0..3 {
        assert_eq!(pipes.next(), PONG);
    }
    // A message in pieces, bytes that are no text, text that is no message: the loop goes on.
    pipes.write(&ping.as_bytes()[..10]);
    std::thread::sleep(Duration::from_millis(30));
    pipes.write(&ping.as_bytes()[10..]);
    pipes.write(b"\n\xff\xfe\x00\nnonsense\n{\"jsonrpc\":\"2.0\",\"id\":1,\n");
    assert_eq!(pipes.next(), PONG);
    for _ in 0..3 {
        assert!(pipes.next().starts_with(r#"{"jsonrpc":"2.0","error":{"code":-32700,"#));
    }
    // A last line without its end is a line.
    pipes.write(ping.as_bytes());
    assert!(pipes.end() < Duration::from_secs(1));
    assert_eq!(pipes.next(), PONG);
}

#[test]
fn a_line_has_a_bound() {
    let config = StdioConfig { line_bytes: 300_000, ..StdioConfig::default() };
    let mut pipes = Pipes::start(Fixture::new(), None, config, true);
    let message = |bytes: usize| {
        let frame = r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":""}}"#.len();
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#,
            "x".repeat(bytes - frame)
        )
    };
    for (bytes, fits) in
        [(300_000, true), (300_001, false), (1_500_000, false), (100, true), (65_536, true), (200_000, true)]
    {
        pipes.write(format!("{}\n", message(bytes)).as_bytes());
        let answer = pipes.next();
        assert_eq!(answer == PONG, fits, "{bytes}: {answer}");
        assert!(fits || answer.contains("-32600") && answer.contains("300000"));
    }
    pipes.end();
    assert!(pipes.receiver.recv().is_err(), "one answer a line");
}

#[test]
fn the_end_of_input_loses_no_answer_and_does_not_wait_for_ever() {
    let mut pipes = Pipes::quick();
    let slow = |ms: u32| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{ms},"method":"tools/call","params":{{"name":"slow","arguments":{{"steps":1,"ms":{ms}}}}}}}"#
        )
    };
    pipes.write(format!("{}\n{}\n", slow(200), slow(400)).as_bytes());
    assert!(pipes.end() < Duration::from_millis(1500));
    assert!(pipes.next().contains(r#""id":200"#) && pipes.next().contains(r#""id":400"#));
    // As it is for a signal, and for work that does not end.
    let mut pipes = Pipes::quick();
    pipes.write(format!("{}\n", slow(30_000)).as_bytes());
    std::thread::sleep(Duration::from_millis(50));
    pipes.stop.start();
    let took = pipes.joined();
    assert!(took > Duration::from_millis(1500) && took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_client_may_write_everything_before_it_reads() {
    for ready in [true, false] {
        let (reader, output) = pipe().unwrap();
        let (server_input, mut input) = pipe().unwrap();
        let mcp = Arc::new(Mcp::new(Arc::new(Shared(Fixture::new())), Limits::default()));
        let server = std::thread::spawn(move || {
            // A pipe that nobody reads is ready for its first pages only.
            let pages = std::sync::atomic::AtomicUsize::new(0);
            let ready = move || ready && pages.fetch_add(1, Ordering::Relaxed) < 8;
            serve(mcp, None, StdioConfig::default(), &Stop::default(), server_input, output, ready).unwrap();
        });
        let count = 20_000;
        for id in 0..count {
            writeln!(input, r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list"}}"#).unwrap();
        }
        let receiver = lines(reader);
        drop(input);
        let mut ids: Vec<u64> = receiver
            .iter()
            .map(|line| serde_json::from_str::<serde_json::Value>(&line).unwrap()["id"].as_u64().unwrap())
            .collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..count).collect::<Vec<_>>());
        server.join().unwrap();
    }
}

#[test]
fn a_client_that_is_gone_ends_the_server() {
    let (reader, output) = pipe().unwrap();
    let (server_input, mut input) = pipe().unwrap();
    drop(reader);
    let mcp = Arc::new(Mcp::new(Arc::new(Shared(Fixture::new())), Limits::default()));
    let config = StdioConfig { tick: Duration::from_millis(20), ..StdioConfig::default() };
    let server = std::thread::spawn(move || {
        serve(mcp, None, config, &Stop::default(), server_input, output, || true).unwrap();
    });
    writeln!(input, r#"{{"jsonrpc":"2.0","id":1,"method":"ping"}}"#).unwrap();
    server.join().unwrap();
}

#[test]
fn a_changed_menu_is_told_after_initialized_only() {
    let config = StdioConfig { tick: Duration::from_millis(20), ..StdioConfig::default() };
    let mut pipes = Pipes::start(Fixture::new(), None, config, true);
    pipes.send(INITIALIZE);
    assert!(pipes.next().contains("2025-03-26"));
    pipes.fixture.menu.fetch_add(1, Ordering::Relaxed);
    assert_eq!(pipes.receive(Duration::from_millis(100)), None);
    pipes.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert_eq!(pipes.next(), r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
    assert_eq!(pipes.receive(Duration::from_millis(100)), None);
    pipes.send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"menu"}}"#);
    // The tick may fall between the change and its answer.
    let mut both = [pipes.next(), pipes.next()];
    both.sort();
    assert!(both[0].contains(r#""id":1"#) && both[1].contains("list_changed"), "{both:?}");
}

#[test]
fn a_key_is_asked_for_with_every_message() {
    let mut pipes = Pipes::start(Fixture::new(), Some("key-a"), StdioConfig::default(), false);
    let who = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"who"}}"#;
    pipes.send(who);
    assert!(pipes.next().contains("key-a stdio"));
    pipes.fixture.revoked.lock().unwrap().insert("key-a".to_owned());
    pipes.send(&format!("[{who},{who}]"));
    assert_eq!(pipes.next().matches(r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32600,"#).count(), 2);
    pipes.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert_eq!(pipes.receive(Duration::from_millis(50)), None);
}
