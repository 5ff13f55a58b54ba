//! The account module: orientation, settings, audit and export.
//!
//! It owns no business table. Everything here is built from what the caller's own menu and the compiled modules give
//! through ports, so a module that is not there is missing from an answer and never a name in it. Invariants: an
//! answer names no tool that is hidden from the caller; the audit trail is read and never written; a setting is
//! replaced whole or not at all, and never rewrites history. Keys are not handled here: a tool that mints keys would
//! be a way to more rights.

pub mod audit;
pub mod cells;
pub mod guide;
pub mod people;
pub mod schema;
pub mod sections;

pub mod store;
pub mod tools;

mod ports;

use maitred_core::mode::Module;
use maitred_core::tool::Domain;

/// The module as the registry sees it.
pub static DOMAIN: Domain = Domain {
    module: Module::Account,
    tools: tools::TOOLS,
    migrations: &[],
    requires: &[],
    provides: ports::provide,
    check: store::check,
};
