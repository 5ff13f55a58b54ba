//! The HTTP load generator: keep-alive connections in a closed loop.
//!
//! Server and generator share the cores, so what the generator spends is missing from both sides of every ratio and
//! pulls it towards 1. Hence no HTTP library: bytes prepared before the start, one write and mostly one read a
//! request, no allocation in the loop, one thread by default.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use memchr::memmem;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::calls;
use crate::histogram::Histogram;
use crate::wire::{self, Framing};

/// How long after the end of the measurement an answer is waited for before it counts as lost.
const GRACE: Duration = Duration::from_secs(15);
const FAILURE_PAUSE: Duration = Duration::from_millis(20);
const REFUSED: &[u8] = b"\"isError\":true";

/// One request and the bytes that its answer must hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The body of the POST.
    pub body: String,
    /// Bytes that the body of a right answer holds.
    pub expect: String,
}

/// What to send, where, and for how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server.
    pub address: SocketAddr,
    /// The endpoint's path.
    pub path: String,
    /// The bearer key.
    pub key: Option<String>,
    /// How a request is tied to a session.
    pub session: Session,
    /// Connections in the closed loop.
    pub connections: usize,
    /// Threads of the generator.
    pub threads: usize,
    /// Time before the measurement, in the same loop.
    pub warm_up: Duration,
    /// Time of the measurement.
    pub duration: Duration,
    /// The requests; each connection starts at another one and goes round.
    pub requests: Vec<Request>,
    /// Requests of the connections that load the server without being measured.
    pub heavy: Vec<Request>,
    /// How many such connections.
    pub heavy_connections: usize,
}

/// How a request is tied to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Session {
    /// Each connection runs the handshake and sends the session id that it was given.
    Open,
    /// No handshake; a made-up id is sent, so that a server without sessions reads as many headers.
    Pretend,
}

/// What was measured. Durations in microseconds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Right answers within the measurement.
    pub requests: u64,
    /// Wrong, lost or refused answers, from the start on.
    pub errors: u64,
    /// Seconds of the measurement.
    pub seconds: f64,
    /// Right answers a second.
    pub rate: f64,
    /// Median.
    pub p50_us: f64,
    /// 90th percentile.
    pub p90_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// 99.9th percentile.
    pub p999_us: f64,
    /// The slowest.
    pub max_us: f64,
    /// Right answers of the unmeasured connections.
    pub heavy_requests: u64,
    /// The first thing that went wrong.
    pub first_error: Option<String>,
}

/// The head of a POST without its length: everything that is the same for each request of a connection.
pub fn request_head(address: SocketAddr, path: &str, key: Option<&str>, session: Option<&str>) -> Vec<u8> {
    let mut head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\n"
    );
    if let Some(key) = key {
        head.push_str(&format!("Authorization: Bearer {key}\r\n"));
    }
    if let Some(session) = session {
        head.push_str(&format!("Mcp-Session-Id: {session}\r\n"));
    }
    head.into_bytes()
}

/// Ends a head with the length of the body and appends the body.
pub fn append_body(request: &mut Vec<u8>, body: &[u8]) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = body.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    request.extend_from_slice(b"Content-Length: ");
    request.extend_from_slice(&digits[at..]);
    request.extend_from_slice(b"\r\n\r\n");
    request.extend_from_slice(body);
}

/// Reads a file of requests: one JSON object `{"body", "expect"}` a line.
///
/// # Errors
/// When the file cannot be read, a line is not such an object, or there is none.
pub fn read_requests(path: &Path) -> Result<Vec<Request>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading `{}`", path.display()))?;
    let requests = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).with_context(|| format!("request `{line}`")))
        .collect::<Result<Vec<Request>>>()?;
    if requests.is_empty() {
        bail!("`{}` holds no request", path.display());
    }
    Ok(requests)
}

/// Writes a file that [`read_requests`] reads.
///
/// # Errors
/// When the file cannot be written.
pub fn write_requests(path: &Path, requests: &[Request]) -> Result<()> {
    let mut text = String::new();
    for request in requests {
        text.push_str(&serde_json::to_string(request)?);
        text.push('\n');
    }
    std::fs::write(path, text).with_context(|| format!("writing `{}`", path.display()))
}

/// Runs a plan to its end on threads of its own.
///
/// # Errors
/// When a connection or a session cannot be opened before the start. What goes wrong later is counted.
pub fn run(plan: Plan) -> Result<Outcome> {
    let threads = plan.threads.clamp(1, plan.connections.max(1));
    let plan = Arc::new(plan);
    let barrier = Arc::new(Barrier::new(threads));
    let running: Vec<_> = (0..threads)
        .map(|thread| {
            let (plan, barrier) = (Arc::clone(&plan), Arc::clone(&barrier));
            std::thread::spawn(move || run_thread(&plan, thread, threads, &barrier))
        })
        .collect();
    let mut tally = Tally::new();
    let mut failure = None;
    for thread in running {
        match thread.join() {
            Ok(Ok(part)) => tally.merge(&part),
            Ok(Err(error)) => failure = Some(error),
            Err(_) => bail!("a thread of the generator panicked"),
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    let seconds = plan.duration.as_secs_f64();
    let histogram = &tally.histogram;
    Ok(Outcome {
        requests: histogram.count(),
        errors: tally.errors,
        seconds,
        rate: histogram.count() as f64 / seconds,
        p50_us: histogram.quantile_us(0.5),
        p90_us: histogram.quantile_us(0.9),
        p99_us: histogram.quantile_us(0.99),
        p999_us: histogram.quantile_us(0.999),
        max_us: histogram.largest_us(),
        heavy_requests: tally.heavy,
        first_error: tally.first_error,
    })
}

struct Tally {
    histogram: Histogram,
    errors: u64,
    heavy: u64,
    first_error: Option<String>,
}

impl Tally {
    fn new() -> Self {
        Self { histogram: Histogram::new(), errors: 0, heavy: 0, first_error: None }
    }

    fn failed(&mut self, error: &anyhow::Error) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| format!("{error:#}"));
    }

    fn merge(&mut self, other: &Self) {
        self.histogram.merge(&other.histogram);
        self.errors += other.errors;
        self.heavy += other.heavy;
        if self.first_error.is_none() {
            self.first_error.clone_from(&other.first_error);
        }
    }
}

struct Times {
    measure_from: Instant,
    end: Instant,
}

fn run_thread(plan: &Arc<Plan>, thread: usize, threads: usize, barrier: &Barrier) -> Result<Tally> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let opened = open_all(plan, thread, threads).await;
        // Every thread comes here, also one that failed, or the others would wait for ever.
        barrier.wait();
        let (measured, heavy) = opened?;
        let measure_from = Instant::now() + plan.warm_up;
        let times = Rc::new(Times { measure_from, end: measure_from + plan.duration });
        let tally = Rc::new(RefCell::new(Tally::new()));
        let heavy_answers = Rc::new(Cell::new(0u64));

        let heavy: Vec<_> = heavy
            .into_iter()
            .map(|connection| {
                let (plan, tally, answers) = (Arc::clone(plan), Rc::clone(&tally), Rc::clone(&heavy_answers));
                tokio::task::spawn_local(heavy_loop(connection, plan, tally, answers))
            })
            .collect();
        let running: Vec<_> = measured
            .into_iter()
            .map(|connection| {
                let (plan, tally, times) = (Arc::clone(plan), Rc::clone(&tally), Rc::clone(&times));
                tokio::task::spawn_local(closed_loop(connection, plan, tally, times))
            })
            .collect();
        let last = tokio::time::Instant::from_std(times.end + GRACE);
        for mut task in running {
            match tokio::time::timeout_at(last, &mut task).await {
                Ok(joined) => joined?,
                Err(_) => {
                    task.abort();
                    tally
                        .borrow_mut()
                        .failed(&anyhow::anyhow!("no answer {} s after the end", GRACE.as_secs()));
                }
            }
        }
        for task in heavy {
            task.abort();
            // Aborted on purpose: the only outcome besides a panic, which has been counted nowhere and is passed on.
            if let Err(error) = task.await
                && error.is_panic()
            {
                return Err(error.into());
            }
        }
        let mut tally = tally.replace(Tally::new());
        tally.heavy = heavy_answers.get();
        Ok(tally)
    })
}

async fn open_all(plan: &Plan, thread: usize, threads: usize) -> Result<(Vec<Connection>, Vec<Connection>)> {
    let mut measured = Vec::new();
    for number in (thread..plan.connections).step_by(threads) {
        measured.push(Connection::open(plan, number * plan.requests.len() / plan.connections.max(1)).await?);
    }
    let mut heavy = Vec::new();
    for number in 0..plan.heavy_connections {
        if thread == 0 && !plan.heavy.is_empty() {
            heavy.push(Connection::open(plan, number % plan.heavy.len()).await?);
        }
    }
    Ok((measured, heavy))
}

async fn closed_loop(
    mut connection: Connection,
    plan: Arc<Plan>,
    tally: Rc<RefCell<Tally>>,
    times: Rc<Times>,
) {
    let mut histogram = Histogram::new();
    let mut started = Instant::now();
    while started < times.end {
        let Some(request) = plan.requests.get(connection.next % plan.requests.len().max(1)) else { break };
        connection.next += 1;
        let outcome = connection.exchange(request).await;
        let ended = Instant::now();
        match outcome {
            Ok(()) => {
                if started >= times.measure_from && ended < times.end {
                    histogram.record(ended - started);
                }
                started = ended;
            }
            Err(error) => {
                tally.borrow_mut().failed(&error);
                connection.recover(&plan).await;
                started = Instant::now();
            }
        }
    }
    tally.borrow_mut().histogram.merge(&histogram);
}

async fn heavy_loop(
    mut connection: Connection,
    plan: Arc<Plan>,
    tally: Rc<RefCell<Tally>>,
    answers: Rc<Cell<u64>>,
) {
    while let Some(request) = plan.heavy.get(connection.next % plan.heavy.len().max(1)) {
        connection.next += 1;
        match connection.exchange(request).await {
            Ok(()) => answers.set(answers.get() + 1),
            Err(error) => {
                tally.borrow_mut().failed(&error.context("scan"));
                connection.recover(&plan).await;
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    head: Vec<u8>,
    out: Vec<u8>,
    inward: Vec<u8>,
    filled: usize,
    next: usize,
}

impl Connection {
    async fn open(plan: &Plan, next: usize) -> Result<Self> {
        let stream = TcpStream::connect(plan.address)
            .await
            .with_context(|| format!("connecting to `{}`", plan.address))?;
        stream.set_nodelay(true)?;
        let made_up =
            (plan.session == Session::Pretend).then_some("reference-without-sessions-0000000000000000");
        let head = request_head(plan.address, &plan.path, plan.key.as_deref(), made_up);
        let mut connection =
            Self { stream, head, out: Vec::new(), inward: vec![0; 32 * 1024], filled: 0, next };
        if plan.session == Session::Open {
            connection.handshake(plan).await.context("opening a session")?;
        }
        Ok(connection)
    }

    async fn handshake(&mut self, plan: &Plan) -> Result<()> {
        self.send(calls::initialize().as_bytes()).await?;
        let head = self.receive_head().await?;
        if head.status != 200 {
            bail!("initialize was answered with status {}", head.status);
        }
        let session = wire::header(&self.inward[..head.length], "mcp-session-id").map(str::to_owned);
        self.receive_body(&head).await?;
        if let Some(session) = session {
            self.head = request_head(plan.address, &plan.path, plan.key.as_deref(), Some(&session));
        }
        self.send(calls::initialized().as_bytes()).await?;
        let head = self.receive_head().await?;
        if !matches!(head.status, 200 | 202 | 204) {
            bail!("notifications/initialized was answered with status {}", head.status);
        }
        self.receive_body(&head).await?;
        Ok(())
    }

    /// A new connection for one of which nobody knows where the next answer starts.
    async fn recover(&mut self, plan: &Plan) {
        tokio::time::sleep(FAILURE_PAUSE).await;
        if let Ok(fresh) = Self::open(plan, self.next).await {
            *self = fresh;
        }
    }

    async fn exchange(&mut self, request: &Request) -> Result<()> {
        self.send(request.body.as_bytes()).await?;
        let head = self.receive_head().await?;
        let (start, end) = self.receive_body(&head).await?;
        let body = &self.inward[start..end];
        let right = head.status == 200
            && memmem::find(body, request.expect.as_bytes()).is_some()
            && memmem::find(body, REFUSED).is_none();
        if !right {
            let shown = String::from_utf8_lossy(&body[..body.len().min(300)]);
            bail!("`{}` was answered with status {} and `{shown}`", request.body, head.status);
        }
        if head.close {
            bail!("the server closes the connection");
        }
        Ok(())
    }

    async fn send(&mut self, body: &[u8]) -> Result<()> {
        self.out.clear();
        self.out.extend_from_slice(&self.head);
        append_body(&mut self.out, body);
        self.filled = 0;
        let mut written = 0;
        while written < self.out.len() {
            match self.stream.try_write(&self.out[written..]) {
                Ok(more) => written += more,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.stream.writable().await?
                }
                Err(error) => return Err(error).context("sending"),
            }
        }
        Ok(())
    }

    async fn read_more(&mut self) -> Result<()> {
        if self.filled == self.inward.len() {
            self.inward.resize(self.inward.len() * 2, 0);
        }
        let read = self.stream.read(&mut self.inward[self.filled..]).await.context("receiving")?;
        if read == 0 {
            bail!("the server closed the connection before its answer was whole");
        }
        self.filled += read;
        Ok(())
    }

    async fn receive_head(&mut self) -> Result<wire::Head> {
        loop {
            self.read_more().await?;
            if let Some(head) = wire::head(&self.inward[..self.filled])? {
                return Ok(head);
            }
        }
    }

    /// Where the body stands in `inward`.
    async fn receive_body(&mut self, head: &wire::Head) -> Result<(usize, usize)> {
        match head.framing {
            Framing::Length(length) => {
                let end = head.length.checked_add(length).context("the body has no end")?;
                while self.filled < end {
                    self.read_more().await?;
                }
                Ok((head.length, end))
            }
            Framing::Chunked => loop {
                if let Some((_, length)) = wire::unchunk(&self.inward[head.length..self.filled])? {
                    return Ok((head.length, head.length + length));
                }
                self.read_more().await?;
            },
        }
    }
}
