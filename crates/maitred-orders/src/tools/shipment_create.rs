//! `orders_shipment_create`: reserved goods of an order leave.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::Stamp;

use crate::calling_off::LineQty;
use crate::dispatching::{Dispatch, Dispatched, dispatch};
use crate::store::orders;
use crate::views::{OrderView, ShipmentView, order_with, shipment};

/// The tool.
pub struct ShipmentCreate;

impl Tool for ShipmentCreate {
    const NAME: &str = "orders_shipment_create";
    const TITLE: &str = "Create shipment";
    const ABOUT: &str = "Ship reserved goods of an order from a location, in full or in part. Without shipped_at they are packed; \
                         orders_shipment_update then says when they left.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}"#
        ),
        args: r#"{"order": "@so", "lines": [{"line": "1", "qty": 3}], "carrier": "Parcel", "tracking": "P 1",
                  "shipped_at": "2026-03-02T09:30:00Z"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let order = orders::resolve(cx, &args.order, "order")?;
        let lines: Option<Vec<LineQty>> =
            args.lines.map(|lines| lines.into_iter().map(|line| line.0).collect());
        let what = Dispatch {
            location: args.location.as_deref(),
            lines: lines.as_deref(),
            carrier: args.carrier,
            tracking: args.tracking,
            shipped_at: args.shipped_at,
        };
        let Dispatched { order, lines, shipment: made, moves } = dispatch(cx, &order, what)?;
        Ok(Output { shipment: shipment(cx, &made, &lines)?, moves, order: order_with(cx, &order, &lines)? })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    order: String,
    /// Name; where most is held.
    #[arg(max = 80)]
    location: Option<String>,
    /// Default all held there.
    #[arg(min = 1, max = 200)]
    lines: Option<Vec<Bare<LineQty>>>,
    /// Carrier.
    #[arg(max = 100)]
    carrier: Option<String>,
    /// Tracking.
    #[arg(max = 200)]
    tracking: Option<String>,
    /// When the carrier took it.
    shipped_at: Option<Stamp>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The shipment.
    shipment: ShipmentView,
    /// Ids of the moves in the stock ledger.
    moves: Vec<String>,
    /// The order afterwards.
    order: OrderView,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check_with};

    use crate::shop::DOMAINS;

    #[test]
    fn never_more_than_is_open() {
        check_with(
            DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                     orders_order_confirm {"order": "@so"}"#
            ),
            "orders_shipment_create",
            r#"{"order": "@so", "lines": [{"line": "1", "qty": 5}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`lines[0].qty` is more than the 4 that are open on line 1","field":"lines[0].qty","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_draft_does_not_leave() {
        check_with(
            DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id"#
            ),
            "orders_shipment_create",
            r#"{"order": "@so"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"illegal_transition","message":"order `SO-2026-00001` is draft and cannot be shipped","hint":"only a confirmed order is shipped: orders_order_confirm","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn without_stock_nothing_leaves() {
        let fixture = Fixture::new(
            DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 14}]} as so=order.id;
                     orders_order_confirm {"order": "@so", "allow_backorder": true}"#
            ),
        );
        let ship =
            |args: &str| fixture.call_confirmed("orders_shipment_create", &fixture.filled(args)).json();
        let beyond = ship(r#"{"order": "@so", "lines": [{"line": "1", "qty": 13}]}"#);
        assert_eq!(beyond["error"]["code"], "insufficient_stock");
        let first = ship(r#"{"order": "@so"}"#);
        assert_eq!(first["order"]["status"], "in_fulfilment");
        assert_eq!(first["shipment"]["lines"][0]["quantity"], "12");
        assert_eq!(ship(r#"{"order": "@so"}"#)["error"]["code"], "insufficient_stock");
    }
}
