//! Goods leave for an order, and come back when a packed shipment is put back.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_kernel::{Quantity, Stamp};
use maitred_party::commerce::{ComingBack, Disposition, Leaving, Place};
use maitred_party::store::numbers;

use crate::agreeing::{held_for, hold, trim};
use crate::calling_off::LineQty;
use crate::lines::{positive, stock};
use crate::model::{Order, OrderLine, OrderStatus, Shipment, ShipmentId, ShipmentLine, ShipmentStatus};
use crate::ordering::save;
use crate::states::illegal;
use crate::store::{orders, shipments};

/// What is to leave.
pub struct Dispatch<'a> {
    /// From where; where most of the order is held when not given.
    pub location: Option<&'a str>,
    /// How much of which lines; all that is held there when not given.
    pub lines: Option<&'a [LineQty]>,
    /// Carrier.
    pub carrier: Option<String>,
    /// Tracking number.
    pub tracking: Option<String>,
    /// When the carrier took it; it is packed when not given.
    pub shipped_at: Option<Stamp>,
}

/// What left.
pub struct Dispatched {
    /// The order.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// The shipment.
    pub shipment: Shipment,
    /// Ids of the moves in the stock ledger.
    pub moves: Vec<String>,
}

fn may_ship(order: &Order) -> ToolResult<()> {
    if let Some(reason) = &order.hold_reason {
        return Err(refused(
            Code::IllegalTransition,
            format!("order `{}` is on hold: {reason}", order.number),
        )
        .hint("lift the hold with orders_order_update and an empty hold_reason"));
    }
    if matches!(order.status, OrderStatus::Confirmed | OrderStatus::InFulfilment) {
        return Ok(());
    }
    let hint = "only a confirmed order is shipped: orders_order_confirm";
    Err(illegal("order", &order.number, order.status.as_str(), "shipped", hint))
}

/// Where most of the order is held, else the first place that is sold from.
fn place(db: &Reader<'_>, lines: &[OrderLine], named: Option<&str>) -> ToolResult<Place> {
    let stock = stock(db)?;
    if named.is_some() {
        return stock.place(db, named, "location");
    }
    let ids: Vec<&str> = lines.iter().map(|line| line.id.as_ref()).collect();
    let mut places: Vec<(Place, i64)> = Vec::new();
    for held in stock.held(db, &ids)?.into_iter().flatten() {
        match places.iter_mut().find(|(place, _)| *place == held.place) {
            Some((_, sum)) => *sum += held.quantity.thousandths(),
            None => places.push((held.place, held.quantity.thousandths())),
        }
    }
    // The sort is stable: among equals the place sold from first wins.
    places.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    match places.into_iter().next() {
        Some((place, _)) => Ok(place),
        None => stock.place(db, None, "location"),
    }
}

/// How much of each line leaves: what is asked for, else what is held at the place and what needs no stock.
fn chosen(
    db: &Reader<'_>,
    lines: &[OrderLine],
    asked: Option<&[LineQty]>,
    place: &Place,
) -> ToolResult<Vec<(usize, Quantity)>> {
    let mut chosen: Vec<(usize, Quantity)> = Vec::new();
    let Some(asked) = asked else {
        let ids: Vec<&str> = lines.iter().map(|line| line.id.as_ref()).collect();
        let held = stock(db)?.held(db, &ids)?;
        for (at, (line, held)) in lines.iter().zip(held).enumerate() {
            let here =
                held.iter().filter(|one| one.place == *place).map(|one| one.quantity.thousandths()).sum();
            // What nothing is held of and nothing waits for is not tracked: all of it can go.
            let untracked = line.ships() && held.is_empty() && !line.backorder;
            let open = line.open().thousandths();
            let goes = if untracked { open } else { open.min(here) };
            if goes > 0 {
                chosen.push((at, Quantity::from_thousandths(goes)));
            }
        }
        return Ok(chosen);
    };
    for (index, one) in asked.iter().enumerate() {
        let field = format!("lines[{index}]");
        let line = orders::pick(lines, &one.line, &format!("{field}.line"))?;
        positive(one.qty, &format!("{field}.qty"))?;
        if !line.ships() {
            return Err(invalid(&format!("{field}.line"), "is work or words: nothing of it is shipped"));
        }
        if one.qty > line.open() {
            return Err(invalid(
                &format!("{field}.qty"),
                format!("is more than the {} that are open on line {}", line.open(), line.position),
            ));
        }
        let at = lines.iter().position(|known| known.id == line.id).unwrap_or_default();
        if chosen.iter().any(|(known, _)| *known == at) {
            return Err(invalid(&format!("{field}.line"), "is given twice"));
        }
        chosen.push((at, one.qty));
    }
    Ok(chosen)
}

/// Ships goods of an order: what is held is used up, the stock moves, the order's state follows.
///
/// # Errors
/// `illegal_transition` for an order on hold or not agreed on; `insufficient_stock`; `invalid` for more than is open.
pub fn dispatch(db: &Writer<'_>, before: &Order, what: Dispatch<'_>) -> ToolResult<Dispatched> {
    may_ship(before)?;
    if what.shipped_at.is_some_and(|at| at > db.stamp()) {
        return Err(invalid("shipped_at", "lies in the future"));
    }
    let known = orders::lines(db, &before.id)?;
    let place = place(db, &known, what.location)?;
    let chosen = chosen(db, &known, what.lines, &place)?;
    if chosen.is_empty() {
        return Err(refused(
            Code::InsufficientStock,
            format!("nothing of order `{}` is held at `{}`", before.number, place.name),
        )
        .hint("orders_fulfilment_list shows what can be shipped and from where"));
    }
    let mut shipment = Shipment {
        id: ShipmentId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        number: numbers::next(db, "SH")?,
        order_id: before.id.clone(),
        location_id: place.id.clone(),
        location_name: place.name.clone(),
        carrier: what.carrier,
        tracking: what.tracking,
        ship_to: before.ship_to.clone(),
        status: if what.shipped_at.is_some() { ShipmentStatus::Shipped } else { ShipmentStatus::Packed },
        shipped_at: what.shipped_at,
        delivered_at: None,
        failed_reason: None,
    };
    db.insert(&mut shipment)?;
    let mut lines = known.clone();
    let mut moves = Vec::new();
    for (at, quantity) in chosen {
        let line = &mut lines[at];
        moves.extend(ship_line(db, line, quantity, &place, &shipment.id)?);
    }
    let (order, lines) = save(db, before, before.clone(), &known, lines)?;
    Ok(Dispatched { order, lines, shipment, moves })
}

fn ship_line(
    db: &Writer<'_>,
    line: &mut OrderLine,
    quantity: Quantity,
    place: &Place,
    shipment: &ShipmentId,
) -> ToolResult<Vec<String>> {
    let variant = line.variant_id.clone().unwrap_or_default();
    let moves = stock(db)?.ship(
        db,
        &Leaving {
            line: line.id.as_ref(),
            variant: &variant,
            quantity,
            place: &place.id,
            shipment: shipment.as_ref(),
        },
    )?;
    let mut within = ShipmentLine {
        id: db.fresh_id(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        shipment_id: shipment.clone(),
        order_line_id: line.id.clone(),
        quantity,
    };
    db.insert(&mut within)?;
    line.shipped = Quantity::from_thousandths(line.shipped.thousandths() + quantity.thousandths());
    line.reserved = held_for(db, line)?;
    // What was shipped from elsewhere than it was held is not needed there any more.
    trim(db, line)?;
    line.backorder = line.backorder && line.reserved < line.open();
    Ok(moves)
}

/// Puts a packed shipment back: its goods return to where they were and are held again.
pub fn put_back(db: &Writer<'_>, before: &Order, shipment: &Shipment) -> ToolResult<(Order, Vec<OrderLine>)> {
    let known = orders::lines(db, &before.id)?;
    let mut lines = known.clone();
    for within in shipments::lines(db, &shipment.id)? {
        let Some(line) = lines.iter_mut().find(|line| line.id == within.order_line_id) else { continue };
        let variant = line.variant_id.clone().unwrap_or_default();
        stock(db)?.take_back(
            db,
            &ComingBack {
                variant: &variant,
                quantity: within.quantity,
                place: &shipment.location_id,
                disposition: Disposition::Restock,
                document: shipment.id.as_ref(),
            },
        )?;
        let left = line.shipped.thousandths() - within.quantity.thousandths();
        if left < line.returned.thousandths() {
            return Err(refused(Code::OpenDependents, "some of it has come back as a return already"));
        }
        line.shipped = Quantity::from_thousandths(left);
    }
    hold(db, &mut lines, true)?;
    save(db, before, before.clone(), &known, lines)
}
