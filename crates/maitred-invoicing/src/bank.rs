//! Bank statements: what is stored of them, which lines are new, what a line is, and which invoices it pays.
//!
//! Reading the files is `maitred-bank`'s business. Invariants: a statement with both balances is stored only when they
//! prove its lines; a line is stored once however often and in whichever file it comes; a line is matched at most once.

pub mod classes;
pub mod import;
pub mod ledger;
pub mod matching;
pub mod model;
pub mod payments;
pub mod run;
pub mod settings;
pub mod sources;
#[cfg(test)]
pub(crate) mod testing;
pub mod views;
