//! The menu as a lattice: what is listed is what can be called, fewer rights never show more, pages join to the whole,
//! and a hidden tool is answered like one that does not exist.

#![allow(clippy::expect_used, reason = "this is test code: what is not there is a failed test")]

use std::collections::BTreeSet;
use std::sync::Arc;

use maitred_core::caller::{Caller, Via};
use maitred_core::dispatch::Dispatch;
use maitred_core::mcp::{CancelFlag, Done, Handled, LogLevel, Outlet, Request, Service, Ticket, Transport};
use maitred_core::menu::{PAGE, admits};
use maitred_core::mode::{CallerKind, Mode, ModeSet, Module, Rights};
use maitred_core::prelude::*;
use maitred_core::tool::{Domain, ToolEntry, entry};
use maitred_testkit::Fixture;
use serde_json::Value;

#[derive(ToolArgs)]
struct Args {}

#[derive(ToolOutput)]
struct Output {
    /// Always true.
    ok: bool,
}

macro_rules! tools {
    ($($name:ident = $text:literal, $effect:ident, $constant:ident, $admin:literal, $modes:expr;)+) => { $(
        struct $name;
        impl Tool for $name {
            const NAME: &str = $text;
            const TITLE: &str = "Probe";
            const ABOUT: &str = "A tool of the test of menus, which answers that it was called.";
            const MODES: &[Mode] = $modes;
            const EFFECT: $effect = $effect::$constant;
            const ADMIN: bool = $admin;
            const EXAMPLE: Example = Example { given: "", args: "{}" };
            type Effect = $effect;
            type Audience = Anyone;
            type Args = Args;
            type Output = Output;
            fn call(_: &mut Cx<'_, $effect, Anyone>, _: Args) -> ToolResult<Output> {
                Ok(Output { ok: true })
            }
        }
    )+ };
}

tools! {
    ForAll = "probe_all_get", Read, KEYED, false, Mode::ALL;
    Bosses = "probe_boss_get", Read, KEYED, true, &[Mode::Sales, Mode::Office];
    BossWrite = "probe_boss_update", Write, PLAIN, true, &[Mode::Office];
    Clients = "probe_my_thing_get", Read, KEYED, false, &[Mode::ClientOrder];
    SalesRead = "probe_sale_get", Read, KEYED, false, &[Mode::Sales];
    SalesWrite = "probe_sale_update", Write, PLAIN, false, &[Mode::Sales, Mode::Success];
    Crm = "crm_probe_get", Read, KEYED, false, &[Mode::Sales, Mode::Service];
    CrmWrite = "crm_probe_update", Write, PLAIN, false, &[Mode::Service];
}

static PROBE: Domain = domain(
    Module::Probe,
    &[
        entry::<ForAll>(),
        entry::<Bosses>(),
        entry::<BossWrite>(),
        entry::<Clients>(),
        entry::<SalesRead>(),
        entry::<SalesWrite>(),
    ],
);
static CRM: Domain = domain(Module::Crm, &[entry::<Crm>(), entry::<CrmWrite>()]);

const fn domain(module: Module, tools: &'static [ToolEntry]) -> Domain {
    Domain { module, tools, migrations: &[], requires: &[], provides: |_| {}, check: |_| Ok(()) }
}

/// Every set of rights that a few modules, modes, writes and the admin flag make.
fn rights() -> Vec<Rights> {
    let modes = [Mode::Sales, Mode::Service, Mode::Success, Mode::Office, Mode::ClientOrder];
    let mut all = Vec::new();
    for modules in [&[][..], &[Module::Probe], &[Module::Crm], &[Module::Probe, Module::Crm]] {
        for set in 0..1_u32 << modes.len() {
            let chosen: Vec<Mode> =
                (0..modes.len()).filter(|bit| set & (1 << bit) != 0).map(|bit| modes[bit]).collect();
            for (write, admin) in [(false, false), (true, false), (false, true), (true, true)] {
                let kind = CallerKind::Teammate;
                all.push(Rights::none(kind).grant(modules, ModeSet::of(&chosen), write, admin));
            }
        }
    }
    // Rights that differ from module to module, as two roles make them.
    all.push(
        Rights::none(CallerKind::Teammate)
            .grant(&[Module::Probe], ModeSet::of(&[Mode::Sales]), false, false)
            .grant(&[Module::Crm], ModeSet::of(&[Mode::Service]), true, false),
    );
    all
}

struct Nobody;

impl Outlet for Nobody {
    fn progress(&self, _: u64, _: Option<u64>, _: Option<&str>) {}
    fn log(&self, _: LogLevel, _: &str, _: &str) {}
    fn wants_progress(&self) -> bool {
        false
    }
}

fn page(dispatch: &Dispatch, caller: &Arc<Caller>, params: Option<&str>) -> Result<Value, String> {
    let guest = dispatch.guest(Arc::clone(caller));
    let request = Request { method: "tools/list", params };
    let handled = dispatch.handle(&guest, request, Transport::Stdio, &mut || Ticket {
        cancel: CancelFlag::default(),
        outlet: Arc::new(Nobody),
        done: Done::new(drop),
    });
    match handled {
        Handled::Now(Ok(bytes)) => Ok(serde_json::from_slice(&bytes).expect("a page is JSON")),
        Handled::Now(Err(error)) => Err(error.message.into_owned()),
        _ => panic!("a list is answered at once"),
    }
}

/// The definitions on all pages, in order, and how many pages there are.
fn listed(dispatch: &Dispatch, caller: &Arc<Caller>) -> (Vec<Value>, usize) {
    let (mut tools, mut pages, mut params) = (Vec::new(), 0, None::<String>);
    loop {
        let page = page(dispatch, caller, params.as_deref()).expect("a page");
        pages += 1;
        tools.extend(page["tools"].as_array().expect("tools").clone());
        match page["nextCursor"].as_str() {
            Some(next) => params = Some(format!("{{\"cursor\":\"{next}\"}}")),
            None => return (tools, pages),
        }
    }
}

fn names(tools: &[Value]) -> BTreeSet<String> {
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn what_is_listed_is_what_can_be_called() {
    let fixture = Fixture::new(&[&PROBE, &CRM], "");
    let all = fixture.registry().tools();
    for rights in rights() {
        let caller = fixture.caller_with("owner", rights);
        let listed = names(&listed(fixture.dispatch(), &caller).0);
        for tool in all {
            let name = tool.entry.name;
            let called = fixture.call_as(&caller, name, "{}");
            assert_eq!(called.is_ok(), listed.contains(name), "{name} with {rights:?}: {called:?}");
            assert_eq!(admits(&tool.entry, tool.module, &rights).is_ok(), listed.contains(name), "{name}");
        }
    }
}

#[test]
fn fewer_rights_never_show_more() {
    let fixture = Fixture::new(&[&PROBE, &CRM], "");
    let menu = |rights: &Rights| -> BTreeSet<&'static str> {
        fixture.registry().menu(rights).tools().iter().map(|tool| tool.entry.name).collect()
    };
    let mut narrowed_something = false;
    for rights in rights() {
        let whole = menu(&rights);
        let mut fewer = vec![rights.read_only(), rights.without_admin()];
        for modules in [&[][..], &[Module::Probe], &[Module::Crm, Module::Desk]] {
            fewer.push(rights.only_modules(modules));
        }
        for mode in Mode::ALL {
            fewer.push(rights.only_modes(ModeSet::of(&[*mode])));
            fewer.push(rights.only_modes(ModeSet::of(&[*mode, Mode::Sales])).read_only());
        }
        for less in fewer {
            let part = menu(&less);
            assert!(part.is_subset(&whole), "{less:?} shows more than {rights:?}");
            narrowed_something |= part.len() < whole.len();
        }
    }
    assert!(narrowed_something);
}

/// Enough tools for three pages, each with a name of its own.
fn many(module: Module, count: usize) -> &'static Domain {
    let tools: Vec<ToolEntry> = (0..count)
        .map(|number| {
            let mut tool = entry::<ForAll>();
            tool.name = Box::leak(format!("{module}_thing{number:04}_get").into_boxed_str());
            tool
        })
        .collect();
    Box::leak(Box::new(domain(module, Box::leak(tools.into_boxed_slice()))))
}

#[test]
fn pages_join_to_the_whole() {
    for count in [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 44] {
        let fixture = Fixture::new(&[many(Module::Desk, count)], "");
        let caller = fixture.owner();
        let (tools, pages) = listed(fixture.dispatch(), &caller);
        assert_eq!(pages, count.div_ceil(PAGE).max(1));
        assert_eq!(names(&tools).len(), count, "each tool once");
        let menu = fixture.registry().menu(&caller.rights);
        let whole: Vec<Value> =
            menu.tools().iter().map(|tool| serde_json::from_str(&tool.definition).expect("JSON")).collect();
        assert_eq!(tools, whole);
    }
    let fixture = Fixture::new(&[many(Module::Desk, PAGE + 1)], "");
    for cursor in ["p0", "p2", "", "1", "p1 "] {
        assert!(
            page(fixture.dispatch(), &fixture.owner(), Some(&format!("{{\"cursor\":\"{cursor}\"}}")))
                .is_err()
        );
    }
}

/// The same call against a server that hides the tool and against one that does not have it.
#[test]
fn a_hidden_tool_is_answered_like_one_that_does_not_exist() {
    let (with, without) = (Fixture::new(&[&PROBE, &CRM], ""), Fixture::new(&[many(Module::Desk, 1)], ""));
    let mut compared = 0;
    for rights in rights() {
        let (here, there) = (with.caller_with("owner", rights), without.caller_with("owner", rights));
        for tool in with.registry().tools() {
            if admits(&tool.entry, tool.module, &rights).is_ok() {
                continue;
            }
            for params in [
                format!(r#"{{"name":"{}"}}"#, tool.entry.name),
                format!(r#"{{"name":"{}","arguments":{{"no":"such","dry_run":true}}}}"#, tool.entry.name),
            ] {
                let answer = |fixture: &Fixture, caller: &Arc<Caller>| {
                    let guest = fixture.dispatch().guest(Arc::clone(caller));
                    fixture.dispatch().call_and_wait(&guest, Via::CommandLine, &params)
                };
                let hidden = answer(&with, &here).expect_err("it is hidden");
                assert_eq!(hidden, answer(&without, &there).expect_err("it does not exist"));
                compared += 1;
            }
        }
    }
    assert!(compared > 1_000);
}
