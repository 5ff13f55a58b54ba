//! What the protocol layer asks of the product behind it, and nothing else.
//!
//! `jsonrpc/` and `mcp/` know requests, sessions and streams; they know neither tools nor storage. Whatever stands
//! behind them implements [`Service`]: maitred's own dispatch, or the fixture of the conformance suite.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use crate::jsonrpc::RpcError;

/// How a request reached the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Lines on standard input.
    Stdio,
    /// Streamable HTTP.
    Http,
}

impl Transport {
    /// The word used in metrics, audit lines and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
        }
    }
}

/// What a caller showed at the door. Nothing in it is believed yet.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// The bearer token as it came, without the word `Bearer`; `None` when there was none.
    pub bearer: Option<&'a str>,
    /// Where the connection comes from; `None` on stdio.
    pub address: Option<IpAddr>,
    /// How the request arrived.
    pub transport: Transport,
}

/// Why somebody does not get past the door at all: no menu, no session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No credential, or none that opens this door (HTTP 401). The same for unknown, expired and revoked keys.
    Unauthorized,
    /// Too many requests from this address (HTTP 429).
    TooMany {
        /// Seconds until the next try may succeed.
        retry_after: u32,
    },
    /// The door cannot be asked just now (HTTP 503).
    Unavailable,
}

/// Name and version given in the answer to `initialize`.
#[derive(Clone, Debug)]
pub struct ServerInfo {
    /// Short machine name.
    pub name: &'static str,
    /// Release version.
    pub version: &'static str,
    /// Text for the model, the essential first; under 2,048 characters.
    pub instructions: Option<String>,
    /// Features offered, as the capabilities object says them.
    pub features: Features,
}

/// Which optional capabilities are declared. Only what is really served may be declared (L9).
#[derive(Clone, Copy, Debug, Default)]
pub struct Features {
    /// `tools`, with `listChanged`.
    pub tools: bool,
    /// `logging`.
    pub logging: bool,
    /// `completions`.
    pub completions: bool,
    /// `resources`.
    pub resources: bool,
    /// `prompts`.
    pub prompts: bool,
}

/// The parts of a request that a service sees. All slices borrow from the received bytes.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Method name.
    pub method: &'a str,
    /// The `params` object as it came; `None` when absent or null.
    pub params: Option<&'a str>,
}

/// Severity of a log notification, RFC 5424 words in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Detail for developers.
    Debug,
    /// Normal events.
    Info,
    /// Normal but significant events.
    Notice,
    /// Something to look at.
    Warning,
    /// A failure.
    Error,
    /// A component failed.
    Critical,
    /// Act at once.
    Alert,
    /// The system cannot be used.
    Emergency,
}

impl LogLevel {
    const NAMES: [(&'static str, Self); 8] = [
        ("debug", Self::Debug),
        ("info", Self::Info),
        ("notice", Self::Notice),
        ("warning", Self::Warning),
        ("error", Self::Error),
        ("critical", Self::Critical),
        ("alert", Self::Alert),
        ("emergency", Self::Emergency),
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, level)| *level == self).map_or("info", |(name, _)| name)
    }

    /// The level of a word on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(word, _)| *word == name).map(|(_, level)| *level)
    }
}

/// Raised when the client cancelled the request or the connection for it is being closed.
#[derive(Clone, Debug, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// Asks the work to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once somebody asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The way back to the client while a request runs.
pub trait Outlet: Send + Sync {
    /// Sends `notifications/progress` for the token the client supplied; nothing happens when it supplied none.
    /// `progress` must rise from call to call; the protocol layer drops one that does not, limits the rate, and
    /// never lets one follow the answer.
    fn progress(&self, progress: u64, total: Option<u64>, message: Option<&str>);
    /// Sends `notifications/message` when the session asked for this level. `data` is one JSON value.
    fn log(&self, level: LogLevel, logger: &str, data: &str);
    /// True when progress would reach somebody.
    fn wants_progress(&self) -> bool;
}

/// Everything about a request that outlives the borrow of its bytes.
pub struct Ticket {
    /// Raised by `notifications/cancelled`.
    pub cancel: CancelFlag,
    /// Progress and log lines to the client.
    pub outlet: Arc<dyn Outlet>,
    /// Takes the answer of a request that could not be answered at once.
    pub done: Done,
}

/// The answer to a request: the `result` member as JSON text, or an error.
pub type Answer = Result<Bytes, RpcError>;

/// Takes one answer, once, from any thread. Dropped unused, the protocol layer answers with an internal error.
pub struct Done(Option<Box<dyn FnOnce(Option<Answer>) + Send>>);

impl Done {
    /// A completion that hands the answer to `take`; `None` means that the work was dropped without an answer.
    pub fn new(take: impl FnOnce(Option<Answer>) + Send + 'static) -> Self {
        Self(Some(Box::new(take)))
    }

    /// Gives the answer.
    pub fn answer(mut self, answer: Answer) {
        if let Some(take) = self.0.take() {
            take(Some(answer));
        }
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(take) = self.0.take() {
            take(None);
        }
    }
}

/// What became of a request handed to [`Service::handle`].
pub enum Handled {
    /// Answered in the calling thread.
    Now(Answer),
    /// The answer comes through the ticket.
    Later,
    /// The service does not know the method: -32601.
    UnknownMethod,
}

/// The product behind the protocol.
pub trait Service: Send + Sync + 'static {
    /// An admitted caller, resolved anew for every HTTP request and cheap to clone.
    type Guest: Clone + Send + Sync + 'static;

    /// What `initialize` tells.
    fn info(&self, guest: &Self::Guest) -> ServerInfo;

    /// Decides who this is. Called for every HTTP request, and on stdio for every message, so it must be cheap.
    fn admit(&self, credentials: &Credentials<'_>) -> Result<Self::Guest, Refusal>;

    /// A stable name of the principal behind a guest; sessions are bound to it and end when it changes.
    fn principal<'g>(&self, guest: &'g Self::Guest) -> &'g str;

    /// A number that changes when this guest's menu changes; polled for guests with an open stream.
    fn menu_version(&self, guest: &Self::Guest) -> u64;

    /// Answers every method that is not the protocol's own: `tools/list`, `tools/call`, `completion/complete`,
    /// and `resources/*`, `prompts/*` where offered. Long work is moved to other threads by the service; this
    /// returns quickly. `make_ticket` is called only when the request is not answered at once.
    fn handle(
        &self,
        guest: &Self::Guest,
        request: Request<'_>,
        transport: Transport,
        make_ticket: &mut dyn FnMut() -> Ticket,
    ) -> Handled;

    /// 32 bytes that sign session ids; the same on every node and after a restart.
    fn session_secret(&self) -> [u8; 32];

    /// Records that a session has ended for good, for every node. `session` is the id without its signature, so that
    /// what is recorded opens nothing; it needs no keeping after `expires_unix`.
    fn end_session(&self, session: &str, expires_unix: i64);

    /// True when the session was ended by DELETE, here or on another node. Asked for every HTTP request, so it must be
    /// cheap; `session` is what [`Service::end_session`] was given.
    fn session_ended(&self, session: &str) -> bool;

    /// Seconds since the epoch.
    fn unix_now(&self) -> i64;
}
