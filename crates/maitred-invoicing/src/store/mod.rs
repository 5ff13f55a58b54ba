//! The only files of this crate with SQL.

pub mod afterwards;
pub mod allocations;
pub mod bank;
pub mod bank_links;
#[cfg(test)]
pub(crate) mod bank_testing;
pub mod billables;
pub mod invoices;
pub mod ledger;
pub mod party_refs;
pub mod payment_search;
pub mod payments;
pub mod periods;
pub mod profiles;
pub mod rates;
pub mod recurring;
pub mod reminders;
pub mod reports;
#[cfg(test)]
pub(crate) mod testing;

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;

/// Looks whether the module's tables answer.
pub fn check(db: &Reader<'_>) -> ToolResult<()> {
    db.count("SELECT COUNT(*) FROM (SELECT id FROM invoice LIMIT 1) one", &[])?;
    Ok(())
}
