//! Activities and what they are about.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::ToolResult;
use maitred_store::params;

use crate::about::About;
use crate::model::{Activity, ActivityLink};

/// Writes an activity with its links.
pub fn insert(db: &Writer<'_>, activity: &mut Activity, about: &[About]) -> ToolResult<()> {
    db.insert(activity)?;
    for record in about {
        let mut link = ActivityLink {
            id: db.fresh_id(),
            activity_id: activity.id.clone(),
            entity_kind: record.kind,
            entity_id: record.id.clone(),
        };
        db.insert(&mut link)?;
    }
    Ok(())
}

/// An activity as a record's history shows it.
pub type Recent = (String, crate::model::ActivityKind, maitred_kernel::Stamp, String, Option<String>);

/// The newest activities about a record: id, kind, when, summary, by whom.
pub fn recent(db: &Reader<'_>, entity_id: &str, limit: i64) -> ToolResult<Vec<Recent>> {
    Ok(db.all(
        "SELECT a.id, a.kind, a.at, a.summary, m.name FROM activity_link l \
         JOIN activity a ON a.id = l.activity_id LEFT JOIN member m ON m.id = a.by_member \
         WHERE l.entity_id = $1 ORDER BY a.at DESC, a.id DESC LIMIT $2",
        params![entity_id, limit],
    )?)
}
