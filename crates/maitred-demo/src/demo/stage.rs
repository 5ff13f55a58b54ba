//! Where the past is played: every event is a tool called by somebody at its own moment.
//!
//! Nothing of trade is written by hand. What an order, a delivery or an invoice is, the tools know; here they are only
//! called in the order of their days. A tool that refuses leaves no trace, and the story goes on without it.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use maitred_core::args::Object;
use maitred_core::caller::{Caller, KnownClient, ModuleKeys, OrgFacts, Policy, Teammate, Who};
use maitred_core::clock::{Ids, stamp};
use maitred_core::cx::{World, Writer};
use maitred_core::error::{Code, ToolError, ToolResult};
use maitred_core::menu::Menu;
use maitred_core::mode::{CallerKind, Module, Rights};
use maitred_core::registry::Registry;
use maitred_core::roles;
use maitred_core::tool::Body;
use maitred_kernel::Stamp;
use maitred_party::model::Member;
use maitred_party::sources::SettingSource;
use maitred_store::{OrgStore, WriteTx};
use serde_json::Value;

use crate::Target;

/// What a stage takes from the target.
pub struct House {
    org: OrgFacts,
    store: Arc<dyn OrgStore>,
    registry: Arc<Registry>,
    ids: Arc<dyn Ids>,
    key: [u8; 32],
}

impl House {
    /// That of a target.
    pub fn of(target: &Target) -> Self {
        Self {
            org: target.org.clone(),
            store: Arc::clone(&target.store),
            registry: Arc::clone(&target.registry),
            ids: Arc::clone(&target.ids),
            key: target.audit_key,
        }
    }
}

/// Somebody who acts.
pub struct Actor {
    caller: Caller,
    menu: Arc<Menu>,
}

/// Who does the house's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Sells.
    Sales,
    /// Buys, stores and ships.
    Operations,
    /// Bills and collects.
    Finance,
    /// Looks after what went wrong.
    Service,
    /// Orders for themselves.
    Client,
}

/// See the module.
pub struct Stage<'a> {
    tx: &'a WriteTx<'a>,
    house: &'a House,
    actors: Vec<(Part, Actor)>,
    calls: Cell<usize>,
    refused: RefCell<Vec<String>>,
}

impl<'a> Stage<'a> {
    /// A stage in the transaction of `db`, with the first member of each part and the client.
    pub fn new(
        db: &Writer<'a>,
        house: &'a House,
        members: &[Member],
        client: KnownClient,
    ) -> ToolResult<Self> {
        let mut actors = Vec::new();
        for (part, role) in [
            (Part::Sales, "sales"),
            (Part::Operations, "operations"),
            (Part::Finance, "finance"),
            (Part::Service, "service"),
        ] {
            if let Some(member) = members.iter().find(|member| member.roles == role) {
                actors.push((part, house.teammate(member)?));
            }
        }
        actors.push((Part::Client, house.client(client)));
        Ok(Self { tx: db.tx(), house, actors, calls: Cell::new(0), refused: RefCell::default() })
    }

    /// True when this build has the module.
    pub fn has(&self, module: Module) -> bool {
        self.house.registry.domains().iter().any(|domain| domain.module == module)
    }

    /// Calls that were made, and what was refused, each with the tool's name in front.
    pub fn reviewed(self) -> (usize, Vec<String>) {
        (self.calls.get(), self.refused.into_inner())
    }

    /// Calls a tool at a moment; nothing when it refuses.
    pub fn ask(&self, at: Stamp, part: Part, tool: &str, arguments: &Value) -> ToolResult<Option<Value>> {
        match self.call(at, part, tool, arguments)? {
            Ok(answer) => Ok(Some(answer)),
            Err(refusal) => {
                let field = refusal.field_name().unwrap_or_default();
                self.refused.borrow_mut().push(format!("{tool} at {at}: {} {field}", refusal.message()));
                Ok(None)
            }
        }
    }

    /// Calls a tool that has no reason to refuse.
    pub fn must(&self, at: Stamp, part: Part, tool: &str, arguments: &Value) -> ToolResult<Value> {
        self.call(at, part, tool, arguments)?.map_err(|refusal| {
            let field = refusal.field_name().unwrap_or_default().to_owned();
            fault(format!("the demo's own call of `{tool}` was refused: {} {field}", refusal.message()))
        })
    }

    /// Sets a section of the settings, where this build has it.
    pub fn set(&self, at: Stamp, section: &str, change: impl FnOnce(Value) -> Value) -> ToolResult<()> {
        let outcome = self.play(at, Part::Finance, |db| {
            let found = db.ports::<dyn SettingSource>().iter().find(|source| source.section() == section);
            let Some(source) = found else { return Ok(()) };
            let before: Value = serde_json::from_str(&source.get(&db)?).map_err(ToolError::internal)?;
            source.set(&db, &change(before).to_string()).map(drop)
        })?;
        outcome.map_err(|error| fault(format!("the section `{section}`: {}", error.message())))
    }

    fn call(
        &self,
        at: Stamp,
        part: Part,
        tool: &str,
        arguments: &Value,
    ) -> ToolResult<Result<Value, ToolError>> {
        let found = self.house.registry.tools().iter().find(|known| known.entry.name == tool);
        let Some(found) = found else {
            return Ok(Err(ToolError::new(Code::ModuleMissing, "this build does not have it")));
        };
        self.calls.set(self.calls.get() + 1);
        let text = arguments.to_string();
        let body = found.entry.body;
        let outcome = self.play(at, part, |db| {
            let object = Object::parse(&text)?;
            let mut out = Vec::new();
            match body {
                Body::Write(body) => body(db, object, &mut out)?,
                Body::Read(body) => body(*db, object, &mut out)?,
                Body::Foreign(_) => return Err(ToolError::new(Code::Invalid, "it is done elsewhere")),
            }
            Ok(out)
        })?;
        match outcome {
            Ok(out) => Ok(Ok(serde_json::from_slice(&out).map_err(ToolError::internal)?)),
            Err(error) if error.code() == Code::Internal => Err(error),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    fn play<T>(
        &self,
        at: Stamp,
        part: Part,
        body: impl FnOnce(Writer<'_>) -> ToolResult<T>,
    ) -> ToolResult<ToolResult<T>> {
        let Some((_, actor)) = self.actors.iter().find(|(known, _)| *known == part) else {
            return Err(fault(format!("nobody plays {part:?}")));
        };
        let now = at.timestamp();
        let house = self.house;
        Ok(self.tx.replay(stamp(now), |tx| {
            let ports = house.registry.ports();
            let world = World::outside(&actor.caller, &actor.menu, ports, &*house.ids, now, &house.key);
            body(Writer::new(tx, &world))
        })?)
    }
}

impl House {
    fn teammate(&self, member: &Member) -> ToolResult<Actor> {
        let rights = roles::rights(&[member.roles.as_str()])
            .map_err(|_| fault(format!("`{}` is no role", member.roles)))?;
        let teammate = Teammate {
            member: member.id.0.clone(),
            name: member.name.clone(),
            roles: vec![member.roles.clone()],
            key_label: "demo".to_owned(),
        };
        Ok(self.actor(Who::Teammate(teammate), rights))
    }

    fn client(&self, client: KnownClient) -> Actor {
        self.actor(Who::Client(client), Rights::none(CallerKind::Client))
    }

    fn actor(&self, who: Who, rights: Rights) -> Actor {
        let caller = Caller {
            org: self.org.clone(),
            store: Arc::clone(&self.store),
            principal: "demo".to_owned(),
            who,
            rights,
            policy: Policy::Direct,
            channel: None,
            fallen: None,
            module_keys: ModuleKeys::default(),
        };
        Actor { menu: self.registry.menu(&caller.rights), caller }
    }
}

/// A defect of the demo.
pub fn fault(what: String) -> ToolError {
    ToolError::new(Code::Internal, what)
}

/// The text at a place of an answer; empty where there is none.
pub fn text<'v>(answer: &'v Value, pointer: &str) -> &'v str {
    answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
