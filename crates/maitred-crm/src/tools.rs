//! The tools of crm, sorted by name.

mod action_suggest;
mod activity_log;
mod contact_get;
mod contact_search;
mod forecast_report;
mod performance_report;
mod pipeline_report;
mod record_import;
mod segment_list;
mod segment_save;
mod timeline_get;
mod todo_complete;
mod todo_create;
mod todo_list;
mod todo_update;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[
    entry::<action_suggest::ActionSuggest>(),
    entry::<activity_log::ActivityLog>(),
    entry::<contact_get::ContactGet>(),
    entry::<contact_search::ContactSearch>(),
    entry::<forecast_report::ForecastReport>(),
    entry::<performance_report::PerformanceReport>(),
    entry::<pipeline_report::PipelineReport>(),
    entry::<record_import::RecordImport>(),
    entry::<segment_list::SegmentList>(),
    entry::<segment_save::SegmentSave>(),
    entry::<timeline_get::TimelineGet>(),
    entry::<todo_complete::TodoComplete>(),
    entry::<todo_create::TodoCreate>(),
    entry::<todo_list::TodoList>(),
    entry::<todo_update::TodoUpdate>(),
];
