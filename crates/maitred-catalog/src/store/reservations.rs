//! Stock held for lines of documents.

use std::collections::BTreeMap;

use maitred_core::prelude::*;
use maitred_kernel::{Quantity, Stamp};
use maitred_store::{Record, Sql};

use crate::model::{LocationId, Reservation, ReservationStatus, VariantId};
use crate::stock_rules::Need;
use crate::store::levels;

/// The kind of document whose lines hold stock.
const ORDER_LINE: &str = "order_line";

/// What is held for these lines, oldest first.
pub fn active(db: &Reader<'_>, lines: &[&str]) -> ToolResult<Vec<Reservation>> {
    let mut held = Vec::new();
    for some in lines.chunks(60) {
        let mut sql = Sql::new(Reservation::SELECT);
        sql.push(" WHERE status = ").bind(ReservationStatus::Active).push(" AND ref_id IN ").bind_list(some);
        sql.push(" ORDER BY id");
        held.extend(db.all_of::<Reservation>(&sql)?);
    }
    Ok(held)
}

/// Holds a quantity of something sold at a location for a line.
///
/// # Errors
/// `insufficient_stock` when somebody was faster.
pub fn hold(
    db: &Writer<'_>,
    line: &str,
    sold: &VariantId,
    needs: &[Need],
    place: &LocationId,
    quantity: Quantity,
) -> ToolResult<()> {
    for need in needs {
        let amount = need.of(quantity).map_err(ToolError::internal)?;
        if amount.thousandths() == 0 {
            continue;
        }
        let part = VariantId(need.part.clone());
        if !levels::hold(db, &part, place, amount)? {
            return Err(refused(Code::InsufficientStock, "the stock to be held is not there any more")
                .hint("look again with catalog_availability_check"));
        }
        let mut made = Reservation {
            id: db.fresh_id(),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            variant_id: part,
            location_id: place.clone(),
            quantity: amount,
            sold_id: sold.clone(),
            sold_qty: quantity,
            ref_kind: ORDER_LINE.to_owned(),
            ref_id: line.to_owned(),
            status: ReservationStatus::Active,
            expires_at: None,
        };
        db.insert(&mut made)?;
    }
    Ok(())
}

/// How much of what was sold a line holds at each location: of a bundle as much as every part of it allows.
pub fn by_place(held: &[Reservation]) -> BTreeMap<LocationId, Quantity> {
    let mut parts: BTreeMap<(LocationId, VariantId), i64> = BTreeMap::new();
    for one in held {
        *parts.entry((one.location_id.clone(), one.variant_id.clone())).or_default() +=
            one.sold_qty.thousandths();
    }
    let mut places: BTreeMap<LocationId, Quantity> = BTreeMap::new();
    for ((place, _), quantity) in parts {
        let quantity = Quantity::from_thousandths(quantity);
        places.entry(place).and_modify(|least| *least = (*least).min(quantity)).or_insert(quantity);
    }
    places
}

/// Takes up to `most` of what was sold out of one part's reservations at one place, newest first; what is left of a
/// reservation stays. Answers how much of the part that was.
fn lessen(
    db: &Writer<'_>,
    held: &[Reservation],
    most: Quantity,
    end: ReservationStatus,
) -> ToolResult<Quantity> {
    let (mut left, mut freed) = (most.thousandths(), 0);
    for before in held.iter().rev() {
        if left <= 0 {
            break;
        }
        let mut after = before.clone();
        let sold = before.sold_qty.thousandths().min(left);
        left -= sold;
        if sold == before.sold_qty.thousandths() {
            after.status = end;
            freed += before.quantity.thousandths();
        } else {
            let part = maitred_kernel::round::mul_div_rha(
                before.quantity.thousandths(),
                sold,
                before.sold_qty.thousandths(),
            )
            .map_err(ToolError::internal)?;
            after.sold_qty = Quantity::from_thousandths(before.sold_qty.thousandths() - sold);
            // A rest of nothing would be no reservation; the part stays whole until the last is gone.
            let rest = (before.quantity.thousandths() - part).max(1);
            after.quantity = Quantity::from_thousandths(rest);
            freed += before.quantity.thousandths() - rest;
        }
        db.update(before, &mut after)?;
    }
    Ok(Quantity::from_thousandths(freed))
}

fn of_part<'a>(held: &'a [Reservation], place: &LocationId) -> BTreeMap<&'a VariantId, Vec<Reservation>> {
    let mut parts: BTreeMap<&VariantId, Vec<Reservation>> = BTreeMap::new();
    for one in held.iter().filter(|one| one.location_id == *place) {
        parts.entry(&one.variant_id).or_default().push(one.clone());
    }
    parts
}

/// Lets go of what a line holds, `most` of it at most, at the places sold from last first; answers how much of what was
/// sold that was.
pub fn release(
    db: &Writer<'_>,
    line: &str,
    most: Option<Quantity>,
    order: &[LocationId],
) -> ToolResult<Quantity> {
    let held = active(db, &[line])?;
    let mut places: Vec<(LocationId, Quantity)> = by_place(&held).into_iter().collect();
    places.sort_by_key(|(place, _)| {
        std::cmp::Reverse(order.iter().position(|known| known == place).unwrap_or(usize::MAX))
    });
    let mut left = most.map_or(i64::MAX, Quantity::thousandths);
    let mut released = 0;
    for (place, there) in places {
        let take = there.thousandths().min(left);
        if take <= 0 {
            continue;
        }
        for (part, reservations) in of_part(&held, &place) {
            let freed =
                lessen(db, &reservations, Quantity::from_thousandths(take), ReservationStatus::Released)?;
            levels::hold(db, part, &place, Quantity::from_thousandths(-freed.thousandths()))?;
        }
        left -= take;
        released += take;
    }
    Ok(Quantity::from_thousandths(released))
}

/// Uses up what a line holds at a place, `most` of what was sold at most. Answers how much of each part was held for it,
/// which the move that follows takes out of the level.
pub fn consume(
    db: &Writer<'_>,
    line: &str,
    place: &LocationId,
    most: Quantity,
) -> ToolResult<BTreeMap<String, Quantity>> {
    let held = active(db, &[line])?;
    let mut used = BTreeMap::new();
    for (part, reservations) in of_part(&held, place) {
        let freed = lessen(db, &reservations, most, ReservationStatus::Consumed)?;
        used.insert(part.0.clone(), freed);
    }
    Ok(used)
}
