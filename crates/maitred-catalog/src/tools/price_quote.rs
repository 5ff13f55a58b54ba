//! `catalog_price_quote`: what a customer would pay, and why.

use maitred_core::prelude::*;
use maitred_kernel::round::line_net;
use maitred_kernel::{BasisPoints, Currency, Day, Quantity, format_minor};
use maitred_party::store::companies;

use crate::pricing::{Lost, Step};
use crate::quoting::Quoter;
use crate::store::products::{self, Item};

/// The tool.
pub struct PriceQuote;

impl Tool for PriceQuote {
    const NAME: &str = "catalog_price_quote";
    const TITLE: &str = "Quote prices";
    const ABOUT: &str = "What would this customer pay for this quantity on this day, and why. \
                         Use before promising a price.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
                  catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}, {"product": "CH-1", "price": 9, "min_qty": 10}]};
                  catalog_price_set {"company": "@acme", "discount": "5"}"#,
        args: r#"{"lines": [{"product": "@chair", "qty": 12}, {"product": "CH-1", "qty": "2.5"}], "company": "@acme"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let company =
            args.company.as_deref().map(|text| companies::resolve(cx, text, "company")).transpose()?;
        let items = items(cx, &args.lines)?;
        let ids: Vec<&str> = items.iter().map(|item| item.variant.id.as_ref()).collect();
        let buyer = company.as_ref().map(|company| &company.id);
        let quoter = Quoter::new(cx, buyer, args.date, args.currency, &ids)?;
        let lines: Vec<LineView> = args
            .lines
            .iter()
            .zip(&items)
            .map(|(line, item)| quoted(&quoter, item, line.qty))
            .collect::<ToolResult<_>>()?;
        let mut totals = Totals { net: 0, gross: 0, unpriced: 0, taxed_mix: (false, false) };
        lines.iter().for_each(|line| totals.add(line));
        Ok(Output {
            company: company.map(|company| company.name),
            day: quoter.day,
            currency: quoter.currency,
            total_excluding_tax: totals.taxed_mix.0.then(|| format_minor(totals.net, quoter.currency)),
            total_including_tax: totals.taxed_mix.1.then(|| format_minor(totals.gross, quoter.currency)),
            unpriced: totals.unpriced,
            lines: lines.into_iter().map(|line| line.view).collect(),
        })
    }
}

fn items(db: &Reader<'_>, lines: &[QtyLine]) -> ToolResult<Vec<Item>> {
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            if line.qty.thousandths() <= 0 {
                return Err(invalid(&format!("lines[{index}].qty"), "must be more than 0"));
            }
            products::resolve(db, &line.product, &format!("lines[{index}].product"))
        })
        .collect()
}

/// A line with its amount in minor units.
struct LineView {
    amount: Option<(i64, bool)>,
    view: QuotedLine,
}

/// Amounts of the lines by whether tax is within: the two are never added up.
struct Totals {
    net: i64,
    gross: i64,
    unpriced: i64,
    taxed_mix: (bool, bool),
}

impl Totals {
    fn add(&mut self, line: &LineView) {
        match line.amount {
            None => self.unpriced += 1,
            Some((amount, false)) => (self.net, self.taxed_mix.0) = (self.net + amount, true),
            Some((amount, true)) => (self.gross, self.taxed_mix.1) = (self.gross + amount, true),
        }
    }
}

fn quoted(quoter: &Quoter, item: &Item, qty: Quantity) -> ToolResult<LineView> {
    let id = item.variant.id.as_ref();
    let priced = quoter.price(id, qty)?;
    let candidates = quoter.candidates(id);
    let discarded = priced.lost.iter().map(|lost| discarded(quoter, candidates, lost)).collect();
    let amount = match &priced.chosen {
        Some(chosen) => {
            let net = line_net(qty, chosen.unit_price, BasisPoints::default(), quoter.currency);
            Some((net.map_err(ToolError::internal)?, chosen.includes_tax))
        }
        None => None,
    };
    let product = &item.product;
    let mut notes = Vec::new();
    if qty < product.min_qty || qty.thousandths() % product.multiple.thousandths() != 0 {
        notes.push(format!("is ordered from {} on, in multiples of {}", product.min_qty, product.multiple));
    }
    if !product.for_sale() {
        notes.push(format!("is {}", product.status));
    }
    if priced.chosen.is_none() {
        notes.push("no_price: set one with catalog_price_set".to_owned());
    }
    let view = QuotedLine {
        sku: item.variant.sku.clone(),
        name: item.name(),
        qty,
        unit: product.unit.clone(),
        unit_price: priced.chosen.as_ref().map(|chosen| chosen.unit_price.format(quoter.currency)),
        amount: amount.map(|(amount, _)| format_minor(amount, quoter.currency)),
        includes_tax: priced.chosen.as_ref().map(|chosen| chosen.includes_tax),
        list_price: priced.list_price.map(|price| price.format(quoter.currency)),
        source: priced.chosen.map(|chosen| chosen.source),
        discarded,
        notes: (!notes.is_empty()).then_some(notes),
    };
    Ok(LineView { amount, view })
}

fn discarded(quoter: &Quoter, candidates: &[crate::pricing::Candidate], lost: &Lost) -> Discarded {
    let candidate = &candidates[lost.index];
    Discarded {
        step: candidate.step,
        list: (!candidate.list.is_empty()).then(|| candidate.list.clone()),
        min_qty: candidate.min_qty,
        unit_price: candidate.unit_price.format(candidate.currency),
        currency: (candidate.currency != quoter.currency).then_some(candidate.currency),
        why: lost.why.clone(),
    }
}

/// A product and how much of it.
#[derive(ToolArgs)]
pub struct QtyLine {
    /// SKU, barcode or id.
    #[arg(min = 1, max = 200)]
    pub product: String,
    /// Quantity.
    pub qty: Quantity,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// What is bought.
    #[arg(min = 1, max = 100)]
    lines: Vec<QtyLine>,
    /// The customer; list prices without.
    #[arg(max = 200)]
    company: Option<String>,
    /// Day (today).
    date: Option<Day>,
    /// Theirs.
    currency: Option<Currency>,
}

/// A price that did not hold.
#[derive(ToolOutput)]
pub struct Discarded {
    /// Step of the waterfall.
    step: Step,
    /// Code of the list.
    list: Option<String>,
    /// From this quantity on.
    min_qty: Quantity,
    /// Price per unit.
    unit_price: String,
    /// Its currency, where it is another.
    currency: Option<Currency>,
    /// Why it did not hold.
    why: String,
}

/// A line with its price.
#[derive(ToolOutput)]
pub struct QuotedLine {
    /// SKU.
    sku: String,
    /// Name.
    name: String,
    /// Quantity.
    qty: Quantity,
    /// Unit of measure.
    unit: String,
    /// Price per unit, discounts within; missing where there is none.
    unit_price: Option<String>,
    /// Quantity times price.
    amount: Option<String>,
    /// Whether tax is within.
    includes_tax: Option<bool>,
    /// Where the price comes from.
    source: Option<String>,
    /// The base list's price before the discount.
    list_price: Option<String>,
    /// Everything else that could have been the price.
    discarded: Vec<Discarded>,
    /// What stands in the way.
    notes: Option<Vec<String>>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The customer.
    company: Option<String>,
    /// The day the prices hold on.
    day: Day,
    /// Currency.
    currency: Currency,
    /// Lines.
    lines: Vec<QuotedLine>,
    /// Sum of the lines whose prices are without tax.
    total_excluding_tax: Option<String>,
    /// Sum of the lines whose prices have tax within.
    total_including_tax: Option<String>,
    /// Lines without a price, which no total counts.
    unpriced: i64,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    const GIVEN: &str = r#"company acme kind=customer; company dollar currency=USD;
        catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
        catalog_product_transition {"product": "@chair", "status": "active"};
        catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
        catalog_price_list_save {"code": "TRADE", "kind": "assigned", "currency": "EUR", "assign_to": ["@acme"]};
        catalog_price_list_save {"code": "SPRING", "kind": "promotion", "currency": "EUR", "valid_from": "2026-03-20", "valid_to": "2026-04-20"};
        catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}]};
        catalog_price_set {"price_list": "TRADE", "points": [{"product": "CH-1", "price": "9"}, {"product": "CH-1", "price": "8.125", "min_qty": 100}]};
        catalog_price_set {"price_list": "SPRING", "points": [{"product": "CH-1", "price": "8.5"}]}"#;

    #[test]
    fn names_every_candidate_that_lost() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_price_quote",
            r#"{"lines": [{"product": "CH-1", "qty": 3}], "company": "@acme"}"#,
            expect![[
                r#"{"company":"Acme","day":"2026-03-02","currency":"EUR","lines":[{"sku":"CH-1","name":"Chair","qty":"3","unit":"C62","unit_price":"9.00","amount":"27.00","includes_tax":false,"source":"list TRADE","list_price":"10.00","discarded":[{"step":"assigned","list":"TRADE","min_qty":"100","unit_price":"8.125","why":"needs 100"},{"step":"base","list":"BASE","min_qty":"0","unit_price":"10.00","why":"list TRADE goes first"},{"step":"promotion","list":"SPRING","min_qty":"0","unit_price":"8.50","why":"holds from 2026-03-20"}]}],"total_excluding_tax":"27.00","unpriced":0}"#
            ]],
        );
    }

    #[test]
    fn the_day_and_the_quantity_decide() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_price_quote",
            r#"{"lines": [{"product": "CH-1", "qty": 3}, {"product": "CH-1", "qty": 100}], "company": "@acme", "date": "2026-04-01"}"#,
            expect![[
                r#"{"company":"Acme","day":"2026-04-01","currency":"EUR","lines":[{"sku":"CH-1","name":"Chair","qty":"3","unit":"C62","unit_price":"8.50","amount":"25.50","includes_tax":false,"source":"promotion SPRING","list_price":"10.00","discarded":[{"step":"assigned","list":"TRADE","min_qty":"100","unit_price":"8.125","why":"needs 100"},{"step":"assigned","list":"TRADE","min_qty":"0","unit_price":"9.00","why":"promotion SPRING is lower"},{"step":"base","list":"BASE","min_qty":"0","unit_price":"10.00","why":"list TRADE goes first"}]},{"sku":"CH-1","name":"Chair","qty":"100","unit":"C62","unit_price":"8.125","amount":"812.50","includes_tax":false,"source":"list TRADE","list_price":"10.00","discarded":[{"step":"assigned","list":"TRADE","min_qty":"0","unit_price":"9.00","why":"the price from 100 on is closer"},{"step":"base","list":"BASE","min_qty":"0","unit_price":"10.00","why":"list TRADE goes first"},{"step":"promotion","list":"SPRING","min_qty":"0","unit_price":"8.50","why":"is not lower"}]}],"total_excluding_tax":"838.00","unpriced":0}"#
            ]],
        );
    }

    #[test]
    fn no_price_is_never_zero() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_price_quote",
            r#"{"lines": [{"product": "CH-1", "qty": 1}], "company": "@dollar"}"#,
            expect![[
                r#"{"company":"Dollar","day":"2026-03-02","currency":"USD","lines":[{"sku":"CH-1","name":"Chair","qty":"1","unit":"C62","discarded":[{"step":"base","list":"BASE","min_qty":"0","unit_price":"10.00","currency":"EUR","why":"is in EUR"},{"step":"promotion","list":"SPRING","min_qty":"0","unit_price":"8.50","currency":"EUR","why":"is in EUR"}],"notes":["no_price: set one with catalog_price_set"]}],"unpriced":1}"#
            ]],
        );
    }

    #[test]
    fn says_which_line_is_wrong() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_price_quote",
            r#"{"lines": [{"product": "CH-1", "qty": 1}, {"product": "CH-9", "qty": 1}]}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no product fits `CH-9`","field":"lines[1].product","hint":"find it with catalog_product_search, then give the SKU or id","retryable":false}}"#
            ]],
        );
    }
}
