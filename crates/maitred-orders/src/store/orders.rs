//! Orders and their lines.

use maitred_core::prelude::*;
use maitred_kernel::{Quantity, Stamp, tokens};
use maitred_party::{CompanyId, ContactId};
use maitred_store::{Record, Sql, params, search};

use crate::model::{CartId, Order, OrderId, OrderLine, OrderLineId, OrderStatus, QuoteId, ReturnId};
use crate::snapshot::Buyer;

/// What the search index and the change log call an order.
pub const KIND: &str = "order";

/// The order with this id.
pub fn get(db: &Reader<'_>, id: &OrderId) -> ToolResult<Order> {
    db.get::<Order>(id.as_ref())?
        .ok_or_else(|| ToolError::internal(maitred_store::StoreError::defect("an order of a row is gone")))
}

fn find(db: &Reader<'_>, text: &str) -> ToolResult<Option<Order>> {
    let text = text.trim();
    if let Some(order) = db.get::<Order>(text)? {
        return Ok(Some(order));
    }
    let mut sql = Sql::new(Order::SELECT);
    sql.push(" WHERE number = ").bind(text.to_uppercase());
    Ok(db.one_of(&sql)?)
}

/// The order a text means: id or number.
///
/// # Errors
/// `not_found` at `field`.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Order> {
    find(db, text)?
        .ok_or_else(|| not_found("order", text).field(field).hint("find it with orders_order_search"))
}

/// The order of this company that a text means. What a client may not see is not there: drafts of ours, and orders of
/// others.
///
/// # Errors
/// `not_found` at `field`, the same whether there is such an order or not.
pub fn resolve_of(db: &Reader<'_>, company: &str, text: &str, field: &str) -> ToolResult<Order> {
    find(db, text)?
        .filter(|order| order.company_id.as_ref() == company && order.status != OrderStatus::Draft)
        .ok_or_else(|| unknown(text, field))
}

/// The answer to a client who asks for what is not theirs or not there.
pub fn unknown(text: &str, field: &str) -> ToolError {
    not_found("order", text).field(field).hint("your orders are in orders_my_order_list")
}

/// The order with this number.
pub fn by_number(db: &Reader<'_>, number: &str) -> ToolResult<Option<Order>> {
    let mut sql = Sql::new(Order::SELECT);
    sql.push(" WHERE number = ").bind(number.trim().to_uppercase());
    Ok(db.one_of(&sql)?)
}

/// The lines of an order, in their order.
pub fn lines(db: &Reader<'_>, order: &OrderId) -> ToolResult<Vec<OrderLine>> {
    let mut sql = Sql::new(OrderLine::SELECT);
    sql.push(" WHERE order_id = ").bind(order).push(" ORDER BY position");
    Ok(db.all_of(&sql)?)
}

/// The lines of several orders, by order and position.
pub fn lines_of(db: &Reader<'_>, orders: &[&str]) -> ToolResult<Vec<OrderLine>> {
    let mut found = Vec::new();
    for some in orders.chunks(60) {
        let mut sql = Sql::new(OrderLine::SELECT);
        sql.push(" WHERE order_id IN ").bind_list(some).push(" ORDER BY order_id, position");
        found.extend(db.all_of::<OrderLine>(&sql)?);
    }
    Ok(found)
}

/// The line with this id.
pub fn line(db: &Reader<'_>, id: &str) -> ToolResult<Option<OrderLine>> {
    Ok(db.get::<OrderLine>(id)?)
}

/// Lines of an order that a caller names: by position, id or SKU.
///
/// # Errors
/// `not_found` and `ambiguous_reference` at `field`.
pub fn pick<'a>(lines: &'a [OrderLine], text: &str, field: &str) -> ToolResult<&'a OrderLine> {
    let text = text.trim();
    let by_position = text.parse::<i64>().ok();
    let one = lines.iter().find(|line| line.id.0 == text || Some(line.position) == by_position);
    if let Some(line) = one {
        return Ok(line);
    }
    let same = |line: &&OrderLine| {
        line.sku.as_deref().is_some_and(|sku| maitred_kernel::fold(sku) == maitred_kernel::fold(text))
    };
    let mut by_sku = lines.iter().filter(same);
    match (by_sku.next(), by_sku.next()) {
        (Some(line), None) => Ok(line),
        (Some(_), Some(_)) => Err(refused(
            Code::AmbiguousReference,
            format!("several lines have the SKU `{}`", maitred_core::error::shorten(text)),
        )
        .field(field)
        .hint("give the number of the line")),
        _ => Err(not_found("line", text).field(field).hint("give the number of a line of this document")),
    }
}

/// Puts an order into the search index.
pub fn index(db: &Writer<'_>, order: &Order, lines: &[OrderLine]) -> ToolResult<()> {
    let mut words: Vec<(String, i64)> = Vec::new();
    let mut add = |text: &str, weight: i64| {
        words.extend(tokens(text).into_iter().map(|token| (token, weight)));
    };
    add(&order.number, 50);
    add(&Buyer::parse(&order.buyer)?.name, 30);
    if let Some(reference) = &order.po_reference {
        add(reference, 40);
    }
    for line in lines {
        add(&line.description, 10);
        if let Some(sku) = &line.sku {
            add(sku, 20);
        }
    }
    search::put(db.tx(), KIND, &order.id.0, &words)?;
    Ok(())
}

/// The order a basket became.
pub fn of_cart(db: &Reader<'_>, cart: &CartId) -> ToolResult<Option<Order>> {
    let mut sql = Sql::new(Order::SELECT);
    sql.push(" WHERE cart_id = ").bind(cart);
    Ok(db.one_of(&sql)?)
}

/// The orders made from a revision of a quote, newest first.
pub fn of_quote(db: &Reader<'_>, quote: &QuoteId) -> ToolResult<Vec<Order>> {
    let mut sql = Sql::new(Order::SELECT);
    sql.push(" WHERE quote_id = ").bind(quote).push(" ORDER BY id DESC");
    Ok(db.all_of(&sql)?)
}

/// The orders of a deal, newest first.
pub fn of_deal(db: &Reader<'_>, deal: &str) -> ToolResult<Vec<Order>> {
    let mut sql = Sql::new(Order::SELECT);
    sql.push(" WHERE deal_id = ").bind(deal).push(" ORDER BY id DESC");
    Ok(db.all_of(&sql)?)
}

/// The order that makes a return good.
pub fn of_return(db: &Reader<'_>, id: &ReturnId) -> ToolResult<Option<Order>> {
    let mut sql = Sql::new(Order::SELECT);
    sql.push(" WHERE return_id = ").bind(id).push(" AND status <> 'cancelled' ORDER BY id LIMIT 1");
    Ok(db.one_of(&sql)?)
}

/// Orders of a company that are under way, oldest first.
pub fn open_of(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<Order>> {
    let mut sql = Sql::new(Order::SELECT);
    sql.push(" WHERE company_id = ").bind(company);
    sql.push(" AND status IN ('pending_approval', 'confirmed', 'in_fulfilment', 'fulfilled') ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// Numbers of orders under way of a contact, at most `most`.
pub fn open_of_contact(db: &Reader<'_>, contact: &ContactId, most: i64) -> ToolResult<Vec<(String, String)>> {
    Ok(db.all(
        "SELECT number, status FROM sales_order WHERE contact_id = $1 \
         AND status IN ('pending_approval', 'confirmed', 'in_fulfilment') ORDER BY id LIMIT $2",
        params![contact, most],
    )?)
}

/// Lines that wait for stock of these variants, those that waited longest first; of bundles all, since any of their
/// parts may have come. Orders on hold keep their place.
pub fn waiting(db: &Reader<'_>, variants: &[&str]) -> ToolResult<Vec<(OrderLine, String)>> {
    let rows: Vec<(OrderLineId, String, String, Option<String>, String)> = db.all(
        "SELECT l.id, o.number, o.confirmed_at, l.variant_id, l.kind FROM order_line l \
         JOIN sales_order o ON o.id = l.order_id \
         WHERE o.status IN ('confirmed', 'in_fulfilment') AND l.backorder = 1 ORDER BY o.confirmed_at, o.number, l.position",
        &[],
    )?;
    let mut lines = Vec::new();
    for (id, number, _, variant, kind) in rows {
        let wanted = variant.as_deref().is_some_and(|variant| variants.contains(&variant));
        if (wanted || kind == "bundle")
            && let Some(line) = line(db, id.as_ref())?
        {
            lines.push((line, number));
        }
    }
    Ok(lines)
}

/// How much of the lines of an order left, by line and day of shipping, and whether it could not be delivered.
pub fn left(db: &Reader<'_>, order: &OrderId) -> ToolResult<Vec<(String, Quantity, Stamp, bool)>> {
    let rows: Vec<(String, Quantity, Stamp, String)> = db.all(
        "SELECT s.order_line_id, s.quantity, h.shipped_at, h.status FROM shipment h \
         JOIN shipment_line s ON s.shipment_id = h.id WHERE h.order_id = $1 \
         AND h.status IN ('shipped', 'delivered', 'failed') ORDER BY h.id, s.id",
        params![order],
    )?;
    Ok(rows
        .into_iter()
        .map(|(line, quantity, at, status)| (line, quantity, at, status == "failed"))
        .collect())
}

/// Orders under way that a member looks after.
pub fn owned_by(db: &Reader<'_>, member: &str) -> ToolResult<Vec<Order>> {
    let mut sql = Sql::new(Order::SELECT);
    sql.push(" WHERE owner_id = ").bind(member);
    sql.push(
        " AND status IN ('draft', 'pending_approval', 'confirmed', 'in_fulfilment', 'fulfilled') ORDER BY id",
    );
    Ok(db.all_of(&sql)?)
}

/// Numbers of orders with open lines of a variant, at most `most`, oldest first.
pub fn with_open(db: &Reader<'_>, variant: &str, most: i64) -> ToolResult<Vec<String>> {
    let rows: Vec<(String,)> = db.all(
        "SELECT DISTINCT o.number FROM order_line l JOIN sales_order o ON o.id = l.order_id \
         WHERE l.variant_id = $1 AND l.shipped + l.cancelled < l.ordered \
         AND o.status IN ('pending_approval', 'confirmed', 'in_fulfilment') ORDER BY o.number LIMIT $2",
        params![variant, most],
    )?;
    Ok(rows.into_iter().map(|(number,)| number).collect())
}

/// How much of each line is packed and not yet with the carrier.
pub fn packed(db: &Reader<'_>, order: &OrderId) -> ToolResult<Vec<(String, Quantity)>> {
    Ok(db.all(
        "SELECT s.order_line_id, CAST(SUM(s.quantity) AS BIGINT) FROM shipment h \
         JOIN shipment_line s ON s.shipment_id = h.id WHERE h.order_id = $1 AND h.status = 'packed' \
         GROUP BY s.order_line_id ORDER BY s.order_line_id",
        params![order],
    )?)
}

/// Confirmed orders with something to ship, by promise date, priority, time of agreement and number.
pub fn to_ship(db: &Reader<'_>) -> ToolResult<Vec<Order>> {
    let mut sql = Sql::new(Order::SELECT);
    sql.push(
        " WHERE status IN ('confirmed', 'in_fulfilment') AND id IN (SELECT order_id FROM order_line \
         WHERE shipped + cancelled < ordered AND variant_id IS NOT NULL AND kind <> 'service') \
         ORDER BY CASE WHEN promise_date IS NULL THEN 1 ELSE 0 END, promise_date, priority DESC, confirmed_at, number",
    );
    Ok(db.all_of(&sql)?)
}
