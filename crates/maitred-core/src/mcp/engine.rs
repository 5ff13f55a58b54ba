//! Messages to answers, whatever transport they came by.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::call::{Call, CallKey, Join, Registry, Sink};
use super::levels::Levels;
use super::lifecycle;
use super::service::{Answer, Done, Handled, Request, Service, Ticket, Transport};
use super::session::{SessionKey, Sessions};
use crate::jsonrpc::{Id, Inbound, Limits, Message, RpcError, write};

/// The protocol in front of one service. Shared by all connections; holds no memory of idle sessions but a bounded
/// map of log levels.
pub struct Mcp<S: Service> {
    service: Arc<S>,
    limits: Limits,
    sessions: Sessions,
    levels: Levels,
    running: Arc<Registry>,
}

/// Who sent a message, and where its session stands.
#[derive(Clone, Copy)]
pub struct Link<'a, G> {
    /// The admitted caller.
    pub guest: &'a G,
    /// How the message came.
    pub transport: Transport,
    /// The session it belongs to; zero on stdio, and for a message that opens one.
    pub session: SessionKey,
    /// False once a session of this link exists.
    pub may_initialize: bool,
}

/// What became of a received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is to be sent.
    Silent,
    /// The reply is in the buffer.
    Answered,
    /// As `Answered`, and it is the answer to an `initialize` that succeeded.
    Opened,
    /// As `Answered`, for a message that was not a well-formed request at all: -32700 or -32600.
    Malformed,
    /// Nothing is to be sent, because a notification was not well formed.
    Dropped,
    /// The reply comes through the sink, once.
    Pending,
}

/// Makes the way back for answers that come later. Called at most once per message; the argument says whether the
/// client may expect notifications before the answer.
pub type MakeSink<'a> = &'a mut dyn FnMut(bool) -> Arc<dyn Sink>;

impl<S: Service> Mcp<S> {
    /// The protocol in front of `service`.
    pub fn new(service: Arc<S>, limits: Limits) -> Self {
        let sessions = Sessions::new(&service.session_secret());
        Self { service, limits, sessions, levels: Levels::default(), running: Arc::default() }
    }

    /// The service behind.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// Issues and verifies session ids.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Bounds on received messages.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Requests whose answers are still to come.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Drops what is remembered of a session that has ended.
    pub fn forget(&self, session: SessionKey) {
        self.levels.forget(session);
    }

    /// Parses one message or batch.
    pub fn parse<'a>(&self, bytes: &'a [u8]) -> Inbound<'a> {
        Inbound::parse(bytes, &self.limits)
    }

    /// Acts on one message or batch. An answer that is ready is appended to `out`; later ones go through the sink.
    pub fn receive(
        &self,
        link: &Link<'_, S::Guest>,
        inbound: &Inbound<'_>,
        out: &mut Vec<u8>,
        make_sink: MakeSink<'_>,
    ) -> Outcome {
        match inbound {
            Inbound::One(message) => self.message(link, message, out, make_sink, true),
            Inbound::Batch(messages) => self.batch(link, messages, out, make_sink),
        }
    }

    /// Answers every request of a message with the same error, and nothing else.
    pub fn refuse(inbound: &Inbound<'_>, error: &RpcError, out: &mut Vec<u8>) -> Outcome {
        let ids = |message: &Message<'_>| match message {
            Message::Request { id, .. } => Some(Some(id.as_json().to_owned())),
            Message::Invalid { id, .. } => Some(id.as_ref().map(|id| id.as_json().to_owned())),
            _ => None,
        };
        let (batch, ids): (bool, Vec<_>) = match inbound {
            Inbound::One(message) => (false, ids(message).into_iter().collect()),
            Inbound::Batch(messages) => (true, messages.iter().filter_map(ids).collect()),
        };
        for (at, id) in ids.iter().enumerate() {
            if batch {
                out.push(if at == 0 { b'[' } else { b',' });
            }
            write::error_raw(out, id.as_deref(), error);
        }
        if ids.is_empty() {
            return Outcome::Silent;
        }
        if batch {
            out.push(b']');
        }
        Outcome::Answered
    }

    fn batch(
        &self,
        link: &Link<'_, S::Guest>,
        messages: &[Message<'_>],
        out: &mut Vec<u8>,
        make_sink: MakeSink<'_>,
    ) -> Outcome {
        let mut join: Option<Arc<Join>> = None;
        let start = out.len();
        for message in messages {
            let before = out.len();
            if before > start {
                out.push(b',');
            }
            let body = out.len();
            let mut adopted = false;
            let outcome = self.message(
                link,
                message,
                out,
                &mut |_| {
                    // Later elements may ask for progress where the first did not: a batch may always stream.
                    let join = join.get_or_insert_with(|| Join::new(make_sink(true)));
                    join.add();
                    adopted = true;
                    Arc::clone(join) as Arc<dyn Sink>
                },
                false,
            );
            if adopted
                && outcome != Outcome::Pending
                && let Some(join) = &join
            {
                join.finish(None);
            }
            if out.len() == body {
                out.truncate(before);
            }
        }
        if let Some(join) = join {
            join.close(&out[start..]);
            out.truncate(start);
            return Outcome::Pending;
        }
        if out.len() == start {
            return Outcome::Silent;
        }
        out.insert(start, b'[');
        out.push(b']');
        Outcome::Answered
    }

    fn message(
        &self,
        link: &Link<'_, S::Guest>,
        message: &Message<'_>,
        out: &mut Vec<u8>,
        make_sink: MakeSink<'_>,
        alone: bool,
    ) -> Outcome {
        match message {
            Message::Request { id, method, params } => {
                self.request(link, id, method, *params, out, make_sink, alone)
            }
            Message::Notification { method, params } => {
                if method == "notifications/cancelled" {
                    self.cancel(link.session, *params);
                }
                Outcome::Silent
            }
            Message::Response => Outcome::Silent,
            Message::BadNotification(_) => Outcome::Dropped,
            Message::Invalid { id, error } => {
                write::error(out, id.as_ref(), error);
                if error.code == RpcError::INVALID_PARAMS { Outcome::Answered } else { Outcome::Malformed }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one message, taken apart once")]
    fn request(
        &self,
        link: &Link<'_, S::Guest>,
        id: &Id<'_>,
        method: &str,
        params: Option<&str>,
        out: &mut Vec<u8>,
        make_sink: MakeSink<'_>,
        alone: bool,
    ) -> Outcome {
        let answer = match method {
            "ping" => Ok(&b"{}"[..]),
            "initialize" => {
                return match self.initialize(link, params, alone) {
                    Ok(result) => {
                        write::result(out, id, &result);
                        Outcome::Opened
                    }
                    Err(error) => {
                        write::error(out, Some(id), &error);
                        Outcome::Answered
                    }
                };
            }
            "logging/setLevel" => self.set_level(link, params).map(|()| &b"{}"[..]),
            _ => return self.ask(link, id, Request { method, params }, out, make_sink),
        };
        match answer {
            Ok(result) => write::result(out, id, result),
            Err(error) => write::error(out, Some(id), &error),
        }
        Outcome::Answered
    }

    fn initialize(
        &self,
        link: &Link<'_, S::Guest>,
        params: Option<&str>,
        alone: bool,
    ) -> Result<Vec<u8>, RpcError> {
        if !alone {
            return Err(RpcError::invalid_request("`initialize` must not be part of a batch"));
        }
        if !link.may_initialize {
            return Err(RpcError::invalid_request("`initialize` has been answered before"));
        }
        lifecycle::check_initialize(params)?;
        Ok(lifecycle::initialize_result(&self.service.info(link.guest)))
    }

    fn set_level(&self, link: &Link<'_, S::Guest>, params: Option<&str>) -> Result<(), RpcError> {
        if !self.service.info(link.guest).features.logging {
            return Err(RpcError::method_not_found());
        }
        self.levels.set(link.session, lifecycle::level_of(params)?);
        Ok(())
    }

    fn cancel(&self, session: SessionKey, params: Option<&str>) {
        let Some(id) = lifecycle::cancelled_id(params).and_then(Id::from_json) else { return };
        if let Some((_, call)) = self.running.remove(&CallKey { session, id: id.canonical() }) {
            call.abandon();
        }
    }

    /// Hands a request to the service.
    fn ask(
        &self,
        link: &Link<'_, S::Guest>,
        id: &Id<'_>,
        request: Request<'_>,
        out: &mut Vec<u8>,
        make_sink: MakeSink<'_>,
    ) -> Outcome {
        let mut call: Option<Arc<Call>> = None;
        let mut make_ticket = || {
            let call = call.get_or_insert_with(|| self.open(link, id, request.params, make_sink));
            let (kept, registry) = (Arc::clone(call), Arc::clone(&self.running));
            Ticket {
                cancel: call.cancel.clone(),
                outlet: Arc::clone(call) as Arc<dyn super::Outlet>,
                done: Done::new(move |answer| kept.answer(&registry, answer)),
            }
        };
        let handled = catch_unwind(AssertUnwindSafe(|| {
            self.service.handle(link.guest, request, link.transport, &mut make_ticket)
        }));
        let answer: Answer = match handled {
            Ok(Handled::Now(answer)) => answer,
            Ok(Handled::Later) if call.is_some() => return Outcome::Pending,
            Ok(Handled::UnknownMethod) => match lifecycle::undeclared_list(request.method) {
                Some(member) => lifecycle::check_no_cursor(request.params)
                    .map(|()| format!(r#"{{"{member}":[]}}"#).into()),
                None => Err(RpcError::method_not_found()),
            },
            Ok(Handled::Later) | Err(_) => {
                tracing::error!(method = request.method, "request ended without an answer");
                Err(RpcError::internal())
            }
        };
        // A ticket that was made and dropped has answered already.
        if call.is_some_and(|call| !call.take_over(&self.running)) {
            return Outcome::Pending;
        }
        match &answer {
            Ok(result) => write::result(out, id, result),
            Err(error) => write::error(out, Some(id), error),
        }
        Outcome::Answered
    }

    fn open(
        &self,
        link: &Link<'_, S::Guest>,
        id: &Id<'_>,
        params: Option<&str>,
        make_sink: MakeSink<'_>,
    ) -> Arc<Call> {
        let token = params.and_then(lifecycle::progress_token);
        let level = self.levels.get(link.session);
        let sink = make_sink(token.is_some() || level.is_some());
        let key = CallKey { session: link.session, id: id.canonical() };
        let call = Call::new(key, id.as_json(), token, level, sink);
        call.register(&self.running);
        call
    }
}
