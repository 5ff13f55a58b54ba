//! Shipments.

use maitred_core::prelude::*;
use maitred_kernel::Quantity;
use maitred_store::{Record, Sql};

use crate::model::{OrderId, OrderLineId, Shipment, ShipmentId, ShipmentLine};

/// The shipment a text means: id or number.
///
/// # Errors
/// `not_found` at `field`.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Shipment> {
    let text = text.trim();
    if let Some(shipment) = db.get::<Shipment>(text)? {
        return Ok(shipment);
    }
    by_number(db, text)?.ok_or_else(|| {
        not_found("shipment", text).field(field).hint("orders_order_get shows an order's shipments")
    })
}

/// The shipment with this number.
pub fn by_number(db: &Reader<'_>, number: &str) -> ToolResult<Option<Shipment>> {
    let mut sql = Sql::new(Shipment::SELECT);
    sql.push(" WHERE number = ").bind(number.trim().to_uppercase());
    Ok(db.one_of(&sql)?)
}

/// The shipments of an order, oldest first.
pub fn of_order(db: &Reader<'_>, order: &OrderId) -> ToolResult<Vec<Shipment>> {
    let mut sql = Sql::new(Shipment::SELECT);
    sql.push(" WHERE order_id = ").bind(order).push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// Which lines of the order are in a shipment, and how much of each.
pub fn contents(db: &Reader<'_>, shipment: &ShipmentId) -> ToolResult<Vec<(OrderLineId, Quantity)>> {
    let mut sql = Sql::new("SELECT order_line_id, quantity FROM shipment_line WHERE shipment_id = ");
    sql.bind(shipment).push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// The lines of a shipment.
pub fn lines(db: &Reader<'_>, shipment: &ShipmentId) -> ToolResult<Vec<ShipmentLine>> {
    let mut sql = Sql::new(ShipmentLine::SELECT);
    sql.push(" WHERE shipment_id = ").bind(shipment).push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}
