//! What tests look up.

use maitred_core::cx::Reader;
use maitred_store::{StoreResult, params};

/// The payloads of acts that were ordered, oldest first.
pub(crate) fn outbox(db: &Reader<'_>, topic: &str) -> StoreResult<Vec<String>> {
    let rows: Vec<(String,)> =
        db.all("SELECT payload FROM outbox WHERE topic = $1 ORDER BY id", params![topic])?;
    Ok(rows.into_iter().map(|(payload,)| payload).collect())
}

/// Units on invoices and how much of each.
pub(crate) fn units(db: &Reader<'_>) -> StoreResult<Vec<(String, i64)>> {
    db.all("SELECT unit_id, quantity FROM billable_link ORDER BY id", &[])
}

/// A document as the laws look at it.
#[derive(Debug)]
pub(crate) struct DocumentRow {
    pub id: String,
    pub number: Option<String>,
    pub status: String,
    pub day: Option<String>,
    pub hash: Option<String>,
    pub net: i64,
    pub tax: i64,
    pub gross: i64,
    pub rounding: i64,
    pub allocated: i64,
    pub credited: i64,
    pub written_off: i64,
    pub balance: i64,
    pub lines_net: i64,
    pub taxable: i64,
    pub tax_rows: i64,
    pub credit_notes: i64,
}

/// A payment as the laws look at it.
#[derive(Debug)]
pub(crate) struct PaymentRow {
    pub id: String,
    pub outgoing: bool,
    pub amount: i64,
    pub allocated: i64,
    pub live: i64,
}

/// Everything that the laws look at.
#[derive(Debug)]
pub(crate) struct Books {
    pub documents: Vec<DocumentRow>,
    pub payments: Vec<PaymentRow>,
    /// Balances of invoices less credit that was not applied.
    pub owed: i64,
    /// Invoices less credit notes, payments and write-offs, with refunds.
    pub ledger: i64,
}

impl maitred_store::value::FromRow for DocumentRow {
    fn from_row(row: &maitred_store::Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            number: row.get(1)?,
            status: row.get(2)?,
            day: row.get(3)?,
            hash: row.get(4)?,
            net: row.get(5)?,
            tax: row.get(6)?,
            gross: row.get(7)?,
            rounding: row.get(8)?,
            allocated: row.get(9)?,
            credited: row.get(10)?,
            written_off: row.get(11)?,
            balance: row.get(12)?,
            lines_net: row.get(13)?,
            taxable: row.get(14)?,
            tax_rows: row.get(15)?,
            credit_notes: row.get(16)?,
        })
    }
}

/// Reads the books.
pub(crate) fn books(db: &Reader<'_>) -> StoreResult<Books> {
    let documents: Vec<DocumentRow> = db.all(
        "SELECT i.id, i.number, i.status, i.issue_date, i.document_sha256, i.net, i.tax, i.gross, i.rounding, i.allocated, \
         i.credited, i.written_off, i.balance, \
         CAST(COALESCE((SELECT SUM(l.net) FROM invoice_line l WHERE l.invoice_id = i.id), 0) AS BIGINT), \
         CAST(COALESCE((SELECT SUM(t.taxable) FROM invoice_tax t WHERE t.invoice_id = i.id), 0) AS BIGINT), \
         CAST(COALESCE((SELECT SUM(t.tax) FROM invoice_tax t WHERE t.invoice_id = i.id), 0) AS BIGINT), \
         CAST(COALESCE((SELECT SUM(n.gross) FROM invoice n WHERE n.corrects_id = i.id AND n.status <> 'discarded'), 0) AS BIGINT) \
         FROM invoice i ORDER BY i.id",
        &[],
    )?;
    let payments: Vec<(String, String, i64, i64, i64)> = db.all(
        "SELECT p.id, p.direction, p.amount, p.allocated, \
         CAST(COALESCE((SELECT SUM(a.amount) FROM allocation a WHERE a.payment_id = p.id), 0) AS BIGINT) \
         FROM payment p ORDER BY p.id",
        &[],
    )?;
    let owed = db.count(
        "SELECT CAST(COALESCE((SELECT SUM(CASE WHEN kind = 'invoice' THEN balance ELSE -balance END) FROM invoice \
         WHERE number IS NOT NULL), 0) - COALESCE((SELECT SUM(amount - allocated) FROM payment WHERE status = 'posted' \
         AND direction = 'in'), 0) AS BIGINT)",
        &[],
    )?;
    let ledger = db.count(
        "SELECT CAST(COALESCE((SELECT SUM(CASE WHEN kind = 'invoice' THEN gross + rounding ELSE -gross - rounding END) FROM invoice \
         WHERE number IS NOT NULL), 0) - COALESCE((SELECT SUM(CASE WHEN direction = 'in' THEN amount ELSE -amount END) \
         FROM payment WHERE status = 'posted'), 0) - COALESCE((SELECT SUM(amount) FROM write_off), 0) AS BIGINT)",
        &[],
    )?;
    let payments = payments.into_iter().map(|(id, direction, amount, allocated, live)| PaymentRow {
        id,
        outgoing: direction == "out",
        amount,
        allocated,
        live,
    });
    Ok(Books { documents, payments: payments.collect(), owed, ledger })
}
