//! Orders to suppliers.

use std::collections::HashMap;

use maitred_core::prelude::*;
use maitred_kernel::{Day, Quantity};
use maitred_store::{Record, Sql};

use crate::model::{LocationId, PurchaseId, PurchaseLine, PurchaseOrder};

/// What is on its way: how much of a variant on which day; no day where nobody said one.
pub type Incoming = (Option<Day>, Quantity);

/// What of these variants is on its way, soonest first, to a place or to anywhere.
pub fn incoming(
    db: &Reader<'_>,
    variants: &[&str],
    place: Option<&LocationId>,
) -> ToolResult<HashMap<String, Vec<Incoming>>> {
    let mut found: HashMap<String, Vec<Incoming>> = HashMap::new();
    for some in variants.chunks(60) {
        let mut sql = Sql::new(
            "SELECT l.variant_id, o.expected_on, l.ordered - l.received - l.closed_short \
             FROM purchase_line l JOIN purchase_order o ON o.id = l.purchase_id \
             WHERE o.status IN ('sent', 'partially_received') AND l.ordered > l.received + l.closed_short \
             AND l.variant_id IN ",
        );
        sql.bind_list(some);
        if let Some(place) = place {
            sql.and("o.location_id =", place);
        }
        sql.push(" ORDER BY CASE WHEN o.expected_on IS NULL THEN 1 ELSE 0 END, o.expected_on, l.id");
        for (variant, day, open) in db.all_of::<(String, Option<Day>, Quantity)>(&sql)? {
            found.entry(variant).or_default().push((day, open));
        }
    }
    Ok(found)
}

/// The lines of an order, in order.
pub fn lines(db: &Reader<'_>, purchase: &PurchaseId) -> ToolResult<Vec<PurchaseLine>> {
    let mut sql = Sql::new(PurchaseLine::SELECT);
    sql.push(" WHERE purchase_id = ").bind(purchase).push(" ORDER BY position");
    Ok(db.all_of(&sql)?)
}

/// The order a text means: id or number.
///
/// # Errors
/// `not_found` at `field`.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<PurchaseOrder> {
    let text = text.trim();
    if let Some(order) = db.get::<PurchaseOrder>(text)? {
        return Ok(order);
    }
    let mut sql = Sql::new(PurchaseOrder::SELECT);
    sql.push(" WHERE number = ").bind(text.to_uppercase());
    db.one_of(&sql)?.ok_or_else(|| {
        not_found("purchase order", text).field(field).hint("find it with catalog_purchase_search")
    })
}
