//! Streamable HTTP on hyper: the accept loop, its limits and its end. What a request means is in `answer`.

mod answer;
mod body;
mod door;
mod stream;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use maitred_core::mcp::{Credentials, Mcp, Service, Transport};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub use stream::StreamLimits;

use door::Names;
use stream::Streams;

/// How the HTTP transport behaves. The defaults suit a server on loopback.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Names this server is addressed by: `name` for any port, or `name:port`. Loopback names with the bound port are
    /// known by themselves when the socket is bound to loopback.
    pub allowed_hosts: Vec<String>,
    /// Web pages that may speak to it: `scheme://name[:port]`.
    pub allowed_origins: Vec<String>,
    /// Bytes in one request body.
    pub body_bytes: usize,
    /// Time for a request's head to arrive; also how long an idle connection is kept.
    pub header_timeout: Duration,
    /// Time for a request's body to arrive.
    pub body_timeout: Duration,
    /// Connections at a time.
    pub connections: usize,
    /// A request that is answered later and may stream is upgraded to an event stream after this time, or with its
    /// first notification.
    pub upgrade_after: Duration,
    /// Time between two looks at the credentials and menus behind open streams.
    pub tick: Duration,
    /// Time for running requests to end when the server stops.
    pub drain: Duration,
    /// Bounds on event streams.
    pub streams: StreamLimits,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            body_bytes: 4 << 20,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            connections: 4096,
            upgrade_after: Duration::from_millis(200),
            tick: Duration::from_millis(500),
            drain: Duration::from_secs(10),
            streams: StreamLimits::default(),
        }
    }
}

/// What the server shows beside the protocol, such as `/health` and `/metrics`.
pub trait Extra: Send + Sync + 'static {
    /// The page of a GET on this path: status, content type, body. `None` when there is no such page.
    fn page(&self, path: &str) -> Option<(StatusCode, &'static str, Bytes)>;
}

/// No pages.
impl Extra for () {
    fn page(&self, _: &str) -> Option<(StatusCode, &'static str, Bytes)> {
        None
    }
}

/// Stops a server. Clones stop the same one.
#[derive(Clone, Debug)]
pub struct Shutdown(Arc<watch::Sender<Phase>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Serving,
    Draining,
    Over,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Serving)))
    }
}

impl Shutdown {
    /// Refuses new requests, lets running ones end, closes open streams, and makes [`serve`] return.
    pub fn start(&self) {
        self.0.send_if_modified(|phase| {
            let first = *phase == Phase::Serving;
            if first {
                *phase = Phase::Draining;
            }
            first
        });
    }

    fn draining(&self) -> bool {
        *self.0.borrow() != Phase::Serving
    }
}

/// Everything the handlers share.
struct Server<S: Service> {
    mcp: Arc<Mcp<S>>,
    config: HttpConfig,
    names: Names,
    extra: Arc<dyn Extra>,
    streams: Arc<Streams>,
    shutdown: Shutdown,
    connections: AtomicUsize,
}

/// Serves until `shutdown` is started and what was running has ended.
///
/// # Errors
/// The socket cannot be asked for its address, or it is bound beyond loopback while no host name is allowed: then
/// nobody could tell a request for this server from one that a web page had redirected to it.
pub async fn serve<S: Service>(
    listener: TcpListener,
    mcp: Arc<Mcp<S>>,
    config: HttpConfig,
    extra: Arc<dyn Extra>,
    shutdown: Shutdown,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let loopback = address.ip().is_loopback();
    if !loopback && config.allowed_hosts.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("`{address}` is not a loopback address and no host name is allowed"),
        ));
    }
    let names = Names::new(&config.allowed_hosts, &config.allowed_origins, address.port(), loopback);
    let streams = Streams::new(config.streams);
    let server = Arc::new(Server {
        mcp,
        config,
        names,
        extra,
        streams,
        shutdown: shutdown.clone(),
        connections: AtomicUsize::new(0),
    });
    let mut phase = shutdown.0.subscribe();
    let ticker = tokio::spawn(tick(Arc::clone(&server)));
    while *phase.borrow_and_update() == Phase::Serving {
        tokio::select! {
            _ = phase.changed() => {}
            accepted = listener.accept() => admit(&server, accepted).await,
        }
    }
    drain(&server, &listener).await;
    ticker.abort();
    Ok(())
}

async fn admit<S: Service>(server: &Arc<Server<S>>, accepted: io::Result<(TcpStream, SocketAddr)>) {
    match accepted {
        Ok((socket, peer)) => {
            if server.connections.fetch_add(1, Ordering::Relaxed) >= server.config.connections {
                server.connections.fetch_sub(1, Ordering::Relaxed);
                return turn_away(&socket);
            }
            let guard = Counted(Arc::clone(server));
            tokio::spawn(connection(guard, socket, peer.ip()));
        }
        Err(error) => {
            // Out of descriptors, or a client that left between the handshake and here: neither is the end.
            tracing::warn!(%error, "connection not accepted");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Says that the house is full, without waiting for anybody to read it.
fn turn_away(socket: &TcpStream) {
    const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
        content-type: application/json\r\ncontent-length: 74\r\n\r\n\
        {\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"too many connections\"}}";
    // Best effort: the connection is dropped either way.
    let _ = socket.try_write(FULL);
}

/// Time for the request of a client that connects while the server stops.
const LATE: Duration = Duration::from_millis(500);

/// Counts a connection while it lives.
struct Counted<S: Service>(Arc<Server<S>>);

impl<S: Service> Drop for Counted<S> {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn connection<S: Service>(counted: Counted<S>, socket: TcpStream, peer: IpAddr) {
    let server = &counted.0;
    // Without it small answers wait for the client's acknowledgement.
    let _ = socket.set_nodelay(true);
    // Whoever connects while the server stops is still told so, if it asks at once.
    let late = server.shutdown.draining();
    let service = service_fn(|request| {
        let server = Arc::clone(server);
        async move { Ok::<_, Infallible>(answer::answer(&server, peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(if late { LATE } else { server.config.header_timeout })
        .max_buf_size(128 * 1024)
        .serve_connection(TokioIo::new(socket), service);
    let mut connection = std::pin::pin!(connection);
    let mut phase = server.shutdown.0.subscribe();
    loop {
        match *phase.borrow_and_update() {
            Phase::Serving => {}
            Phase::Draining if late => {}
            Phase::Draining => connection.as_mut().graceful_shutdown(),
            Phase::Over => return,
        }
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended early");
                }
                return;
            }
            changed = phase.changed() => if changed.is_err() { return },
        }
    }
}

/// Lets running requests end. Whoever comes now is told to come back.
async fn drain<S: Service>(server: &Arc<Server<S>>, listener: &TcpListener) {
    server.streams.end_general();
    let deadline = tokio::time::Instant::now() + server.config.drain;
    while server.connections.load(Ordering::Relaxed) > 0 && tokio::time::Instant::now() < deadline {
        let pause = tokio::time::sleep(Duration::from_millis(10));
        tokio::select! {
            () = pause => {}
            accepted = listener.accept() => admit(server, accepted).await,
        }
    }
    server.shutdown.0.send_replace(Phase::Over);
    for _ in 0..100 {
        if server.connections.load(Ordering::Relaxed) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Asks again, for every open stream, whether its listener is still welcome and whether the menu is still the same.
async fn tick<S: Service>(server: Arc<Server<S>>) {
    let mut ticks = tokio::time::interval(server.config.tick);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let service = server.mcp.service();
        for (stream, listener) in server.streams.listeners() {
            let credentials = Credentials {
                bearer: listener.bearer.as_deref(),
                address: Some(listener.address),
                transport: Transport::Http,
            };
            match service.admit(&credentials) {
                Ok(guest) => {
                    let same = service.principal(&guest) == server.streams.principal_of(&stream);
                    if !same || service.session_ended(&listener.session_name) {
                        server.streams.end(&stream);
                        continue;
                    }
                    let menu = service.menu_version(&guest);
                    if menu != listener.menu {
                        server.streams.menu_changed(&stream, menu);
                    }
                }
                Err(maitred_core::mcp::Refusal::Unauthorized) => server.streams.end(&stream),
                // The door is busy or shut for a moment; the next tick asks again.
                Err(_) => {}
            }
        }
        server.streams.sweep();
    }
}
