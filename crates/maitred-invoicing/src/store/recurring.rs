//! Recurring invoices.

use maitred_core::prelude::*;
use maitred_kernel::Day;
use maitred_party::CompanyId;
use maitred_store::{Param, Record, Sql};

use crate::recurring::{Recurring, RecurringId, RecurringLine, RecurringPeriod, RecurringStatus};

/// The recurring invoice a text means: its id, or its name where only one has it.
///
/// # Errors
/// `not_found` and `ambiguous_reference` at `field`.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Recurring> {
    let text = text.trim();
    if let Some(known) = db.get::<Recurring>(text)? {
        return Ok(known);
    }
    let mut sql = Sql::new(Recurring::SELECT);
    sql.push(" WHERE name = ").bind(text).push(" AND status <> 'ended' ORDER BY id LIMIT 6");
    let mut found: Vec<Recurring> = db.all_of(&sql)?;
    match found.len() {
        0 => Err(not_found("recurring invoice", text).field(field).hint("see invoicing_recurring_list")),
        1 => Ok(found.remove(0)),
        _ => Err(maitred_party::store::ambiguous(
            field,
            text,
            found.iter().map(|one| (one.id.as_ref(), one.name.as_str())),
        )),
    }
}

/// The lines of a recurring invoice, in order.
pub fn lines(db: &Reader<'_>, recurring: &RecurringId) -> ToolResult<Vec<RecurringLine>> {
    let mut sql = Sql::new(RecurringLine::SELECT);
    sql.push(" WHERE recurring_id = ").bind(recurring).push(" ORDER BY position");
    Ok(db.all_of(&sql)?)
}

/// Writes lines in place of those there are; rows that stay keep their ids.
pub fn replace_lines(
    db: &Writer<'_>,
    recurring: &RecurringId,
    wanted: &mut [RecurringLine],
) -> ToolResult<()> {
    let mut known = lines(db, recurring)?.into_iter();
    for line in wanted.iter_mut() {
        match known.next() {
            Some(before) => {
                line.id.clone_from(&before.id);
                (line.version, line.created_at, line.updated_at) =
                    (before.version, before.created_at, before.updated_at);
                db.update(&before, line)?;
            }
            None => db.insert(line)?,
        }
    }
    for gone in known {
        db.delete(&gone)?;
    }
    Ok(())
}

/// What is active and falls on or before a day, those that wait longest first.
pub fn due(db: &Reader<'_>, day: Day) -> ToolResult<Vec<Recurring>> {
    let mut sql = Sql::new(Recurring::SELECT);
    sql.push(" WHERE status = ").bind(RecurringStatus::Active).and("next_on <=", day);
    sql.push(" ORDER BY next_on, id");
    Ok(db.all_of(&sql)?)
}

/// What is active, of every customer.
pub fn active(db: &Reader<'_>) -> ToolResult<Vec<Recurring>> {
    let mut sql = Sql::new(Recurring::SELECT);
    sql.push(" WHERE status = ").bind(RecurringStatus::Active).push(" ORDER BY next_on, id");
    Ok(db.all_of(&sql)?)
}

/// The invoice that bills a period, discarded ones aside.
pub fn billed(db: &Reader<'_>, recurring: &RecurringId, day: Day) -> ToolResult<Option<RecurringPeriod>> {
    let mut sql = Sql::new(RecurringPeriod::SELECT);
    sql.push(" WHERE recurring_id = ").bind(recurring).and("period_on =", day);
    Ok(db.one_of(&sql)?)
}

/// What recurring invoices are listed by.
#[derive(Clone, Debug, Default)]
pub struct RecurringFilter {
    /// Of this customer.
    pub company: Option<CompanyId>,
    /// This far.
    pub status: Option<RecurringStatus>,
}

/// Values in a cursor of [`search`].
pub const KEYS: usize = 2;

/// The key that cursors hold.
pub fn key(one: &Recurring) -> Vec<Param<'static>> {
    vec![Param::Text(one.next_on.to_string().into()), Param::Text(one.id.0.clone().into())]
}

fn narrow(sql: &mut Sql, filter: &RecurringFilter) {
    sql.push(" WHERE 1 = 1");
    if let Some(company) = &filter.company {
        sql.and("company_id =", company);
    }
    if let Some(status) = filter.status {
        sql.and("status =", status);
    }
}

/// A page of recurring invoices, by their next day.
pub fn search(db: &Reader<'_>, filter: &RecurringFilter, page: &Page) -> ToolResult<Vec<Recurring>> {
    let mut sql = Sql::new(Recurring::SELECT);
    narrow(&mut sql, filter);
    if let Some([day, id]) = page.after.as_deref() {
        sql.push(" AND (next_on > ").bind(day.clone()).push(" OR (next_on = ").bind(day.clone());
        sql.and("id >", id.clone()).push("))");
    }
    sql.push(" ORDER BY next_on, id LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many fit.
pub fn count(db: &Reader<'_>, filter: &RecurringFilter) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM recurring");
    narrow(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}
