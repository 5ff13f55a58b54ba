//! `catalog_price_adjust`: many prices at once, by a percentage.

use std::cmp::Reverse;

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity};
use maitred_party::org::today;

use crate::model::PriceList;
use crate::price_rounding::{Rounding, changed};
use crate::setting_prices::{self, Outcome, Setting};
use crate::store::prices::{self, HoldingPoint, Target};
use crate::store::products;

/// The tool.
pub struct PriceAdjust;

impl Tool for PriceAdjust {
    const NAME: &str = "catalog_price_adjust";
    const TITLE: &str = "Adjust prices";
    const ABOUT: &str = "Raise or lower many prices by a percentage with a rounding rule. \
                         Dry-run lists before and after.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write { long: true, ..Write::PREVIEWED };
    const EXAMPLE: Example = Example {
        given: r#"catalog_product_create {"name": "Chair", "kind": "goods", "category_path": "Furniture/Chairs", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"} as base;
                  catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}, {"product": "CH-1", "price": 9, "min_qty": 10}]}"#,
        args: r#"{"price_list": "@base", "category": "furniture", "percent": "3.5", "rounding": ".90", "valid_from": "2026-04-01"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let list = prices::resolve_list(cx, &args.price_list, "price_list")?;
        let today = today(cx)?;
        let from = args.valid_from.unwrap_or(today);
        if from < today {
            return Err(invalid("valid_from", "lies in the past, whose prices stay as they were"));
        }
        if args.percent.bp() == 0 || args.percent.bp() < -9_999 || args.percent.bp() > 100_000 {
            return Err(invalid("percent", "must be above -100, at most 1000, and not 0"));
        }
        let product =
            args.product.as_deref().map(|text| products::resolve_product(cx, text, "product")).transpose()?;
        let holding = prices::holding(
            cx,
            &list.id,
            from,
            args.category.as_deref(),
            args.brand.as_deref(),
            product.as_ref().map(|product| product.id.as_ref()),
        )?;
        let total = holding.len() as i64;
        let (outcome, mut changes) = adjust(cx, &args, &list, &holding, from)?;
        changes.retain(|change| change.difference != 0);
        changes.sort_by_key(|change| Reverse(change.difference.saturating_abs()));
        Ok(Output {
            price_list: list.code,
            currency: list.currency,
            valid_from: from,
            prices: total,
            created: outcome.created,
            closed: outcome.closed,
            replaced: outcome.replaced,
            unchanged: outcome.unchanged,
            largest_changes: changes.into_iter().take(SHOWN).map(|change| change.view).collect(),
        })
    }
}

/// Sets each price anew.
fn adjust(
    db: &Writer<'_>,
    args: &Args,
    list: &PriceList,
    holding: &[HoldingPoint],
    from: Day,
) -> ToolResult<(Outcome, Vec<Change>)> {
    let today = today(db)?;
    let target = Target::List(list.id.clone());
    let total = holding.len() as u64;
    let (mut outcome, mut changes) = (Outcome::default(), Vec::new());
    for (done, point) in (1_u64..).zip(holding) {
        let price = changed(point.unit_price, args.percent, args.rounding.unwrap_or(Rounding::None))
            .map_err(|_| invalid("percent", format!("makes the price of `{}` too large", point.sku)))?;
        let setting = Setting {
            target: &target,
            currency: list.currency,
            variant: &point.variant,
            sku: &point.sku,
            min_qty: point.min_qty,
            price,
            from,
            to: None,
        };
        if !list.prices_include_tax && !args.allow_below_cost.unwrap_or(false) {
            setting_prices::not_below_cost(db, &setting, today).map_err(|error| error.field("percent"))?;
        }
        setting_prices::set(db, &setting, today, &mut outcome)?;
        changes.push(change(point, price, list.currency));
        if done % EVERY == 0 || done == total {
            db.progress(done, Some(total), "prices");
            db.check_cancelled()?;
        }
    }
    Ok((outcome, changes))
}

/// Prices between two notices of progress.
const EVERY: u64 = 200;
/// Changes that are shown; all are counted.
const SHOWN: usize = 20;

struct Change {
    difference: i64,
    view: ChangeView,
}

fn change(point: &HoldingPoint, after: Price, currency: Currency) -> Change {
    Change {
        difference: after.micros() - point.unit_price.micros(),
        view: ChangeView {
            sku: point.sku.clone(),
            min_qty: point.min_qty,
            before: point.unit_price.format(currency),
            after: after.format(currency),
        },
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Code or id.
    #[arg(min = 1, max = 200)]
    price_list: String,
    /// 3.5 raises, -5 lowers.
    percent: BasisPoints,
    /// To multiples or endings (none).
    rounding: Option<Rounding>,
    /// First day (today).
    valid_from: Option<Day>,
    /// Path; those below count.
    #[arg(max = 200)]
    category: Option<String>,
    /// Brand.
    #[arg(max = 100)]
    brand: Option<String>,
    /// SKU, id or exact name.
    #[arg(max = 200)]
    product: Option<String>,
    /// Accept less than last cost.
    allow_below_cost: Option<bool>,
}

/// A price before and after.
#[derive(ToolOutput)]
pub struct ChangeView {
    /// SKU.
    sku: String,
    /// From this quantity on.
    min_qty: Quantity,
    /// Price before.
    before: String,
    /// Price after.
    after: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Code of the list.
    price_list: String,
    /// Currency.
    currency: Currency,
    /// First day of the new prices.
    valid_from: Day,
    /// How many prices fit.
    prices: i64,
    /// New prices.
    created: i64,
    /// Older prices that end the day before.
    closed: i64,
    /// Prices from the same day on that are others now.
    replaced: i64,
    /// Prices that stay as they are.
    unchanged: i64,
    /// The largest changes, at most twenty.
    largest_changes: Vec<ChangeView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    const GIVEN: &str = r#"catalog_product_create {"name": "Chair", "kind": "goods", "category_path": "Furniture/Chairs", "variants": [{"sku": "CH-1"}]} as chair;
        catalog_product_create {"name": "Lamp", "kind": "goods", "category_path": "Lamps", "variants": [{"sku": "LA-1"}]} as lamp;
        catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"} as base;
        catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10", "valid_from": "2026-01-01"}, {"product": "LA-1", "price": 9}]}"#;

    #[test]
    fn a_past_price_is_closed_and_never_edited() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_price_adjust",
            r#"{"price_list": "BASE", "category": "Furniture", "percent": -5, "rounding": "0.10", "dry_run": true}"#,
            expect![[
                r##"{"dry_run":true,"preview":{"action":"catalog_price_adjust","price_list":"BASE","currency":"EUR","valid_from":"2026-03-02","prices":1,"created":1,"closed":1,"replaced":0,"unchanged":0,"largest_changes":[{"sku":"CH-1","min_qty":"0","before":"10.00","after":"9.50"}]},"changes":[{"entity":"price_point","id":"#1","change":"updated","before":{"valid_to":null},"after":{"valid_to":"2026-03-01"}},{"entity":"price_point","id":"#2","change":"created","after":{"price_list_id":"@base","variant_id":"#3","currency":"EUR","min_qty":0,"unit_price":9500000,"valid_from":"2026-03-02"}}],"confirm":"75f677ccaceffc7dac9539a3"}"##
            ]],
        );
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_price_adjust",
            r#"{"price_list": "BASE", "percent": -5, "valid_from": "2026-03-01"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`valid_from` lies in the past, whose prices stay as they were","field":"valid_from","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn nothing_is_given_away() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_price_adjust",
            r#"{"price_list": "BASE", "percent": -100}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`percent` must be above -100, at most 1000, and not 0","field":"percent","retryable":false}}"#
            ]],
        );
    }
}
