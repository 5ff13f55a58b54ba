//! The tools of account, sorted by name.

mod menu_explain;
mod whoami;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[entry::<menu_explain::MenuExplain>(), entry::<whoami::Whoami>()];
