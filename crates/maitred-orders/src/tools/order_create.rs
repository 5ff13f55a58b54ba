//! `orders_order_create`: a draft order, from lines or from an earlier order.

use maitred_core::args::Bare;
use maitred_core::mode::{ModeSet, Module};
use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Currency, Day};
use maitred_party::Company;
use maitred_party::org::today;

use crate::lines::{Ask, LineArg, Priced, Terms, asks, book, currency_of, price, stock_warnings};
use crate::model::{OrderLine, OrderSource, Resolution, Return, ReturnStatus};
use crate::ordering::{NewLine, NewOrder, buyer, make, with_prices};
use crate::snapshot::ship_to;
use crate::states::{illegal, return_may};
use crate::store::{orders, returns};
use crate::views::{OrderView, order_with};

/// The tool.
pub struct OrderCreate;

impl Tool for OrderCreate {
    const NAME: &str = "orders_order_create";
    const TITLE: &str = "Create order";
    const ABOUT: &str = "Create a draft order from lines or from an earlier order, then confirm it with orders_order_confirm. \
                         Service creates only replacements and goodwill, with a reason.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: shop!(""),
        args: r#"{"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 4},
                  {"description": "Delivery", "qty": 1, "unit_price": "5", "discount": "100"}],
                  "requested_date": "2026-03-09", "reason": "goodwill for a late delivery"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let (company, contact) = buyer(cx, &args.company, args.contact.as_deref())?;
        let currency = currency_of(cx, &company)?;
        let today = today(cx)?;
        if args.requested_date.is_some_and(|day| day < today) {
            return Err(invalid("requested_date", "is in the past"));
        }
        let goods_return =
            args.for_return.as_deref().map(|text| to_replace(cx, &company, text)).transpose()?;
        let reason = args.reason.clone().or_else(|| {
            goods_return.as_ref().map(|found| format!("replacement for return {}", found.number))
        });
        may_create(cx, reason.as_deref())?;
        let source = match (&args.copy_of, &reason) {
            (_, Some(_)) => OrderSource::Replacement,
            (Some(_), None) => OrderSource::Reorder,
            (None, None) => OrderSource::Staff,
        };
        let (lines, mut warnings) = wanted(cx, &company, &args, goods_return.as_ref())?;
        let terms = Terms { company: &company, currency, includes_tax: None };
        let priced = price(cx, &terms, lines)?;
        with_prices(&priced, "lines")?;
        warnings.extend(priced.warnings);
        let new = NewOrder {
            contact: contact.map(|contact| contact.id),
            goods_return: goods_return.as_ref().map(|found| found.id.clone()),
            reason,
            po_reference: args.po_reference,
            requested_date: args.requested_date,
            ship_to: ship_to(cx, &company, args.ship_to.as_deref())?,
            ..NewOrder::plain(source, currency)
        };
        let lines = priced.lines.into_iter().map(|priced| NewLine { priced, quote_line: None }).collect();
        let (order, lines) = make(cx, &company, new, priced.includes_tax, lines)?;
        if let Some(found) = goods_return.filter(|found| found.status == ReturnStatus::Received) {
            let mut done = Return {
                status: ReturnStatus::Completed,
                completed_at: Some(maitred_kernel::wire::Moment::stamp(&***cx)),
                ..found.clone()
            };
            cx.update(&found, &mut done)?;
        }
        warnings.extend(missing_stock(cx, &lines)?);
        Ok(Output { order: order_with(cx, &order, &lines)?, warnings })
    }
}

/// Whoever only serves customers may make good, not sell.
fn may_create(db: &Reader<'_>, reason: Option<&str>) -> ToolResult<()> {
    let modes = db.caller().rights.writes(Module::Orders);
    let sells = modes.meets(ModeSet::of(&[Mode::Sales, Mode::Office]));
    if sells || reason.is_some_and(|reason| !reason.trim().is_empty()) {
        return Ok(());
    }
    Err(missing("reason").hint("service creates replacements and goodwill only: say what it makes good"))
}

/// A return of this company that is to be made good with goods and was not yet.
fn to_replace(db: &Reader<'_>, company: &Company, text: &str) -> ToolResult<Return> {
    let found = returns::resolve(db, text, "for_return")?;
    if found.company_id != company.id {
        return Err(invalid("for_return", "is of another customer"));
    }
    if found.resolution != Resolution::Replacement {
        return Err(invalid("for_return", format!("is made good by {}", found.resolution))
            .hint("orders_return_decide chooses how a return is made good"));
    }
    if let Some(order) = orders::of_return(db, &found.id)? {
        return Err(
            refused(Code::AlreadyDone, format!("order `{}` replaces it", order.number)).field("for_return")
        );
    }
    if found.status == ReturnStatus::Received || return_may(found.status, ReturnStatus::Received) {
        return Ok(found);
    }
    Err(illegal(
        "return",
        &found.number,
        found.status.as_str(),
        "replaced",
        "approve it with orders_return_decide",
    ))
}

/// The lines asked for; those of an earlier order as they would be today; or those of a return, free of charge.
fn wanted(
    db: &Reader<'_>,
    company: &Company,
    args: &Args,
    goods_return: Option<&Return>,
) -> ToolResult<(Vec<Ask>, Vec<String>)> {
    let given = match (&args.lines, &args.copy_of) {
        (Some(lines), None) => {
            let lines: Vec<LineArg> = lines.iter().map(|line| line.0.clone()).collect();
            return Ok((asks(db, &lines, "lines")?, Vec::new()));
        }
        (None, Some(text)) => {
            let earlier = orders::resolve(db, text, "copy_of")?;
            let lines = orders::lines(db, &earlier.id)?;
            (lines, Some(earlier.currency))
        }
        (None, None) => match goods_return {
            Some(found) => (replaced(db, found)?, None),
            None => return Err(missing("lines").hint("give lines, or copy_of with an earlier order")),
        },
        (Some(_), Some(_)) => return Err(invalid("copy_of", "is given beside `lines`")),
    };
    let (mut lines, warnings) = copied(db, company, &given.0, given.1)?;
    if goods_return.is_some() {
        lines.iter_mut().for_each(|line| line.discount = BasisPoints::from_bp(10_000));
    }
    if lines.is_empty() {
        return Err(refused(Code::Invalid, "nothing of it is for sale any more").hint(warnings.join("; ")));
    }
    Ok((lines, warnings))
}

fn replaced(db: &Reader<'_>, found: &Return) -> ToolResult<Vec<OrderLine>> {
    let back = returns::lines(db, &found.id)?;
    let mut lines = orders::lines(db, &found.order_id)?;
    lines.retain(|line| back.iter().any(|one| one.order_line_id == line.id));
    for line in &mut lines {
        if let Some(one) = back.iter().find(|one| one.order_line_id == line.id) {
            line.ordered = if one.received.thousandths() > 0 { one.received } else { one.quantity };
        }
    }
    Ok(lines)
}

/// What of earlier lines is sold today, and what is not or costs something else, in words.
pub(crate) fn copied(
    db: &Reader<'_>,
    company: &Company,
    lines: &[OrderLine],
    currency: Option<Currency>,
) -> ToolResult<(Vec<Ask>, Vec<String>)> {
    let variants: Vec<&str> = lines.iter().filter_map(|line| line.variant_id.as_deref()).collect();
    let mut items = book(db)?.sellables(db, &variants)?.into_iter();
    let (mut found, mut differences) = (Vec::new(), Vec::new());
    for line in lines {
        let item = if line.variant_id.is_some() { items.next().flatten() } else { None };
        let sku = line.sku.clone().unwrap_or_default();
        if line.variant_id.is_some() && !item.as_ref().is_some_and(|item| item.for_sale) {
            differences.push(match item.and_then(|item| item.replacement) {
                Some(other) => format!("`{sku}` is not sold any more; `{other}` takes its place"),
                None => format!("`{sku}` is not sold any more"),
            });
            continue;
        }
        found.push(Ask {
            // Words have no list to be priced by, so they keep their price.
            unit_price: item.is_none().then_some(line.unit_price),
            description: item.is_none().then(|| line.description.clone()),
            item,
            quantity: line.ordered,
            discount: line.discount_bp,
            field: "copy_of".to_owned(),
        });
    }
    if let Some(currency) = currency {
        let own = currency_of(db, company)?;
        let terms = Terms { company, currency: own, includes_tax: None };
        let priced = price(db, &terms, found.clone())?;
        differences.extend(priced.lines.iter().filter_map(|now| repriced(now, lines, own, currency)));
    }
    Ok((found, differences))
}

fn repriced(now: &Priced, lines: &[OrderLine], own: Currency, then: Currency) -> Option<String> {
    let item = now.item.as_ref()?;
    let before = lines.iter().find(|line| line.variant_id.as_deref() == Some(item.variant.as_str()))?;
    let price = now.unit_price?;
    (price != before.unit_price || own != then).then(|| {
        format!(
            "`{}` costs {} {own} now, {} {then} then",
            item.sku,
            price.format(own),
            before.unit_price.format(then)
        )
    })
}

/// What of an order is not in stock, in words.
pub(crate) fn missing_stock(db: &Reader<'_>, lines: &[OrderLine]) -> ToolResult<Vec<String>> {
    let goods: Vec<(&str, &str, maitred_kernel::Quantity)> = lines
        .iter()
        .filter(|line| line.ships())
        .filter_map(|line| Some((line.variant_id.as_deref()?, line.sku.as_deref()?, line.wanted())))
        .collect();
    stock_warnings(db, &goods)
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, name, domain or VAT id.
    #[arg(min = 1, max = 200)]
    company: String,
    /// Id or email.
    #[arg(max = 200)]
    contact: Option<String>,
    /// Lines.
    #[arg(min = 1, max = 200)]
    lines: Option<Vec<Bare<LineArg>>>,
    /// Earlier order, at today's prices.
    #[arg(max = 80)]
    copy_of: Option<String>,
    /// Return made good, free of charge.
    #[arg(max = 80)]
    for_return: Option<String>,
    /// Address id or text.
    #[arg(max = 500)]
    ship_to: Option<String>,
    /// Day.
    requested_date: Option<Day>,
    /// Their reference.
    #[arg(max = 100)]
    po_reference: Option<String>,
    /// Of a replacement or goodwill.
    #[arg(max = 500)]
    reason: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The order.
    order: OrderView,
    /// What somebody should look at: prices, tax, stock.
    warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check_with;

    use crate::shop::DOMAINS;

    #[test]
    fn an_order_is_for_a_price() {
        check_with(
            DOMAINS,
            shop!(
                r#"catalog_product_create {"name": "Stool", "kind": "goods", "variants": [{"sku": "ST"}]};
                     catalog_price_list_save {"code": "USD", "kind": "base", "currency": "USD"};
                     catalog_price_set {"price_list": "USD", "points": [{"product": "ST", "price": "8"}]};
                     catalog_product_transition {"product": "ST", "status": "active"}"#
            ),
            "orders_order_create",
            r#"{"company": "@acme", "lines": [{"product": "CH-1", "qty": 1}, {"product": "ST", "qty": 1}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`lines[1].unit_price` is needed: there is no price for `Stool`","field":"lines[1].unit_price","hint":"set one with catalog_price_set, or give unit_price","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_draft_is_not_sold() {
        check_with(
            DOMAINS,
            shop!(
                r#"catalog_product_create {"name": "Stool", "kind": "goods", "variants": [{"sku": "ST"}]}"#
            ),
            "orders_order_create",
            r#"{"company": "@acme", "lines": [{"product": "ST", "qty": 1}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`lines[0].product` `ST` is not for sale","field":"lines[0].product","hint":"only active products are sold; see catalog_product_get","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn lines_or_an_earlier_order() {
        check_with(
            DOMAINS,
            shop!(""),
            "orders_order_create",
            r#"{"company": "@acme"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"missing","message":"`lines` is required","field":"lines","hint":"give lines, or copy_of with an earlier order","retryable":false}}"#
            ]],
        );
    }
}
