//! What reports are made of: deals as they stood at a moment, moves between stages, rates, quotas.
//!
//! The past is rebuilt: stage, status, amount, chance and forecast category from `stage_history`; close date, owner,
//! pipeline and currency from today's values with every later change in the change log taken back. What was never logged
//! (rows of an importer that bypassed the tools) shows as it is today.

use std::collections::HashMap;

use maitred_core::cx::Reader;
use maitred_core::error::{ToolError, ToolResult, not_found};
use maitred_kernel::money::Rate;
use maitred_kernel::{Currency, Day, Stamp, fold};
use maitred_store::value::FromRow;
use maitred_store::{Param, Record, Row, Sql, StoreResult, params};

use crate::model::{AboutKind, DealStatus, Forecast, Pipeline, Stage, StageKind};
use crate::rates::{Quote, Rates};
use crate::store::segments;

/// A deal as it stood at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealAt {
    /// Id.
    pub id: String,
    /// When it was made.
    pub opened_at: Stamp,
    /// Its pipeline.
    pub pipeline_id: String,
    /// Its stage.
    pub stage_id: String,
    /// Running, won or lost.
    pub status: DealStatus,
    /// Minor units.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// Chance: pinned, or the stage's.
    pub probability_bp: i64,
    /// What it counted as.
    pub forecast: Forecast,
    /// Expected day of the decision.
    pub close_date: Option<Day>,
    /// When it came into its stage.
    pub stage_entered_at: Stamp,
    /// When it was closed.
    pub closed_at: Option<Stamp>,
    /// Whose it was.
    pub owner_id: String,
}

impl FromRow for DealAt {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        let (pinned, stage_bp): (Option<i64>, i64) = (row.get(7)?, row.get(8)?);
        Ok(Self {
            id: row.get(0)?,
            opened_at: row.get(1)?,
            pipeline_id: row.get(2)?,
            stage_id: row.get(3)?,
            status: row.get(4)?,
            amount_minor: row.get(5)?,
            currency: row.get(6)?,
            probability_bp: pinned.unwrap_or(stage_bp),
            forecast: row.get(9)?,
            close_date: row.get(10)?,
            stage_entered_at: row.get(11)?,
            closed_at: row.get(12)?,
            owner_id: row.get(13)?,
        })
    }
}

const DEALS: &str = "SELECT d.id, d.created_at, d.pipeline_id, d.stage_id, d.status, d.amount_minor, d.currency, \
                     d.probability_bp, s.probability_bp, d.forecast, d.close_date, d.stage_entered_at, d.closed_at, \
                     d.owner_id FROM deal d JOIN stage s ON s.id = d.stage_id ORDER BY d.id";

/// A step in the history of a deal.
#[derive(Clone, Debug)]
pub struct Step {
    /// The deal.
    pub deal: String,
    /// To which stage.
    pub stage: String,
    /// What the stage means.
    pub kind: StageKind,
    /// Its place in the pipeline.
    pub position: i64,
    /// False when only amount, chance or category changed.
    pub moved: bool,
    /// When.
    pub at: Stamp,
    amount_minor: i64,
    probability_bp: i64,
    forecast: Forecast,
}

impl FromRow for Step {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        let (from, stage): (Option<String>, String) = (row.get(1)?, row.get(2)?);
        Ok(Self {
            deal: row.get(0)?,
            moved: from.as_ref() != Some(&stage),
            stage,
            kind: row.get(3)?,
            position: row.get(4)?,
            at: row.get(5)?,
            amount_minor: row.get(6)?,
            probability_bp: row.get(7)?,
            forecast: row.get(8)?,
        })
    }
}

/// Steps in the order in which they were entered, which is not always that of their moments: a closing may be dated back.
const STEPS: &str = "SELECT h.deal_id, h.from_stage, h.to_stage, s.kind, s.position, h.at, h.amount_minor, \
                     h.probability_bp, h.forecast FROM stage_history h JOIN stage s ON s.id = h.to_stage";

/// Every deal there was, as it stood: now, or at a moment.
pub fn deals(db: &Reader<'_>, at: Option<Stamp>) -> ToolResult<Vec<DealAt>> {
    let mut deals: Vec<DealAt> = db.all(DEALS, &[])?;
    let mut steps: HashMap<String, Vec<Step>> = HashMap::new();
    let mut sql = Sql::new(STEPS);
    sql.push(" ORDER BY h.deal_id, h.id");
    for step in db.all_of::<Step>(&sql)? {
        steps.entry(step.deal.clone()).or_default().push(step);
    }
    for deal in &mut deals {
        let first = steps.get(&deal.id).and_then(|steps| steps.iter().map(|step| step.at).min());
        deal.opened_at = first.map_or(deal.opened_at, |first| first.min(deal.opened_at));
    }
    let Some(at) = at else { return Ok(deals) };
    deals.retain(|deal| deal.opened_at <= at);
    for deal in &mut deals {
        put_back(deal, steps.get(&deal.id).map_or(&[], Vec::as_slice), at);
    }
    take_back(db, &mut deals, at)?;
    Ok(deals)
}

/// Brings a deal to where its history says it stood.
fn put_back(deal: &mut DealAt, steps: &[Step], at: Stamp) {
    let Some(last) = steps.iter().rfind(|step| step.at <= at) else { return };
    let entered = steps.iter().rfind(|step| step.at <= at && step.moved).map_or(last.at, |step| step.at);
    deal.stage_id.clone_from(&last.stage);
    deal.amount_minor = last.amount_minor;
    deal.probability_bp = last.probability_bp;
    deal.forecast = last.forecast;
    deal.stage_entered_at = entered;
    (deal.status, deal.closed_at) = match last.kind {
        StageKind::Open => (DealStatus::Open, None),
        StageKind::Won => (DealStatus::Won, Some(entered)),
        StageKind::Lost => (DealStatus::Lost, Some(entered)),
    };
}

/// Takes back what the change log says was changed after the moment, the latest change first.
fn take_back(db: &Reader<'_>, deals: &mut [DealAt], at: Stamp) -> ToolResult<()> {
    let places: HashMap<String, usize> =
        deals.iter().enumerate().map(|(place, deal)| (deal.id.clone(), place)).collect();
    let rows: Vec<(String, String)> = db.all(
        "SELECT c.entity_id, c.before_json FROM change_log c JOIN audit a ON a.seq = c.audit_seq \
         WHERE c.entity = 'deal' AND c.kind = 'updated' AND c.before_json IS NOT NULL AND a.at > $1 \
         ORDER BY c.audit_seq DESC, c.position DESC",
        params![at],
    )?;
    for (id, before) in rows {
        let Some(deal) = places.get(&id).and_then(|place| deals.get_mut(*place)) else { continue };
        let before: serde_json::Value = serde_json::from_str(&before).map_err(ToolError::internal)?;
        if let Some(day) = before.get("close_date") {
            deal.close_date = day.as_str().and_then(|day| Day::parse(day).ok());
        }
        if let Some(owner) = before["owner_id"].as_str() {
            owner.clone_into(&mut deal.owner_id);
        }
        if let Some(pipeline) = before["pipeline_id"].as_str() {
            pipeline.clone_into(&mut deal.pipeline_id);
        }
        if let Some(currency) = before["currency"].as_str().and_then(|code| Currency::parse(code).ok()) {
            deal.currency = currency;
        }
    }
    Ok(())
}

/// The moves between stages in (from, to], in the order entered.
pub fn moves(db: &Reader<'_>, from: Stamp, to: Stamp) -> ToolResult<Vec<Step>> {
    let mut sql = Sql::new(STEPS);
    sql.push(" WHERE h.at > ").bind(from).and("h.at <=", to).push(" ORDER BY h.deal_id, h.id");
    let mut steps: Vec<Step> = db.all_of(&sql)?;
    steps.retain(|step| step.moved);
    Ok(steps)
}

/// Every pipeline, in order.
pub fn pipelines(db: &Reader<'_>) -> ToolResult<Vec<Pipeline>> {
    let mut sql = Sql::new(Pipeline::SELECT);
    sql.push(" ORDER BY position, id");
    Ok(db.all_of(&sql)?)
}

/// Every stage, in the order of its pipeline.
pub fn stages(db: &Reader<'_>) -> ToolResult<Vec<Stage>> {
    let mut sql = Sql::new(Stage::SELECT);
    sql.push(" ORDER BY pipeline_id, position, id");
    Ok(db.all_of(&sql)?)
}

/// The pipeline a text refers to: id, key or name.
///
/// # Errors
/// `not_found` with the names there are.
pub fn pipeline(db: &Reader<'_>, text: &str) -> ToolResult<Pipeline> {
    let all = pipelines(db)?;
    let names: Vec<&str> = all.iter().map(|pipeline| pipeline.name.as_str()).collect();
    let error = not_found("pipeline", text).field("pipeline").hint(if names.is_empty() {
        "there is none yet; leave it out".to_owned()
    } else {
        format!("pipelines are {}", names.join(", "))
    });
    let wanted = fold(text.trim());
    all.into_iter()
        .find(|known| {
            known.id.0 == text.trim() || fold(&known.key_word) == wanted || fold(&known.name) == wanted
        })
        .ok_or(error)
}

/// Looks up the rates that are still wanted for these currencies: the newest at or before the day, either way round.
pub fn learn(
    db: &Reader<'_>,
    rates: &mut Rates,
    currencies: impl IntoIterator<Item = Currency>,
) -> ToolResult<()> {
    for currency in currencies {
        if !rates.wants(currency) {
            continue;
        }
        let newest: Option<(Day, Rate, String)> = db.one(
            "SELECT day, rate, from_currency FROM fx_rate WHERE day <= $1 AND rate > 0 \
             AND ((from_currency = $2 AND to_currency = $3) OR (from_currency = $3 AND to_currency = $2)) \
             ORDER BY day DESC, CASE WHEN from_currency = $2 THEN 0 ELSE 1 END LIMIT 1",
            params![rates.day(), currency, rates.base()],
        )?;
        let quote = newest.map(|(day, rate, from)| Quote { day, rate, direct: from == currency.code() });
        rates.learn(currency, quote);
    }
    Ok(())
}

/// Quotas of the months from `first` to `last`, such as `2026-01`: month, amount, currency. Those of a member, or the
/// team's; where the team has none for a month, those of its members.
pub fn quotas(
    db: &Reader<'_>,
    first: &str,
    last: &str,
    owner: Option<&str>,
) -> ToolResult<Vec<(String, i64, Currency)>> {
    let rows: Vec<(String, Option<String>, i64, Currency)> = db.all(
        "SELECT month, owner_id, amount_minor, currency FROM quota WHERE month >= $1 AND month <= $2 \
         ORDER BY month, id",
        params![first, last],
    )?;
    let of_team: Vec<String> =
        rows.iter().filter(|(_, of, ..)| of.is_none()).map(|(month, ..)| month.clone()).collect();
    let fits = |month: &String, of: Option<&str>| match owner {
        Some(owner) => of == Some(owner),
        None => of.is_none() || !of_team.contains(month),
    };
    let fitting = rows.into_iter().filter(|(month, of, ..)| fits(month, of.as_deref()));
    Ok(fitting.map(|(month, _, amount, currency)| (month, amount, currency)).collect())
}

/// A deal closed in a window.
#[derive(Clone, Debug)]
pub struct Closed {
    /// Id.
    pub id: String,
    /// Won or lost.
    pub status: DealStatus,
    /// Minor units.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// When it was made.
    pub opened_at: Stamp,
    /// When it was closed.
    pub closed_at: Stamp,
    /// Whose it is.
    pub owner_id: String,
    /// Source of its lead, else of its company.
    pub source: Option<String>,
    /// Why it was lost.
    pub lost_reason: Option<String>,
}

impl FromRow for Closed {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        let (made, first): (Stamp, Option<Stamp>) = (row.get(4)?, row.get(5)?);
        Ok(Self {
            id: row.get(0)?,
            status: row.get(1)?,
            amount_minor: row.get(2)?,
            currency: row.get(3)?,
            opened_at: first.map_or(made, |first| first.min(made)),
            closed_at: row.get(6)?,
            owner_id: row.get(7)?,
            source: row.get(8)?,
            lost_reason: row.get(9)?,
        })
    }
}

/// Deals closed in [from, to); only those of a segment of companies or deals when one is named.
pub fn closed(
    db: &Reader<'_>,
    from: Stamp,
    to: Stamp,
    segment: Option<(AboutKind, &str)>,
) -> ToolResult<Vec<Closed>> {
    let mut sql = Sql::new(
        "SELECT d.id, d.status, d.amount_minor, d.currency, d.created_at, \
         (SELECT MIN(h.at) FROM stage_history h WHERE h.deal_id = d.id), d.closed_at, d.owner_id, \
         COALESCE(e.source, p.source), d.lost_reason FROM deal d LEFT JOIN lead e ON e.id = d.lead_id \
         LEFT JOIN crm_profile p ON p.id = d.company_id WHERE d.status <> 'open' AND d.closed_at >= ",
    );
    sql.bind(from).and("d.closed_at <", to);
    if let Some((entity, id)) = segment {
        let column = if entity == AboutKind::Deal { "d.id" } else { "d.company_id" };
        segments::narrow(db, &mut sql, entity, id, column)?;
    }
    sql.push(" ORDER BY d.id");
    Ok(db.all_of(&sql)?)
}

/// How many activities of each kind somebody had in [from, to): member, kind, count.
pub fn activities_by_member(
    db: &Reader<'_>,
    from: Stamp,
    to: Stamp,
) -> ToolResult<Vec<(String, String, i64)>> {
    Ok(db.all(
        "SELECT by_member, kind, COUNT(*) FROM activity WHERE by_member IS NOT NULL AND at >= $1 AND at < $2 \
         GROUP BY by_member, kind ORDER BY by_member, kind",
        params![from, to],
    )?)
}

/// Activities about deals in [from, to): deal, kind, count.
pub fn activities_by_deal(db: &Reader<'_>, from: Stamp, to: Stamp) -> ToolResult<Vec<(String, String, i64)>> {
    Ok(db.all(
        "SELECT l.entity_id, a.kind, COUNT(*) FROM activity_link l JOIN activity a ON a.id = l.activity_id \
         WHERE l.entity_kind = 'deal' AND a.at >= $1 AND a.at < $2 GROUP BY l.entity_id, a.kind \
         ORDER BY l.entity_id, a.kind",
        params![from, to],
    )?)
}

/// Something that may want an action: id, label, number, value with its currency, since when.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Id.
    pub id: String,
    /// Title or name.
    pub label: String,
    /// Document number, where it has one.
    pub number: Option<String>,
    /// Minor units.
    pub value_minor: Option<i64>,
    /// Currency of the value.
    pub currency: Option<Currency>,
    /// Due, made, or entered its stage.
    pub since: Stamp,
    /// Rot days of its stage; 0 for what is not a deal.
    pub rot_days: i64,
    /// Expected day of the decision.
    pub close_date: Option<Day>,
    /// True when there is an open to-do in the future.
    pub planned: bool,
}

impl FromRow for Waiting {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            label: row.get(1)?,
            number: row.get(2)?,
            value_minor: row.get(3)?,
            currency: row.get(4)?,
            since: row.get(5)?,
            rot_days: row.get(6)?,
            close_date: row.get(7)?,
            planned: row.get(8)?,
        })
    }
}

fn owned(sql: &mut Sql, column: &'static str, owner: Option<&str>) {
    if let Some(owner) = owner {
        sql.push(" AND ").push(column).push(" = ").bind(owner);
    }
}

/// Open to-dos past due, once for each deal or lead they are about, and once when they are about neither.
pub fn overdue_todos(db: &Reader<'_>, now: Stamp, owner: Option<&str>) -> ToolResult<Vec<Waiting>> {
    let mut sql = Sql::new(
        "SELECT t.id, t.title, CAST(NULL AS TEXT), COALESCE(d.amount_minor, e.value_minor), COALESCE(d.currency, e.currency), \
         t.due_at, CAST(0 AS BIGINT), CAST(NULL AS TEXT), CAST(0 AS BIGINT) FROM todo t LEFT JOIN todo_link l ON l.todo_id = t.id \
         LEFT JOIN deal d ON d.id = l.entity_id LEFT JOIN lead e ON e.id = l.entity_id \
         WHERE t.status = 'open' AND t.due_at < ",
    );
    sql.bind(now);
    owned(&mut sql, "t.assignee_id", owner);
    sql.push(" ORDER BY t.id, l.id");
    Ok(db.all_of(&sql)?)
}

/// Open deals, with whether something is planned for them.
pub fn open_deals(db: &Reader<'_>, now: Stamp, owner: Option<&str>) -> ToolResult<Vec<Waiting>> {
    let mut sql = Sql::new(
        "SELECT d.id, d.title, d.number, d.amount_minor, d.currency, d.stage_entered_at, s.rot_days, d.close_date, \
         CASE WHEN EXISTS (SELECT 1 FROM todo_link l JOIN todo t ON t.id = l.todo_id WHERE l.entity_id = d.id \
         AND t.status = 'open' AND t.due_at >= ",
    );
    sql.bind(now)
        .push(") THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END FROM deal d JOIN stage s ON s.id = d.stage_id WHERE d.status = 'open'");
    owned(&mut sql, "d.owner_id", owner);
    sql.push(" ORDER BY d.id");
    Ok(db.all_of(&sql)?)
}

/// New leads nobody has touched: the owner's, and those that are nobody's yet.
pub fn untouched_leads(db: &Reader<'_>, owner: Option<&str>) -> ToolResult<Vec<Waiting>> {
    let mut sql = Sql::new(
        "SELECT id, name, number, value_minor, currency, created_at, CAST(0 AS BIGINT), CAST(NULL AS TEXT), \
         CAST(0 AS BIGINT) FROM lead \
         WHERE status = 'new' AND last_touched_at IS NULL AND archived_at IS NULL",
    );
    if let Some(owner) = owner {
        sql.push(" AND (owner_id IS NULL OR owner_id = ").bind(owner).push(")");
    }
    sql.push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// Names of members by id.
pub fn member_names(db: &Reader<'_>) -> ToolResult<HashMap<String, String>> {
    let none: &[Param<'_>] = &[];
    Ok(db.all::<(String, String)>("SELECT id, name FROM member", none)?.into_iter().collect())
}
