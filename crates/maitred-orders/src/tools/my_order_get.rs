//! `orders_my_order_get`: one order or quote of the acting company.

use maitred_core::prelude::*;

use crate::client_views::{ClientOrder, ClientQuote, order, quote};
use crate::store::{orders, quotes};

/// The tool.
pub struct MyOrderGet;

impl Tool for MyOrderGet {
    const NAME: &str = "orders_my_order_get";
    const TITLE: &str = "Get your order";
    const ABOUT: &str = "One of your orders or quotes with lines, shipments, tracking and invoices.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}]} as q=quote.id;
                        orders_quote_send {"quote": "@q"}"#
        ),
        args: r#"{"document": "@q"}"#,
    };
    type Effect = Read;
    type Audience = Client;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read, Client>, args: Args) -> ToolResult<Output> {
        let client = cx.client()?;
        let mask = FieldMask::of(args.fields.as_deref(), FieldMask::all())?;
        let text = args.document.as_str();
        if let Ok(found) = orders::resolve_of(cx, &client.company, text, "document") {
            return Ok(Output { order: Some(Selected::new(order(cx, &found)?, mask)), quote: None });
        }
        match quotes::resolve_of(cx, &client.company, text, "document") {
            Ok(found) => Ok(Output { order: None, quote: Some(quote(cx, &found)?) }),
            Err(error) if error.code() == Code::NotFound => Err(orders::unknown(text, "document")),
            Err(error) => Err(error),
        }
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Number.
    #[arg(min = 1, max = 80)]
    document: String,
    /// Of an order.
    fields: Option<Vec<String>>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The order, where it is one.
    order: Option<Selected<ClientOrder>>,
    /// The quote, where it is one.
    quote: Option<ClientQuote>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::Fixture;

    #[test]
    fn nothing_of_ours_is_shown() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"client ada orders_my_cart_set {"lines": [{"product": "CH-1", "qty": 3}]};
                     client ada orders_my_cart_submit {} ;
                     orders_order_update {"order": "SO-2026-00001", "hold_reason": "they never pay"};
                     orders_order_update {"order": "SO-2026-00001", "hold_reason": ""};
                     orders_shipment_create {"order": "SO-2026-00001", "lines": [{"line": "1", "qty": 1}], "tracking": "T1", "shipped_at": "2026-03-02T09:00:00Z"};
                     orders_order_update {"order": "SO-2026-00001", "hold_reason": "they never pay"}"#
            ),
        );
        let answer = fixture
            .call_as(&fixture.client_caller("ada"), "orders_my_order_get", r#"{"document": "so-2026-00001"}"#)
            .unwrap();
        expect![[r#"{"order":{"number":"SO-2026-00001","status":"in_fulfilment","placed_at":"@now","expected":"2026-03-02","currency":"EUR","net":"30.00","tax":"0.00","gross":"30.00","fulfilment":"partial","lines":[{"line":1,"sku":"CH-1","description":"Chair","unit":"C62","quantity":"3","shipped":"1","unit_price":"10.00","tax_rate":"0","net":"30.00"}],"shipments":[{"number":"SH-2026-00001","status":"shipped","tracking":"T1","shipped_at":"2026-03-02T09:00:00.000Z","lines":[{"line":1,"sku":"CH-1","description":"Chair","quantity":"1"}]}],"returns":[]}}"#]].assert_eq(&answer.text);
    }
}
