//! hyper, serde_json and rusqlite by hand: the same queries as the product, without authorisation, menus, limits,
//! sessions, metrics or audit.

use std::borrow::Cow;
use std::cell::RefCell;
use std::convert::Infallible;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use http::StatusCode;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Params, Row};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Reply, empty, hand_trade, json, serve};
use crate::{calls, queries};

/// Answers calls out of a database file that it only reads.
#[derive(Debug)]
pub struct Hand {
    database: PathBuf,
    number: u64,
}

/// A request, parsed once and borrowed from its bytes.
#[derive(Debug, Deserialize)]
pub struct Request<'a> {
    /// The id as it came; a notification has none.
    #[serde(borrow)]
    pub id: Option<&'a RawValue>,
    /// The method.
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    /// The parameters as they came.
    #[serde(borrow)]
    pub params: Option<&'a RawValue>,
}

/// The parameters of `tools/call`.
#[derive(Debug, Deserialize)]
pub struct Call<'a> {
    /// The tool.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The arguments as they came.
    #[serde(borrow)]
    pub arguments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct GetArgs<'a> {
    #[serde(borrow)]
    contact: Cow<'a, str>,
}

#[derive(Deserialize)]
struct SearchArgs<'a> {
    #[serde(borrow, default)]
    q: Cow<'a, str>,
    #[serde(default)]
    limit: Option<u32>,
}

thread_local! {
    // One connection a worker: a call never waits for another's, and statements stay prepared.
    static READER: RefCell<Option<(u64, Connection)>> = const { RefCell::new(None) };
}
static NEXT: AtomicU64 = AtomicU64::new(0);

impl Hand {
    /// Looks whether the statements of [`queries`] can be prepared on the database.
    ///
    /// # Errors
    /// When the file does not open or its tables are others.
    pub fn new(database: &Path) -> Result<Self> {
        let connection = open_read_only(database)?;
        for sql in queries::READS {
            connection.prepare(sql).with_context(|| format!("preparing `{sql}`"))?;
        }
        Ok(Self { database: database.to_owned(), number: NEXT.fetch_add(1, Ordering::Relaxed) })
    }

    /// Runs `work` on this thread's connection.
    ///
    /// # Errors
    /// When the database does not open, and whatever `work` gives.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        READER.with_borrow_mut(|slot| match slot {
            Some((number, connection)) if *number == self.number => work(connection),
            slot => {
                let connection = open_read_only(&self.database)?;
                work(&slot.insert((self.number, connection)).1)
            }
        })
    }

    /// The text of a tool's answer.
    ///
    /// # Errors
    /// When there is no such tool or contact, or the arguments do not fit.
    pub fn tool(&self, call: &Call<'_>) -> Result<Vec<u8>> {
        let arguments = call.arguments.map_or("{}", RawValue::get);
        match &*call.name {
            calls::CONTACT_GET => {
                let args: GetArgs<'_> = serde_json::from_str(arguments)?;
                self.read(|connection| contact_get(connection, &args.contact))
            }
            calls::CONTACT_SEARCH => {
                let args: SearchArgs<'_> = serde_json::from_str(arguments)?;
                self.read(|connection| contact_search(connection, &args.q, args.limit.unwrap_or(25).min(100)))
            }
            other => match self.read(|connection| hand_trade::tool(connection, other, arguments))? {
                Some(text) => Ok(text),
                None => bail!("unknown tool `{other}`"),
            },
        }
    }

    fn reply(&self, body: &[u8]) -> Result<Reply> {
        let request: Request<'_> = serde_json::from_slice(body)?;
        let Some(id) = request.id else {
            return Ok(empty(StatusCode::ACCEPTED));
        };
        if request.method != "tools/call" {
            bail!("unknown method `{}`", request.method);
        }
        let params = request.params.context("params are missing")?;
        let text = self.tool(&serde_json::from_str(params.get())?)?;
        Ok(json(tool_answer(id, &text)?))
    }
}

/// Serves until the process ends.
///
/// # Errors
/// When the database does not fit, the runtime does not start or the listener breaks.
pub fn run(listener: TcpListener, workers: usize, database: &Path) -> Result<Infallible> {
    let hand = std::sync::Arc::new(Hand::new(database)?);
    serve(listener, workers, move |call| hand.reply(&call.body).unwrap_or_else(|error| failed(&error)))
}

/// A refusal in words.
pub fn failed(error: &anyhow::Error) -> Reply {
    let mut reply = json(format!("{error:#}"));
    *reply.status_mut() = StatusCode::BAD_REQUEST;
    reply
}

/// The JSON-RPC answer that carries `text` as a tool's only content.
///
/// # Errors
/// When `text` is not UTF-8.
pub fn tool_answer(id: &RawValue, text: &[u8]) -> Result<Vec<u8>> {
    let mut answer = Vec::with_capacity(text.len() + text.len() / 4 + 128);
    answer.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    answer.extend_from_slice(id.get().as_bytes());
    answer.extend_from_slice(b",\"result\":{\"content\":[{\"type\":\"text\",\"text\":");
    serde_json::to_writer(&mut answer, std::str::from_utf8(text)?)?;
    answer.extend_from_slice(b"}]}}");
    Ok(answer)
}

fn open_read_only(database: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)
        .with_context(|| format!("opening `{}`", database.display()))?;
    connection.set_prepared_statement_cache_capacity(64);
    // SQLite built with STAT4, as the bundled one is, prepares a cached statement anew whenever a parameter that its
    // plan might depend on is bound; with this its plans do not depend on parameters.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

fn contact_get(connection: &Connection, contact: &str) -> Result<Vec<u8>> {
    // The statements see one state, as they do in the product's transaction.
    let transaction = connection.unchecked_transaction()?;
    let mut text = Vec::with_capacity(1_024);
    let mut statement = transaction.prepare_cached(queries::CONTACT_GET)?;
    let mut rows = statement.query([contact])?;
    let Some(row) = rows.next()? else { bail!("no contact `{contact}`") };
    text.push(b'{');
    members(row, 0, &mut text)?;
    text.extend_from_slice(b",\"companies\":");
    many(&transaction, queries::CONTACT_PLACES, [contact], &mut text)?;
    let mut profile = transaction.prepare_cached(queries::CONTACT_PROFILE)?;
    let mut profile = profile.query([contact])?;
    if let Some(row) = profile.next()? {
        let before = text.len();
        text.push(b',');
        members(row, 0, &mut text)?;
        if text.len() == before + 1 {
            text.pop();
        }
    }
    text.push(b'}');
    Ok(text)
}

fn contact_search(connection: &Connection, words: &str, rows: u32) -> Result<Vec<u8>> {
    let word = words.to_lowercase();
    let transaction = connection.unchecked_transaction()?;
    let mut text = Vec::with_capacity(8_192);
    text.extend_from_slice(b"{\"contacts\":[");
    let mut statement = transaction.prepare_cached(queries::CONTACT_SEARCH)?;
    let mut found = statement.query((&word, queries::beyond(&word), rows + 1))?;
    let (mut shown, mut last) = (0, String::new());
    while let Some(row) = found.next()? {
        if shown == rows {
            text.extend_from_slice(b"],\"next_cursor\":");
            serde_json::to_writer(&mut text, &last)?;
            text.push(b'}');
            return Ok(text);
        }
        text.extend_from_slice(if shown == 0 { b"{" } else { b",{" });
        shown += 1;
        members(row, 1, &mut text)?;
        text.push(b'}');
        if shown == rows {
            last = row.get(0)?;
        }
    }
    text.extend_from_slice(b"]}");
    Ok(text)
}

/// The rows of a statement as an array of objects.
///
/// # Errors
/// When the statement fails or a text is not UTF-8.
pub fn many(connection: &Connection, sql: &str, params: impl Params, text: &mut Vec<u8>) -> Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    text.push(b'[');
    let mut first = true;
    while let Some(row) = rows.next()? {
        if !first {
            text.push(b',');
        }
        first = false;
        object(row, text)?;
    }
    text.push(b']');
    Ok(())
}

fn object(row: &Row<'_>, text: &mut Vec<u8>) -> Result<()> {
    text.push(b'{');
    members(row, 0, text)?;
    text.push(b'}');
    Ok(())
}

/// The columns from `from` on as members of an object, by their names.
///
/// # Errors
/// When a column cannot be read or a text is not UTF-8.
pub fn members(row: &Row<'_>, from: usize, text: &mut Vec<u8>) -> Result<()> {
    let statement = row.as_ref();
    let (mut first, mut group) = (true, "");
    for column in from..statement.column_count() {
        let value = row.get_ref(column)?;
        if matches!(value, ValueRef::Null | ValueRef::Blob(_)) {
            continue;
        }
        // Column names are ours and need no escapes.
        let name = statement.column_name(column)?;
        let (of, name) = name.split_once('.').unwrap_or(("", name));
        if !group.is_empty() && of != group {
            text.push(b'}');
        }
        if !first {
            text.push(b',');
        }
        first = false;
        if !of.is_empty() && of != group {
            text.push(b'"');
            text.extend_from_slice(of.as_bytes());
            text.extend_from_slice(b"\":{");
        }
        group = of;
        let (name, truth) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        text.push(b'"');
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"\":");
        match value {
            ValueRef::Integer(number) if truth => {
                text.extend_from_slice(if number == 0 { b"false" } else { b"true" });
            }
            ValueRef::Integer(number) => serde_json::to_writer(&mut *text, &number)?,
            ValueRef::Real(number) => serde_json::to_writer(&mut *text, &number)?,
            ValueRef::Text(bytes) => serde_json::to_writer(&mut *text, std::str::from_utf8(bytes)?)?,
            ValueRef::Null | ValueRef::Blob(_) => {}
        }
    }
    if !group.is_empty() {
        text.push(b'}');
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::fixture;

    #[test]
    fn statements_stay_prepared_from_call_to_call() {
        let directory = tempfile::tempdir().unwrap();
        fixture::create(directory.path(), 20).unwrap();
        let connection = open_read_only(&directory.path().join(fixture::DATABASE)).unwrap();
        for number in 0..10 {
            contact_get(&connection, &fixture::contact_id(number)).unwrap();
            contact_search(&connection, "ada", 20).unwrap();
        }
        for sql in queries::READS {
            let statement = connection.prepare_cached(sql).unwrap();
            assert_eq!(statement.get_status(StatementStatus::Run), 10, "{sql}");
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
        }
    }
}
