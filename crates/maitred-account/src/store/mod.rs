//! The only files of this crate with SQL.

pub mod audit;
#[cfg(test)]
pub mod probe;

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;

/// Looks whether the tables that this module reads answer.
pub fn check(db: &Reader<'_>) -> ToolResult<()> {
    db.count("SELECT COUNT(*) FROM audit_head", &[])?;
    Ok(())
}
