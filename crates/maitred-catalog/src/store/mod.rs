//! The only files of this crate with SQL.

pub mod levels;
pub mod locations;
pub mod moves;
pub mod party_refs;
pub mod prices;
pub mod product_search;
pub mod products;
#[cfg(test)]
pub mod proof;
pub mod purchases;
pub mod rates;
pub mod replenish;
pub mod reservations;
pub mod stock_lists;
pub mod suppliers;

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;

/// Looks whether the module's tables answer.
pub fn check(db: &Reader<'_>) -> ToolResult<()> {
    db.count("SELECT COUNT(*) FROM (SELECT id FROM location LIMIT 1) one", &[])?;
    Ok(())
}
