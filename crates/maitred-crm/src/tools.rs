//! The tools of crm, sorted by name.

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
mod duplicate_search;
mod record_archive;
mod tag_apply;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[
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
    entry::<duplicate_search::DuplicateSearch>(),
    entry::<record_archive::RecordArchive>(),
    entry::<tag_apply::TagApply>(),
];
