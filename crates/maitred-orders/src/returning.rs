//! Goods that come back: opening a return, for staff and clients alike.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_kernel::{Quantity, Stamp};
use maitred_party::ContactId;
use maitred_party::org::{settings_of, today};
use maitred_party::store::numbers;

use crate::lines::positive;
use crate::model::{
    Order, OrderLine, Resolution, Return, ReturnId, ReturnLine, ReturnReason, ReturnStatus, ShipmentStatus,
};
use crate::rules::rules;
use crate::store::{orders, returns, shipments};

/// A line that comes back.
#[derive(ToolArgs, Clone, Debug)]
pub struct BackLine {
    /// Number or SKU.
    #[arg(min = 1, max = 200)]
    pub line: String,
    /// How much.
    pub qty: Quantity,
    /// Why.
    pub reason: ReturnReason,
}

/// A return that is to be opened.
pub struct NewReturn<'a> {
    /// What comes back.
    pub lines: &'a [BackLine],
    /// How it is to be made good.
    pub resolution: Resolution,
    /// What was said.
    pub note: Option<String>,
    /// Why it is opened although it is too late.
    pub override_reason: Option<String>,
    /// The client's person, where a client asks.
    pub client: Option<ContactId>,
}

/// Days since the last of an order left, when that is longer than goods may come back.
fn too_late(db: &Reader<'_>, order: &Order) -> ToolResult<Option<i64>> {
    let left = shipments::of_order(db, &order.id)?
        .into_iter()
        .filter(|shipment| shipment.status != ShipmentStatus::Cancelled)
        .map(|shipment| shipment.delivered_at.or(shipment.shipped_at).unwrap_or(shipment.created_at))
        .max();
    let Some(left) = left else { return Ok(None) };
    let days = left.day(&settings_of(db)?.zone).days_until(today(db)?);
    Ok((days > rules(db)?.return_days).then_some(days))
}

fn wanted(db: &Reader<'_>, lines: &[OrderLine], asked: &[BackLine]) -> ToolResult<Vec<(usize, BackLine)>> {
    let mut chosen: Vec<(usize, BackLine)> = Vec::new();
    for (index, one) in asked.iter().enumerate() {
        let field = format!("lines[{index}]");
        let line = orders::pick(lines, &one.line, &format!("{field}.line"))?;
        positive(one.qty, &format!("{field}.qty"))?;
        let coming = returns::on_the_way(db, line.id.as_ref())?;
        let free = line.shipped.thousandths() - line.returned.thousandths() - coming;
        if one.qty.thousandths() > free {
            return Err(invalid(
                &format!("{field}.qty"),
                format!(
                    "is more than the {} of line {} that were shipped and are not on their way back",
                    Quantity::from_thousandths(free.max(0)),
                    line.position
                ),
            ));
        }
        let at = lines.iter().position(|known| known.id == line.id).unwrap_or_default();
        if chosen.iter().any(|(known, _)| *known == at) {
            return Err(invalid(&format!("{field}.line"), "is given twice"));
        }
        chosen.push((at, one.clone()));
    }
    Ok(chosen)
}

/// Opens a return.
///
/// # Errors
/// `invalid` for more than was shipped and is not back; `illegal_transition` when it is too late and no reason is given.
pub fn open(db: &Writer<'_>, order: &Order, new: NewReturn<'_>) -> ToolResult<Return> {
    let lines = orders::lines(db, &order.id)?;
    let chosen = wanted(db, &lines, new.lines)?;
    if let Some(days) = too_late(db, order)?
        && new.override_reason.as_deref().is_none_or(|reason| reason.trim().is_empty())
    {
        let most = rules(db)?.return_days;
        let error = refused(
            Code::IllegalTransition,
            format!("it left {days} days ago, goods may come back for {most} days"),
        );
        return Err(match new.client {
            Some(_) => error.hint("write to us if there is a reason to take it back all the same"),
            None => error.field("override_reason").hint("give override_reason to open it all the same"),
        });
    }
    let mut made = Return {
        id: ReturnId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        number: numbers::next(db, "RMA")?,
        order_id: order.id.clone(),
        company_id: order.company_id.clone(),
        by_client: new.client.is_some(),
        contact_id: new.client.or_else(|| order.contact_id.clone()),
        resolution: new.resolution,
        status: ReturnStatus::Requested,
        note: new.note,
        override_reason: new.override_reason,
        decision_reason: None,
        decided_at: None,
        received_at: None,
        completed_at: None,
    };
    db.insert(&mut made)?;
    for (at, one) in chosen {
        let mut line = ReturnLine {
            id: db.fresh_id(),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            return_id: made.id.clone(),
            order_line_id: lines[at].id.clone(),
            reason: one.reason,
            quantity: one.qty,
            received: Quantity::default(),
            credited: Quantity::default(),
            condition: None,
            remark: None,
        };
        db.insert(&mut line)?;
    }
    Ok(made)
}

/// What is on living invoices of a line has changed, or some of it came back. What is back and not on an invoice any more
/// counts as credited, oldest first, and a return of which everything is credited is made good.
pub fn reckon(db: &Writer<'_>, line: &OrderLine) -> ToolResult<()> {
    let waiting = returns::to_credit(db, line.id.as_ref())?;
    let uncredited: i64 =
        waiting.iter().map(|one| one.received.thousandths() - one.credited.thousandths()).sum();
    let kept = line.wanted().thousandths() - returns::back_for_money(db, line.id.as_ref())?;
    let owed = (line.invoiced.thousandths() - kept).max(0);
    let mut left = uncredited - owed;
    for before in waiting {
        if left <= 0 {
            break;
        }
        let open = before.received.thousandths() - before.credited.thousandths();
        let part = open.min(left);
        left -= part;
        let mut after = ReturnLine {
            credited: Quantity::from_thousandths(before.credited.thousandths() + part),
            ..before.clone()
        };
        db.update(&before, &mut after)?;
        settle(db, &before.return_id)?;
    }
    Ok(())
}

/// Completes a return that is made good with money once all that is back is credited.
fn settle(db: &Writer<'_>, id: &ReturnId) -> ToolResult<()> {
    let Some(before) = db.get::<Return>(id.as_ref())? else { return Ok(()) };
    let money = matches!(before.resolution, Resolution::Refund | Resolution::Credit);
    let done = returns::lines(db, id)?.iter().all(|line| line.credited == line.received);
    if money && done && before.status == ReturnStatus::Received {
        let mut after =
            Return { status: ReturnStatus::Completed, completed_at: Some(db.stamp()), ..before.clone() };
        db.update(&before, &mut after)?;
    }
    Ok(())
}
