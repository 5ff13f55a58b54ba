//! `account_audit_search`: who changed what, through which tool.

use maitred_core::prelude::*;

use crate::audit::{self, EventView, Filter};
use crate::people::sees_costs;
use crate::store::audit::{Event, KEYS, count, search};

/// The tool.
pub struct AuditSearch;

impl Tool for AuditSearch {
    const NAME: &str = "account_audit_search";
    const TITLE: &str = "Search audit trail";
    const ABOUT: &str = "Audit trail: who (person, key or client) changed what through which tool, with before and \
                         after values. Newest first.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: r#"member eve; account_member_update {"member": "@eve", "roles": ["service"]}"#,
        args: r#"{"entity": "@eve", "actor": "@owner", "fields": ["*"]}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = audit::resolve(cx, &args.filter)?;
        let total = page.count.then(|| count(cx, &filter)).transpose()?;
        let rows = search(cx, &filter, page.after.as_deref(), page.fetch())?;
        let (rows, next_cursor) = page.cut(rows, Event::key);
        let costs = sees_costs(cx);
        let events = rows
            .into_iter()
            .map(|event| Ok(Selected::new(EventView::of(event, costs)?, mask)))
            .collect::<ToolResult<_>>()?;
        Ok(Output { events, next_cursor, total })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Filter.
    #[arg(flatten)]
    filter: Filter,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Changes, newest first.
    events: Vec<Selected<EventView>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::expect;
    use maitred_core::caller::Caller;
    use maitred_core::mode::{CallerKind, Mode, ModeSet, Module, Rights};
    use maitred_testkit::{Fixture, check};

    use crate::store::probe::PROBE;

    const GIVEN: &str = r#"member eve; account_member_update {"member": "@eve", "roles": ["service"]};
        probe_gadget_create {"label": "lamp"} as lamp; probe_secret_create {"label": "plan"} as plan"#;

    #[test]
    fn shows_before_and_after() {
        check(
            &crate::DOMAIN,
            r#"member eve; account_member_update {"member": "@eve", "roles": ["service"]}"#,
            "account_audit_search",
            r#"{"count": true}"#,
            expect![[
                r#"{"events":[{"id":"1.1","at":"@now","actor":{"kind":"teammate","id":"@owner","name":"Owner"},"tool":"account_member_update","entity":"member","record":"@eve","change":"updated","untrusted":{"before":{"roles":"sales"},"after":{"roles":"service"}}}],"total":1}"#
            ]],
        );
    }

    fn records(fixture: &Fixture, caller: &Arc<Caller>, args: &str) -> Vec<String> {
        let answer = fixture.call_as(caller, "account_audit_search", args).unwrap();
        let events = answer.json()["events"].as_array().unwrap_or_else(|| panic!("{}", answer.raw)).clone();
        events.iter().map(|event| event["entity"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_office_sees_all_and_others_what_they_may_open() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], GIVEN);
        let office = fixture.caller(&[Mode::Office], false);
        assert_eq!(records(&fixture, &office, "{}"), ["secret", "gadget", "member"]);
        let sales = fixture.caller(&[Mode::Sales], false);
        assert_eq!(records(&fixture, &sales, "{}"), ["gadget"]);
        let without = Rights::none(CallerKind::Teammate).grant(
            &[Module::Account],
            ModeSet::of(&[Mode::Sales]),
            true,
            false,
        );
        assert_eq!(records(&fixture, &fixture.caller_with("sales", without), "{}"), [""; 0]);
        // The owner in another hat still sees what the owner did.
        assert_eq!(records(&fixture, &fixture.caller_with("owner", without), "{}").len(), 3);
    }

    #[test]
    fn filters_narrow() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], GIVEN);
        let owner = fixture.owner();
        for (args, expected) in [
            (r#"{"entity": "@lamp"}"#, vec!["gadget"]),
            (r#"{"entity": "member", "actor": "me"}"#, vec!["member"]),
            (r#"{"actor": "sales"}"#, vec![]),
            (r#"{"tool": "probe_gadget_create"}"#, vec!["gadget"]),
            (r#"{"from": "2026-03-02", "to": "2026-03-02"}"#, vec!["secret", "gadget", "member"]),
            (r#"{"to": "2026-03-01"}"#, vec![]),
        ] {
            assert_eq!(records(&fixture, &owner, args), expected, "{args}");
        }
    }

    #[test]
    fn costs_are_left_out_for_those_who_may_not_read_them() {
        let fixture =
            Fixture::new(&[&crate::DOMAIN, &PROBE], r#"probe_member_create {"label": "eve", "cost": "45"}"#);
        let delivery = fixture.caller_with("delivery", fixture.caller(&[Mode::Office], false).rights);
        let seen = fixture.call_as(&delivery, "account_audit_search", "{}").unwrap();
        assert!(!seen.raw.contains("cost_rate") && seen.raw.contains("weekly_minutes"), "{}", seen.raw);
        assert!(fixture.call("account_audit_search", "{}").raw.contains("\"cost_rate\":45000000"));
    }

    #[test]
    fn pages_hold_every_event_once() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], GIVEN);
        let whole = fixture.call("account_audit_search", "{}").json();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = fixture.call("account_audit_search", &format!("{{\"limit\":1{cursor}}}")).json();
            seen.extend(page["events"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!(",\"cursor\":\"{next}\"");
        }
        assert_eq!(serde_json::Value::from(seen), whole["events"]);
    }

    #[test]
    fn days_must_be_the_right_way_round() {
        check(
            &crate::DOMAIN,
            "",
            "account_audit_search",
            r#"{"from": "2026-03-02", "to": "2026-03-01"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`to` is before `from`","field":"to","retryable":false}}"#
            ]],
        );
    }
}
