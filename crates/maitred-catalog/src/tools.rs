//! The tools of catalog, sorted by name.

mod availability_check;
mod count_post;
pub(crate) mod movement_search;
mod my_product_get;
mod my_product_search;
mod price_adjust;
mod price_list_get;
mod price_list_save;
pub(crate) mod price_quote;
mod price_set;
mod product_create;
pub(crate) mod product_get;
mod product_import;
pub(crate) mod product_search;
mod product_transition;
mod product_update;
mod purchase_close;
mod purchase_create;
mod purchase_get;
mod purchase_receive;
pub(crate) mod purchase_search;
mod purchase_send;
mod replenishment_suggest;
pub(crate) mod stock_adjust;
pub(crate) mod stock_list;
pub(crate) mod stock_report;
mod stock_transfer;
mod supplier_item_save;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[
    entry::<availability_check::AvailabilityCheck>(),
    entry::<count_post::CountPost>(),
    entry::<movement_search::MovementSearch>(),
    entry::<my_product_get::MyProductGet>(),
    entry::<my_product_search::MyProductSearch>(),
    entry::<price_adjust::PriceAdjust>(),
    entry::<price_list_get::PriceListGet>(),
    entry::<price_list_save::PriceListSave>(),
    entry::<price_quote::PriceQuote>(),
    entry::<price_set::PriceSet>(),
    entry::<product_create::ProductCreate>(),
    entry::<product_get::ProductGet>(),
    entry::<product_import::ProductImport>(),
    entry::<product_search::ProductSearch>(),
    entry::<product_transition::ProductTransition>(),
    entry::<product_update::ProductUpdate>(),
    entry::<purchase_close::PurchaseClose>(),
    entry::<purchase_create::PurchaseCreate>(),
    entry::<purchase_get::PurchaseGet>(),
    entry::<purchase_receive::PurchaseReceive>(),
    entry::<purchase_search::PurchaseSearch>(),
    entry::<purchase_send::PurchaseSend>(),
    entry::<replenishment_suggest::ReplenishmentSuggest>(),
    entry::<stock_adjust::StockAdjust>(),
    entry::<stock_list::StockList>(),
    entry::<stock_report::StockReport>(),
    entry::<stock_transfer::StockTransfer>(),
    entry::<supplier_item_save::SupplierItemSave>(),
];
