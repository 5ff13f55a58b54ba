//! Event streams: what has been said on each, who is listening, and what may be said again.
//!
//! A stream keeps its latest events within bounds of count, bytes and age; the body that delivers them reads from that
//! buffer, so delivery and replay are one thing, and a client that never reads costs no more than the buffer.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use maitred_core::mcp::{SessionKey, Sink};
use tokio::time::Sleep;

/// Bounds on streams.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// Streams open at a time.
    pub open: usize,
    /// Streams open at a time for one principal.
    pub open_per_principal: usize,
    /// Events kept for replay on one stream.
    pub replay_events: usize,
    /// Bytes kept for replay on one stream; the last event is kept whatever its size.
    pub replay_bytes: usize,
    /// Streams kept for replay after they have ended or lost their client.
    pub replay_streams: usize,
    /// How long they are kept.
    pub replay_age: Duration,
    /// Time between two comments that keep an idle stream open.
    pub keep_alive: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            open: 1024,
            open_per_principal: 32,
            replay_events: 256,
            replay_bytes: 1 << 20,
            replay_streams: 128,
            replay_age: Duration::from_secs(120),
            keep_alive: Duration::from_secs(15),
        }
    }
}

/// What a stream is for; the letter is the first of its event ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Belongs to one POST and ends with its answer.
    Answer,
    /// The stream of a GET.
    General,
}

impl Kind {
    fn letter(self) -> char {
        match self {
            Self::Answer => 'p',
            Self::General => 'g',
        }
    }
}

/// One stream of events.
pub(super) struct Stream {
    name: String,
    pub(super) kind: Kind,
    session: SessionKey,
    principal: Box<str>,
    notifies: bool,
    limits: StreamLimits,
    inner: Mutex<Inner>,
}

struct Inner {
    events: VecDeque<(u64, Bytes)>,
    bytes: usize,
    next: u64,
    /// Nothing more will be said.
    ended: bool,
    /// The last event is the answer.
    answered: bool,
    /// Which body delivers; an earlier one ends.
    reader: u64,
    attached: bool,
    touched: Instant,
    waker: Option<Waker>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a request that is answered later has to say first.
pub(super) enum First {
    /// The whole answer, and nothing before it.
    Answer(Bytes),
    /// It was cancelled; there is nothing to say.
    Nothing,
    /// Something precedes the answer.
    Events,
}

impl Stream {
    fn push(&self, message: Bytes, answer: bool) {
        let mut inner = lock(&self.inner);
        if inner.ended {
            return;
        }
        let number = inner.next;
        inner.next += 1;
        inner.bytes += message.len();
        inner.events.push_back((number, message));
        inner.answered = answer;
        inner.ended = answer;
        while inner.events.len() > 1
            && (inner.events.len() > self.limits.replay_events || inner.bytes > self.limits.replay_bytes)
        {
            if let Some((_, dropped)) = inner.events.pop_front() {
                inner.bytes -= dropped.len();
            }
        }
        wake(inner);
    }

    /// Ends the stream after what has been said.
    pub(super) fn end(&self) {
        let mut inner = lock(&self.inner);
        inner.ended = true;
        wake(inner);
    }

    /// Waits until there is something to send.
    pub(super) async fn first(&self) -> First {
        poll_fn(|cx| {
            let mut inner = lock(&self.inner);
            inner.touched = Instant::now();
            match (inner.events.len(), inner.ended, inner.answered) {
                (0, true, _) => Poll::Ready(First::Nothing),
                (1, true, true) => Poll::Ready(First::Answer(
                    inner.events.front().map(|(_, bytes)| bytes.clone()).unwrap_or_default(),
                )),
                (0, false, _) => {
                    inner.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
                _ => Poll::Ready(First::Events),
            }
        })
        .await
    }

    /// Waits for the answer alone; `None` when the request was cancelled.
    pub(super) async fn last(&self) -> Option<Bytes> {
        poll_fn(|cx| {
            let mut inner = lock(&self.inner);
            if !inner.ended {
                inner.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(inner.events.back().filter(|_| inner.answered).map(|(_, bytes)| bytes.clone()))
        })
        .await
    }

    /// True when nothing follows the event `last`, and nothing ever will.
    fn exhausted(&self, last: u64) -> bool {
        let inner = lock(&self.inner);
        inner.ended && inner.next <= last.saturating_add(1)
    }

    fn attach(&self) -> u64 {
        let mut inner = lock(&self.inner);
        inner.reader += 1;
        inner.attached = true;
        let reader = inner.reader;
        wake(inner);
        reader
    }

    fn idle_since(&self) -> Option<Instant> {
        let inner = lock(&self.inner);
        (!inner.attached).then_some(inner.touched)
    }
}

fn wake(mut inner: MutexGuard<'_, Inner>) {
    let waker = inner.waker.take();
    drop(inner);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Sink for Stream {
    fn notify(&self, message: Bytes) {
        if self.notifies {
            self.push(message, false);
        }
    }

    fn finish(&self, message: Option<Bytes>) {
        match message {
            Some(message) => self.push(message, true),
            None => self.end(),
        }
    }

    fn streams(&self) -> bool {
        self.notifies
    }
}

/// What the ticker needs to ask again who is listening.
#[derive(Clone)]
pub(super) struct Listener {
    pub(super) bearer: Option<Box<str>>,
    pub(super) address: IpAddr,
    pub(super) session_name: Box<str>,
    pub(super) menu: u64,
}

/// All streams of a server.
pub(super) struct Streams {
    limits: StreamLimits,
    /// Makes ids of this process unlike those of an earlier one.
    boot: u32,
    counter: AtomicU64,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    by_name: HashMap<String, Entry>,
    general: HashMap<SessionKey, Arc<Stream>>,
    open: usize,
    open_of: HashMap<Box<str>, usize>,
}

struct Entry {
    stream: Arc<Stream>,
    listener: Listener,
}

/// Too many streams are open.
#[derive(Debug)]
pub(super) struct Full;

/// What a GET with `Last-Event-ID` meets.
pub(super) enum Resumed {
    Found(Arc<Stream>, u64),
    /// The stream is over and was delivered whole, or it never was this client's.
    Nothing,
    /// A general stream that is gone; a new one takes its place.
    Fresh,
}

impl Streams {
    pub(super) fn new(limits: StreamLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            boot: fastrand::u32(..),
            counter: AtomicU64::new(1),
            table: Mutex::default(),
        })
    }

    /// A stream that nobody can resume yet.
    pub(super) fn create(
        &self,
        kind: Kind,
        session: SessionKey,
        principal: &str,
        notifies: bool,
    ) -> Arc<Stream> {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let name =
            if notifies { format!("{}{:08x}{number:x}", kind.letter(), self.boot) } else { String::new() };
        Arc::new(Stream {
            name,
            kind,
            session,
            principal: principal.into(),
            notifies,
            limits: self.limits,
            inner: Mutex::new(Inner {
                events: VecDeque::new(),
                bytes: 0,
                next: 1,
                ended: false,
                answered: false,
                reader: 0,
                attached: false,
                touched: Instant::now(),
                waker: None,
            }),
        })
    }

    /// Makes a stream resumable and gives the body that delivers it from its beginning. A general stream takes the
    /// place of its session's earlier one.
    pub(super) fn open(
        self: &Arc<Self>,
        stream: &Arc<Stream>,
        listener: Listener,
    ) -> Result<EventBody, Full> {
        let body = self.attach(stream, 1)?;
        let mut table = lock(&self.table);
        table.by_name.insert(stream.name.clone(), Entry { stream: Arc::clone(stream), listener });
        let replaced = match stream.kind {
            Kind::General => table.general.insert(stream.session, Arc::clone(stream)),
            Kind::Answer => None,
        };
        if let Some(replaced) = &replaced {
            table.by_name.remove(&replaced.name);
        }
        drop(table);
        if let Some(replaced) = replaced {
            replaced.end();
        }
        Ok(body)
    }

    /// Finds the stream of an event id, for the session and principal it belongs to and nobody else.
    pub(super) fn resume(&self, event: &str, session: SessionKey, principal: &str) -> Resumed {
        let gone = if event.starts_with('g') { Resumed::Fresh } else { Resumed::Nothing };
        let Some((name, last)) = event.rsplit_once('-') else { return Resumed::Nothing };
        let Ok(last) = last.parse::<u64>() else { return Resumed::Nothing };
        let table = lock(&self.table);
        match table.by_name.get(name).map(|entry| &entry.stream) {
            Some(stream) if stream.session == session && *stream.principal == *principal => {
                if stream.exhausted(last) {
                    gone
                } else {
                    Resumed::Found(Arc::clone(stream), last.saturating_add(1))
                }
            }
            _ => gone,
        }
    }

    /// A body that delivers a stream from the given event on. The body before it ends.
    pub(super) fn attach(self: &Arc<Self>, stream: &Arc<Stream>, from: u64) -> Result<EventBody, Full> {
        let mut table = lock(&self.table);
        let mine = table.open_of.get(&stream.principal).copied().unwrap_or(0);
        // A stream that takes over from itself or its predecessor does not count twice for long.
        let replaces = table.general.get(&stream.session).is_some_and(|old| old.kind == stream.kind);
        let spare = usize::from(replaces);
        if table.open >= self.limits.open + spare || mine >= self.limits.open_per_principal + spare {
            return Err(Full);
        }
        table.open += 1;
        *table.open_of.entry(stream.principal.clone()).or_insert(0) += 1;
        drop(table);
        Ok(EventBody {
            reader: stream.attach(),
            stream: Arc::clone(stream),
            next: from,
            streams: Arc::clone(self),
            greeted: stream.kind == Kind::Answer,
            keep_alive: Box::pin(tokio::time::sleep(self.limits.keep_alive)),
        })
    }

    /// Ends the streams of a session and forgets them.
    pub(super) fn end_session(&self, session: SessionKey) {
        self.end_where(|stream| stream.session == session);
    }

    /// Ends all general streams; those of running requests end with their answers.
    pub(super) fn end_general(&self) {
        self.end_where(|stream| stream.kind == Kind::General);
    }

    /// Ends one stream and forgets it.
    pub(super) fn end(&self, gone: &Arc<Stream>) {
        self.end_where(|stream| std::ptr::eq(stream, Arc::as_ptr(gone)));
    }

    fn end_where(&self, matches: impl Fn(&Stream) -> bool) {
        let mut ended = Vec::new();
        let mut table = lock(&self.table);
        table.by_name.retain(|_, entry| {
            let keep = !matches(&entry.stream);
            if !keep {
                ended.push(Arc::clone(&entry.stream));
            }
            keep
        });
        table.general.retain(|_, stream| !matches(stream));
        drop(table);
        for stream in ended {
            stream.end();
        }
    }

    /// The streams with somebody listening.
    pub(super) fn listeners(&self) -> Vec<(Arc<Stream>, Listener)> {
        let table = lock(&self.table);
        table
            .by_name
            .values()
            .filter(|entry| entry.stream.idle_since().is_none())
            .map(|entry| (Arc::clone(&entry.stream), entry.listener.clone()))
            .collect()
    }

    /// Tells a general stream that the menu has changed.
    pub(super) fn menu_changed(&self, stream: &Stream, menu: u64) {
        if let Some(entry) = lock(&self.table).by_name.get_mut(&stream.name) {
            entry.listener.menu = menu;
        }
        if stream.kind == Kind::General {
            stream.notify(Bytes::from_static(
                br#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
            ));
        }
    }

    /// The name of the principal a stream was opened for.
    pub(super) fn principal_of<'a>(&self, stream: &'a Stream) -> &'a str {
        &stream.principal
    }

    /// Forgets streams that lost their client too long ago, and the oldest of too many.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        let mut table = lock(&self.table);
        let mut idle: Vec<(Instant, String)> = table
            .by_name
            .iter()
            .filter_map(|(name, entry)| Some((entry.stream.idle_since()?, name.clone())))
            .collect();
        idle.sort();
        let surplus = idle.len().saturating_sub(self.limits.replay_streams);
        for (at, (since, name)) in idle.into_iter().enumerate() {
            if (at < surplus || now.duration_since(since) > self.limits.replay_age)
                && let Some(entry) = table.by_name.remove(&name)
            {
                table.general.retain(|_, stream| !Arc::ptr_eq(stream, &entry.stream));
            }
        }
    }

    fn closed(&self, principal: &str) {
        let mut table = lock(&self.table);
        table.open = table.open.saturating_sub(1);
        if let Some(count) = table.open_of.get_mut(principal) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                table.open_of.remove(principal);
            }
        }
    }
}

/// Delivers the events of a stream to one client.
pub(super) struct EventBody {
    stream: Arc<Stream>,
    streams: Arc<Streams>,
    reader: u64,
    next: u64,
    greeted: bool,
    keep_alive: Pin<Box<Sleep>>,
}

/// Bytes gathered into one frame before it is handed on.
const FRAME_BYTES: usize = 64 * 1024;

impl EventBody {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if !self.greeted {
            self.greeted = true;
            return Poll::Ready(Some(Bytes::from_static(b": open\n\n")));
        }
        {
            let mut inner = lock(&self.stream.inner);
            if inner.reader != self.reader {
                return Poll::Ready(None);
            }
            let mut out = BytesMut::new();
            let from = self.next;
            for (number, message) in inner.events.iter().filter(|(number, _)| *number >= from) {
                write_event(&mut out, &self.stream.name, *number, message);
                self.next = number + 1;
                if out.len() > FRAME_BYTES {
                    break;
                }
            }
            if !out.is_empty() {
                drop(inner);
                self.rest();
                return Poll::Ready(Some(out.freeze()));
            }
            if inner.ended {
                return Poll::Ready(None);
            }
            inner.waker = Some(cx.waker().clone());
        }
        match self.keep_alive.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                self.rest();
                Poll::Ready(Some(Bytes::from_static(b": keep-alive\n\n")))
            }
        }
    }

    /// Puts the next keep-alive comment off.
    fn rest(&mut self) {
        let next = tokio::time::Instant::now() + self.stream.limits.keep_alive;
        self.keep_alive.as_mut().reset(next);
    }
}

impl Drop for EventBody {
    fn drop(&mut self) {
        let mut inner = lock(&self.stream.inner);
        if inner.reader == self.reader {
            inner.attached = false;
            inner.touched = Instant::now();
            inner.waker = None;
        }
        drop(inner);
        self.streams.closed(&self.stream.principal);
    }
}

fn write_event(out: &mut BytesMut, name: &str, number: u64, message: &[u8]) {
    out.reserve(message.len() + name.len() + 40);
    // Writing to a buffer in memory cannot fail.
    let _ = write!(out, "id: {name}-{number}\ndata: ");
    out.extend_from_slice(message);
    out.extend_from_slice(b"\n\n");
}

/// One event without an id, for a whole answer that goes to a client which reads nothing but event streams.
pub(super) fn lone_event(message: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(message.len() + 8);
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(message);
    out.extend_from_slice(b"\n\n");
    out.freeze()
}
