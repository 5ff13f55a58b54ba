//! Returns and their lines.

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_party::CompanyId;
use maitred_store::{Param, Record, Sql, params};

use crate::model::{OrderId, Resolution, Return, ReturnId, ReturnLine, ReturnReason, ReturnStatus};

/// The return a text means: id or number.
///
/// # Errors
/// `not_found` at `field`.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Return> {
    let text = text.trim();
    if let Some(found) = db.get::<Return>(text)? {
        return Ok(found);
    }
    by_number(db, text)?
        .ok_or_else(|| not_found("return", text).field(field).hint("find it with orders_return_search"))
}

/// The return with this number.
pub fn by_number(db: &Reader<'_>, number: &str) -> ToolResult<Option<Return>> {
    let mut sql = Sql::new(Return::SELECT);
    sql.push(" WHERE number = ").bind(number.trim().to_uppercase());
    Ok(db.one_of(&sql)?)
}

/// The lines of a return.
pub fn lines(db: &Reader<'_>, id: &ReturnId) -> ToolResult<Vec<ReturnLine>> {
    let mut sql = Sql::new(ReturnLine::SELECT);
    sql.push(" WHERE return_id = ").bind(id).push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// The returns of an order, oldest first.
pub fn of_order(db: &Reader<'_>, order: &OrderId) -> ToolResult<Vec<Return>> {
    let mut sql = Sql::new(Return::SELECT);
    sql.push(" WHERE order_id = ").bind(order).push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// How much of a line is asked for or approved and not yet back.
pub fn on_the_way(db: &Reader<'_>, line: &str) -> ToolResult<i64> {
    Ok(db.count(
        "SELECT CAST(SUM(l.quantity) AS BIGINT) FROM return_line l JOIN goods_return r ON r.id = l.return_id \
         WHERE l.order_line_id = $1 AND r.status IN ('requested', 'approved')",
        params![line],
    )?)
}

/// How much of a line is back to be made good with money.
pub fn back_for_money(db: &Reader<'_>, line: &str) -> ToolResult<i64> {
    Ok(db.count(
        "SELECT CAST(SUM(l.received) AS BIGINT) FROM return_line l JOIN goods_return r ON r.id = l.return_id \
         WHERE l.order_line_id = $1 AND r.resolution IN ('refund', 'credit') AND r.status IN ('received', 'completed')",
        params![line],
    )?)
}

/// Returns of a company under way, oldest first.
pub fn open_of(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<Return>> {
    let mut sql = Sql::new(Return::SELECT);
    sql.push(" WHERE company_id = ").bind(company);
    sql.push(" AND status IN ('requested', 'approved', 'received') ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// Lines of returns that are back and not credited in full for an order line, oldest first.
pub fn to_credit(db: &Reader<'_>, line: &str) -> ToolResult<Vec<ReturnLine>> {
    let mut sql = Sql::new(ReturnLine::SELECT);
    sql.push(" WHERE credited < received AND order_line_id = ").bind(line);
    sql.push(
        " AND return_id IN (SELECT id FROM goods_return WHERE status = 'received' \
         AND resolution IN ('refund', 'credit')) ORDER BY id",
    );
    Ok(db.all_of(&sql)?)
}

/// What returns are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct ReturnFilter {
    /// From this company.
    pub company: Option<CompanyId>,
    /// Of this order.
    pub order: Option<OrderId>,
    /// This far.
    pub status: Option<ReturnStatus>,
    /// With a line for this reason.
    pub reason: Option<ReturnReason>,
    /// Made good in this way.
    pub resolution: Option<Resolution>,
    /// Not before.
    pub from: Option<Stamp>,
    /// Back, to be made good with money, and not credited in full.
    pub credit_owed: bool,
}

/// Values in a cursor of this search.
pub const KEYS: usize = 1;

/// The key that cursors hold.
pub fn key(found: &Return) -> Vec<Param<'static>> {
    vec![Param::Text(found.id.0.clone().into())]
}

fn narrow(sql: &mut Sql, filter: &ReturnFilter) {
    sql.push(" WHERE 1 = 1");
    if let Some(company) = &filter.company {
        sql.and("company_id =", company);
    }
    if let Some(order) = &filter.order {
        sql.and("order_id =", order);
    }
    if let Some(status) = filter.status {
        sql.and("status =", status);
    }
    if let Some(resolution) = filter.resolution {
        sql.and("resolution =", resolution);
    }
    if let Some(from) = filter.from {
        sql.and("created_at >=", from);
    }
    if let Some(reason) = filter.reason {
        sql.push(" AND id IN (SELECT return_id FROM return_line WHERE reason = ").bind(reason).push(")");
    }
    if filter.credit_owed {
        sql.push(
            " AND status = 'received' AND resolution IN ('refund', 'credit') \
             AND id IN (SELECT return_id FROM return_line WHERE credited < received)",
        );
    }
}

/// A page of returns, newest first; one row more than the page holds when there is another.
pub fn search(db: &Reader<'_>, filter: &ReturnFilter, page: &Page) -> ToolResult<Vec<Return>> {
    let mut sql = Sql::new(Return::SELECT);
    narrow(&mut sql, filter);
    if let Some([id]) = page.after.as_deref() {
        sql.and("id <", id.clone());
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many returns fit.
pub fn count(db: &Reader<'_>, filter: &ReturnFilter) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM goods_return");
    narrow(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}
