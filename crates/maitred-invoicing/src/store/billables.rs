//! Which units of other modules documents bill.

use maitred_core::prelude::*;
use maitred_store::{Record, Sql};

use crate::model::{BillableLink, InvoiceId};

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
