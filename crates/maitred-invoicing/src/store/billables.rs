//! Which units of other modules documents bill.

use std::collections::BTreeMap;

use maitred_core::prelude::*;
use maitred_store::{Record, Sql};

use maitred_kernel::Quantity;

use crate::model::{BillableLink, Invoice, InvoiceId, InvoiceLineId};

/// The links of a document's lines.
pub fn of_invoice(db: &Reader<'_>, invoice: &InvoiceId) -> ToolResult<Vec<BillableLink>> {
    let mut sql = Sql::new(BillableLink::SELECT);
    sql.push(" WHERE invoice_line_id IN (SELECT id FROM invoice_line WHERE invoice_id = ")
        .bind(invoice)
        .push(") ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// Which source gives units of a kind.
pub fn source_of(unit_kind: &str) -> &'static str {
    match unit_kind {
        "order_line" => "order",
        "subscription_period" => "subscription",
        _ => "project",
    }
}

/// A line of an issued invoice that bills a unit.
#[derive(Clone, Debug)]
pub struct BilledLine {
    /// The invoice.
    pub invoice: InvoiceId,
    /// The line.
    pub line: InvoiceLineId,
    /// How much of the unit it bills.
    pub quantity: Quantity,
}

/// Lines of issued invoices that bill a unit, oldest invoice first.
pub fn billing(db: &Reader<'_>, unit: &str) -> ToolResult<Vec<BilledLine>> {
    let mut sql = Sql::new(
        "SELECT l.invoice_id, l.id, b.quantity FROM billable_link b JOIN invoice_line l ON l.id = b.invoice_line_id \
         JOIN invoice i ON i.id = l.invoice_id WHERE i.number IS NOT NULL AND b.unit_id = ",
    );
    sql.bind(unit).push(" ORDER BY i.issue_date, i.number, l.position");
    let rows: Vec<(InvoiceId, InvoiceLineId, Quantity)> = db.all_of(&sql)?;
    Ok(rows.into_iter().map(|(invoice, line, quantity)| BilledLine { invoice, line, quantity }).collect())
}

/// Documents that bill or credit these units, oldest first, discarded ones aside.
pub fn documents(db: &Reader<'_>, units: &[&str]) -> ToolResult<Vec<Invoice>> {
    let mut found: BTreeMap<String, Invoice> = BTreeMap::new();
    for some in units.chunks(256) {
        let some: Vec<String> = some.iter().map(|unit| (*unit).to_owned()).collect();
        let mut sql = Sql::new(Invoice::SELECT);
        sql.push(
            " WHERE status <> 'discarded' AND id IN (SELECT l.invoice_id FROM invoice_line l JOIN billable_link b \
             ON b.invoice_line_id = l.id OR b.invoice_line_id = l.corrected_line_id WHERE b.unit_id IN ",
        )
        .bind_list(&some)
        .push(")");
        found.extend(db.all_of::<Invoice>(&sql)?.into_iter().map(|one| (one.id.0.clone(), one)));
    }
    Ok(found.into_values().collect())
}
