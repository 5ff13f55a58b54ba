//! Which step may follow which: the state machines of quotes, orders, shipments and returns.
//!
//! Nothing here reads or writes; the tools ask before they write.

use maitred_core::prelude::*;
use maitred_kernel::{Day, Quantity};

use crate::model::{Extent, Order, OrderLine, OrderStatus, Quote, QuoteStatus, ReturnStatus, ShipmentStatus};

/// Whether an order may go from one state to another. `closed → fulfilled` is for units that come off an invoice again.
pub fn order_may(from: OrderStatus, to: OrderStatus) -> bool {
    use OrderStatus as S;
    matches!(
        (from, to),
        (S::Draft, S::PendingApproval | S::Confirmed | S::Cancelled)
            | (S::PendingApproval, S::Confirmed | S::Cancelled)
            | (S::Confirmed, S::InFulfilment | S::Fulfilled | S::Closed | S::Cancelled)
            | (S::InFulfilment, S::Confirmed | S::Fulfilled | S::Closed)
            | (S::Fulfilled, S::InFulfilment | S::Confirmed | S::Closed)
            | (S::Closed, S::Fulfilled | S::InFulfilment | S::Confirmed)
    )
}

/// Whether a quote may go from one state to another.
pub fn quote_may(from: QuoteStatus, to: QuoteStatus) -> bool {
    use QuoteStatus as S;
    matches!(
        (from, to),
        (S::Draft, S::Sent | S::Cancelled)
            | (S::Sent, S::Accepted | S::Declined | S::Expired | S::Cancelled | S::Superseded)
            | (S::Expired | S::Declined, S::Superseded)
            | (S::Accepted, S::Converted)
    )
}

/// Whether a shipment may go from one state to another.
pub fn shipment_may(from: ShipmentStatus, to: ShipmentStatus) -> bool {
    use ShipmentStatus as S;
    matches!((from, to), (S::Packed, S::Shipped | S::Cancelled) | (S::Shipped, S::Delivered | S::Failed))
}

/// Whether a return may go from one state to another.
pub fn return_may(from: ReturnStatus, to: ReturnStatus) -> bool {
    use ReturnStatus as S;
    matches!(
        (from, to),
        (S::Requested, S::Approved | S::Rejected)
            | (S::Approved, S::Received | S::Completed | S::Cancelled)
            | (S::Received, S::Completed)
    )
}

/// The refusal of a step that the state does not allow.
pub fn illegal(what: &str, number: &str, is: &str, wanted: &str, hint: &'static str) -> ToolError {
    refused(Code::IllegalTransition, format!("{what} `{number}` is {is} and cannot be {wanted}")).hint(hint)
}

/// How far a quote is on a day: one that was sent expires the day after its last.
pub fn quote_status(quote: &Quote, today: Day) -> QuoteStatus {
    if quote.status == QuoteStatus::Sent && quote.valid_until < today {
        return QuoteStatus::Expired;
    }
    quote.status
}

fn extent(done: i64, all: i64) -> Extent {
    match done {
        0 if all > 0 => Extent::None,
        done if done >= all => Extent::Full,
        _ => Extent::Partial,
    }
}

fn sum<'a>(lines: impl Iterator<Item = &'a OrderLine>, of: impl Fn(&OrderLine) -> Quantity) -> i64 {
    lines.map(|line| of(line).thousandths()).sum()
}

/// How much of an order was shipped; of one that ships nothing, all.
pub fn fulfilment(lines: &[OrderLine]) -> Extent {
    let goods = || lines.iter().filter(|line| line.ships());
    extent(sum(goods(), |line| line.shipped), sum(goods(), OrderLine::wanted))
}

/// How much of an order is on invoices.
pub fn invoiced(lines: &[OrderLine]) -> Extent {
    extent(sum(lines.iter(), |line| line.invoiced), sum(lines.iter(), OrderLine::wanted))
}

/// The state that follows from what was shipped, invoiced and called off; of an order that is not agreed yet, or over,
/// the state it has.
pub fn derived_status(order: &Order, lines: &[OrderLine]) -> OrderStatus {
    use OrderStatus as S;
    if matches!(order.status, S::Draft | S::PendingApproval | S::Cancelled) {
        return order.status;
    }
    let wanted = sum(lines.iter(), OrderLine::wanted);
    let shipped = sum(lines.iter(), |line| line.shipped);
    if wanted == 0 {
        return if shipped == 0 { S::Cancelled } else { S::Closed };
    }
    let ships = lines.iter().any(|line| line.ships() && line.wanted().thousandths() > 0);
    match (fulfilment(lines), invoiced(lines)) {
        (Extent::Full, Extent::Full) => S::Closed,
        // Work alone is never shipped: it stays agreed until it is invoiced.
        (Extent::Full, _) if ships => S::Fulfilled,
        (Extent::Partial, _) => S::InFulfilment,
        _ => S::Confirmed,
    }
}
