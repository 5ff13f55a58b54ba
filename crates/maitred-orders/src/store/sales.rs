//! What was sold, line by line, for reports.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Quantity, Stamp};
use maitred_store::value::FromRow;
use maitred_store::{Row, StoreResult, params};

/// A line, or a part of it, that was ordered, shipped or invoiced.
#[derive(Clone, Debug)]
pub struct Sale {
    /// When.
    pub at: Stamp,
    /// Id of the company.
    pub company: String,
    /// Id of the member who sold it.
    pub owner: Option<String>,
    /// The buyer as the document remembers it, JSON.
    pub buyer: String,
    /// SKU.
    pub sku: Option<String>,
    /// What the document says.
    pub description: String,
    /// Currency.
    pub currency: Currency,
    /// Of how much this is a part.
    pub wanted: Quantity,
    /// How much this is.
    pub quantity: Quantity,
    /// Net of all that is wanted, minor units.
    pub net: i64,
    /// Cost of one, in millionths.
    pub unit_cost: Option<i64>,
}

impl FromRow for Sale {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            at: row.get(0)?,
            company: row.get(1)?,
            owner: row.get(2)?,
            buyer: row.get(3)?,
            sku: row.get(4)?,
            description: row.get(5)?,
            currency: row.get(6)?,
            wanted: row.get(7)?,
            quantity: row.get(8)?,
            net: row.get(9)?,
            unit_cost: row.get(10)?,
        })
    }
}

/// What was agreed on in a span of time.
pub fn ordered(db: &Reader<'_>, from: Stamp, before: Stamp) -> ToolResult<Vec<Sale>> {
    Ok(db.all(
        "SELECT o.confirmed_at, o.company_id, o.owner_id, o.buyer, l.sku, l.description, o.currency, \
         l.ordered - l.cancelled, l.ordered - l.cancelled, l.net, l.unit_cost FROM sales_order o \
         JOIN order_line l ON l.order_id = o.id WHERE o.confirmed_at >= $1 AND o.confirmed_at < $2 \
         AND l.cancelled < l.ordered ORDER BY o.confirmed_at, o.id, l.position",
        params![from, before],
    )?)
}

/// What of the lines agreed on in a span of time is on invoices.
pub fn invoiced(db: &Reader<'_>, from: Stamp, before: Stamp) -> ToolResult<Vec<Sale>> {
    Ok(db.all(
        "SELECT o.confirmed_at, o.company_id, o.owner_id, o.buyer, l.sku, l.description, o.currency, \
         l.ordered - l.cancelled, l.invoiced, l.net, l.unit_cost FROM sales_order o \
         JOIN order_line l ON l.order_id = o.id WHERE o.confirmed_at >= $1 AND o.confirmed_at < $2 \
         AND l.invoiced > 0 ORDER BY o.confirmed_at, o.id, l.position",
        params![from, before],
    )?)
}

/// What left in a span of time.
pub fn shipped(db: &Reader<'_>, from: Stamp, before: Stamp) -> ToolResult<Vec<Sale>> {
    Ok(db.all(
        "SELECT s.shipped_at, o.company_id, o.owner_id, o.buyer, l.sku, l.description, o.currency, \
         l.ordered - l.cancelled, p.quantity, l.net, l.unit_cost FROM shipment s \
         JOIN shipment_line p ON p.shipment_id = s.id JOIN order_line l ON l.id = p.order_line_id \
         JOIN sales_order o ON o.id = s.order_id WHERE s.shipped_at >= $1 AND s.shipped_at < $2 \
         AND s.status <> 'cancelled' ORDER BY s.shipped_at, s.id, l.position",
        params![from, before],
    )?)
}
