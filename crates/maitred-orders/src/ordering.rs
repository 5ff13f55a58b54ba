//! Making orders and keeping their figures: what every tool that writes an order shares.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Quantity, Stamp};
use maitred_party::store::{companies, contacts, numbers};
use maitred_party::{Company, CompanyId, Contact, ContactId, MemberId};

use crate::lines::{Priced, PricedLines, add_up};
use crate::model::{
    CartId, Order, OrderId, OrderLine, OrderLineId, OrderSource, OrderStatus, QuoteId, QuoteLineId, ReturnId,
};
use crate::snapshot::{Buyer, ShipTo};
use crate::states::{derived_status, order_may};
use crate::store::orders;

/// An order that is to be made.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Where it comes from.
    pub source: OrderSource,
    /// Their person.
    pub contact: Option<ContactId>,
    /// The quote it comes from.
    pub quote: Option<QuoteId>,
    /// The basket it comes from.
    pub cart: Option<CartId>,
    /// The return it makes good.
    pub goods_return: Option<ReturnId>,
    /// The deal it belongs to.
    pub deal: Option<String>,
    /// Why, where it is a replacement or goodwill.
    pub reason: Option<String>,
    /// Their reference.
    pub po_reference: Option<String>,
    /// What the client wrote.
    pub note: Option<String>,
    /// When they want it.
    pub requested_date: Option<Day>,
    /// Where it goes.
    pub ship_to: ShipTo,
    /// Currency.
    pub currency: Currency,
    /// Who of us sells; the caller, or whoever looks after the company.
    pub owner: Option<MemberId>,
}

impl NewOrder {
    /// An order of this source and currency, all else open.
    pub fn plain(source: OrderSource, currency: Currency) -> Self {
        Self {
            source,
            contact: None,
            quote: None,
            cart: None,
            goods_return: None,
            deal: None,
            reason: None,
            po_reference: None,
            note: None,
            requested_date: None,
            ship_to: ShipTo::default(),
            currency,
            owner: None,
        }
    }
}

/// A line that is to be written.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// What and at which price.
    pub priced: Priced,
    /// The line of the quote it comes from.
    pub quote_line: Option<QuoteLineId>,
}

/// Lines with a price each.
///
/// # Errors
/// `invalid` at the line that has none: an order is for a price.
pub fn with_prices(priced: &PricedLines, field: &str) -> ToolResult<()> {
    match priced.lines.iter().position(|line| line.unit_price.is_none()) {
        None => Ok(()),
        Some(at) => Err(invalid(
            &format!("{field}[{at}].unit_price"),
            format!("is needed: there is no price for `{}`", priced.lines[at].description),
        )
        .hint("set one with catalog_price_set, or give unit_price")),
    }
}

/// A line of an order from a priced one.
pub fn line_of(db: &Writer<'_>, order: &OrderId, position: i64, new: NewLine) -> OrderLine {
    let NewLine { priced, quote_line } = new;
    OrderLine {
        id: OrderLineId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        order_id: order.clone(),
        position,
        quote_line_id: quote_line,
        sku: priced.item.as_ref().map(|item| item.sku.clone()),
        variant_id: priced.item.map(|item| item.variant),
        description: priced.description,
        kind: priced.kind,
        unit: priced.unit,
        ordered: priced.quantity,
        reserved: Quantity::default(),
        shipped: Quantity::default(),
        cancelled: Quantity::default(),
        returned: Quantity::default(),
        invoiced: Quantity::default(),
        unit_price: priced.unit_price.unwrap_or_default(),
        list_price: priced.list_price,
        unit_cost: priced.unit_cost,
        discount_bp: priced.discount,
        tax_class: priced.tax_class,
        tax_category: priced.tax_category,
        tax_rate_bp: priced.tax_rate,
        net: 0,
        price_source: priced.source,
        backorder: false,
    }
}

/// Writes a draft order with its lines and totals.
pub fn make(
    db: &Writer<'_>,
    company: &Company,
    new: NewOrder,
    includes_tax: bool,
    lines: Vec<NewLine>,
) -> ToolResult<(Order, Vec<OrderLine>)> {
    let id = OrderId(db.fresh_id());
    let mut lines: Vec<OrderLine> =
        (1..).zip(lines).map(|(position, line)| line_of(db, &id, position, line)).collect();
    let sums = add_up(&mut lines, new.currency, includes_tax)?;
    let caller = db.teammate().map(|teammate| MemberId(teammate.member.clone()));
    let mut order = Order {
        id,
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        number: numbers::next(db, "SO")?,
        source: new.source,
        status: OrderStatus::Draft,
        company_id: company.id.clone(),
        contact_id: new.contact,
        owner_id: new.owner.or_else(|| company.owner_id.clone()).or(caller),
        quote_id: new.quote,
        cart_id: new.cart,
        return_id: new.goods_return.map(|id| id.0),
        deal_id: new.deal,
        hold_reason: None,
        approval_reason: None,
        reason: new.reason,
        cancel_reason: None,
        po_reference: new.po_reference,
        note: new.note,
        requested_date: new.requested_date,
        promise_date: None,
        address_id: new.ship_to.address_id,
        ship_to: new.ship_to.text,
        buyer: Buyer::of(db, company)?.json()?,
        priority: 0,
        currency: new.currency,
        includes_tax,
        net: sums.net,
        tax: sums.tax,
        gross: sums.gross,
        confirmed_at: None,
        cancelled_at: None,
    };
    db.insert(&mut order)?;
    for line in &mut lines {
        db.insert(line)?;
    }
    orders::index(db, &order, &lines)?;
    Ok((order, lines))
}

/// Writes what differs between an order and its lines as they were and as they shall be: totals, every line's net and
/// the state that follows are computed here. Lines that are new are inserted.
///
/// # Errors
/// A defect when the state that follows is none that may follow.
pub fn save(
    db: &Writer<'_>,
    before: &Order,
    mut after: Order,
    known: &[OrderLine],
    mut lines: Vec<OrderLine>,
) -> ToolResult<(Order, Vec<OrderLine>)> {
    let sums = add_up(&mut lines, after.currency, after.includes_tax)?;
    (after.net, after.tax, after.gross) = (sums.net, sums.tax, sums.gross);
    after.status = derived_status(&after, &lines);
    if before.status != after.status && !order_may(before.status, after.status) {
        return Err(ToolError::internal(maitred_store::StoreError::defect(format!(
            "an order goes from {} to {}",
            before.status, after.status
        ))));
    }
    for line in &mut lines {
        match known.iter().find(|old| old.id == line.id) {
            Some(old) => {
                db.update(old, line)?;
            }
            None => db.insert(line)?,
        }
    }
    db.update(before, &mut after)?;
    if (&before.buyer, &before.po_reference) != (&after.buyer, &after.po_reference) || !alike(known, &lines) {
        orders::index(db, &after, &lines)?;
    }
    Ok((after, lines))
}

/// Whether an order is found by the same words with either of these lines: what is shipped or billed changes none.
fn alike(known: &[OrderLine], lines: &[OrderLine]) -> bool {
    let words = |line: &OrderLine| (line.description.clone(), line.sku.clone());
    known.len() == lines.len() && known.iter().zip(lines).all(|(old, new)| words(old) == words(new))
}

/// The buyer and their person, as a caller names them.
///
/// # Errors
/// `not_found` and `ambiguous_reference`; `invalid` for an archived company and for a person of another.
pub fn buyer(
    db: &Reader<'_>,
    company: &str,
    contact: Option<&str>,
) -> ToolResult<(Company, Option<Contact>)> {
    let company = companies::resolve(db, company, "company")?;
    if company.archived_at.is_some() {
        return Err(invalid("company", "is archived").hint("look for the company that took its place"));
    }
    let contact = contact.map(|text| person(db, &company.id, text, "contact")).transpose()?;
    Ok((company, contact))
}

/// A person of a company.
///
/// # Errors
/// As [`buyer`].
pub fn person(db: &Reader<'_>, company: &CompanyId, text: &str, field: &str) -> ToolResult<Contact> {
    let contact = contacts::resolve(db, text, field)?;
    if contacts::links_of(db, &contact.id)?.iter().any(|link| link.company_id == *company) {
        return Ok(contact);
    }
    Err(invalid(field, format!("{} is not a person of this company", contact.full_name()))
        .hint("crm_company_get shows who is"))
}
