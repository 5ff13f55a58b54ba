//! What was given up, noted and sent of issued documents.

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_store::{Record, Sql};

use crate::afterwards::{CollectionNote, Sending, WriteOff};
use crate::model::InvoiceId;

/// What was given up of an invoice, oldest first.
pub fn write_offs(db: &Reader<'_>, invoice: &InvoiceId) -> ToolResult<Vec<WriteOff>> {
    let mut sql = Sql::new(WriteOff::SELECT);
    sql.push(" WHERE invoice_id = ").bind(invoice).push(" ORDER BY day, id");
    Ok(db.all_of(&sql)?)
}

/// The newest note about the collection of an invoice.
pub fn last_note(db: &Reader<'_>, invoice: &InvoiceId) -> ToolResult<Option<CollectionNote>> {
    let mut sql = Sql::new(CollectionNote::SELECT);
    sql.push(" WHERE invoice_id = ").bind(invoice).push(" ORDER BY created_at DESC, id DESC LIMIT 1");
    Ok(db.one_of(&sql)?)
}

/// Where a document went, oldest first.
pub fn sendings(db: &Reader<'_>, invoice: &InvoiceId) -> ToolResult<Vec<Sending>> {
    let mut sql = Sql::new(Sending::SELECT);
    sql.push(" WHERE invoice_id = ").bind(invoice).push(" ORDER BY created_at, id");
    Ok(db.all_of(&sql)?)
}

/// Whether a document went to an address at or after a moment.
pub fn sent_since(db: &Reader<'_>, invoice: &InvoiceId, to: &str, since: Stamp) -> ToolResult<bool> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM sending WHERE invoice_id = ");
    sql.bind(invoice).and("recipient =", to).and("created_at >=", since);
    Ok(db.count_of(&sql)? > 0)
}
