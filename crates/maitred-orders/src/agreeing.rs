//! Agreeing on an order: credit is looked at, stock is held, a date is promised. All of it or nothing.
//!
//! This is the one way to `confirmed`: staff, clients' baskets and accepted quotes all come through [`agree`].

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_kernel::{Currency, Day, Money, Quantity, format_minor};
use maitred_party::commerce::{Exposure, Wanted};
use maitred_party::org::today;
use maitred_party::{CompanyId, store::companies};

use crate::lines::{Figured, add_up, book, currency_of, stock};
use crate::model::{Order, OrderLine, OrderStatus};
use crate::ordering::save;
use crate::rules::approves;
use crate::states::illegal;
use crate::store::orders;

/// Stock held for a line.
#[derive(ToolOutput, Clone, Debug)]
pub struct HeldView {
    /// Number of the line.
    pub line: i64,
    /// SKU.
    pub sku: String,
    /// How much.
    pub quantity: Quantity,
    /// Where it lies.
    pub location: String,
}

/// What of a line waits for stock.
#[derive(ToolOutput, Clone, Debug)]
pub struct BackorderView {
    /// Number of the line.
    pub line: i64,
    /// SKU.
    pub sku: String,
    /// How much waits.
    pub quantity: Quantity,
    /// When it can be there; missing when nobody knows.
    pub earliest: Option<Day>,
}

/// The credit of a customer.
#[derive(ToolOutput, Clone, Debug)]
pub struct CreditView {
    /// Currency.
    pub currency: Currency,
    /// What they owe or are about to owe, this order included.
    pub exposure: String,
    /// The limit, where somebody set one.
    pub limit: Option<String>,
    /// Whether the limit is exceeded.
    pub exceeded: bool,
}

/// How to agree.
#[derive(Clone, Debug, Default)]
pub struct Agreement {
    /// What is not there may wait, where the product allows it.
    pub allow_backorder: bool,
    /// Why the credit limit may be exceeded.
    pub override_credit: Option<String>,
    /// Why somebody of us has to look at it first.
    pub reasons: Vec<String>,
    /// Whether a client does it: limits are no words for them, and nobody is asked to override.
    pub by_client: bool,
}

/// What was agreed.
pub struct Agreed {
    /// The order.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// What is held.
    pub held: Vec<HeldView>,
    /// What waits.
    pub backorders: Vec<BackorderView>,
    /// The customer's credit, where anybody keeps it.
    pub credit: Option<CreditView>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// What a company owes or is about to owe (F-INV-5), from all who keep books.
pub struct Standing {
    /// How much.
    pub amount: Money,
    /// The lowest limit that anybody set.
    pub limit: Option<i64>,
    /// Whether anybody but this module answered.
    pub known: bool,
    /// Parts in another currency that could not be added.
    pub warnings: Vec<String>,
}

/// Where a company stands.
pub fn standing(db: &Reader<'_>, company: &CompanyId, currency: Currency) -> ToolResult<Standing> {
    let mut standing =
        Standing { amount: Money::zero(currency), limit: None, known: false, warnings: Vec::new() };
    for port in db.ports::<dyn Exposure>() {
        let part = port.exposed(db, company)?;
        if part.amount.currency != currency {
            standing
                .warnings
                .push(format!("credit: {} are in {} and not counted", part.what, part.amount.currency));
            continue;
        }
        standing.amount = standing.amount.plus(part.amount).map_err(ToolError::internal)?;
        if let Some(limit) = part.limit.filter(|limit| limit.currency == currency) {
            standing.known = true;
            standing.limit = Some(standing.limit.map_or(limit.minor, |known| known.min(limit.minor)));
        }
    }
    Ok(standing)
}

/// Lines of what is wanted and not on an invoice, added up: the gross that is still to be invoiced.
pub fn uninvoiced(order: &Order, lines: &[OrderLine]) -> ToolResult<i64> {
    let mut open: Vec<OrderLine> = lines.to_vec();
    for line in &mut open {
        line.ordered = Quantity::from_thousandths(line.wanted().thousandths() - line.invoiced.thousandths());
        line.cancelled = Quantity::default();
    }
    open.retain(|line| line.counted().thousandths() > 0);
    Ok(add_up(&mut open, order.currency, order.includes_tax)?.gross)
}

/// What orders not yet invoiced come to, in the currency the company is charged in.
pub fn ordered(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Money> {
    let found = companies::find(db, company.as_ref())?
        .ok_or_else(|| not_found("company", company.as_ref()).field("company"))?;
    let mut sum = Money::zero(currency_of(db, &found)?);
    for order in orders::open_of(db, company)? {
        if order.status == OrderStatus::PendingApproval || order.currency != sum.currency {
            continue;
        }
        let open = uninvoiced(&order, &orders::lines(db, &order.id)?)?;
        sum = sum.plus(Money::new(open, sum.currency)).map_err(ToolError::internal)?;
    }
    Ok(sum)
}

/// The credit of an order's customer with `more` added to what they owe.
fn credit(db: &Reader<'_>, order: &Order, more: i64) -> ToolResult<(Option<CreditView>, Vec<String>)> {
    let standing = standing(db, &order.company_id, order.currency)?;
    let mut warnings = standing.warnings;
    if !standing.known {
        warnings.push("credit is not checked: nobody set a limit in this currency".to_owned());
        return Ok((None, warnings));
    }
    let sum = standing.amount.plus(Money::new(more, order.currency)).map_err(ToolError::internal)?;
    let view = CreditView {
        currency: order.currency,
        exposure: sum.amount(),
        limit: standing.limit.map(|limit| format_minor(limit, order.currency)),
        exceeded: standing.limit.is_some_and(|limit| sum.minor > limit),
    };
    Ok((Some(view), warnings))
}

/// Refuses a change, already written, that makes an order dearer and the customer exceed the credit limit.
///
/// # Errors
/// `credit_exceeded`.
pub fn check_rise(db: &Reader<'_>, before: &Order, after: &Order) -> ToolResult<()> {
    if after.gross <= before.gross {
        return Ok(());
    }
    // The order counts with its new total: what was written is what the books see.
    match credit(db, after, 0)?.0 {
        Some(view) if view.exceeded && !approves(db) => Err(exceeded(&view)),
        _ => Ok(()),
    }
}

fn exceeded(view: &CreditView) -> ToolError {
    let limit = view.limit.clone().unwrap_or_default();
    refused(
        Code::CreditExceeded,
        format!("the customer would owe {} {}, the limit is {limit}", view.exposure, view.currency),
    )
    .hint("a finance or owner role may confirm it with override_credit and a reason")
}

/// What was held for lines, what waits, and when all of it can be there.
pub struct Holding {
    /// What is held now.
    pub held: Vec<HeldView>,
    /// What waits.
    pub backorders: Vec<BackorderView>,
    /// The day on which all can be there; unset when nobody knows.
    pub ready: Option<Day>,
}

/// Holds stock for what of the lines is neither shipped nor held.
///
/// # Errors
/// `insufficient_stock`, naming every line, when something may not wait.
pub fn hold(db: &Writer<'_>, lines: &mut [OrderLine], allow_backorder: bool) -> ToolResult<Holding> {
    let stock = stock(db)?;
    let lacks = |line: &OrderLine| line.open().thousandths() - line.reserved.thousandths();
    let open: Vec<usize> =
        (0..lines.len()).filter(|at| lines[*at].ships() && lacks(&lines[*at]) > 0).collect();
    let variants: Vec<String> = open.iter().filter_map(|at| lines[*at].variant_id.clone()).collect();
    let wanted: Vec<Wanted<'_>> = open
        .iter()
        .zip(&variants)
        .map(|(at, variant)| Wanted { variant, quantity: Quantity::from_thousandths(lacks(&lines[*at])) })
        .collect();
    let found = stock.availability(db, &wanted, None)?;
    let names: Vec<&str> = variants.iter().map(String::as_str).collect();
    let items = book(db)?.sellables(db, &names)?;
    let mut holding = Holding { held: Vec::new(), backorders: Vec::new(), ready: Some(today(db)?) };
    let mut short = Vec::new();
    for (((at, wanted), found), item) in open.iter().zip(&wanted).zip(found).zip(items) {
        let line = &mut lines[*at];
        let sku = line.sku.clone().unwrap_or_default();
        holding.ready = holding.ready.zip(found.earliest).map(|(one, other)| one.max(other));
        // What waits already was allowed to when the order was agreed on.
        let waited = line.backorder;
        line.backorder = found.shortfall.thousandths() > 0;
        if line.backorder {
            let may_wait = waited || (allow_backorder && item.is_some_and(|item| item.allow_backorder));
            if !may_wait {
                short.push(format!("`{sku}` lacks {} of {}", found.shortfall, wanted.quantity));
                continue;
            }
            holding.backorders.push(BackorderView {
                line: line.position,
                sku: sku.clone(),
                quantity: found.shortfall,
                earliest: found.earliest,
            });
        }
        let mut reserved = line.reserved.thousandths();
        for held in stock.reserve(db, line.id.as_ref(), *wanted)? {
            reserved += held.quantity.thousandths();
            holding.held.push(HeldView {
                line: line.position,
                sku: sku.clone(),
                quantity: held.quantity,
                location: held.place.name,
            });
        }
        line.reserved = Quantity::from_thousandths(reserved);
    }
    if short.is_empty() {
        return Ok(holding);
    }
    Err(refused(Code::InsufficientStock, format!("there is not enough stock: {}", short.join("; ")))
        .hint("order less, or allow the rest to wait with allow_backorder where the product allows it"))
}

/// Lets go of what is held beyond what is open, and keeps the line's figure.
pub fn trim(db: &Writer<'_>, line: &mut OrderLine) -> ToolResult<Quantity> {
    let beyond = line.reserved.thousandths() - line.open().thousandths();
    if beyond <= 0 {
        return Ok(Quantity::default());
    }
    let freed = stock(db)?.release(db, line.id.as_ref(), Some(Quantity::from_thousandths(beyond)))?;
    line.reserved = Quantity::from_thousandths(line.reserved.thousandths() - freed.thousandths());
    Ok(freed)
}

/// What is held for a line now.
pub fn held_for(db: &Reader<'_>, line: &OrderLine) -> ToolResult<Quantity> {
    let held = stock(db)?.held(db, &[line.id.as_ref()])?;
    Ok(Quantity::from_thousandths(held.iter().flatten().map(|one| one.quantity.thousandths()).sum()))
}

/// The day that is promised: when it can be there, but not before it is wanted; none when nobody knows.
pub fn promised(requested: Option<Day>, ready: Option<Day>) -> Option<Day> {
    ready.map(|ready| requested.map_or(ready, |wanted| wanted.max(ready)))
}

/// Agrees on an order, or leaves it to somebody of us to decide.
///
/// # Errors
/// `already_done`, `illegal_transition`; `forbidden` for an override without the role; `credit_exceeded` when it waits
/// for approval already; `insufficient_stock`.
pub fn agree(db: &Writer<'_>, before: &Order, known: Vec<OrderLine>, how: Agreement) -> ToolResult<Agreed> {
    match before.status {
        OrderStatus::Draft | OrderStatus::PendingApproval => {}
        OrderStatus::Confirmed | OrderStatus::InFulfilment => {
            return Err(refused(Code::AlreadyDone, format!("order `{}` is confirmed", before.number))
                .hint("look at it with orders_order_get"));
        }
        status => {
            let hint = "make another with orders_order_create and copy_of";
            return Err(illegal("order", &before.number, status.as_str(), "confirmed", hint));
        }
    }
    if known.iter().all(|line| line.wanted().thousandths() == 0) {
        return Err(
            refused(Code::Invalid, "the order has no lines").hint("add some with orders_order_update")
        );
    }
    if how.override_credit.is_some() && !approves(db) {
        return Err(refused(Code::Forbidden, "the credit limit is not yours to override")
            .field("override_credit")
            .hint("ask somebody with a finance or owner role to confirm the order"));
    }
    let (credit, mut warnings) = credit(db, before, before.gross)?;
    let mut reasons = how.reasons.clone();
    if let Some(view) = credit.as_ref().filter(|view| view.exceeded) {
        match &how.override_credit {
            Some(reason) => warnings.push(format!("the credit limit is overridden: {reason}")),
            None if before.status == OrderStatus::PendingApproval => return Err(exceeded(view)),
            None if how.by_client => reasons.push("no credit is left".to_owned()),
            None => {
                let limit = view.limit.clone().unwrap_or_default();
                reasons.push(format!("exposure {} exceeds the credit limit {limit}", view.exposure));
            }
        }
    }
    let mut after = before.clone();
    if let Some(reason) = &how.override_credit {
        after.approval_reason = Some(format!("credit limit overridden: {reason}"));
    }
    let mut lines = known.clone();
    if !reasons.is_empty() {
        after.approval_reason = Some(reasons.join("; "));
        after.status = OrderStatus::PendingApproval;
        let (order, lines) = save(db, before, after, &known, lines)?;
        return Ok(Agreed { order, lines, held: Vec::new(), backorders: Vec::new(), credit, warnings });
    }
    let holding = hold(db, &mut lines, how.allow_backorder)?;
    after.status = OrderStatus::Confirmed;
    after.confirmed_at = Some(db.stamp());
    after.promise_date = promised(before.requested_date, holding.ready);
    if after.promise_date.is_none() {
        warnings.push("no date is promised: nobody knows when the missing goods come".to_owned());
    }
    let (order, lines) = save(db, before, after, &known, lines)?;
    Ok(Agreed { order, lines, held: holding.held, backorders: holding.backorders, credit, warnings })
}
