//! Fixtures and checks that cover every tool by existing.
//!
//! [`check`] runs one call against a small organisation and compares the answer; [`check_domain`] holds every rule that
//! all tools must keep, and runs each tool's EXAMPLE through them, so a new tool is covered by being in the slice.

#![allow(clippy::expect_used, reason = "this is test code: a fixture that cannot be made is a failed test")]

mod checks;
mod fixture;
mod given;
mod home;
mod laws;
mod portable;
mod references;
mod schema;
mod sink;

pub use checks::check_domain;
pub use fixture::{Answer, Fixture};
pub use portable::faults_of_schema;
pub use references::unregistered;
pub use schema::fits;
pub use sink::MemorySink;

use expect_test::Expect;
use maitred_core::tool::Domain;

/// Runs one call, as a teammate with every mode and the admin flag, and compares the answer. In `given` and `args`,
/// `@ada` stands for the id of the record called ada; in the answer ids are shown the same way. A write is called
/// without dry run, and confirmed when it asks to be.
#[track_caller]
pub fn check(domain: &'static Domain, given: &str, tool: &str, args: &str, expect: Expect) {
    let fixture = Fixture::new(&[domain], given);
    expect.assert_eq(&fixture.call_confirmed(tool, args).text);
}

/// Like [`check`], for domains that need others.
#[track_caller]
pub fn check_with(domains: &[&'static Domain], given: &str, tool: &str, args: &str, expect: Expect) {
    let fixture = Fixture::new(domains, given);
    expect.assert_eq(&fixture.call_confirmed(tool, args).text);
}
