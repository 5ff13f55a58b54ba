//! `orders_return_decide`: a return is approved, rejected or given up.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;

use crate::model::{Resolution, Return, ReturnStatus};
use crate::states::{illegal, return_may};
use crate::store::returns;
use crate::views::{ReturnView, goods_return};

/// The tool.
pub struct ReturnDecide;

impl Tool for ReturnDecide {
    const NAME: &str = "orders_return_decide";
    const TITLE: &str = "Decide return";
    const ABOUT: &str = "Approve or reject a requested return, choosing refund, credit or replacement; or cancel an approved one. \
                         The client may read the reason.";
    const MODES: &[Mode] = &[Mode::Service, Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so", "shipped_at": "2026-03-01T10:00:00Z"};
                        orders_return_create {"order": "@so", "lines": [{"line": "1", "qty": 1, "reason": "damaged"}], "resolution": "refund"} as rma"#
        ),
        args: r#"{"return": "@rma", "decision": "approve", "resolution": "credit"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = returns::resolve(cx, &args.r#return, "return")?;
        let (to, next) = match args.decision {
            Decision::Approve => {
                (ReturnStatus::Approved, "when the goods are back, book them with orders_return_receive")
            }
            Decision::Reject => (ReturnStatus::Rejected, "tell the client the reason"),
            Decision::Cancel => (ReturnStatus::Cancelled, "nothing more is to be done"),
        };
        if !return_may(before.status, to) {
            let hint = "a requested return is approved or rejected, an approved one can be cancelled";
            return Err(illegal("return", &before.number, before.status.as_str(), to.as_str(), hint));
        }
        let reason = args.reason.filter(|reason| !reason.trim().is_empty());
        if to == ReturnStatus::Rejected && reason.is_none() {
            return Err(missing("reason").hint("the client may read it"));
        }
        let mut after = Return {
            status: to,
            resolution: args.resolution.unwrap_or(before.resolution),
            decision_reason: reason.or_else(|| before.decision_reason.clone()),
            decided_at: Some(cx.stamp()),
            ..before.clone()
        };
        cx.update(&before, &mut after)?;
        Ok(Output { r#return: goods_return(cx, &after)?, next })
    }
}

/// What is decided.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The goods may come.
    Approve,
    /// They may not.
    Reject,
    /// They will not come after all.
    Cancel,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    r#return: String,
    /// Decision.
    decision: Decision,
    /// Default as asked for.
    resolution: Option<Resolution>,
    /// Needed to reject.
    #[arg(max = 500)]
    reason: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The return.
    r#return: ReturnView,
    /// What to do next.
    next: &'static str,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn a_rejection_has_a_reason_and_is_final() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                     orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so"};
                     orders_return_create {"order": "@so", "lines": [{"line": "1", "qty": 1, "reason": "damaged"}], "resolution": "refund"} as rma"#
            ),
        );
        let decide =
            |args: &str| fixture.call_confirmed("orders_return_decide", &fixture.filled(args)).json();
        assert_eq!(decide(r#"{"return": "@rma", "decision": "reject"}"#)["error"]["code"], "missing");
        assert_eq!(
            decide(r#"{"return": "@rma", "decision": "cancel"}"#)["error"]["code"],
            "illegal_transition"
        );
        let no = decide(r#"{"return": "@rma", "decision": "reject", "reason": "used"}"#);
        assert_eq!(no["return"]["status"], "rejected");
        assert_eq!(
            decide(r#"{"return": "@rma", "decision": "approve"}"#)["error"]["code"],
            "illegal_transition"
        );
    }
}
