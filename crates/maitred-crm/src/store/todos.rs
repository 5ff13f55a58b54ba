//! To-dos and what they are about.

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;

use crate::about::About;
use crate::model::{Todo, TodoLink};

/// Writes a to-do with its links.
pub fn insert(db: &Writer<'_>, todo: &mut Todo, about: &[About]) -> ToolResult<()> {
    db.insert(todo)?;
    for record in about {
        let mut link = TodoLink {
            id: db.fresh_id(),
            todo_id: todo.id.clone(),
            entity_kind: record.kind,
            entity_id: record.id.clone(),
        };
        db.insert(&mut link)?;
    }
    Ok(())
}
