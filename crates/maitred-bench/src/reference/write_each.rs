//! The durable writer that commits each call by itself: WAL, synchronous=FULL, a thread a caller.
//!
//! The writers share one connection behind a mutex. Connections of their own would meet in SQLite's busy handler,
//! which sleeps, and make a weaker reference.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OpenFlags, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::hand::{self, Call, Request};
use crate::histogram::Histogram;
use crate::queries::{self, Fill};
use crate::{calls, wire};

/// Any text of the form that times have; the reference needs no clock.
const NOW: &str = "2026-01-01T08:00:00.000000Z";

/// One connection that commits each call.
#[derive(Debug)]
pub struct Writer {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    connection: Connection,
    // Of each opening another, so that a file can be written to again.
    prefix: u32,
    next: u64,
}

#[derive(Deserialize)]
struct LogArgs<'a> {
    #[serde(borrow)]
    about: Vec<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    summary: std::borrow::Cow<'a, str>,
}

/// What [`direct`] measured. Durations in microseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Direct {
    /// Commits.
    pub writes: u64,
    /// Commits a second.
    pub rate: f64,
    /// Median.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
}

impl Writer {
    /// Opens a database for writing and looks whether the statements of [`queries`] can be prepared.
    ///
    /// # Errors
    /// When the file does not open or its tables are others.
    pub fn open(database: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(database, flags)
            .with_context(|| format!("opening `{}`", database.display()))?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            bail!("`{}` is in journal mode `{mode}`", database.display());
        }
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        for step in queries::ACTIVITY_LOG {
            connection.prepare(step.sql).with_context(|| format!("preparing `{}`", step.sql))?;
        }
        Ok(Self { state: Mutex::new(State { connection, prefix: random(), next: 0 }) })
    }

    /// Writes one activity and answers, after the commit, with its id.
    ///
    /// # Errors
    /// When the arguments do not fit or the disk refuses.
    pub fn log(&self, arguments: &str) -> Result<String> {
        let args: LogArgs<'_> = serde_json::from_str(arguments)?;
        let contact = &**args.about.first().context("`about` is empty")?;
        let mut state = self.state.lock().map_err(|_| anyhow!("another writer panicked"))?;
        let State { connection, prefix, next } = &mut *state;
        // Ids ascend, as the product's do: inserts at one place of the tree are the reference's good fortune too.
        let mut fresh = || {
            *next += 1;
            format!("{prefix:08x}-0000-7000-8000-{next:012x}")
        };
        let activity = fresh();
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut line = 0;
        for step in queries::ACTIVITY_LOG {
            let values = step.fills.iter().map(|fill| match fill {
                Fill::Activity => text(&activity),
                Fill::Fresh => ToSqlOutput::Owned(Value::Text(fresh())),
                Fill::Contact => text(contact),
                Fill::Summary => text(&args.summary),
                Fill::Arguments => text(arguments),
                Fill::Now => text(NOW),
                Fill::Line => ToSqlOutput::Owned(Value::Integer(line)),
                Fill::Number(number) => ToSqlOutput::Owned(Value::Integer(*number)),
                Fill::Text(fixed) => text(fixed),
            });
            let mut statement = transaction.prepare_cached(step.sql)?;
            let mut rows = statement.query(params_from_iter(values))?;
            let mut given = 0;
            while let Some(row) = rows.next()? {
                if step.gives_line {
                    given = row.get(0)?;
                }
            }
            if step.gives_line {
                line = given;
            }
        }
        transaction.commit()?;
        Ok(activity)
    }

    /// Answers a `tools/call` of the write.
    ///
    /// # Errors
    /// When it is another call, or the write fails.
    pub fn answer(&self, body: &[u8]) -> Result<Vec<u8>> {
        let request: Request<'_> = serde_json::from_slice(body)?;
        let id: &RawValue = request.id.context("a notification")?;
        let call: Call<'_> = serde_json::from_str(request.params.context("params are missing")?.get())?;
        if call.name != calls::ACTIVITY_LOG {
            bail!("unknown tool `{}`", call.name);
        }
        self.answer_call(id, call.arguments)
    }

    /// The same for a call that has been parsed.
    ///
    /// # Errors
    /// When the write fails.
    pub fn answer_call(&self, id: &RawValue, arguments: Option<&RawValue>) -> Result<Vec<u8>> {
        let activity = self.log(arguments.context("arguments are missing")?.get())?;
        hand::tool_answer(id, format!("{{\"id\":\"{activity}\",\"kind\":\"note\"}}").as_bytes())
    }
}

fn text(text: &str) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
}

fn random() -> u32 {
    // The standard library seeds each of these anew.
    std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0) as u32
}

/// A copy of a database, consistent even while a server writes to it.
///
/// # Errors
/// When the source does not open or the target cannot be written.
pub fn copy_database(source: &Path, target: &Path) -> Result<PathBuf> {
    let from = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .with_context(|| format!("opening `{}`", source.display()))?;
    let mut to = Connection::open(target).with_context(|| format!("creating `{}`", target.display()))?;
    Backup::new(&from, &mut to)?.run_to_completion(1_000, Duration::ZERO, None)?;
    Ok(target.to_owned())
}

/// Serves HTTP, a thread a connection, until the process ends.
///
/// # Errors
/// When the listener breaks.
pub fn run(listener: &TcpListener, writer: Writer) -> Result<Infallible> {
    let writer = Arc::new(writer);
    loop {
        let (stream, _) = listener.accept()?;
        let writer = Arc::clone(&writer);
        std::thread::spawn(move || {
            // A connection that its client breaks ends here; the client counts it.
            serve_connection(stream, &writer).ok();
        });
    }
}

fn serve_connection(mut stream: TcpStream, writer: &Writer) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut inward = vec![0u8; 16 * 1024];
    let mut filled = 0;
    let mut answer = Vec::new();
    loop {
        let whole = loop {
            if let Some(whole) = whole_request(&inward[..filled])? {
                break whole;
            }
            if filled == inward.len() {
                inward.resize(filled * 2, 0);
            }
            let read = stream.read(&mut inward[filled..])?;
            if read == 0 {
                return Ok(());
            }
            filled += read;
        };
        let (status, body) = match writer.answer(&inward[whole.0..whole.1]) {
            Ok(body) => ("200 OK", body),
            Err(error) => ("400 Bad Request", format!("{error:#}").into_bytes()),
        };
        answer.clear();
        write!(
            answer,
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )?;
        answer.extend_from_slice(&body);
        stream.write_all(&answer)?;
        inward.copy_within(whole.1..filled, 0);
        filled -= whole.1;
    }
}

/// Where the body of the request at the front of `bytes` stands, when it is whole.
fn whole_request(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let length: usize = wire::header(&bytes[..end + 2], "content-length")
        .context("a request without content-length")?
        .parse()?;
    let after = end.checked_add(4 + length).context("content-length")?;
    Ok((bytes.len() >= after).then_some((end + 4, after)))
}

/// The same writes without HTTP: `threads` callers in a closed loop.
///
/// # Errors
/// When a write fails.
pub fn direct(writer: &Writer, threads: usize, duration: Duration) -> Result<Direct> {
    let end = Instant::now() + duration;
    let histogram = std::thread::scope(|scope| -> Result<Histogram> {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || -> Result<Histogram> {
                    let arguments = calls::activity_log(&format!("contact-{thread}"), thread).to_string();
                    let mut histogram = Histogram::new();
                    let mut started = Instant::now();
                    while started < end {
                        writer.log(&arguments)?;
                        let ended = Instant::now();
                        histogram.record(ended - started);
                        started = ended;
                    }
                    Ok(histogram)
                })
            })
            .collect();
        let mut sum = Histogram::new();
        for thread in running {
            sum.merge(&thread.join().map_err(|_| anyhow!("a writer panicked"))??);
        }
        Ok(sum)
    })?;
    Ok(Direct {
        writes: histogram.count(),
        rate: histogram.count() as f64 / duration.as_secs_f64(),
        p50_us: histogram.quantile_us(0.5),
        p99_us: histogram.quantile_us(0.99),
    })
}
