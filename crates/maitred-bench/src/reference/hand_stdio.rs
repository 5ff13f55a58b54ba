//! A hand-written stdio server: the main thread parses lines and answers into a channel, a writer thread drains it
//! with one write for all that waits.

use std::io::{BufRead, Write};
use std::sync::mpsc;

use anyhow::{Context, Result, bail};
use serde_json::value::RawValue;

use super::hand::{Call, Request};
use crate::calls;

/// How a line is answered: the request, and the buffer for the answer without its line feed.
pub trait Answerer {
    /// Appends the answer; a notification appends nothing.
    ///
    /// # Errors
    /// When the line is not a request that is known.
    fn answer(&self, line: &[u8], out: &mut Vec<u8>) -> Result<()>;
}

/// Answers `initialize`, `tools/list` with one tool, and `tools/call` of it with a constant.
#[derive(Debug)]
pub struct Constant {
    tool: String,
    result: String,
}

impl Constant {
    /// `result` is the JSON of a whole tool result.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn new(tool: &str, result: &str) -> Result<Self> {
        // Through a value, so that it is one line whatever it was.
        let value: serde_json::Value = serde_json::from_str(result).context("the constant is not JSON")?;
        Ok(Self { tool: tool.to_owned(), result: value.to_string() })
    }
}

/// Appends a JSON-RPC answer.
pub fn append_answer(id: &RawValue, result: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(id.get().as_bytes());
    out.extend_from_slice(b",\"result\":");
    out.extend_from_slice(result.as_bytes());
    out.push(b'}');
}

/// The result of `initialize`.
pub fn initialize_result() -> String {
    serde_json::json!({
        "protocolVersion": calls::PROTOCOL,
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "reference", "version": env!("CARGO_PKG_VERSION") },
    })
    .to_string()
}

/// The result of `tools/list` with a tool for each name.
pub fn list_result<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let tools: Vec<_> = names
        .into_iter()
        .map(|name| {
            serde_json::json!({
                "name": name,
                "description": "Answers with what the reference knows about it.",
                "inputSchema": { "type": "object", "properties": {} },
            })
        })
        .collect();
    serde_json::json!({ "tools": tools }).to_string()
}

impl Answerer for Constant {
    fn answer(&self, line: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let request: Request<'_> = serde_json::from_slice(line)?;
        let Some(id) = request.id else {
            return Ok(());
        };
        match &*request.method {
            "tools/call" => {
                let params = request.params.context("params are missing")?;
                let call: Call<'_> = serde_json::from_str(params.get())?;
                if call.name != self.tool {
                    bail!("unknown tool `{}`", call.name);
                }
                append_answer(id, &self.result, out);
            }
            "initialize" => append_answer(id, &initialize_result(), out),
            "tools/list" => append_answer(id, &list_result([self.tool.as_str()]), out),
            "ping" => append_answer(id, "{}", out),
            other => bail!("unknown method `{other}`"),
        }
        Ok(())
    }
}

/// Runs until the input ends; every answer is written before it returns.
///
/// # Errors
/// When input or output breaks, or a line is not a known request.
pub fn run<W>(mut input: impl BufRead, mut output: W, answerer: &impl Answerer) -> Result<()>
where
    W: Write + Send + 'static,
{
    let (sender, receiver) = mpsc::channel::<Vec<u8>>();
    let writer = std::thread::spawn(move || -> std::io::Result<()> {
        let mut batch = Vec::new();
        while let Ok(first) = receiver.recv() {
            batch.clear();
            batch.extend_from_slice(&first);
            while let Ok(more) = receiver.try_recv() {
                batch.extend_from_slice(&more);
            }
            output.write_all(&batch)?;
            output.flush()?;
        }
        Ok(())
    });
    let mut line = Vec::new();
    let mut outcome = Ok(());
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let mut answer = Vec::with_capacity(512);
        if let Err(error) = answerer.answer(line.trim_ascii(), &mut answer) {
            outcome = Err(error);
            break;
        }
        if !answer.is_empty() {
            answer.push(b'\n');
            if sender.send(answer).is_err() {
                break;
            }
        }
    }
    drop(sender);
    match writer.join() {
        Ok(written) => written?,
        Err(_) => bail!("the writer thread panicked"),
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shared(mpsc::Sender<Vec<u8>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(std::io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_request_is_answered_before_the_end() {
        let mut input = format!("{}\n{}\n{}\n", calls::initialize(), calls::initialized(), calls::list(1));
        for id in 2..100 {
            input.push_str(&calls::call(id, "account_whoami", &serde_json::json!({})));
            input.push('\n');
        }
        let answerer = Constant::new("account_whoami", "{ \"content\": [] }").unwrap();
        let (sender, receiver) = mpsc::channel();
        run(input.as_bytes(), Shared(sender), &answerer).unwrap();
        let written: Vec<u8> = receiver.iter().flatten().collect();
        let lines: Vec<_> = std::str::from_utf8(&written).unwrap().lines().collect();
        assert_eq!(lines.len(), 100);
        assert!(lines[0].contains("\"protocolVersion\":\"2025-03-26\""));
        assert!(lines[1].contains("\"tools\":[{"));
        assert_eq!(lines[99], "{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{\"content\":[]}}");
    }

    #[test]
    fn an_unknown_tool_ends_the_loop_with_words() {
        let answerer = Constant::new("account_whoami", "{}").unwrap();
        let line = calls::call(1, "other", &serde_json::json!({}));
        let error = answerer.answer(line.as_bytes(), &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "unknown tool `other`");
    }
}
