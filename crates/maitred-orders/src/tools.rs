//! The tools of orders, sorted by name.

pub(crate) mod fulfilment_list;
pub(crate) mod history_get;
pub(crate) mod my_cart_get;
pub(crate) mod my_cart_set;
pub(crate) mod my_cart_submit;
pub(crate) mod my_order_cancel;
pub(crate) mod my_order_get;
pub(crate) mod my_order_list;
pub(crate) mod my_order_repeat;
pub(crate) mod my_quote_answer;
pub(crate) mod my_return_request;
pub(crate) mod order_cancel;
pub(crate) mod order_confirm;
pub(crate) mod order_create;
pub(crate) mod order_get;
pub(crate) mod order_search;
pub(crate) mod order_update;
pub(crate) mod quote_close;
pub(crate) mod quote_convert;
pub(crate) mod quote_create;
pub(crate) mod quote_get;
pub(crate) mod quote_search;
pub(crate) mod quote_send;
pub(crate) mod quote_update;
pub(crate) mod return_create;
pub(crate) mod return_decide;
pub(crate) mod return_receive;
pub(crate) mod return_search;
pub(crate) mod sales_report;
pub(crate) mod shipment_create;
pub(crate) mod shipment_update;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[
    entry::<fulfilment_list::FulfilmentList>(),
    entry::<history_get::HistoryGet>(),
    entry::<my_cart_get::MyCartGet>(),
    entry::<my_cart_set::MyCartSet>(),
    entry::<my_cart_submit::MyCartSubmit>(),
    entry::<my_order_cancel::MyOrderCancel>(),
    entry::<my_order_get::MyOrderGet>(),
    entry::<my_order_list::MyOrderList>(),
    entry::<my_order_repeat::MyOrderRepeat>(),
    entry::<my_quote_answer::MyQuoteAnswer>(),
    entry::<my_return_request::MyReturnRequest>(),
    entry::<order_cancel::OrderCancel>(),
    entry::<order_confirm::OrderConfirm>(),
    entry::<order_create::OrderCreate>(),
    entry::<order_get::OrderGet>(),
    entry::<order_search::OrderSearch>(),
    entry::<order_update::OrderUpdate>(),
    entry::<quote_close::QuoteClose>(),
    entry::<quote_convert::QuoteConvert>(),
    entry::<quote_create::QuoteCreate>(),
    entry::<quote_get::QuoteGet>(),
    entry::<quote_search::QuoteSearch>(),
    entry::<quote_send::QuoteSend>(),
    entry::<quote_update::QuoteUpdate>(),
    entry::<return_create::ReturnCreate>(),
    entry::<return_decide::ReturnDecide>(),
    entry::<return_receive::ReturnReceive>(),
    entry::<return_search::ReturnSearch>(),
    entry::<sales_report::SalesReport>(),
    entry::<shipment_create::ShipmentCreate>(),
    entry::<shipment_update::ShipmentUpdate>(),
];
