//! The only files of this crate with SQL.

pub mod activities;
pub mod companies;
pub mod contacts;
pub mod deals;
pub mod dedupe;
pub mod erasure;
pub mod imports;
pub mod leads;
pub mod merges;
pub mod party_refs;
pub mod pipelines;
pub mod profiles;
pub mod quotas;
pub mod reports;
pub mod segments;
pub mod timeline;
pub mod todos;

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;

/// Looks whether the module's tables answer.
pub fn check(db: &Reader<'_>) -> ToolResult<()> {
    db.count("SELECT COUNT(*) FROM (SELECT id FROM pipeline LIMIT 1) one", &[])?;
    Ok(())
}
