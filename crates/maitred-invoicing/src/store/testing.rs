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
