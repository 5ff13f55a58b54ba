//! The only files of this crate with SQL.

pub mod carts;
pub mod order_search;
pub mod orders;
pub mod party_refs;
#[cfg(test)]
pub mod proof;
pub mod quotes;
pub mod returns;
pub mod sales;
pub mod shipments;

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;

/// Looks whether the module's tables answer.
pub fn check(db: &Reader<'_>) -> ToolResult<()> {
    db.count("SELECT COUNT(*) FROM (SELECT id FROM sales_order LIMIT 1) one", &[])?;
    Ok(())
}
