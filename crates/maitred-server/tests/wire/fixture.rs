//! A small service behind the protocol: tools that answer at once, later, never, and badly.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use maitred_core::jsonrpc::RpcError;
use maitred_core::mcp::{
    Answer, Credentials, Features, Handled, LogLevel, Refusal, Request, ServerInfo, Service, Ticket,
    Transport,
};
use serde_json::{Value, json};

/// Now, for the fixture.
pub const NOW: i64 = 1_800_000_000;

pub struct Fixture {
    pub menu: AtomicU64,
    pub revoked: Mutex<HashSet<String>>,
    pub ended: Mutex<HashSet<String>>,
    pub now: AtomicI64,
    /// Slow tools that have run to their end without being cancelled.
    pub finished: AtomicUsize,
    /// Slow tools that saw their cancel flag.
    pub stopped: AtomicUsize,
    /// Calls that reached the service.
    pub handled: AtomicUsize,
    pub closed: AtomicBool,
}

impl Fixture {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            menu: AtomicU64::new(1),
            revoked: Mutex::default(),
            ended: Mutex::default(),
            now: AtomicI64::new(NOW),
            finished: AtomicUsize::new(0),
            stopped: AtomicUsize::new(0),
            handled: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        })
    }
}

/// A handle, because tools run in threads of their own.
#[derive(Clone)]
pub struct Shared(pub Arc<Fixture>);

fn text(text: &str) -> Answer {
    Ok(Bytes::from(json!({"content": [{"type": "text", "text": text}]}).to_string()))
}

impl Service for Shared {
    type Guest = Arc<str>;

    fn info(&self, _: &Self::Guest) -> ServerInfo {
        ServerInfo {
            name: "fixture",
            version: "1.2.3",
            instructions: Some("Be brief.".to_owned()),
            features: Features { tools: true, logging: true, completions: true, ..Features::default() },
        }
    }

    fn admit(&self, credentials: &Credentials<'_>) -> Result<Self::Guest, Refusal> {
        match credentials.bearer {
            None if self.0.closed.load(Ordering::Relaxed) => Err(Refusal::Unauthorized),
            None => Ok("stranger".into()),
            Some("busy") => Err(Refusal::TooMany { retry_after: 7 }),
            Some("down") => Err(Refusal::Unavailable),
            Some(key) if key.starts_with("key") && !self.0.revoked.lock().unwrap().contains(key) => {
                Ok(key.into())
            }
            Some(_) => Err(Refusal::Unauthorized),
        }
    }

    fn principal<'g>(&self, guest: &'g Self::Guest) -> &'g str {
        guest
    }

    fn menu_version(&self, _: &Self::Guest) -> u64 {
        self.0.menu.load(Ordering::Relaxed)
    }

    fn handle(
        &self,
        guest: &Self::Guest,
        request: Request<'_>,
        transport: Transport,
        make_ticket: &mut dyn FnMut() -> Ticket,
    ) -> Handled {
        self.0.handled.fetch_add(1, Ordering::Relaxed);
        match request.method {
            "tools/list" => Handled::Now(Ok(Bytes::from_static(b"{\n  \"tools\": []\r\n}"))),
            "completion/complete" => Handled::Now(Ok(Bytes::from_static(br#"{"completion":{"values":[]}}"#))),
            "tools/call" => {
                let params: Value = serde_json::from_str(request.params.unwrap_or("{}")).unwrap();
                let arguments = &params["arguments"];
                match params["name"].as_str().unwrap_or_default() {
                    "echo" => Handled::Now(text(arguments["text"].as_str().unwrap_or_default())),
                    "who" => Handled::Now(text(&format!("{guest} {}", transport.as_str()))),
                    "panic" => panic!("a tool that panics"),
                    "never" => Handled::Later,
                    "changed_mind" => {
                        let _ticket = make_ticket();
                        Handled::Now(text("now after all"))
                    }
                    "drop" => {
                        let ticket = make_ticket();
                        thread::spawn(move || drop(ticket));
                        Handled::Later
                    }
                    "slow" => {
                        let steps = arguments["steps"].as_u64().unwrap_or(3);
                        let pause = Duration::from_millis(arguments["ms"].as_u64().unwrap_or(50));
                        let said = arguments["text"].as_str().unwrap_or("done").to_owned();
                        let (ticket, this) = (make_ticket(), Arc::clone(&self.0));
                        thread::spawn(move || slow(&this, ticket, steps, pause, &said));
                        Handled::Later
                    }
                    "menu" => {
                        self.0.menu.fetch_add(1, Ordering::Relaxed);
                        Handled::Now(text("changed"))
                    }
                    _ => Handled::Now(Err(RpcError::invalid_params("unknown tool"))),
                }
            }
            _ => Handled::UnknownMethod,
        }
    }

    fn session_secret(&self) -> [u8; 32] {
        [42; 32]
    }

    fn end_session(&self, session: &str, _: i64) {
        self.0.ended.lock().unwrap().insert(session.to_owned());
    }

    fn session_ended(&self, session: &str) -> bool {
        self.0.ended.lock().unwrap().contains(session)
    }

    fn unix_now(&self) -> i64 {
        self.0.now.load(Ordering::Relaxed)
    }
}

fn slow(fixture: &Fixture, ticket: Ticket, steps: u64, pause: Duration, said: &str) {
    for step in 0..=steps {
        ticket.outlet.progress(step, Some(steps), (step == 1).then_some("one \"step\""));
        // A progress that does not rise is dropped by the protocol.
        ticket.outlet.progress(0, Some(steps), None);
        ticket.outlet.log(LogLevel::Debug, "fixture", "\"detail\"");
        ticket.outlet.log(LogLevel::Warning, "fixture", &format!("{{\"step\":\n{step}}}"));
        let until = Instant::now() + pause;
        while step < steps && Instant::now() < until {
            if ticket.cancel.is_cancelled() {
                fixture.stopped.fetch_add(1, Ordering::Relaxed);
                return ticket.done.answer(text("too late"));
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
    fixture.finished.fetch_add(1, Ordering::Relaxed);
    let outlet = Arc::clone(&ticket.outlet);
    ticket.done.answer(text(said));
    outlet.progress(steps + 1, None, Some("after the answer"));
}
