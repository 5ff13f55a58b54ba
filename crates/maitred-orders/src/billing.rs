//! What orders tells those who bill and those who give credit, and who waits for stock.

use maitred_core::prelude::*;
use maitred_kernel::{Day, Quantity};
use maitred_party::CompanyId;
use maitred_party::commerce::{
    Backorders, Billable, BillableSource, Exposed, Exposure, Filled, ProductKind, ReadyToBill, Wanted,
};
use maitred_party::org::{settings_of, today};

use crate::agreeing::{ordered, promised};
use crate::lines::stock;
use crate::model::{Order, OrderLine, OrderStatus};
use crate::ordering::save;
use crate::returning::reckon;
use crate::store::{orders, returns};

/// Orders that are not on invoices yet, as a part of what a customer owes (F-INV-5).
pub struct OrderExposure;

impl Exposure for OrderExposure {
    fn exposed(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Exposed> {
        Ok(Exposed { what: "orders not yet invoiced", amount: ordered(db, company)?, limit: None })
    }
}

/// Orders as something to be billed.
pub struct OrderBilling;

impl BillableSource for OrderBilling {
    fn source(&self) -> &'static str {
        "order"
    }

    fn ready(&self, db: &Reader<'_>, reference: &str, upto: Option<Day>) -> ToolResult<ReadyToBill> {
        let order = orders::resolve(db, reference, "ref")?;
        let agreed = matches!(
            order.status,
            OrderStatus::Confirmed | OrderStatus::InFulfilment | OrderStatus::Fulfilled | OrderStatus::Closed
        );
        let (mut items, mut left_out) = (Vec::new(), Vec::new());
        let lines = orders::lines(db, &order.id)?;
        let blocked = match &order.hold_reason {
            _ if !agreed => Some(format!("the order is {}", order.status)),
            Some(reason) => Some(format!("the order is on hold: {reason}")),
            None => None,
        };
        let departures = departures(db, &order, upto)?;
        for line in &lines {
            let name = line.sku.clone().unwrap_or_else(|| line.description.clone());
            if let Some(why) = &blocked {
                left_out.push((name, why.clone()));
                continue;
            }
            let (quantity, supplied) = billable(db, &order, line, &departures, upto)?;
            let open = line.wanted().thousandths() - line.invoiced.thousandths();
            let quantity = quantity.min(open);
            if quantity > 0 {
                items.push(item(line, Quantity::from_thousandths(quantity), supplied));
            }
            let waits = line.open().thousandths();
            if line.ships() && waits > 0 {
                left_out.push((
                    name.clone(),
                    format!("{} are not shipped yet", Quantity::from_thousandths(waits)),
                ));
            }
            left_out.extend(departures.notes(line).map(|why| (name.clone(), why)));
        }
        Ok(ReadyToBill {
            company: order.company_id,
            currency: order.currency,
            po_reference: order.po_reference,
            document: order.number,
            includes_tax: order.includes_tax,
            items,
            left_out,
        })
    }

    fn billed(&self, db: &Writer<'_>, unit_id: &str, change: Quantity) -> ToolResult<()> {
        let found =
            orders::line(db, unit_id)?.ok_or_else(|| not_found("order line", unit_id).field("unit_id"))?;
        let order = orders::get(db, &found.order_id)?;
        let known = orders::lines(db, &found.order_id)?;
        let mut lines = known.clone();
        let Some(line) = lines.iter_mut().find(|line| line.id == found.id) else { return Ok(()) };
        let invoiced = line.invoiced.thousandths() + change.thousandths();
        if invoiced < 0 || invoiced > line.wanted().thousandths() {
            return Err(refused(
                Code::OverAllocation,
                format!(
                    "line {} of order `{}` has {} to be invoiced, {} are on invoices",
                    line.position,
                    order.number,
                    line.wanted(),
                    line.invoiced
                ),
            )
            .hint("orders_order_get shows what of a line is invoiced"));
        }
        line.invoiced = Quantity::from_thousandths(invoiced);
        let changed = line.clone();
        save(db, &order, order.clone(), &known, lines)?;
        reckon(db, &changed)
    }
}

/// What left of an order up to a day.
struct Departures {
    /// Line, quantity, day.
    gone: Vec<(String, Quantity, Day)>,
    /// Line, and why it does not count.
    notes: Vec<(String, String)>,
}

impl Departures {
    fn notes(&self, line: &OrderLine) -> impl Iterator<Item = String> {
        self.notes.iter().filter(|(id, _)| *id == line.id.0).map(|(_, why)| why.clone())
    }
}

fn departures(db: &Reader<'_>, order: &Order, upto: Option<Day>) -> ToolResult<Departures> {
    let zone = &settings_of(db)?.zone;
    let mut departures = Departures { gone: Vec::new(), notes: Vec::new() };
    for (line, quantity, at, failed) in orders::left(db, &order.id)? {
        let day = at.day(zone);
        if failed {
            departures.notes.push((line, format!("{quantity} could not be delivered")));
        } else if upto.is_some_and(|upto| day > upto) {
            departures.notes.push((line, format!("{quantity} left on {day}")));
        } else {
            departures.gone.push((line, quantity, day));
        }
    }
    for (line, quantity) in orders::packed(db, &order.id)? {
        departures.notes.push((line, format!("{quantity} are packed and not shipped yet")));
    }
    Ok(departures)
}

/// How much of a line can be billed in all that is not billed, and when it was supplied: goods once they left, less what
/// came back for money; work and words once they are agreed on.
fn billable(
    db: &Reader<'_>,
    order: &Order,
    line: &OrderLine,
    departures: &Departures,
    upto: Option<Day>,
) -> ToolResult<(i64, Day)> {
    let invoiced = line.invoiced.thousandths();
    if !line.ships() {
        let zone = &settings_of(db)?.zone;
        let agreed = order.confirmed_at.map_or(today(db)?, |at| at.day(zone));
        let counts = upto.is_none_or(|upto| agreed <= upto);
        return Ok((if counts { line.wanted().thousandths() - invoiced } else { 0 }, agreed));
    }
    let own = departures.gone.iter().filter(|(id, _, _)| *id == line.id.0);
    let gone: i64 = own.clone().map(|(_, quantity, _)| quantity.thousandths()).sum();
    let last = own.map(|(_, _, day)| *day).max();
    let back = returns::back_for_money(db, line.id.as_ref())?;
    Ok((gone - back - invoiced, last.map_or_else(|| today(db), Ok)?))
}

fn item(line: &OrderLine, quantity: Quantity, supplied: Day) -> Billable {
    Billable {
        unit_kind: "order_line",
        unit_id: line.id.0.clone(),
        variant: line.variant_id.clone(),
        description: line.description.clone(),
        quantity,
        unit: line.unit.clone(),
        unit_price: line.unit_price,
        discount: line.discount_bp,
        tax_class: line.tax_class,
        service: line.kind == ProductKind::Service,
        supplied,
    }
}

/// Lines that wait for stock.
pub struct Waiting;

impl Backorders for Waiting {
    fn stock_arrived(&self, db: &Writer<'_>, variants: &[&str]) -> ToolResult<Vec<Filled>> {
        let stock = stock(db)?;
        let mut filled = Vec::new();
        for (before, number) in orders::waiting(db, variants)? {
            let lacks = before.open().thousandths() - before.reserved.thousandths();
            let Some(variant) = before.variant_id.clone().filter(|_| lacks > 0) else { continue };
            let wanted = Wanted { variant: &variant, quantity: Quantity::from_thousandths(lacks) };
            let held: i64 = stock
                .reserve(db, before.id.as_ref(), wanted)?
                .iter()
                .map(|held| held.quantity.thousandths())
                .sum();
            if held == 0 {
                continue;
            }
            let mut after = OrderLine {
                reserved: Quantity::from_thousandths(before.reserved.thousandths() + held),
                backorder: held < lacks,
                ..before.clone()
            };
            db.update(&before, &mut after)?;
            promise(db, &after)?;
            filled.push(Filled {
                document: number,
                sku: after.sku.unwrap_or_default(),
                quantity: Quantity::from_thousandths(held),
            });
        }
        Ok(filled)
    }

    fn open_orders(&self, db: &Reader<'_>, variant: &str) -> ToolResult<Vec<String>> {
        orders::with_open(db, variant, 10)
    }
}

/// An order without a date is promised one once nothing of it waits any more.
fn promise(db: &Writer<'_>, line: &OrderLine) -> ToolResult<()> {
    let before = orders::get(db, &line.order_id)?;
    let waits = orders::lines(db, &line.order_id)?.iter().any(|line| line.backorder);
    if before.promise_date.is_none() && !waits {
        let mut after =
            Order { promise_date: promised(before.requested_date, Some(today(db)?)), ..before.clone() };
        db.update(&before, &mut after)?;
    }
    Ok(())
}
