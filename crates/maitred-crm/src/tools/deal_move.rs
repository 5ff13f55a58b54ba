//! `crm_deal_move`: a deal goes to another stage of its pipeline.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;

use crate::deal_args;
use crate::deal_rules::{self, Leap};
use crate::model::{Deal, StageKind};
use crate::sales_views::{DealView, StepView, days_between};
use crate::store::{deals, pipelines};

/// The tool.
pub struct DealMove;

impl Tool for DealMove {
    const NAME: &str = "crm_deal_move";
    const TITLE: &str = "Move deal";
    const ABOUT: &str = "Move a deal to another stage of its pipeline. Tells which required fields are missing before \
                         it refuses.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"company acme; crm_deal_create {"company": "@acme", "title": "Summer menu"} as menu"#,
        args: r#"{"deal": "@menu", "to_stage": "qualified"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = deals::resolve(cx, &args.deal, "deal")?;
        deal_args::check_open(&before)?;
        let way = pipelines::of(cx, &before.pipeline_id)?;
        let to = way.stage_named(&args.to_stage, "to_stage")?;
        if to.kind != StageKind::Open {
            return Err(invalid("to_stage", format!("names `{}`, where closed deals are", to.name))
                .hint("close the deal with crm_deal_close"));
        }
        let leap =
            way.stage(&before.stage_id).map_or(Leap::Next, |from| deal_rules::leap(&way.stages, from, to));
        if leap == Leap::Nowhere {
            return Ok(Output { deal: DealView::of(cx, &before.id)?, step: None, days_in_stage_left: None });
        }
        if to.retired_at.is_some() {
            return Err(invalid("to_stage", format!("names `{}`, which is retired", to.name))
                .hint("crm_pipeline_list shows the stages that take deals"));
        }
        deal_args::check_required(to, deals::filled(cx, &before)?)?;
        let reason = args.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        if leap.needs_reason() && reason.is_none() {
            let how = match leap {
                Leap::Over(1) => "it skips a stage".to_owned(),
                Leap::Over(count) => format!("it skips {count} stages"),
                _ => "it goes back".to_owned(),
            };
            return Err(ToolError::new(Code::Missing, format!("`reason` is required: {how}")).field("reason"));
        }
        let now = cx.stamp();
        let left = days_between(before.stage_entered_at, now);
        let mut after = Deal { stage_id: to.id.clone(), stage_entered_at: now, ..before.clone() };
        let step = deals::put(cx, &before, &mut after, now, reason)?;
        let by = cx.teammate().map(|teammate| teammate.name.clone());
        Ok(Output {
            step: step.map(|step| StepView::new(step, &way, after.currency, by)),
            deal: DealView::of(cx, &after.id)?,
            days_in_stage_left: Some(left),
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(max = 100)]
    deal: String,
    /// Key or name.
    #[arg(max = 100)]
    to_stage: String,
    /// Why; required to go back or to skip a stage.
    #[arg(max = 500)]
    reason: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The deal.
    deal: DealView,
    /// The entry in its history; nothing when it was there already.
    step: Option<StepView>,
    /// Whole days it was in the stage it left.
    days_in_stage_left: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};
    use proptest::prelude::*;

    const MENU: &str = r#"company acme; crm_deal_create {"company": "@acme", "title": "Menu"} as menu"#;
    const READY: &str = r#"company acme;
        crm_deal_create {"company": "@acme", "title": "Menu", "amount": 900, "close_date": "2026-06-01"} as menu"#;

    #[test]
    fn tells_what_is_missing() {
        check(
            &crate::DOMAIN,
            MENU,
            "crm_deal_move",
            r#"{"deal": "@menu", "to_stage": "proposal", "reason": "they asked"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"illegal_transition","message":"the stage `Proposal` requires amount, close_date, nothing was changed","hint":"fill them in with crm_deal_update, then repeat the call","retryable":false,"missing":["amount","close_date"]}}"#
            ]],
        );
    }

    #[test]
    fn skipping_and_going_back_need_a_reason() {
        let fixture = Fixture::new(&[&crate::DOMAIN], READY);
        let code = |args: &str| fixture.call("crm_deal_move", args).json()["error"]["code"].clone();
        assert_eq!(code(r#"{"deal": "@menu", "to_stage": "proposal"}"#), "missing");
        assert_eq!(code(r#"{"deal": "@menu", "to_stage": "proposal", "reason": " "}"#), "missing");
        assert!(code(r#"{"deal": "@menu", "to_stage": "proposal", "reason": "urgent"}"#).is_null());
        assert_eq!(code(r#"{"deal": "@menu", "to_stage": "discovery"}"#), "missing");
        assert!(code(r#"{"deal": "@menu", "to_stage": "negotiation"}"#).is_null(), "the next one needs none");
    }

    #[test]
    fn records_the_time_in_stage_and_the_chance() {
        let fixture = Fixture::new(&[&crate::DOMAIN], READY);
        fixture.set_clock("2026-03-12T09:00:00Z");
        let json = fixture.call("crm_deal_move", r#"{"deal": "@menu", "to_stage": "qualified"}"#).json();
        assert_eq!(json["days_in_stage_left"], 9);
        assert_eq!(json["step"]["from"], "Discovery");
        assert_eq!(json["step"]["probability"], "25");
        assert_eq!(json["deal"]["days_in_stage"], 0);
    }

    #[test]
    fn a_pinned_chance_stays() {
        let fixture = Fixture::new(&[&crate::DOMAIN], READY);
        fixture.call("crm_deal_update", r#"{"deal": "@menu", "changes": {"probability": "60"}}"#);
        let json = fixture.call("crm_deal_move", r#"{"deal": "@menu", "to_stage": "qualified"}"#).json();
        assert_eq!((&json["deal"]["probability"], &json["deal"]["pinned"]), (&"60".into(), &true.into()));
    }

    #[test]
    fn where_it_is_already_nothing_happens() {
        let fixture = Fixture::new(&[&crate::DOMAIN], READY);
        let before = fixture.contents();
        let json = fixture.call("crm_deal_move", r#"{"deal": "@menu", "to_stage": "Discovery"}"#).json();
        assert!(json["step"].is_null());
        assert_eq!(fixture.contents(), before);
    }

    #[test]
    fn closing_is_another_tool() {
        check(
            &crate::DOMAIN,
            READY,
            "crm_deal_move",
            r#"{"deal": "@menu", "to_stage": "won"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`to_stage` names `Won`, where closed deals are","field":"to_stage","hint":"close the deal with crm_deal_close","retryable":false}}"#
            ]],
        );
    }

    #[derive(Clone, Debug)]
    enum Step {
        Move(&'static str),
        Close(&'static str),
        Reopen,
        Change,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let stage =
            prop::sample::select(vec!["discovery", "qualified", "proposal", "negotiation", "won", "lost"]);
        let step = prop_oneof![
            stage.prop_map(Step::Move),
            prop::sample::select(vec!["won", "lost"]).prop_map(Step::Close),
            Just(Step::Reopen),
            Just(Step::Change),
        ];
        prop::collection::vec(step, 1..10)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

        /// Invariant 30: whatever is called, the status only goes where the table says, and the history tells it.
        #[test]
        fn no_status_outside_the_table(steps in steps()) {
            use crate::deal_rules::{Event, after};
            use crate::model::DealStatus;
            let fixture = Fixture::new(&[&crate::DOMAIN], READY);
            let mut status = DealStatus::Open;
            for (count, step) in steps.iter().enumerate() {
                let (event, tool, args) = match step {
                    Step::Move(to) => {
                        (Event::Change, "crm_deal_move", format!("\"to_stage\": \"{to}\", \"reason\": \"r\""))
                    }
                    Step::Close("won") => (Event::Win, "crm_deal_close", "\"outcome\": \"won\"".to_owned()),
                    Step::Close(_) => {
                        (Event::Lose, "crm_deal_close", "\"outcome\": \"lost\", \"reason\": \"price\"".to_owned())
                    }
                    Step::Reopen => (Event::Reopen, "crm_deal_reopen", "\"reason\": \"r\"".to_owned()),
                    Step::Change => {
                        (Event::Change, "crm_deal_update", format!("\"changes\": {{\"next_step\": \"{count}\"}}"))
                    }
                };
                let answer = fixture.call_confirmed(tool, &format!("{{\"deal\": \"@menu\", {args}}}"));
                let shown = fixture.call("crm_deal_get", r#"{"deal": "@menu"}"#).json();
                let now = DealStatus::parse(shown["deal"]["status"].as_str().unwrap_or("")).expect("a status");
                let next = after(status, event);
                if answer.failed || next.is_none() {
                    prop_assert_eq!(now, status, "{:?} changed nothing: {}", step, answer.raw);
                } else {
                    prop_assert_eq!(Some(now), next);
                }
                let last = shown["stage_history"].as_array().and_then(|all| all.last()).cloned().expect("a step");
                prop_assert_eq!(&last["to"], &shown["deal"]["stage"]);
                prop_assert_eq!(&last["probability"], &shown["deal"]["probability"]);
                status = now;
            }
        }
    }
}
