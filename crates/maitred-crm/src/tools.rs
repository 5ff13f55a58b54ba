//! The tools of crm, sorted by name.

mod activity_log;
mod contact_get;
mod contact_search;
mod deal_close;
mod deal_create;
mod deal_get;
mod deal_move;
mod deal_reopen;
pub mod deal_search;
mod deal_update;
mod lead_convert;
mod lead_create;
mod lead_get;
pub mod lead_search;
mod lead_update;
mod pipeline_list;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[
    entry::<activity_log::ActivityLog>(),
    entry::<contact_get::ContactGet>(),
    entry::<contact_search::ContactSearch>(),
    entry::<deal_close::DealClose>(),
    entry::<deal_create::DealCreate>(),
    entry::<deal_get::DealGet>(),
    entry::<deal_move::DealMove>(),
    entry::<deal_reopen::DealReopen>(),
    entry::<deal_search::DealSearch>(),
    entry::<deal_update::DealUpdate>(),
    entry::<lead_convert::LeadConvert>(),
    entry::<lead_create::LeadCreate>(),
    entry::<lead_get::LeadGet>(),
    entry::<lead_search::LeadSearch>(),
    entry::<lead_update::LeadUpdate>(),
    entry::<pipeline_list::PipelineList>(),
];
