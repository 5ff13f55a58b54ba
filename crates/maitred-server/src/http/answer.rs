//! One HTTP request to one HTTP response.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use maitred_core::jsonrpc::{Id, Inbound, Message, RpcError, write};
use maitred_core::mcp::{Credentials, Link, Outcome, Refusal, Service, Session, Sink, Transport};

use super::Server;
use super::body::{self, Body, Unread};
use super::door::{self, Accepts, Foreign};
use super::stream::{First, Kind, Listener, Resumed, Stream, lone_event};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE, OPTIONS");
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Seconds after which a client that was told to wait may come back.
const RETRY: HeaderValue = HeaderValue::from_static("1");

type Reply = Response<Body>;

/// Answers one request.
pub(super) async fn answer<S: Service>(
    server: &Server<S>,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Reply {
    let path = request.uri().path();
    if path == "/live" {
        return live(server, request.method());
    }
    // Probes address a server by whatever name they find it under; they learn nothing else here.
    if path == "/health" && request.method() == Method::GET {
        return page(server, path);
    }
    if let Err(foreign) = server.names.check(request.uri(), request.headers()) {
        let reason = match foreign {
            Foreign::BadHost => "bad_host",
            Foreign::Host => "foreign_host",
            Foreign::Origin => "foreign_origin",
        };
        metrics::counter!("maitred_door_refusals_total", "reason" => reason).increment(1);
        return match foreign {
            Foreign::BadHost => refuse(StatusCode::BAD_REQUEST, "the request must carry one `Host` header"),
            Foreign::Host => refuse(StatusCode::FORBIDDEN, "this server is not known under that `Host`"),
            Foreign::Origin => {
                refuse(StatusCode::FORBIDDEN, "pages of that `Origin` may not speak to this server")
            }
        };
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut reply = if path == "/mcp" || path == "/mcp/" {
        endpoint(server, peer, request).await
    } else if request.method() == Method::GET {
        page(server, path)
    } else {
        nothing_here()
    };
    if let Some(origin) = origin {
        let headers = reply.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Mcp-Session-Id, WWW-Authenticate, Retry-After"),
        );
    }
    reply
}

/// A request on the endpoint, past the door.
struct Visit<'a, S: Service> {
    server: &'a Server<S>,
    headers: &'a HeaderMap,
    bearer: Option<&'a str>,
    peer: IpAddr,
    guest: S::Guest,
}

async fn endpoint<S: Service>(server: &Server<S>, peer: IpAddr, request: Request<Incoming>) -> Reply {
    if request.method() == Method::OPTIONS {
        return preflight();
    }
    if server.shutdown.draining() {
        let reply = refuse(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping");
        return closing(with(reply, header::RETRY_AFTER, RETRY));
    }
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let Ok(bearer) = door::bearer(headers) else { return turn_away(&Refusal::Unauthorized) };
    let credentials = Credentials { bearer, address: Some(peer), transport: Transport::Http };
    let guest = match server.mcp.service().admit(&credentials) {
        Ok(guest) => guest,
        Err(refusal) => return turn_away(&refusal),
    };
    let visit = Visit { server, headers, bearer, peer, guest };
    match parts.method {
        Method::POST => visit.post(body).await,
        Method::GET => visit.get(),
        Method::DELETE => visit.delete(),
        _ => not_allowed("the method is none of GET, POST and DELETE"),
    }
}

impl<S: Service> Visit<'_, S> {
    async fn post(&self, body: Incoming) -> Reply {
        let accepts = Accepts::of(self.headers);
        if !accepts.json && !accepts.events {
            let text = "`Accept` allows neither `application/json` nor `text/event-stream`";
            return refuse(StatusCode::NOT_ACCEPTABLE, text);
        }
        if !door::is_json(self.headers) {
            return refuse(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "`Content-Type` is not `application/json` in UTF-8",
            );
        }
        let config = &self.server.config;
        match body::read(body, config.body_bytes, config.body_timeout).await {
            Ok(bytes) => match self.receive(&bytes, accepts) {
                Received::Reply(reply) => reply,
                Received::Later(later) => self.wait(later, accepts).await,
            },
            Err(Unread::TooLarge) => {
                let text = format!("the body is larger than {} bytes", config.body_bytes);
                closing(refuse(StatusCode::PAYLOAD_TOO_LARGE, text))
            }
            Err(Unread::TooSlow) => {
                closing(refuse(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"))
            }
            Err(Unread::Broken) => closing(refuse(StatusCode::BAD_REQUEST, "the body could not be read")),
        }
    }

    /// Acts on a body. Nothing borrowed from it survives this call.
    fn receive(&self, bytes: &[u8], accepts: Accepts) -> Received {
        let mcp = &*self.server.mcp;
        let inbound = mcp.parse(bytes);
        if inbound.is_initialize() {
            return Received::Reply(self.initialize(&inbound, accepts));
        }
        if let Inbound::One(Message::Invalid { id, error }) = &inbound
            && error.code != RpcError::INVALID_PARAMS
        {
            // What cannot be read belongs to no session.
            let mut out = Vec::new();
            write::error(&mut out, id.as_ref(), error);
            return Received::Reply(json(StatusCode::BAD_REQUEST, out.into()));
        }
        let (session, name) = match self.session(inbound.id()) {
            Ok(session) => (session.key, session.name),
            Err(reply) => return Received::Reply(*reply),
        };
        let link = Link { guest: &self.guest, transport: Transport::Http, session, may_initialize: true };
        let mut out = Vec::with_capacity(512);
        let mut stream: Option<Arc<Stream>> = None;
        let outcome = mcp.receive(&link, &inbound, &mut out, &mut |notifies| {
            let notifies = notifies && accepts.wants_events;
            let principal = mcp.service().principal(&self.guest);
            let made = self.server.streams.create(Kind::Answer, session, principal, notifies);
            stream = Some(Arc::clone(&made));
            made as Arc<dyn Sink>
        });
        match (outcome, stream) {
            (Outcome::Pending, Some(stream)) => {
                let listener = stream.streams().then(|| self.listener(name));
                Received::Later(Later { stream, listener })
            }
            (Outcome::Malformed, _) => Received::Reply(json(StatusCode::BAD_REQUEST, out.into())),
            (Outcome::Answered | Outcome::Opened, _) => Received::Reply(self.say(out.into(), accepts)),
            (Outcome::Dropped, _) => {
                Received::Reply(refuse(StatusCode::BAD_REQUEST, "the notification is not well formed"))
            }
            (Outcome::Silent | Outcome::Pending, _) => Received::Reply(accepted()),
        }
    }

    /// Opens a session, whatever session header came along.
    fn initialize(&self, inbound: &Inbound<'_>, accepts: Accepts) -> Reply {
        let mcp = &*self.server.mcp;
        let link = Link { guest: &self.guest, transport: Transport::Http, session: 0, may_initialize: true };
        let mut out = Vec::with_capacity(1024);
        // `initialize` is answered at once; the sink is never asked for.
        let outcome = mcp.receive(&link, inbound, &mut out, &mut |_| {
            self.server.streams.create(Kind::Answer, 0, "", false) as Arc<dyn Sink>
        });
        let reply = self.say(out.into(), accepts);
        if outcome != Outcome::Opened {
            return reply;
        }
        let service = mcp.service();
        let issued = mcp.sessions().issue(service.principal(&self.guest), service.unix_now());
        match issued.and_then(|(id, _)| HeaderValue::try_from(id).ok()) {
            Some(id) => with(reply, door::SESSION, id),
            None => refuse(StatusCode::SERVICE_UNAVAILABLE, "no session can be opened"),
        }
    }

    /// The session of a request, or what is wrong with it.
    fn session(&self, id: Option<&Id<'_>>) -> Result<Session<'_>, Box<Reply>> {
        let fail = |status, text: &'static str| {
            let mut out = Vec::with_capacity(160);
            write::error(&mut out, id, &RpcError::invalid_request(text));
            Err(Box::new(json(status, out.into())))
        };
        let shown = match door::single(self.headers, &door::SESSION) {
            Ok(Some(shown)) => shown,
            Ok(None) => {
                return fail(StatusCode::BAD_REQUEST, "`Mcp-Session-Id` is missing; begin with `initialize`");
            }
            Err(()) => {
                return fail(StatusCode::BAD_REQUEST, "`Mcp-Session-Id` is given twice or is not ASCII");
            }
        };
        let mcp = &self.server.mcp;
        let service = mcp.service();
        match mcp.sessions().verify(shown, service.principal(&self.guest), service.unix_now()) {
            Some(session) if !service.session_ended(session.name) => Ok(session),
            _ => fail(StatusCode::NOT_FOUND, "session not found; begin again with `initialize`"),
        }
    }

    /// Waits for an answer that comes later.
    async fn wait(&self, later: Later, accepts: Accepts) -> Reply {
        let Later { stream, listener } = later;
        let first = match listener {
            None => stream.first().await,
            Some(_) => match tokio::time::timeout(self.server.config.upgrade_after, stream.first()).await {
                Ok(first) => first,
                Err(_) => First::Events,
            },
        };
        match (first, listener) {
            (First::Answer(message), _) => self.say(message, accepts),
            // Cancelled by the client, which waits for nothing any more.
            (First::Nothing, _) => accepted(),
            (First::Events, Some(listener)) => match self.server.streams.open(&stream, listener) {
                Ok(events) => event_stream(Body::Events(events)),
                // No stream to spare: the answer comes all the same, without what would have preceded it.
                Err(_) => self.last(&stream, accepts).await,
            },
            (First::Events, None) => self.last(&stream, accepts).await,
        }
    }

    /// Waits for the answer alone.
    async fn last(&self, stream: &Stream, accepts: Accepts) -> Reply {
        match stream.last().await {
            Some(message) => self.say(message, accepts),
            None => accepted(),
        }
    }

    /// A ready answer in the form the client reads.
    fn say(&self, message: Bytes, accepts: Accepts) -> Reply {
        if accepts.json {
            json(StatusCode::OK, message)
        } else {
            event_stream(Body::Full(lone_event(&message)))
        }
    }

    fn listener(&self, session_name: &str) -> Listener {
        Listener {
            bearer: self.bearer.map(Box::from),
            address: self.peer,
            session_name: session_name.into(),
            menu: self.server.mcp.service().menu_version(&self.guest),
        }
    }

    fn get(&self) -> Reply {
        if !Accepts::of(self.headers).events {
            return refuse(StatusCode::NOT_ACCEPTABLE, "`Accept` does not allow `text/event-stream`");
        }
        let session = match self.session(None) {
            Ok(session) => session,
            Err(reply) => return *reply,
        };
        let streams = &self.server.streams;
        let principal = self.server.mcp.service().principal(&self.guest);
        let Ok(last) = door::single(self.headers, &door::LAST_EVENT) else {
            return refuse(StatusCode::BAD_REQUEST, "`Last-Event-ID` is given twice or is not ASCII");
        };
        let resumed = last.map_or(Resumed::Fresh, |last| streams.resume(last, session.key, principal));
        let body = match resumed {
            Resumed::Found(stream, from) => streams.attach(&stream, from),
            Resumed::Nothing => return not_allowed("there is nothing more on that stream"),
            Resumed::Fresh => {
                let stream = streams.create(Kind::General, session.key, principal, true);
                streams.open(&stream, self.listener(session.name))
            }
        };
        match body {
            Ok(events) => event_stream(Body::Events(events)),
            Err(_) => with(
                refuse(StatusCode::TOO_MANY_REQUESTS, "too many streams are open"),
                header::RETRY_AFTER,
                RETRY,
            ),
        }
    }

    fn delete(&self) -> Reply {
        let session = match self.session(None) {
            Ok(session) => session,
            Err(reply) => return *reply,
        };
        self.server.mcp.service().end_session(session.name, session.expires_unix);
        self.server.mcp.forget(session.key);
        self.server.streams.end_session(session.key);
        empty(StatusCode::NO_CONTENT)
    }
}

/// What became of a body.
enum Received {
    Reply(Reply),
    Later(Later),
}

/// A request that is still running.
struct Later {
    stream: Arc<Stream>,
    /// Set when the answer may become a stream of events.
    listener: Option<Listener>,
}

fn live<S: Service>(server: &Server<S>, method: &Method) -> Reply {
    if method != Method::GET {
        return not_allowed("the method is not GET");
    }
    if server.shutdown.draining() {
        return full(StatusCode::SERVICE_UNAVAILABLE, JSON, Bytes::from_static(br#"{"live":false}"#));
    }
    full(StatusCode::OK, JSON, Bytes::from_static(br#"{"live":true}"#))
}

fn page<S: Service>(server: &Server<S>, path: &str) -> Reply {
    match server.extra.page(path) {
        Some((status, kind, body)) => full(status, HeaderValue::from_static(kind), body),
        None => nothing_here(),
    }
}

/// Also the answer on every `/.well-known/` path and on `/register`: clients that look for an authorization server
/// there go on without one.
fn nothing_here() -> Reply {
    refuse(StatusCode::NOT_FOUND, "nothing is served here; the endpoint is `/mcp`")
}

fn not_allowed(text: &'static str) -> Reply {
    with(refuse(StatusCode::METHOD_NOT_ALLOWED, text), header::ALLOW, METHODS)
}

fn turn_away(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::Unauthorized => with(
            refuse(StatusCode::UNAUTHORIZED, "a valid key is wanted: send `Authorization: Bearer <key>`"),
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer"),
        ),
        Refusal::TooMany { retry_after } => with(
            refuse(StatusCode::TOO_MANY_REQUESTS, format!("too many requests; come back in {retry_after} s")),
            header::RETRY_AFTER,
            HeaderValue::from(*retry_after),
        ),
        Refusal::Unavailable => with(
            refuse(StatusCode::SERVICE_UNAVAILABLE, "credentials cannot be checked just now"),
            header::RETRY_AFTER,
            RETRY,
        ),
    }
}

/// The answer to a browser that asks before it speaks; its Origin has been checked already.
fn preflight() -> Reply {
    let mut reply = empty(StatusCode::NO_CONTENT);
    let headers = reply.headers_mut();
    headers.insert(header::ALLOW, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Content-Type, Accept, Authorization, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID",
        ),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    reply
}

fn accepted() -> Reply {
    empty(StatusCode::ACCEPTED)
}

fn event_stream(body: Body) -> Reply {
    let mut reply = Response::new(body);
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, EVENTS);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    reply
}

/// A transport fault: the body is a JSON-RPC error without an id.
fn refuse(status: StatusCode, text: impl Into<std::borrow::Cow<'static, str>>) -> Reply {
    let mut out = Vec::with_capacity(160);
    write::error(&mut out, None, &RpcError::invalid_request(text));
    json(status, out.into())
}

fn json(status: StatusCode, body: Bytes) -> Reply {
    full(status, JSON, body)
}

fn full(status: StatusCode, kind: HeaderValue, body: Bytes) -> Reply {
    let mut reply = Response::new(Body::Full(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    reply
}

fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Body::Full(Bytes::new()));
    *reply.status_mut() = status;
    reply
}

fn with(mut reply: Reply, name: HeaderName, value: HeaderValue) -> Reply {
    reply.headers_mut().insert(name, value);
    reply
}

/// The rest of the request is not read, so nothing else can follow on this connection.
fn closing(reply: Reply) -> Reply {
    with(reply, header::CONNECTION, HeaderValue::from_static("close"))
}
