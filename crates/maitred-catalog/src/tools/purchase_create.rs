//! `catalog_purchase_create`: a draft of an order to a supplier.

use std::collections::BTreeSet;

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Price, Quantity, Stamp};
use maitred_party::Company;
use maitred_party::org::{settings_of, today};
use maitred_party::store::{calendars, companies, numbers};

use crate::model::{
    ProductStatus, PurchaseId, PurchaseLine, PurchaseLineId, PurchaseOrder, PurchaseStatus, SupplierItem,
};
use crate::purchasing::{PurchaseView, purchase_view};
use crate::stock_rules::rounded_up;
use crate::store::products::Item;
use crate::store::{levels, locations, prices, suppliers};
use crate::tools::stock_adjust::stocked;

/// The tool.
pub struct PurchaseCreate;

impl Tool for PurchaseCreate {
    const NAME: &str = "catalog_purchase_create";
    const TITLE: &str = "Draft purchase order";
    const ABOUT: &str = "Draft a purchase order to a supplier; cost and pack sizes are filled in. \
                         Send it with catalog_purchase_send.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}, {"sku": "CH-2"}]} as chair;
                  catalog_supplier_item_save {"supplier": "@oak", "product": "CH-1", "cost": "4.25", "min_qty": 10, "multiple": 5, "lead_time_days": 7}"#,
        args: r#"{"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 12}, {"product": "CH-2", "qty": 2, "cost": "4"}], "location": "Main warehouse"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let supplier = companies::resolve(cx, &args.supplier, "supplier")?;
        let location = locations::resolve(cx, args.location.as_deref(), "location")?;
        let wanted = wanted(cx, &supplier, &args.lines)?;
        let currency = currency(cx, &supplier, &wanted, args.currency)?;
        let expected_on = match args.expected_on {
            Some(day) => Some(day),
            None => soonest(cx, &wanted)?,
        };
        let mut order = PurchaseOrder {
            id: PurchaseId(cx.fresh_id()),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            number: numbers::next(cx, "PO")?,
            company_id: supplier.id.clone(),
            location_id: location.id.clone(),
            expected_on,
            currency,
            status: PurchaseStatus::Draft,
            sent_at: None,
            closed_at: None,
            close_reason: None,
        };
        cx.insert(&mut order)?;
        let mut rounded = Vec::new();
        for (index, line) in wanted.into_iter().enumerate() {
            rounded.extend(add(cx, &order, index, line)?);
        }
        Ok(Output { id: order.id.0.clone(), purchase_order: purchase_view(cx, order)?, rounded })
    }
}

/// A line with what is known of the product and the supplier's terms.
struct Wanted {
    item: Item,
    offer: Option<SupplierItem>,
    qty: Quantity,
    cost: Option<Price>,
}

fn wanted(db: &Reader<'_>, supplier: &Company, lines: &[Line]) -> ToolResult<Vec<Wanted>> {
    let (mut wanted, mut seen) = (Vec::new(), BTreeSet::new());
    for (index, line) in lines.iter().enumerate() {
        let item = stocked(db, &line.product, &format!("lines[{index}].product"))?;
        if line.qty.thousandths() <= 0 {
            return Err(invalid(&format!("lines[{index}].qty"), "must be more than 0"));
        }
        if line.cost.is_some_and(|cost| cost.micros() < 0) {
            return Err(invalid(&format!("lines[{index}].cost"), "must not be negative"));
        }
        if matches!(item.product.status, ProductStatus::Discontinued | ProductStatus::Archived) {
            return Err(invalid(
                &format!("lines[{index}].product"),
                format!("`{}` is {}, so it is not bought any more", item.variant.sku, item.product.status),
            )
            .hint("activate it with catalog_product_transition, or buy its replacement"));
        }
        if !seen.insert(item.variant.id.clone()) {
            return Err(
                invalid(&format!("lines[{index}].product"), "is ordered twice").hint("add the lines up")
            );
        }
        let offer = suppliers::find(db, &supplier.id, &item.variant.id)?;
        wanted.push(Wanted { item, offer, qty: line.qty, cost: line.cost });
    }
    Ok(wanted)
}

/// The currency of the supplier's terms, which must be one; else the one they are dealt with in.
fn currency(
    db: &Reader<'_>,
    supplier: &Company,
    wanted: &[Wanted],
    given: Option<Currency>,
) -> ToolResult<Currency> {
    let mut terms = wanted.iter().filter(|line| line.cost.is_none()).filter_map(|line| line.offer.as_ref());
    let Some(first) = terms.next() else {
        return match given {
            Some(currency) => Ok(currency),
            None => prices::charged_in(db, &supplier.id),
        };
    };
    let wanted = given.unwrap_or(first.currency);
    match std::iter::once(first).chain(terms).find(|offer| offer.currency != wanted) {
        Some(other) => Err(invalid(
            "currency",
            format!("is {wanted}, but some terms of `{}` are in {}", supplier.name, other.currency),
        )
        .hint("give the cost of those lines, or make an order of each currency")),
        None => Ok(wanted),
    }
}

/// After the longest lead time, where all are known.
fn soonest(db: &Reader<'_>, wanted: &[Wanted]) -> ToolResult<Option<Day>> {
    let leads: Option<Vec<i64>> = wanted
        .iter()
        .map(|line| match &line.offer {
            Some(offer) => Some(offer.lead_time_days),
            None => Some(line.item.product.lead_time_days).filter(|days| *days > 0),
        })
        .collect();
    let Some(longest) = leads.and_then(|leads| leads.into_iter().max()) else { return Ok(None) };
    let calendar = calendars::working_time(db, None)?;
    calendar.add_working_days(today(db)?, longest).map(Some).map_err(ToolError::internal)
}

fn add(
    db: &Writer<'_>,
    order: &PurchaseOrder,
    index: usize,
    line: Wanted,
) -> ToolResult<Option<RoundedView>> {
    let qty = match &line.offer {
        Some(offer) => rounded_up(line.qty, offer.min_qty, offer.multiple),
        None => line.qty,
    };
    let cost = match (line.cost, &line.offer) {
        (Some(cost), _) => cost,
        (None, Some(offer)) => offer.cost,
        (None, None) => last_cost(db, order, &line.item)?.ok_or_else(|| {
            missing("cost").within(&format!("lines[{index}]")).hint(
                "no terms of this supplier and no last cost are known; give `cost`, or save terms with \
                 catalog_supplier_item_save",
            )
        })?,
    };
    let rounded = (qty != line.qty).then(|| RoundedView {
        sku: line.item.variant.sku.clone(),
        asked: line.qty,
        ordered: qty,
    });
    let mut made = PurchaseLine {
        id: PurchaseLineId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        purchase_id: order.id.clone(),
        position: index as i64 + 1,
        name: line.item.name(),
        variant_id: line.item.variant.id,
        sku: line.item.variant.sku,
        supplier_sku: line.offer.and_then(|offer| offer.supplier_sku),
        ordered: qty,
        received: Quantity::default(),
        damaged: Quantity::default(),
        closed_short: Quantity::default(),
        cost,
    };
    db.insert(&mut made)?;
    Ok(rounded)
}

/// What the product cost last, where the order is in the organisation's currency.
fn last_cost(db: &Reader<'_>, order: &PurchaseOrder, item: &Item) -> ToolResult<Option<Price>> {
    if order.currency != settings_of(db)?.currency {
        return Ok(None);
    }
    Ok(levels::cost(db, &item.variant.id)?.map(|cost| cost.last))
}

/// What to buy.
#[derive(ToolArgs)]
pub struct Line {
    /// SKU, barcode or id.
    #[arg(min = 1, max = 200)]
    product: String,
    /// Rounded up to packs.
    qty: Quantity,
    /// Default their terms.
    cost: Option<Price>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Company.
    #[arg(min = 1, max = 200)]
    supplier: String,
    /// Lines.
    #[arg(min = 1, max = 200)]
    lines: Vec<Line>,
    /// Where it goes; default first sellable.
    #[arg(max = 80)]
    location: Option<String>,
    /// Day; default lead time.
    expected_on: Option<Day>,
    /// Theirs.
    currency: Option<Currency>,
}

/// A quantity that was rounded up.
#[derive(ToolOutput)]
pub struct RoundedView {
    /// SKU.
    sku: String,
    /// What was asked for.
    asked: Quantity,
    /// What is ordered, by the supplier's minimum and packs.
    ordered: Quantity,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id of the order.
    id: String,
    /// The order.
    purchase_order: PurchaseView,
    /// Quantities that were rounded up.
    rounded: Vec<RoundedView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    const GIVEN: &str = r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}, {"sku": "CH-2"}]} as chair;
        catalog_supplier_item_save {"supplier": "@oak", "product": "CH-1", "cost": "4.25", "min_qty": 10, "multiple": 5, "lead_time_days": 7, "supplier_sku": "X9"}"#;

    #[test]
    fn rounds_up_to_packs_and_expects_after_the_lead_time() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_purchase_create",
            r#"{"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 3}]}"#,
            expect![[
                r##"{"id":"#1","purchase_order":{"id":"#1","version":1,"number":"PO-2026-00001","supplier":{"id":"@oak","name":"Oak"},"location":"Main warehouse","status":"draft","expected_on":"2026-03-11","late":false,"currency":"EUR","total":"42.50","lines":[{"line":1,"sku":"CH-1","name":"Chair","supplier_sku":"X9","ordered":"10","received":"0","open":"10","cost":"4.25","amount":"42.50"}]},"rounded":[{"sku":"CH-1","asked":"3","ordered":"10"}]}"##
            ]],
        );
    }

    #[test]
    fn a_cost_must_be_known() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_purchase_create",
            r#"{"supplier": "@oak", "lines": [{"product": "CH-2", "qty": 3}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"missing","message":"`cost` is required","field":"lines[0].cost","hint":"no terms of this supplier and no last cost are known; give `cost`, or save terms with catalog_supplier_item_save","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn terms_in_two_currencies_make_two_orders() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_purchase_create",
            r#"{"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 3}], "currency": "USD"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`currency` is USD, but some terms of `Oak` are in EUR","field":"currency","hint":"give the cost of those lines, or make an order of each currency","retryable":false}}"#
            ]],
        );
    }
}
