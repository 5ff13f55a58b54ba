//! The tools of invoicing, sorted by name.

use maitred_core::tool::ToolEntry;

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[];
