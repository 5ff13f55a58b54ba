//! `crm_deal_reopen`: a closed deal comes back to life.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_party::sources::DealDocuments;

use crate::deal_rules::{self, Event};
use crate::model::{Deal, DealStatus, Forecast, StageKind};
use crate::sales_views::DealView;
use crate::store::pipelines::Way;
use crate::store::{deals, pipelines};

/// The tool.
pub struct DealReopen;

impl Tool for DealReopen {
    const NAME: &str = "crm_deal_reopen";
    const TITLE: &str = "Reopen deal";
    const ABOUT: &str = "Reopen a won or lost deal that came back to life. It returns to the stage it left.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"company acme; crm_deal_create {"company": "@acme", "title": "Summer menu"} as menu;
                  crm_deal_close {"deal": "@menu", "outcome": "lost", "reason": "timing"}"#,
        args: r#"{"deal": "@menu", "reason": "they have a budget now"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = DealView;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<DealView> {
        let before = deals::resolve(cx, &args.deal, "deal")?;
        if deal_rules::after(before.status, Event::Reopen) != Some(DealStatus::Open) {
            return Err(refused(Code::AlreadyDone, format!("`{}` is open", before.number))
                .field("deal")
                .hint("change it with crm_deal_update or crm_deal_move"));
        }
        for port in cx.ports::<dyn DealDocuments>() {
            if let Some(order) = port.confirmed_order(cx, &before.id.0)? {
                return Err(refused(
                    Code::OpenDependents,
                    format!("the order `{order}` of this deal is confirmed"),
                )
                .field("deal")
                .hint("cancel the order first, or open a new deal with crm_deal_create"));
            }
        }
        let way = pipelines::of(cx, &before.pipeline_id)?;
        let now = cx.stamp();
        let mut after = Deal {
            status: DealStatus::Open,
            stage_id: left(cx, &way, &before)?,
            stage_entered_at: now,
            closed_at: None,
            lost_reason: None,
            forecast: Forecast::Pipeline,
            reopened_count: before.reopened_count + 1,
            ..before.clone()
        };
        deals::put(cx, &before, &mut after, now, Some(&args.reason))?;
        DealView::of(cx, &after.id)
    }
}

/// The stage a closed deal left; where that is retired, the last one before it that takes deals, or the first.
fn left(db: &Reader<'_>, way: &Way, deal: &Deal) -> ToolResult<crate::model::StageId> {
    let history = deals::history(db, &deal.id)?;
    let from = history.iter().rev().find(|entry| entry.from_stage.as_ref() != Some(&entry.to_stage));
    let from = from.and_then(|entry| entry.from_stage.as_ref()).and_then(|id| way.stage(id));
    let Some(from) = from else {
        return Ok(way.first()?.id.clone());
    };
    let before = way.live(StageKind::Open).filter(|stage| stage.position <= from.position).last();
    match before {
        Some(stage) => Ok(stage.id.clone()),
        None => Ok(way.first()?.id.clone()),
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(max = 100)]
    deal: String,
    /// Reason.
    #[arg(min = 1, max = 500)]
    reason: String,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const LOST: &str = r#"company acme; crm_deal_create {"company": "@acme", "title": "Menu"} as menu;
        crm_deal_move {"deal": "@menu", "to_stage": "qualified"};
        crm_deal_close {"deal": "@menu", "outcome": "lost", "reason": "timing"}"#;

    #[test]
    fn returns_to_the_stage_it_left() {
        let fixture = Fixture::new(&[&crate::DOMAIN], LOST);
        let json = fixture.call("crm_deal_reopen", r#"{"deal": "@menu", "reason": "budget"}"#).json();
        assert_eq!((&json["stage"], &json["status"]), (&"Qualified".into(), &"open".into()));
        assert_eq!(json["reopened_count"], 1);
        assert!(json["closed_at"].is_null() && json["lost_reason"].is_null());
    }

    #[test]
    fn an_open_deal_is_not_reopened() {
        check(
            &crate::DOMAIN,
            r#"company acme; crm_deal_create {"company": "@acme", "title": "Menu"} as menu"#,
            "crm_deal_reopen",
            r#"{"deal": "@menu", "reason": "why not"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"already_done","message":"`D-2026-00001` is open","field":"deal","hint":"change it with crm_deal_update or crm_deal_move","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_confirmed_order_keeps_it_closed() {
        let domains = [&crate::DOMAIN, &crate::tools::deal_get::tests::PAPERS];
        let answer =
            Fixture::new(&domains, LOST).call("crm_deal_reopen", r#"{"deal": "@menu", "reason": "r"}"#);
        assert_eq!(answer.json()["error"]["code"], "open_dependents");
        assert!(answer.raw.contains("O-2026-00001"));
    }

    #[test]
    fn needs_a_reason() {
        check(
            &crate::DOMAIN,
            LOST,
            "crm_deal_reopen",
            r#"{"deal": "@menu", "reason": ""}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"must not be empty","field":"reason","retryable":false}}"#
            ]],
        );
    }
}
