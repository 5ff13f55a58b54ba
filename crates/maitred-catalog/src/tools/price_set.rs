//! `catalog_price_set`: prices of a list or of one customer.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity};
use maitred_party::org::today;
use maitred_party::store::companies;

use crate::setting_prices::{self, Outcome, Setting};
use crate::store::prices::{self, Target};
use crate::store::products;

/// The tool.
pub struct PriceSet;

impl Tool for PriceSet {
    const NAME: &str = "catalog_price_set";
    const TITLE: &str = "Set prices";
    const ABOUT: &str = "Set up to 500 price points: product, minimum quantity, price, dates; for a list or for one customer.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"} as base"#,
        args: r#"{"price_list": "@base", "points": [{"product": "@chair", "price": "120"},
                  {"product": "@chair", "price": "99.50", "min_qty": 10, "valid_from": "2026-04-01"}]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let (target, currency, name, includes_tax) = args.target(cx)?;
        let today = today(cx)?;
        let mut outcome = Outcome::default();
        let discount_changed = set_discount(cx, &target, args.discount)?;
        if args.points.is_none() && args.discount.is_none() {
            return Err(missing("points"));
        }
        for (index, Bare(point)) in args.points.iter().flatten().enumerate() {
            let field = format!("points[{index}]");
            let item = products::resolve(cx, &point.product, &format!("{field}.product"))?;
            let min_qty = point.min_qty.unwrap_or_default();
            if min_qty.thousandths() < 0 || point.price.micros() < 0 {
                return Err(invalid(&field, "must not be negative"));
            }
            let setting = Setting {
                target: &target,
                currency,
                variant: &item.variant.id,
                sku: &item.variant.sku,
                min_qty,
                price: point.price,
                from: point.valid_from.unwrap_or(today),
                to: point.valid_to,
            };
            if !includes_tax && !args.allow_below_cost.unwrap_or(false) {
                setting_prices::not_below_cost(cx, &setting, today).map_err(|error| error.within(&field))?;
            }
            setting_prices::set(cx, &setting, today, &mut outcome).map_err(|error| error.within(&field))?;
        }
        Ok(Output {
            target: name,
            currency,
            created: outcome.created,
            closed: outcome.closed,
            replaced: outcome.replaced,
            unchanged: outcome.unchanged,
            discount: args.discount.filter(|_| discount_changed),
        })
    }
}

/// Sets a customer's discount off base prices; false when there is nothing to change.
fn set_discount(db: &Writer<'_>, target: &Target, discount: Option<BasisPoints>) -> ToolResult<bool> {
    let Some(discount) = discount else { return Ok(false) };
    let Target::Company(company) = target else {
        return Err(invalid("discount", "is for a customer, not for a list"));
    };
    if !(0..=10_000).contains(&discount.bp()) {
        return Err(invalid("discount", "must be from 0 to 100"));
    }
    let list = prices::terms(db, company)?.and_then(|terms| terms.price_list_id);
    prices::set_terms(db, company, list.as_ref(), Some(discount))
}

impl Args {
    fn target(&self, db: &Reader<'_>) -> ToolResult<(Target, Currency, String, bool)> {
        match (&self.price_list, &self.company) {
            (Some(list), None) => {
                let list = prices::resolve_list(db, list, "price_list")?;
                if self.currency.is_some_and(|currency| currency != list.currency) {
                    return Err(invalid("currency", format!("must be {}, the list's", list.currency)));
                }
                Ok((Target::List(list.id), list.currency, list.code, list.prices_include_tax))
            }
            (None, Some(company)) => {
                let company = companies::resolve(db, company, "company")?;
                let currency = match self.currency {
                    Some(currency) => currency,
                    None => prices::charged_in(db, &company.id)?,
                };
                Ok((Target::Company(company.id), currency, company.name, false))
            }
            _ => Err(invalid("price_list", "or `company` must be given, not both")),
        }
    }
}

/// A price.
#[derive(ToolArgs)]
pub struct Point {
    /// SKU, barcode or id.
    #[arg(min = 1, max = 200)]
    product: String,
    /// Per unit, up to 6 decimals.
    price: Price,
    /// From this quantity on (0).
    min_qty: Option<Quantity>,
    /// First day (today).
    valid_from: Option<Day>,
    /// Last day (none).
    valid_to: Option<Day>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Code or id; or company.
    #[arg(max = 200)]
    price_list: Option<String>,
    /// Customer; or price_list.
    #[arg(max = 200)]
    company: Option<String>,
    /// Of a customer's prices (theirs).
    currency: Option<Currency>,
    /// Prices.
    #[arg(min = 1, max = 500)]
    points: Option<Vec<Bare<Point>>>,
    /// Percent off base prices for the customer.
    discount: Option<BasisPoints>,
    /// Accept less than last cost.
    allow_below_cost: Option<bool>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Code of the list or name of the customer.
    target: String,
    /// Currency of the prices.
    currency: Currency,
    /// New prices; one that goes on after a limited one counts too.
    created: i64,
    /// Older prices that end the day before.
    closed: i64,
    /// Prices from the same day on that are others now.
    replaced: i64,
    /// Prices that held already.
    unchanged: i64,
    /// The new discount, in percent.
    discount: Option<BasisPoints>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    const CHAIR: &str = r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
        catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"} as base;
        catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10", "valid_from": "2026-01-01"}]}"#;

    #[test]
    fn an_older_price_ends_and_goes_on() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_price_set",
            r#"{"price_list": "base", "dry_run": true, "points": [{"product": "CH-1", "price": 8, "valid_from": "2026-03-10", "valid_to": "2026-03-20"}]}"#,
            expect![[
                r##"{"dry_run":true,"preview":{"action":"catalog_price_set","target":"BASE","currency":"EUR","created":2,"closed":1,"replaced":0,"unchanged":0},"changes":[{"entity":"price_point","id":"#1","change":"updated","before":{"valid_to":null},"after":{"valid_to":"2026-03-09"}},{"entity":"price_point","id":"#2","change":"created","after":{"price_list_id":"@base","variant_id":"#3","currency":"EUR","min_qty":0,"unit_price":8000000,"valid_from":"2026-03-10","valid_to":"2026-03-20"}},{"entity":"price_point","id":"#4","change":"created","after":{"price_list_id":"@base","variant_id":"#3","currency":"EUR","min_qty":0,"unit_price":10000000,"valid_from":"2026-03-21"}}],"confirm":"4a1f6503ddaa59920b92fdf9"}"##
            ]],
        );
    }

    #[test]
    fn the_past_stays() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_price_set",
            r#"{"price_list": "base", "points": [{"product": "CH-1", "price": 8, "valid_from": "2026-02-10"}]}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"immutable","message":"the prices of `CH-1` in the past stay as they were","field":"points[0].valid_from","hint":"let it hold from today on, or later","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn prices_keep_six_digits_and_no_more() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_price_set",
            r#"{"price_list": "base", "points": [{"product": "CH-1", "price": "8.1234567"}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"too_precise","message":"must be a decimal number: `8.1234567` has more than 6 digits after the point","field":"points[0].price","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_list_or_a_customer() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_price_set",
            r#"{"points": [{"product": "CH-1", "price": 8}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`price_list` or `company` must be given, not both","field":"price_list","retryable":false}}"#
            ]],
        );
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_price_set",
            r#"{"price_list": "BASE"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"missing","message":"`points` is required","field":"points","retryable":false}}"#
            ]],
        );
    }
}
