//! The ledger of stock: every move is posted here, and the level and the average cost follow from it.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_kernel::{Price, Quantity, Stamp};
use maitred_party::MemberId;

use crate::model::{LocationId, MoveKind, StockMove, VariantId};
use crate::stock_rules::moving_average;
use crate::store::{levels, locations, products};

/// A move to be posted.
#[derive(Clone, Debug)]
pub struct Posting<'a> {
    /// When it happened.
    pub at: Stamp,
    /// Of what.
    pub variant: &'a VariantId,
    /// From where; from outside without.
    pub from: Option<&'a LocationId>,
    /// To where; to outside without.
    pub to: Option<&'a LocationId>,
    /// How much.
    pub quantity: Quantity,
    /// How much of it is taken out of what is held; the reservations say for whom.
    pub held: Quantity,
    /// Why.
    pub kind: MoveKind,
    /// Why exactly.
    pub reason: Option<String>,
    /// Remark.
    pub note: Option<String>,
    /// What was paid per unit for what comes in, in the organisation's currency; the average without.
    pub unit_cost: Option<Price>,
    /// Kind of document and its id.
    pub document: Option<(&'static str, &'a str)>,
}

impl<'a> Posting<'a> {
    /// A move that happens now.
    pub fn now(db: &Reader<'_>, kind: MoveKind, variant: &'a VariantId, quantity: Quantity) -> Self {
        Self {
            at: db.stamp(),
            variant,
            from: None,
            to: None,
            quantity,
            held: Quantity::default(),
            kind,
            reason: None,
            note: None,
            unit_cost: None,
            document: None,
        }
    }
}

/// Posts a move.
///
/// # Errors
/// `insufficient_stock` when there is not so much for the taking where it leaves from.
pub fn post(db: &Writer<'_>, posting: Posting<'_>) -> ToolResult<StockMove> {
    let known = levels::cost(db, posting.variant)?;
    let mut unit_cost = known.map(|cost| cost.average);
    if let (Some(paid), None) = (posting.unit_cost, posting.from) {
        let there = levels::total(db, posting.variant)?;
        let average =
            moving_average(there, unit_cost, posting.quantity, paid).map_err(ToolError::internal)?;
        levels::set_cost(db, posting.variant, average, paid)?;
        unit_cost = Some(paid);
    }
    if let Some(from) = posting.from
        && !levels::take(db, posting.variant, from, posting.quantity, posting.held)?
    {
        return Err(too_little(db, &posting, from)?);
    }
    if let Some(to) = posting.to {
        levels::add(db, posting.variant, to, posting.quantity)?;
    }
    let mut made = StockMove {
        id: db.fresh_id(),
        created_at: Stamp::EPOCH,
        at: posting.at,
        variant_id: posting.variant.clone(),
        from_id: posting.from.cloned(),
        to_id: posting.to.cloned(),
        quantity: posting.quantity,
        kind: posting.kind,
        reason: posting.reason,
        note: posting.note,
        unit_cost,
        ref_kind: posting.document.map(|(kind, _)| kind.to_owned()),
        ref_id: posting.document.map(|(_, id)| id.to_owned()),
        by_member: db.teammate().map(|teammate| MemberId(teammate.member.clone())),
    };
    db.insert(&mut made)?;
    Ok(made)
}

fn too_little(db: &Writer<'_>, posting: &Posting<'_>, from: &LocationId) -> ToolResult<ToolError> {
    let level = levels::level(db, posting.variant, from)?;
    let sku = products::item(db, posting.variant.as_ref())?.map_or_else(String::new, |item| item.variant.sku);
    let place =
        locations::resolve(db, Some(from.as_ref()), "location").map_or_else(|_| String::new(), |at| at.name);
    Ok(refused(
        Code::InsufficientStock,
        format!(
            "`{sku}` has {} on hand at `{place}`, {} of it reserved, and {} should leave",
            level.on_hand, level.reserved, posting.quantity
        ),
    )
    .hint("look at catalog_stock_list; what orders reserve must be released there first"))
}
