//! The catalog module: products, prices, stock, purchasing.
//!
//! Stock is a ledger of moves; the level of a variant at a location is a cache of it, and of what is held by
//! reservations. Invariants: on hand is what came less what left, reserved is what active reservations hold, and
//! neither is ever negative nor reserved more than on hand, which the database itself refuses; a price is a function of
//! company, variant, quantity, day and currency, and past prices are never edited; costs are moving averages.

pub mod book;
pub mod clients;
pub mod csv_table;
pub mod demand;
pub mod importing;
pub mod locations_section;
pub mod model;
pub mod policy;
mod ports;
pub mod price_plan;
pub mod price_rounding;
pub mod pricing;
pub mod product_rules;
pub mod purchasing;
pub mod quoting;
pub mod reorder;
pub mod setting_prices;
pub mod sources;
pub mod stock_ledger;
pub mod stock_rules;
#[cfg(test)]
mod stock_tests;
pub mod store;
#[cfg(test)]
mod together_tests;
pub mod tools;
pub mod variants;
pub mod views;

use maitred_core::mode::Module;
use maitred_core::tool::Domain;
use maitred_store::Migration;

/// The module as the registry sees it.
pub static DOMAIN: Domain = Domain {
    module: Module::Catalog,
    tools: tools::TOOLS,
    migrations: MIGRATIONS,
    requires: &[],
    provides: ports::provide,
    check: store::check,
};

/// The tables of this module.
pub const MIGRATIONS: &[Migration] = &[Migration {
    domain: "catalog",
    number: 1,
    name: "products, prices, stock, purchasing",
    sql: include_str!("../migrations/0001_catalog.sql"),
}];
