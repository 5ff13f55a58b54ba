//! `crm_deal_create`: a sale that may come about.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::wire::Amount;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::store::contacts;

use crate::deal_args::{self, LineArg, lines_of};
use crate::deal_rules::Filled;
use crate::model::{Forecast, StageKind};
use crate::sales_views::DealView;
use crate::store::deals::{self, NewDeal};
use crate::store::pipelines::{self, Way};

/// The tool.
pub struct DealCreate;

impl Tool for DealCreate {
    const NAME: &str = "crm_deal_create";
    const TITLE: &str = "Create deal";
    const ABOUT: &str = "Open a deal for a company, with or without product lines.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Success];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "company acme; contact ada company=acme",
        args: r#"{"company": "@acme", "title": "Summer menu", "contact": "@ada", "close_date": "2026-04-30",
                  "lines": [{"description": "Tasting menu", "quantity": "40", "unit_price": "85.00"}]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = DealView;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<DealView> {
        let company = deal_args::company_of(cx, &args.company, "company")?;
        let contact =
            args.contact.as_deref().map(|text| contacts::resolve(cx, text, "contact")).transpose()?;
        let owner = deal_args::owner_of(cx, args.owner.as_deref(), "owner")?;
        if let Some(day) = args.close_date {
            deal_args::check_close_date(cx, day, "close_date")?;
        }
        if args.allow_duplicate != Some(true) {
            deal_args::check_title(cx, &company.id, &args.title)?;
        }
        let ways = pipelines::ensure_default(cx)?;
        let way = pipelines::pick(&ways, args.pipeline.as_deref(), "pipeline")?;
        let currency = deal_args::currency_of(cx, args.currency, way, Some(&company))?;
        let given =
            args.amount.map(|amount| deal_args::amount_of(&amount, currency, "amount")).transpose()?;
        let (lines, sum) =
            lines_of(args.lines.unwrap_or_default().into_iter().map(|Bare(line)| line).collect(), currency)?;
        let amount_minor = if lines.is_empty() { given.unwrap_or(0) } else { sum };
        if given.is_some_and(|given| given != amount_minor) {
            return Err(invalid(
                "amount",
                format!("must be the sum of the lines, {}", format_minor(sum, currency)),
            )
            .hint("leave `amount` out when there are lines"));
        }
        let filled = Filled {
            amount: amount_minor > 0,
            close_date: args.close_date.is_some(),
            contact: contact.is_some(),
            lines: !lines.is_empty(),
            ..Filled::default()
        };
        let new = NewDeal {
            title: args.title,
            company_id: company.id,
            contact_id: contact.map(|contact| contact.id),
            stage: begin(way, args.stage.as_deref(), filled)?,
            amount_minor,
            currency,
            close_date: args.close_date,
            forecast: Forecast::Pipeline,
            next_step: None,
            owner_id: owner.id,
            lead_id: None,
        };
        let deal = deals::open(cx, new)?;
        deals::set_lines(cx, &deal.id, &lines)?;
        DealView::of(cx, &deal.id)
    }
}

/// The stage where a deal begins: an open one that takes deals and has what it requires.
fn begin(way: &Way, text: Option<&str>, filled: Filled) -> ToolResult<crate::model::Stage> {
    if !way.is_live() {
        return Err(invalid("pipeline", format!("names `{}`, which is retired", way.pipeline.name))
            .hint("crm_pipeline_list shows those that take deals"));
    }
    let stage = match text {
        Some(text) => way.stage_named(text, "stage")?,
        None => way.first()?,
    };
    if stage.kind != StageKind::Open || stage.retired_at.is_some() {
        return Err(invalid("stage", format!("names `{}`, which takes no new deals", stage.name))
            .hint("open the deal first, then close it with crm_deal_close"));
    }
    deal_args::check_required(stage, filled)
        .map_err(|error| error.hint("give them here, or begin in an earlier stage"))?;
    Ok(stage.clone())
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, name, domain or VAT id.
    #[arg(max = 200)]
    company: String,
    /// Title.
    #[arg(min = 1, max = 200)]
    title: String,
    /// Else the sum of lines.
    amount: Option<Amount>,
    /// The company's.
    currency: Option<Currency>,
    /// Lines.
    #[arg(max = 100)]
    lines: Option<Vec<Bare<LineArg>>>,
    /// Key or name.
    #[arg(max = 100)]
    pipeline: Option<String>,
    /// Key or name; the first.
    #[arg(max = 100)]
    stage: Option<String>,
    /// Close date.
    close_date: Option<Day>,
    /// Who decides there.
    #[arg(max = 200)]
    contact: Option<String>,
    /// Member; you.
    #[arg(max = 200)]
    owner: Option<String>,
    /// Though one of this title is open.
    allow_duplicate: Option<bool>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn the_amount_is_the_sum_of_the_lines() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme");
        let args = r#"{"company": "@acme", "title": "Menu", "lines": [
            {"description": "a", "quantity": 3, "unit_price": "0.335"},
            {"description": "b", "quantity": "1.5", "unit_price": 10, "discount": 50}]}"#;
        let json = fixture.call("crm_deal_create", args).json();
        assert_eq!(json["amount"], "8.51", "1.005 is 1.01, and 7.50");
        assert_eq!(json["number"], "D-2026-00001");
        assert_eq!(json["stage"], "Discovery");
        assert_eq!(json["probability"], "10");
    }

    #[test]
    fn refuses_an_amount_beside_lines() {
        check(
            &crate::DOMAIN,
            "company acme",
            "crm_deal_create",
            r#"{"company": "@acme", "title": "Menu", "amount": 5,
                "lines": [{"description": "a", "quantity": 3, "unit_price": 2}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`amount` must be the sum of the lines, 6.00","field":"amount","hint":"leave `amount` out when there are lines","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn offers_the_open_deal_of_the_same_title_first() {
        check(
            &crate::DOMAIN,
            r#"company acme; crm_deal_create {"company": "@acme", "title": "Été menu"} as first"#,
            "crm_deal_create",
            r#"{"company": "@acme", "title": " ete  MENU"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"the company has the open deal `D-2026-00001 Été menu` already","field":"title","hint":"change it with crm_deal_update, or open another with `allow_duplicate`","retryable":false,"candidates":[{"kind":"deal","id":"@first","label":"D-2026-00001 Été menu"}]}}"#
            ]],
        );
    }

    #[test]
    fn opens_a_second_one_when_told_to() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; crm_deal_create {"company": "@acme", "title": "Menu"}"#,
        );
        let args = r#"{"company": "@acme", "title": "Menu", "allow_duplicate": true}"#;
        assert_eq!(fixture.call("crm_deal_create", args).json()["number"], "D-2026-00002");
    }

    #[test]
    fn a_decision_is_not_in_the_past() {
        check(
            &crate::DOMAIN,
            "company acme",
            "crm_deal_create",
            r#"{"company": "@acme", "title": "Menu", "close_date": "2026-03-01"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`close_date` is in the past","field":"close_date","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_stage_requires_its_fields_from_the_start() {
        check(
            &crate::DOMAIN,
            "company acme",
            "crm_deal_create",
            r#"{"company": "@acme", "title": "Menu", "stage": "proposal", "amount": "100"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"illegal_transition","message":"the stage `Proposal` requires close_date, nothing was changed","hint":"give them here, or begin in an earlier stage","retryable":false,"missing":["close_date"]}}"#
            ]],
        );
    }
}
