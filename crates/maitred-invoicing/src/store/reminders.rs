//! Reminders, and the invoices they spoke of.

use maitred_core::prelude::*;
use maitred_kernel::money::Rate;
use maitred_kernel::{Currency, Day};
use maitred_party::CompanyId;
use maitred_store::value::FromRow;
use maitred_store::{Record, Row, Sql, StoreResult};

use crate::afterwards::Reminder;
use crate::model::{Collection, InvoiceId};

/// An overdue invoice with what was sent about it.
#[derive(Clone, Debug)]
pub struct Overdue {
    /// Id.
    pub id: String,
    /// Number.
    pub number: String,
    /// The customer.
    pub company_id: String,
    /// Last day to pay.
    pub due: Day,
    /// Currency.
    pub currency: Currency,
    /// Organisation's currency per one of it.
    pub fx_rate: Rate,
    /// What is left.
    pub balance: i64,
    /// How collection stands.
    pub collection: Collection,
    /// Until when payment was promised.
    pub promised: Option<Day>,
    /// The highest level sent; 0 when none was.
    pub last_level: i64,
    /// When it was last reminded of.
    pub last_on: Option<Day>,
}

impl FromRow for Overdue {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            number: row.get(1)?,
            company_id: row.get(2)?,
            due: row.get(3)?,
            currency: row.get(4)?,
            fx_rate: row.get(5)?,
            balance: row.get(6)?,
            collection: row.get(7)?,
            promised: row.get(8)?,
            last_level: row.get(9)?,
            last_on: row.get(10)?,
        })
    }
}

/// What is overdue on a day, by customer, then due date and number.
pub fn overdue(db: &Reader<'_>, day: Day, companies: Option<&[CompanyId]>) -> ToolResult<Vec<Overdue>> {
    let mut sql = Sql::new(
        "SELECT i.id, i.number, i.company_id, i.due_date, i.currency, i.fx_rate, i.balance, i.collection, \
         i.promise_date, CAST(COALESCE(MAX(r.level), 0) AS BIGINT), MAX(r.day) \
         FROM invoice i LEFT JOIN reminder_invoice r ON r.invoice_id = i.id \
         WHERE i.kind = 'invoice' AND i.status IN ('issued', 'partially_paid') AND i.balance > 0",
    );
    sql.and("i.due_date <", day);
    if let Some(companies) = companies {
        sql.push(" AND i.company_id IN ").bind_list(companies);
    }
    sql.push(
        " GROUP BY i.id, i.number, i.company_id, i.due_date, i.currency, i.fx_rate, i.balance, i.collection, \
         i.promise_date ORDER BY i.company_id, i.due_date, i.number",
    );
    Ok(db.all_of(&sql)?)
}

/// Whether a customer was sent a reminder of this level on this day.
pub fn was_sent(db: &Reader<'_>, slot: &str) -> ToolResult<bool> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM reminder WHERE slot = ");
    sql.bind(slot);
    Ok(db.count_of(&sql)? > 0)
}

/// Reminders that spoke of an invoice, oldest first: when, at which level, and where they went.
pub fn of_invoice(db: &Reader<'_>, invoice: &InvoiceId) -> ToolResult<Vec<(Day, i64, String)>> {
    let mut sql = Sql::new(
        "SELECT l.day, l.level, r.recipient FROM reminder_invoice l JOIN reminder r ON r.id = l.reminder_id \
         WHERE l.invoice_id = ",
    );
    sql.bind(invoice).push(" ORDER BY l.day, l.id");
    Ok(db.all_of(&sql)?)
}

/// The highest level that was sent about an invoice; 0 when none was.
pub fn last_level(db: &Reader<'_>, invoice: &InvoiceId) -> ToolResult<i64> {
    let mut sql =
        Sql::new("SELECT CAST(COALESCE(MAX(level), 0) AS BIGINT) FROM reminder_invoice WHERE invoice_id = ");
    sql.bind(invoice);
    Ok(db.count_of(&sql)?)
}

/// The reminders of a company, newest first.
pub fn of_company(db: &Reader<'_>, company: &CompanyId, most: i64) -> ToolResult<Vec<Reminder>> {
    let mut sql = Sql::new(Reminder::SELECT);
    sql.push(" WHERE company_id = ").bind(company).push(" ORDER BY day DESC, id DESC LIMIT ").bind(most);
    Ok(db.all_of(&sql)?)
}
