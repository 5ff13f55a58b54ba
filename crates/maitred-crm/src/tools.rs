//! The tools of crm, sorted by name.

mod activity_log;
mod contact_get;
mod contact_search;
mod todo_complete;
mod todo_create;
mod todo_list;
mod todo_update;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[
    entry::<activity_log::ActivityLog>(),
    entry::<contact_get::ContactGet>(),
    entry::<contact_search::ContactSearch>(),
    entry::<todo_complete::TodoComplete>(),
    entry::<todo_create::TodoCreate>(),
    entry::<todo_list::TodoList>(),
    entry::<todo_update::TodoUpdate>(),
];
