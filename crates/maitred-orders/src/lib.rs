//! The orders module: quotes, baskets, orders, shipments, returns.
//!
//! Invariants: a line never ships or loses more than was ordered, never returns more than was shipped and is never
//! invoiced beyond what is wanted, which the database itself refuses; a quote, the order made from it and the invoice
//! made from that have equal totals when nothing changed; stock is held, shipped and taken back through the port of
//! whoever keeps it, in the same transaction; an order is agreed on as a whole or not at all; a client's order goes
//! through the same routine as everybody's. Prices and stock are catalog's, invoices are invoicing's.

#[macro_use]
mod shop;

pub mod agreeing;
pub mod basket;
pub mod billing;
pub mod calling_off;
pub mod client_views;
pub mod dispatching;
pub mod history;
#[cfg(test)]
mod laws;
pub mod lines;
pub mod model;
pub mod ordering;
#[cfg(test)]
mod port_tests;
mod ports;
pub mod quoting;
pub mod ranked;
pub mod returning;
pub mod rules;
pub mod selling;
pub mod snapshot;
mod sources;
pub mod states;
pub mod store;
pub mod tools;
pub mod views;

use maitred_core::mode::Module;
use maitred_core::tool::Domain;
use maitred_party::commerce::{PriceResolver, StockLedger};
use maitred_store::Migration;

/// The module as the registry sees it.
pub static DOMAIN: Domain = Domain {
    module: Module::Orders,
    tools: tools::TOOLS,
    migrations: MIGRATIONS,
    requires: &[std::any::type_name::<dyn PriceResolver>, std::any::type_name::<dyn StockLedger>],
    provides: ports::provide,
    check: store::check,
};

/// The tables of this module.
pub const MIGRATIONS: &[Migration] = &[Migration {
    domain: "orders",
    number: 1,
    name: "quotes, baskets, orders, shipments, returns",
    sql: include_str!("../migrations/0001_orders.sql"),
}];
