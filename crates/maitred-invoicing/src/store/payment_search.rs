//! Payments as they are searched.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, fold};
use maitred_party::CompanyId;
use maitred_store::value::FromRow;
use maitred_store::{Param, Row, Sql, StoreResult};

use crate::model::{Direction, Method, PaymentStatus};
use crate::store::invoices::pattern;

/// What payments are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct PaymentFilter {
    /// Part of the number or reference.
    pub text: Option<String>,
    /// Of this customer.
    pub company: Option<CompanyId>,
    /// Received on this day or later.
    pub from: Option<Day>,
    /// Received on this day or before.
    pub to: Option<Day>,
    /// In this currency.
    pub currency: Option<Currency>,
    /// Of exactly this amount.
    pub amount: Option<i64>,
    /// This way.
    pub direction: Option<Direction>,
    /// This far.
    pub status: Option<PaymentStatus>,
    /// Only with a rest.
    pub unallocated: bool,
}

/// A payment as lists show it.
#[derive(Clone, Debug)]
pub struct FoundPayment {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Number.
    pub number: String,
    /// Id of the customer.
    pub company_id: String,
    /// Name of the customer.
    pub company: String,
    /// Which way.
    pub direction: Direction,
    /// How.
    pub method: Method,
    /// Value day.
    pub received_on: Day,
    /// Currency.
    pub currency: Currency,
    /// How much.
    pub amount: i64,
    /// How much was applied.
    pub allocated: i64,
    /// What the customer wrote on it.
    pub reference: Option<String>,
    /// Whether it stands.
    pub status: PaymentStatus,
}

impl FromRow for FoundPayment {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            version: row.get(1)?,
            number: row.get(2)?,
            company_id: row.get(3)?,
            company: row.get(4)?,
            direction: row.get(5)?,
            method: row.get(6)?,
            received_on: row.get(7)?,
            currency: row.get(8)?,
            amount: row.get(9)?,
            allocated: row.get(10)?,
            reference: row.get(11)?,
            status: row.get(12)?,
        })
    }
}

/// Values in a cursor of [`search`].
pub const KEYS: usize = 2;

impl FoundPayment {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        vec![Param::Text(self.received_on.to_string().into()), Param::Text(self.id.clone().into())]
    }
}

fn narrow(sql: &mut Sql, filter: &PaymentFilter) {
    sql.push(" WHERE 1 = 1");
    if let Some(text) = filter.text.as_deref().filter(|text| !fold(text).is_empty()) {
        let like = pattern(text);
        sql.push(" AND (p.number LIKE ").bind(like.clone());
        sql.push(" ESCAPE '!' OR p.reference LIKE ").bind(like).push(" ESCAPE '!')");
    }
    if let Some(company) = &filter.company {
        sql.and("p.company_id =", company);
    }
    if let Some(day) = filter.from {
        sql.and("p.received_on >=", day);
    }
    if let Some(day) = filter.to {
        sql.and("p.received_on <=", day);
    }
    if let Some(currency) = filter.currency {
        sql.and("p.currency =", currency);
    }
    if let Some(amount) = filter.amount {
        sql.and("p.amount =", amount);
    }
    if let Some(direction) = filter.direction {
        sql.and("p.direction =", direction);
    }
    if let Some(status) = filter.status {
        sql.and("p.status =", status);
    }
    if filter.unallocated {
        sql.push(" AND p.status = 'posted' AND p.allocated < p.amount");
    }
}

/// A page of payments, newest first.
pub fn search(db: &Reader<'_>, filter: &PaymentFilter, page: &Page) -> ToolResult<Vec<FoundPayment>> {
    let mut sql = Sql::new(
        "SELECT p.id, p.version, p.number, p.company_id, c.name, p.direction, p.method, p.received_on, p.currency, \
         p.amount, p.allocated, p.reference, p.status FROM payment p JOIN company c ON c.id = p.company_id",
    );
    narrow(&mut sql, filter);
    if let Some([day, id]) = page.after.as_deref() {
        sql.push(" AND (p.received_on < ").bind(day.clone());
        sql.push(" OR (p.received_on = ").bind(day.clone()).and("p.id <", id.clone()).push("))");
    }
    sql.push(" ORDER BY p.received_on DESC, p.id DESC LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many payments fit.
pub fn count(db: &Reader<'_>, filter: &PaymentFilter) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM payment p JOIN company c ON c.id = p.company_id");
    narrow(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}
