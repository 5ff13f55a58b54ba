//! The tools of crm, sorted by name.

mod activity_log;
mod contact_get;
mod contact_search;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[
    entry::<activity_log::ActivityLog>(),
    entry::<contact_get::ContactGet>(),
    entry::<contact_search::ContactSearch>(),
];
