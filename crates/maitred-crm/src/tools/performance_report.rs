//! `crm_performance_report`: how much of what was closed was won, how long it took, and why the rest was lost.

use std::collections::{BTreeMap, HashMap};

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::wire::{Moment, at_field};
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::org;

use crate::formulas::{ClosedSum, ratio_text};
use crate::model::{AboutKind, DealStatus};
use crate::rates::Rates;
use crate::reports::{DAY_MS, too_large};
use crate::store::reports::{self, Closed};
use crate::store::segments;

/// The tool.
pub struct PerformanceReport;

impl Tool for PerformanceReport {
    const NAME: &str = "crm_performance_report";
    const TITLE: &str = "Report performance";
    const ABOUT: &str = "Win rate, cycle time, loss reasons and activity counts by rep, source or segment.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: "company acme; crm_activity_log {\"kind\": \"call\", \"about\": [\"@acme\"], \"summary\": \"x\"}",
        args: r#"{"from": "2026-01-01", "to": "2026-03-31", "group_by": "owner"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        if args.to < args.from {
            return Err(invalid("to", "is before `from`"));
        }
        let settings = org::settings_of(cx)?;
        let (from, _) = at_field(args.from.bounds(&settings.zone), "from")?;
        let (_, to) = at_field(args.to.bounds(&settings.zone), "to")?;
        let window = (from, to);
        let day = args.to.min(cx.stamp().day(&settings.zone));
        let all = reports::closed(cx, from, to, None)?;
        let mut rates = Rates::new(settings.currency, day);
        reports::learn(cx, &mut rates, all.iter().map(|deal| deal.currency))?;
        let mut cohorts: BTreeMap<(String, String), Cohort> = BTreeMap::new();
        match args.group_by {
            GroupBy::Owner => by_owner(cx, &all, window, &mut cohorts)?,
            GroupBy::Source => by_source(cx, &all, window, &mut cohorts)?,
            GroupBy::Segment => by_segment(cx, window, &mut cohorts)?,
        }
        let cohorts = cohorts.into_iter();
        let rows = cohorts.map(|((name, id), cohort)| cohort.row(name, id, &mut rates));
        let rows = rows.collect::<ToolResult<_>>()?;
        let whole = Cohort { deals: all, activities: Counts::default() };
        let total = whole.row("all".to_owned(), String::new(), &mut rates)?;
        Ok(Output { currency: rates.base(), rows, total, missing_rates: rates.missing() })
    }
}

/// The deals closed in the window that make a row, and what was done for them.
#[derive(Default)]
struct Cohort {
    deals: Vec<Closed>,
    activities: Counts,
}

type Window = (maitred_kernel::Stamp, maitred_kernel::Stamp);
type Cohorts = BTreeMap<(String, String), Cohort>;

fn by_owner(db: &Reader<'_>, all: &[Closed], (from, to): Window, cohorts: &mut Cohorts) -> ToolResult<()> {
    let names = reports::member_names(db)?;
    let key = |id: &str| (names.get(id).cloned().unwrap_or_default(), id.to_owned());
    for deal in all {
        cohorts.entry(key(&deal.owner_id)).or_default().deals.push(deal.clone());
    }
    for (member, kind, count) in reports::activities_by_member(db, from, to)? {
        cohorts.entry(key(&member)).or_default().activities.add(&kind, count);
    }
    Ok(())
}

fn by_source(db: &Reader<'_>, all: &[Closed], (from, to): Window, cohorts: &mut Cohorts) -> ToolResult<()> {
    for deal in all {
        let source = deal.source.clone().unwrap_or_else(|| "unknown".to_owned());
        cohorts.entry((source, String::new())).or_default().deals.push(deal.clone());
    }
    count_activities(db, (from, to), cohorts)
}

/// A deal is in a segment of deals by itself and in a segment of companies by its company; it may be in several.
fn by_segment(db: &Reader<'_>, (from, to): Window, cohorts: &mut Cohorts) -> ToolResult<()> {
    for entity in [AboutKind::Company, AboutKind::Deal] {
        for segment in segments::all(db, Some(entity))? {
            let deals = reports::closed(db, from, to, Some((entity, &segment.id.0)))?;
            cohorts.insert((segment.name, segment.id.0), Cohort { deals, activities: Counts::default() });
        }
    }
    count_activities(db, (from, to), cohorts)
}

/// Activities about the deals of each cohort.
fn count_activities(db: &Reader<'_>, (from, to): Window, cohorts: &mut Cohorts) -> ToolResult<()> {
    let mut counts: HashMap<String, Vec<(String, i64)>> = HashMap::new();
    for (deal, kind, count) in reports::activities_by_deal(db, from, to)? {
        counts.entry(deal).or_default().push((kind, count));
    }
    for cohort in cohorts.values_mut() {
        for deal in &cohort.deals {
            for (kind, count) in counts.get(&deal.id).into_iter().flatten() {
                cohort.activities.add(kind, *count);
            }
        }
    }
    Ok(())
}

impl Cohort {
    fn row(self, group: String, id: String, rates: &mut Rates) -> ToolResult<Row> {
        let (mut sum, mut reasons) = (ClosedSum::default(), Counts::default());
        for deal in &self.deals {
            let amount = too_large(rates.to_base(deal.amount_minor, deal.currency))?;
            let days = deal.opened_at.millis_until(deal.closed_at).max(0) / DAY_MS;
            too_large(sum.add(deal.status == DealStatus::Won, amount, days))?;
            if let Some(reason) = &deal.lost_reason {
                reasons.add(reason, 1);
            }
        }
        Ok(Row {
            group,
            id: Some(id).filter(|id| !id.is_empty()),
            won: sum.won,
            lost: sum.lost,
            won_amount: format_minor(sum.won_amount, rates.base()),
            lost_amount: format_minor(sum.lost_amount, rates.base()),
            win_rate: sum.win_rate().map(ratio_text),
            win_rate_by_amount: sum.win_rate_by_amount().map(ratio_text),
            cycle_days: sum.cycle_days(),
            loss_reasons: Some(reasons).filter(|reasons| !reasons.0.is_empty()),
            activities: Some(self.activities).filter(|counts| !counts.0.is_empty()),
            too_few_to_judge: sum.too_few().then_some(true),
        })
    }
}

words! {
    /// What makes a row.
    pub enum GroupBy {
        /// The deal's owner.
        Owner = "owner",
        /// Source of its lead, else of its company.
        Source = "source",
        /// A saved segment of companies or deals.
        Segment = "segment",
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// First day of closing.
    from: Day,
    /// Last day.
    to: Day,
    /// Row; segments may overlap.
    group_by: GroupBy,
}

/// A row.
#[derive(ToolOutput)]
pub struct Row {
    /// Member, source or segment.
    group: String,
    /// Its id.
    id: Option<String>,
    /// Deals won.
    won: i64,
    /// Deals lost.
    lost: i64,
    /// Amount won, converted.
    won_amount: String,
    /// Amount lost, converted.
    lost_amount: String,
    /// Won / closed by count.
    win_rate: Option<String>,
    /// Won / closed by amount.
    win_rate_by_amount: Option<String>,
    /// Median days from making to closing.
    cycle_days: Option<i64>,
    /// Lost deals by reason.
    loss_reasons: Option<Counts>,
    /// Activities in the window by kind: of the member, or about the row's deals.
    activities: Option<Counts>,
    /// True with fewer than 5 closed deals: rates say nothing.
    too_few_to_judge: Option<bool>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Currency of the amounts.
    currency: Currency,
    /// Rows by name.
    rows: Vec<Row>,
    /// Every deal closed in the window, once.
    total: Row,
    /// Amounts left out for want of a rate.
    missing_rates: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    use crate::model::LostReason;
    use crate::testing;

    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn fixture() -> Fixture {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme");
        testing::pipeline(&fixture);
        for name in NAMES {
            testing::deal(&fixture, name, "sales", "100.00 EUR", "first", "2026-01-01T10:00:00Z");
        }
        testing::deal(&fixture, "other", "owner", "50.00 USD", "first", "2026-01-01T10:00:00Z");
        for (name, stage, at) in [
            ("a", "won", "2026-01-11T10:00:00Z"),
            ("b", "won", "2026-01-21T10:00:00Z"),
            ("c", "lost", "2026-01-31T23:59:59Z"),
            ("d", "lost", "2026-01-15T10:00:00Z"),
            ("e", "won", "2026-01-05T10:00:00Z"),
            ("other", "lost", "2026-01-05T10:00:00Z"),
        ] {
            testing::step(&fixture, name, stage, at);
            if stage == "lost" {
                testing::change(&fixture, name, at, |deal| deal.lost_reason = Some(LostReason::Price));
            }
        }
        fixture.set_clock("2026-02-01T00:00:00Z");
        fixture
    }

    #[test]
    fn rates_by_owner_with_a_warning_for_few() {
        let fixture = fixture();
        let log = r#"{"kind": "call", "about": ["@a"], "summary": "x", "at": "2026-01-03T10:00:00Z"}"#;
        assert!(!fixture.call("crm_activity_log", log).failed);
        let answer = fixture.call(
            "crm_performance_report",
            r#"{"from": "2026-01-01", "to": "2026-01-31", "group_by": "owner"}"#,
        );
        expect![[r#"{"currency":"EUR","rows":[{"group":"Owner","id":"@owner","won":0,"lost":1,"won_amount":"0.00","lost_amount":"0.00","win_rate":"0.00","cycle_days":4,"loss_reasons":{"price":1},"activities":{"call":1},"too_few_to_judge":true},{"group":"Sales","id":"@sales","won":3,"lost":2,"won_amount":"300.00","lost_amount":"200.00","win_rate":"0.60","win_rate_by_amount":"0.60","cycle_days":14,"loss_reasons":{"price":2}}],"total":{"group":"all","won":3,"lost":3,"won_amount":"300.00","lost_amount":"200.00","win_rate":"0.50","win_rate_by_amount":"0.60","cycle_days":12,"loss_reasons":{"price":3}},"missing_rates":["no rate from USD to EUR on or before 2026-01-31: its amounts are not in the sums"]}"#]].assert_eq(&answer.text);
    }

    #[test]
    fn rates_by_segment_and_source() {
        let fixture = fixture();
        let save = r#"{"name": "German", "kind": "company", "filter": {"all": [{"field": "country", "op": "eq", "value": "DE"}]}}"#;
        assert!(!fixture.call("crm_segment_save", save).failed);
        let save = r#"{"name": "Dollars", "kind": "deal", "filter": {"all": [{"field": "currency", "op": "eq", "value": "usd"}]}}"#;
        assert!(!fixture.call("crm_segment_save", save).failed);
        let by = |group: &str| {
            let args = format!(r#"{{"from": "2026-01-01", "to": "2026-01-30", "group_by": "{group}"}}"#);
            let json = fixture.call("crm_performance_report", &args).json();
            let rows = json["rows"].as_array().unwrap().clone();
            rows.iter()
                .map(|row| format!("{} {} {}", row["group"], row["won"], row["lost"]))
                .collect::<Vec<_>>()
        };
        assert_eq!(by("segment"), [r#""Dollars" 0 1"#, r#""German" 3 2"#]);
        assert_eq!(by("source"), [r#""unknown" 3 2"#]);
    }

    #[test]
    fn refuses_a_window_that_ends_before_it_begins() {
        check(
            &crate::DOMAIN,
            "",
            "crm_performance_report",
            r#"{"from": "2026-02-01", "to": "2026-01-31", "group_by": "owner"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`to` is before `from`","field":"to","retryable":false}}"#
            ]],
        );
    }
}
