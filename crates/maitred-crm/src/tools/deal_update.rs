//! `crm_deal_update`: an open deal changes.

use maitred_core::args::Bare;
use maitred_core::args::Described;
use maitred_core::prelude::*;
use maitred_kernel::wire::{Amount, Moment, at_field};
use maitred_kernel::{BasisPoints, Day, format_minor};
use maitred_party::store::contacts;

use crate::deal_args::{self, LineArg, StakeholderArg, lines_of, stakeholders_of};
use crate::deal_rules::{self, is_push};
use crate::model::{Deal, Forecast};
use crate::sales_views::DealView;
use crate::store::{deals, pipelines};

/// The tool.
pub struct DealUpdate;

impl Tool for DealUpdate {
    const NAME: &str = "crm_deal_update";
    const TITLE: &str = "Update deal";
    const ABOUT: &str = "Change an open deal. Lines and stakeholders replace the earlier ones.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"company acme; contact ada company=acme;
                  crm_deal_create {"company": "@acme", "title": "Summer menu", "close_date": "2026-04-30"} as menu"#,
        args: r#"{"deal": "@menu", "changes": {"close_date": "2026-05-31", "forecast": "commit"},
                  "lines": [{"description": "Tasting menu", "quantity": 40, "unit_price": "85.00"}],
                  "stakeholders": [{"contact": "@ada", "role": "decision_maker"}]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = DealView;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<DealView> {
        let before = deals::resolve(cx, &args.deal, "deal")?;
        deal_args::check_open(&before)?;
        let had = deals::filled(cx, &before)?;
        let mut after = before.clone();
        let given = args.changes.as_ref().and_then(|changes| changes.0.amount.clone());
        if let Some(Bare(changes)) = args.changes {
            apply(cx, changes, &mut after)?;
        }
        if let Some(people) = args.stakeholders {
            deals::set_stakeholders(cx, &before.id, &stakeholders_of(cx, people)?)?;
        }
        if let Some(lines) = args.lines {
            let lines = lines.into_iter().map(|Described(line)| line).collect();
            let (lines, _) = lines_of(lines, before.currency)?;
            deals::set_lines(cx, &before.id, &lines)?;
        }
        let facts: Vec<_> = deals::lines(cx, &before.id)?.iter().map(deals::facts_of).collect();
        if !facts.is_empty() {
            let sum = at_field(deal_rules::amount_of(&facts, before.currency), "lines")?;
            if given.is_some() && after.amount_minor != sum {
                let text = format_minor(sum, before.currency);
                return Err(invalid("changes.amount", format!("must be the sum of the lines, {text}"))
                    .hint("change `lines` instead; an empty list removes them"));
            }
            after.amount_minor = sum;
        }
        // What the stage required when the deal came in may change, but not go.
        let way = pipelines::of(cx, &before.pipeline_id)?;
        let has = deals::filled(cx, &after)?;
        if let Some(stage) = way.stage(&before.stage_id)
            && deal_rules::missing(stage, has) != deal_rules::missing(stage, had)
        {
            let gone = deal_rules::missing(stage, has);
            if gone.iter().any(|field| !deal_rules::missing(stage, had).contains(field)) {
                deal_args::check_required(stage, has)?;
            }
        }
        deals::put(cx, &before, &mut after, cx.stamp(), None)?;
        DealView::of(cx, &before.id)
    }
}

fn apply(db: &Reader<'_>, changes: Changes, deal: &mut Deal) -> ToolResult<()> {
    if let Some(title) = changes.title {
        deal.title = title;
    }
    if let Some(amount) = changes.amount {
        deal.amount_minor = deal_args::amount_of(&amount, deal.currency, "changes.amount")?;
    }
    if let Some(day) = changes.close_date.filter(|day| deal.close_date != Some(*day)) {
        deal_args::check_close_date(db, day, "changes.close_date")?;
        deal.pushed_count += i64::from(is_push(deal.close_date, Some(day)));
        deal.close_date = Some(day);
    }
    if let Some(forecast) = changes.forecast {
        deal.forecast = forecast;
    }
    if let Some(probability) = changes.probability {
        deal.probability_bp = pinned(&probability)?;
    }
    if let Some(owner) = changes.owner {
        deal.owner_id = deal_args::owner_of(db, Some(&owner), "changes.owner")?.id;
    }
    if let Some(contact) = changes.contact {
        deal.contact_id = Some(contacts::resolve(db, &contact, "changes.contact")?.id);
    }
    if let Some(step) = changes.next_step {
        deal.next_step = Some(step.trim().to_owned()).filter(|step| !step.is_empty());
    }
    Ok(())
}

/// A chance in percent, or nothing for `stage`: it follows the stage again.
fn pinned(text: &str) -> ToolResult<Option<i64>> {
    if text.trim() == "stage" {
        return Ok(None);
    }
    match BasisPoints::parse(text.trim()) {
        Ok(chance) if (0..=10_000).contains(&chance.bp()) => Ok(Some(chance.bp())),
        _ => Err(invalid("changes.probability", "must be a percentage from 0 to 100, or `stage`")),
    }
}

/// What changes.
#[derive(ToolArgs)]
pub struct Changes {
    /// Title.
    #[arg(min = 1, max = 200)]
    title: Option<String>,
    /// Worth; not with lines.
    amount: Option<Amount>,
    /// Expected decision.
    close_date: Option<Day>,
    /// Category.
    forecast: Option<Forecast>,
    /// Percent, or `stage` to follow it.
    #[arg(max = 20)]
    probability: Option<String>,
    /// Member.
    #[arg(max = 200)]
    owner: Option<String>,
    /// Person there.
    #[arg(max = 200)]
    contact: Option<String>,
    /// What comes next; empty for none.
    #[arg(max = 500)]
    next_step: Option<String>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(max = 100)]
    deal: String,
    /// Fields to set; probability: percent or stage.
    changes: Option<Bare<Changes>>,
    /// {description, quantity, unit_price, discount?}.
    #[arg(max = 100)]
    lines: Option<Vec<Described<LineArg>>>,
    /// Stakeholders.
    #[arg(max = 50)]
    stakeholders: Option<Vec<Bare<StakeholderArg>>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const MENU: &str = r#"company acme; contact ada company=acme;
        crm_deal_create {"company": "@acme", "title": "Menu", "amount": 900, "close_date": "2026-06-01"} as menu"#;

    fn fixture() -> Fixture {
        Fixture::new(&[&crate::DOMAIN], MENU)
    }

    #[test]
    fn every_move_of_the_close_date_counts() {
        let fixture = fixture();
        for (day, count) in [("2026-07-01", 1), ("2026-07-01", 1), ("2026-06-15", 2)] {
            let args = format!(r#"{{"deal": "@menu", "changes": {{"close_date": "{day}"}}}}"#);
            assert_eq!(fixture.call("crm_deal_update", &args).json()["pushed_count"], count, "{day}");
        }
    }

    #[test]
    fn lines_make_the_amount_and_can_go_again() {
        let fixture = fixture();
        let lines = r#"{"deal": "@menu", "lines": [{"description": "a", "quantity": 2, "unit_price": 10}]}"#;
        assert_eq!(fixture.call("crm_deal_update", lines).json()["amount"], "20.00");
        let before = fixture.contents();
        fixture.call("crm_deal_update", lines);
        assert_eq!(fixture.contents(), before, "the same lines again change nothing");
        let amount = fixture.call("crm_deal_update", r#"{"deal": "@menu", "changes": {"amount": 30}}"#);
        assert_eq!(amount.json()["error"]["field"], "changes.amount");
        let none = r#"{"deal": "@menu", "lines": [], "changes": {"amount": 30}}"#;
        assert_eq!(fixture.call("crm_deal_update", none).json()["amount"], "30.00");
        let shown = fixture.call("crm_deal_get", r#"{"deal": "@menu"}"#).json();
        assert_eq!(shown["lines"], serde_json::json!([]));
        let amounts: Vec<&str> = shown["stage_history"]
            .as_array()
            .expect("steps")
            .iter()
            .filter_map(|step| step["amount"].as_str())
            .collect();
        assert_eq!(amounts, ["900.00", "20.00", "30.00"], "reports about the past read them here");
    }

    #[test]
    fn a_closed_deal_is_read_only() {
        let fixture = fixture();
        fixture.call("crm_deal_close", r#"{"deal": "@menu", "outcome": "won"}"#);
        let answer = fixture.call("crm_deal_update", r#"{"deal": "@menu", "changes": {"amount": 1}}"#);
        expect![[r#"{"error":{"category":"domain","code":"immutable","message":"`D-2026-00001` is won and read-only","field":"deal","hint":"bring it back to life with crm_deal_reopen","retryable":false}}"#]].assert_eq(&answer.text);
    }

    #[test]
    fn what_the_stage_requires_does_not_go() {
        let fixture = fixture();
        fixture.call("crm_deal_move", r#"{"deal": "@menu", "to_stage": "proposal", "reason": "quick"}"#);
        let answer = fixture.call("crm_deal_update", r#"{"deal": "@menu", "changes": {"amount": 0}}"#);
        assert_eq!(answer.json()["error"]["missing"], serde_json::json!(["amount"]));
    }

    #[test]
    fn a_chance_is_a_percentage() {
        check(
            &crate::DOMAIN,
            MENU,
            "crm_deal_update",
            r#"{"deal": "@menu", "changes": {"probability": "120"}}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`changes.probability` must be a percentage from 0 to 100, or `stage`","field":"changes.probability","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn nobody_has_two_parts() {
        check(
            &crate::DOMAIN,
            MENU,
            "crm_deal_update",
            r#"{"deal": "@menu", "stakeholders": [{"contact": "@ada", "role": "champion"}, {"contact": "Ada", "role": "user"}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`stakeholders[1].contact` is there twice","field":"stakeholders[1].contact","retryable":false}}"#
            ]],
        );
    }
}
