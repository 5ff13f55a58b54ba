//! The settings sections `crm.pipelines`, `crm.lost_reasons` and `crm.quotas`.

use std::collections::BTreeSet;

use maitred_core::args::{Object, parse_object};
use maitred_core::prelude::*;
use maitred_kernel::wire::{Amount, Moment};
use maitred_kernel::{BasisPoints, Currency, Period, Stamp, format_minor};
use maitred_party::org::settings_of;
use maitred_party::sources::SettingSource;
use maitred_party::store::{members, settings};
use serde_json::{Value, json};

use crate::deal_rules::{Required, required_of};
use crate::model::{LostReason, Pipeline, PipelineId, Quota, Stage, StageId, StageKind};
use crate::store::pipelines::{self, Way};
use crate::store::{deals, quotas};

/// Section `crm.pipelines`.
pub struct Pipelines;
/// Section `crm.lost_reasons`.
pub struct LostReasons;
/// Section `crm.quotas`.
pub struct Quotas;

/// A pipeline as its section has it.
#[derive(ToolArgs)]
struct WayArg {
    /// Short stable word.
    #[arg(min = 1, max = 40)]
    key: String,
    /// Name.
    #[arg(min = 1, max = 80)]
    name: String,
    /// Currency of its deals, where fixed.
    currency: Option<Currency>,
    /// Takes no new deals.
    retired: Option<bool>,
    /// Stages in order.
    #[arg(min = 3, max = 30)]
    stages: Vec<StageArg>,
}

/// A stage as the section has it.
#[derive(ToolArgs)]
struct StageArg {
    /// Short stable word.
    #[arg(min = 1, max = 40)]
    key: String,
    /// Name.
    #[arg(min = 1, max = 80)]
    name: String,
    /// What it means.
    kind: StageKind,
    /// Chance of winning in percent.
    probability: BasisPoints,
    /// Days after which a deal is stale; 0 for never.
    #[arg(max = 3650)]
    rot_days: Option<u32>,
    /// Fields to be filled to enter.
    #[arg(max = 10)]
    required_fields: Option<Vec<Required>>,
    /// Takes no deals.
    retired: Option<bool>,
}

#[derive(ToolArgs)]
struct WaysArg {
    /// Pipelines in order.
    #[arg(min = 1, max = 20)]
    pipelines: Vec<WayArg>,
}

fn is_key(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// What must hold for the section whatever is stored: keys, chances, one way to win and one to lose.
fn check_ways(ways: &[WayArg]) -> ToolResult<()> {
    let mut keys = BTreeSet::new();
    for (at, way) in ways.iter().enumerate() {
        let field = format!("pipelines[{at}]");
        if !is_key(&way.key) || !keys.insert(way.key.as_str()) {
            return Err(invalid(&format!("{field}.key"), "must be unique: small letters, digits, `_`"));
        }
        let mut stage_keys = BTreeSet::new();
        for (index, stage) in way.stages.iter().enumerate() {
            let field = format!("{field}.stages[{index}]");
            if !is_key(&stage.key) || !stage_keys.insert(stage.key.as_str()) {
                return Err(invalid(&format!("{field}.key"), "must be unique: small letters, digits, `_`"));
            }
            let fits = match stage.kind {
                StageKind::Open => (0..=10_000).contains(&stage.probability.bp()),
                StageKind::Won => stage.probability.bp() == 10_000,
                StageKind::Lost => stage.probability.bp() == 0,
            };
            if !fits {
                let why = "must be 100 where won, 0 where lost, and from 0 to 100 else";
                return Err(invalid(&format!("{field}.probability"), why));
            }
        }
        let live = |kind| {
            way.stages.iter().filter(|stage| stage.kind == kind && stage.retired != Some(true)).count()
        };
        if live(StageKind::Open) == 0 || live(StageKind::Won) != 1 || live(StageKind::Lost) != 1 {
            let why = "must hold at least one open stage, one for won and one for lost deals, not retired";
            return Err(invalid(&format!("{field}.stages"), why));
        }
    }
    if ways.iter().all(|way| way.retired == Some(true)) {
        return Err(invalid("pipelines", "must hold one that is not retired"));
    }
    Ok(())
}

impl SettingSource for Pipelines {
    fn section(&self) -> &'static str {
        "crm.pipelines"
    }
    fn about(&self) -> &'static str {
        "Pipelines with their stages: order, chance of winning, rot days, required fields. A stage that deals were \
         in can only be retired."
    }
    fn schema(&self) -> &'static str {
        r#"{"type":"object","required":["pipelines"],"additionalProperties":false,"properties":{"pipelines":{"type":"array","minItems":1,"maxItems":20,"items":{"type":"object","required":["key","name","stages"],"additionalProperties":false,"properties":{"key":{"type":"string"},"name":{"type":"string"},"currency":{"type":"string"},"retired":{"type":"boolean"},"stages":{"type":"array","minItems":3,"maxItems":30,"items":{"type":"object","required":["key","name","kind","probability"],"additionalProperties":false,"properties":{"key":{"type":"string"},"name":{"type":"string"},"kind":{"type":"string","enum":["open","won","lost"]},"probability":{"type":"string","description":"percent"},"rot_days":{"type":"integer","minimum":0},"required_fields":{"type":"array","items":{"type":"string","enum":["amount","close_date","contact","lines","next_step","decision_maker"]}},"retired":{"type":"boolean"}}}}}}}}}"#
    }
    fn editors(&self) -> &'static [&'static str] {
        &[]
    }
    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        let ways: Vec<Value> = pipelines::list(db)?.iter().map(way_json).collect();
        Ok(json!({ "pipelines": ways }).to_string())
    }
    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let new: WaysArg = parse_object(Object::parse(value)?)?;
        check_ways(&new.pipelines)?;
        let there = pipelines::ensure_default(db)?;
        let mut touched = Vec::new();
        for (position, arg) in (1..).zip(&new.pipelines) {
            let known = there.iter().find(|way| way.pipeline.key_word == arg.key);
            put_way(db, known, arg, position, &mut touched)?;
        }
        for gone in
            there.iter().filter(|way| new.pipelines.iter().all(|arg| arg.key != way.pipeline.key_word))
        {
            for stage in &gone.stages {
                drop_stage(db, gone, stage)?;
            }
            db.delete(&gone.pipeline)?;
            touched.push(format!("the pipeline `{}` is gone", gone.pipeline.name));
        }
        Ok(touched)
    }
}

fn way_json(way: &Way) -> Value {
    let stages: Vec<Value> = way
        .stages
        .iter()
        .map(|stage| {
            json!({
                "key": stage.key_word,
                "name": stage.name,
                "kind": stage.kind.as_str(),
                "probability": BasisPoints::from_bp(stage.probability_bp).to_string(),
                "rot_days": stage.rot_days,
                "required_fields": required_of(stage).iter().map(|field| field.as_str()).collect::<Vec<_>>(),
                "retired": stage.retired_at.is_some(),
            })
        })
        .collect();
    let mut json = json!({
        "key": way.pipeline.key_word,
        "name": way.pipeline.name,
        "retired": !way.is_live(),
        "stages": stages,
    });
    if let Some(currency) = way.pipeline.currency {
        json["currency"] = currency.code().into();
    }
    json
}

fn retired(flag: Option<bool>, known: Option<Stamp>, now: Stamp) -> Option<Stamp> {
    (flag == Some(true)).then(|| known.unwrap_or(now))
}

fn put_way(
    db: &Writer<'_>,
    known: Option<&Way>,
    arg: &WayArg,
    position: i64,
    touched: &mut Vec<String>,
) -> ToolResult<()> {
    let mut pipeline = Pipeline {
        id: known.map_or_else(|| PipelineId(db.fresh_id()), |way| way.pipeline.id.clone()),
        version: 1,
        created_at: known.map_or(Stamp::EPOCH, |way| way.pipeline.created_at),
        updated_at: Stamp::EPOCH,
        key_word: arg.key.clone(),
        name: arg.name.clone(),
        currency: arg.currency,
        position,
        retired_at: retired(arg.retired, known.and_then(|way| way.pipeline.retired_at), db.stamp()),
    };
    match known {
        Some(way) => {
            if db.update(&way.pipeline, &mut pipeline)? {
                touched.push(format!("the pipeline `{}` changes", arg.name));
            }
        }
        None => {
            db.insert(&mut pipeline)?;
            touched.push(format!("the pipeline `{}` is new", arg.name));
        }
    }
    let stages: &[Stage] = known.map_or(&[], |way| &way.stages);
    for (position, stage) in (1..).zip(&arg.stages) {
        let known = stages.iter().find(|known| known.key_word == stage.key);
        put_stage(db, known, &pipeline.id, stage, position, touched)?;
    }
    if let Some(way) = known {
        for gone in stages.iter().filter(|known| arg.stages.iter().all(|stage| stage.key != known.key_word)) {
            drop_stage(db, way, gone)?;
            touched.push(format!("the stage `{}` is gone", gone.name));
        }
    }
    Ok(())
}

fn put_stage(
    db: &Writer<'_>,
    known: Option<&Stage>,
    pipeline: &PipelineId,
    arg: &StageArg,
    position: i64,
    touched: &mut Vec<String>,
) -> ToolResult<()> {
    let required: Vec<&str> = arg.required_fields.iter().flatten().map(|field| field.as_str()).collect();
    let mut stage = Stage {
        id: known.map_or_else(|| StageId(db.fresh_id()), |known| known.id.clone()),
        version: 1,
        created_at: known.map_or(Stamp::EPOCH, |known| known.created_at),
        updated_at: Stamp::EPOCH,
        pipeline_id: pipeline.clone(),
        key_word: arg.key.clone(),
        name: arg.name.clone(),
        position,
        kind: arg.kind,
        probability_bp: arg.probability.bp(),
        rot_days: arg.rot_days.map_or(0, i64::from),
        required_fields: required.join(" "),
        retired_at: retired(arg.retired, known.and_then(|known| known.retired_at), db.stamp()),
    };
    let Some(known) = known else {
        db.insert(&mut stage)?;
        touched.push(format!("the stage `{}` is new", arg.name));
        return Ok(());
    };
    if known.kind != stage.kind && pipelines::is_used(db, &known.id)? {
        return Err(in_use(&known.name, "its kind stays"));
    }
    if !db.update(known, &mut stage)? {
        return Ok(());
    }
    touched.push(format!("the stage `{}` changes", arg.name));
    if known.probability_bp != stage.probability_bp {
        // What the deals counted until now stays in their history; from now on they count the new chance.
        let follow = deals::following(db, &stage.id)?;
        for deal in &follow {
            deals::note(db, Some(&stage.id), deal, db.stamp(), Some("the chance of the stage was changed"))?;
        }
        touched.push(format!(
            "{} open deals in `{}` count another chance from now on",
            follow.len(),
            arg.name
        ));
    }
    Ok(())
}

fn drop_stage(db: &Writer<'_>, way: &Way, stage: &Stage) -> ToolResult<()> {
    if pipelines::is_used(db, &stage.id)? {
        return Err(in_use(&format!("{} / {}", way.pipeline.name, stage.name), "it can only be retired"));
    }
    Ok(db.delete(stage)?)
}

fn in_use(name: &str, but: &str) -> ToolError {
    refused(Code::OpenDependents, format!("deals are or were in the stage `{name}`: {but}"))
        .field("pipelines")
        .hint("keep it in the list with `retired`: true")
}

/// A reason and what it is called.
#[derive(ToolArgs)]
struct ReasonArg {
    /// Word of the closed list.
    reason: LostReason,
    /// What it is called.
    #[arg(min = 1, max = 80)]
    label: String,
}

#[derive(ToolArgs)]
struct ReasonsArg {
    /// Reasons in order; those left out follow under their own names.
    #[arg(max = 20)]
    lost_reasons: Vec<ReasonArg>,
}

/// The reasons to lose a deal, in the order of the section, with their labels.
pub fn lost_reasons(db: &Reader<'_>) -> ToolResult<Vec<(LostReason, String)>> {
    let mut reasons = Vec::new();
    if let Some(stored) = settings::get(db, "crm.lost_reasons")? {
        let stored: ReasonsArg = parse_object(Object::parse(&stored.value)?)?;
        reasons.extend(stored.lost_reasons.into_iter().map(|arg| (arg.reason, arg.label)));
    }
    for reason in LostReason::ALL {
        if reasons.iter().all(|(known, _)| known != reason) {
            reasons.push((*reason, reason.as_str().replace('_', " ")));
        }
    }
    Ok(reasons)
}

impl SettingSource for LostReasons {
    fn section(&self) -> &'static str {
        "crm.lost_reasons"
    }
    fn about(&self) -> &'static str {
        "Order and labels of the reasons to lose a deal. The list itself is closed."
    }
    fn schema(&self) -> &'static str {
        r#"{"type":"object","required":["lost_reasons"],"additionalProperties":false,"properties":{"lost_reasons":{"type":"array","items":{"type":"object","required":["reason","label"],"additionalProperties":false,"properties":{"reason":{"type":"string","enum":["price","competitor","no_decision","timing","fit","other"]},"label":{"type":"string"}}}}}}"#
    }
    fn editors(&self) -> &'static [&'static str] {
        &[]
    }
    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        let reasons: Vec<Value> = lost_reasons(db)?
            .into_iter()
            .map(|(reason, label)| json!({ "reason": reason.as_str(), "label": label }))
            .collect();
        Ok(json!({ "lost_reasons": reasons }).to_string())
    }
    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let new: ReasonsArg = parse_object(Object::parse(value)?)?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = new.lost_reasons.iter().find(|arg| !seen.insert(arg.reason)) {
            return Err(invalid("lost_reasons", format!("has `{}` twice", twice.reason)));
        }
        let reasons: Vec<Value> = new
            .lost_reasons
            .iter()
            .map(|arg| json!({ "reason": arg.reason.as_str(), "label": arg.label }))
            .collect();
        settings::put(db, self.section(), &json!({ "lost_reasons": reasons }).to_string())?;
        Ok(vec!["order and labels only: closed deals keep their reasons".to_owned()])
    }
}

/// What somebody is to win in a month.
#[derive(ToolArgs)]
struct QuotaArg {
    /// Member; the whole team when left out.
    #[arg(max = 200)]
    owner: Option<String>,
    /// Month such as 2026-03.
    month: Period,
    /// Amount.
    amount: Amount,
    /// Currency; the organisation's.
    currency: Option<Currency>,
}

#[derive(ToolArgs)]
struct QuotasArg {
    /// One for each month and member, or team.
    #[arg(max = 2000)]
    quotas: Vec<QuotaArg>,
}

impl SettingSource for Quotas {
    fn section(&self) -> &'static str {
        "crm.quotas"
    }
    fn about(&self) -> &'static str {
        "What each member, or the whole team, is to win in a month; the forecast is held against it."
    }
    fn schema(&self) -> &'static str {
        r#"{"type":"object","required":["quotas"],"additionalProperties":false,"properties":{"quotas":{"type":"array","maxItems":2000,"items":{"type":"object","required":["month","amount"],"additionalProperties":false,"properties":{"owner":{"type":"string","description":"member; the team when left out"},"month":{"type":"string","description":"such as 2026-03"},"amount":{"type":"string"},"currency":{"type":"string"}}}}}}"#
    }
    fn editors(&self) -> &'static [&'static str] {
        &[]
    }
    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        let quotas: Vec<Value> = quotas::all(db)?
            .into_iter()
            .map(|quota| {
                let mut json = json!({
                    "month": quota.month,
                    "amount": format_minor(quota.amount_minor, quota.currency),
                    "currency": quota.currency.code(),
                });
                if let Some(owner) = quota.owner_id {
                    json["owner"] = owner.0.into();
                }
                json
            })
            .collect();
        Ok(json!({ "quotas": quotas }).to_string())
    }
    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let new: QuotasArg = parse_object(Object::parse(value)?)?;
        let base = settings_of(db)?.currency;
        let mut wanted: Vec<Quota> = Vec::new();
        for (index, arg) in new.quotas.iter().enumerate() {
            let field = |name: &str| format!("quotas[{index}].{name}");
            if !matches!(arg.month, Period::Month(..)) {
                return Err(invalid(&field("month"), "must be a month such as 2026-03"));
            }
            let currency = arg.currency.unwrap_or(base);
            let amount_minor = arg.amount.minor(currency, &field("amount"))?;
            if amount_minor < 0 {
                return Err(invalid(&field("amount"), "must not be negative"));
            }
            let owner =
                arg.owner.as_deref().map(|text| members::resolve(db, text, &field("owner"))).transpose()?;
            let quota = Quota {
                id: String::new(),
                version: 1,
                created_at: Stamp::EPOCH,
                updated_at: Stamp::EPOCH,
                owner_id: owner.map(|member| member.id),
                month: arg.month.to_string(),
                amount_minor,
                currency,
            };
            if wanted.iter().any(|known| (&known.owner_id, &known.month) == (&quota.owner_id, &quota.month)) {
                return Err(invalid(&field("month"), "is there twice for the same owner"));
            }
            wanted.push(quota);
        }
        let (written, removed) = quotas::replace(db, wanted)?;
        Ok(vec![format!("{written} quotas change, {removed} go")])
    }
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    use super::*;

    const MENU: &str = r#"company acme;
        crm_deal_create {"company": "@acme", "title": "Menu", "amount": 900} as menu"#;

    fn section(fixture: &Fixture, source: &dyn SettingSource) -> Value {
        let text = fixture.read(|db| source.get(db)).expect("a section");
        serde_json::from_str(&text).expect("JSON")
    }

    fn set<S: SettingSource + 'static>(
        fixture: &Fixture,
        source: S,
        value: &Value,
    ) -> Result<Vec<String>, String> {
        let text = value.to_string();
        fixture.write(move |db| source.set(db, &text)).map_err(|error| error.to_string() + error.detail())
    }

    #[test]
    fn what_is_read_can_be_written_back() {
        let fixture = Fixture::new(&[&crate::DOMAIN], MENU);
        let before = fixture.contents();
        for _ in 0..2 {
            set(&fixture, Pipelines, &section(&fixture, &Pipelines)).expect("the same again");
        }
        assert_eq!(fixture.contents(), before);
        for source in [&Pipelines as &dyn SettingSource, &LostReasons, &Quotas] {
            let schema: Value = serde_json::from_str(source.schema()).expect("a schema is JSON");
            assert_eq!(maitred_testkit::fits(&schema, &section(&fixture, source)), Vec::<String>::new());
        }
    }

    #[test]
    fn a_stage_that_was_used_can_only_be_retired() {
        let fixture = Fixture::new(&[&crate::DOMAIN], MENU);
        fixture.call("crm_deal_move", r#"{"deal": "@menu", "to_stage": "qualified"}"#);
        let mut value = section(&fixture, &Pipelines);
        let stages = value["pipelines"][0]["stages"].as_array_mut().expect("stages");
        let discovery = stages.remove(0);
        let fault = set(&fixture, Pipelines, &value).expect_err("it was used");
        assert!(fault.contains("it can only be retired"), "{fault}");
        let stages = value["pipelines"][0]["stages"].as_array_mut().expect("stages");
        stages.insert(0, discovery);
        stages[0]["retired"] = true.into();
        stages.remove(3);
        set(&fixture, Pipelines, &value).expect("negotiation was never used");
        let back =
            fixture.call("crm_deal_move", r#"{"deal": "@menu", "to_stage": "discovery", "reason": "r"}"#);
        assert_eq!(back.json()["error"]["field"], "to_stage");
        let new = fixture.call("crm_deal_create", r#"{"company": "@acme", "title": "New"}"#);
        assert_eq!(new.json()["stage"], "Qualified");
    }

    #[test]
    fn another_chance_counts_from_now_on() {
        let fixture = Fixture::new(&[&crate::DOMAIN], MENU);
        fixture.set_clock("2026-03-05T10:00:00Z");
        let mut value = section(&fixture, &Pipelines);
        value["pipelines"][0]["stages"][0]["probability"] = "15".into();
        let touched = set(&fixture, Pipelines, &value).expect("a change");
        assert!(touched.iter().any(|line| line.starts_with("1 open deals in `Discovery`")), "{touched:?}");
        let shown = fixture.call("crm_deal_get", r#"{"deal": "@menu"}"#).json();
        let chances: Vec<&str> = shown["stage_history"]
            .as_array()
            .expect("steps")
            .iter()
            .filter_map(|step| step["probability"].as_str())
            .collect();
        assert_eq!(chances, ["10", "15"]);
        assert_eq!(shown["deal"]["days_in_stage"], 3, "it did not move");
    }

    #[test]
    fn a_pipeline_has_one_way_to_win_and_one_to_lose() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let whole = section(&fixture, &Pipelines);
        for (path, value) in [
            ("/pipelines/0/stages/4/retired", Value::from(true)),
            ("/pipelines/0/stages/4/probability", "90".into()),
            ("/pipelines/0/stages/1/key", "discovery".into()),
            ("/pipelines/0/stages/1/kind", "won".into()),
            ("/pipelines/0/stages/1/required_fields", json!(["colour"])),
            ("/pipelines/0/retired", true.into()),
            ("/pipelines/0/key", "Two words".into()),
        ] {
            let mut faulty = whole.clone();
            *faulty.pointer_mut(path).expect("a member") = value;
            assert!(set(&fixture, Pipelines, &faulty).is_err(), "{path}");
        }
        assert_eq!(fixture.read(|db| Ok(db.count("SELECT COUNT(*) FROM pipeline", &[])?)).ok(), Some(0));
    }

    #[test]
    fn reasons_are_ordered_and_labelled() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let value = json!({ "lost_reasons": [{ "reason": "timing", "label": "Not now" }] });
        set(&fixture, LostReasons, &value).expect("labels");
        let shown = fixture.call("crm_pipeline_list", "{}").json();
        assert_eq!(shown["lost_reasons"][0], value["lost_reasons"][0]);
        assert_eq!(shown["lost_reasons"].as_array().map(Vec::len), Some(LostReason::ALL.len()));
        let twice =
            json!({ "lost_reasons": [{ "reason": "fit", "label": "a" }, { "reason": "fit", "label": "b" }] });
        assert!(set(&fixture, LostReasons, &twice).is_err());
    }

    #[test]
    fn quotas_are_one_for_each_month_and_owner() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let sales = fixture.id("sales");
        let value = json!({ "quotas": [
            { "month": "2026-03", "amount": "10000.00", "currency": "EUR" },
            { "month": "2026-03", "amount": "4000.00", "currency": "EUR", "owner": sales },
        ]});
        set(&fixture, Quotas, &value).expect("quotas");
        assert_eq!(section(&fixture, &Quotas), value);
        let less = json!({ "quotas": [{ "month": "2026-03", "amount": "12000", "owner": "sales" }] });
        assert_eq!(set(&fixture, Quotas, &less), Ok(vec!["1 quotas change, 1 go".to_owned()]));
        for faulty in [
            json!([{ "month": "2026-Q1", "amount": "1" }]),
            json!([{ "month": "2026-03", "amount": "-1" }]),
            json!([{ "month": "2026-03", "amount": "1" }, { "month": "2026-03", "amount": "2" }]),
            json!([{ "month": "2026-03", "amount": "1", "owner": "nobody" }]),
        ] {
            assert!(set(&fixture, Quotas, &json!({ "quotas": faulty })).is_err(), "{faulty}");
        }
    }
}
