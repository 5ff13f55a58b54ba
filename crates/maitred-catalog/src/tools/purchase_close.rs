//! `catalog_purchase_close`: call an order off, or stop waiting for what is still to come.

use maitred_core::prelude::*;
use maitred_kernel::Quantity;
use maitred_kernel::wire::Moment;
use maitred_party::commerce::Backorders;

use crate::model::{PurchaseLine, PurchaseOrder, PurchaseStatus};
use crate::purchasing::{PurchaseView, illegal, purchase_view};
use crate::store::purchases;

/// The tool.
pub struct PurchaseClose;

impl Tool for PurchaseClose {
    const NAME: &str = "catalog_purchase_close";
    const TITLE: &str = "Close purchase order";
    const ABOUT: &str = "Cancel a purchase order before any receipt, or close short what will not arrive. \
                         The supplier is not told: tell them.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::DESTRUCTIVE;
    const EXAMPLE: Example = Example {
        given: r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}]} as po;
                  catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"}"#,
        args: r#"{"purchase_order": "@po", "reason": "too late"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = purchases::resolve(cx, &args.purchase_order, "purchase_order")?;
        let status = match before.status {
            PurchaseStatus::Draft | PurchaseStatus::Sent => PurchaseStatus::Cancelled,
            PurchaseStatus::PartiallyReceived | PurchaseStatus::Received => PurchaseStatus::Closed,
            PurchaseStatus::Closed | PurchaseStatus::Cancelled => {
                return Err(illegal(&before, "closed again", "look at it with catalog_purchase_get"));
            }
        };
        let was_incoming = before.status.is_incoming();
        let mut released = Vec::new();
        for line in purchases::lines(cx, &before.id)? {
            let open = line.open();
            if open == Quantity::default() {
                continue;
            }
            let mut after = PurchaseLine {
                closed_short: Quantity::from_thousandths(
                    line.closed_short.thousandths() + open.thousandths(),
                ),
                ..line.clone()
            };
            cx.update(&line, &mut after)?;
            if was_incoming {
                released.push(ReleasedView {
                    waiting_orders: waiting(cx, line.variant_id.as_ref())?,
                    sku: line.sku,
                    qty: open,
                });
            }
        }
        let mut after = PurchaseOrder {
            status,
            closed_at: Some(cx.stamp()),
            close_reason: Some(args.reason.trim().to_owned()),
            ..before.clone()
        };
        cx.update(&before, &mut after)?;
        Ok(Output { purchase_order: purchase_view(cx, after)?, released_incoming: released })
    }
}

/// Orders that may wait for a product; nothing when no module keeps orders.
fn waiting(db: &Reader<'_>, variant: &str) -> ToolResult<Option<Vec<String>>> {
    let orders = db.port::<dyn Backorders>().map(|orders| orders.open_orders(db, variant)).transpose()?;
    Ok(orders.filter(|numbers| !numbers.is_empty()))
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    purchase_order: String,
    /// Why.
    #[arg(min = 1, max = 500)]
    reason: String,
}

/// Goods that are no longer on their way.
#[derive(ToolOutput)]
pub struct ReleasedView {
    /// SKU.
    sku: String,
    /// How much.
    qty: Quantity,
    /// Open orders that have it.
    waiting_orders: Option<Vec<String>>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The order.
    purchase_order: PurchaseView,
    /// What is no longer on its way.
    released_incoming: Vec<ReleasedView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const GIVEN: &str = r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
        catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}]} as po;
        catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"}"#;

    #[test]
    fn what_came_stays_and_the_rest_is_closed_short() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        fixture.call_confirmed(
            "catalog_purchase_receive",
            r#"{"purchase_order": "@po", "lines": [{"line": "1", "qty": 4}]}"#,
        );
        let closed = fixture
            .call_confirmed(
                "catalog_purchase_close",
                r#"{"purchase_order": "@po", "reason": "the rest is sold out"}"#,
            )
            .json();
        let order = &closed["purchase_order"];
        assert_eq!(
            (order["status"].as_str(), order["lines"][0]["closed_short"].as_str()),
            (Some("closed"), Some("6"))
        );
        assert_eq!(
            (order["lines"][0]["open"].as_str(), closed["released_incoming"][0]["qty"].as_str()),
            (Some("0"), Some("6"))
        );
        let stock = fixture.call("catalog_stock_list", "{}").json();
        assert_eq!(
            (stock["rows"][0]["on_hand"].as_str(), stock["rows"][0]["incoming"].as_str()),
            (Some("4"), Some("0"))
        );
    }

    #[test]
    fn nothing_is_closed_twice() {
        check(
            &crate::DOMAIN,
            &format!(r#"{GIVEN}; catalog_purchase_close {{"purchase_order": "@po", "reason": "no"}}"#),
            "catalog_purchase_close",
            r#"{"purchase_order": "@po", "reason": "no"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"illegal_transition","message":"`PO-2026-00001` is cancelled, so it cannot be closed again","field":"purchase_order","hint":"look at it with catalog_purchase_get","retryable":false}}"#
            ]],
        );
    }
}
