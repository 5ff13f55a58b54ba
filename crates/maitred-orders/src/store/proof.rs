//! What the change log says of a record's steps: for tests.

use maitred_core::prelude::*;
use maitred_store::params;

/// Before and after of every change of an entity, in order.
pub fn changes(db: &Reader<'_>, entity: &'static str) -> ToolResult<Vec<(Option<String>, Option<String>)>> {
    Ok(db.all(
        "SELECT before_json, after_json FROM change_log WHERE entity = $1 AND kind = 'updated' \
         ORDER BY audit_seq, position",
        params![entity],
    )?)
}
