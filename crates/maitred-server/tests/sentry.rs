//! What reaches Sentry: grouping and tags, and not one of the secrets that went through the calls.
//!
//! A test binary of its own: the product's way with panics would hide what the panics of other tests say.

#![cfg(feature = "sentry")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail where the test would")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use maitred_core::caller::{Caller, ModuleKeys, OrgFacts, Policy, Secret, Teammate, Via, Who};
use maitred_core::clock::{RandomIds, SystemClock};
use maitred_core::dispatch::{Dispatch, DispatchParts, Secrets, panics};
use maitred_core::door::Door;
use maitred_core::limits::LimitSettings;
use maitred_core::mcp::{Credentials, Refusal};
use maitred_core::mode::{CallerKind, ModeSet, Module, Rights};
use maitred_core::prelude::*;
use maitred_core::registry::Registry;
use maitred_core::tool::{Domain, ToolEntry, entry};
use maitred_server::report::SentryReporter;
use maitred_store::sqlite::{SqliteEngine, SqliteOptions};
use maitred_store::{Engine, StoreError, StoreFault};

/// Secrets that go through every call, and must not come out.
const CANARIES: [&str; 7] = [
    "mk_canary22_BUaa4VJfX40-rp4wIkK9vB5S6uKTsvUcw-qwaraMoCk",
    "bearer-canary-5b1f",
    "canary.person@acme.example",
    "DE811907980",
    "+49 30 901820",
    "4111 1111 1111 1111",
    "Canary Q. Lastname",
];

struct Break;

impl Tool for Break {
    const NAME: &str = "probe_record_get";
    const TITLE: &str = "Break";
    const ABOUT: &str = "Fails in the way it is told to, for tests of the reports.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example { given: "", args: r#"{"how":"not"}"# };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(_: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        fail(&args)
    }
}

struct BreakWrite;

impl Tool for BreakWrite {
    const NAME: &str = "probe_record_update";
    const TITLE: &str = "Break a write";
    const ABOUT: &str = "Fails in the way it is told to, for tests of the reports.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example { given: "", args: r#"{"how":"not"}"# };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(_: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        fail(&args)
    }
}

#[derive(ToolArgs)]
struct Args {
    /// How.
    how: String,
    /// What it is about.
    text: Option<String>,
}

#[derive(ToolOutput)]
struct Output {
    /// Always.
    done: bool,
}

fn fail(args: &Args) -> ToolResult<Output> {
    let text = args.text.clone().unwrap_or_default();
    match args.how.as_str() {
        "panic" => panic!("cannot work with {text}"),
        "defect" => Err(StoreError::defect(format!("no such column: price near {text}")).into()),
        "quoted" => Err(StoreError::defect(format!("cannot keep `{text}` and \"{text}\"")).into()),
        "full" => Err(StoreError::new(StoreFault::Full, "database or disk is full").into()),
        "other" => Err(ToolError::internal(anyhow::anyhow!("a library said: {text}"))),
        "invalid" => Err(invalid("text", format!("is {text}"))),
        "missing" => Err(not_found("record", &text)),
        "forbidden" => Err(ToolError::new(Code::Forbidden, "this is for others")),
        _ => Ok(Output { done: true }),
    }
}

static TOOLS: &[ToolEntry] = &[entry::<Break>(), entry::<BreakWrite>()];
static DOMAIN: Domain = Domain {
    module: Module::Probe,
    tools: TOOLS,
    migrations: &[],
    requires: &[],
    provides: |_| {},
    check: |_| Ok(()),
};

struct NoDoor;

impl Door for NoDoor {
    fn admit(&self, _: &Credentials<'_>) -> Result<Arc<Caller>, Refusal> {
        Err(Refusal::Unauthorized)
    }
    fn identify(
        &self,
        _: &Arc<Caller>,
        _: maitred_core::caller::ClaimedIdentity<'_>,
    ) -> Result<Arc<Caller>, Refusal> {
        Err(Refusal::Unauthorized)
    }
    fn session_secret(&self) -> [u8; 32] {
        [7; 32]
    }
    fn end_session(&self, _: &str, _: i64) {}
    fn session_ended(&self, _: &str) -> bool {
        false
    }
    fn changed(&self, _: &Caller, _: &[&'static str]) {}
}

/// A server that keeps what it is sent: heads and bodies.
fn sink() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut writer = socket.try_clone().unwrap();
                let mut reader = BufReader::new(socket);
                loop {
                    let (mut head, mut length) = (String::new(), 0);
                    loop {
                        let mut line = String::new();
                        if reader.read_line(&mut line).unwrap_or(0) == 0 {
                            return;
                        }
                        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                            length = value.trim().parse().unwrap();
                        }
                        if line == "\r\n" {
                            break;
                        }
                        head.push_str(&line);
                    }
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).unwrap();
                    sender.send(head + &String::from_utf8(body).unwrap()).unwrap();
                    writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
                }
            });
        }
    });
    (format!("http://publickey@{address}/42"), receiver)
}

struct Bench {
    _directory: tempfile::TempDir,
    dispatch: Dispatch,
    caller: Arc<Caller>,
    reporter: Arc<SentryReporter>,
    received: Receiver<String>,
}

impl Bench {
    fn new() -> Self {
        static WATCHED: OnceLock<()> = OnceLock::new();
        WATCHED.get_or_init(panics::watch);
        let (dsn, received) = sink();
        let reporter = Arc::new(SentryReporter::new(&dsn).unwrap());
        let registry = Arc::new(Registry::new(maitred_party::MIGRATIONS, vec![&DOMAIN]).unwrap());
        let directory = tempfile::tempdir().unwrap();
        let engine = SqliteEngine::new(directory.path(), SqliteOptions::default()).unwrap();
        let store = engine.create("acme", &registry.migrations()).unwrap();
        let dispatch = Dispatch::new(DispatchParts {
            registry,
            door: Arc::new(NoDoor),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds::default()),
            reporter: Some(Arc::clone(&reporter) as _),
            limits: LimitSettings::default(),
            secrets: Secrets { confirm: [1; 32], audit: [2; 32] },
            spawn: None,
            build: "test",
            instructions: String::new(),
        });
        let caller = Arc::new(Caller {
            org: OrgFacts { slug: "acme".into(), name: CANARIES[6].into() },
            store,
            principal: format!("key:{}", CANARIES[1]),
            who: Who::Teammate(Teammate {
                member: CANARIES[3].to_owned(),
                name: CANARIES[6].to_owned(),
                roles: vec!["sales".to_owned()],
                key_label: CANARIES[1].to_owned(),
            }),
            rights: Rights::none(CallerKind::Teammate).grant(
                &[Module::Probe],
                ModeSet::of(&[Mode::Sales]),
                true,
                false,
            ),
            policy: Policy::Direct,
            channel: None,
            fallen: None,
            module_keys: ModuleKeys::new(vec![("probe".to_owned(), Secret::new(CANARIES[0]))]),
        });
        Self { _directory: directory, dispatch, caller, reporter, received }
    }

    fn call(&self, tool: &str, how: &str, text: &str) -> String {
        let guest = self.dispatch.guest(Arc::clone(&self.caller));
        let params = serde_json::json!({"name": tool, "arguments": {"how": how, "text": text}}).to_string();
        let answer = self.dispatch.call_and_wait(&guest, Via::CommandLine, &params).unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    }

    /// Everything that was sent: whole requests, and the events in them.
    fn sent(&self) -> (Vec<String>, Vec<serde_json::Value>) {
        assert!(self.reporter.flush(), "everything leaves within two seconds");
        let mut requests = Vec::new();
        while let Ok(request) = self.received.recv_timeout(Duration::from_millis(300)) {
            requests.push(request);
        }
        let events = requests
            .iter()
            .flat_map(|request| request.lines())
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|json| json.get("fingerprint").is_some())
            .collect();
        (requests, events)
    }
}

#[test]
fn no_secret_reaches_sentry() {
    let bench = Bench::new();
    let everything = CANARIES.join(" and ");
    for tool in ["probe_record_get", "probe_record_update"] {
        for how in ["panic", "defect", "quoted", "full", "other"] {
            let answer = bench.call(tool, how, &everything);
            assert!(answer.contains("isError") && !answer.contains("canary"), "{answer}");
        }
    }
    let (requests, events) = bench.sent();
    assert_eq!(events.len(), 10);
    let all = requests.join("\n").to_lowercase();
    // A few hexadecimal digits are in every id that is made by chance.
    let by_chance = |piece: &str| piece.len() < 8 && piece.bytes().all(|byte| byte.is_ascii_hexdigit());
    for canary in CANARIES {
        let pieces = canary.split([' ', '-', '@']).filter(|piece| piece.len() > 3 && !by_chance(piece));
        for piece in pieces.chain([canary]) {
            assert!(!all.contains(&piece.to_lowercase()), "`{piece}` is in {all}");
        }
    }
    assert!(!all.contains("user\":") && !all.contains("server_name"), "{all}");
}

#[test]
fn events_are_grouped_and_tagged_and_refusals_are_not_sent() {
    let bench = Bench::new();
    for how in ["invalid", "missing", "forbidden", "not"] {
        bench.call("probe_record_get", how, "x");
    }
    let reference = bench.call("probe_record_get", "defect", "one");
    bench.call("probe_record_get", "other", "two");
    bench.call("probe_record_get", "full", "three");
    bench.call("probe_record_update", "panic", "four");
    let (_, events) = bench.sent();
    let groups: Vec<String> = events.iter().map(|event| event["fingerprint"].to_string()).collect();
    assert_eq!(
        groups,
        [
            r#"["probe_record_get","system","internal"]"#,
            r#"["probe_record_get","system","internal"]"#,
            r#"["probe_record_get","infrastructure","storage_full"]"#,
            r#"["probe_record_update","system","internal"]"#,
        ]
    );
    let tags = &events[2]["tags"];
    for (name, value) in [
        ("tool", "probe_record_get"),
        ("module", "probe"),
        ("category", "infrastructure"),
        ("code", "storage_full"),
        ("mode", "sales"),
        ("transport", "cli"),
        ("release", env!("CARGO_PKG_VERSION")),
    ] {
        assert_eq!(tags[name], value, "{tags}");
    }
    assert_eq!(events[0]["extra"]["cause"], "Defect: no such column price near one");
    assert!(reference.contains(events[0]["extra"]["reference"].as_str().unwrap()));
    assert!(events[1]["extra"].get("cause").is_none(), "of a library's words nobody knows what they hold");
    let place = events[3]["extra"]["cause"].as_str().unwrap();
    assert!(place.starts_with("the tool panicked at") && place.contains("sentry.rs:"), "{place}");
}
