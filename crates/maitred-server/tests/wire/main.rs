//! The wire, tried over memory, pipes and HTTP with one fixture service.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail where the test would")]

mod client;
mod fixture;
mod http;
mod memory;
mod stdio;
mod transcript;
