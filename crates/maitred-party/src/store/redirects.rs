//! Redirects left by merges: every look-up by id follows them.

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;
use maitred_store::params;

/// Longest chain followed; merging a merged record makes chains of two or three.
const LONGEST: usize = 16;

/// The id that an id leads to, when it was absorbed by a merge.
pub fn follow(db: &Reader<'_>, id: &str) -> ToolResult<Option<String>> {
    let mut found = None;
    let mut at = id.to_owned();
    for _ in 0..LONGEST {
        match db.scalar::<String>("SELECT new_id FROM party_redirect WHERE id = $1", params![at])? {
            Some(next) => {
                at.clone_from(&next);
                found = Some(next);
            }
            None => break,
        }
    }
    Ok(found)
}

/// An id and every id that was absorbed into it.
pub fn family(db: &Reader<'_>, id: &str) -> ToolResult<Vec<String>> {
    let mut ids = vec![id.to_owned()];
    let mut next = 0;
    while let Some(id) = ids.get(next) {
        let absorbed: Vec<(String,)> =
            db.all("SELECT id FROM party_redirect WHERE new_id = $1 ORDER BY id", params![id])?;
        ids.extend(absorbed.into_iter().map(|(id,)| id));
        next += 1;
    }
    Ok(ids)
}
