//! An HTTP/1.1 client of the plainest kind, so that requests can be as wrong as they need to be.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use maitred_core::jsonrpc::Limits;
use maitred_core::mcp::Mcp;
use maitred_server::http::{Extra, HttpConfig, Shutdown, serve};
use tokio::runtime::Builder;

use crate::fixture::{Fixture, Shared};

/// A server in a thread of its own, stopped when dropped.
pub struct TestServer {
    pub address: SocketAddr,
    pub fixture: Arc<Fixture>,
    pub shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    pub fn start(fixture: Arc<Fixture>, config: HttpConfig) -> Self {
        Self::start_with(fixture, config, Arc::new(()))
    }

    pub fn start_with(fixture: Arc<Fixture>, config: HttpConfig, extra: Arc<dyn Extra>) -> Self {
        let shutdown = Shutdown::default();
        let (sender, receiver) = std::sync::mpsc::channel();
        let (stop, service) = (shutdown.clone(), Shared(Arc::clone(&fixture)));
        let thread = std::thread::spawn(move || {
            Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(
                async move {
                    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                    sender.send(listener.local_addr().unwrap()).unwrap();
                    let mcp = Arc::new(Mcp::new(Arc::new(service), Limits::default()));
                    serve(listener, mcp, config, extra, stop).await.unwrap();
                },
            );
        });
        Self { address: receiver.recv().unwrap(), fixture, shutdown, thread: Some(thread) }
    }

    /// Waits for the server to return by itself.
    pub fn join(&mut self) {
        self.thread.take().unwrap().join().unwrap();
    }

    pub fn request(&self, method: &str, path: &str) -> Call {
        Call {
            address: self.address,
            start: format!("{method} {path} HTTP/1.1"),
            headers: vec![("Host".to_owned(), self.address.to_string())],
            body: Vec::new(),
        }
    }

    pub fn post(&self, session: Option<&str>, body: &str) -> Call {
        let call = self
            .request("POST", "/mcp")
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .body(body.as_bytes());
        match session {
            Some(session) => call.header("Mcp-Session-Id", session),
            None => call,
        }
    }

    pub fn get(&self, session: &str) -> Call {
        self.request("GET", "/mcp").header("Accept", "text/event-stream").header("Mcp-Session-Id", session)
    }

    /// Opens a session, for the bearer of a key where one is given.
    pub fn open(&self, key: Option<&str>) -> String {
        let mut call = self.post(None, INITIALIZE);
        if let Some(key) = key {
            call = call.header("Authorization", &format!("Bearer {key}"));
        }
        let mut answer = call.send();
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains("2025-03-26"));
        answer.header("mcp-session-id").unwrap().to_owned()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shutdown.start();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

pub const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#;

pub struct Call {
    address: SocketAddr,
    start: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces or, with no values, removes a header.
    pub fn only(mut self, name: &str, values: &[&str]) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        values.iter().fold(self, |call, value| call.header(name, value))
    }

    pub fn key(self, key: &str) -> Self {
        self.only("Authorization", &[&format!("Bearer {key}")])
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.only("Content-Length", &[&body.len().to_string()])
    }

    pub fn send(self) -> Answer {
        let mut socket = TcpStream::connect(self.address).unwrap();
        let mut head = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        // A server may refuse and close before it has read everything.
        let _ = socket.write_all(&[head.as_bytes(), &self.body].concat());
        Answer::read(socket)
    }
}

pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    reader: BufReader<TcpStream>,
}

impl Answer {
    pub fn read(socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut reader = BufReader::new(socket);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let status =
            line.split(' ').nth(1).unwrap_or_else(|| panic!("no status in {line:?}")).parse().unwrap();
        let mut headers = Vec::new();
        loop {
            line.clear();
            reader.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None => break,
            }
        }
        Self { status, headers, reader }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn is_events(&self) -> bool {
        self.header("content-type") == Some("text/event-stream")
    }

    /// The whole body.
    pub fn text(&mut self) -> String {
        let mut out = Vec::new();
        if let Some(length) = self.header("content-length") {
            out.resize(length.parse().unwrap(), 0);
            self.reader.read_exact(&mut out).unwrap();
        } else if self.header("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk() {
                out.extend(chunk);
            }
        }
        String::from_utf8(out).unwrap()
    }

    /// The next chunk of a chunked body; `None` at its end, or when the connection breaks off.
    fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = String::new();
        self.reader.read_line(&mut line).ok()?;
        let size = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut data = vec![0; size + 2];
        self.reader.read_exact(&mut data).ok()?;
        data.truncate(size);
        (size > 0).then_some(data)
    }

    /// The next block of an event stream, as written.
    pub fn event(&mut self, rest: &mut String) -> Option<String> {
        loop {
            if let Some((event, after)) = rest.split_once("\n\n") {
                let (event, after) = (event.to_owned(), after.to_owned());
                *rest = after;
                return Some(event);
            }
            rest.push_str(&String::from_utf8(self.chunk()?).unwrap());
        }
    }

    /// The next event that is not a comment: its id and its data.
    pub fn message(&mut self, rest: &mut String) -> Option<(String, String)> {
        loop {
            let event = self.event(rest)?;
            if let Some((id, data)) = event.split_once("\ndata: ") {
                return Some((id.strip_prefix("id: ").unwrap().to_owned(), data.to_owned()));
            }
            assert!(event.starts_with(':'), "neither event nor comment: {event}");
        }
    }
}
