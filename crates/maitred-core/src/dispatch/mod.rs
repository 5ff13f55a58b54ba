//! One call, from the request to the answer, in the order in which it happens:
//!
//! 1. parse the parameters;
//! 2. decide who speaks;
//! 3. find the tool on the menu;
//! 4. limits;
//! 5. cut the arguments;
//! 6. run: a keyed read here, a report on its lane, a write in the writer's queue;
//! 7. for a write: receipt, body, confirmation, audit, change log;
//! 8. meters, log, report;
//! 9. answer.

pub mod answer;
pub mod confirm;
mod foreign;
pub mod operator;
pub mod panics;
mod read;
mod write;

use std::borrow::Cow;
use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use self::read::Lane;
use crate::args::{Arg, Limits, Object};
use crate::caller::{Caller, ClaimedIdentity, Via, Who};
use crate::clock::{Clock, Ids};
use crate::cx::World;
use crate::door::Door;
use crate::error::{Category, Code, ToolError};
use crate::jsonrpc::RpcError;
use crate::limits::{Gates, LimitSettings, Passed};
use crate::mcp::{
    Answer, CancelFlag, Credentials, Done, Features, Handled, Outlet, Refusal, Request, ServerInfo, Service,
    Ticket, Transport,
};
use crate::menu::{Menu, Registered};
use crate::mode::{CallerKind, Module};
use crate::registry::Registry;
use crate::tool::Body;

/// A caller and what they may order, for the length of one request.
#[derive(Clone)]
pub struct Guest {
    /// Who.
    pub caller: Arc<Caller>,
    /// What they see.
    pub menu: Arc<Menu>,
}

/// A failure worth telling an operator: sent to Sentry, logged with its cause.
pub struct Fault<'a> {
    /// Tool.
    pub tool: &'static str,
    /// Module.
    pub module: Module,
    /// The error.
    pub error: &'a ToolError,
    /// Mode words of the caller, joined.
    pub mode: String,
    /// How the call came in.
    pub via: Via,
    /// The reference given to the caller.
    pub reference: &'a str,
}

/// Takes failures of the categories that are not the caller's doing.
pub trait Reporter: Send + Sync {
    /// Reports one failure. Must return at once.
    fn report(&self, fault: &Fault<'_>);
}

/// Everything that answers calls.
pub struct Dispatch {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Arc<Registry>,
    door: Arc<dyn Door>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    reporter: Option<Arc<dyn Reporter>>,
    gates: Gates,
    secrets: Secrets,
    build: &'static str,
    instructions: String,
    spawn: Option<Spawn>,
}

/// Runs a future elsewhere and drops it when the time is over: how calls of other systems are carried out.
pub type Spawn = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>, Duration) + Send + Sync>;

/// Keys made at first boot and kept, each for one purpose.
#[derive(Clone)]
pub struct Secrets {
    /// Signs previews and cursors.
    pub confirm: [u8; 32],
    /// Chains the audit trail.
    pub audit: [u8; 32],
}

/// Parts of a [`Dispatch`].
pub struct DispatchParts {
    /// Tools and ports.
    pub registry: Arc<Registry>,
    /// Who may come in.
    pub door: Arc<dyn Door>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// Where failures are reported.
    pub reporter: Option<Arc<dyn Reporter>>,
    /// Limits.
    pub limits: LimitSettings,
    /// Keys.
    pub secrets: Secrets,
    /// Release of the binary.
    pub build: &'static str,
    /// What `initialize` tells a model.
    pub instructions: String,
    /// Carries out calls of other systems; without it such tools say that they are not available.
    pub spawn: Option<Spawn>,
}

/// One call with everything that is known about it. Owned, so that it can wait in a queue.
struct Call {
    guest: Guest,
    tool: &'static Registered,
    arguments: String,
    via: Via,
    now: Timestamp,
    started: Instant,
    dry_run: bool,
    confirm: Option<String>,
    idempotency_key: Option<String>,
    cancel: Option<CancelFlag>,
    outlet: Option<Arc<dyn Outlet>>,
    passed: Passed,
}

/// What a run answers: JSON text, or an error.
type Outcome = Result<Vec<u8>, ToolError>;

#[derive(Deserialize)]
struct CallParams<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta", default)]
    meta: Option<Meta<'a>>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "_identity", default)]
    identity: Option<&'a RawValue>,
    #[serde(borrow, rename = "idempotencyKey", default)]
    idempotency_key: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ListParams<'a> {
    #[serde(borrow, default)]
    cursor: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "_meta", default)]
    meta: Option<Meta<'a>>,
}

#[derive(Deserialize)]
struct CompleteParams<'a> {
    #[serde(borrow, rename = "ref")]
    reference: CompleteRef<'a>,
    #[serde(borrow)]
    argument: CompleteArgument<'a>,
}

#[derive(Deserialize)]
struct CompleteRef<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct CompleteArgument<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

fn params<'a, T: Deserialize<'a>>(request: &Request<'a>) -> Result<T, RpcError> {
    serde_json::from_str(request.params.unwrap_or("{}")).map_err(|error| {
        // The line and column that serde adds would only mislead: the params are a slice of the message.
        let text = error.to_string();
        let short = text.split(" at line ").next().unwrap_or("malformed").to_owned();
        RpcError::invalid_params(format!("invalid params: {short}"))
    })
}

impl Dispatch {
    /// A dispatch over its parts.
    pub fn new(parts: DispatchParts) -> Self {
        Self {
            inner: Arc::new(Inner {
                registry: parts.registry,
                door: parts.door,
                clock: parts.clock,
                ids: parts.ids,
                reporter: parts.reporter,
                gates: Gates::new(parts.limits),
                secrets: parts.secrets,
                build: parts.build,
                instructions: parts.instructions,
                spawn: parts.spawn,
            }),
        }
    }

    /// The registry.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.inner.registry
    }

    /// A guest for a caller that was made elsewhere: the command line, tests.
    pub fn guest(&self, caller: Arc<Caller>) -> Guest {
        self.inner.guest(caller)
    }

    /// The guest that remains when a request claims to speak for a contact.
    ///
    /// # Errors
    /// See [`Door::identify`].
    pub fn identify(&self, guest: &Guest, identity: &str) -> Result<Guest, Refusal> {
        self.inner
            .door
            .identify(&guest.caller, ClaimedIdentity(identity))
            .map(|caller| self.inner.guest(caller))
    }

    /// Calls a tool and waits for the answer: for the command line and tests. The answer is the `result` of
    /// `tools/call`.
    ///
    /// # Errors
    /// What would be a JSON-RPC error on the wire.
    pub fn call_and_wait(&self, guest: &Guest, via: Via, params: &str) -> Answer {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let sender = std::cell::Cell::new(Some(sender));
        let request = Request { method: "tools/call", params: Some(params) };
        let handled = self.inner.tools_call(guest, request, via, &mut || Ticket {
            cancel: CancelFlag::default(),
            outlet: Arc::new(Silent),
            done: match sender.take() {
                Some(sender) => Done::new(move |answer| drop(sender.send(answer))),
                None => Done::new(drop),
            },
        });
        match handled {
            Handled::Now(answer) => answer,
            Handled::Later => match receiver.recv() {
                Ok(Some(answer)) => answer,
                _ => Err(RpcError::new(RpcError::INTERNAL, "the call was dropped")),
            },
            Handled::UnknownMethod => Err(RpcError::new(RpcError::METHOD_NOT_FOUND, "method not found")),
        }
    }
}

/// Nobody to tell.
struct Silent;

impl Outlet for Silent {
    fn progress(&self, _: u64, _: Option<u64>, _: Option<&str>) {}
    fn log(&self, _: crate::mcp::LogLevel, _: &str, _: &str) {}
    fn wants_progress(&self) -> bool {
        false
    }
}

impl Inner {
    fn guest(&self, caller: Arc<Caller>) -> Guest {
        let menu = self.registry.menu(&caller.rights);
        Guest { caller, menu }
    }

    fn identified(&self, guest: &Guest, identity: Option<&str>) -> Result<Option<Guest>, RpcError> {
        let Some(identity) = identity else {
            // A channel's key alone speaks for nobody.
            return Ok(None);
        };
        match self.door.identify(&guest.caller, ClaimedIdentity(identity)) {
            Ok(caller) => Ok(Some(self.guest(caller))),
            Err(_) => Err(RpcError::new(RpcError::INVALID_REQUEST, "nobody may come in under this identity")),
        }
    }

    fn tools_list(&self, guest: &Guest, request: Request<'_>) -> Answer {
        if request.params.is_none() {
            return guest.menu.page(None).ok_or_else(invalid_cursor);
        }
        let params: ListParams<'_> = params(&request)?;
        let identity = params.meta.as_ref().and_then(|meta| meta.identity).map(RawValue::get);
        let narrowed = self.identified(guest, identity)?;
        let menu = &narrowed.as_ref().unwrap_or(guest).menu;
        menu.page(params.cursor.as_deref()).ok_or_else(invalid_cursor)
    }

    /// Values for an argument with a closed list of words. The tool is named where MCP names a prompt.
    fn complete(&self, guest: &Guest, request: Request<'_>) -> Answer {
        let params: CompleteParams<'_> = params(&request)?;
        let unknown = || RpcError::invalid_params("nothing of this name can be completed");
        let name = params.reference.name.as_deref().filter(|_| params.reference.kind == "ref/prompt");
        let tool = name.and_then(|name| guest.menu.find(name)).ok_or_else(unknown)?;
        let field = tool.entry.all_fields().into_iter().find(|field| field.name == params.argument.name);
        let words = field.ok_or_else(unknown)?.words;
        let given = params.argument.value.to_ascii_lowercase();
        let values: Vec<&str> =
            words.iter().copied().filter(|word| word.starts_with(&given)).take(100).collect();
        let list = serde_json::to_string(&values)
            .map_err(|_| RpcError::new(RpcError::INTERNAL, "internal error"))?;
        Ok(Bytes::from(format!(
            "{{\"completion\":{{\"values\":{list},\"total\":{},\"hasMore\":false}}}}",
            values.len()
        )))
    }

    fn tools_call(
        self: &Arc<Self>,
        guest: &Guest,
        request: Request<'_>,
        via: Via,
        make_ticket: &mut dyn FnMut() -> Ticket,
    ) -> Handled {
        // 1. The parameters.
        let params: CallParams<'_> = match params(&request) {
            Ok(params) => params,
            Err(error) => return Handled::Now(Err(error)),
        };
        let raw = params.arguments.map_or("{}", |raw| if raw.get() == "null" { "{}" } else { raw.get() });
        if !raw.starts_with('{') {
            return Handled::Now(Err(RpcError::invalid_params(
                "invalid params: `arguments` must be an object",
            )));
        }
        let mut object = match Object::parse(raw) {
            Ok(object) => object,
            Err(error) => return Handled::Now(Ok(answer::result(error.outward(None).as_bytes(), true))),
        };
        // 2. Who speaks.
        let claimed = object.take_raw("_identity");
        let stated = params.meta.as_ref().and_then(|meta| meta.identity).map(RawValue::get);
        let narrowed = match self.identified(guest, stated.or(claimed)) {
            Ok(narrowed) => narrowed,
            Err(error) => return Handled::Now(Err(error)),
        };
        let guest = narrowed.as_ref().unwrap_or(guest);
        // 3. The tool.
        let Some(tool) = guest.menu.find(&params.name) else {
            return Handled::Now(Err(RpcError::invalid_params(format!(
                "unknown tool: {}",
                crate::error::shorten(&params.name)
            ))));
        };
        // 4. Limits.
        let started = Instant::now();
        let stranger = guest.caller.kind() == CallerKind::Stranger;
        let passed = match self.gates.pass(&guest.caller.principal, stranger, !tool.entry.effect.read) {
            Ok(passed) => passed,
            Err(error) => {
                tool.meters.begin();
                return Handled::Now(Ok(self.conclude(guest, tool, via, started, Err(error))));
            }
        };
        // 5. and 6. By effect.
        tool.meters.begin();
        let now = self.clock.now();
        if let Body::Read(body) = tool.entry.body
            && !tool.entry.report
            && guest.caller.store.inline()
        {
            let attempt = self.read_inline(guest, tool, body, raw, object, via, now);
            if let Some(outcome) = attempt {
                return Handled::Now(Ok(self.conclude(guest, tool, via, started, outcome)));
            }
            // It took longer than a keyed read may here: once more, where it can take its time.
        } else if matches!(tool.entry.body, Body::Read(_)) {
            drop(object);
        } else {
            return self.queue(guest, tool, object, &params, via, now, started, passed, make_ticket);
        }
        let ticket = make_ticket();
        let call = Call {
            guest: guest.clone(),
            tool,
            arguments: without_identity(raw),
            via,
            now,
            started,
            dry_run: false,
            confirm: None,
            idempotency_key: None,
            cancel: Some(ticket.cancel),
            outlet: Some(ticket.outlet),
            passed,
        };
        let lane = if tool.entry.report { Lane::Report } else { Lane::Keyed };
        self.read_on_lane(lane, call, ticket.done);
        Handled::Later
    }

    /// Answers a call that waited.
    fn answer(&self, call: &Call, outcome: Outcome, done: Done) {
        let answer = self.conclude(&call.guest, call.tool, call.via, call.started, outcome);
        call.passed.over();
        done.answer(Ok(answer));
    }

    /// Takes the machinery's own arguments out and hands the call to the writer, or to another system.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one call, taken over by the value made of them"
    )]
    fn queue(
        self: &Arc<Self>,
        guest: &Guest,
        tool: &'static Registered,
        mut object: Object<'_>,
        params: &CallParams<'_>,
        via: Via,
        now: Timestamp,
        started: Instant,
        passed: Passed,
        make_ticket: &mut dyn FnMut() -> Ticket,
    ) -> Handled {
        let own = (|| {
            let dry_run: Option<bool> = object.take("dry_run", Limits::default())?;
            let confirm: Option<String> = object.take("confirm", Limits { min: None, max: Some(64) })?;
            let key = params.meta.as_ref().and_then(|meta| meta.idempotency_key.as_deref());
            let key = match key {
                Some(key) => {
                    let json = serde_json::to_string(key).map_err(ToolError::internal)?;
                    Some(
                        String::parse(&json, Limits { min: Some(1), max: Some(128) })
                            .map_err(|e| e.within("idempotencyKey"))?,
                    )
                }
                None => None,
            };
            Ok::<_, ToolError>((dry_run.unwrap_or(false), confirm, key))
        })();
        let (dry_run, confirm, idempotency_key) = match own {
            Ok(own) => own,
            Err(error) => return Handled::Now(Ok(self.conclude(guest, tool, via, started, Err(error)))),
        };
        let ticket = make_ticket();
        let call = Call {
            guest: guest.clone(),
            tool,
            arguments: rebuild(&object),
            via,
            now,
            started,
            dry_run,
            confirm,
            idempotency_key,
            cancel: Some(ticket.cancel),
            outlet: Some(ticket.outlet),
            passed,
        };
        match tool.entry.body {
            Body::Foreign(system) => self.ask(system, call, ticket.done),
            Body::Read(_) | Body::Write(_) => self.write(call, ticket.done),
        }
        Handled::Later
    }

    /// 8. and 9.: meters, log, report, answer.
    fn conclude(
        &self,
        guest: &Guest,
        tool: &'static Registered,
        via: Via,
        started: Instant,
        outcome: Outcome,
    ) -> Bytes {
        let took = started.elapsed();
        let outcome = match outcome {
            Ok(json) if json.len() > self.gates.settings().answer_bytes => Err(ToolError::new(
                Code::LimitExceeded,
                format!("the answer would have {} bytes", json.len()),
            )
            .hint("ask for fewer rows with `limit`, or for fewer `fields`")),
            other => other,
        };
        match outcome {
            Ok(json) => {
                tool.meters.end(took, None);
                tracing::debug!(
                    tool = tool.entry.name,
                    via = via.as_str(),
                    micros = took.as_micros() as u64,
                    "called"
                );
                answer::result(&json, false)
            }
            Err(error) => {
                tool.meters.end(took, Some(error.code()));
                let caller_s_doing = matches!(
                    error.code().category(),
                    Category::Validation | Category::Domain | Category::Security
                ) || error.code() == Code::Cancelled;
                if caller_s_doing {
                    tracing::debug!(tool = tool.entry.name, code = error.code().as_str(), "refused");
                    return answer::result(error.outward(None).as_bytes(), true);
                }
                let reference = self.ids.fresh(self.clock.now());
                tracing::error!(
                    tool = tool.entry.name,
                    code = error.code().as_str(),
                    reference,
                    principal = guest.caller.principal,
                    cause = error.cause().map(|cause| format!("{cause:#}")),
                    "a call failed"
                );
                if let Some(reporter) = &self.reporter {
                    let modes: Vec<&str> =
                        guest.caller.rights.modes().iter().map(|mode| mode.as_str()).collect();
                    reporter.report(&Fault {
                        tool: tool.entry.name,
                        module: tool.module,
                        error: &error,
                        mode: modes.join(","),
                        via,
                        reference: &reference,
                    });
                }
                answer::result(error.outward(Some(&reference)).as_bytes(), true)
            }
        }
    }

    fn world<'a>(&'a self, guest: &'a Guest, arguments: &'a str, via: Via, now: Timestamp) -> World<'a> {
        World {
            caller: &guest.caller,
            via,
            now,
            menu: &guest.menu,
            ports: self.registry.ports(),
            ids: &*self.ids,
            outlet: None,
            cancel: None,
            secret: &self.secrets.confirm,
            arguments,
            dry_run: false,
            fresh: RefCell::default(),
            memos: RefCell::default(),
        }
    }
}

fn invalid_cursor() -> RpcError {
    RpcError::invalid_params("invalid params: the cursor belongs to no page")
}

/// The arguments without the claim of who speaks, which no tool sees.
fn without_identity(raw: &str) -> String {
    if !raw.contains("_identity") {
        return raw.to_owned();
    }
    match Object::parse(raw) {
        Ok(mut object) => {
            object.take_raw("_identity");
            rebuild(&object)
        }
        Err(_) => raw.to_owned(),
    }
}

/// What is left of an arguments object, as JSON.
fn rebuild(object: &Object<'_>) -> String {
    let mut out = String::from("{");
    for (name, value) in object.left() {
        if out.len() > 1 {
            out.push(',');
        }
        maitred_store::change::json_string(name, &mut out);
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    out
}

impl Service for Dispatch {
    type Guest = Guest;

    fn info(&self, guest: &Guest) -> ServerInfo {
        let greeting = match &guest.caller.who {
            Who::Teammate(teammate) => format!("You act for {} at {}.", teammate.name, guest.caller.org.name),
            Who::Client(client) => format!("You speak with {} of {}.", client.name, client.company_name),
            Who::Stranger { .. } | Who::Operator { .. } => {
                format!("This is the door of {}.", guest.caller.org.name)
            }
        };
        ServerInfo {
            name: "maitred",
            version: self.inner.build,
            instructions: Some(format!("{greeting} {}", self.inner.instructions)),
            features: Features {
                tools: true,
                logging: true,
                completions: true,
                resources: false,
                prompts: false,
            },
        }
    }

    fn admit(&self, credentials: &Credentials<'_>) -> Result<Guest, Refusal> {
        self.inner.door.admit(credentials).map(|caller| self.inner.guest(caller))
    }

    fn principal<'g>(&self, guest: &'g Guest) -> &'g str {
        &guest.caller.principal
    }

    fn menu_version(&self, guest: &Guest) -> u64 {
        guest.menu.version()
    }

    fn handle(
        &self,
        guest: &Guest,
        request: Request<'_>,
        transport: Transport,
        make_ticket: &mut dyn FnMut() -> Ticket,
    ) -> Handled {
        match request.method {
            "tools/call" => self.inner.tools_call(guest, request, Via::Wire(transport), make_ticket),
            "tools/list" => Handled::Now(self.inner.tools_list(guest, request)),
            "completion/complete" => Handled::Now(self.inner.complete(guest, request)),
            _ => Handled::UnknownMethod,
        }
    }

    fn session_secret(&self) -> [u8; 32] {
        self.inner.door.session_secret()
    }

    fn end_session(&self, session: &str, expires_unix: i64) {
        self.inner.door.end_session(session, expires_unix);
    }

    fn session_ended(&self, session: &str) -> bool {
        self.inner.door.session_ended(session)
    }

    fn unix_now(&self) -> i64 {
        self.inner.clock.now().as_second()
    }
}
