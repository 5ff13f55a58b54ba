//! The tools of this module: one file each, one line each.

pub(crate) mod bank_account_list;
pub(crate) mod bank_import;
pub(crate) mod bank_line_classify;
pub(crate) mod bank_line_search;
pub(crate) mod match_apply;
pub(crate) mod match_suggest;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[
    entry::<bank_account_list::BankAccountList>(),
    entry::<bank_import::BankImport>(),
    entry::<bank_line_classify::BankLineClassify>(),
    entry::<bank_line_search::BankLineSearch>(),
];

/// The tools that need a [`crate::bank::ledger::Ledger`]: they join [`TOOLS`] with the invoices they pay.
pub const MATCHING: &[ToolEntry] =
    &[entry::<match_apply::MatchApply>(), entry::<match_suggest::MatchSuggest>()];
