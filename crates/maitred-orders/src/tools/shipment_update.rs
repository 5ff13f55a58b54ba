//! `orders_shipment_update`: what became of a shipment.

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_kernel::wire::Moment;

use crate::dispatching::put_back;
use crate::model::{Shipment, ShipmentStatus};
use crate::states::{illegal, shipment_may};
use crate::store::{orders, shipments};
use crate::views::{ShipmentView, shipment};

/// The tool.
pub struct ShipmentUpdate;

impl Tool for ShipmentUpdate {
    const NAME: &str = "orders_shipment_update";
    const TITLE: &str = "Update shipment";
    const ABOUT: &str = "Update carrier, tracking or delivery result of a shipment. Cancelling a packed one puts its goods back; \
                         what could not be delivered comes back as a return.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so"} as sh=shipment.id"#
        ),
        args: r#"{"shipment": "@sh", "status": "shipped", "tracking": "P 77"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = shipments::resolve(cx, &args.shipment, "shipment")?;
        let mut after = before.clone();
        after.carrier = args.carrier.or(after.carrier);
        after.tracking = args.tracking.or(after.tracking);
        let order = orders::get(cx, &before.order_id)?;
        let mut lines = orders::lines(cx, &before.order_id)?;
        if let Some(status) = args.status.filter(|status| *status != before.status) {
            step(cx, &mut after, status, args.at, args.reason)?;
            if status == ShipmentStatus::Cancelled {
                (_, lines) = put_back(cx, &order, &before)?;
            }
        }
        cx.update(&before, &mut after)?;
        let order = orders::get(cx, &before.order_id)?;
        Ok(Output {
            shipment: shipment(cx, &after, &lines)?,
            order: order.number,
            order_status: order.status.as_str(),
        })
    }
}

fn step(
    db: &Reader<'_>,
    shipment: &mut Shipment,
    to: ShipmentStatus,
    at: Option<Stamp>,
    reason: Option<String>,
) -> ToolResult<()> {
    if !shipment_may(shipment.status, to) {
        let hint =
            "it goes from packed to shipped, then to delivered or failed; only a packed one is cancelled";
        return Err(illegal("shipment", &shipment.number, shipment.status.as_str(), to.as_str(), hint));
    }
    let at = at.unwrap_or_else(|| db.stamp());
    if at > db.stamp() {
        return Err(invalid("at", "lies in the future"));
    }
    match to {
        ShipmentStatus::Shipped => shipment.shipped_at = Some(at),
        ShipmentStatus::Delivered => {
            if shipment.shipped_at.is_some_and(|shipped| at < shipped) {
                return Err(invalid("at", "lies before it was shipped"));
            }
            shipment.delivered_at = Some(at);
        }
        ShipmentStatus::Failed => {
            let reason = reason.filter(|reason| !reason.trim().is_empty());
            shipment.failed_reason = Some(reason.ok_or_else(|| missing("reason"))?);
        }
        ShipmentStatus::Packed | ShipmentStatus::Cancelled => {}
    }
    shipment.status = to;
    Ok(())
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    shipment: String,
    /// Status.
    status: Option<ShipmentStatus>,
    /// When (now).
    at: Option<Stamp>,
    /// Carrier.
    #[arg(max = 100)]
    carrier: Option<String>,
    /// Tracking.
    #[arg(max = 200)]
    tracking: Option<String>,
    /// Of a failure.
    #[arg(max = 500)]
    reason: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The shipment.
    shipment: ShipmentView,
    /// Number of the order.
    order: String,
    /// How far the order is.
    order_status: &'static str,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    fn packed() -> Fixture {
        Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                     orders_order_confirm {"order": "@so"}; orders_shipment_create {"order": "@so"} as sh=shipment.id"#
            ),
        )
    }

    #[test]
    fn a_packed_shipment_can_be_put_back() {
        let fixture = packed();
        let update = |args: &str| fixture.call("orders_shipment_update", &fixture.filled(args)).json();
        let answer = update(r#"{"shipment": "@sh", "status": "cancelled"}"#);
        assert_eq!(
            (&answer["shipment"]["status"], &answer["order_status"]),
            (&"cancelled".into(), &"confirmed".into())
        );
        let order = fixture.call("orders_order_get", &fixture.filled(r#"{"order": "@so"}"#)).json();
        assert_eq!(order["order"]["lines"][0]["reserved"], "4");
        assert_eq!(order["order"]["lines"][0].get("shipped"), None);
        let again = fixture.call_confirmed("orders_shipment_create", &fixture.filled(r#"{"order": "@so"}"#));
        assert_eq!(again.json()["order"]["status"], "fulfilled");
    }

    #[test]
    fn steps_follow_each_other() {
        let fixture = packed();
        let update = |args: &str| fixture.call("orders_shipment_update", &fixture.filled(args)).json();
        assert_eq!(
            update(r#"{"shipment": "@sh", "status": "delivered"}"#)["error"]["code"],
            "illegal_transition"
        );
        assert_eq!(update(r#"{"shipment": "@sh", "status": "shipped"}"#)["shipment"]["status"], "shipped");
        assert_eq!(
            update(r#"{"shipment": "@sh", "status": "cancelled"}"#)["error"]["code"],
            "illegal_transition"
        );
        assert_eq!(update(r#"{"shipment": "@sh", "status": "failed"}"#)["error"]["field"], "reason");
        let early = r#"{"shipment": "@sh", "status": "delivered", "at": "2026-03-01T10:00:00Z"}"#;
        assert_eq!(update(early)["error"]["message"], "`at` lies before it was shipped");
        let failed = update(r#"{"shipment": "@sh", "status": "failed", "reason": "nobody there"}"#);
        assert_eq!(failed["shipment"]["failed_reason"], "nobody there");
    }
}
