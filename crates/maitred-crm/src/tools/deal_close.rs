//! `crm_deal_close`: a deal is won or lost.

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_kernel::wire::Moment;

use crate::deal_args;
use crate::deal_rules::{self, Event};
use crate::model::{Deal, DealStatus, Forecast, LostReason};
use crate::sales_settings::lost_reasons;
use crate::sales_views::DealView;
use crate::store::{deals, pipelines};

/// The tool.
pub struct DealClose;

impl Tool for DealClose {
    const NAME: &str = "crm_deal_close";
    const TITLE: &str = "Close deal";
    const ABOUT: &str = "Close a deal as won or lost, with the reason when lost. Makes no order: it suggests the next \
                         call.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"company acme; crm_deal_create {"company": "@acme", "title": "Summer menu", "amount": 900} as menu"#,
        args: r#"{"deal": "@menu", "outcome": "lost", "reason": "competitor", "competitor": "Chez Max"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = deals::resolve(cx, &args.deal, "deal")?;
        let (event, status) = match args.outcome {
            Outcome::Won => (Event::Win, DealStatus::Won),
            Outcome::Lost => (Event::Lose, DealStatus::Lost),
        };
        if before.status == status {
            return answer(cx, &before);
        }
        if deal_rules::after(before.status, event) != Some(status) {
            return Err(refused(
                Code::IllegalTransition,
                format!("`{}` is {} already", before.number, before.status),
            )
            .field("deal")
            .hint("bring it back to life with crm_deal_reopen first"));
        }
        let reason = check_reason(cx, &args, status)?;
        let at = args.closed_at.unwrap_or_else(|| cx.stamp());
        if at > cx.stamp() {
            return Err(invalid("closed_at", "lies in the future"));
        }
        // The history is read in order of time, so its last entry cannot be followed by an earlier one.
        if deals::history(cx, &before.id)?.last().is_some_and(|last| at < last.at) {
            return Err(invalid("closed_at", "lies before the last step in the deal's history"));
        }
        let way = pipelines::of(cx, &before.pipeline_id)?;
        let stage = way.closed(status)?;
        deal_args::check_required(stage, deals::filled(cx, &before)?)?;
        let mut after = Deal {
            status,
            stage_id: stage.id.clone(),
            stage_entered_at: at,
            closed_at: Some(at),
            lost_reason: reason,
            competitor: args.competitor.or_else(|| before.competitor.clone()),
            probability_bp: None,
            forecast: if status == DealStatus::Won { Forecast::Commit } else { Forecast::Omitted },
            ..before.clone()
        };
        deals::put(cx, &before, &mut after, at, reason.map(LostReason::as_str))?;
        answer(cx, &after)
    }
}

/// A reason goes with a lost deal, and only with one.
fn check_reason(db: &Reader<'_>, args: &Args, status: DealStatus) -> ToolResult<Option<LostReason>> {
    match (status, args.reason) {
        (DealStatus::Lost, None) => {
            let known: Vec<String> =
                lost_reasons(db)?.into_iter().map(|(reason, label)| format!("{reason} ({label})")).collect();
            Err(missing("reason").hint(format!("why was it lost: {}", known.join(", "))))
        }
        (DealStatus::Won, Some(_)) => Err(invalid("reason", "is for lost deals only")),
        (DealStatus::Won, None) if args.competitor.is_some() => {
            Err(invalid("competitor", "is for lost deals only"))
        }
        (_, reason) => Ok(reason),
    }
}

fn answer(cx: &Cx<'_, Write>, deal: &Deal) -> ToolResult<Output> {
    let next: &[(&str, &str)] = match deal.status {
        DealStatus::Won => &[
            ("orders_quote_convert", "make an order of the quote they accepted"),
            ("orders_order_create", "make an order without a quote"),
            ("crm_activity_log", "note how it was won"),
        ],
        _ => &[("crm_activity_log", "note how it was lost"), ("crm_todo_create", "ask again later")],
    };
    let suggested = next
        .iter()
        .filter(|(tool, _)| cx.menu().find(tool).is_some())
        .map(|(tool, why)| Suggestion { tool: (*tool).to_owned(), why: (*why).to_owned() })
        .collect();
    Ok(Output { deal: DealView::of(cx, &deal.id)?, suggested })
}

/// How it ended.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// They buy.
    Won,
    /// They do not.
    Lost,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(max = 100)]
    deal: String,
    /// Outcome.
    outcome: Outcome,
    /// Reason.
    reason: Option<LostReason>,
    /// When lost.
    #[arg(min = 1, max = 200)]
    competitor: Option<String>,
    /// When (now).
    closed_at: Option<Stamp>,
}

/// A call that may follow.
#[derive(ToolOutput)]
pub struct Suggestion {
    /// Tool.
    tool: String,
    /// What for.
    why: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The deal.
    deal: DealView,
    /// What may come next.
    suggested: Vec<Suggestion>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const MENU: &str =
        r#"company acme; crm_deal_create {"company": "@acme", "title": "Menu", "amount": 900} as menu"#;

    #[test]
    fn lost_needs_a_reason() {
        check(
            &crate::DOMAIN,
            MENU,
            "crm_deal_close",
            r#"{"deal": "@menu", "outcome": "lost"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"missing","message":"`reason` is required","field":"reason","hint":"why was it lost: price (price), competitor (competitor), no_decision (no decision), timing (timing), fit (fit), other (other)","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn won_is_certain_and_stays_won() {
        let fixture = Fixture::new(&[&crate::DOMAIN], MENU);
        fixture.call("crm_deal_update", r#"{"deal": "@menu", "changes": {"probability": "60"}}"#);
        let json = fixture.call("crm_deal_close", r#"{"deal": "@menu", "outcome": "won"}"#).json();
        assert_eq!(json["deal"]["probability"], "100");
        assert_eq!(json["deal"]["stage"], "Won");
        assert_eq!(json["suggested"][0]["tool"], "crm_activity_log", "only what the caller may call");
        let before = fixture.contents();
        fixture.call("crm_deal_close", r#"{"deal": "@menu", "outcome": "won"}"#);
        assert_eq!(fixture.contents(), before);
        let lost =
            fixture.call("crm_deal_close", r#"{"deal": "@menu", "outcome": "lost", "reason": "price"}"#);
        assert_eq!(lost.json()["error"]["code"], "illegal_transition");
    }

    #[test]
    fn nothing_is_closed_in_the_future_or_before_it_was() {
        let fixture = Fixture::new(&[&crate::DOMAIN], MENU);
        for day in ["2026-03-03", "2026-03-01"] {
            let args = format!(r#"{{"deal": "@menu", "outcome": "won", "closed_at": "{day}T00:00:00Z"}}"#);
            assert_eq!(fixture.call("crm_deal_close", &args).json()["error"]["field"], "closed_at", "{day}");
        }
    }

    #[test]
    fn a_won_deal_has_no_reason() {
        check(
            &crate::DOMAIN,
            MENU,
            "crm_deal_close",
            r#"{"deal": "@menu", "outcome": "won", "reason": "price"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`reason` is for lost deals only","field":"reason","retryable":false}}"#
            ]],
        );
    }
}
