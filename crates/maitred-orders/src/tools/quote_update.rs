//! `orders_quote_update`: a draft changes in place, a sent quote becomes a new revision.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Day, Price, Quantity, Stamp};
use maitred_store::search;

use crate::lines::{BY_HAND, LineArg, Terms, asks, positive, price};
use crate::model::{Quote, QuoteId, QuoteLine, QuoteLineId, QuoteStatus};
use crate::ordering::person;
use crate::quoting::{company_of, figure, line_of, must_allow, valid_until};
use crate::snapshot::Buyer;
use crate::states::quote_status;
use crate::store::quotes;
use crate::tools::quote_create::looked_at;
use crate::views::{QuoteView, quote as viewed};

/// The tool.
pub struct QuoteUpdate;

impl Tool for QuoteUpdate {
    const NAME: &str = "orders_quote_update";
    const TITLE: &str = "Update quote";
    const ABOUT: &str = "Change a quote. A draft changes in place; a sent quote becomes a new revision, which has to be sent again.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: shop!(
            r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}]} as q=quote.id;
                        orders_quote_send {"quote": "@q"}"#
        ),
        args: r#"{"quote": "@q", "changes": {"valid_until": "2026-04-30"}, "lines": [{"line": "1", "qty": 3},
                  {"product": "REP", "qty": 1}]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let named = quotes::resolve(cx, &args.quote, "quote")?;
        let before = quotes::revisions(cx, &named.number)?.into_iter().next().unwrap_or(named);
        let known = quotes::lines(cx, &before.id)?;
        let in_place = before.status == QuoteStatus::Draft;
        let (mut after, mut lines) =
            if in_place { (before.clone(), known.clone()) } else { revised(cx, &before, &known)? };
        if let Some(Bare(changes)) = args.changes {
            change(cx, &mut after, changes)?;
        }
        let mut warnings = relined(cx, &after, &mut lines, args.lines.as_deref().unwrap_or_default())?;
        figure(&mut after, &mut lines)?;
        if in_place {
            cx.update(&before, &mut after)?;
        } else {
            cx.insert(&mut after)?;
        }
        for line in known.iter().filter(|_| in_place) {
            if lines.iter().all(|kept| kept.id != line.id) {
                cx.delete(line)?;
            }
        }
        for line in &mut lines {
            match known.iter().find(|old| old.id == line.id) {
                Some(old) => {
                    cx.update(old, line)?;
                }
                None => cx.insert(line)?,
            }
        }
        quotes::index(cx, &after, &lines)?;
        warnings.extend(looked_at(cx, &after, &lines)?);
        Ok(Output { quote: viewed(cx, &after)?, warnings })
    }
}

/// The next revision of a quote, with lines of its own; the one before is superseded.
fn revised(db: &Writer<'_>, before: &Quote, known: &[QuoteLine]) -> ToolResult<(Quote, Vec<QuoteLine>)> {
    if quote_status(before, maitred_party::org::today(db)?) != QuoteStatus::Expired {
        must_allow(db, before, QuoteStatus::Superseded)?;
    }
    let mut superseded = Quote { status: QuoteStatus::Superseded, ..before.clone() };
    db.update(before, &mut superseded)?;
    search::remove(db.tx(), quotes::KIND, before.id.as_ref())?;
    let company = company_of(db, before)?;
    let quote = Quote {
        id: QuoteId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        revision: before.revision + 1,
        supersedes_id: Some(before.id.clone()),
        status: QuoteStatus::Draft,
        buyer: Buyer::of(db, &company)?.json()?,
        valid_until: before.valid_until.max(maitred_party::org::today(db)?),
        sent_at: None,
        sent_to: None,
        answered_at: None,
        close_reason: None,
        ..before.clone()
    };
    let lines = known
        .iter()
        .map(|line| QuoteLine {
            id: QuoteLineId(db.fresh_id()),
            version: 1,
            quote_id: quote.id.clone(),
            ..line.clone()
        })
        .collect();
    Ok((quote, lines))
}

fn change(db: &Reader<'_>, after: &mut Quote, changes: Changes) -> ToolResult<()> {
    let text = |new: Option<String>, known: Option<String>| match new {
        None => known,
        Some(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
    };
    if let Some(contact) = &changes.contact {
        after.contact_id = Some(person(db, &after.company_id, contact, "changes.contact")?.id);
    }
    if changes.valid_until.is_some() {
        after.valid_until = valid_until(db, changes.valid_until).map_err(|error| error.within("changes"))?;
    }
    after.terms = text(changes.terms, after.terms.take());
    after.po_reference = text(changes.po_reference, after.po_reference.take());
    after.deal_id = text(changes.deal, after.deal_id.take());
    Ok(())
}

/// Applies changes of lines: those named by `line` change, a quantity of 0 takes a line out, a product is added.
fn relined(
    db: &Writer<'_>,
    quote: &Quote,
    lines: &mut Vec<QuoteLine>,
    changed: &[Bare<LineChange>],
) -> ToolResult<Vec<String>> {
    let mut added = Vec::new();
    for (index, Bare(one)) in changed.iter().enumerate() {
        let field = format!("lines[{index}]");
        match &one.line {
            Some(text) => alter(lines, text, one, &field)?,
            None => added.push(LineArg {
                product: one.product.clone(),
                description: one.description.clone(),
                qty: one.qty.ok_or_else(|| missing(&format!("{field}.qty")))?,
                unit_price: one.unit_price,
                discount: one.discount,
            }),
        }
    }
    if lines.is_empty() && added.is_empty() {
        return Err(invalid("lines", "leave nothing to offer").hint("withdraw it with orders_quote_close"));
    }
    let company = company_of(db, quote)?;
    let terms = Terms { company: &company, currency: quote.currency, includes_tax: Some(quote.includes_tax) };
    let priced = price(db, &terms, asks(db, &added, "lines")?)?;
    let mut position = lines.iter().map(|line| line.position).max().unwrap_or(0);
    for priced in priced.lines {
        position += 1;
        lines.push(line_of(db, &quote.id, position, priced));
    }
    Ok(priced.warnings)
}

fn alter(lines: &mut Vec<QuoteLine>, text: &str, one: &LineChange, field: &str) -> ToolResult<()> {
    let text = text.trim();
    let by_position = text.parse::<i64>().ok();
    let fits = |line: &QuoteLine| {
        Some(line.position) == by_position
            || line.id.0 == text
            || line.sku.as_deref().is_some_and(|sku| maitred_kernel::fold(sku) == maitred_kernel::fold(text))
    };
    let Some(at) = lines.iter().position(fits) else {
        return Err(not_found("line", text)
            .field(format!("{field}.line"))
            .hint("give the number of a line of this quote"));
    };
    if one.qty.is_some_and(|quantity| quantity.thousandths() == 0) {
        lines.remove(at);
        return Ok(());
    }
    let line = &mut lines[at];
    if let Some(quantity) = one.qty {
        positive(quantity, &format!("{field}.qty"))?;
        line.quantity = quantity;
    }
    if let Some(price) = one.unit_price {
        if price.micros() < 0 {
            return Err(invalid(&format!("{field}.unit_price"), "must not be negative"));
        }
        line.unit_price = Some(price);
        line.price_source = BY_HAND.to_owned();
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
    Ok(())
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
    /// Day.
    valid_until: Option<Day>,
    /// Empty removes them.
    #[arg(max = 2000)]
    terms: Option<String>,
    /// Their reference.
    #[arg(max = 100)]
    po_reference: Option<String>,
    /// Id of the deal.
    #[arg(max = 80)]
    deal: Option<String>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    quote: String,
    /// Changes.
    changes: Option<Bare<Changes>>,
    /// line changes (qty 0 removes), product adds.
    #[arg(min = 1, max = 200)]
    lines: Option<Vec<Bare<LineChange>>>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The quote as it is now.
    quote: QuoteView,
    /// What somebody should look at.
    warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn a_draft_changes_in_place_and_an_accepted_one_not_at_all() {
        let fixture = Fixture::new(
            crate::shop::DOMAINS,
            shop!(
                r#"orders_quote_create {"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 2}, {"product": "REP", "qty": 1}]} as q=quote.id"#
            ),
        );
        let update = |args: &str| fixture.call("orders_quote_update", &fixture.filled(args)).json();
        let draft = update(r#"{"quote": "@q", "lines": [{"line": "REP", "qty": 0}]}"#);
        assert_eq!((&draft["quote"]["revision"], &draft["quote"]["gross"]), (&1.into(), &"20.00".into()));
        let none = update(r#"{"quote": "@q", "lines": [{"line": "1", "qty": 0}]}"#);
        assert_eq!(none["error"]["message"], "`lines` leave nothing to offer");
        fixture.call_confirmed("orders_quote_send", &fixture.filled(r#"{"quote": "@q"}"#));
        fixture.call_confirmed(
            "orders_quote_close",
            &fixture.filled(r#"{"quote": "@q", "outcome": "accepted", "by_contact": "@ada", "evidence": "said so on the phone"}"#),
        );
        let late = update(r#"{"quote": "@q", "changes": {"terms": "cash"}}"#);
        assert_eq!(late["error"]["code"], "illegal_transition");
    }
}
