//! `orders_order_get`: one order with everything that happened to it.

use maitred_core::prelude::*;

use crate::store::{orders, returns, shipments};
use crate::views::{
    DocumentView, OrderView, ReturnView, ShipmentView, documents, goods_return, order_with, shipment,
};

/// The tool.
pub struct OrderGet;

impl Tool for OrderGet {
    const NAME: &str = "orders_order_get";
    const TITLE: &str = "Get order";
    const ABOUT: &str = "One order with lines (ordered, reserved, shipped, returned, invoiced), shipments, returns and invoices.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so"}"#
        ),
        args: r#"{"order": "@so", "include": ["shipments", "returns", "documents"]}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.fields.as_deref(), FieldMask::all())?;
        let order = orders::resolve(cx, &args.order, "order")?;
        let lines = orders::lines(cx, &order.id)?;
        let include = args.include.unwrap_or_else(|| Include::ALL.to_vec());
        let mut missing_modules = Vec::new();
        let shipments = if include.contains(&Include::Shipments) {
            let found = shipments::of_order(cx, &order.id)?;
            Some(found.iter().map(|one| shipment(cx, one, &lines)).collect::<ToolResult<_>>()?)
        } else {
            None
        };
        let returns = if include.contains(&Include::Returns) {
            let found = returns::of_order(cx, &order.id)?;
            Some(found.iter().map(|one| goods_return(cx, one)).collect::<ToolResult<_>>()?)
        } else {
            None
        };
        let mut papers = None;
        if include.contains(&Include::Documents) {
            papers = documents(cx, &lines)?;
            if papers.is_none() {
                missing_modules.push("invoicing");
            }
        }
        let order = Selected::new(order_with(cx, &order, &lines)?, mask);
        Ok(Output { order, shipments, returns, documents: papers, missing_modules })
    }
}

/// Sections that cost a query of their own; all of them when none is named.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// Shipments.
    Shipments,
    /// Returns.
    Returns,
    /// Invoices and credit notes.
    Documents,
}

impl Include {
    const ALL: [Self; 3] = [Self::Shipments, Self::Returns, Self::Documents];
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    order: String,
    /// Default all.
    include: Option<Vec<Include>>,
    /// Of the order.
    fields: Option<Vec<String>>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The order.
    order: Selected<OrderView>,
    /// Its shipments, oldest first.
    shipments: Option<Vec<ShipmentView>>,
    /// Its returns, oldest first.
    returns: Option<Vec<ReturnView>>,
    /// Its invoices and credit notes, oldest first.
    documents: Option<Vec<DocumentView>>,
    /// Modules that this server lacks to answer all that was asked.
    missing_modules: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check_with;

    use crate::shop::DOMAINS;

    #[test]
    fn shows_what_happened_to_a_line() {
        check_with(
            DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                     orders_order_confirm {"order": "@so"};
                     orders_shipment_create {"order": "@so", "lines": [{"line": "1", "qty": 1}], "shipped_at": "2026-03-02T09:00:00Z"}"#
            ),
            "orders_order_get",
            r#"{"order": "so-2026-00001", "fields": ["status", "fulfilment", "lines"]}"#,
            expect![[
                r##"{"order":{"id":"@so","version":3,"number":"SO-2026-00001","status":"in_fulfilment","fulfilment":"partial","lines":[{"line":1,"sku":"CH-1","description":"Chair","unit":"C62","ordered":"4","reserved":"3","shipped":"1","unit_price":"10.00","tax_rate":"0","tax_category":"S","net":"40.00","price_source":"base list BASE"}]},"shipments":[{"id":"#1","number":"SH-2026-00001","status":"shipped","location":"Main warehouse","shipped_at":"2026-03-02T09:00:00.000Z","lines":[{"line":1,"sku":"CH-1","description":"Chair","quantity":"1"}]}],"returns":[],"missing_modules":["invoicing"]}"##
            ]],
        );
    }

    #[test]
    fn says_what_to_do_when_none_fits() {
        check_with(
            DOMAINS,
            "",
            "orders_order_get",
            r#"{"order": "SO-2026-00009"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no order fits `SO-2026-00009`","field":"order","hint":"find it with orders_order_search","retryable":false}}"#
            ]],
        );
    }
}
