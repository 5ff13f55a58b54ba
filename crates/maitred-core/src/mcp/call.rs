//! A request whose answer comes later: its way back, its cancellation, and the order of what it sends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use dashmap::DashMap;

use super::lock;
use super::service::{Answer, CancelFlag, LogLevel, Outlet};
use super::session::SessionKey;
use crate::jsonrpc::{RpcError, write};

/// Where a transport takes what one received message leads to, from any thread and in order.
pub trait Sink: Send + Sync {
    /// One notification that belongs to the running request.
    fn notify(&self, message: Bytes);
    /// The response, or the array of responses; `None` when everything was cancelled and nothing is to be sent.
    /// Called once, last.
    fn finish(&self, message: Option<Bytes>);
    /// False when notifications would reach nobody.
    fn streams(&self) -> bool;
}

/// Names a running request: ids of one session are unique, ids of two have nothing to do with each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct CallKey {
    pub(super) session: SessionKey,
    /// Canonical JSON text, so that `1` and `"1"` differ.
    pub(super) id: Box<str>,
}

/// The running requests that can be cancelled.
pub(super) type Registry = DashMap<CallKey, Arc<Call>>;

/// Least time between two progress notifications of one call. The last one, where progress meets the total, always
/// passes.
const PROGRESS_GAP: Duration = Duration::from_millis(20);

/// Log lines of one call in one second.
const LOGS_PER_SECOND: u32 = 100;

pub(super) struct Call {
    key: CallKey,
    /// The id as it is echoed.
    id: Box<str>,
    token: Option<Box<str>>,
    level: Option<LogLevel>,
    sink: Arc<dyn Sink>,
    pub(super) cancel: CancelFlag,
    /// Held while something is handed to the sink: nothing may overtake, and nothing may follow the answer.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    done: bool,
    progress: Option<(u64, Instant)>,
    logs: Option<(Instant, u32)>,
}

impl Call {
    pub(super) fn new(
        key: CallKey,
        id: &str,
        token: Option<&str>,
        level: Option<LogLevel>,
        sink: Arc<dyn Sink>,
    ) -> Arc<Self> {
        Arc::new(Self {
            key,
            id: id.into(),
            token: token.map(Box::from),
            level,
            sink,
            cancel: CancelFlag::default(),
            state: Mutex::default(),
        })
    }

    /// Makes the call known to `notifications/cancelled`. A second call of the same id takes the place of the first,
    /// which then runs to its end.
    pub(super) fn register(self: &Arc<Self>, registry: &Registry) {
        registry.insert(self.key.clone(), Arc::clone(self));
    }

    /// Takes the answer of the service; `None` when the work was dropped.
    pub(super) fn answer(&self, registry: &Registry, answer: Option<Answer>) {
        let fault = RpcError::internal();
        let mut out = Vec::new();
        match &answer {
            Some(Ok(result)) => write::result_raw(&mut out, &self.id, result),
            Some(Err(error)) => write::error_raw(&mut out, Some(&self.id), error),
            None => write::error_raw(&mut out, Some(&self.id), &fault),
        }
        self.end(Some(out.into()));
        self.unregister(registry);
    }

    /// Ends the call without an answer.
    pub(super) fn abandon(&self) {
        self.cancel.cancel();
        self.end(None);
    }

    /// Takes the end of the call for a caller that answers by itself; false when it has ended already.
    pub(super) fn take_over(&self, registry: &Registry) -> bool {
        let mut state = lock(&self.state);
        let mine = !state.done;
        state.done = true;
        drop(state);
        self.unregister(registry);
        mine
    }

    fn end(&self, message: Option<Bytes>) {
        let mut state = lock(&self.state);
        if !state.done {
            state.done = true;
            self.sink.finish(message);
        }
    }

    fn unregister(&self, registry: &Registry) {
        registry.remove_if(&self.key, |_, call| std::ptr::eq(Arc::as_ptr(call), self));
    }
}

impl Outlet for Call {
    fn progress(&self, progress: u64, total: Option<u64>, message: Option<&str>) {
        let Some(token) = &self.token else { return };
        if !self.sink.streams() {
            return;
        }
        let mut state = lock(&self.state);
        if state.done {
            return;
        }
        let now = Instant::now();
        if let Some((last, at)) = state.progress
            && (progress <= last || (total != Some(progress) && now.duration_since(at) < PROGRESS_GAP))
        {
            return;
        }
        state.progress = Some((progress, now));
        let mut out = Vec::with_capacity(160);
        out.extend_from_slice(
            br#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"#,
        );
        out.extend_from_slice(token.as_bytes());
        out.extend_from_slice(br#","progress":"#);
        out.extend_from_slice(itoa::Buffer::new().format(progress).as_bytes());
        if let Some(total) = total {
            out.extend_from_slice(br#","total":"#);
            out.extend_from_slice(itoa::Buffer::new().format(total).as_bytes());
        }
        if let Some(message) = message {
            out.extend_from_slice(br#","message":"#);
            write::string(&mut out, message);
        }
        out.extend_from_slice(b"}}");
        self.sink.notify(out.into());
    }

    fn log(&self, level: LogLevel, logger: &str, data: &str) {
        if self.level.is_none_or(|least| level < least) || !self.sink.streams() {
            return;
        }
        let mut state = lock(&self.state);
        if state.done {
            return;
        }
        let now = Instant::now();
        let (since, count) = match state.logs {
            Some((since, count)) if now.duration_since(since) < Duration::from_secs(1) => (since, count),
            _ => (now, 0),
        };
        if count >= LOGS_PER_SECOND {
            return;
        }
        state.logs = Some((since, count + 1));
        let mut out = Vec::with_capacity(120 + data.len());
        out.extend_from_slice(br#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":""#);
        out.extend_from_slice(level.as_str().as_bytes());
        out.extend_from_slice(br#"","logger":"#);
        write::string(&mut out, logger);
        out.extend_from_slice(br#","data":"#);
        write::json(&mut out, data.as_bytes());
        out.extend_from_slice(b"}}");
        self.sink.notify(out.into());
    }

    fn wants_progress(&self) -> bool {
        self.token.is_some() && self.sink.streams()
    }
}

/// Gathers the late responses of a batch into one array.
pub(super) struct Join {
    sink: Arc<dyn Sink>,
    streams: AtomicBool,
    state: Mutex<JoinState>,
}

struct JoinState {
    out: Vec<u8>,
    waiting: usize,
}

impl Join {
    /// A join that waits for one more [`Sink::finish`] than calls are added: that of [`Join::close`].
    pub(super) fn new(sink: Arc<dyn Sink>) -> Arc<Self> {
        let streams = AtomicBool::new(sink.streams());
        Arc::new(Self { sink, streams, state: Mutex::new(JoinState { out: Vec::new(), waiting: 1 }) })
    }

    /// Announces one more late response.
    pub(super) fn add(&self) {
        lock(&self.state).waiting += 1;
    }

    /// Gives the responses that were ready at once, separated by commas.
    pub(super) fn close(&self, ready: &[u8]) {
        self.finish((!ready.is_empty()).then(|| Bytes::copy_from_slice(ready)));
    }
}

impl Sink for Join {
    fn notify(&self, message: Bytes) {
        self.sink.notify(message);
    }

    fn finish(&self, message: Option<Bytes>) {
        let mut state = lock(&self.state);
        if let Some(message) = message {
            let separator = if state.out.is_empty() { b'[' } else { b',' };
            state.out.push(separator);
            state.out.extend_from_slice(&message);
        }
        state.waiting = state.waiting.saturating_sub(1);
        if state.waiting == 0 {
            let mut out = std::mem::take(&mut state.out);
            drop(state);
            self.sink.finish((!out.is_empty()).then(|| {
                out.push(b']');
                out.into()
            }));
        }
    }

    fn streams(&self) -> bool {
        self.streams.load(Ordering::Relaxed)
    }
}
