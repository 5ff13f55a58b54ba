//! `orders_return_create`: shipped goods are to come back.

use maitred_core::args::Bare;
use maitred_core::prelude::*;

use crate::model::Resolution;
use crate::returning::{BackLine, NewReturn, open};
use crate::store::orders;
use crate::views::{ReturnView, goods_return};

/// The tool.
pub struct ReturnCreate;

impl Tool for ReturnCreate {
    const NAME: &str = "orders_return_create";
    const TITLE: &str = "Open return";
    const ABOUT: &str = "Open a return for shipped goods, with reason and wanted resolution. Then decide it with orders_return_decide.";
    const MODES: &[Mode] = &[Mode::Service];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so", "shipped_at": "2026-03-01T10:00:00Z"}"#
        ),
        args: r#"{"order": "@so", "lines": [{"line": "CH-1", "qty": 1, "reason": "damaged"}], "resolution": "credit",
                  "note": "a leg is broken"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = ReturnView;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<ReturnView> {
        let order = orders::resolve(cx, &args.order, "order")?;
        let lines: Vec<BackLine> = args.lines.into_iter().map(|line| line.0).collect();
        let new = NewReturn {
            lines: &lines,
            resolution: args.resolution,
            note: args.note,
            override_reason: args.override_reason,
            client: None,
        };
        goods_return(cx, &open(cx, &order, new)?)
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    order: String,
    /// Lines.
    #[arg(min = 1, max = 200)]
    lines: Vec<Bare<BackLine>>,
    /// Resolution.
    resolution: Resolution,
    /// Note.
    #[arg(max = 1000)]
    note: Option<String>,
    /// After the return window.
    #[arg(max = 500)]
    override_reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn no_more_than_was_shipped_and_not_too_late() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                     orders_order_confirm {"order": "@so"};
                     orders_shipment_create {"order": "@so", "lines": [{"line": "1", "qty": 3}], "shipped_at": "2026-03-01T10:00:00Z"}"#
            ),
        );
        let open = |args: &str| fixture.call("orders_return_create", &fixture.filled(args)).json();
        let most = open(
            r#"{"order": "@so", "lines": [{"line": "1", "qty": 4, "reason": "late"}], "resolution": "refund"}"#,
        );
        assert_eq!(
            most["error"]["message"],
            "`lines[0].qty` is more than the 3 of line 1 that were shipped and are not on their way back"
        );
        let two = open(
            r#"{"order": "@so", "lines": [{"line": "1", "qty": 2, "reason": "late"}], "resolution": "refund"}"#,
        );
        assert_eq!(two["status"], "requested");
        let more = open(
            r#"{"order": "@so", "lines": [{"line": "1", "qty": 2, "reason": "late"}], "resolution": "refund"}"#,
        );
        assert_eq!(more["error"]["field"], "lines[0].qty", "two are on their way already");
        fixture.set_clock("2026-04-01T10:00:00Z");
        let late = r#"{"order": "@so", "lines": [{"line": "1", "qty": 1, "reason": "late"}], "resolution": "refund""#;
        assert_eq!(open(&format!("{late}}}"))["error"]["field"], "override_reason");
        assert_eq!(
            open(&format!(r#"{late}, "override_reason": "a good customer"}}"#))["status"],
            "requested"
        );
    }
}
