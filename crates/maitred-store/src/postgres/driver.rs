//! The thread that watches the sockets, and how other threads talk over them.
//!
//! tokio-postgres needs a runtime for its sockets only. A request and the connection it goes over are polled by the
//! thread that asks, which writes and reads for itself and parks in between: that may be any thread, also one that
//! belongs to another runtime. The thread `maitred-pg` does no more than wake it when something came.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, Connection, Socket};

use super::connection::translate;
use super::tls::{Tls, Trust};
use crate::engine::Budget;
use crate::news::News;
use crate::{StoreError, StoreFault, StoreResult};

/// A connection that does not stand within this time is given up.
const CONNECT: Duration = Duration::from_secs(5);
/// The channel on which news is announced.
pub(super) const CHANNEL: &str = "maitred";
/// Time from the end of a listening connection to the next try.
const LISTEN_AGAIN: Duration = Duration::from_millis(500);
/// How often a waiting thread asks whether its caller went away.
const LOOK: Duration = Duration::from_millis(5);

/// Where the server is, and the thread `maitred-pg` that watches its sockets; the thread ends when this is dropped.
pub(super) struct Driver {
    handle: tokio::runtime::Handle,
    config: Config,
    tls: Tls,
    learned: RwLock<HashMap<String, Arc<Learned>>>,
    _running: tokio::sync::oneshot::Sender<()>,
}

/// What the server said of a statement when it was prepared somewhere.
pub(super) struct Learned {
    /// As PostgreSQL reads it.
    pub(super) text: String,
    /// Of its parameters.
    pub(super) types: Vec<Type>,
}

/// Statements of which that is kept. There are some hundreds; this is for those that a defect makes up without end.
const LEARNED: usize = 8192;

fn unusable(what: impl std::fmt::Display) -> StoreError {
    StoreError::new(StoreFault::Unavailable, format!("the URL of PostgreSQL is not usable: {what}"))
}

/// Reads a URL. What is wrong with it is said without it: it may hold a password.
fn parse(url: &str) -> StoreResult<(Config, Trust)> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(unusable("it does not begin with `postgres://`"));
    }
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut authority) = (None, None);
    let mut others = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value),
            Some(("sslrootcert", value)) => authority = Some(value.replace("%2F", "/").replace("%2f", "/")),
            _ => others.push(pair),
        }
    }
    let mut config: Config = format!("{base}?{}", others.join("&")).parse().map_err(unusable)?;
    let (mode, trust) = match (mode.unwrap_or("prefer"), authority) {
        ("disable", _) => (SslMode::Disable, Trust::Anyone),
        ("prefer" | "allow", _) => (SslMode::Prefer, Trust::Anyone),
        ("require", None) => (SslMode::Require, Trust::Anyone),
        ("verify-full", None) => (SslMode::Require, Trust::System),
        // As to libpq, a named authority is asked also where `require` alone would ask nobody.
        ("require" | "verify-full", Some(file)) => (SslMode::Require, Trust::File(file)),
        _ => return Err(unusable("`sslmode` is one of `disable`, `prefer`, `require` and `verify-full`")),
    };
    config.ssl_mode(mode).keepalives_idle(Duration::from_secs(30)).tcp_user_timeout(Duration::from_secs(30));
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_application_name().is_none() {
        config.application_name("maitred");
    }
    Ok((config, trust))
}

impl Driver {
    pub(super) fn start(url: &str) -> StoreResult<Self> {
        let (config, trust) = parse(url)?;
        let tls = Tls::new(&trust)?;
        let failed = |error: std::io::Error| {
            StoreError::new(StoreFault::Unavailable, format!("no thread for PostgreSQL: {error}"))
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(2)
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (running, ended) = tokio::sync::oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("maitred-pg".to_owned())
            // Nobody sends: the channel ends when the driver is dropped.
            .spawn(move || drop(runtime.block_on(ended)))
            .map_err(failed)?;
        Ok(Self { handle, config, tls, learned: RwLock::default(), _running: running })
    }

    /// A new connection to the server, and the line it talks over.
    pub(super) fn connect(&self) -> StoreResult<(Client, Line)> {
        let (sender, receiver) = sync_channel(1);
        let (config, tls) = (self.config.clone(), self.tls.clone());
        self.handle.spawn(async move {
            let made = match tokio::time::timeout(CONNECT, config.connect(tls)).await {
                Ok(Ok((client, connection))) => Ok((client, Line(RefCell::new(Some(connection))))),
                Ok(Err(error)) => Err(match error.as_db_error() {
                    Some(_) => translate(&error),
                    None => StoreError::new(StoreFault::Unavailable, spelled_out(&error)),
                }),
                Err(_) => {
                    Err(StoreError::new(StoreFault::Unavailable, "PostgreSQL did not answer within 5 s"))
                }
            };
            // Whoever asked may have given up.
            drop(sender.send(made));
        });
        receiver.recv_timeout(CONNECT + Duration::from_secs(1)).unwrap_or_else(|_| {
            Err(StoreError::new(
                StoreFault::Unavailable,
                "the thread that talks to PostgreSQL does not answer",
            ))
        })
    }

    pub(super) fn learned(&self, sql: &str) -> Option<Arc<Learned>> {
        self.learned.read().unwrap_or_else(PoisonError::into_inner).get(sql).cloned()
    }

    pub(super) fn learn(&self, sql: &str, what: impl FnOnce() -> Learned) {
        if self.learned(sql).is_none() {
            let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
            if learned.len() >= LEARNED {
                learned.clear();
            }
            learned.insert(sql.to_owned(), Arc::new(what()));
        }
    }

    /// Tables may have changed.
    pub(super) fn forget_learned(&self) {
        self.learned.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Tells of what is announced on the channel, from now on; a connection that ends is made anew.
    pub(super) fn listen(&self, news: Arc<News>) {
        let (config, tls) = (self.config.clone(), self.tls.clone());
        self.handle.spawn(async move {
            loop {
                let ended = hear(&config, tls.clone(), &news).await;
                tracing::debug!(%ended, "nobody listens for news from PostgreSQL for a moment");
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
        });
    }

    /// Asks the server to end what a connection runs, without waiting for it.
    pub(super) fn cancel(&self, token: CancelToken) {
        let tls = self.tls.clone();
        self.handle.spawn(async move {
            match tokio::time::timeout(CONNECT, token.cancel_query(tls)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a statement could not be cancelled"),
                Err(_) => tracing::warn!("a statement could not be cancelled in time"),
            }
        });
    }
}

/// Listens until the connection ends, and answers why it did.
async fn hear(config: &Config, tls: Tls, news: &News) -> String {
    let (client, mut connection) = match config.connect(tls).await {
        Ok(connected) => connected,
        Err(error) => return spelled_out(&error),
    };
    let listen = format!("LISTEN {CHANNEL}");
    let mut listening = std::pin::pin!(client.batch_execute(&listen));
    let mut asked = true;
    poll_fn(|cx| {
        loop {
            if asked && let Poll::Ready(answer) = listening.as_mut().poll(cx) {
                asked = false;
                match answer {
                    // Whatever was announced before this moment, nobody here has heard.
                    Ok(()) => news.tell(None),
                    Err(error) => return Poll::Ready(spelled_out(&error)),
                }
            }
            match connection.poll_message(cx) {
                Poll::Ready(Some(Ok(AsyncMessage::Notification(notification)))) => {
                    news.tell(Some(notification.payload()));
                }
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(error))) => return Poll::Ready(spelled_out(&error)),
                Poll::Ready(None) => return Poll::Ready("the connection was closed".to_owned()),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

fn spelled_out(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// What goes to the server and comes from it. Nothing moves but when it is asked to.
pub(super) struct Line(RefCell<Option<Connection<Socket, <Tls as MakeTlsConnect<Socket>>::Stream>>>);

impl Line {
    /// Writes what waits to be written and hands out what has come. A connection that ended is dropped, so that its
    /// client, and whoever waits for an answer, hears of it.
    fn drive(&self, cx: &mut Context<'_>) {
        let mut line = self.0.borrow_mut();
        let Some(connection) = line.as_mut() else { return };
        loop {
            match connection.poll_message(cx) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(error))) => {
                    tracing::debug!(%error, "a connection to PostgreSQL ended");
                    break;
                }
                Poll::Ready(None) => break,
                Poll::Pending => return,
            }
        }
        *line = None;
    }

    /// Writes what was queued, and takes notice of what came while nobody waited, the end of the connection included.
    pub(super) fn look(&self) {
        self.drive(&mut Context::from_waker(Waker::noop()));
    }

    /// Waits in this thread; `None` when the budget was used up first, and the future may be waited for again.
    pub(super) fn wait<T>(
        &self,
        mut future: Pin<&mut impl Future<Output = T>>,
        budget: &Budget,
    ) -> Option<T> {
        let unpark = Arc::new(Unpark { thread: std::thread::current(), woken: AtomicBool::new(false) });
        let waker = Waker::from(Arc::clone(&unpark));
        let mut cx = Context::from_waker(&waker);
        loop {
            // The first poll hands the request to the connection, the last takes its answer.
            if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
                return Some(value);
            }
            self.drive(&mut cx);
            if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
                return Some(value);
            }
            while !unpark.woken.swap(false, Ordering::Acquire) {
                if exceeded(budget) {
                    return None;
                }
                let left = budget.until.saturating_duration_since(Instant::now());
                std::thread::park_timeout(if budget.cancelled.is_some() { left.min(LOOK) } else { left });
            }
        }
    }
}

/// Queues a request whose answer nobody waits for: it goes out together with the next one that is waited for, or when
/// somebody takes a [`Line::look`], and its answer is thrown away.
pub(super) fn send(future: impl Future) {
    drop(look_at(std::pin::pin!(future)));
}

/// Queues a request that was not yet looked at, and answers what came back if it did.
pub(super) fn look_at<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// True when the work under this budget must stop.
pub(super) fn exceeded(budget: &Budget) -> bool {
    Instant::now() >= budget.until || budget.cancelled.as_ref().is_some_and(|asked| asked())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_decides_how_much_is_believed() {
        for (query, mode, trust) in [
            ("", SslMode::Prefer, Trust::Anyone),
            ("?sslmode=disable", SslMode::Disable, Trust::Anyone),
            ("?application_name=x&sslmode=require", SslMode::Require, Trust::Anyone),
            ("?sslmode=verify-full", SslMode::Require, Trust::System),
            (
                "?sslmode=verify-full&sslrootcert=%2Fca.pem",
                SslMode::Require,
                Trust::File("/ca.pem".to_owned()),
            ),
        ] {
            let (config, found) = parse(&format!("postgres://ada:secret@db.example/x{query}")).unwrap();
            assert_eq!((config.get_ssl_mode(), found), (mode, trust), "{query}");
        }
    }

    #[test]
    fn a_bad_url_is_refused_without_being_shown() {
        for url in [
            "mysql://ada:secret@db/x",
            "postgres://ada:secret@db/x?sslmode=verify-ca",
            "postgres://ada:secret@db:port/x",
        ] {
            let error = parse(url).map(drop).unwrap_err();
            assert_eq!(error.fault, StoreFault::Unavailable);
            assert!(!error.detail().contains("secret"), "{error}");
        }
    }
}
