//! The only files of this crate with SQL.

pub mod bank;
#[cfg(test)]
pub(crate) mod bank_testing;

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;

/// Looks whether the module's tables answer.
pub fn check(db: &Reader<'_>) -> ToolResult<()> {
    db.count("SELECT COUNT(*) FROM (SELECT id FROM bank_account LIMIT 1) one", &[])?;
    Ok(())
}
