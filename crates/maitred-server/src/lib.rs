//! The maitred binary: command line, transports and the domains compiled in.
//!
//! A library as well, so that tests and the conformance fixture run the very same transports. Thin: what a call means
//! is decided in `maitred-core`, who may make it in `maitred-directory`.

pub mod boot;
#[cfg(feature = "outward")]
pub mod carriers;
pub mod cli;
pub mod config;
pub mod domains;
pub mod elsewhere;
pub mod exports;
pub mod health;
pub mod http;
pub mod outbox;
#[cfg(feature = "sentry")]
pub mod report;
pub mod stdio;
pub mod telemetry;
pub mod upkeep;
