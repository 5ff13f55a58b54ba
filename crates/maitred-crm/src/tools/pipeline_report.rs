//! `crm_pipeline_report`: what is open, by stage, owner or pipeline, today or on a day in the past.

use std::collections::HashSet;

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::wire::at_field;
use maitred_kernel::{Currency, Day, Stamp, format_minor, round};

use crate::formulas::{ClosedSum, OpenSum, ratio, ratio_text};
use crate::model::{DealStatus, Stage, StageKind};
use crate::rates::Rates;
use crate::reports::{AsOf, DAY_MS, Scope, conversions, figure, in_base, mixed, too_large};
use crate::store::reports::{self, DealAt};

/// The tool.
pub struct PipelineReport;

impl Tool for PipelineReport {
    const NAME: &str = "crm_pipeline_report";
    const TITLE: &str = "Report pipeline";
    const ABOUT: &str =
        "Open pipeline by stage: count, amount, weighted amount, average age, conversion and velocity.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example { given: "", args: r#"{"as_of": "2026-02-28"}"# };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let as_of = AsOf::of(cx, args.as_of)?;
        let scope = Scope::of(cx, args.pipeline.as_deref(), args.owner.as_deref())?;
        let window = i64::from(args.window_days.unwrap_or(90));
        let mut deals = as_of.deals(cx)?;
        deals.retain(|deal| scope.fits(deal));
        let mut rates = as_of.rates(cx, &deals)?;
        let since = at_field(as_of.at.plus_millis(-window * DAY_MS), "window_days")?;
        let (open, closed): (Vec<DealAt>, Vec<DealAt>) =
            deals.into_iter().partition(|deal| deal.status == DealStatus::Open);
        let group_by = args.group_by.unwrap_or(GroupBy::Stage);
        let mut rows = Vec::new();
        for group in groups(cx, &scope, group_by, &open)? {
            let members: Vec<&DealAt> = open.iter().filter(|deal| group.id == group_by.of(deal)).collect();
            rows.push(Row { sums: sums(&members, &mut rates, &as_of)?, ..group });
        }
        if group_by == GroupBy::Stage {
            convert(cx, &mut rows, open.iter().chain(&closed), since, as_of.at)?;
        }
        let all: Vec<&DealAt> = open.iter().collect();
        let totals = sums(&all, &mut rates, &as_of)?;
        let recent = recent(&closed, since, &mut rates)?;
        let base = rates.base();
        Ok(Output {
            as_of: as_of.day,
            currency: base,
            rows,
            win_rate: recent.win_rate().map(ratio_text),
            velocity_per_day: recent.velocity(totals.count).map(|minor| format_minor(minor, base)),
            totals,
            window_days: window,
            missing_rates: rates.missing(),
        })
    }
}

/// Fills in how many of the deals entered each stage in the window, and which share of them went on.
fn convert<'a>(
    db: &Reader<'_>,
    rows: &mut [Row],
    deals: impl Iterator<Item = &'a DealAt>,
    since: Stamp,
    until: Stamp,
) -> ToolResult<()> {
    let counted: HashSet<&str> = deals.map(|deal| deal.id.as_str()).collect();
    let mut steps = reports::moves(db, since, until)?;
    steps.retain(|step| counted.contains(step.deal.as_str()));
    let found = conversions(&steps);
    for row in rows {
        let (entered, converted) = found.get(&row.id).copied().unwrap_or_default();
        row.entered = Some(entered);
        row.conversion = ratio(converted, entered).map(ratio_text);
    }
    Ok(())
}

/// The deals closed since a moment.
fn recent(closed: &[DealAt], since: Stamp, rates: &mut Rates) -> ToolResult<ClosedSum> {
    let mut recent = ClosedSum::default();
    for deal in closed {
        let Some(closed_at) = deal.closed_at.filter(|at| *at > since) else { continue };
        let amount = in_base(deal, rates)?.map(|figure| figure.amount);
        let days = deal.opened_at.millis_until(closed_at) / DAY_MS;
        too_large(recent.add(deal.status == DealStatus::Won, amount, days))?;
    }
    Ok(recent)
}

/// The rows there are, in order and still without sums: every running open stage, or who and what has open deals.
fn groups(db: &Reader<'_>, scope: &Scope, by: GroupBy, open: &[DealAt]) -> ToolResult<Vec<Row>> {
    let has = |id: &str| open.iter().any(|deal| by.of(deal) == id);
    let pipelines = reports::pipelines(db)?;
    let wanted = |id: &str| scope.pipeline.as_ref().is_none_or(|pipeline| pipeline.id.0 == id);
    let row = |id: &str, group: &str, pipeline: Option<String>| Row {
        id: id.to_owned(),
        group: group.to_owned(),
        pipeline,
        sums: Sums::default(),
        entered: None,
        conversion: None,
    };
    Ok(match by {
        GroupBy::Stage => {
            let stages = reports::stages(db)?;
            let mut rows = Vec::new();
            for pipeline in pipelines.iter().filter(|pipeline| wanted(&pipeline.id.0)) {
                let shown = |stage: &&Stage| {
                    stage.pipeline_id == pipeline.id
                        && stage.kind == StageKind::Open
                        && (stage.retired_at.is_none() || has(&stage.id.0))
                };
                rows.extend(
                    stages
                        .iter()
                        .filter(shown)
                        .map(|stage| row(&stage.id.0, &stage.name, Some(pipeline.name.clone()))),
                );
            }
            rows
        }
        GroupBy::Pipeline => pipelines
            .iter()
            .filter(|pipeline| {
                wanted(&pipeline.id.0) && (pipeline.retired_at.is_none() || has(&pipeline.id.0))
            })
            .map(|pipeline| row(&pipeline.id.0, &pipeline.name, None))
            .collect(),
        GroupBy::Owner => {
            let names = reports::member_names(db)?;
            let mut rows: Vec<Row> =
                names.iter().filter(|(id, _)| has(id)).map(|(id, name)| row(id, name, None)).collect();
            rows.sort_by(|a, b| (&a.group, &a.id).cmp(&(&b.group, &b.id)));
            rows
        }
    })
}

/// The sums of some open deals.
fn sums(deals: &[&DealAt], rates: &mut Rates, as_of: &AsOf) -> ToolResult<Sums> {
    let base = rates.base();
    let mut total = OpenSum::default();
    for deal in deals {
        if let Some(figure) = in_base(deal, rates)? {
            too_large(total.add(&figure))?;
        }
    }
    let mut currencies = Vec::new();
    for currency in mixed(deals.iter().copied(), base) {
        let mut sum = OpenSum::default();
        for deal in deals.iter().filter(|deal| deal.currency == currency) {
            too_large(sum.add(&figure(deal)))?;
        }
        currencies.push(OpenInCurrency {
            currency,
            count: sum.count,
            amount: format_minor(sum.amount, currency),
            weighted: format_minor(sum.weighted, currency),
        });
    }
    let mean = |since: fn(&DealAt) -> Stamp| {
        let days: i128 =
            deals.iter().map(|deal| i128::from(since(deal).millis_until(as_of.at).max(0) / DAY_MS)).sum();
        round::div_rha(days, deals.len() as i128).ok().and_then(|days| round::narrow(days).ok())
    };
    Ok(Sums {
        count: deals.len() as i64,
        amount: format_minor(total.amount, base),
        weighted: format_minor(total.weighted, base),
        average_age_days: mean(|deal| deal.opened_at),
        average_stage_days: mean(|deal| deal.stage_entered_at),
        currencies: (!currencies.is_empty()).then_some(currencies),
    })
}

words! {
    /// What makes a row.
    pub enum GroupBy {
        /// A stage.
        Stage = "stage",
        /// A member.
        Owner = "owner",
        /// A pipeline.
        Pipeline = "pipeline",
    }
}

impl GroupBy {
    fn of(self, deal: &DealAt) -> &str {
        match self {
            Self::Stage => &deal.stage_id,
            Self::Owner => &deal.owner_id,
            Self::Pipeline => &deal.pipeline_id,
        }
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Key or name; all.
    #[arg(max = 200)]
    pipeline: Option<String>,
    /// Member; all.
    #[arg(max = 200)]
    owner: Option<String>,
    /// Past day, rebuilt; now.
    as_of: Option<Day>,
    /// stage.
    group_by: Option<GroupBy>,
    /// Days behind conversion and velocity (90).
    #[arg(min = 1, max = 730)]
    window_days: Option<u32>,
}

/// Open deals of one currency, in it.
#[derive(ToolOutput, Clone, Debug)]
pub struct OpenInCurrency {
    /// Currency.
    currency: Currency,
    /// How many.
    count: i64,
    /// Their amounts.
    amount: String,
    /// Their amounts by chance.
    weighted: String,
}

/// Sums of open deals.
#[derive(ToolOutput, Clone, Debug, Default)]
pub struct Sums {
    /// How many.
    count: i64,
    /// Their amounts, converted.
    amount: String,
    /// Their amounts by chance, converted.
    weighted: String,
    /// Days since they were made.
    average_age_days: Option<i64>,
    /// Days in their stage.
    average_stage_days: Option<i64>,
    /// By currency, unconverted, where there are others.
    currencies: Option<Vec<OpenInCurrency>>,
}

/// A row.
#[derive(ToolOutput)]
pub struct Row {
    /// Id of the stage, member or pipeline.
    id: String,
    /// Its name.
    group: String,
    /// Pipeline of the stage.
    pipeline: Option<String>,
    /// The sums.
    sums: Sums,
    /// Deals that entered the stage in the window.
    entered: Option<i64>,
    /// Share of them that went on to a later stage or were won.
    conversion: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The day it speaks of.
    as_of: Day,
    /// Currency of the converted sums.
    currency: Currency,
    /// Rows.
    rows: Vec<Row>,
    /// All rows together.
    totals: Sums,
    /// Won among those closed in the window.
    win_rate: Option<String>,
    /// Open count x win rate x average won amount / median cycle days.
    velocity_per_day: Option<String>,
    /// Days behind conversion and velocity.
    window_days: i64,
    /// Amounts left out for want of a rate.
    missing_rates: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::Fixture;

    use crate::testing;

    fn fixture() -> Fixture {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme");
        testing::pipeline(&fixture);
        testing::deal(&fixture, "roof", "sales", "10000.00 EUR", "first", "2026-01-05T10:00:00Z");
        testing::deal(&fixture, "door", "owner", "3000.00 EUR", "first", "2026-01-20T10:00:00Z");
        testing::deal(&fixture, "wall", "sales", "500.00 EUR", "first", "2026-01-25T10:00:00Z");
        testing::step(&fixture, "roof", "second", "2026-01-15T10:00:00Z");
        testing::step(&fixture, "door", "won", "2026-02-09T10:00:00Z");
        testing::step(&fixture, "wall", "lost", "2026-02-09T10:00:00Z");
        fixture.set_clock("2026-03-02T10:00:00Z");
        fixture
    }

    #[test]
    fn sums_by_stage() {
        let fixture = fixture();
        let answer = fixture.call("crm_pipeline_report", "{}");
        expect![[r#"{"as_of":"2026-03-02","currency":"EUR","rows":[{"id":"@first","group":"first","pipeline":"Sales","sums":{"count":0,"amount":"0.00","weighted":"0.00"},"entered":3,"conversion":"0.67"},{"id":"@second","group":"second","pipeline":"Sales","sums":{"count":1,"amount":"10000.00","weighted":"5000.00","average_age_days":56,"average_stage_days":46},"entered":1,"conversion":"0.00"}],"totals":{"count":1,"amount":"10000.00","weighted":"5000.00","average_age_days":56,"average_stage_days":46},"win_rate":"0.50","velocity_per_day":"83.33","window_days":90}"#]].assert_eq(&answer.text);
    }

    #[test]
    fn the_past_is_rebuilt() {
        let fixture = fixture();
        let january = fixture.call("crm_pipeline_report", r#"{"as_of": "2026-01-31"}"#).text;
        expect![[r#"{"as_of":"2026-01-31","currency":"EUR","rows":[{"id":"@first","group":"first","pipeline":"Sales","sums":{"count":2,"amount":"3500.00","weighted":"700.00","average_age_days":9,"average_stage_days":9},"entered":3,"conversion":"0.33"},{"id":"@second","group":"second","pipeline":"Sales","sums":{"count":1,"amount":"10000.00","weighted":"5000.00","average_age_days":26,"average_stage_days":16},"entered":1,"conversion":"0.00"}],"totals":{"count":3,"amount":"13500.00","weighted":"5700.00","average_age_days":14,"average_stage_days":11},"window_days":90}"#]].assert_eq(&january);
        // What happens later changes nothing about it.
        fixture.set_clock("2026-04-01T10:00:00Z");
        testing::step(&fixture, "roof", "lost", "2026-04-01T10:00:00Z");
        testing::deal(&fixture, "new", "sales", "7.00 EUR", "first", "2026-04-01T10:00:00Z");
        let again = fixture.call("crm_pipeline_report", r#"{"as_of": "2026-01-31"}"#).text;
        assert_eq!(again, january);
    }

    #[test]
    fn the_present_is_the_past_of_today() {
        let fixture = fixture();
        let now = fixture.call("crm_pipeline_report", r#"{"group_by": "owner"}"#).text;
        assert_eq!(
            fixture.call("crm_pipeline_report", r#"{"group_by": "owner", "as_of": "2026-03-02"}"#).text,
            now
        );
        expect![[r#"{"as_of":"2026-03-02","currency":"EUR","rows":[{"id":"@sales","group":"Sales","sums":{"count":1,"amount":"10000.00","weighted":"5000.00","average_age_days":56,"average_stage_days":46}}],"totals":{"count":1,"amount":"10000.00","weighted":"5000.00","average_age_days":56,"average_stage_days":46},"win_rate":"0.50","velocity_per_day":"83.33","window_days":90}"#]].assert_eq(&now);
    }

    #[test]
    fn refuses_the_future() {
        let answer = fixture().call("crm_pipeline_report", r#"{"as_of": "2026-03-03"}"#);
        expect![[r#"{"error":{"category":"validation","code":"invalid","message":"`as_of` lies in the future","field":"as_of","hint":"leave it out for the present","retryable":false}}"#]].assert_eq(&answer.text);
    }
}
