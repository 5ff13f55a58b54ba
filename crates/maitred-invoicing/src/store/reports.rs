//! What reports read: issued documents with their taxes and lines, and how late customers pay.

use maitred_core::prelude::*;
use maitred_kernel::money::Rate;
use maitred_kernel::{BasisPoints, Currency, Day};
use maitred_party::model::TaxCategory;
use maitred_store::value::FromRow;
use maitred_store::{Row, Sql, StoreResult};

use crate::model::{Collection, DocumentKind};

/// A row of the tax breakdown of an issued document.
#[derive(Clone, Debug)]
pub struct TaxRow {
    /// Number of the document.
    pub number: String,
    /// Which.
    pub kind: DocumentKind,
    /// Day of issue.
    pub day: Day,
    /// Currency.
    pub currency: Currency,
    /// Organisation's currency per one of it.
    pub fx_rate: Rate,
    /// Who bought, as of issue, JSON.
    pub buyer: Option<String>,
    /// Category.
    pub category: TaxCategory,
    /// Rate.
    pub rate: BasisPoints,
    /// What is taxed.
    pub taxable: i64,
    /// The tax.
    pub tax: i64,
}

impl FromRow for TaxRow {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            number: row.get(0)?,
            kind: row.get(1)?,
            day: row.get(2)?,
            currency: row.get(3)?,
            fx_rate: row.get(4)?,
            buyer: row.get(5)?,
            category: row.get(6)?,
            rate: row.get(7)?,
            taxable: row.get(8)?,
            tax: row.get(9)?,
        })
    }
}

/// The tax breakdowns of documents issued in a span of days, by day, number, category and rate.
pub fn taxes(db: &Reader<'_>, from: Day, to: Day) -> ToolResult<Vec<TaxRow>> {
    let mut sql = Sql::new(
        "SELECT i.number, i.kind, i.issue_date, i.currency, i.fx_rate, i.buyer, t.category, t.rate_bp, t.taxable, t.tax \
         FROM invoice i JOIN invoice_tax t ON t.invoice_id = i.id WHERE i.number IS NOT NULL",
    );
    sql.and("i.issue_date >=", from)
        .and("i.issue_date <=", to)
        .push(" ORDER BY i.issue_date, i.number, t.category, t.rate_bp");
    Ok(db.all_of(&sql)?)
}

/// An issued document as revenue is counted.
#[derive(Clone, Debug)]
pub struct Sold {
    /// Id.
    pub id: String,
    /// Which.
    pub kind: DocumentKind,
    /// Day of issue.
    pub day: Day,
    /// Id of the customer.
    pub company_id: String,
    /// Name of the customer.
    pub company: String,
    /// Currency.
    pub currency: Currency,
    /// Organisation's currency per one of it.
    pub fx_rate: Rate,
    /// Without tax.
    pub net: i64,
    /// Who bought, as of issue, JSON.
    pub buyer: Option<String>,
}

impl FromRow for Sold {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            day: row.get(2)?,
            company_id: row.get(3)?,
            company: row.get(4)?,
            currency: row.get(5)?,
            fx_rate: row.get(6)?,
            net: row.get(7)?,
            buyer: row.get(8)?,
        })
    }
}

/// Documents issued in a span of days, in one currency or all, by id.
pub fn sold(db: &Reader<'_>, from: Day, to: Day, currency: Option<Currency>) -> ToolResult<Vec<Sold>> {
    let mut sql = Sql::new(
        "SELECT i.id, i.kind, i.issue_date, i.company_id, c.name, i.currency, i.fx_rate, i.net, i.buyer \
         FROM invoice i JOIN company c ON c.id = i.company_id WHERE i.number IS NOT NULL",
    );
    sql.and("i.issue_date >=", from).and("i.issue_date <=", to);
    if let Some(currency) = currency {
        sql.and("i.currency =", currency);
    }
    sql.push(" ORDER BY i.id");
    Ok(db.all_of(&sql)?)
}

/// A line of an issued document: document, SKU, description, net.
pub type SoldLine = (String, Option<String>, String, i64);

/// The lines of those documents, by document and position.
pub fn sold_lines(db: &Reader<'_>, from: Day, to: Day) -> ToolResult<Vec<SoldLine>> {
    let mut sql = Sql::new(
        "SELECT l.invoice_id, l.sku, l.description, l.net FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id \
         WHERE i.number IS NOT NULL",
    );
    sql.and("i.issue_date >=", from).and("i.issue_date <=", to).push(" ORDER BY l.invoice_id, l.position");
    Ok(db.all_of(&sql)?)
}

/// A paid invoice, as far as lateness is concerned.
#[derive(Clone, Debug)]
pub struct PaidLate {
    /// The customer.
    pub company_id: String,
    /// Last day to pay.
    pub due: Day,
    /// When the last of it was paid.
    pub paid_on: Day,
    /// What it came to.
    pub gross: i64,
    /// Currency.
    pub currency: Currency,
    /// Organisation's currency per one of it.
    pub fx_rate: Rate,
}

impl FromRow for PaidLate {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            company_id: row.get(0)?,
            due: row.get(1)?,
            paid_on: row.get(2)?,
            gross: row.get(3)?,
            currency: row.get(4)?,
            fx_rate: row.get(5)?,
        })
    }
}

/// Invoices wholly paid since a day.
pub fn paid_since(db: &Reader<'_>, since: Day) -> ToolResult<Vec<PaidLate>> {
    let mut sql = Sql::new(
        "SELECT i.company_id, i.due_date, MAX(a.day), i.gross, i.currency, i.fx_rate FROM invoice i \
         JOIN allocation a ON a.invoice_id = i.id WHERE i.kind = 'invoice' AND i.status = 'paid' \
         AND a.payment_id IS NOT NULL \
         GROUP BY i.id, i.company_id, i.due_date, i.gross, i.currency, i.fx_rate HAVING MAX(a.day) >= ",
    );
    sql.bind(since).push(" ORDER BY i.company_id, i.id");
    Ok(db.all_of(&sql)?)
}

/// An invoice that is still to be paid.
#[derive(Clone, Debug)]
pub struct ToBePaid {
    /// Number.
    pub number: String,
    /// The customer.
    pub company_id: String,
    /// Last day to pay.
    pub due: Day,
    /// What is left.
    pub balance: i64,
    /// Currency.
    pub currency: Currency,
    /// Organisation's currency per one of it.
    pub fx_rate: Rate,
    /// How collection stands.
    pub collection: Collection,
    /// Until when payment was promised.
    pub promised: Option<Day>,
    /// How much of it was.
    pub promised_amount: Option<i64>,
}

impl FromRow for ToBePaid {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            number: row.get(0)?,
            company_id: row.get(1)?,
            due: row.get(2)?,
            balance: row.get(3)?,
            currency: row.get(4)?,
            fx_rate: row.get(5)?,
            collection: row.get(6)?,
            promised: row.get(7)?,
            promised_amount: row.get(8)?,
        })
    }
}

/// Invoices with something left to pay, by due date and number.
pub fn to_be_paid(db: &Reader<'_>) -> ToolResult<Vec<ToBePaid>> {
    Ok(db.all(
        "SELECT number, company_id, due_date, balance, currency, fx_rate, collection, promise_date, promise_amount \
         FROM invoice WHERE kind = 'invoice' AND status IN ('issued', 'partially_paid') AND balance > 0 \
         ORDER BY due_date, number",
        &[],
    )?)
}
