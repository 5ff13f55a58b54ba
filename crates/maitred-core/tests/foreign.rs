//! Tools that front other systems: they get their own module's key, a deadline, and are trusted with nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use maitred_core::args::Arguments;
use maitred_core::caller::{Caller, ModuleKeys, Secret};
use maitred_core::effect::EffectFacts;
use maitred_core::error::ToolResult;
use maitred_core::mode::{Mode, ModeSet, Module};
use maitred_core::paging::Paging;
use maitred_core::tool::{Body, Domain, Example, ForeignCall, ForeignTool, ToolEntry};
use maitred_testkit::Fixture;

struct Remote;

#[async_trait]
impl ForeignTool for Remote {
    async fn call(&self, call: ForeignCall) -> ToolResult<String> {
        match call.arguments.as_str() {
            r#"{"limit":1}"# => {
                let key = call.module_key().map_or("none", Secret::expose);
                Ok(format!(r#"{{"own_key":{},"dry_run":{}}}"#, key == "canary-probe-key", call.dry_run))
            }
            r#"{"limit":2}"# => Ok("not json".to_owned()),
            _ => std::future::pending().await,
        }
    }
}

const FACTS: EffectFacts = EffectFacts {
    read: false,
    destructive: false,
    idempotent: true,
    leaves_house: true,
    preview_first: false,
    long: false,
};

static TOOLS: [ToolEntry; 1] = [ToolEntry {
    name: "probe_remote_set",
    title: "Remote",
    about: "Asks another system, for the tests of how such tools are run.",
    modes: ModeSet::of(&[Mode::Sales]),
    effect: FACTS,
    report: false,
    admin: false,
    example: Example { given: "", args: "{}" },
    fields: Paging::fields,
    output_schema: |out| out.push_str("\"type\":\"object\""),
    body: Body::Foreign(&Remote),
}];

static DOMAIN: Domain = Domain {
    module: Module::Probe,
    tools: &TOOLS,
    migrations: &[],
    requires: &[],
    provides: |_| {},
    check: |_| Ok(()),
};

fn caller(fixture: &Fixture) -> Arc<Caller> {
    let plain = fixture.owner();
    Arc::new(Caller {
        org: plain.org.clone(),
        store: Arc::clone(&plain.store),
        principal: plain.principal.clone(),
        who: plain.who.clone(),
        rights: plain.rights,
        policy: plain.policy,
        channel: None,
        fallen: None,
        module_keys: ModuleKeys::new(vec![
            ("probe".to_owned(), Secret::new("canary-probe-key")),
            ("crm".to_owned(), Secret::new("canary-crm-key")),
        ]),
    })
}

#[test]
fn a_foreign_tool_sees_the_key_of_its_own_module() {
    let fixture = Fixture::new(&[&DOMAIN], "");
    let caller = caller(&fixture);
    let answer = fixture.call_as(&caller, "probe_remote_set", r#"{"limit": 1, "dry_run": true}"#).unwrap();
    assert_eq!(answer.raw, r#"{"own_key":true,"dry_run":true}"#);
    assert!(!format!("{:?}", caller.module_keys).contains("canary"));
}

#[test]
fn what_is_no_json_object_goes_no_further() {
    let fixture = Fixture::new(&[&DOMAIN], "");
    let answer = fixture.call_as(&caller(&fixture), "probe_remote_set", r#"{"limit": 2}"#).unwrap();
    assert_eq!(answer.json()["error"]["code"], "internal");
    assert!(!answer.raw.contains("not json"));
}

#[test]
fn silence_ends_with_the_deadline() {
    let fixture = Fixture::new(&[&DOMAIN], "");
    let answer = fixture.call_as(&caller(&fixture), "probe_remote_set", r#"{"limit": 3}"#).unwrap();
    assert_eq!(answer.json()["error"]["code"], "network_unavailable");
    assert_eq!(answer.json()["error"]["retryable"], true);
}
