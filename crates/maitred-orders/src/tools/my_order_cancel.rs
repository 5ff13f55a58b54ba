//! `orders_my_order_cancel`: the client calls off an order before picking begins.

use maitred_core::args::Bare;
use maitred_core::prelude::*;

use crate::calling_off::{CallOff, LineQty, call_off, picked};
use crate::client_views::{ClientOrder, order as viewed};
use crate::store::orders;

/// The tool.
pub struct MyOrderCancel;

impl Tool for MyOrderCancel {
    const NAME: &str = "orders_my_order_cancel";
    const TITLE: &str = "Cancel your order";
    const ABOUT: &str = "Cancel your order, or part of it, as long as picking has not begun.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Write = Write::DESTRUCTIVE;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}"#
        ),
        args: r#"{"order": "@so", "reason": "ordered twice"}"#,
    };
    type Effect = Write;
    type Audience = Client;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write, Client>, args: Args) -> ToolResult<Output> {
        let client = cx.client()?;
        let order = orders::resolve_of(cx, &client.company, &args.order, "order")?;
        if picked(cx, &order)? {
            return Err(refused(
                Code::IllegalTransition,
                format!("order `{}` is being picked or on its way", order.number),
            )
            .hint("send it back with orders_my_return_request once it is there, or write to us"));
        }
        let lines: Option<Vec<LineQty>> =
            args.lines.map(|lines| lines.into_iter().map(|line| line.0).collect());
        let reason = args.reason.unwrap_or_else(|| "cancelled by the client".to_owned());
        let done = call_off(cx, &order, &CallOff { lines: lines.as_deref(), reason: Some(reason) })
            .map_err(plain)?;
        Ok(Output { order: viewed(cx, &done.order)? })
    }
}

/// A refusal without calls that a client does not have.
fn plain(error: ToolError) -> ToolError {
    let hint = "orders_my_order_get shows how far the order is";
    match error.code() {
        Code::OpenDependents => {
            refused(Code::IllegalTransition, "it is invoiced already").hint("write to us")
        }
        Code::AlreadyDone | Code::IllegalTransition | Code::Invalid => error.hint(hint),
        _ => error,
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Number.
    #[arg(min = 1, max = 80)]
    order: String,
    /// Default everything.
    #[arg(min = 1, max = 200)]
    lines: Option<Vec<Bare<LineQty>>>,
    /// Reason.
    #[arg(max = 500)]
    reason: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The order.
    order: ClientOrder,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn as_long_as_picking_has_not_begun() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"company other; contact bob company=other can-order=yes;
                     orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                     orders_order_confirm {"order": "@so"}"#
            ),
        );
        let cancel = |who: &str, args: &str| {
            fixture
                .confirmed_as(&fixture.client_caller(who), "orders_my_order_cancel", &fixture.filled(args))
                .unwrap()
                .json()
        };
        assert_eq!(cancel("bob", r#"{"order": "@so"}"#)["error"]["code"], "not_found");
        let part = cancel("ada", r#"{"order": "@so", "lines": [{"line": "1", "qty": 1}]}"#);
        assert_eq!(
            (&part["order"]["status"], &part["order"]["gross"]),
            (&"confirmed".into(), &"30.00".into())
        );
        fixture.call_confirmed(
            "orders_shipment_create",
            &fixture.filled(r#"{"order": "@so", "lines": [{"line": "1", "qty": 1}]}"#),
        );
        let late = cancel("ada", r#"{"order": "@so"}"#);
        assert_eq!(late["error"]["code"], "illegal_transition");
        fixture.call("orders_shipment_update", r#"{"shipment": "SH-2026-00001", "status": "cancelled"}"#);
        assert_eq!(cancel("ada", r#"{"order": "@so"}"#)["order"]["status"], "cancelled");
    }
}
