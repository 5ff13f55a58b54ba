//! Load generator and the reference servers that the benchmarks are measured against.
//!
//! maitred is a process outside: an address and a key over HTTP, a command line over stdio. Of the product only
//! [`fixture`] and [`inside`] know anything, so the references cannot borrow its code, nor it theirs. Absolute figures of a shared
//! machine drift by a third within minutes; what is judged is a ratio of two figures of one interleaved run.
//!
//! What is likely to change with the product stands in two files: [`calls`] (names of tools and arguments) and
//! [`queries`] (the statements that the hand-written reference runs).

pub mod calls;
pub mod client;
pub mod fixture;
pub mod histogram;
pub mod inside;
pub mod load;
mod on_postgres;
pub mod orgs;
pub mod process;
pub mod queries;
pub mod reference;
pub mod report;
pub mod run;
pub mod sessions;
pub mod stand_in;
pub mod stdio_load;
pub mod targets;
mod trade;
pub mod wire;
