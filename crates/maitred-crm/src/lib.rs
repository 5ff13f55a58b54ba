//! The crm module: companies, contacts, leads, deals, activities, to-dos, segments, forecasts.
//!
//! crm owns the tools on companies and contacts; their identity stands in the party tables. Invariants: a lead is
//! converted whole or not at all; a closed deal is read-only until reopened; stage history is append-only, and reports
//! about the past are rebuilt from it; a merge moves every registered reference and leaves a redirect.

pub mod about;
pub mod deal_args;
pub mod deal_rules;
pub mod duplicates;
pub mod formulas;
pub mod import;
pub mod import_rows;
pub mod lead_rules;
pub mod merging;
pub mod model;
pub mod parties;
pub mod rates;
pub mod reports;
pub mod sales_settings;
pub mod sales_sources;
pub mod sales_views;
pub mod segments;
pub mod sources;
pub mod store;
#[cfg(test)]
mod testing;
pub mod timeline;
pub mod todos;
pub mod tools;
pub mod views;

use maitred_core::mode::Module;
use maitred_core::tool::Domain;
use maitred_store::Migration;

/// The module as the registry sees it.
pub static DOMAIN: Domain = Domain {
    module: Module::Crm,
    tools: tools::TOOLS,
    migrations: MIGRATIONS,
    requires: &[],
    provides: ports::provide,
    check: store::check,
};

#[cfg(test)]
mod party_tests;
mod ports;
#[cfg(test)]
mod test_data;

/// The tables of this module.
pub const MIGRATIONS: &[Migration] = &[Migration {
    domain: "crm",
    number: 1,
    name: "leads, pipelines, deals, activities, to-dos, segments",
    sql: include_str!("../migrations/0001_crm.sql"),
}];
