//! `orders_order_update`: lines, dates, address and holds of an order that has not left yet.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Day, Price, Quantity};
use maitred_party::store::companies;

use crate::agreeing::{BackorderView, HeldView, check_rise, hold, promised, trim};
use crate::lines::{LineArg, Terms, asks, price};
use crate::model::{Order, OrderLine, OrderStatus};
use crate::ordering::{NewLine, line_of, person, save, with_prices};
use crate::snapshot::ship_to;
use crate::states::illegal;
use crate::store::orders;
use crate::views::{OrderView, order_with};

/// The tool.
pub struct OrderUpdate;

impl Tool for OrderUpdate {
    const NAME: &str = "orders_order_update";
    const TITLE: &str = "Update order";
    const ABOUT: &str = "Change a draft or unshipped order: lines, date, address, hold. After confirm, reservations follow the change; \
                         a hold stops shipping and invoicing.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                        orders_order_confirm {"order": "@so"}"#
        ),
        args: r#"{"order": "@so", "lines": [{"line": "1", "qty": 5}, {"product": "REP", "qty": 1}],
                  "changes": {"po_reference": "PO 77", "requested_date": "2026-03-20"}, "hold_reason": "waits for their go"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = orders::resolve(cx, &args.order, "order")?;
        if matches!(before.status, OrderStatus::Closed | OrderStatus::Cancelled | OrderStatus::Fulfilled) {
            let hint = "make another with orders_order_create and copy_of";
            return Err(illegal("order", &before.number, before.status.as_str(), "changed", hint));
        }
        let known = orders::lines(cx, &before.id)?;
        let mut after = before.clone();
        if let Some(changes) = args.changes {
            change(cx, &mut after, changes.0)?;
        }
        if let Some(reason) = args.hold_reason {
            after.hold_reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        }
        let mut lines = known.clone();
        let mut warnings = Vec::new();
        if let Some(changed) = &args.lines {
            warnings = relined(cx, &before, &mut lines, changed)?;
        }
        let (mut reservations, mut backorders) = (Vec::new(), Vec::new());
        let agreed = matches!(before.status, OrderStatus::Confirmed | OrderStatus::InFulfilment);
        if agreed && args.lines.is_some() {
            for line in &mut lines {
                trim(cx, line)?;
            }
            let holding = hold(cx, &mut lines, args.allow_backorder.unwrap_or(false))?;
            after.promise_date = promised(after.requested_date, holding.ready).or(after.promise_date);
            (reservations, backorders) = (holding.held, holding.backorders);
        }
        let (order, lines) = save(cx, &before, after, &known, lines)?;
        if agreed {
            check_rise(cx, &before, &order)?;
        }
        let order = order_with(cx, &order, &lines)?;
        Ok(Output { order, reservations, backorders, warnings })
    }
}

fn change(db: &Reader<'_>, after: &mut Order, changes: Changes) -> ToolResult<()> {
    let text = |new: Option<String>, known: Option<String>| match new {
        None => known,
        Some(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
    };
    let company = companies::find(db, after.company_id.as_ref())?
        .ok_or_else(|| not_found("company", after.company_id.as_ref()))?;
    if let Some(contact) = &changes.contact {
        after.contact_id = Some(person(db, &company.id, contact, "changes.contact")?.id);
    }
    if let Some(address) = &changes.ship_to {
        let to = ship_to(db, &company, Some(address))?;
        (after.address_id, after.ship_to) = (to.address_id, to.text);
    }
    after.po_reference = text(changes.po_reference, after.po_reference.take());
    after.requested_date = changes.requested_date.or(after.requested_date);
    after.promise_date = changes.promise_date.or(after.promise_date);
    after.priority = changes.priority.map_or(after.priority, i64::from);
    Ok(())
}

/// Applies changes of lines: those named by `line` get another quantity, price or discount, those with a product are
/// added, and a quantity of 0 takes a line out.
fn relined(
    db: &Writer<'_>,
    order: &Order,
    lines: &mut Vec<OrderLine>,
    changed: &[Bare<LineChange>],
) -> ToolResult<Vec<String>> {
    let mut added = Vec::new();
    let mut gone = Vec::new();
    for (index, Bare(one)) in changed.iter().enumerate() {
        let field = format!("lines[{index}]");
        let Some(text) = &one.line else {
            added.push(LineArg {
                product: one.product.clone(),
                description: one.description.clone(),
                qty: one.qty.ok_or_else(|| missing(&format!("{field}.qty")))?,
                unit_price: one.unit_price,
                discount: one.discount,
            });
            continue;
        };
        if one.product.is_some() {
            return Err(invalid(&format!("{field}.product"), "is given beside `line`")
                .hint("to take another product, set this line's qty to 0 and add a new one"));
        }
        let id = orders::pick(lines, text, &format!("{field}.line"))?.id.clone();
        let Some(line) = lines.iter_mut().find(|line| line.id == id) else { continue };
        if alter(line, one, &field)? {
            gone.push(line.clone());
        }
    }
    for line in gone {
        drop_line(db, order, lines, line)?;
    }
    add(db, order, lines, &added)
}

/// Changes a line; true when nothing of it is wanted any more.
fn alter(line: &mut OrderLine, one: &LineChange, field: &str) -> ToolResult<bool> {
    let figures = one.unit_price.is_some() || one.discount.is_some();
    if figures && line.invoiced.thousandths() > 0 {
        return Err(refused(Code::Immutable, format!("line {} is on an invoice", line.position))
            .field(field)
            .hint("discard the draft or credit the invoice first"));
    }
    if let Some(price) = one.unit_price {
        if price.micros() < 0 {
            return Err(invalid(&format!("{field}.unit_price"), "must not be negative"));
        }
        line.unit_price = price;
        line.price_source = crate::lines::BY_HAND.to_owned();
    }
    if let Some(discount) = one.discount {
        if !(0..=10_000).contains(&discount.bp()) {
            return Err(invalid(&format!("{field}.discount"), "must be from 0 to 100"));
        }
        line.discount_bp = discount;
    }
    if let Some(text) = one.description.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        line.description = text.to_owned();
    }
    let Some(quantity) = one.qty else { return Ok(false) };
    let least = line.shipped.max(line.invoiced);
    if quantity < least {
        let what = if line.shipped >= line.invoiced { "shipped" } else { "on invoices" };
        return Err(invalid(&format!("{field}.qty"), format!("is less than the {least} that are {what}"))
            .hint("what was shipped needs a return: orders_return_create"));
    }
    if quantity.thousandths() == 0 {
        return Ok(true);
    }
    line.ordered = Quantity::from_thousandths(quantity.thousandths() + line.cancelled.thousandths());
    Ok(false)
}

/// A line nobody wants any more: gone from a draft, called off on an order that was agreed on.
fn drop_line(db: &Writer<'_>, order: &Order, lines: &mut Vec<OrderLine>, line: OrderLine) -> ToolResult<()> {
    if order.status != OrderStatus::Draft {
        if let Some(line) = lines.iter_mut().find(|known| known.id == line.id) {
            line.cancelled = line.ordered;
            line.backorder = false;
        }
        return Ok(());
    }
    if lines.len() == 1 {
        return Err(refused(Code::Invalid, "an order has at least one line")
            .field("lines")
            .hint("call it off with orders_order_cancel"));
    }
    let stored = orders::line(db, line.id.as_ref())?;
    if let Some(stored) = stored {
        db.delete(&stored)?;
    }
    lines.retain(|known| known.id != line.id);
    Ok(())
}

fn add(
    db: &Writer<'_>,
    order: &Order,
    lines: &mut Vec<OrderLine>,
    added: &[LineArg],
) -> ToolResult<Vec<String>> {
    if added.is_empty() {
        return Ok(Vec::new());
    }
    let company = companies::find(db, order.company_id.as_ref())?
        .ok_or_else(|| not_found("company", order.company_id.as_ref()))?;
    let terms = Terms { company: &company, currency: order.currency, includes_tax: Some(order.includes_tax) };
    let priced = price(db, &terms, asks(db, added, "lines")?)?;
    with_prices(&priced, "lines")?;
    let mut position = lines.iter().map(|line| line.position).max().unwrap_or(0);
    for priced in priced.lines {
        position += 1;
        lines.push(line_of(db, &order.id, position, NewLine { priced, quote_line: None }));
    }
    Ok(priced.warnings)
}

/// A change of a line.
#[derive(ToolArgs, Clone)]
pub struct LineChange {
    /// Number, to change it.
    #[arg(max = 200)]
    line: Option<String>,
    /// To add.
    #[arg(max = 200)]
    product: Option<String>,
    /// Words.
    #[arg(max = 500)]
    description: Option<String>,
    /// 0 removes.
    qty: Option<Quantity>,
    /// Price.
    unit_price: Option<Price>,
    /// Percent.
    discount: Option<BasisPoints>,
}

/// Members to change.
#[derive(ToolArgs)]
pub struct Changes {
    /// Person.
    #[arg(max = 200)]
    contact: Option<String>,
    /// Address.
    #[arg(max = 500)]
    ship_to: Option<String>,
    /// Empty removes it.
    #[arg(max = 100)]
    po_reference: Option<String>,
    /// Day.
    requested_date: Option<Day>,
    /// Day.
    promise_date: Option<Day>,
    /// More is sooner.
    #[arg(max = 9)]
    priority: Option<u32>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    order: String,
    /// Changes.
    changes: Option<Bare<Changes>>,
    /// line changes (qty 0 removes), product adds.
    #[arg(min = 1, max = 200)]
    lines: Option<Vec<Bare<LineChange>>>,
    /// Empty lifts the hold.
    #[arg(max = 500)]
    hold_reason: Option<String>,
    /// What is missing may wait.
    allow_backorder: Option<bool>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The order.
    order: OrderView,
    /// What is held in addition.
    reservations: Vec<HeldView>,
    /// What waits for stock.
    backorders: Vec<BackorderView>,
    /// What somebody should look at.
    warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check_with};

    use crate::shop::DOMAINS;
    const AGREED: &str = shop!(
        r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
           orders_order_confirm {"order": "@so"}"#
    );

    #[test]
    fn reservations_follow() {
        let fixture = Fixture::new(DOMAINS, AGREED);
        let update = |args: &str| fixture.call("orders_order_update", &fixture.filled(args)).json();
        let more = update(r#"{"order": "@so", "lines": [{"line": "1", "qty": 10}]}"#);
        assert_eq!(more["order"]["lines"][0]["reserved"], "10");
        assert_eq!(more["order"]["gross"], "100.00");
        let less = update(r#"{"order": "@so", "lines": [{"line": "1", "qty": 2}]}"#);
        assert_eq!(less["order"]["lines"][0]["reserved"], "2");
        let none =
            update(r#"{"order": "@so", "lines": [{"line": "1", "qty": 0}, {"product": "CH-1", "qty": 12}]}"#);
        assert_eq!(none["order"]["lines"][1]["reserved"], "12", "{none}");
        let beyond = update(r#"{"order": "@so", "lines": [{"line": "2", "qty": 13}]}"#);
        assert_eq!(beyond["error"]["code"], "insufficient_stock");
    }

    #[test]
    fn what_was_shipped_stays() {
        let fixture = Fixture::new(DOMAINS, AGREED);
        fixture.call_confirmed(
            "orders_shipment_create",
            &fixture.filled(r#"{"order": "@so", "lines": [{"line": "1", "qty": 3}]}"#),
        );
        let args = fixture.filled(r#"{"order": "@so", "lines": [{"line": "1", "qty": 2}]}"#);
        let answer = fixture.call("orders_order_update", &args).json();
        assert_eq!(answer["error"]["message"], "`lines[0].qty` is less than the 3 that are shipped");
        let args = fixture.filled(r#"{"order": "@so", "lines": [{"line": "1", "qty": 3}]}"#);
        assert_eq!(fixture.call("orders_order_update", &args).json()["order"]["status"], "fulfilled");
    }

    #[test]
    fn a_hold_stops_shipping() {
        check_with(
            DOMAINS,
            shop!(
                r#"orders_order_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}]} as so=order.id;
                     orders_order_confirm {"order": "@so"}; orders_order_update {"order": "@so", "hold_reason": "unpaid"}"#
            ),
            "orders_shipment_create",
            r#"{"order": "@so"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"illegal_transition","message":"order `SO-2026-00001` is on hold: unpaid","hint":"lift the hold with orders_order_update and an empty hold_reason","retryable":false}}"#
            ]],
        );
    }
}
