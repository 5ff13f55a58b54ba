//! A server that answers what a run asks for, made of the references themselves.
//!
//! It takes the place of maitred when the harness is tried: each comparison is then one of a reference with itself,
//! and shows how far the ratios of this machine stray from 1.

use std::convert::Infallible;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use http::{HeaderValue, Method, StatusCode};
use serde_json::value::RawValue;

use crate::reference::hand::{self, Call, Hand, Request};
use crate::reference::hand_stdio::{self, Answerer, append_answer, initialize_result, list_result};
use crate::reference::write_each::Writer;
use crate::reference::{Reply, empty, json, serve};
use crate::{calls, fixture, queries};

const WHOAMI: &[u8] =
    b"{\"caller\":\"teammate\",\"name\":\"Stand In\",\"org\":\"fixture\",\"modes\":[\"sales\"]}";

/// The stand-in.
#[derive(Debug)]
pub struct StandIn {
    hand: Hand,
    writer: Option<Writer>,
    list: String,
    sessions: AtomicU64,
}

impl StandIn {
    /// Opens the database of a data directory; `writes` decides whether it can be written.
    ///
    /// # Errors
    /// When it is not there or its tables are others.
    pub fn open(data: &Path, writes: bool) -> Result<Self> {
        let database = data.join(fixture::DATABASE);
        let mut names: Vec<_> = (0..46).map(|number| format!("stand_in_tool_{number}")).collect();
        names.extend(
            [calls::WHOAMI, calls::CONTACT_GET, calls::CONTACT_SEARCH, calls::ACTIVITY_LOG]
                .map(str::to_owned),
        );
        Ok(Self {
            hand: Hand::new(&database)?,
            writer: writes.then(|| Writer::open(&database)).transpose()?,
            list: list_result(names.iter().map(String::as_str)),
            sessions: AtomicU64::new(1),
        })
    }

    fn tool(&self, id: &RawValue, call: &Call<'_>) -> Result<Vec<u8>> {
        let arguments: serde_json::Value =
            || -> Option<_> { serde_json::from_str(call.arguments?.get()).ok() }().unwrap_or_default();
        match &*call.name {
            calls::WHOAMI => hand::tool_answer(id, WHOAMI),
            calls::ACTIVITY_LOG => {
                self.writer.as_ref().context("opened for reading")?.answer_call(id, call.arguments)
            }
            calls::HEAVY => {
                let mut text = b"{\"pairs\":".to_vec();
                self.hand.read(|connection| hand::many(connection, queries::CONTACT_SCAN, [], &mut text))?;
                text.push(b'}');
                hand::tool_answer(id, &text)
            }
            calls::CONTACT_SEARCH if arguments.get("q").is_none() => {
                let after = arguments["cursor"].as_str().unwrap_or_default();
                let rows = arguments["limit"].as_u64().unwrap_or(25);
                let mut text = b"{\"contacts\":".to_vec();
                self.hand.read(|connection| {
                    hand::many(connection, queries::CONTACT_LISTING, (after, rows as i64), &mut text)
                })?;
                text.push(b'}');
                let mut page: serde_json::Value = serde_json::from_slice(&text)?;
                let last = page[calls::CONTACTS_FIELD]
                    .as_array()
                    .filter(|found| found.len() as u64 == rows)
                    .and_then(|found| found.last()?.get(calls::ID_FIELD).cloned());
                if let Some(last) = last {
                    page[calls::NEXT_CURSOR_FIELD] = last;
                }
                hand::tool_answer(id, page.to_string().as_bytes())
            }
            _ => hand::tool_answer(id, &self.hand.tool(call)?),
        }
    }

    fn reply(&self, body: &[u8]) -> Result<Reply> {
        let request: Request<'_> = serde_json::from_slice(body)?;
        if request.id.is_none() {
            return Ok(empty(StatusCode::ACCEPTED));
        }
        let mut out = Vec::new();
        self.answer(body, &mut out)?;
        let mut reply = json(out);
        if request.method == "initialize" {
            let session = format!("stand-in-{:024}", self.sessions.fetch_add(1, Ordering::Relaxed));
            reply.headers_mut().insert("mcp-session-id", HeaderValue::from_str(&session)?);
        }
        Ok(reply)
    }
}

impl Answerer for StandIn {
    fn answer(&self, line: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let request: Request<'_> = serde_json::from_slice(line)?;
        let Some(id) = request.id else {
            return Ok(());
        };
        match &*request.method {
            "tools/call" => {
                let call = serde_json::from_str(request.params.context("params are missing")?.get())?;
                out.append(&mut self.tool(id, &call)?);
            }
            "tools/list" => append_answer(id, &self.list, out),
            "initialize" => append_answer(id, &initialize_result(), out),
            other => bail!("unknown method `{other}`"),
        }
        Ok(())
    }
}

/// Serves HTTP until the process ends.
///
/// # Errors
/// When the database does not fit, the runtime does not start or the listener breaks.
pub fn run(listener: TcpListener, data: &Path) -> Result<Infallible> {
    let stand_in = Arc::new(StandIn::open(data, true)?);
    serve(listener, 2, move |call| match (&call.method, call.path.as_str()) {
        (&Method::GET, "/live") => empty(StatusCode::OK),
        (&Method::POST, "/mcp") => stand_in.reply(&call.body).unwrap_or_else(|error| hand::failed(&error)),
        _ => empty(StatusCode::NOT_FOUND),
    })
}

/// Serves stdio until the input ends.
///
/// # Errors
/// When the database does not fit or a line is not a known request.
pub fn run_stdio(data: &Path) -> Result<()> {
    let stand_in = StandIn::open(data, false)?;
    hand_stdio::run(std::io::stdin().lock(), std::io::stdout(), &stand_in)
}
