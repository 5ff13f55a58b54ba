//! A member of the demo at work.

use std::sync::Arc;

use maitred_core::caller::{Caller, ModuleKeys, OrgFacts, Policy, Teammate, Via, Who};
use maitred_core::mode::{CallerKind, Mode, ModeSet, Module, Rights};
use maitred_demo::Target;
use maitred_demo::demo::DemoFacts;
use maitred_testkit::Fixture;
use serde_json::Value;

/// A member of the demo with every mode; the fixture lends its dispatch, whose clock stands where the demo's does.
pub struct Desk {
    fixture: Fixture,
    caller: Arc<Caller>,
}

impl Desk {
    /// Their desk.
    pub fn new(fixture: Fixture, target: &Target, facts: &DemoFacts, role: &str) -> Self {
        let member = facts.member(role).unwrap();
        let modes = ModeSet::of(&[Mode::Sales, Mode::Service, Mode::Success, Mode::Office]);
        let caller = Arc::new(Caller {
            org: OrgFacts { slug: "valbrune".into(), name: "Valbrune".into() },
            store: Arc::clone(&target.store),
            principal: format!("key:{role}"),
            who: Who::Teammate(Teammate {
                member: member.id.0.clone(),
                name: member.name.clone(),
                roles: vec![role.to_owned()],
                key_label: "test".to_owned(),
            }),
            rights: Rights::none(CallerKind::Teammate).grant(Module::ALL, modes, true, true),
            policy: Policy::Direct,
            channel: None,
            fallen: None,
            module_keys: ModuleKeys::default(),
        });
        Self { fixture, caller }
    }

    /// What a tool answers.
    pub fn call(&self, tool: &str, arguments: &str) -> Value {
        let guest = self.fixture.dispatch().guest(Arc::clone(&self.caller));
        let params = format!("{{\"name\":\"{tool}\",\"arguments\":{arguments}}}");
        let answer = self.fixture.dispatch().call_and_wait(&guest, Via::CommandLine, &params);
        let result: Value =
            serde_json::from_slice(&answer.unwrap_or_else(|error| panic!("{tool}: {}", error.message)))
                .unwrap();
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(result["isError"] != true, "{tool} {arguments}: {text}");
        serde_json::from_str(text).unwrap()
    }
}
