//! What the reports have in common: the moment they speak of, whose deals they count, sums per currency, conversion
//! between stages. No SQL and no formula.

use std::collections::{BTreeSet, HashMap};

use maitred_core::prelude::*;
use maitred_kernel::wire::{Moment, at_field};
use maitred_kernel::{Currency, Day, Stamp};
use maitred_party::store::members;
use maitred_party::{Member, org};

use crate::formulas::Figure;
use crate::model::{Pipeline, StageKind};
use crate::rates::Rates;
use crate::store::reports::{self, DealAt, Step};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// The moment a report speaks of.
#[derive(Clone, Copy, Debug)]
pub struct AsOf {
    /// The last instant that counts.
    pub at: Stamp,
    /// Its day.
    pub day: Day,
    /// True when the past is to be rebuilt.
    pub past: bool,
}

impl AsOf {
    /// The end of a day, or now.
    ///
    /// # Errors
    /// A day in the future.
    pub fn of(db: &Reader<'_>, day: Option<Day>) -> ToolResult<Self> {
        let (today, now) = (org::today(db)?, db.stamp());
        let Some(day) = day else { return Ok(Self { at: now, day: today, past: false }) };
        if day > today {
            return Err(invalid("as_of", "lies in the future").hint("leave it out for the present"));
        }
        let (_, next) = at_field(day.bounds(&org::settings_of(db)?.zone), "as_of")?;
        Ok(Self { at: at_field(next.plus_millis(-1), "as_of")?.min(now), day, past: true })
    }

    /// Deals as they stood then.
    pub fn deals(&self, db: &Reader<'_>) -> ToolResult<Vec<DealAt>> {
        reports::deals(db, self.past.then_some(self.at))
    }

    /// Rates of then, with those of the deals' currencies looked up.
    pub fn rates(&self, db: &Reader<'_>, deals: &[DealAt]) -> ToolResult<Rates> {
        let mut rates = Rates::new(org::settings_of(db)?.currency, self.day);
        reports::learn(db, &mut rates, deals.iter().map(|deal| deal.currency))?;
        Ok(rates)
    }
}

/// Whose deals a report counts.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Only this pipeline's.
    pub pipeline: Option<Pipeline>,
    /// Only this member's.
    pub owner: Option<Member>,
}

impl Scope {
    /// Finds pipeline and owner by their texts.
    pub fn of(db: &Reader<'_>, pipeline: Option<&str>, owner: Option<&str>) -> ToolResult<Self> {
        Ok(Self {
            pipeline: pipeline.map(|text| reports::pipeline(db, text)).transpose()?,
            owner: owner.map(|text| members::resolve(db, text, "owner")).transpose()?,
        })
    }

    /// True when the deal counts.
    pub fn fits(&self, deal: &DealAt) -> bool {
        self.pipeline.as_ref().is_none_or(|pipeline| pipeline.id.0 == deal.pipeline_id)
            && self.owner.as_ref().is_none_or(|owner| owner.id.0 == deal.owner_id)
    }
}

/// A deal's figure in its own currency.
pub fn figure(deal: &DealAt) -> Figure {
    Figure {
        status: deal.status,
        amount: deal.amount_minor,
        probability_bp: deal.probability_bp,
        forecast: deal.forecast,
    }
}

/// A deal's figure in the reporting currency, where there is a rate.
pub fn in_base(deal: &DealAt, rates: &mut Rates) -> ToolResult<Option<Figure>> {
    let amount = too_large(rates.to_base(deal.amount_minor, deal.currency))?;
    Ok(amount.map(|amount| Figure { amount, ..figure(deal) }))
}

/// A sum beyond what can be kept.
pub fn too_large<T>(result: Result<T, maitred_kernel::ArithmeticFault>) -> ToolResult<T> {
    result.map_err(|fault| refused(Code::LimitExceeded, format!("the report cannot be computed: {fault}")))
}

/// The currencies of some deals, when they are others than the reporting one alone.
pub fn mixed<'a>(deals: impl IntoIterator<Item = &'a DealAt>, base: Currency) -> Vec<Currency> {
    let codes: BTreeSet<&str> = deals.into_iter().map(|deal| deal.currency.code()).collect();
    if codes.iter().all(|code| *code == base.code()) {
        return Vec::new();
    }
    codes.into_iter().filter_map(|code| Currency::parse(code).ok()).collect()
}

/// How many deals entered each open stage, and how many of them then entered a later open stage or were won (F-CRM-1).
/// Steps come by deal, in the order entered; a deal counts once for each stage.
pub fn conversions(steps: &[Step]) -> HashMap<String, (i64, i64)> {
    let mut found: HashMap<String, (i64, i64)> = HashMap::new();
    for steps in steps.chunk_by(|a, b| a.deal == b.deal) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for (place, step) in steps.iter().enumerate() {
            if step.kind != StageKind::Open || !seen.insert(&step.stage) {
                continue;
            }
            let went_on = steps[place + 1..].iter().any(|later| match later.kind {
                StageKind::Open => later.position > step.position,
                StageKind::Won => true,
                StageKind::Lost => false,
            });
            let counts = found.entry(step.stage.clone()).or_default();
            counts.0 += 1;
            counts.1 += i64::from(went_on);
        }
    }
    found
}
