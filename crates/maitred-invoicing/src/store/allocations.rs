//! Credit that was applied, and what was undone.

use maitred_core::prelude::*;
use maitred_kernel::Day;
use maitred_store::{Record, Sql};

use crate::model::{Allocation, InvoiceId, PaymentId};

/// Credit applied to or from a document, as it is shown with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The document at the other end.
    pub document: String,
    /// Minor units; negative in a reversal.
    pub amount: i64,
    /// From when it counts.
    pub day: Day,
}

/// What was applied to an invoice, or from a credit note, in the order in which it was.
pub fn of_document(db: &Reader<'_>, invoice: &InvoiceId) -> ToolResult<Vec<Applied>> {
    let mut sql = Sql::new("SELECT COALESCE(CASE WHEN a.credit_note_id = ");
    sql.bind(invoice)
        .push(" THEN COALESCE(i.number, r.number) ELSE COALESCE(p.number, n.number) END, ''), a.amount, a.day \
               FROM allocation a LEFT JOIN payment p ON p.id = a.payment_id LEFT JOIN invoice n ON n.id = a.credit_note_id \
               LEFT JOIN invoice i ON i.id = a.invoice_id LEFT JOIN payment r ON r.id = a.refund_id WHERE a.invoice_id = ")
        .bind(invoice)
        .push(" OR a.credit_note_id = ")
        .bind(invoice)
        .push(" ORDER BY a.id");
    let rows: Vec<(String, i64, Day)> = db.all_of(&sql)?;
    Ok(rows.into_iter().map(|(document, amount, day)| Applied { document, amount, day }).collect())
}

/// The allocations of a payment, or to a refund, that were not undone, oldest first.
pub fn live_of_payment(db: &Reader<'_>, payment: &PaymentId) -> ToolResult<Vec<Allocation>> {
    let mut sql = Sql::new(Allocation::SELECT);
    sql.push(" WHERE (payment_id = ").bind(payment).push(" OR refund_id = ").bind(payment).push(
        ") AND reverses_id IS NULL \
         AND NOT EXISTS (SELECT 1 FROM allocation r WHERE r.reverses_id = allocation.id) ORDER BY id",
    );
    Ok(db.all_of(&sql)?)
}
