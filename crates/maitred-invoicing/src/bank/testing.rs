//! Imports for the tests of this module.

use maitred_testkit::Fixture;
use serde_json::{Value, json};

/// Imports a file into the account it states, made when it is new, and answers the report.
pub(crate) fn import(fixture: &Fixture, content: &str) -> Value {
    let args = json!({ "content": content, "new_account": "Main" }).to_string();
    let answer = fixture.call_confirmed("invoicing_bank_import", &args);
    assert!(!answer.failed, "{}", answer.raw);
    answer.json()
}
