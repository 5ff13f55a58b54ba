//! `orders_order_confirm`: an order is agreed on as a whole, or not at all.

use maitred_core::prelude::*;

use crate::agreeing::{Agreement, BackorderView, CreditView, HeldView, agree};
use crate::store::orders;
use crate::views::{OrderView, order_with};

/// The tool.
pub struct OrderConfirm;

impl Tool for OrderConfirm {
    const NAME: &str = "orders_order_confirm";
    const TITLE: &str = "Confirm order";
    const ABOUT: &str = "Confirm an order: lock prices, check credit, reserve stock. Dry-run shows exactly what would be \
                         reserved, backordered or refused.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}, {"product": "REP", "qty": "1.5"}]} as so=order.id"#
        ),
        args: r#"{"order": "@so"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let order = orders::resolve(cx, &args.order, "order")?;
        let lines = orders::lines(cx, &order.id)?;
        let how = Agreement {
            allow_backorder: args.allow_backorder.unwrap_or(false),
            override_credit: args.override_credit,
            ..Agreement::default()
        };
        let agreed = agree(cx, &order, lines, how)?;
        Ok(Output {
            order: order_with(cx, &agreed.order, &agreed.lines)?,
            reservations: agreed.held,
            backorders: agreed.backorders,
            credit: agreed.credit,
            warnings: agreed.warnings,
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    order: String,
    /// What is missing may wait.
    allow_backorder: Option<bool>,
    /// Reason; finance and owner only.
    #[arg(min = 1, max = 500)]
    override_credit: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The order, confirmed or pending approval.
    order: OrderView,
    /// What is held.
    reservations: Vec<HeldView>,
    /// What waits for stock.
    backorders: Vec<BackorderView>,
    /// The customer's credit with this order.
    credit: Option<CreditView>,
    /// What somebody should look at.
    warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check_with;

    use crate::shop::DOMAINS;
    const MIXED: &str = shop!(
        r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 14}, {"product": "TA-1", "qty": 1}]} as so=order.id"#
    );

    #[test]
    fn all_or_nothing() {
        check_with(
            DOMAINS,
            MIXED,
            "orders_order_confirm",
            r#"{"order": "@so"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"insufficient_stock","message":"there is not enough stock: `CH-1` lacks 2 of 14; `TA-1` lacks 1 of 1","hint":"order less, or allow the rest to wait with allow_backorder where the product allows it","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn the_rest_may_wait() {
        check_with(
            DOMAINS,
            MIXED,
            "orders_order_confirm",
            r#"{"order": "@so", "allow_backorder": true}"#,
            expect![[
                r#"{"order":{"id":"@so","version":2,"number":"SO-2026-00001","status":"confirmed","source":"staff","company":{"id":"@acme","name":"Acme"},"owner":{"id":"@owner","name":"Owner"},"currency":"EUR","net":"239.90","tax":"0.00","gross":"239.90","fulfilment":"none","invoiced":"none","confirmed_at":"@now","created_at":"@now","lines":[{"line":1,"sku":"CH-1","description":"Chair","unit":"C62","ordered":"14","reserved":"12","backordered":"2","unit_price":"10.00","tax_rate":"0","tax_category":"S","net":"140.00","price_source":"base list BASE"},{"line":2,"sku":"TA-1","description":"Table","unit":"C62","ordered":"1","backordered":"1","unit_price":"99.90","tax_rate":"0","tax_category":"S","net":"99.90","price_source":"base list BASE"}]},"reservations":[{"line":1,"sku":"CH-1","quantity":"12","location":"Main warehouse"}],"backorders":[{"line":1,"sku":"CH-1","quantity":"2"},{"line":2,"sku":"TA-1","quantity":"1"}],"warnings":["credit is not checked: nobody set a limit in this currency","no date is promised: nobody knows when the missing goods come"]}"#
            ]],
        );
    }

    #[test]
    fn once_is_enough() {
        check_with(
            DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 1}]} as so=order.id;
                     orders_order_confirm {"order": "@so"}"#
            ),
            "orders_order_confirm",
            r#"{"order": "@so"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"already_done","message":"order `SO-2026-00001` is confirmed","hint":"look at it with orders_order_get","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn the_product_decides_whether_it_may_wait() {
        check_with(
            DOMAINS,
            shop!(
                r#"catalog_product_update {"product": "TA-1", "changes": {"allow_backorder": false}};
                     orders_order_create {"company": "@acme", "lines": [{"product": "TA-1", "qty": 1}]} as so=order.id"#
            ),
            "orders_order_confirm",
            r#"{"order": "@so", "allow_backorder": true}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"insufficient_stock","message":"there is not enough stock: `TA-1` lacks 1 of 1","hint":"order less, or allow the rest to wait with allow_backorder where the product allows it","retryable":false}}"#
            ]],
        );
    }
}
