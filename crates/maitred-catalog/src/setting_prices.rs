//! Setting one price among those there are: shared by setting, adjusting and importing prices.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Price, Quantity, Stamp};
use maitred_party::org::settings_of;

use crate::model::{PricePoint, VariantId};
use crate::price_plan::{self, Fault, Span, Step};
use crate::store::prices::{self, Target};
use crate::store::{levels, rates};

/// A price to be set.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// Whose.
    pub target: &'a Target,
    /// Currency.
    pub currency: Currency,
    /// Of what.
    pub variant: &'a VariantId,
    /// Its SKU, for messages.
    pub sku: &'a str,
    /// From this quantity on.
    pub min_qty: Quantity,
    /// Price per unit.
    pub price: Price,
    /// First day.
    pub from: Day,
    /// Last day; for good when unset.
    pub to: Option<Day>,
}

/// What became of the prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// New ones.
    pub created: i64,
    /// Older ones that end earlier.
    pub closed: i64,
    /// Ones from the same day on that are others now.
    pub replaced: i64,
    /// Ones that held already.
    pub unchanged: i64,
}

/// Refuses a price below what the product cost last, where that is known and can be compared.
///
/// # Errors
/// `approval_needed` at `price`.
pub fn not_below_cost(db: &Reader<'_>, setting: &Setting<'_>, today: Day) -> ToolResult<()> {
    let Some(cost) = levels::cost(db, setting.variant)? else { return Ok(()) };
    let base = settings_of(db)?.currency;
    let Ok(price) = rates::cost_in(db, setting.price, setting.currency, base, today) else { return Ok(()) };
    if price >= cost.last {
        return Ok(());
    }
    Err(refused(
        Code::ApprovalNeeded,
        format!("`{}` cost {} {base} last, which is more", setting.sku, cost.last.format(base)),
    )
    .field("price")
    .hint("repeat the call with allow_below_cost when that is meant"))
}

/// Sets a price; see [`price_plan::plan`] for what becomes of the others.
///
/// # Errors
/// `immutable` when a day that is over would change, `invalid` when a planned price is in the way.
pub fn set(db: &Writer<'_>, setting: &Setting<'_>, today: Day, outcome: &mut Outcome) -> ToolResult<()> {
    if setting.to.is_some_and(|to| to < setting.from) {
        return Err(invalid("valid_to", "lies before `valid_from`"));
    }
    let known = prices::points(db, setting.target, setting.variant, setting.currency, setting.min_qty)?;
    let spans: Vec<Span> = known
        .iter()
        .map(|point| Span { from: point.valid_from, to: point.valid_to, price: point.unit_price })
        .collect();
    let new = Span { from: setting.from, to: setting.to, price: setting.price };
    let steps = price_plan::plan(&spans, new, today).map_err(|fault| refusal(fault, setting.sku))?;
    if steps.is_empty() {
        outcome.unchanged += 1;
    }
    for step in steps {
        match step {
            Step::Close(at, day) => {
                let mut after = PricePoint { valid_to: Some(day), ..known[at].clone() };
                db.update(&known[at], &mut after)?;
                outcome.closed += 1;
            }
            Step::Replace(at, span) => {
                let mut after = PricePoint { valid_to: span.to, unit_price: span.price, ..known[at].clone() };
                db.update(&known[at], &mut after)?;
                outcome.replaced += 1;
            }
            Step::Open(span) => {
                open(db, setting, span)?;
                outcome.created += 1;
            }
        }
    }
    Ok(())
}

fn open(db: &Writer<'_>, setting: &Setting<'_>, span: Span) -> ToolResult<()> {
    let (list, company) = match setting.target {
        Target::List(list) => (Some(list.clone()), None),
        Target::Company(company) => (None, Some(company.clone())),
    };
    let mut point = PricePoint {
        id: db.fresh_id(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        price_list_id: list,
        company_id: company,
        variant_id: setting.variant.clone(),
        currency: setting.currency,
        min_qty: setting.min_qty,
        unit_price: span.price,
        valid_from: span.from,
        valid_to: span.to,
    };
    Ok(db.insert(&mut point)?)
}

fn refusal(fault: Fault, sku: &str) -> ToolError {
    match fault {
        Fault::Past => {
            refused(Code::Immutable, format!("the prices of `{sku}` in the past stay as they were"))
                .field("valid_from")
                .hint("let it hold from today on, or later")
        }
        Fault::Planned(day) => {
            invalid("valid_to", format!("runs into a price of `{sku}` that is planned from {day} on"))
                .hint("end before that day, or set the price from that day")
        }
    }
}
