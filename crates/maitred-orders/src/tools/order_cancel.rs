//! `orders_order_cancel`: an order, or what is open of some lines, is called off.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::Quantity;

use crate::calling_off::{CallOff, CalledOff, LineQty, call_off};
use crate::store::orders;
use crate::views::{OrderView, order_with};

/// The tool.
pub struct OrderCancel;

impl Tool for OrderCancel {
    const NAME: &str = "orders_order_cancel";
    const TITLE: &str = "Cancel order";
    const ABOUT: &str = "Cancel an order or some quantities not yet shipped. Reservations are released; what was shipped needs a return.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Office];
    const EFFECT: Write = Write::DESTRUCTIVE;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}"#
        ),
        args: r#"{"order": "@so", "lines": [{"line": "CH-1", "qty": 1}], "reason": "changed their mind"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let order = orders::resolve(cx, &args.order, "order")?;
        let lines: Option<Vec<LineQty>> =
            args.lines.map(|lines| lines.into_iter().map(|line| line.0).collect());
        let call = CallOff { lines: lines.as_deref(), reason: Some(args.reason) };
        let CalledOff { order, lines, released, follow_ups } = call_off(cx, &order, &call)?;
        let released = released.into_iter().map(|(line, quantity)| Released { line, quantity }).collect();
        Ok(Output { order: order_with(cx, &order, &lines)?, released, follow_ups })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    order: String,
    /// Default everything open.
    #[arg(min = 1, max = 200)]
    lines: Option<Vec<Bare<LineQty>>>,
    /// Reason.
    #[arg(min = 1, max = 500)]
    reason: String,
}

/// Stock let go.
#[derive(ToolOutput)]
pub struct Released {
    /// Number of the line.
    line: i64,
    /// How much.
    quantity: Quantity,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The order.
    order: OrderView,
    /// Stock that was held and is free now.
    released: Vec<Released>,
    /// What to do next.
    follow_ups: Vec<String>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check_with};

    use crate::shop::DOMAINS;
    const SHIPPED: &str = shop!(
        r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
           orders_order_confirm {"order": "@so"};
           orders_shipment_create {"order": "@so", "lines": [{"line": "1", "qty": 3}], "shipped_at": "2026-03-02T09:00:00Z"}"#
    );

    #[test]
    fn what_was_shipped_needs_a_return() {
        check_with(
            DOMAINS,
            SHIPPED,
            "orders_order_cancel",
            r#"{"order": "@so", "lines": [{"line": "1", "qty": 2}], "reason": "too many"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`lines[0].qty` is more than the 1 that are open on line 1","field":"lines[0].qty","hint":"what was shipped needs a return: orders_return_create","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn the_rest_of_a_shipped_order_ends_it() {
        let fixture = Fixture::new(DOMAINS, SHIPPED);
        let args = fixture.filled(r#"{"order": "@so", "reason": "too many"}"#);
        let answer = fixture.call_confirmed("orders_order_cancel", &args).json();
        assert_eq!(answer["order"]["status"], "fulfilled");
        assert_eq!(answer["order"]["gross"], "30.00");
        assert_eq!(answer["released"][0]["quantity"], "1");
        let again = fixture.call_confirmed("orders_order_cancel", &args).json();
        assert_eq!(again["error"]["code"], "illegal_transition");
    }

    #[test]
    fn a_draft_goes_as_a_whole() {
        let fixture = Fixture::new(
            DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id"#
            ),
        );
        let args = fixture.filled(r#"{"order": "@so", "reason": "typo"}"#);
        let answer = fixture.call_confirmed("orders_order_cancel", &args).json();
        assert_eq!(
            (&answer["order"]["status"], &answer["order"]["gross"]),
            (&"cancelled".into(), &"0.00".into())
        );
        assert_eq!(
            fixture.call_confirmed("orders_order_cancel", &args).json()["error"]["code"],
            "already_done"
        );
    }
}
