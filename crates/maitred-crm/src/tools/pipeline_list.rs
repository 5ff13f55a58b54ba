//! `crm_pipeline_list`: the ways from interest to order, and what each step asks for.

use maitred_core::prelude::*;

use crate::model::LostReason;
use crate::sales_settings::lost_reasons;
use crate::sales_views::StageView;
use crate::store::pipelines::{self, Way};

/// The tool.
pub struct PipelineList;

impl Tool for PipelineList {
    const NAME: &str = "crm_pipeline_list";
    const TITLE: &str = "List pipelines";
    const ABOUT: &str = "Pipelines and stages with probability, rot days and the fields each stage requires; and why \
                         deals can be lost.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example { given: "", args: "{}" };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let ways = pipelines::list(cx)?;
        let one = args
            .pipeline
            .as_deref()
            .map(|text| pipelines::pick(&ways, Some(text), "pipeline"))
            .transpose()?;
        let chosen: Vec<&Way> = one.map_or_else(|| ways.iter().collect(), |way| vec![way]);
        let default = ways.iter().find(|way| way.is_live()).map(|way| way.pipeline.key_word.clone());
        let open = pipelines::open_deals(cx)?;
        let pipelines = chosen
            .into_iter()
            .map(|way| PipelineView {
                id: way.is_stored().then(|| way.pipeline.id.0.clone()),
                key: way.pipeline.key_word.clone(),
                name: way.pipeline.name.clone(),
                currency: way.pipeline.currency.map(|currency| currency.code().to_owned()),
                default: default.as_ref() == Some(&way.pipeline.key_word),
                retired: !way.is_live(),
                stages: way
                    .stages
                    .iter()
                    .map(|stage| {
                        let here = open.iter().find(|(id, _)| *id == stage.id);
                        StageView::new(stage, here.map_or(0, |(_, count)| *count))
                    })
                    .collect(),
            })
            .collect();
        let lost_reasons =
            lost_reasons(cx)?.into_iter().map(|(reason, label)| ReasonView { reason, label }).collect();
        Ok(Output { pipelines, lost_reasons })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Only this one: id, key or name.
    #[arg(max = 200)]
    pipeline: Option<String>,
}

/// A pipeline.
#[derive(ToolOutput)]
pub struct PipelineView {
    /// Id; nothing before the first deal.
    id: Option<String>,
    /// Short stable word.
    key: String,
    /// Name.
    name: String,
    /// Currency of its deals, where fixed.
    currency: Option<String>,
    /// Deals go here unless another is named.
    default: bool,
    /// Takes no deals any more.
    retired: bool,
    /// Stages in order.
    stages: Vec<StageView>,
}

/// A reason to lose a deal.
#[derive(ToolOutput)]
pub struct ReasonView {
    /// The word.
    reason: LostReason,
    /// What it is called here.
    label: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Pipelines in order.
    pipelines: Vec<PipelineView>,
    /// Reasons to lose a deal, in order.
    lost_reasons: Vec<ReasonView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn a_new_organisation_sees_the_way_it_starts_with() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let json = fixture.call("crm_pipeline_list", "{}").json();
        let stages = json["pipelines"][0]["stages"].as_array().expect("stages");
        let names: Vec<&str> = stages.iter().filter_map(|stage| stage["name"].as_str()).collect();
        assert_eq!(names, ["Discovery", "Qualified", "Proposal", "Negotiation", "Won", "Lost"]);
        assert_eq!(stages[2]["required_fields"], serde_json::json!(["amount", "close_date"]));
        assert!(stages[0]["id"].is_null(), "nothing is stored by reading");
        assert_eq!(json["lost_reasons"][0]["reason"], "price");
    }

    #[test]
    fn counts_the_open_deals_of_a_stage() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; crm_deal_create {"company": "@acme", "title": "Roof"};
               crm_deal_create {"company": "@acme", "title": "Door"}"#,
        );
        let json = fixture.call("crm_pipeline_list", r#"{"pipeline": "sales"}"#).json();
        assert_eq!(json["pipelines"][0]["stages"][0]["open_deals"], 2);
        assert_eq!(json["pipelines"][0]["stages"][1]["open_deals"], 0);
    }

    #[test]
    fn names_the_pipelines_there_are() {
        check(
            &crate::DOMAIN,
            "",
            "crm_pipeline_list",
            r#"{"pipeline": "wholesale"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no pipeline fits `wholesale`","field":"pipeline","hint":"pipelines are Sales","retryable":false}}"#
            ]],
        );
    }
}
