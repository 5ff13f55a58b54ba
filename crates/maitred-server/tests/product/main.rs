//! The product from outside: the binary's commands and refusals, and the running server.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail where the test would")]

mod commands;
#[cfg(feature = "demo")]
mod demo;
mod machine;
#[cfg(feature = "postgres")]
mod postgres;
mod refusals;
mod serving;
