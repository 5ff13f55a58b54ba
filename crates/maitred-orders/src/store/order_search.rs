//! Searching orders.

use maitred_core::prelude::*;
use maitred_kernel::{Day, Quantity, Stamp};
use maitred_party::{CompanyId, MemberId};
use maitred_store::{Param, Record, Sql, params, search};

use crate::model::{Order, OrderStatus};
use crate::store::orders::KIND;

/// What orders are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct OrderFilter {
    /// Folded terms, all of which must match.
    pub terms: Vec<String>,
    /// Of this company.
    pub company: Option<CompanyId>,
    /// Of this owner.
    pub owner: Option<MemberId>,
    /// This far.
    pub status: Option<OrderStatus>,
    /// With this variant.
    pub variant: Option<String>,
    /// Made at this moment or later.
    pub from: Option<Stamp>,
    /// Made before this moment.
    pub before: Option<Stamp>,
    /// Promised or wanted before this day and not shipped in full.
    pub late_on: Option<Day>,
    /// Agreed and not on invoices in full.
    pub uninvoiced: bool,
    /// On hold.
    pub held: bool,
    /// Without drafts of ours: what a client may see.
    pub seen_by_client: bool,
}

/// Values in a cursor of this search.
pub const KEYS: usize = 1;

/// The key that cursors hold.
pub fn key(found: &Order) -> Vec<Param<'static>> {
    vec![Param::Text(found.id.0.clone().into())]
}

fn narrow(sql: &mut Sql, filter: &OrderFilter) {
    sql.push(" WHERE 1 = 1");
    if !filter.terms.is_empty() {
        sql.push(" AND id IN (SELECT id FROM hit)");
    }
    if let Some(company) = &filter.company {
        sql.and("company_id =", company);
    }
    if let Some(owner) = &filter.owner {
        sql.and("owner_id =", owner);
    }
    if let Some(status) = filter.status {
        sql.and("status =", status);
    }
    if let Some(variant) = &filter.variant {
        sql.push(" AND id IN (SELECT order_id FROM order_line WHERE variant_id = ").bind(variant).push(")");
    }
    if let Some(from) = filter.from {
        sql.and("created_at >=", from);
    }
    if let Some(before) = filter.before {
        sql.and("created_at <", before);
    }
    if let Some(day) = filter.late_on {
        sql.push(" AND status IN ('confirmed', 'in_fulfilment')");
        sql.push(" AND (promise_date < ").bind(day);
        sql.push(" OR (promise_date IS NULL AND requested_date < ").bind(day).push("))");
        sql.push(
            " AND id IN (SELECT order_id FROM order_line WHERE shipped + cancelled < ordered \
             AND variant_id IS NOT NULL AND kind <> 'service')",
        );
    }
    if filter.uninvoiced {
        sql.push(
            " AND status IN ('confirmed', 'in_fulfilment', 'fulfilled') \
             AND id IN (SELECT order_id FROM order_line WHERE invoiced + cancelled < ordered)",
        );
    }
    if filter.held {
        sql.push(" AND hold_reason IS NOT NULL");
    }
    if filter.seen_by_client {
        sql.push(" AND status <> 'draft'");
    }
}

fn begin(filter: &OrderFilter, select: &'static str) -> Sql {
    if filter.terms.is_empty() {
        return Sql::new(select);
    }
    let mut sql = search::hits(KIND, &filter.terms);
    sql.push(select);
    sql
}

/// A page of orders, newest first; one row more than the page holds when there is another.
pub fn search(db: &Reader<'_>, filter: &OrderFilter, page: &Page) -> ToolResult<Vec<Order>> {
    let mut sql = begin(filter, Order::SELECT);
    narrow(&mut sql, filter);
    if let Some([id]) = page.after.as_deref() {
        sql.and("id <", id.clone());
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many orders fit.
pub fn count(db: &Reader<'_>, filter: &OrderFilter) -> ToolResult<i64> {
    let mut sql = begin(filter, "SELECT COUNT(*) FROM sales_order");
    narrow(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}

/// Hits of a free text, best first.
pub fn text_hits(db: &Reader<'_>, terms: &[String], limit: usize) -> ToolResult<Vec<(i64, String)>> {
    let mut sql = search::hits(KIND, terms);
    sql.push("SELECT score, id FROM hit ORDER BY score DESC, id LIMIT ").bind(limit as i64);
    Ok(db.all_of(&sql)?)
}

/// One purchase of a variant by a company.
#[derive(Clone, Debug)]
pub struct Bought {
    /// The variant.
    pub variant: String,
    /// SKU then.
    pub sku: String,
    /// Name then.
    pub description: String,
    /// When agreed.
    pub at: Stamp,
    /// How much, without what was called off.
    pub quantity: Quantity,
    /// Price per unit, in millionths.
    pub unit_price: i64,
    /// Its currency.
    pub currency: String,
}

/// What a company bought of products, oldest first.
pub fn bought(db: &Reader<'_>, company: &CompanyId, from: Option<Stamp>) -> ToolResult<Vec<Bought>> {
    let mut found = Vec::new();
    let from = from.unwrap_or(Stamp::EPOCH);
    db.each(
        "SELECT l.variant_id, l.sku, l.description, o.confirmed_at, l.ordered - l.cancelled, l.unit_price, o.currency \
         FROM sales_order o JOIN order_line l ON l.order_id = o.id WHERE o.company_id = $1 AND o.confirmed_at >= $2 \
         AND l.variant_id IS NOT NULL AND l.cancelled < l.ordered AND o.source <> 'replacement' \
         AND o.status <> 'cancelled' ORDER BY o.confirmed_at, o.id, l.position",
        params![company, from],
        |row| {
            found.push(Bought {
                variant: row.get(0)?,
                sku: row.get::<Option<String>>(1)?.unwrap_or_default(),
                description: row.get(2)?,
                at: row.get(3)?,
                quantity: row.get(4)?,
                unit_price: row.get(5)?,
                currency: row.get(6)?,
            });
            Ok(())
        },
    )?;
    Ok(found)
}
