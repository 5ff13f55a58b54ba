//! Invoices and credit notes.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Quantity, fold};
use maitred_party::CompanyId;
use maitred_store::value::FromRow;
use maitred_store::{Param, Record, Row, Sql, StoreResult};

use crate::model::{
    Collection, DocumentKind, Invoice, InvoiceId, InvoiceLine, InvoiceLineId, InvoiceStatus, InvoiceTax,
};

/// The lines of a document, in order.
pub fn lines(db: &Reader<'_>, invoice: &InvoiceId) -> ToolResult<Vec<InvoiceLine>> {
    let mut sql = Sql::new(InvoiceLine::SELECT);
    sql.push(" WHERE invoice_id = ").bind(invoice).push(" ORDER BY position");
    Ok(db.all_of(&sql)?)
}

/// The tax groups of a document.
pub fn taxes(db: &Reader<'_>, invoice: &InvoiceId) -> ToolResult<Vec<InvoiceTax>> {
    let mut sql = Sql::new(InvoiceTax::SELECT);
    sql.push(" WHERE invoice_id = ").bind(invoice).push(" ORDER BY category, rate_bp");
    Ok(db.all_of(&sql)?)
}

/// The document a text means: id or number.
///
/// # Errors
/// `not_found` at `field`.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Invoice> {
    let text = text.trim();
    if let Some(invoice) = db.get::<Invoice>(text)? {
        return Ok(invoice);
    }
    let mut sql = Sql::new(Invoice::SELECT);
    sql.push(" WHERE number = ").bind(text.to_uppercase());
    db.one_of(&sql)?
        .ok_or_else(|| not_found("invoice", text).field(field).hint("find it with invoicing_invoice_search"))
}

/// The last day on which a document of the series was issued.
pub fn last_issued(db: &Reader<'_>, series: &str) -> ToolResult<Option<Day>> {
    let mut sql = Sql::new("SELECT issue_date FROM invoice WHERE number IS NOT NULL AND series = ");
    sql.bind(series).push(" ORDER BY issue_date DESC LIMIT 1");
    Ok(db.one_of::<(Option<Day>,)>(&sql)?.and_then(|(day,)| day))
}

/// Credit notes that correct an invoice, issued or drafts, oldest first.
pub fn corrections(db: &Reader<'_>, invoice: &InvoiceId) -> ToolResult<Vec<Invoice>> {
    let mut sql = Sql::new(Invoice::SELECT);
    sql.push(" WHERE corrects_id = ").bind(invoice).push(" AND status <> 'discarded' ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// What credit notes, drafts too, took back of a line: how much of its quantity, and of its net.
pub fn credited(db: &Reader<'_>, line: &InvoiceLineId) -> ToolResult<(Quantity, i64)> {
    let mut sql = Sql::new(
        "SELECT CAST(COALESCE(SUM(l.credited_qty), 0) AS BIGINT), CAST(COALESCE(SUM(l.net), 0) AS BIGINT) \
         FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id \
         WHERE i.status <> 'discarded' AND l.corrected_line_id = ",
    );
    sql.bind(line);
    Ok(db.one_of::<(Quantity, i64)>(&sql)?.unwrap_or_default())
}

/// Open documents of a company in a currency, in the order in which they are paid: by due date, then number.
pub fn open_of(
    db: &Reader<'_>,
    company: &CompanyId,
    kind: DocumentKind,
    currency: Currency,
) -> ToolResult<Vec<Invoice>> {
    let mut sql = Sql::new(Invoice::SELECT);
    sql.push(" WHERE company_id = ")
        .bind(company)
        .push(" AND status IN ('issued', 'partially_paid') AND balance > 0")
        .and("kind =", kind)
        .and("currency =", currency)
        .push(" ORDER BY due_date, number");
    Ok(db.all_of(&sql)?)
}

/// What documents are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct InvoiceFilter {
    /// Part of the number, the customer's reference, the note or a line.
    pub text: Option<String>,
    /// Of this customer.
    pub company: Option<CompanyId>,
    /// Of this kind.
    pub kind: Option<DocumentKind>,
    /// This far.
    pub status: Option<InvoiceStatus>,
    /// Due before this day and not paid.
    pub overdue_on: Option<Day>,
    /// With something left to pay or to apply.
    pub open: bool,
    /// Due on this day or later.
    pub due_from: Option<Day>,
    /// Due on this day or before.
    pub due_to: Option<Day>,
    /// Issued on this day or later.
    pub issued_from: Option<Day>,
    /// Issued on this day or before.
    pub issued_to: Option<Day>,
    /// Only what was issued.
    pub issued_only: bool,
}

/// A document as lists show it.
#[derive(Clone, Debug)]
pub struct FoundInvoice {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Number.
    pub number: Option<String>,
    /// Kind.
    pub kind: DocumentKind,
    /// How far it is.
    pub status: InvoiceStatus,
    /// Id of the customer.
    pub company_id: String,
    /// Name of the customer.
    pub company: String,
    /// Day of issue.
    pub issue_date: Option<Day>,
    /// Last day to pay.
    pub due_date: Option<Day>,
    /// Currency.
    pub currency: Currency,
    /// Without tax.
    pub net: i64,
    /// With tax.
    pub gross: i64,
    /// What is left.
    pub balance: i64,
    /// How collection stands.
    pub collection: Collection,
    /// The customer's reference.
    pub po_reference: Option<String>,
}

impl FromRow for FoundInvoice {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            version: row.get(1)?,
            number: row.get(2)?,
            kind: row.get(3)?,
            status: row.get(4)?,
            company_id: row.get(5)?,
            company: row.get(6)?,
            issue_date: row.get(7)?,
            due_date: row.get(8)?,
            currency: row.get(9)?,
            net: row.get(10)?,
            gross: row.get(11)?,
            balance: row.get(12)?,
            collection: row.get(13)?,
            po_reference: row.get(14)?,
        })
    }
}

/// Values in a cursor of [`search`].
pub const KEYS: usize = 1;

impl FoundInvoice {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        vec![Param::Text(self.id.clone().into())]
    }
}

/// `%` and `_` stand for themselves.
pub(crate) fn pattern(text: &str) -> String {
    let mut out = String::from("%");
    for letter in text.trim().chars() {
        if matches!(letter, '%' | '_' | '!') {
            out.push('!');
        }
        out.push(letter);
    }
    out.push('%');
    out
}

fn narrow(sql: &mut Sql, filter: &InvoiceFilter) {
    sql.push(" WHERE i.status <> ").bind(if filter.status == Some(InvoiceStatus::Discarded) {
        ""
    } else {
        "discarded"
    });
    if let Some(text) = filter.text.as_deref().filter(|text| !fold(text).is_empty()) {
        let like = pattern(text);
        sql.push(" AND (i.number LIKE ").bind(like.clone());
        sql.push(" ESCAPE '!' OR i.po_reference LIKE ").bind(like.clone());
        sql.push(" ESCAPE '!' OR i.note LIKE ").bind(like.clone());
        sql.push(" ESCAPE '!' OR c.name LIKE ").bind(like.clone());
        sql.push(
            " ESCAPE '!' OR EXISTS (SELECT 1 FROM invoice_line l WHERE l.invoice_id = i.id AND (l.sku LIKE ",
        )
        .bind(like.clone());
        sql.push(" ESCAPE '!' OR l.description LIKE ").bind(like).push(" ESCAPE '!')))");
    }
    if let Some(company) = &filter.company {
        sql.and("i.company_id =", company);
    }
    if let Some(kind) = filter.kind {
        sql.and("i.kind =", kind);
    }
    if let Some(status) = filter.status {
        sql.and("i.status =", status);
    }
    if let Some(day) = filter.overdue_on {
        sql.push(" AND i.kind = 'invoice' AND i.status IN ('issued', 'partially_paid')")
            .and("i.due_date <", day);
    }
    if filter.open {
        sql.push(" AND i.status IN ('issued', 'partially_paid') AND i.balance > 0");
    }
    if filter.issued_only {
        sql.push(" AND i.number IS NOT NULL");
    }
    if let Some(day) = filter.due_from {
        sql.and("i.due_date >=", day);
    }
    if let Some(day) = filter.due_to {
        sql.and("i.due_date <=", day);
    }
    if let Some(day) = filter.issued_from {
        sql.and("i.issue_date >=", day);
    }
    if let Some(day) = filter.issued_to {
        sql.and("i.issue_date <=", day);
    }
}

/// A page of documents, newest first.
pub fn search(db: &Reader<'_>, filter: &InvoiceFilter, page: &Page) -> ToolResult<Vec<FoundInvoice>> {
    let mut sql = Sql::new(
        "SELECT i.id, i.version, i.number, i.kind, i.status, i.company_id, c.name, i.issue_date, i.due_date, \
         i.currency, i.net, i.gross, i.balance, i.collection, i.po_reference \
         FROM invoice i JOIN company c ON c.id = i.company_id",
    );
    narrow(&mut sql, filter);
    if let Some([id]) = page.after.as_deref() {
        sql.and("i.id <", id.clone());
    }
    sql.push(" ORDER BY i.id DESC LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many documents fit.
pub fn count(db: &Reader<'_>, filter: &InvoiceFilter) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM invoice i JOIN company c ON c.id = i.company_id");
    narrow(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}

/// What a company still has open, at most ten, oldest first: number or none, kind, how far it is.
pub fn pending_of(
    db: &Reader<'_>,
    company: &CompanyId,
) -> ToolResult<Vec<(Option<String>, DocumentKind, InvoiceStatus)>> {
    let mut sql = Sql::new("SELECT number, kind, status FROM invoice WHERE company_id = ");
    sql.bind(company).push(
        " AND (status = 'draft' OR (status IN ('issued', 'partially_paid') AND balance > 0)) ORDER BY id LIMIT 10",
    );
    Ok(db.all_of(&sql)?)
}
