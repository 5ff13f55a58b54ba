//! A blocking HTTP client of one connection: for what happens before and between measurements.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::wire::{self, Framing};
use crate::{calls, load};

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Value of `Mcp-Session-Id`.
    pub session: Option<String>,
    /// The body, chunks joined.
    pub body: Vec<u8>,
}

/// One keep-alive connection to an MCP endpoint.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    address: SocketAddr,
    path: String,
    key: Option<String>,
    session: Option<String>,
}

impl Client {
    /// Connects; `path` is the endpoint, `/mcp` for maitred.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(address: SocketAddr, path: &str, key: Option<&str>) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))
            .with_context(|| format!("connecting to `{address}`"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream, address, path: path.to_owned(), key: key.map(str::to_owned), session: None })
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not HTTP.
    pub fn post(&mut self, body: &str) -> Result<Answer> {
        let mut request =
            load::request_head(self.address, &self.path, self.key.as_deref(), self.session.as_deref());
        load::append_body(&mut request, body.as_bytes());
        self.exchange(&request)
    }

    /// Asks for a path without a body.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not HTTP.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.exchange(request.as_bytes())
    }

    fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request)?;
        let mut bytes = Vec::new();
        let mut piece = [0u8; 16 * 1024];
        loop {
            if let Some(answer) = whole_answer(&bytes)? {
                return Ok(answer);
            }
            let read = self.stream.read(&mut piece)?;
            if read == 0 {
                bail!("the server closed the connection before its answer was whole");
            }
            bytes.extend_from_slice(&piece[..read]);
        }
    }

    /// `initialize` and `notifications/initialized`; the session id is used from then on.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn open_session(&mut self) -> Result<()> {
        self.session = None;
        let answer = self.post(&calls::initialize())?;
        result_of(&answer).context("initialize")?;
        self.session = answer.session;
        let answer = self.post(&calls::initialized())?;
        if !matches!(answer.status, 200 | 202 | 204) {
            bail!("notifications/initialized was answered with status {}", answer.status);
        }
        Ok(())
    }

    /// The raw answer of a request which must succeed.
    ///
    /// # Errors
    /// When it does not: another status, an error object, or a tool's `isError`.
    pub fn ask(&mut self, request: &str) -> Result<Answer> {
        let answer = self.post(request)?;
        result_of(&answer).with_context(|| format!("asking `{request}`"))?;
        Ok(answer)
    }

    /// The JSON that a tool answers with.
    ///
    /// # Errors
    /// When the call fails or its text is not JSON.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value> {
        let request = calls::call(1, tool, arguments);
        let answer = self.post(&request)?;
        let result = result_of(&answer).with_context(|| format!("calling `{tool}` with `{arguments}`"))?;
        let text = result["content"][0]["text"].as_str().context("the answer has no text")?;
        serde_json::from_str(text).with_context(|| format!("the text of `{tool}` is not JSON"))
    }
}

fn whole_answer(bytes: &[u8]) -> Result<Option<Answer>> {
    let Some(head) = wire::head(bytes)? else {
        return Ok(None);
    };
    let rest = &bytes[head.length..];
    let body = match head.framing {
        Framing::Length(length) if rest.len() >= length => rest[..length].to_vec(),
        Framing::Length(_) => return Ok(None),
        Framing::Chunked => match wire::unchunk(rest)? {
            Some((body, _)) => body,
            None => return Ok(None),
        },
    };
    let session = wire::header(&bytes[..head.length], "mcp-session-id").map(str::to_owned);
    Ok(Some(Answer { status: head.status, session, body }))
}

/// The `result` of an answer.
///
/// # Errors
/// When the status is not 200, or the body holds an error, or a tool result with `isError`.
pub fn result_of(answer: &Answer) -> Result<Value> {
    let shown = || String::from_utf8_lossy(&answer.body[..answer.body.len().min(400)]).into_owned();
    if answer.status != 200 {
        bail!("status {}: `{}`", answer.status, shown());
    }
    let mut message: Value = serde_json::from_slice(&wire::message(&answer.body))
        .with_context(|| format!("the answer is not JSON: `{}`", shown()))?;
    let result = message["result"].take();
    if result.is_null() || result["isError"] == Value::Bool(true) {
        bail!("refused: `{}`", shown());
    }
    Ok(result)
}
