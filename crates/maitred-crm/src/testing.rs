//! Deals for tests, written as the tools that make and move them write them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this is test code")]

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_kernel::wire::Moment;
use maitred_kernel::{Currency, Day, Stamp};
use maitred_party::{CompanyId, MemberId};
use maitred_store::audit::{self, Entry};
use maitred_store::ledger;
use maitred_testkit::Fixture;

use crate::model::{
    Deal, DealId, DealStatus, Forecast, Pipeline, PipelineId, Stage, StageHistory, StageId, StageKind,
};

/// A pipeline `Sales` with the stages first (20 %, rots after 10 days), second (50 %), won and lost.
pub fn pipeline(fixture: &Fixture) {
    let stages = [
        ("first", StageKind::Open, 2_000),
        ("second", StageKind::Open, 5_000),
        ("won", StageKind::Won, 10_000),
        ("lost", StageKind::Lost, 0),
    ];
    let made = fixture
        .write(move |db| {
            let mut pipeline = Pipeline {
                id: PipelineId(db.fresh_id()),
                version: 1,
                created_at: Stamp::EPOCH,
                updated_at: Stamp::EPOCH,
                key_word: "sales".to_owned(),
                name: "Sales".to_owned(),
                currency: None,
                position: 1,
                retired_at: None,
            };
            db.insert(&mut pipeline)?;
            let mut made = vec![("pipeline", pipeline.id.0.clone())];
            for (position, (key, kind, probability_bp)) in (1..).zip(stages) {
                let mut stage = Stage {
                    id: StageId(db.fresh_id()),
                    version: 1,
                    created_at: Stamp::EPOCH,
                    updated_at: Stamp::EPOCH,
                    pipeline_id: pipeline.id.clone(),
                    key_word: key.to_owned(),
                    name: key.to_owned(),
                    position,
                    kind,
                    probability_bp,
                    rot_days: 10,
                    required_fields: String::new(),
                    retired_at: None,
                };
                db.insert(&mut stage)?;
                made.push((key, stage.id.0));
            }
            Ok(made)
        })
        .expect("a pipeline");
    for (name, id) in made {
        fixture.name(name, &id);
    }
}

fn note(db: &Writer<'_>, deal: &Deal, from: Option<StageId>, at: Stamp) -> ToolResult<()> {
    let stage = db.get::<Stage>(&deal.stage_id.0)?.expect("a stage");
    let mut step = StageHistory {
        id: db.fresh_id(),
        deal_id: deal.id.clone(),
        from_stage: from,
        to_stage: deal.stage_id.clone(),
        at,
        by_member: None,
        amount_minor: deal.amount_minor,
        probability_bp: deal.probability_bp.unwrap_or(stage.probability_bp),
        forecast: deal.forecast,
        reason: None,
    };
    Ok(db.insert(&mut step)?)
}

/// Makes a deal with @acme at a moment; `amount` is `10.00 EUR`.
pub fn deal(fixture: &Fixture, name: &'static str, owner: &str, amount: &str, stage: &str, at: &str) {
    fixture.set_clock(at);
    let (amount, currency) = amount.split_once(' ').expect("an amount");
    let currency = Currency::parse(currency).expect("a currency");
    let amount_minor = maitred_kernel::parse_minor(amount, currency).expect("an amount");
    let (company, owner) = (fixture.id("acme"), fixture.id(owner));
    let (pipeline, stage) = (fixture.id("pipeline"), fixture.id(stage));
    let id = fixture
        .write(move |db| {
            let at = db.stamp();
            let mut deal = Deal {
                id: DealId(db.fresh_id()),
                version: 1,
                created_at: at,
                updated_at: at,
                number: format!("D-2026-{name}"),
                title: name.to_owned(),
                company_id: CompanyId(company.clone()),
                contact_id: None,
                pipeline_id: PipelineId(pipeline.clone()),
                stage_id: StageId(stage.clone()),
                status: DealStatus::Open,
                amount_minor,
                currency,
                probability_bp: None,
                forecast: Forecast::Pipeline,
                close_date: None,
                pushed_count: 0,
                stage_entered_at: at,
                closed_at: None,
                lost_reason: None,
                competitor: None,
                next_step: None,
                reopened_count: 0,
                owner_id: MemberId(owner.clone()),
                lead_id: None,
            };
            db.insert(&mut deal)?;
            note(db, &deal, None, at)?;
            Ok(deal.id.0)
        })
        .expect("a deal");
    fixture.name(name, &id);
}

/// Changes a deal at a moment, with the history and the change log that a tool would leave.
pub fn change(fixture: &Fixture, name: &str, at: &str, how: impl Fn(&mut Deal) + Send + 'static) {
    fixture.set_clock(at);
    let id = fixture.id(name);
    fixture
        .write(move |db| {
            let before = db.get::<Deal>(&id)?.expect("a deal");
            let mut after = before.clone();
            how(&mut after);
            db.update(&before, &mut after)?;
            let counts =
                |deal: &Deal| (deal.stage_id.clone(), deal.amount_minor, deal.forecast, deal.probability_bp);
            if counts(&before) != counts(&after) {
                let at = after.closed_at.unwrap_or_else(|| db.stamp());
                note(db, &after, Some(before.stage_id.clone()), at)?;
            }
            let entry = Entry {
                principal: "test",
                actor_kind: "operator",
                actor_id: None,
                actor_label: "test",
                tool: "crm_deal_update",
                transport: "cli",
                request_key: None,
                arguments_digest: "",
                changes_digest: "",
                build: "test",
            };
            let seq = audit::append(db.tx(), &[2; 32], &entry)?;
            ledger::put_changes(db.tx(), seq)?;
            Ok(())
        })
        .expect("a change");
}

/// Moves a deal to a stage at a moment; won and lost close it.
pub fn step(fixture: &Fixture, name: &str, stage: &str, at: &str) {
    let (id, status) = (fixture.id(stage), DealStatus::parse(stage).unwrap_or(DealStatus::Open));
    let moment = Stamp::from_timestamp(at.parse().expect("a moment")).expect("a moment");
    change(fixture, name, at, move |deal| {
        deal.stage_id = StageId(id.clone());
        deal.status = status;
        deal.stage_entered_at = moment;
        deal.closed_at = (status != DealStatus::Open).then_some(moment);
    });
}

/// Changes close date, forecast category or owner.
pub fn expect_by(fixture: &Fixture, name: &str, day: &str, forecast: Forecast, at: &str) {
    let day = Day::parse(day).expect("a day");
    change(fixture, name, at, move |deal| {
        deal.close_date = Some(day);
        deal.forecast = forecast;
    });
}

/// A rate: `to` per one `from`, eight decimals.
pub fn rate(fixture: &Fixture, day: &'static str, from: &'static str, to: &'static str, e8: i64) {
    fixture
        .write(move |db| {
            let id = db.fresh_id();
            db.execute(
                "INSERT INTO fx_rate (id, day, from_currency, to_currency, rate) VALUES ($1, $2, $3, $4, $5)",
                maitred_store::params![id, day, from, to, e8],
            )?;
            Ok(())
        })
        .expect("a rate");
}

/// A quota of the team, or of a member.
pub fn quota(fixture: &Fixture, month: &'static str, owner: Option<&str>, amount_minor: i64) {
    let owner = owner.map(|owner| MemberId(fixture.id(owner)));
    fixture
        .write(move |db| {
            let mut quota = crate::model::Quota {
                id: db.fresh_id(),
                version: 1,
                created_at: Stamp::EPOCH,
                updated_at: Stamp::EPOCH,
                owner_id: owner.clone(),
                month: month.to_owned(),
                amount_minor,
                currency: Currency::EUR,
            };
            Ok(db.insert(&mut quota)?)
        })
        .expect("a quota");
}
