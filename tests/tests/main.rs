//! The whole product, tried from outside: the real binary, real pipes, real sockets, real files.
//!
//! What belongs to one tool is tested in that tool's file, what all tools have in common by `check_domain`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this is test code: what fails, fails the test")]

mod architecture;
mod bad_input;
mod catalogue;
mod demo;
mod durability;
mod examples;
mod http;
mod isolation;
mod menus;
mod revocation;
mod rmcp;
mod stdio;
mod support;
mod tokens;
mod transcript;
