//! `crm_action_suggest`: what to do next, in an order that two agents agree on.
//!
//! Rank by F-CRM-4; on a tie the earlier due comes first, then the smaller id. Due is the to-do's due time, the end of a
//! deal's rot days, the start of its close date (a deal without one comes last), the moment a lead was made. Expiring
//! quotes are not among the actions yet: they belong to another module and come with its port.

use maitred_core::mode::{ModeSet, Module};
use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::wire::{Moment, at_field};
use maitred_kernel::{Currency, Stamp, format_minor};
use maitred_party::org;
use maitred_party::store::members;

use crate::formulas::Urgency;
use crate::reports::DAY_MS;
use crate::store::reports::{self, Waiting};

/// The tool.
pub struct ActionSuggest;

impl Tool for ActionSuggest {
    const NAME: &str = "crm_action_suggest";
    const TITLE: &str = "Suggest actions";
    const ABOUT: &str =
        "What to do next, ranked: overdue to-dos, deals without next step, stale deals, new leads.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Success];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example { given: "", args: r#"{"owner": "me"}"# };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let now = cx.stamp();
        let owner = match args.owner.as_deref() {
            Some("anyone") => None,
            text => Some(members::resolve(cx, text.unwrap_or("me"), "owner")?.id.0),
        };
        let owner = owner.as_deref();
        let mut ranked = Vec::new();
        todos(reports::overdue_todos(cx, now, owner)?, now, &mut ranked);
        let zone = &org::settings_of(cx)?.zone;
        for deal in reports::open_deals(cx, now, owner)? {
            let close = deal.close_date.map(|day| day.start(zone)).transpose();
            let close = at_field(close, "owner")?;
            deals(deal, close, now, &mut ranked);
        }
        // Leads are worked on by sales; who has no part in that is not told their names.
        if cx.menu().rights().reads(Module::Crm).meets(ModeSet::of(&[Mode::Sales])) {
            for lead in reports::untouched_leads(cx, owner)? {
                let hours = lead.since.millis_until(now).max(0) / 3_600_000;
                let due = Some(lead.since);
                ranked.push(Ranked::new(Why::UntouchedLead, Urgency::UntouchedLead { hours }, lead, due));
            }
        }
        ranked.sort_by(|a, b| a.order().cmp(&b.order()));
        let total = ranked.len() as i64;
        ranked.truncate(args.limit.unwrap_or(20) as usize);
        let actions = ranked.into_iter().map(|ranked| ranked.view(cx)).collect();
        Ok(Output { actions, total })
    }
}

/// Overdue to-dos, each once: by the record that weighs most.
fn todos(rows: Vec<Waiting>, now: Stamp, ranked: &mut Vec<Ranked>) {
    let mut best: Option<Ranked> = None;
    for todo in rows {
        let days = todo.since.millis_until(now) / DAY_MS;
        let due = Some(todo.since);
        let next = Ranked::new(Why::OverdueTodo, Urgency::OverdueTodo { days }, todo, due);
        match &best {
            Some(known) if known.what.id == next.what.id && known.rank >= next.rank => {}
            Some(known) if known.what.id == next.what.id => best = Some(next),
            _ => ranked.extend(best.replace(next)),
        }
    }
    ranked.extend(best);
}

/// A deal may wait for a next step, and be stale as well.
fn deals(deal: Waiting, close: Option<Stamp>, now: Stamp, ranked: &mut Vec<Ranked>) {
    let over = deal.since.millis_until(now) - deal.rot_days * DAY_MS;
    if over > 0 && deal.rot_days > 0 {
        let stale = deal.since.plus_millis(deal.rot_days * DAY_MS).ok();
        let urgency = Urgency::StaleDeal { days: over / DAY_MS };
        ranked.push(Ranked::new(Why::StaleDeal, urgency, deal.clone(), stale));
    }
    if !deal.planned {
        ranked.push(Ranked::new(Why::NoNextStep, Urgency::NoNextStep, deal, close));
    }
}

struct Ranked {
    why: Why,
    urgency: Urgency,
    rank: i64,
    due: Option<Stamp>,
    what: Waiting,
}

impl Ranked {
    fn new(why: Why, urgency: Urgency, what: Waiting, due: Option<Stamp>) -> Self {
        let rank = urgency.rank_micro(what.value_minor.zip(what.currency));
        Self { why, urgency, rank, due, what }
    }

    /// Highest rank first, then the earlier due, then the smaller id; the two reasons of one deal in a fixed order.
    fn order(&self) -> (std::cmp::Reverse<i64>, bool, Option<Stamp>, &str, Why) {
        (std::cmp::Reverse(self.rank), self.due.is_none(), self.due, &self.what.id, self.why)
    }

    fn view(self, db: &Reader<'_>) -> ActionView {
        let value = self.what.value_minor.zip(self.what.currency);
        let tools: &[&'static str] = match self.why {
            Why::OverdueTodo => &["crm_todo_complete"],
            Why::NoNextStep => &["crm_todo_create"],
            Why::StaleDeal => &["crm_deal_get", "crm_activity_log"],
            Why::UntouchedLead => &["crm_lead_get", "crm_activity_log"],
        };
        ActionView {
            why: self.why,
            detail: match self.urgency {
                Urgency::OverdueTodo { days } => format!("{days} days overdue"),
                Urgency::NoNextStep => "nothing planned".to_owned(),
                Urgency::StaleDeal { days } => format!("{days} days over the rot days of its stage"),
                Urgency::UntouchedLead { hours } => format!("new for {hours} hours"),
            },
            rank: format!("{}.{:03}", self.rank / 1_000_000, self.rank / 1_000 % 1_000),
            record: RecordView { id: self.what.id, number: self.what.number, label: self.what.label },
            value: value.map(|(minor, currency)| format_minor(minor, currency)),
            currency: value.map(|(_, currency)| currency),
            due: self.due,
            // Only what the caller can call.
            suggested_tool: tools.iter().copied().find(|tool| db.menu().find(tool).is_some()),
        }
    }
}

words! {
    /// Why something is to be done.
    pub enum Why {
        /// A to-do is past due.
        OverdueTodo = "overdue_todo",
        /// A deal has no to-do in the future.
        NoNextStep = "no_next_step",
        /// A deal is in its stage for too long.
        StaleDeal = "stale_deal",
        /// Nobody has looked at a lead.
        UntouchedLead = "untouched_lead",
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Member, or `anyone`; you.
    #[arg(max = 200)]
    owner: Option<String>,
    /// Actions (20).
    #[arg(min = 1, max = 100)]
    limit: Option<u32>,
}

/// What the action is about.
#[derive(ToolOutput)]
pub struct RecordView {
    /// Id.
    id: String,
    /// Document number.
    number: Option<String>,
    /// Title or name.
    label: String,
}

/// An action.
#[derive(ToolOutput)]
pub struct ActionView {
    /// Why.
    why: Why,
    /// How urgent, in words.
    detail: String,
    /// Urgency x value.
    rank: String,
    /// The to-do, deal or lead.
    record: RecordView,
    /// What it is worth.
    value: Option<String>,
    /// Currency of the value.
    currency: Option<Currency>,
    /// Since when, or until when.
    due: Option<Stamp>,
    /// The call to make.
    suggested_tool: Option<&'static str>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Actions, the most pressing first.
    actions: Vec<ActionView>,
    /// How many there are in all.
    total: i64,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::mode::Mode;
    use maitred_testkit::Fixture;

    use crate::testing;

    const OWNER: &str = "2026-02-01T10:00:00Z";

    fn fixture() -> Fixture {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; crm_record_import {"kind": "lead", "csv": "name,value,currency\nEve,1000,EUR\n"}"#,
        );
        testing::pipeline(&fixture);
        // 9,000 in its stage for 29 days: 19 over the rot days, and nothing planned but an overdue call.
        testing::deal(&fixture, "roof", "owner", "9000.00 EUR", "first", OWNER);
        let call = r#"{"title": "call", "due_at": "2026-02-27T10:00:00Z", "about": ["@roof", "@acme"]}"#;
        assert!(!fixture.call("crm_todo_create", call).failed);
        testing::deal(&fixture, "door", "owner", "0.00 EUR", "first", "2026-03-02T09:00:00Z");
        testing::deal(&fixture, "theirs", "sales", "5.00 EUR", "first", "2026-03-02T09:00:00Z");
        let next = r#"{"title": "next", "due_at": "2026-03-04T10:00:00Z", "about": ["@door"]}"#;
        assert!(!fixture.call("crm_todo_create", next).failed);
        fixture.set_clock("2026-03-02T12:00:00Z");
        fixture
    }

    #[test]
    fn ranks_by_urgency_and_value() {
        let answer = fixture().call("crm_action_suggest", "{}").json();
        let shown: Vec<String> = answer["actions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|action| {
                let text = |name: &str| action[name].as_str().unwrap().to_owned();
                format!("{} {} {} {}", text("rank"), text("why"), action["record"]["label"], text("detail"))
            })
            .collect();
        // (60 + 3) x 2, (30 + 19) x 2, 40 x 2, and (50 + 1) x 1.301.
        expect![[r#"
            126.000 overdue_todo "call" 3 days overdue
            98.000 stale_deal "roof" 19 days over the rot days of its stage
            80.000 no_next_step "roof" nothing planned
            66.351 untouched_lead "Eve" new for 2 hours"#]]
        .assert_eq(&shown.join("\n"));
    }

    #[test]
    fn others_have_other_actions_and_success_sees_no_leads() {
        let fixture = fixture();
        let labels = |mode: Mode, args: &str| {
            let json =
                fixture.call_as(&fixture.caller(&[mode], false), "crm_action_suggest", args).unwrap().json();
            let actions = json["actions"].as_array().unwrap().clone();
            actions
                .iter()
                .map(|action| action["record"]["label"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(labels(Mode::Sales, "{}"), ["Eve", "theirs"]);
        assert_eq!(labels(Mode::Success, r#"{"owner": "sales"}"#), ["theirs"]);
        assert_eq!(labels(Mode::Sales, r#"{"owner": "anyone", "limit": 1}"#), ["call"]);
    }

    #[test]
    fn names_who_is_not_known() {
        let answer = fixture().call("crm_action_suggest", r#"{"owner": "nobody"}"#);
        expect![[r#"{"error":{"category":"domain","code":"not_found","message":"no member fits `nobody`","field":"owner","hint":"account_member_list shows the members","retryable":false}}"#]].assert_eq(&answer.text);
    }
}
