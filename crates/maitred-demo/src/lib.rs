//! The demo organisation and the importers of real data sets.
//!
//! [`demo`] makes a wine merchant's organisation out of a seed: the same seed and moment give the same people and
//! stories on every machine, and every date is told from the moment given, so the demo is always of today.
//! [`online_retail`] reads the UCI Online Retail file. Both write into a [`Target`] that the caller hands in; neither
//! knows an engine, a clock or a key. SQL stands in `store.rs` and `store/` only.

pub mod demo;
#[path = "store/letters.rs"]
mod letters;
pub mod online_retail;
#[path = "store/retail.rs"]
mod retail;
mod store;
mod target;

pub use target::Target;
