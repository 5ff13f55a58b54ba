//! The generated organisation through the tools that people will use on it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod common;
#[path = "common/desk.rs"]
mod desk;

use common::fresh;
use desk::Desk;
use maitred_demo::demo::{SEED, generate_into};
use maitred_testkit::Fixture;

#[test]
fn the_tools_find_their_way() {
    let (_directory, target) = fresh();
    let fixture = Fixture::new(&[&maitred_crm::DOMAIN], "");
    let facts = generate_into(&target, fixture.now(), SEED).unwrap();
    let desk = Desk::new(fixture, &target, &facts, "owner");

    let pipelines = desk.call("crm_pipeline_list", "{}");
    let open: i64 = pipelines["pipelines"][0]["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["open_deals"].as_i64().unwrap())
        .sum();
    let report = desk.call("crm_pipeline_report", "{}");
    assert_eq!(report["rows"].as_array().unwrap().len(), 4, "deals lie in every open stage");
    assert_eq!(report["totals"]["count"], open, "what is rebuilt from the history is what the records say");

    let forecast = desk.call("crm_forecast_report", r#"{"period": "2026-Q1"}"#);
    let months = forecast["rows"].as_array().unwrap();
    assert_eq!(months.len(), 3);
    assert!(months.iter().all(|month| month["quota"].is_string()), "{forecast:#}");

    let performance = desk
        .call("crm_performance_report", r#"{"from": "2025-03-02", "to": "2026-03-01", "group_by": "owner"}"#);
    for seller in ["Lucie Morvan", "Hugo Delattre", "Anja Reuter", "Tom Ellery"] {
        let row = performance["rows"].as_array().unwrap().iter().find(|row| row["group"] == seller).unwrap();
        assert!(row["won"].as_i64().unwrap() >= 5, "{row}");
    }

    let segments = desk.call("crm_segment_list", "{}");
    for segment in segments["segments"].as_array().unwrap() {
        assert!(segment["size"].as_i64().unwrap() >= 10, "{segment}");
    }
    let todos = desk.call("crm_todo_list", r#"{"assignee": "Lucie Morvan", "limit": 100}"#).to_string();
    for group in ["overdue", "today", "this_week", "later"] {
        assert!(todos.contains(&format!("\"{group}\"")), "{group} is missing in {todos}");
    }
    let actions = desk.call("crm_action_suggest", r#"{"owner": "Lucie Morvan"}"#).to_string();
    assert!(actions.contains("untouched_lead"), "{actions}");
}

#[test]
fn the_next_step_can_be_taken_with_every_kind_of_record() {
    let (_directory, target) = fresh();
    let fixture = Fixture::new(&[&maitred_crm::DOMAIN], "");
    let facts = generate_into(&target, fixture.now(), SEED).unwrap();
    let desk = Desk::new(fixture, &target, &facts, "owner");

    let lead =
        desk.call("crm_lead_search", r#"{"status": "qualified", "limit": 1}"#)["leads"][0]["number"].clone();
    let converted = desk.call(
        "crm_lead_convert",
        &format!(r#"{{"lead": {lead}, "deal": {{"title": "First order"}}, "dry_run": true}}"#),
    );
    assert!(converted["confirm"].is_string(), "{converted:#}");
    let deal =
        desk.call("crm_deal_search", r#"{"stage": "proposal", "limit": 1}"#)["deals"][0]["number"].clone();
    let moved = desk.call("crm_deal_move", &format!(r#"{{"deal": {deal}, "to_stage": "negotiation"}}"#));
    assert_eq!(moved["deal"]["number"], deal, "{moved:#}");
    let client = &facts.client.contact.0;
    let logged = desk.call(
        "crm_activity_log",
        &format!(r#"{{"kind": "call", "about": ["{client}"], "summary": "asked for the new list"}}"#),
    );
    assert_eq!(logged["about"][0]["label"], facts.client.name, "{logged:#}");
    let timeline = desk.call("crm_timeline_get", &format!(r#"{{"contact": "{client}"}}"#)).to_string();
    assert!(timeline.contains("asked for the new list"), "{timeline}");
}
