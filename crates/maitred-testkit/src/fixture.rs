//! A small organisation on a real engine, and calls through the real dispatch.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use maitred_core::caller::{
    Caller, ClaimedIdentity, KnownClient, ModuleKeys, OrgFacts, Policy, Teammate, Via, Who,
};
use maitred_core::clock::{FixedClock, SerialIds, stamp};
use maitred_core::cx::{Reader, World, Writer};
use maitred_core::dispatch::{Dispatch, DispatchParts, Secrets};
use maitred_core::door::{ClientFacts, Door, Membership};
use maitred_core::error::ToolResult;
use maitred_core::limits::LimitSettings;
use maitred_core::mcp::{Credentials, Refusal};
use maitred_core::mode::{CallerKind, Mode, ModeSet, Module, Rights};
use maitred_core::ports::Ports;
use maitred_core::registry::Registry;
use maitred_core::tool::Domain;
use maitred_party::PartyMembership;
use maitred_party::sources::ExportSink;
use maitred_party::store::members::{self, NewMember};
use maitred_store::engine::write_and_wait;
use maitred_store::{Budget, OrgStore, StoreError, TableContents};

use crate::given;
use crate::home::Home;
use crate::sink::MemorySink;

/// The moment at which every fixture's clock stands: a Monday morning.
pub const NOW: &str = "2026-03-02T10:00:00Z";

/// Members of every fixture, one for each role, called like it.
pub const ROLES: &[&str] =
    &["owner", "admin", "finance", "operations", "delivery", "sales", "service", "success", "viewer"];

/// The answer to a call, with ids replaced by names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// True when the tool refused or failed.
    pub failed: bool,
    /// The JSON text, ids shown as `@name` or `#1`, `#2`, .. in order of appearance, the present moment as `@now`.
    pub text: String,
    /// The JSON text as it came.
    pub raw: String,
}

impl Answer {
    /// The text as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.raw).expect("an answer is JSON")
    }
}

/// An organisation with members of every role and whatever was given.
pub struct Fixture {
    home: Home,
    store: Arc<dyn OrgStore>,
    registry: Arc<Registry>,
    dispatch: Dispatch,
    clock: Arc<FixedClock>,
    ids: Arc<SerialIds>,
    names: RefCell<BTreeMap<String, String>>,
    slug: String,
    sink: MemorySink,
}

struct NoDoor;

impl Door for NoDoor {
    fn admit(&self, _: &Credentials<'_>) -> Result<Arc<Caller>, Refusal> {
        Err(Refusal::Unauthorized)
    }
    fn identify(&self, _: &Arc<Caller>, _: ClaimedIdentity<'_>) -> Result<Arc<Caller>, Refusal> {
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

impl Fixture {
    /// An organisation over these domains with the records of `given`; see the words in [`crate::check`].
    pub fn new(domains: &[&'static Domain], given: &str) -> Self {
        Self::named(domains, given, "acme-test", 1)
    }

    /// Like [`Fixture::new`], with a slug and a series of ids of its own, so that two fixtures share no id.
    pub fn named(domains: &[&'static Domain], given: &str, slug: &str, series: u64) -> Self {
        let (sink, mut ports) = (MemorySink::default(), Ports::default());
        ports.provide::<dyn ExportSink>(Arc::new(sink.clone()));
        let registry = Registry::with_ports(maitred_party::MIGRATIONS, domains.to_vec(), ports)
            .expect("the domains fit together");
        let registry = Arc::new(registry);
        let (home, store) = Home::new(&registry.migrations());
        let clock = Arc::new(FixedClock::new(NOW.parse().expect("a moment")));
        let ids = Arc::new(SerialIds::new(series));
        let dispatch = Dispatch::new(DispatchParts {
            registry: Arc::clone(&registry),
            door: Arc::new(NoDoor),
            clock: Arc::clone(&clock) as _,
            ids: Arc::clone(&ids) as _,
            reporter: None,
            limits: LimitSettings {
                calls_per_second: 1_000_000,
                writes_per_second: 1_000_000,
                inline_time: Duration::from_secs(10),
                call_time: Duration::from_secs(5),
                ..LimitSettings::default()
            },
            secrets: Secrets { confirm: [1; 32], audit: [2; 32] },
            build: "test",
            instructions: String::new(),
            spawn: Some(Arc::new(run_elsewhere)),
        });
        let fixture = Self {
            home,
            store,
            registry,
            dispatch,
            clock,
            ids,
            names: RefCell::default(),
            slug: slug.to_owned(),
            sink,
        };
        let members = fixture
            .write(|db| {
                ROLES
                    .iter()
                    .map(|role| {
                        let (name, email) = (given::capitalised(role), format!("{role}@maison.example"));
                        members::insert(db, &NewMember { name: &name, email: &email, roles: &[role] })
                    })
                    .collect::<ToolResult<Vec<_>>>()
            })
            .expect("members");
        for (role, member) in ROLES.iter().zip(members) {
            fixture.name(role, &member.id.0);
        }
        given::make(&fixture, given);
        fixture
    }

    /// Table, column and type (`TEXT` or `BIGINT`) of every column, as the database itself knows them.
    pub fn schema(&self) -> Vec<(String, String, String)> {
        self.read(|db| Ok(db.all(self.home.columns(), &[])?)).expect("the schema")
    }

    /// The database.
    pub fn store(&self) -> &Arc<dyn OrgStore> {
        &self.store
    }

    /// The dispatch.
    pub fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// The registry.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Where exported files go.
    pub fn sink(&self) -> &MemorySink {
        &self.sink
    }

    /// Puts the clock.
    pub fn set_clock(&self, moment: &str) {
        self.clock.set(moment.parse().expect("a moment"));
    }

    /// Calls an id by a name.
    pub fn name(&self, name: &str, id: &str) {
        self.names.borrow_mut().insert(name.to_owned(), id.to_owned());
    }

    /// The id behind a name.
    pub fn id(&self, name: &str) -> String {
        self.names.borrow().get(name).unwrap_or_else(|| panic!("nothing is called @{name}")).clone()
    }

    /// Every name and id known.
    pub fn ids(&self) -> BTreeMap<String, String> {
        self.names.borrow().clone()
    }

    /// A teammate with these modes in every module; the member of that role when there is one mode only.
    pub fn caller(&self, modes: &[Mode], admin: bool) -> Arc<Caller> {
        let role = match modes {
            [Mode::Sales] => "sales",
            [Mode::Service] => "service",
            [Mode::Success] => "success",
            [Mode::Office] if !admin => "finance",
            _ => "owner",
        };
        let rights = Rights::none(CallerKind::Teammate).grant(Module::ALL, ModeSet::of(modes), true, admin);
        self.caller_with(role, rights)
    }

    /// A teammate: the member called like this role, with these rights.
    pub fn caller_with(&self, role: &str, rights: Rights) -> Arc<Caller> {
        Arc::new(Caller {
            org: OrgFacts { slug: self.slug.as_str().into(), name: "Maison Test".into() },
            store: Arc::clone(&self.store),
            principal: format!("key:{role}"),
            who: Who::Teammate(Teammate {
                member: self.id(role),
                name: given::capitalised(role),
                roles: vec![role.to_owned()],
                key_label: "test".to_owned(),
            }),
            rights,
            policy: Policy::Direct,
            channel: None,
            fallen: None,
            module_keys: ModuleKeys::default(),
        })
    }

    /// A known client: the contact of this name, acting for their company, in mode client_order in every module.
    ///
    /// # Panics
    /// When the directory would not let this contact in; it says why.
    pub fn client_caller(&self, contact: &str) -> Arc<Caller> {
        match self.acting(&self.id(contact)) {
            ClientFacts::Nobody(why) => panic!("@{contact}: {why}"),
            facts => self.client_of(facts),
        }
    }

    fn acting(&self, contact: &str) -> ClientFacts {
        let today = stamp(self.now())[..10].to_owned();
        let mut facts = ClientFacts::Nobody("the read did not run");
        self.store
            .read(&Budget::of(Duration::from_secs(10)), &mut |tx| {
                facts = PartyMembership.client(tx, contact, None, &today).expect("the party tables");
            })
            .expect("a read");
        facts
    }

    fn client_of(&self, facts: ClientFacts) -> Arc<Caller> {
        let ClientFacts::Acting { contact, name, company, company_name, role, is_primary, can_order } = facts
        else {
            panic!("nobody who may act");
        };
        Arc::new(Caller {
            org: OrgFacts { slug: self.slug.as_str().into(), name: "Maison Test".into() },
            store: Arc::clone(&self.store),
            principal: "channel:whatsapp".to_owned(),
            who: Who::Client(KnownClient {
                contact,
                name,
                company,
                company_name,
                role,
                is_primary,
                can_order,
                channel: "whatsapp".to_owned(),
            }),
            rights: Rights::none(CallerKind::Client).grant(
                Module::ALL,
                ModeSet::of(&[Mode::ClientOrder]),
                true,
                false,
            ),
            policy: Policy::Direct,
            channel: None,
            fallen: None,
            module_keys: ModuleKeys::default(),
        })
    }

    /// Some client: the first contact given who may act, else one made for the purpose.
    pub fn any_client(&self) -> Arc<Caller> {
        let mut ids: Vec<String> = self.names.borrow().values().cloned().collect();
        ids.sort_unstable();
        let given =
            ids.iter().map(|id| self.acting(id)).find(|facts| matches!(facts, ClientFacts::Acting { .. }));
        match given {
            Some(facts) => self.client_of(facts),
            None => {
                given::make(self, "company anyhouse; contact anyone company=anyhouse can-order=yes");
                self.client_caller("anyone")
            }
        }
    }

    /// A stranger: mode client_onboard in every module.
    pub fn stranger_caller(&self) -> Arc<Caller> {
        Arc::new(Caller {
            org: OrgFacts { slug: self.slug.as_str().into(), name: "Maison Test".into() },
            store: Arc::clone(&self.store),
            principal: "stranger:whatsapp".to_owned(),
            who: Who::Stranger { channel: "whatsapp".to_owned(), handle: Some("handle".to_owned()) },
            rights: Rights::none(CallerKind::Stranger).grant(
                Module::ALL,
                ModeSet::of(&[Mode::ClientOnboard]),
                true,
                false,
            ),
            policy: Policy::Direct,
            channel: None,
            fallen: None,
            module_keys: ModuleKeys::default(),
        })
    }

    /// A caller in this mode: a teammate, with the admin flag when `admin`, or a client, or a stranger.
    pub fn caller_in(&self, mode: Mode, admin: bool) -> Arc<Caller> {
        match mode {
            Mode::ClientOrder => self.any_client(),
            Mode::ClientOnboard => self.stranger_caller(),
            staff => self.caller(&[staff], admin),
        }
    }

    /// The owner: every mode and the admin flag.
    pub fn owner(&self) -> Arc<Caller> {
        self.caller(&[Mode::Sales, Mode::Service, Mode::Success, Mode::Office], true)
    }

    /// Calls a tool as this caller; `Err` is the text of a JSON-RPC error.
    pub fn call_as(&self, caller: &Arc<Caller>, tool: &str, args: &str) -> Result<Answer, String> {
        let guest = self.dispatch.guest(Arc::clone(caller));
        let params = format!("{{\"name\":\"{tool}\",\"arguments\":{}}}", self.filled(args));
        match self.dispatch.call_and_wait(&guest, Via::CommandLine, &params) {
            Ok(result) => {
                let result: serde_json::Value = serde_json::from_slice(&result).expect("a result is JSON");
                let raw = result["content"][0]["text"].as_str().expect("one text").to_owned();
                Ok(Answer { failed: result["isError"] == true, text: self.shown(&raw), raw })
            }
            Err(error) => Err(format!("{} {}", error.code, error.message)),
        }
    }

    /// Calls a tool as the owner.
    pub fn call(&self, tool: &str, args: &str) -> Answer {
        self.call_as(&self.owner(), tool, args).unwrap_or_else(|error| panic!("{tool}: {error}"))
    }

    /// Calls a tool as the owner and confirms the preview when one is asked for.
    pub fn call_confirmed(&self, tool: &str, args: &str) -> Answer {
        self.confirmed_as(&self.owner(), tool, args).unwrap_or_else(|error| panic!("{tool}: {error}"))
    }

    /// Calls a tool as this caller and confirms the preview when one is asked for.
    pub fn confirmed_as(&self, caller: &Arc<Caller>, tool: &str, args: &str) -> Result<Answer, String> {
        let answer = self.call_as(caller, tool, args)?;
        let json = answer.json();
        if json["error"]["code"] != "preview_required" {
            return Ok(answer);
        }
        let confirm = json["error"]["confirm"].as_str().expect("a preview has a confirm").to_owned();
        self.call_as(caller, tool, &with_member(args, "confirm", &confirm))
    }

    /// `args` with names replaced by ids.
    pub fn filled(&self, args: &str) -> String {
        let names = self.names.borrow();
        let mut by_length: Vec<_> = names.iter().collect();
        by_length.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let mut text = args.to_owned();
        for (name, id) in by_length {
            text = text.replace(&format!("\"@{name}\""), &format!("\"{id}\""));
        }
        text
    }

    /// `text` with ids replaced by names, unnamed ids by `#1`, `#2`, .. and the present moment by `@now`.
    pub fn shown(&self, text: &str) -> String {
        let mut out = text.replace(&stamp(self.now()), "@now");
        for (name, id) in self.names.borrow().iter() {
            out = out.replace(id, &format!("@{name}"));
        }
        let mut seen: Vec<String> = Vec::new();
        let mut at = 0;
        while let Some(found) = next_uuid(&out, at) {
            let id = out[found..found + 36].to_owned();
            let number = seen.iter().position(|known| *known == id).unwrap_or_else(|| {
                seen.push(id);
                seen.len() - 1
            });
            out.replace_range(found..found + 36, &format!("#{}", number + 1));
            at = found;
        }
        out
    }

    /// What every table holds.
    pub fn contents(&self) -> Vec<TableContents> {
        self.store.contents().expect("contents")
    }

    /// The present moment of the fixture.
    pub fn now(&self) -> Timestamp {
        maitred_core::clock::Clock::now(&*self.clock)
    }

    /// Reads outside a call.
    pub fn read<T>(&self, body: impl Fn(&Reader<'_>) -> ToolResult<T>) -> ToolResult<T> {
        let caller = self.owner();
        let menu = self.registry.menu(&caller.rights);
        let mut result = None;
        self.store.read(&Budget::of(Duration::from_secs(10)), &mut |tx| {
            let world =
                World::outside(&caller, &menu, self.registry.ports(), &*self.ids, self.now(), &[1; 32]);
            result = Some(body(&Reader::new(*tx, &world)));
        })?;
        result.expect("the read ran")
    }

    /// Writes outside a call.
    pub fn write<T: Send + 'static>(
        &self,
        body: impl Fn(&Writer<'_>) -> ToolResult<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let caller = if self.names.borrow().contains_key("owner") { self.owner() } else { self.operator() };
        let menu = self.registry.menu(&caller.rights);
        let (registry, ids, now) = (Arc::clone(&self.registry), Arc::clone(&self.ids), self.now());
        write_and_wait(&*self.store, stamp(now), Duration::from_secs(10), move |tx| {
            let world = World::outside(&caller, &menu, registry.ports(), &*ids, now, &[1; 32]);
            body(&Writer::new(tx, &world)).map_err(|error| StoreError::defect(format!("{error:?}")))
        })
    }

    fn operator(&self) -> Arc<Caller> {
        Arc::new(Caller {
            org: OrgFacts { slug: self.slug.as_str().into(), name: "Maison Test".into() },
            store: Arc::clone(&self.store),
            principal: "operator".to_owned(),
            who: Who::Operator { command: "test".to_owned() },
            rights: Rights::none(CallerKind::Teammate),
            policy: Policy::Direct,
            channel: None,
            fallen: None,
            module_keys: ModuleKeys::default(),
        })
    }
}

/// A JSON object's text with one more member.
pub fn with_member(object: &str, name: &str, value: &str) -> String {
    let mut json: serde_json::Value = serde_json::from_str(object).expect("an object");
    json[name] = value.into();
    json.to_string()
}

fn next_uuid(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..bytes.len().saturating_sub(35)).find(|start| {
        bytes[*start..*start + 36].iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
        })
    })
}

/// Runs a future on a thread of its own until it is done or its time is over: all that tests of foreign tools need.
fn run_elsewhere(mut future: Pin<Box<dyn Future<Output = ()> + Send>>, time: Duration) {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    std::thread::spawn(move || {
        let waker = Arc::new(Unpark(std::thread::current())).into();
        let mut context = std::task::Context::from_waker(&waker);
        let end = std::time::Instant::now() + time;
        while future.as_mut().poll(&mut context).is_pending() {
            let left = end.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::park_timeout(left);
        }
    });
}
