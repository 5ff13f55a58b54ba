//! Calling off an order, or some of it.

use maitred_core::prelude::*;
use maitred_kernel::Quantity;
use maitred_kernel::wire::Moment;

use crate::agreeing::trim;
use crate::model::{Order, OrderLine, OrderStatus, Shipment, ShipmentStatus};
use crate::ordering::save;
use crate::states::illegal;
use crate::store::{orders, shipments};
use crate::views::documents;

/// A quantity of a line.
#[derive(ToolArgs, Clone, Debug)]
pub struct LineQty {
    /// Number or SKU.
    #[arg(min = 1, max = 200)]
    pub line: String,
    /// How much.
    pub qty: Quantity,
}

/// What is to be called off.
pub struct CallOff<'a> {
    /// How much of which lines; everything that is open when not given.
    pub lines: Option<&'a [LineQty]>,
    /// Why.
    pub reason: Option<String>,
}

/// What was called off.
pub struct CalledOff {
    /// The order.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// Stock let go, by line.
    pub released: Vec<(i64, Quantity)>,
    /// What somebody should do next.
    pub follow_ups: Vec<String>,
}

/// Whether anything of an order was packed.
pub fn picked(db: &Reader<'_>, order: &Order) -> ToolResult<bool> {
    let live = |shipment: &Shipment| shipment.status != ShipmentStatus::Cancelled;
    Ok(shipments::of_order(db, &order.id)?.iter().any(live))
}

fn quantities(lines: &[OrderLine], wanted: &[LineQty]) -> ToolResult<Vec<(usize, Quantity)>> {
    let mut chosen: Vec<(usize, Quantity)> = Vec::new();
    for (index, one) in wanted.iter().enumerate() {
        let field = format!("lines[{index}]");
        let line = orders::pick(lines, &one.line, &format!("{field}.line"))?;
        crate::lines::positive(one.qty, &format!("{field}.qty"))?;
        if one.qty > line.open() {
            return Err(invalid(
                &format!("{field}.qty"),
                format!("is more than the {} that are open on line {}", line.open(), line.position),
            )
            .hint("what was shipped needs a return: orders_return_create"));
        }
        let at = lines.iter().position(|known| known.id == line.id).unwrap_or_default();
        if chosen.iter().any(|(known, _)| *known == at) {
            return Err(invalid(&format!("{field}.line"), "is given twice"));
        }
        chosen.push((at, one.qty));
    }
    Ok(chosen)
}

/// Calls off what is open of an order, or some of it: reservations are let go, totals follow.
///
/// # Errors
/// `already_done`, `illegal_transition` when everything was shipped, `open_dependents` for what is on an invoice.
pub fn call_off(db: &Writer<'_>, before: &Order, call: &CallOff<'_>) -> ToolResult<CalledOff> {
    if before.status == OrderStatus::Cancelled {
        return Err(refused(Code::AlreadyDone, format!("order `{}` is cancelled", before.number))
            .hint("make another with orders_order_create and copy_of"));
    }
    let known = orders::lines(db, &before.id)?;
    if known.iter().all(|line| line.open().thousandths() == 0) {
        let hint = "what was shipped needs a return: orders_return_create";
        return Err(illegal("order", &before.number, before.status.as_str(), "cancelled", hint));
    }
    let chosen = match call.lines {
        Some(wanted) => quantities(&known, wanted)?,
        None => (0..known.len()).map(|at| (at, known[at].open())).collect(),
    };
    let mut lines = known.clone();
    let mut released = Vec::new();
    for (at, quantity) in chosen {
        let line = &mut lines[at];
        line.cancelled = Quantity::from_thousandths(line.cancelled.thousandths() + quantity.thousandths());
        if line.invoiced > line.wanted() {
            return Err(refused(
                Code::OpenDependents,
                format!("{} of line {} are on an invoice", line.invoiced, line.position),
            )
            .hint("discard the draft or credit the invoice first"));
        }
        let freed = trim(db, line)?;
        if line.open() == line.reserved {
            line.backorder = false;
        }
        if freed.thousandths() > 0 {
            released.push((line.position, freed));
        }
    }
    let mut after = before.clone();
    let young = matches!(before.status, OrderStatus::Draft | OrderStatus::PendingApproval);
    let nothing_left = lines.iter().all(|line| line.wanted().thousandths() == 0);
    if nothing_left {
        after.cancelled_at = Some(db.stamp());
        if young {
            after.status = OrderStatus::Cancelled;
        }
    }
    if nothing_left || call.reason.is_some() {
        after.cancel_reason.clone_from(&call.reason);
    }
    let follow_ups = follow_ups(db, &known)?;
    let (order, lines) = save(db, before, after, &known, lines)?;
    Ok(CalledOff { order, lines, released, follow_ups })
}

fn follow_ups(db: &Reader<'_>, lines: &[OrderLine]) -> ToolResult<Vec<String>> {
    let mut next = Vec::new();
    if lines.iter().any(|line| line.shipped.thousandths() > 0) {
        next.push(
            "what was shipped is still theirs: a return is opened with orders_return_create".to_owned(),
        );
    }
    for document in documents(db, lines)?.unwrap_or_default() {
        if document.kind == "invoice" && document.balance != document.gross {
            let number = document.number.unwrap_or_default();
            next.push(format!(
                "something was paid on invoice {number}: credit what was called off, the money becomes the \
                 customer's credit"
            ));
        }
    }
    Ok(next)
}
