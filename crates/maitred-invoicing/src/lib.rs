//! The invoicing module: invoices, payments, bank statements, reminders, VAT.
//!
//! Of the bank it keeps: a statement is stored only when its balances prove its lines, a line is stored once, and a line
//! is matched at most once.

pub mod bank;
mod ports;
pub mod store;
pub mod tools;

use maitred_core::mode::Module;
use maitred_core::tool::Domain;
use maitred_store::Migration;

/// The module as the registry sees it.
pub static DOMAIN: Domain = Domain {
    module: Module::Invoicing,
    tools: tools::TOOLS,
    migrations: MIGRATIONS,
    requires: &[],
    provides: ports::provide,
    check: store::check,
};

/// The tables of this module.
pub const MIGRATIONS: &[Migration] = &[Migration {
    domain: "invoicing",
    number: 2,
    name: "bank accounts, statements, lines",
    sql: include_str!("../migrations/0002_bank.sql"),
}];
