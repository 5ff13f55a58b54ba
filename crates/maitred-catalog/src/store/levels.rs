//! Levels of stock: a cache of the ledger and of the reservations, written here and nowhere else.

use std::collections::HashMap;

use maitred_core::prelude::*;
use maitred_kernel::{Price, Quantity};
use maitred_store::{Sql, params};

use crate::model::{LocationId, VariantId};
use crate::stock_rules::Pool;

/// What lies at a location, and how much of it is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// How much lies there.
    pub on_hand: Quantity,
    /// How much of it is held.
    pub reserved: Quantity,
}

impl Level {
    /// How much is there for the taking.
    pub fn free(self) -> Quantity {
        Quantity::from_thousandths(self.on_hand.thousandths() - self.reserved.thousandths())
    }
}

/// The level of a variant at a location.
pub fn level(db: &Reader<'_>, variant: &VariantId, location: &LocationId) -> ToolResult<Level> {
    let row: Option<(Quantity, Quantity)> = db.one(
        "SELECT on_hand, reserved FROM stock_level WHERE variant_id = $1 AND location_id = $2",
        params![variant, location],
    )?;
    Ok(row.map(|(on_hand, reserved)| Level { on_hand, reserved }).unwrap_or_default())
}

/// The levels of a variant by location.
pub fn of_variant(db: &Reader<'_>, variant: &VariantId) -> ToolResult<Vec<(LocationId, Level)>> {
    let rows: Vec<(String, Quantity, Quantity)> = db.all(
        "SELECT location_id, on_hand, reserved FROM stock_level WHERE variant_id = $1 ORDER BY location_id",
        params![variant],
    )?;
    Ok(rows
        .into_iter()
        .map(|(location, on_hand, reserved)| (LocationId(location), Level { on_hand, reserved }))
        .collect())
}

/// What of these variants is there for the taking, anywhere.
pub fn pool(db: &Reader<'_>, variants: &[&str]) -> ToolResult<Pool> {
    let mut pool = Pool::default();
    for some in variants.chunks(60) {
        let mut sql = Sql::new(
            "SELECT variant_id, location_id, on_hand - reserved FROM stock_level WHERE variant_id IN ",
        );
        sql.bind_list(some);
        for (variant, location, free) in db.all_of::<(String, String, Quantity)>(&sql)? {
            pool.put(&variant, &location, free);
        }
    }
    Ok(pool)
}

/// How much of a variant there is everywhere.
pub fn total(db: &Reader<'_>, variant: &VariantId) -> ToolResult<Quantity> {
    let sum = db.count(
        "SELECT CAST(SUM(on_hand) AS BIGINT) FROM stock_level WHERE variant_id = $1",
        params![variant],
    )?;
    Ok(Quantity::from_thousandths(sum))
}

/// Adds to what lies at a location.
pub(super) fn add(
    db: &Writer<'_>,
    variant: &VariantId,
    location: &LocationId,
    quantity: Quantity,
) -> ToolResult<()> {
    db.execute(
        "INSERT INTO stock_level (variant_id, location_id, on_hand, reserved) VALUES ($1, $2, $3, 0) \
         ON CONFLICT (variant_id, location_id) DO UPDATE SET on_hand = stock_level.on_hand + excluded.on_hand",
        params![variant, location, quantity],
    )?;
    Ok(())
}

/// Takes from what lies at a location, `held` of it out of what is held; answers false, and takes nothing, when there is
/// not so much.
pub(super) fn take(
    db: &Writer<'_>,
    variant: &VariantId,
    location: &LocationId,
    quantity: Quantity,
    held: Quantity,
) -> ToolResult<bool> {
    let changed = db.execute(
        "UPDATE stock_level SET on_hand = on_hand - $3, reserved = reserved - $4 \
         WHERE variant_id = $1 AND location_id = $2 AND reserved >= $4 AND on_hand - $3 >= reserved - $4",
        params![variant, location, quantity, held],
    )?;
    Ok(changed == 1)
}

/// Holds more (or, negative, less) of what lies at a location; false, and nothing is held, when there is not so much.
pub(super) fn hold(
    db: &Writer<'_>,
    variant: &VariantId,
    location: &LocationId,
    change: Quantity,
) -> ToolResult<bool> {
    let changed = db.execute(
        "UPDATE stock_level SET reserved = reserved + $3 \
         WHERE variant_id = $1 AND location_id = $2 AND reserved + $3 >= 0 AND reserved + $3 <= on_hand",
        params![variant, location, change],
    )?;
    Ok(changed == 1)
}

/// What a variant costs, in the organisation's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// On average over what is there (F-STK-3).
    pub average: Price,
    /// When it last came in.
    pub last: Price,
}

/// What these variants cost, where that is known.
pub fn costs(db: &Reader<'_>, variants: &[&str]) -> ToolResult<HashMap<String, Cost>> {
    let mut costs = HashMap::new();
    for some in variants.chunks(60) {
        let mut sql =
            Sql::new("SELECT variant_id, average_cost, last_cost FROM valuation WHERE variant_id IN ");
        sql.bind_list(some);
        for (variant, average, last) in db.all_of::<(String, Price, Price)>(&sql)? {
            costs.insert(variant, Cost { average, last });
        }
    }
    Ok(costs)
}

/// What a variant costs, where that is known.
pub fn cost(db: &Reader<'_>, variant: &VariantId) -> ToolResult<Option<Cost>> {
    Ok(costs(db, &[variant.as_ref()])?.remove(variant.as_ref()))
}

/// Remembers what a variant costs.
pub(super) fn set_cost(db: &Writer<'_>, variant: &VariantId, average: Price, last: Price) -> ToolResult<()> {
    db.execute(
        "INSERT INTO valuation (variant_id, average_cost, last_cost, updated_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (variant_id) DO UPDATE SET average_cost = excluded.average_cost, \
         last_cost = excluded.last_cost, updated_at = excluded.updated_at",
        params![variant, average, last, db.now_text()],
    )?;
    Ok(())
}
