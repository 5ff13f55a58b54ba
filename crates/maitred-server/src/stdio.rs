//! Lines on standard input and output, on plain threads: an asynchronous runtime would hop to another thread for every
//! read and every write.
//!
//! The reading thread parses and answers inline, and gathers the answers to all lines that came together. It writes
//! them itself when that cannot block, and leaves them to the writing thread otherwise. Late answers and notifications
//! always go through the writing thread, so whoever produces them never waits for the client.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use maitred_core::jsonrpc::{Inbound, Message, RpcError, write};
use maitred_core::mcp::{Credentials, Link, Mcp, Outcome, Service, Sink, Transport};

/// How the stdio transport behaves.
#[derive(Clone, Copy, Debug)]
pub struct StdioConfig {
    /// Bytes in one line.
    pub line_bytes: usize,
    /// Time for running requests to end, and for the client to read the answers, at the end of input.
    pub drain: Duration,
    /// Time between two looks at the menu.
    pub tick: Duration,
}

impl Default for StdioConfig {
    fn default() -> Self {
        Self { line_bytes: 4 << 20, drain: Duration::from_millis(1800), tick: Duration::from_millis(500) }
    }
}

/// Stops a stdio server as the end of its input would. Clones stop the same one.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Asks the server to finish what is running and to return.
    pub fn start(&self) {
        *lock(&self.0.0) = true;
        self.0.1.notify_all();
    }

    /// Waits until somebody asked, at most `patience`.
    fn wait(&self, patience: Duration) -> bool {
        let asked = lock(&self.0.0);
        let (asked, _) = self
            .0
            .1
            .wait_timeout_while(asked, patience, |asked| !*asked)
            .unwrap_or_else(PoisonError::into_inner);
        *asked
    }

    /// Calls [`Stop::start`] on SIGTERM and SIGINT.
    ///
    /// # Errors
    /// The system gives no thread or no signal handler.
    pub fn on_signals(&self) -> io::Result<()> {
        let stop = self.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        thread::Builder::new().name("signals".to_owned()).stack_size(256 * 1024).spawn(
            move || match runtime.block_on(signalled()) {
                Ok(()) => stop.start(),
                Err(error) => tracing::warn!(%error, "signals are not handled"),
            },
        )?;
        Ok(())
    }
}

#[cfg(unix)]
pub(crate) async fn signalled() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) async fn signalled() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Serves this process's standard input and output until the input ends or `stop` is started.
///
/// # Errors
/// The system gives no thread.
pub fn serve_process<S: Service>(
    mcp: Arc<Mcp<S>>,
    bearer: Option<String>,
    config: StdioConfig,
    stop: &Stop,
) -> io::Result<()> {
    serve(mcp, bearer, config, stop, io::stdin(), io::stdout(), stdout_ready)
}

/// True when a page can be written to standard output without waiting.
#[cfg(unix)]
fn stdout_ready() -> bool {
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let output = io::stdout();
    let mut polled = [PollFd::from_borrowed_fd(output.as_fd(), PollFlags::OUT)];
    poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|count| count == 1)
        && polled[0].revents() == PollFlags::OUT
}

#[cfg(not(unix))]
fn stdout_ready() -> bool {
    false
}

/// Serves one client over any pair of streams until the input ends or `stop` is started; then running requests get
/// [`StdioConfig::drain`] to end. `ready` says whether a page can be written without waiting.
///
/// # Errors
/// The system gives no thread.
pub fn serve<S: Service>(
    mcp: Arc<Mcp<S>>,
    bearer: Option<String>,
    config: StdioConfig,
    stop: &Stop,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    ready: impl Fn() -> bool + Send + 'static,
) -> io::Result<()> {
    let out = Arc::new(Out { state: Mutex::default(), changed: Condvar::new(), file: Mutex::new(output) });
    let client = Arc::new(Client {
        mcp,
        bearer,
        opened: AtomicBool::new(false),
        listening: AtomicBool::new(false),
        menu: AtomicU64::new(0),
    });
    let writer = Arc::clone(&out);
    thread::Builder::new().name("stdout".to_owned()).spawn(move || writer.run())?;
    let (reader, queue, ended) = (Arc::clone(&client), Arc::clone(&out), stop.clone());
    thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        let mut session = Reading { client: &reader, out: &queue, ready, ready_bytes: Vec::new() };
        read_lines(input, config.line_bytes, &mut session);
        ended.start();
    })?;
    while !stop.wait(config.tick) {
        client.look_at_menu(&*out);
        if out.broken() {
            break;
        }
    }
    out.drain(config.drain);
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The one client of a process.
struct Client<S: Service> {
    mcp: Arc<Mcp<S>>,
    bearer: Option<String>,
    /// `initialize` has been answered.
    opened: AtomicBool,
    /// `notifications/initialized` has arrived, so notifications may be sent.
    listening: AtomicBool,
    /// Version of the menu the client knows.
    menu: AtomicU64,
}

impl<S: Service> Client<S> {
    fn admit(&self) -> Result<S::Guest, RpcError> {
        let credentials =
            Credentials { bearer: self.bearer.as_deref(), address: None, transport: Transport::Stdio };
        self.mcp.service().admit(&credentials).map_err(|refusal| {
            use maitred_core::mcp::Refusal;
            RpcError::invalid_request(match refusal {
                Refusal::Unauthorized => "the key given in the environment is not valid",
                Refusal::TooMany { .. } => "too many requests; come back in a moment",
                Refusal::Unavailable => "credentials cannot be checked just now",
            })
        })
    }

    fn look_at_menu(&self, out: &dyn Queue) {
        if !self.listening.load(Ordering::Relaxed) {
            return;
        }
        let Ok(guest) = self.admit() else { return };
        let menu = self.mcp.service().menu_version(&guest);
        if self.menu.swap(menu, Ordering::Relaxed) != menu {
            out.push(br#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#, false);
        }
    }

    /// Acts on one line and appends what can be said at once, with its line end.
    fn receive(&self, line: &[u8], out: &mut Vec<u8>, queue: &Arc<dyn Queue>) {
        let inbound = self.mcp.parse(line);
        let start = out.len();
        let guest = match self.admit() {
            Ok(guest) => guest,
            Err(error) => {
                if Mcp::<S>::refuse(&inbound, &error, out) == Outcome::Answered {
                    out.push(b'\n');
                }
                return;
            }
        };
        let link = Link {
            guest: &guest,
            transport: Transport::Stdio,
            session: 0,
            may_initialize: !self.opened.load(Ordering::Relaxed),
        };
        let mut waiting = false;
        let outcome = self.mcp.receive(&link, &inbound, out, &mut |_| {
            waiting = true;
            queue.begin();
            Arc::new(Late(Arc::clone(queue))) as Arc<dyn Sink>
        });
        match outcome {
            Outcome::Opened => {
                self.menu.store(self.mcp.service().menu_version(&guest), Ordering::Relaxed);
                self.opened.store(true, Ordering::Relaxed);
            }
            Outcome::Silent => {
                if let Inbound::One(Message::Notification { method, .. }) = &inbound
                    && method == "notifications/initialized"
                {
                    self.listening.store(self.opened.load(Ordering::Relaxed), Ordering::Relaxed);
                }
            }
            _ => {}
        }
        if waiting && outcome != Outcome::Pending {
            queue.finish();
        }
        if out.len() > start {
            out.push(b'\n');
        }
    }
}

/// Where late messages wait for the writing thread.
trait Queue: Send + Sync {
    /// A late answer is to be expected.
    fn begin(&self);
    /// A late answer will not come.
    fn finish(&self);
    /// One message, without its line end; `last` when it is the late answer.
    fn push(&self, message: &[u8], last: bool);
}

struct Late(Arc<dyn Queue>);

impl Sink for Late {
    fn notify(&self, message: Bytes) {
        self.0.push(&message, false);
    }

    fn finish(&self, message: Option<Bytes>) {
        match message {
            Some(message) => self.0.push(&message, true),
            None => self.0.finish(),
        }
    }

    fn streams(&self) -> bool {
        true
    }
}

/// The way out.
struct Out<W> {
    state: Mutex<State>,
    changed: Condvar,
    /// Held for whole messages. Never taken while `state` is held.
    file: Mutex<W>,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    /// Late answers that have not come yet.
    pending: usize,
    /// The writing thread holds bytes that are not written yet.
    writing: bool,
    /// The client reads no more.
    broken: bool,
    /// Nothing more will be written.
    closed: bool,
}

/// Bytes that may wait for a client that does not read before its next line is not read either.
const QUEUE_BYTES: usize = 16 << 20;

impl<W: Write + Send> Out<W> {
    /// The writing thread: one write and one flush for all that has gathered.
    fn run(&self) {
        let mut batch = Vec::new();
        loop {
            {
                let mut state = lock(&self.state);
                state.writing = false;
                self.changed.notify_all();
                while state.bytes.is_empty() {
                    if state.closed {
                        return;
                    }
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                std::mem::swap(&mut batch, &mut state.bytes);
                state.writing = true;
            }
            let written = self.write(&mut lock(&self.file), &batch);
            batch.clear();
            // One large answer must not be paid for until the end.
            batch.shrink_to(1 << 20);
            if !written {
                return;
            }
        }
    }

    fn write(&self, file: &mut W, bytes: &[u8]) -> bool {
        let written = file.write_all(bytes).and_then(|()| file.flush());
        if written.is_err() {
            let mut state = lock(&self.state);
            state.broken = true;
            state.closed = true;
            state.writing = false;
            state.bytes = Vec::new();
            self.changed.notify_all();
        }
        written.is_ok()
    }

    fn broken(&self) -> bool {
        lock(&self.state).broken
    }

    /// Waits until everything that was asked is answered and written.
    fn drain(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut state = lock(&self.state);
        while !state.broken && (state.pending > 0 || state.writing || !state.bytes.is_empty()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.closed = true;
        drop(state);
        self.changed.notify_all();
    }
}

impl<W: Write + Send> Queue for Out<W> {
    fn begin(&self) {
        lock(&self.state).pending += 1;
    }

    fn finish(&self) {
        let mut state = lock(&self.state);
        state.pending = state.pending.saturating_sub(1);
        drop(state);
        self.changed.notify_all();
    }

    fn push(&self, message: &[u8], last: bool) {
        let mut state = lock(&self.state);
        if last {
            state.pending = state.pending.saturating_sub(1);
        }
        if !state.broken {
            state.bytes.reserve(message.len() + 1);
            state.bytes.extend_from_slice(message);
            state.bytes.push(b'\n');
        }
        drop(state);
        self.changed.notify_all();
    }
}

/// What the reading thread does with lines.
struct Reading<'a, S: Service, W, R> {
    client: &'a Client<S>,
    out: &'a Arc<Out<W>>,
    ready: R,
    ready_bytes: Vec<u8>,
}

/// What can be written to a pipe that is ready without waiting.
const PAGE: usize = 4096;

/// Answers gathered before they are handed on although more lines are there.
const GATHER: usize = 64 * 1024;

impl<S: Service, W: Write + Send + 'static, R: Fn() -> bool> Lines for Reading<'_, S, W, R> {
    fn line(&mut self, line: &[u8]) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let queue = Arc::clone(self.out) as Arc<dyn Queue>;
        self.client.receive(line, &mut self.ready_bytes, &queue);
        if self.ready_bytes.len() >= GATHER {
            self.pause();
        }
    }

    fn too_long(&mut self, limit: usize) {
        let error = RpcError::invalid_request(format!("the line is longer than {limit} bytes"));
        write::error(&mut self.ready_bytes, None, &error);
        self.ready_bytes.push(b'\n');
    }

    fn pause(&mut self) {
        if self.ready_bytes.is_empty() {
            return;
        }
        if self.ready_bytes.len() <= PAGE
            && (self.ready)()
            && let Ok(mut file) = self.out.file.try_lock()
        {
            self.out.write(&mut file, &self.ready_bytes);
        } else {
            let mut state = lock(&self.out.state);
            while state.bytes.len() > QUEUE_BYTES && !state.broken {
                state = self.out.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if !state.broken {
                state.bytes.extend_from_slice(&self.ready_bytes);
            }
            drop(state);
            self.out.changed.notify_all();
        }
        self.ready_bytes.clear();
        self.ready_bytes.shrink_to(4 * GATHER);
    }
}

/// Takes the lines of an input.
trait Lines {
    /// One line without its end.
    fn line(&mut self, line: &[u8]);
    /// A line that is not kept.
    fn too_long(&mut self, limit: usize);
    /// There is no further whole line for now.
    fn pause(&mut self);
}

const BUFFER: usize = 64 * 1024;

/// Reads lines until the input ends or breaks. A last line without an end counts.
fn read_lines(mut input: impl Read, limit: usize, lines: &mut impl Lines) {
    let mut buffer = vec![0; BUFFER];
    let (mut start, mut end) = (0, 0);
    let mut skipping = false;
    loop {
        if end == buffer.len() {
            if start > 0 {
                buffer.copy_within(start..end, 0);
                end -= start;
                start = 0;
            } else if end <= limit {
                buffer.resize((end * 2).min(limit + 1), 0);
            } else {
                if !skipping {
                    lines.too_long(limit);
                    lines.pause();
                }
                skipping = true;
                end = 0;
                buffer.truncate(BUFFER);
                buffer.shrink_to_fit();
            }
        }
        let read = match input.read(&mut buffer[end..]) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                tracing::warn!(%error, "standard input broke off");
                break;
            }
        };
        let mut searched = end;
        end += read;
        while let Some(found) = memchr::memchr(b'\n', &buffer[searched..end]) {
            let line = &buffer[start..searched + found];
            if skipping {
                skipping = false;
            } else if line.len() > limit {
                lines.too_long(limit);
            } else {
                lines.line(line);
            }
            searched += found + 1;
            start = searched;
        }
        lines.pause();
        if start == end {
            (start, end) = (0, 0);
            if buffer.len() > 4 * BUFFER {
                buffer.truncate(BUFFER);
                buffer.shrink_to_fit();
            }
        }
    }
    if start < end && !skipping {
        lines.line(&buffer[start..end]);
        lines.pause();
    }
}
