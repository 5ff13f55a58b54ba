//! The tools of crm, sorted by name.

mod action_suggest;
mod activity_log;
mod company_create;
mod company_get;
mod company_merge;
pub(crate) mod company_search;
mod company_update;
mod consent_record;
mod contact_create;
mod contact_erase;
mod contact_get;
mod contact_merge;
pub(crate) mod contact_search;
mod contact_update;
mod deal_close;
mod deal_create;
mod deal_get;
mod deal_move;
mod deal_reopen;
pub(crate) mod deal_search;
mod deal_update;
mod duplicate_search;
mod forecast_report;
mod lead_convert;
mod lead_create;
mod lead_get;
pub(crate) mod lead_search;
mod lead_update;
mod performance_report;
mod pipeline_list;
mod pipeline_report;
mod record_archive;
mod record_import;
mod segment_list;
mod segment_save;
mod tag_apply;
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
    entry::<company_create::CompanyCreate>(),
    entry::<company_get::CompanyGet>(),
    entry::<company_merge::CompanyMerge>(),
    entry::<company_search::CompanySearch>(),
    entry::<company_update::CompanyUpdate>(),
    entry::<consent_record::ConsentRecord>(),
    entry::<contact_create::ContactCreate>(),
    entry::<contact_erase::ContactErase>(),
    entry::<contact_get::ContactGet>(),
    entry::<contact_merge::ContactMerge>(),
    entry::<contact_search::ContactSearch>(),
    entry::<contact_update::ContactUpdate>(),
    entry::<deal_close::DealClose>(),
    entry::<deal_create::DealCreate>(),
    entry::<deal_get::DealGet>(),
    entry::<deal_move::DealMove>(),
    entry::<deal_reopen::DealReopen>(),
    entry::<deal_search::DealSearch>(),
    entry::<deal_update::DealUpdate>(),
    entry::<duplicate_search::DuplicateSearch>(),
    entry::<forecast_report::ForecastReport>(),
    entry::<lead_convert::LeadConvert>(),
    entry::<lead_create::LeadCreate>(),
    entry::<lead_get::LeadGet>(),
    entry::<lead_search::LeadSearch>(),
    entry::<lead_update::LeadUpdate>(),
    entry::<performance_report::PerformanceReport>(),
    entry::<pipeline_list::PipelineList>(),
    entry::<pipeline_report::PipelineReport>(),
    entry::<record_archive::RecordArchive>(),
    entry::<record_import::RecordImport>(),
    entry::<segment_list::SegmentList>(),
    entry::<segment_save::SegmentSave>(),
    entry::<tag_apply::TagApply>(),
    entry::<timeline_get::TimelineGet>(),
    entry::<todo_complete::TodoComplete>(),
    entry::<todo_create::TodoCreate>(),
    entry::<todo_list::TodoList>(),
    entry::<todo_update::TodoUpdate>(),
];
