//! An HTTP/1.1 client of the plainest kind: one connection, kept open, requests as wrong as they need to be.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use super::server::PATIENCE;

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body; of an event stream everything until its end.
    pub body: String,
}

impl Reply {
    /// A header's value; names are in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The messages in it, whether they came as JSON or as events.
    pub fn messages(&self) -> Vec<Value> {
        if self.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return self
                .body
                .lines()
                .filter_map(|line| line.strip_prefix("data:"))
                .filter_map(|data| serde_json::from_str(data.trim()).ok())
                .collect();
        }
        serde_json::from_str(&self.body).into_iter().collect()
    }

    /// The message that answers `id`.
    pub fn answer(&self, id: i64) -> Value {
        let found = self.messages().into_iter().find(|message| message["id"] == id);
        found.unwrap_or_else(|| panic!("no answer to {id}: {} {}", self.status, self.body))
    }
}

/// The text of a tool's answer, as JSON, and whether it failed.
pub fn text_of(answer: &Value) -> (Value, bool) {
    let result = &answer["result"];
    let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer}"));
    (serde_json::from_str(text).unwrap(), result["isError"] == true)
}

/// One connection.
pub struct Client {
    pub address: SocketAddr,
    pub key: Option<String>,
    pub session: Option<String>,
    stream: Option<BufReader<TcpStream>>,
    next: i64,
}

impl Client {
    pub fn new(address: SocketAddr, key: Option<&str>) -> Self {
        Self { address, key: key.map(str::to_owned), session: None, stream: None, next: 0 }
    }

    /// The headers that a well-behaved client sends.
    pub fn headers(&self) -> Vec<(String, String)> {
        let mut headers = vec![
            ("Host".to_owned(), self.address.to_string()),
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("Accept".to_owned(), "application/json, text/event-stream".to_owned()),
        ];
        if let Some(key) = &self.key {
            headers.push(("Authorization".to_owned(), format!("Bearer {key}")));
        }
        if let Some(session) = &self.session {
            headers.push(("Mcp-Session-Id".to_owned(), session.clone()));
        }
        headers
    }

    /// Sends a request with exactly these headers and reads the whole answer.
    pub fn request(&mut self, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Reply {
        self.try_request(method, path, headers, body).expect("the server answers")
    }

    /// The same, where the connection may break.
    pub fn try_request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> std::io::Result<Reply> {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        // A server may refuse and close before it has read everything.
        let sent = stream.get_mut().write_all(&[head.as_bytes(), body].concat());
        let reply = match read(&mut stream) {
            Ok(reply) => reply,
            Err(error) => return Err(sent.err().unwrap_or(error)),
        };
        if reply.header("connection") != Some("close") && sent.is_ok() {
            self.stream = Some(stream);
        }
        Ok(reply)
    }

    /// Posts a body to the endpoint.
    pub fn post(&mut self, body: &str) -> Reply {
        let headers = self.headers();
        self.request("POST", "/mcp", &headers, body.as_bytes())
    }

    /// Posts a request and waits for its answer.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string();
        self.post(&body).answer(id)
    }

    /// Opens a session.
    pub fn initialize(&mut self) -> Value {
        self.next += 1;
        let body = json!({"jsonrpc": "2.0", "id": self.next, "method": "initialize", "params": {
            "protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}
        }});
        let reply = self.post(&body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.body);
        self.session = reply.header("mcp-session-id").map(str::to_owned);
        assert!(self.session.is_some(), "a session has an id");
        let answer = reply.answer(self.next);
        assert_eq!(self.post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).status, 202);
        answer
    }

    /// Calls a tool; the whole answer.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Calls a tool where the connection may break; `None` when it did.
    pub fn try_call(&mut self, tool: &str, arguments: Value) -> Option<Value> {
        self.next += 1;
        let id = self.next;
        let params = json!({"name": tool, "arguments": arguments});
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string();
        let headers = self.headers();
        let reply = self.try_request("POST", "/mcp", &headers, body.as_bytes()).ok()?;
        reply.messages().into_iter().find(|message| message["id"] == id)
    }

    /// Names of the tools on the menu, through all pages.
    pub fn tools(&mut self) -> Vec<String> {
        let (mut names, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let params = cursor.map_or_else(|| json!({}), |cursor| json!({"cursor": cursor}));
            let answer = self.ask("tools/list", params);
            let tools = answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("no tools: {answer}"));
            names.extend(tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()));
            match answer["result"]["nextCursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return names,
            }
        }
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Reply> {
    let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(broken());
    }
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(broken)?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(broken());
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None => break,
        }
    }
    let value = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let mut body = Vec::new();
    if let Some(length) = value("content-length") {
        body.resize(length.parse().map_err(|_| broken())?, 0);
        stream.read_exact(&mut body)?;
    } else if value("transfer-encoding").is_some() {
        loop {
            line.clear();
            stream.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(|_| broken())?;
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk)?;
            chunk.truncate(size);
            if size == 0 {
                break;
            }
            body.extend(chunk);
        }
    }
    let body = String::from_utf8(body).map_err(|_| broken())?;
    Ok(Reply { status, headers, body })
}
