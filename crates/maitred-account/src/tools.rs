//! The tools of account, sorted by name.

mod audit_search;
mod dataset_export;
mod member_list;
mod member_update;
mod menu_explain;
mod record_search;
mod setting_get;
mod setting_update;
mod whoami;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[
    entry::<audit_search::AuditSearch>(),
    entry::<dataset_export::DatasetExport>(),
    entry::<member_list::MemberList>(),
    entry::<member_update::MemberUpdate>(),
    entry::<menu_explain::MenuExplain>(),
    entry::<record_search::RecordSearch>(),
    entry::<setting_get::SettingGet>(),
    entry::<setting_update::SettingUpdate>(),
    entry::<whoami::Whoami>(),
];
