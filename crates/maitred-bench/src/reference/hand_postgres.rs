//! hyper and tokio-postgres by hand: the same statements on as many connections, without a transaction around them,
//! without authorisation, menus, limits, sessions, metrics or audit.

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, Semaphore};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row, Statement};

use super::hand::{Call, Request, failed, tool_answer};
use super::{Reply, empty, json};
use crate::calls;
use crate::queries::{self, Fill};

/// What the server is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// URL of the database.
    pub url: String,
    /// Schema of the organisation.
    pub schema: String,
    /// Connections.
    pub connections: usize,
}

struct Connection {
    client: Client,
    get: Statement,
    places: Statement,
    profile: Statement,
    search: Statement,
    writes: Vec<Statement>,
}

impl Connection {
    async fn open(settings: &Settings) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(&settings.url, NoTls).await?;
        tokio::spawn(async move { connection.await.ok() });
        client.batch_execute(&format!("SET search_path TO \"{}\"; SET jit = off", settings.schema)).await?;
        let mut writes = Vec::new();
        for step in queries::ACTIVITY_LOG {
            writes.push(client.prepare(step.sql).await.with_context(|| format!("preparing `{}`", step.sql))?);
        }
        Ok(Self {
            get: client.prepare(queries::CONTACT_GET).await?,
            places: client.prepare(queries::CONTACT_PLACES).await?,
            profile: client.prepare(queries::CONTACT_PROFILE).await?,
            search: client
                .prepare_typed(queries::CONTACT_SEARCH, &[Type::TEXT, Type::TEXT, Type::INT8])
                .await?,
            writes,
            client,
        })
    }

    async fn contact_get(&self, contact: &str) -> Result<Vec<u8>> {
        let mut text = Vec::with_capacity(1_024);
        let row = self.client.query_opt(&self.get, &[&contact]).await?;
        let Some(row) = row else { bail!("no contact `{contact}`") };
        text.push(b'{');
        members(&row, 0, &mut text)?;
        text.extend_from_slice(b",\"companies\":[");
        for (number, row) in self.client.query(&self.places, &[&contact]).await?.iter().enumerate() {
            text.extend_from_slice(if number == 0 { b"{" } else { b",{" });
            members(row, 0, &mut text)?;
            text.push(b'}');
        }
        text.push(b']');
        if let Some(row) = self.client.query_opt(&self.profile, &[&contact]).await? {
            let before = text.len();
            text.push(b',');
            members(&row, 0, &mut text)?;
            if text.len() == before + 1 {
                text.pop();
            }
        }
        text.push(b'}');
        Ok(text)
    }

    async fn contact_search(&self, words: &str, rows: i64) -> Result<Vec<u8>> {
        let word = words.to_lowercase();
        let mut text = Vec::with_capacity(8_192);
        text.extend_from_slice(b"{\"contacts\":[");
        let found = self.client.query(&self.search, &[&word, &queries::beyond(&word), &(rows + 1)]).await?;
        for (number, row) in found.iter().take(usize::try_from(rows)?).enumerate() {
            text.extend_from_slice(if number == 0 { b"{" } else { b",{" });
            members(row, 1, &mut text)?;
            text.push(b'}');
        }
        text.push(b']');
        if found.len() as i64 > rows {
            text.extend_from_slice(b",\"next_cursor\":");
            let last: String = found[usize::try_from(rows)? - 1].get(0);
            serde_json::to_writer(&mut text, &last)?;
        }
        text.push(b'}');
        Ok(text)
    }

    /// One write in a transaction of its own, its statements one after the other.
    async fn activity_log(&self, contact: &str, summary: &str, arguments: &str) -> Result<Vec<u8>> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let fresh = || {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            format!(
                "0199{:04x}-{:04x}-7000-8000-{:012x}",
                std::process::id() & 0xffff,
                number >> 16 & 0xffff,
                number
            )
        };
        let activity = fresh();
        let now = "2026-03-02T10:00:00.000Z";
        let mut line = 0_i64;
        self.client.batch_execute("BEGIN").await?;
        for (step, statement) in queries::ACTIVITY_LOG.iter().zip(&self.writes) {
            let texts: Vec<String> = step.fills.iter().map(|_| fresh()).collect();
            let params: Vec<Box<dyn ToSql + Sync + Send>> = step
                .fills
                .iter()
                .zip(texts)
                .map(|(fill, fresh)| -> Box<dyn ToSql + Sync + Send> {
                    match *fill {
                        Fill::Activity => Box::new(activity.clone()),
                        Fill::Fresh => Box::new(fresh),
                        Fill::Contact => Box::new(contact.to_owned()),
                        Fill::Summary => Box::new(summary.to_owned()),
                        Fill::Arguments => Box::new(arguments.to_owned()),
                        Fill::Now => Box::new(now),
                        Fill::Line => Box::new(line),
                        Fill::Number(number) => Box::new(number),
                        Fill::Text(text) => Box::new(text),
                    }
                })
                .collect();
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param as _).collect();
            let rows = self.client.query(statement, &params).await?;
            if step.gives_line {
                line = rows.first().context("no audit line")?.get(0);
            }
        }
        self.client.batch_execute("COMMIT").await?;
        Ok(format!("{{\"id\":\"{activity}\",\"kind\":\"note\"}}").into_bytes())
    }
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

#[derive(Deserialize)]
struct LogArgs<'a> {
    #[serde(borrow)]
    summary: Cow<'a, str>,
    about: Vec<String>,
}

struct Hand {
    free: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Hand {
    async fn reply(&self, body: &[u8]) -> Result<Reply> {
        let request: Request<'_> = serde_json::from_slice(body)?;
        let Some(id) = request.id else {
            return Ok(empty(StatusCode::ACCEPTED));
        };
        if request.method != "tools/call" {
            bail!("unknown method `{}`", request.method);
        }
        let params = request.params.context("params are missing")?;
        let call: Call<'_> = serde_json::from_str(params.get())?;
        let arguments = call.arguments.map_or("{}", RawValue::get);
        let _place = self.free.acquire().await?;
        let connection = self.idle.lock().await.pop().context("no idle connection")?;
        let text = match &*call.name {
            calls::CONTACT_GET => {
                connection.contact_get(&serde_json::from_str::<GetArgs<'_>>(arguments)?.contact).await
            }
            calls::CONTACT_SEARCH => {
                let args: SearchArgs<'_> = serde_json::from_str(arguments)?;
                connection.contact_search(&args.q, args.limit.unwrap_or(25).min(100).into()).await
            }
            calls::ACTIVITY_LOG => {
                let args: LogArgs<'_> = serde_json::from_str(arguments)?;
                let contact = args.about.first().map_or("", String::as_str);
                connection.activity_log(contact, &args.summary, arguments).await
            }
            other => Err(anyhow::anyhow!("unknown tool `{other}`")),
        };
        if text.is_err() {
            connection.client.batch_execute("ROLLBACK").await.ok();
        }
        self.idle.lock().await.push(connection);
        Ok(json(tool_answer(id, &text?)?))
    }
}

/// Serves until the process ends.
///
/// # Errors
/// When the database does not fit, the runtime does not start or the listener breaks.
pub fn run(listener: TcpListener, workers: usize, settings: &Settings) -> Result<Infallible> {
    listener.set_nonblocking(true)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers.max(1)).enable_all().build()?;
    let settings = settings.clone();
    runtime.block_on(async move {
        let mut idle = Vec::new();
        for _ in 0..settings.connections {
            idle.push(Connection::open(&settings).await?);
        }
        let hand = Arc::new(Hand { free: Semaphore::new(idle.len()), idle: Mutex::new(idle) });
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let hand = Arc::clone(&hand);
                tokio::spawn(async move {
                    let service = service_fn(move |request: hyper::Request<Incoming>| {
                        let hand = Arc::clone(&hand);
                        async move {
                            let body = request.into_body().collect().await?.to_bytes();
                            Ok::<_, hyper::Error>(
                                hand.reply(&body).await.unwrap_or_else(|error| failed(&error)),
                            )
                        }
                    });
                    // A connection that its client breaks ends here; the client counts it.
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await
                        .ok();
                });
            }
        })
        .await?
    })
}

/// The columns from `from` on as members of an object, by their names; see [`queries`].
fn members(row: &Row, from: usize, text: &mut Vec<u8>) -> Result<()> {
    let (mut first, mut group) = (true, "");
    for (position, column) in row.columns().iter().enumerate().skip(from) {
        let truth = column.name().ends_with('?');
        let value = match *column.type_() {
            Type::INT8 => row.get::<_, Option<i64>>(position).map(|number| match (truth, number) {
                (true, 0) => "false".to_owned(),
                (true, _) => "true".to_owned(),
                (false, number) => number.to_string(),
            }),
            _ => match row.get::<_, Option<&str>>(position) {
                Some(value) => Some(serde_json::to_string(value)?),
                None => None,
            },
        };
        let Some(value) = value else { continue };
        let (of, name) = column.name().split_once('.').unwrap_or(("", column.name()));
        if !group.is_empty() && of != group {
            text.push(b'}');
        }
        if !first {
            text.push(b',');
        }
        first = false;
        if !of.is_empty() && of != group {
            text.extend_from_slice(format!("\"{of}\":{{").as_bytes());
        }
        group = of;
        text.push(b'"');
        text.extend_from_slice(name.trim_end_matches('?').as_bytes());
        text.extend_from_slice(b"\":");
        text.extend_from_slice(value.as_bytes());
    }
    if !group.is_empty() {
        text.push(b'}');
    }
    Ok(())
}
