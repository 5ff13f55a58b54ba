//! `catalog_availability_check`: what can be delivered, from where and when.

use maitred_core::prelude::*;
use maitred_kernel::{Day, Quantity};
use maitred_party::commerce::{StockLedger, Wanted};
use maitred_party::org::today;

use crate::book::{Stock, free, replacement_sku};
use crate::store::products::{self, Item};
use crate::tools::price_quote::QtyLine;

/// The tool.
pub struct AvailabilityCheck;

impl Tool for AvailabilityCheck {
    const NAME: &str = "catalog_availability_check";
    const TITLE: &str = "Check availability";
    const ABOUT: &str = "Can we deliver these lines, from where and when. Use before promising a date.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]}"#,
        args: r#"{"lines": [{"product": "@chair", "qty": 8}, {"product": "CH-1", "qty": 8}], "needed_by": "2026-03-20"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mut items = Vec::new();
        for (index, line) in args.lines.iter().enumerate() {
            if line.qty.thousandths() <= 0 {
                return Err(invalid(&format!("lines[{index}].qty"), "must be more than 0"));
            }
            items.push(products::resolve(cx, &line.product, &format!("lines[{index}].product"))?);
        }
        let place = match &args.location {
            Some(text) => Some(Stock.place(cx, Some(text), "location")?.id),
            None => None,
        };
        let wanted: Vec<Wanted<'_>> = items
            .iter()
            .zip(&args.lines)
            .map(|(item, line)| Wanted { variant: item.variant.id.as_ref(), quantity: line.qty })
            .collect();
        let found = Stock.availability(cx, &wanted, place.as_deref())?;
        let mut lines = Vec::new();
        let (mut complete, mut latest) = (true, Some(today(cx)?));
        for ((item, line), there) in items.iter().zip(&args.lines).zip(found) {
            let short = there.shortfall.thousandths() > 0;
            complete &= !short;
            latest = latest.zip(there.earliest).map(|(one, other)| one.max(other));
            let late = match (args.needed_by, there.earliest) {
                (Some(by), Some(day)) => Some(day > by),
                (Some(_), None) => Some(true),
                (None, _) => None,
            };
            let needs_other = short && late.unwrap_or(true);
            lines.push(LineView {
                sku: item.variant.sku.clone(),
                name: item.name(),
                qty: line.qty,
                available_now: there.available,
                from: there
                    .from
                    .into_iter()
                    .map(|(place, qty)| FromView { location: place.name, qty })
                    .collect(),
                shortfall: there.shortfall,
                earliest_date: there.earliest,
                late,
                alternatives: if needs_other { alternatives(cx, item)? } else { None },
            });
        }
        Ok(Output { complete_now: complete, complete_on: latest, lines })
    }
}

/// What to take instead: the replacement and the other variants of the product, where something is there.
fn alternatives(db: &Reader<'_>, item: &Item) -> ToolResult<Option<Vec<AlternativeView>>> {
    let mut others: Vec<Item> = Vec::new();
    if let Some(sku) = replacement_sku(db, item.product.replacement_id.as_ref())? {
        others.push(products::resolve(db, &sku, "product")?);
    }
    for variant in products::variants(db, &item.product.id)? {
        if variant.id != item.variant.id && variant.status == crate::model::VariantStatus::Active {
            others.push(Item { product: item.product.clone(), variant });
        }
    }
    others.retain(|other| other.product.for_sale());
    let ids: Vec<&str> = others.iter().map(|other| other.variant.id.as_ref()).collect();
    let free = free(db, &ids)?;
    let views: Vec<AlternativeView> = others
        .iter()
        .filter_map(|other| {
            let there = free.get(other.variant.id.as_ref()).copied().filter(|there| *there > 0)?;
            Some(AlternativeView {
                sku: other.variant.sku.clone(),
                name: other.name(),
                available_now: Quantity::from_thousandths(there),
            })
        })
        .take(3)
        .collect();
    Ok((!views.is_empty()).then_some(views))
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// What is wanted.
    #[arg(min = 1, max = 100)]
    lines: Vec<QtyLine>,
    /// Day it must be there.
    needed_by: Option<Day>,
    /// Only from this location.
    #[arg(max = 80)]
    location: Option<String>,
}

/// From where how much.
#[derive(ToolOutput)]
pub struct FromView {
    /// Location.
    location: String,
    /// How much.
    qty: Quantity,
}

/// Something to take instead.
#[derive(ToolOutput)]
pub struct AlternativeView {
    /// SKU.
    sku: String,
    /// Name.
    name: String,
    /// How much of it is there.
    available_now: Quantity,
}

/// What can be delivered of a line.
#[derive(ToolOutput)]
pub struct LineView {
    /// SKU.
    sku: String,
    /// Name.
    name: String,
    /// How much is wanted.
    qty: Quantity,
    /// How much of it is there.
    available_now: Quantity,
    /// From where.
    from: Vec<FromView>,
    /// How much is missing.
    shortfall: Quantity,
    /// When all of it can be there: from orders under way, else after the lead time; missing when nobody knows.
    earliest_date: Option<Day>,
    /// Whether that is after the day it is needed.
    late: Option<bool>,
    /// What is there instead.
    alternatives: Option<Vec<AlternativeView>>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Whether everything is there now.
    complete_now: bool,
    /// When everything can be there; missing when nobody knows.
    complete_on: Option<Day>,
    /// Lines; two of one product share what is there.
    lines: Vec<LineView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    const GIVEN: &str = r#"company oak kind=supplier;
        catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1", "options": {"size": "S"}}, {"sku": "CH-2", "options": {"size": "L"}}]} as chair;
        catalog_product_transition {"product": "@chair", "status": "active"};
        catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}, {"product": "CH-2", "delta": 3, "reason": "found"}]};
        catalog_supplier_item_save {"supplier": "@oak", "product": "CH-1", "cost": "4", "lead_time_days": 10};
        catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10}], "expected_on": "2026-03-09"} as po;
        catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"}"#;

    #[test]
    fn lines_share_what_is_there_and_what_is_coming() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_availability_check",
            r#"{"lines": [{"product": "CH-1", "qty": 10}, {"product": "CH-1", "qty": 10}, {"product": "CH-1", "qty": 10}], "needed_by": "2026-03-10"}"#,
            expect![[
                r#"{"complete_now":false,"complete_on":"2026-03-16","lines":[{"sku":"CH-1","name":"Chair (S)","qty":"10","available_now":"10","from":[{"location":"Main warehouse","qty":"10"}],"shortfall":"0","earliest_date":"2026-03-02","late":false},{"sku":"CH-1","name":"Chair (S)","qty":"10","available_now":"2","from":[{"location":"Main warehouse","qty":"2"}],"shortfall":"8","earliest_date":"2026-03-09","late":false},{"sku":"CH-1","name":"Chair (S)","qty":"10","available_now":"0","from":[],"shortfall":"10","earliest_date":"2026-03-16","late":true,"alternatives":[{"sku":"CH-2","name":"Chair (L)","available_now":"3"}]}]}"#
            ]],
        );
    }

    #[test]
    fn nobody_knows_when_without_supplier_and_lead_time() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_availability_check",
            r#"{"lines": [{"product": "CH-2", "qty": 4}]}"#,
            expect![[
                r#"{"complete_now":false,"lines":[{"sku":"CH-2","name":"Chair (L)","qty":"4","available_now":"3","from":[{"location":"Main warehouse","qty":"3"}],"shortfall":"1","alternatives":[{"sku":"CH-1","name":"Chair (S)","available_now":"12"}]}]}"#
            ]],
        );
    }

    #[test]
    fn a_quantity_is_more_than_nothing() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_availability_check",
            r#"{"lines": [{"product": "CH-2", "qty": 0}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`lines[0].qty` must be more than 0","field":"lines[0].qty","retryable":false}}"#
            ]],
        );
    }
}
