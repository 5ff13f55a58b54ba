//! The invoicing module: invoices, credit notes, payments, bank statements, receivables, reminders, VAT.
//!
//! Invariants: an issued document is never changed, which the database itself refuses; numbers have no gaps; what is
//! left to pay is the total less what was paid, credited and written off, and never negative; no payment and no credit
//! note is applied beyond its amount; nothing is dated in a closed period. A bank statement is stored only when its
//! balances prove its lines, a line is stored once, and is matched at most once.

pub mod afterwards;
pub mod bank;
pub mod clients;
pub mod crediting;
pub mod document;
pub mod drafter;
pub mod drafting;
pub mod drafts;
pub mod dunning;
pub mod forgiving;
pub mod issue_rules;
pub mod issuing;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod laws_together;
pub mod model;
pub mod paying;
pub mod pdf;
mod ports;
pub mod receivables;
pub mod recipients;
pub mod recurring;
pub mod reminding;
pub mod render_html;
pub mod render_pdf;
pub mod render_ubl;
pub mod repeating;
pub mod reporting;
#[cfg(test)]
mod samples;
pub mod seller;
pub mod settling;
pub mod standard;
pub mod statement;
pub mod store;
pub mod tools;
pub mod views;
pub mod wording;
pub mod writing_off;

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
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        domain: "invoicing",
        number: 1,
        name: "billing profiles, invoices, payments",
        sql: include_str!("../migrations/0001_invoicing.sql"),
    },
    Migration {
        domain: "invoicing",
        number: 2,
        name: "bank accounts, statements, lines",
        sql: include_str!("../migrations/0002_bank.sql"),
    },
    Migration {
        domain: "invoicing",
        number: 3,
        name: "recurring invoices, sendings, reminders, write-offs; what is issued is final",
        sql: include_str!("../migrations/0003_afterwards.sql"),
    },
];
