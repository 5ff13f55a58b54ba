//! The only files of this crate with SQL.

pub mod calendars;
pub mod companies;
pub mod contacts;
pub mod members;
pub mod membership;
pub mod merge;
pub mod numbers;
pub mod redirects;
pub mod settings;
pub mod tags;
pub mod tax_codes;

use maitred_core::error::{Code, ToolError, shorten};
use maitred_store::change::json_string;

/// A reference that fits several records, with at most five of them.
pub fn ambiguous<'a>(
    field: &str,
    text: &str,
    candidates: impl Iterator<Item = (&'a str, &'a str)>,
) -> ToolError {
    let mut list = String::from("[");
    for (id, label) in candidates.take(5) {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str("{\"id\":");
        json_string(id, &mut list);
        list.push_str(",\"label\":");
        json_string(label, &mut list);
        list.push('}');
    }
    list.push(']');
    ToolError::new(Code::AmbiguousReference, format!("`{}` fits several records", shorten(text)))
        .field(field)
        .with("candidates", list)
        .hint("repeat the call with the id of the one that is meant")
}
