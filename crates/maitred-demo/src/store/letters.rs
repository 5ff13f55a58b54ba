//! What the demo's own past leaves in the outbox.

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;

/// Takes everything out of the outbox of a new organisation.
pub fn forget(db: &Writer<'_>) -> ToolResult<()> {
    db.execute("DELETE FROM outbox WHERE state = 'waiting'", &[])?;
    Ok(())
}
