//! What is owed as of any day, rebuilt from documents, payments and what was applied by then.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day};
use maitred_party::CompanyId;
use maitred_store::Sql;
use maitred_store::value::FromRow;
use maitred_store::{Row, StoreResult};

use crate::model::DocumentKind;

/// A document or payment with something left as of a day.
#[derive(Clone, Debug)]
pub struct OpenItem {
    /// Id of the customer.
    pub company_id: String,
    /// Name of the customer.
    pub company: String,
    /// Number.
    pub number: String,
    /// An invoice is owed; everything else is credit.
    pub kind: OpenKind,
    /// Day of issue or receipt.
    pub day: Day,
    /// Last day to pay.
    pub due: Day,
    /// Currency.
    pub currency: Currency,
    /// What is left, never negative.
    pub open: i64,
    /// Id of the member who looks after the customer.
    pub owner: Option<String>,
    /// The customer's country.
    pub country: String,
}

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenKind {
    /// An invoice: owed.
    Invoice,
    /// A credit note that was not applied.
    CreditNote,
    /// A payment that was not applied.
    Payment,
}

struct Raw(OpenItem);

impl FromRow for Raw {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        let kind = match row.get::<String>(3)?.as_str() {
            "invoice" => OpenKind::Invoice,
            "credit_note" => OpenKind::CreditNote,
            _ => OpenKind::Payment,
        };
        Ok(Self(OpenItem {
            company_id: row.get(0)?,
            company: row.get(1)?,
            number: row.get(2)?,
            kind,
            day: row.get(4)?,
            due: row.get(5)?,
            currency: row.get(6)?,
            open: row.get(7)?,
            owner: row.get(8)?,
            country: row.get(9)?,
        }))
    }
}

/// Everything with something left at the end of a day, of one customer or of all, by customer, due date and number.
pub fn open_items(db: &Reader<'_>, company: Option<&CompanyId>, as_of: Day) -> ToolResult<Vec<OpenItem>> {
    let mut documents = Sql::new(
        "SELECT i.company_id, c.name, i.number, i.kind, i.issue_date, i.due_date, i.currency, \
         CAST(i.gross - i.prepaid + i.rounding - COALESCE((SELECT SUM(w.amount) FROM write_off w \
         WHERE w.invoice_id = i.id AND w.day <= ",
    );
    documents.bind(as_of).push(
        "), 0) - COALESCE(CASE WHEN i.kind = 'invoice' \
         THEN (SELECT SUM(a.amount) FROM allocation a WHERE a.invoice_id = i.id AND a.day <= ",
    );
    documents
        .bind(as_of)
        .push(") ELSE (SELECT SUM(a.amount) FROM allocation a WHERE a.credit_note_id = i.id AND a.day <= ")
        .bind(as_of)
        .push(
            ") END, 0) AS BIGINT), c.owner_id, c.country FROM invoice i JOIN company c ON c.id = i.company_id WHERE i.number IS NOT NULL",
        );
    documents.and("i.issue_date <=", as_of);
    let mut payments = Sql::new(
        "SELECT p.company_id, c.name, p.number, 'payment', p.received_on, p.received_on, p.currency, \
         CAST(p.amount - COALESCE((SELECT SUM(a.amount) FROM allocation a WHERE a.payment_id = p.id AND a.day <= ",
    );
    payments
        .bind(as_of)
        .push(
            "), 0) AS BIGINT), c.owner_id, c.country FROM payment p JOIN company c ON c.id = p.company_id WHERE p.direction = 'in'",
        )
        .and("p.received_on <=", as_of)
        .push(" AND (p.reversed_on IS NULL")
        .push(" OR p.reversed_on > ")
        .bind(as_of)
        .push(")");
    if let Some(company) = company {
        documents.and("i.company_id =", company);
        payments.and("p.company_id =", company);
    }
    let mut items: Vec<OpenItem> = Vec::new();
    for sql in [documents, payments] {
        items.extend(db.all_of::<Raw>(&sql)?.into_iter().map(|raw| raw.0).filter(|item| item.open > 0));
    }
    items.sort_by(|a, b| {
        (&a.company, &a.company_id, a.due, &a.number).cmp(&(&b.company, &b.company_id, b.due, &b.number))
    });
    Ok(items)
}

/// What customers owe at the end of a day, by currency: the sum of [`open_items`] without the items.
pub fn owed(db: &Reader<'_>, company: Option<&CompanyId>, as_of: Day) -> ToolResult<Vec<(Currency, i64)>> {
    let mut sql = Sql::new(
        "SELECT x.currency, CAST(SUM(x.amount) AS BIGINT) FROM (SELECT currency, CASE WHEN kind = 'invoice' \
         THEN gross - prepaid + rounding ELSE -(gross - prepaid + rounding) END AS amount FROM invoice \
         WHERE number IS NOT NULL",
    );
    sql.and("issue_date <=", as_of);
    let narrowed = |sql: &mut Sql, column: &'static str| {
        if let Some(company) = company {
            sql.and(column, company);
        }
    };
    narrowed(&mut sql, "company_id =");
    sql.push(
        " UNION ALL SELECT i.currency, -w.amount FROM write_off w JOIN invoice i ON i.id = w.invoice_id WHERE w.day <= ",
    )
    .bind(as_of);
    narrowed(&mut sql, "i.company_id =");
    sql.push(" UNION ALL SELECT currency, -amount FROM payment WHERE direction = 'in'")
        .and("received_on <=", as_of)
        .push(" AND (reversed_on IS NULL OR reversed_on > ")
        .bind(as_of)
        .push(")");
    narrowed(&mut sql, "company_id =");
    // What was paid out of a credit is credit no more.
    sql.push(
        " UNION ALL SELECT p.currency, a.amount FROM allocation a JOIN payment p ON p.id = a.refund_id WHERE a.day <= ",
    )
    .bind(as_of);
    narrowed(&mut sql, "p.company_id =");
    sql.push(") x GROUP BY x.currency ORDER BY x.currency");
    Ok(db.all_of(&sql)?)
}

/// An invoice that nothing is left of.
#[derive(Clone, Debug)]
pub struct Paid {
    /// Currency.
    pub currency: Currency,
    /// With tax.
    pub gross: i64,
    /// Last day to pay.
    pub due: Day,
    /// The day on which the last of it was paid or credited.
    pub day: Day,
}

impl FromRow for Paid {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self { currency: row.get(0)?, gross: row.get(1)?, due: row.get(2)?, day: row.get(3)? })
    }
}

/// Invoices that were paid in full in a span of days.
pub fn paid(db: &Reader<'_>, company: Option<&CompanyId>, from: Day, to: Day) -> ToolResult<Vec<Paid>> {
    let mut sql = Sql::new(
        "SELECT i.currency, i.gross, i.due_date, MAX(a.day) FROM allocation a JOIN invoice i ON i.id = a.invoice_id \
         WHERE a.day <= ",
    );
    sql.bind(to);
    if let Some(company) = company {
        sql.and("i.company_id =", company);
    }
    sql.push(
        " GROUP BY i.id, i.currency, i.gross, i.due_date, i.prepaid, i.rounding \
         HAVING CAST(SUM(a.amount) AS BIGINT) = i.gross - i.prepaid + i.rounding AND MAX(a.day) >= ",
    )
    .bind(from);
    Ok(db.all_of(&sql)?)
}

/// What was invoiced less what was credited, with tax, by currency and month, newest first: `2026-03`.
pub fn billed_by_month(
    db: &Reader<'_>,
    company: Option<&CompanyId>,
    from: Day,
    to: Day,
) -> ToolResult<Vec<(Currency, String, i64)>> {
    let mut sql = Sql::new(
        "SELECT currency, SUBSTR(issue_date, 1, 7), CAST(SUM(CASE WHEN kind = 'invoice' THEN gross ELSE -gross END) \
         AS BIGINT) FROM invoice WHERE number IS NOT NULL",
    );
    sql.and("issue_date >=", from).and("issue_date <=", to);
    if let Some(company) = company {
        sql.and("company_id =", company);
    }
    sql.push(" GROUP BY currency, SUBSTR(issue_date, 1, 7) ORDER BY 1, 2 DESC");
    Ok(db.all_of(&sql)?)
}

/// A document as statements show it.
#[derive(Clone, Debug)]
pub struct Booked {
    /// Number.
    pub number: String,
    /// Which.
    pub kind: DocumentKind,
    /// Day of issue.
    pub day: Day,
    /// Last day to pay.
    pub due: Day,
    /// What is to be paid of it, never negative.
    pub amount: i64,
}

/// Documents of a customer in a currency, issued up to a day.
pub fn booked(db: &Reader<'_>, company: &CompanyId, currency: Currency, to: Day) -> ToolResult<Vec<Booked>> {
    let mut sql = Sql::new(
        "SELECT number, kind, issue_date, due_date, gross - prepaid + rounding FROM invoice \
         WHERE number IS NOT NULL AND company_id = ",
    );
    sql.bind(company)
        .and("currency =", currency)
        .and("issue_date <=", to)
        .push(" ORDER BY issue_date, number");
    let rows: Vec<(String, DocumentKind, Day, Day, i64)> = db.all_of(&sql)?;
    Ok(rows
        .into_iter()
        .map(|(number, kind, day, due, amount)| Booked { number, kind, day, due, amount })
        .collect())
}

/// What was invoiced less what was credited in a span of days, with tax, by currency.
pub fn billed(
    db: &Reader<'_>,
    company: Option<&CompanyId>,
    from: Day,
    to: Day,
) -> ToolResult<Vec<(Currency, i64)>> {
    let mut sql = Sql::new(
        "SELECT currency, CAST(SUM(CASE WHEN kind = 'invoice' THEN gross ELSE -gross END) AS BIGINT) FROM invoice \
         WHERE number IS NOT NULL",
    );
    sql.and("issue_date >=", from).and("issue_date <=", to);
    if let Some(company) = company {
        sql.and("company_id =", company);
    }
    sql.push(" GROUP BY currency ORDER BY currency");
    Ok(db.all_of(&sql)?)
}

/// What was given up of a customer's invoices in a currency up to a day: number, day, amount.
pub fn given_up(
    db: &Reader<'_>,
    company: &CompanyId,
    currency: Currency,
    to: Day,
) -> ToolResult<Vec<(String, Day, i64)>> {
    let mut sql = Sql::new(
        "SELECT i.number, w.day, w.amount FROM write_off w JOIN invoice i ON i.id = w.invoice_id \
         WHERE i.company_id = ",
    );
    sql.bind(company).and("i.currency =", currency).and("w.day <=", to).push(" ORDER BY w.day, w.id");
    Ok(db.all_of(&sql)?)
}
