//! The tools of catalog, sorted by name.

mod price_list_save;
mod price_set;
mod product_create;
mod product_transition;
mod stock_adjust;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[
    entry::<price_list_save::PriceListSave>(),
    entry::<price_set::PriceSet>(),
    entry::<product_create::ProductCreate>(),
    entry::<product_transition::ProductTransition>(),
    entry::<stock_adjust::StockAdjust>(),
];
