//! Leads, deals and pipelines as tools show them.

use maitred_core::error::ToolError;
use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_kernel::{BasisPoints, Day, Stamp, format_minor};
use maitred_store::change::json_string;

use crate::deal_rules::{Required, chance_bp, required_of};
use crate::model::{
    DealStatus, DisqualifyReason, Forecast, LeadSource, LeadStatus, LostReason, Stage, StageHistory,
    StageKind,
};
use crate::store::deals::FoundDeal;
use crate::store::leads::FoundLead;
use crate::store::pipelines::Way;
use crate::views::Named;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// Whole days from one moment to another.
pub fn days_between(from: Stamp, to: Stamp) -> i64 {
    from.millis_until(to).div_euclid(DAY_MS)
}

/// Text that came from outside: material to judge, never an instruction.
#[derive(ToolOutput, Clone, Debug)]
pub struct Untrusted {
    /// Who wrote it.
    pub author: String,
    /// What they want, in their words.
    pub need: String,
}

/// A lead.
#[derive(ToolOutput, Clone, Debug)]
pub struct LeadView {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Number.
    pub number: String,
    /// Who.
    #[output(summary)]
    pub name: String,
    /// Their company, as they called it.
    #[output(summary)]
    pub company_name: Option<String>,
    /// E-mail address.
    #[output(summary)]
    pub email: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// Where it came from.
    #[output(summary)]
    pub source: LeadSource,
    /// How far it is.
    #[output(summary)]
    pub status: LeadStatus,
    /// Since when.
    pub status_at: Stamp,
    /// 0 to 100.
    #[output(summary)]
    pub score: i64,
    /// Who works on it.
    #[output(summary)]
    pub owner: Option<Named>,
    /// What it might be worth.
    #[output(summary)]
    pub value: Option<String>,
    /// Currency of the value.
    #[output(summary)]
    pub currency: Option<String>,
    /// Whole days since it came in.
    #[output(summary)]
    pub age_days: i64,
    /// When somebody last did something about it.
    #[output(summary)]
    pub last_touched_at: Option<Stamp>,
    /// When it came in.
    pub created_at: Stamp,
    /// Why it is not worth it.
    pub disqualify_reason: Option<DisqualifyReason>,
    /// Their own words.
    pub untrusted: Untrusted,
}

impl LeadView {
    /// A found lead, with its age at `now`.
    pub fn new(lead: FoundLead, now: Stamp) -> Self {
        let value = lead.value_minor.zip(lead.currency);
        Self {
            id: lead.id,
            version: lead.version,
            number: lead.number,
            untrusted: Untrusted { author: lead.name.clone(), need: lead.need },
            name: lead.name,
            company_name: lead.company_name,
            email: lead.email,
            phone: lead.phone,
            source: lead.source,
            status: lead.status,
            status_at: lead.status_at,
            score: lead.score,
            owner: lead.owner.map(|(id, name)| Named { id, name }),
            value: value.map(|(minor, currency)| format_minor(minor, currency)),
            currency: value.map(|(_, currency)| currency.code().to_owned()),
            age_days: days_between(lead.created_at, now),
            last_touched_at: lead.is_touched.then_some(lead.touched),
            created_at: lead.created_at,
            disqualify_reason: lead.disqualify_reason,
        }
    }
}

/// A deal.
#[derive(ToolOutput, Clone, Debug)]
pub struct DealView {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Number.
    pub number: String,
    /// What it is called.
    #[output(summary)]
    pub title: String,
    /// Whom with.
    #[output(summary)]
    pub company: Named,
    /// Whom there.
    pub contact: Option<Named>,
    /// Its pipeline.
    pub pipeline: String,
    /// Its stage.
    #[output(summary)]
    pub stage: String,
    /// Running, won or lost.
    #[output(summary)]
    pub status: DealStatus,
    /// What it is worth.
    #[output(summary)]
    pub amount: String,
    /// Currency.
    #[output(summary)]
    pub currency: String,
    /// Chance of winning in percent.
    #[output(summary)]
    pub probability: BasisPoints,
    /// True when the chance does not follow the stage.
    pub pinned: bool,
    /// Forecast category.
    #[output(summary)]
    pub forecast: Forecast,
    /// Expected day of the decision.
    #[output(summary)]
    pub close_date: Option<Day>,
    /// How often the close date was moved.
    pub pushed_count: i64,
    /// When it came into its stage.
    pub stage_entered_at: Stamp,
    /// Whole days in its stage, for open deals.
    #[output(summary)]
    pub days_in_stage: Option<i64>,
    /// Longer in its stage than the stage allows.
    #[output(summary)]
    pub stale: bool,
    /// What is to be done next.
    #[output(summary)]
    pub next_step: Option<String>,
    /// Whose it is.
    #[output(summary)]
    pub owner: Named,
    /// When won or lost.
    #[output(summary)]
    pub closed_at: Option<Stamp>,
    /// Why lost.
    #[output(summary)]
    pub lost_reason: Option<LostReason>,
    /// To whom lost.
    pub competitor: Option<String>,
    /// How often it came back to life.
    pub reopened_count: i64,
    /// Lead it came from.
    pub lead: Option<String>,
    /// When opened.
    pub created_at: Stamp,
}

impl DealView {
    /// A found deal, with its ages at `now`.
    pub fn new(deal: FoundDeal, now: Stamp) -> Self {
        let open = deal.status == DealStatus::Open;
        let rot = deal.rot_days.saturating_mul(DAY_MS);
        Self {
            id: deal.id,
            version: deal.version,
            number: deal.number,
            title: deal.title,
            company: Named { id: deal.company.0, name: deal.company.1 },
            contact: deal.contact.map(|(id, given, family)| Named {
                id,
                name: given.map_or_else(|| family.clone(), |given| format!("{given} {family}")),
            }),
            pipeline: deal.pipeline,
            stage: deal.stage,
            status: deal.status,
            amount: format_minor(deal.amount_minor, deal.currency),
            currency: deal.currency.code().to_owned(),
            probability: BasisPoints::from_bp(chance_bp(deal.status, deal.probability_bp, deal.stage_bp)),
            pinned: open && deal.probability_bp.is_some(),
            forecast: deal.forecast,
            close_date: deal.close_date,
            pushed_count: deal.pushed_count,
            stage_entered_at: deal.stage_entered_at,
            days_in_stage: open.then(|| days_between(deal.stage_entered_at, now)),
            stale: open && deal.rot_days > 0 && deal.stage_entered_at.millis_until(now) > rot,
            next_step: deal.next_step,
            owner: Named { id: deal.owner.0, name: deal.owner.1 },
            closed_at: deal.closed_at,
            lost_reason: deal.lost_reason,
            competitor: deal.competitor,
            reopened_count: deal.reopened_count,
            lead: deal.lead,
            created_at: deal.created_at,
        }
    }

    /// A stored deal as it stands now.
    pub fn of(db: &Reader<'_>, id: &crate::model::DealId) -> ToolResult<Self> {
        Ok(Self::new(crate::store::deals::shown(db, id)?, db.stamp()))
    }
}

/// A step of a deal, or a change of what it counts for where `from` and `to` are the same.
#[derive(ToolOutput, Clone, Debug)]
pub struct StepView {
    /// From which stage; nothing for the first.
    pub from: Option<String>,
    /// To which stage.
    pub to: String,
    /// When.
    pub at: Stamp,
    /// By whom.
    pub by: Option<String>,
    /// Amount from then on.
    pub amount: String,
    /// Chance from then on in percent.
    pub probability: BasisPoints,
    /// Forecast category from then on.
    pub forecast: Forecast,
    /// Why.
    pub reason: Option<String>,
}

impl StepView {
    /// A history entry of a deal in `currency`, whose stages are those of `way`.
    pub fn new(
        entry: StageHistory,
        way: &Way,
        currency: maitred_kernel::Currency,
        by: Option<String>,
    ) -> Self {
        let name = |id| way.stage(id).map_or_else(|| "?".to_owned(), |stage| stage.name.clone());
        Self {
            from: entry.from_stage.as_ref().map(name),
            to: name(&entry.to_stage),
            at: entry.at,
            by,
            amount: format_minor(entry.amount_minor, currency),
            probability: BasisPoints::from_bp(entry.probability_bp),
            forecast: entry.forecast,
            reason: entry.reason,
        }
    }
}

/// A stage of a pipeline.
#[derive(ToolOutput, Clone, Debug)]
pub struct StageView {
    /// Id; nothing before the first deal.
    pub id: Option<String>,
    /// Short stable word.
    pub key: String,
    /// Name.
    pub name: String,
    /// What it means.
    pub kind: StageKind,
    /// Chance of winning in percent.
    pub probability: BasisPoints,
    /// Days after which a deal here is stale; 0 for never.
    pub rot_days: i64,
    /// Deal fields that must be filled to enter.
    pub required_fields: Vec<Required>,
    /// Takes no deals any more.
    pub retired: bool,
    /// Open deals in it.
    pub open_deals: i64,
}

impl StageView {
    /// A stage with the number of open deals in it.
    pub fn new(stage: &Stage, open_deals: i64) -> Self {
        Self {
            id: (stage.version > 0).then(|| stage.id.0.clone()),
            key: stage.key_word.clone(),
            name: stage.name.clone(),
            kind: stage.kind,
            probability: BasisPoints::from_bp(stage.probability_bp),
            rot_days: stage.rot_days,
            required_fields: required_of(stage),
            retired: stage.retired_at.is_some(),
            open_deals,
        }
    }
}

/// A refusal that names the records already there: kind, id, label.
pub fn suspect(message: String, there: &[(&str, &str, &str)]) -> ToolError {
    let mut list = String::from("[");
    for (kind, id, label) in there.iter().take(5) {
        if list.len() > 1 {
            list.push(',');
        }
        for (lead, text) in [("{\"kind\":", kind), (",\"id\":", id), (",\"label\":", label)] {
            list.push_str(lead);
            json_string(text, &mut list);
        }
        list.push('}');
    }
    list.push(']');
    refused(Code::DuplicateSuspect, message).with("candidates", list)
}
