//! Quotes: how their lines are written, revised, offered and turned into orders.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_kernel::{Day, Quantity, Stamp, ratio_bp};
use maitred_party::org::{settings_of, today};
use maitred_party::store::companies;
use maitred_party::{Company, ContactId};

use crate::lines::{Priced, PricedLines, add_up, book, cost_of};
use crate::model::{Order, OrderLine, OrderSource, Quote, QuoteId, QuoteLine, QuoteLineId, QuoteStatus};
use crate::ordering::{NewLine, NewOrder, make};
use crate::rules::rules;
use crate::snapshot::ship_to;
use crate::states::{illegal, quote_may, quote_status};
use crate::store::{orders, quotes};

/// A line of a quote from a priced one.
pub fn line_of(db: &Writer<'_>, quote: &QuoteId, position: i64, priced: Priced) -> QuoteLine {
    QuoteLine {
        id: QuoteLineId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        quote_id: quote.clone(),
        position,
        sku: priced.item.as_ref().map(|item| item.sku.clone()),
        variant_id: priced.item.map(|item| item.variant),
        description: priced.description,
        kind: priced.kind,
        unit: priced.unit,
        quantity: priced.quantity,
        converted: Quantity::default(),
        unit_price: priced.unit_price,
        list_price: priced.list_price,
        unit_cost: priced.unit_cost,
        discount_bp: priced.discount,
        tax_class: priced.tax_class,
        tax_category: priced.tax_category,
        tax_rate_bp: priced.tax_rate,
        net: 0,
        price_source: priced.source,
    }
}

/// Lines of a quote from priced ones, numbered from 1.
pub fn lines_of(db: &Writer<'_>, quote: &QuoteId, priced: PricedLines) -> Vec<QuoteLine> {
    (1..).zip(priced.lines).map(|(position, line)| line_of(db, quote, position, line)).collect()
}

/// Sets the totals of a quote, and the net of its lines.
pub fn figure(quote: &mut Quote, lines: &mut [QuoteLine]) -> ToolResult<()> {
    let sums = add_up(lines, quote.currency, quote.includes_tax)?;
    (quote.net, quote.tax, quote.gross) = (sums.net, sums.tax, sums.gross);
    Ok(())
}

/// What the margin falls short of, in words: only where every cost is known, in the currency of the costs.
pub fn thin(db: &Reader<'_>, quote: &Quote, lines: &[QuoteLine]) -> ToolResult<Option<String>> {
    let least = rules(db)?.minimum_margin;
    if least.bp() == 0 || settings_of(db)?.currency != quote.currency {
        return Ok(None);
    }
    let Some(cost) = cost_of(lines, quote.currency) else { return Ok(None) };
    let margin = ratio_bp(quote.net.saturating_sub(cost), quote.net).unwrap_or_default();
    Ok((margin < least).then(|| format!("its margin of {margin} % is below the minimum of {least} %")))
}

/// The last day of a quote: the one asked for, else as long as quotes are valid.
///
/// # Errors
/// `invalid` for a day that is over.
pub fn valid_until(db: &Reader<'_>, asked: Option<Day>) -> ToolResult<Day> {
    let today = today(db)?;
    match asked {
        Some(day) if day < today => Err(invalid("valid_until", "is in the past")),
        Some(day) => Ok(day),
        None => today.plus_days(rules(db)?.quote_days).map_err(ToolError::internal),
    }
}

/// The company of a quote.
pub fn company_of(db: &Reader<'_>, quote: &Quote) -> ToolResult<Company> {
    companies::find(db, quote.company_id.as_ref())?
        .ok_or_else(|| not_found("company", quote.company_id.as_ref()))
}

/// Refuses a step that the state of a quote, as it is today, does not allow.
///
/// # Errors
/// `illegal_transition`.
pub fn must_allow(db: &Reader<'_>, quote: &Quote, to: QuoteStatus) -> ToolResult<()> {
    let is = quote_status(quote, today(db)?);
    if quote_may(is, to) {
        return Ok(());
    }
    let hint = match is {
        QuoteStatus::Expired | QuoteStatus::Declined => "revise it with orders_quote_update, then send it",
        QuoteStatus::Draft => "send it first with orders_quote_send",
        QuoteStatus::Superseded => "a later revision took its place: name the quote by its number",
        QuoteStatus::Accepted => "turn it into an order with orders_quote_convert",
        _ => "look at it with orders_quote_get",
    };
    Err(illegal("quote", &quote.number, is.as_str(), to.as_str(), hint))
}

/// How a quote was accepted.
pub struct Acceptance {
    /// By whom.
    pub contact: Option<ContactId>,
    /// Through which channel; `word` when one of us was told.
    pub channel: String,
    /// What proves it.
    pub evidence: Option<String>,
    /// Their reference.
    pub po_reference: Option<String>,
}

/// Records that a quote was accepted: by whom, when, through what, and which total.
///
/// # Errors
/// `illegal_transition`, also when it has expired.
pub fn accept(db: &Writer<'_>, before: &Quote, how: Acceptance) -> ToolResult<Quote> {
    must_allow(db, before, QuoteStatus::Accepted)?;
    let mut after = Quote {
        status: QuoteStatus::Accepted,
        answered_at: Some(db.stamp()),
        accepted_contact_id: how.contact,
        accepted_channel: Some(how.channel),
        accepted_gross: Some(before.gross),
        evidence: how.evidence,
        po_reference: how.po_reference.or_else(|| before.po_reference.clone()),
        ..before.clone()
    };
    db.update(before, &mut after)?;
    Ok(after)
}

/// What of a quote is to be ordered.
pub struct Conversion {
    /// How much of which lines, by position in the quote's lines; what is left of all when not given.
    pub lines: Option<Vec<(usize, Quantity)>>,
    /// When they want it.
    pub requested_date: Option<Day>,
    /// Their reference.
    pub po_reference: Option<String>,
    /// What the client wrote.
    pub note: Option<String>,
}

/// An order from a quote.
pub struct Converted {
    /// The order.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// What is different now from when it was offered, in words.
    pub differences: Vec<String>,
    /// Whether there was one already.
    pub repeated: bool,
}

/// Makes an order from an accepted quote at its prices; what is left stays convertible. When nothing is left, the order
/// that was made last is the answer.
///
/// # Errors
/// `illegal_transition` for a quote that nobody accepted; `invalid` for more than is left.
pub fn convert(db: &Writer<'_>, quote: &Quote, what: Conversion) -> ToolResult<Converted> {
    if !matches!(quote.status, QuoteStatus::Accepted | QuoteStatus::Converted) {
        must_allow(db, quote, QuoteStatus::Converted)?;
    }
    let known = quotes::lines(db, &quote.id)?;
    let left = |line: &QuoteLine| line.quantity.thousandths() - line.converted.thousandths();
    let all_done = known.iter().all(|line| left(line) == 0);
    if all_done && let Some(order) = orders::of_quote(db, &quote.id)?.into_iter().next() {
        let lines = orders::lines(db, &order.id)?;
        return Ok(Converted { order, lines, differences: Vec::new(), repeated: true });
    }
    let chosen = match what.lines {
        Some(lines) => lines,
        None => (0..known.len())
            .map(|at| (at, Quantity::from_thousandths(left(&known[at]))))
            .filter(|(_, quantity)| quantity.thousandths() > 0)
            .collect(),
    };
    let mut new_lines = Vec::new();
    for (at, quantity) in chosen {
        let before = &known[at];
        if quantity.thousandths() > left(before) {
            return Err(invalid(
                "lines",
                format!(
                    "ask for {quantity} of line {}, {} are left",
                    before.position,
                    Quantity::from_thousandths(left(before))
                ),
            ));
        }
        let mut after = QuoteLine {
            converted: Quantity::from_thousandths(before.converted.thousandths() + quantity.thousandths()),
            ..before.clone()
        };
        db.update(before, &mut after)?;
        new_lines.push(as_line(db, before, quantity)?);
    }
    let company = company_of(db, quote)?;
    let differences = differences(db, &company, quote, &known)?;
    let new = NewOrder {
        contact: quote.accepted_contact_id.clone().or_else(|| quote.contact_id.clone()),
        quote: Some(quote.id.clone()),
        deal: quote.deal_id.clone(),
        po_reference: what.po_reference.or_else(|| quote.po_reference.clone()),
        note: what.note,
        requested_date: what.requested_date,
        ship_to: ship_to(db, &company, None)?,
        owner: quote.owner_id.clone(),
        ..NewOrder::plain(OrderSource::Quote, quote.currency)
    };
    let (order, lines) = make(db, &company, new, quote.includes_tax, new_lines)?;
    let mut after = Quote { status: QuoteStatus::Converted, ..quote.clone() };
    db.update(quote, &mut after)?;
    Ok(Converted { order, lines, differences, repeated: false })
}

fn as_line(db: &Reader<'_>, line: &QuoteLine, quantity: Quantity) -> ToolResult<NewLine> {
    let item = match &line.variant_id {
        Some(variant) => book(db)?.sellables(db, &[variant])?.into_iter().next().flatten(),
        None => None,
    };
    Ok(NewLine {
        priced: Priced {
            item,
            description: line.description.clone(),
            kind: line.kind,
            unit: line.unit.clone(),
            quantity,
            unit_price: line.unit_price,
            list_price: line.list_price,
            unit_cost: line.unit_cost,
            discount: line.discount_bp,
            tax_class: line.tax_class,
            tax_category: line.tax_category,
            tax_rate: line.tax_rate_bp,
            source: line.price_source.clone(),
        },
        quote_line: Some(line.id.clone()),
    })
}

/// What costs something else today, or is not sold any more. The quoted prices hold all the same.
fn differences(
    db: &Reader<'_>,
    company: &Company,
    quote: &Quote,
    lines: &[QuoteLine],
) -> ToolResult<Vec<String>> {
    use maitred_party::commerce::{PriceFor, Wanted};
    let goods: Vec<(&QuoteLine, &str)> =
        lines.iter().filter_map(|line| Some((line, line.variant_id.as_deref()?))).collect();
    let variants: Vec<&str> = goods.iter().map(|(_, variant)| *variant).collect();
    let wanted: Vec<Wanted<'_>> =
        goods.iter().map(|(line, variant)| Wanted { variant, quantity: line.quantity }).collect();
    let who = PriceFor { company: Some(&company.id), day: today(db)?, currency: quote.currency };
    let prices = book(db)?.prices(db, who, &wanted)?;
    let items = book(db)?.sellables(db, &variants)?;
    let mut said = Vec::new();
    for (((line, _), price), item) in goods.iter().zip(prices).zip(items) {
        let sku = line.sku.clone().unwrap_or_default();
        if !item.is_some_and(|item| item.for_sale) {
            said.push(format!("`{sku}` is not for sale any more"));
        }
        if let (Some(now), Some(then)) = (price, line.unit_price)
            && now.unit_price != then
            && now.includes_tax == quote.includes_tax
        {
            said.push(format!(
                "`{sku}` is quoted at {}, today's price is {}",
                then.format(quote.currency),
                now.unit_price.format(quote.currency)
            ));
        }
    }
    Ok(said)
}
