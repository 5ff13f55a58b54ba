//! `catalog_price_list_get`: the lists there are, or the prices of one list, product or customer on a day.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Quantity};
use maitred_party::org::today;
use maitred_party::store::companies;

use crate::store::prices::{self, ListedPoint, POINT_KEYS, PointFilter};
use crate::store::products::{self, named};
use crate::views::{ListView, list_view};

/// The tool.
pub struct PriceListGet;

impl Tool for PriceListGet {
    const NAME: &str = "catalog_price_list_get";
    const TITLE: &str = "Get price lists";
    const ABOUT: &str = "Price lists with validity, currency and tax basis; given a list, product or customer, the \
                         prices that hold on a day, past or planned.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"} as base;
                  catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}, {"product": "CH-1", "price": 9, "min_qty": 10}]}"#,
        args: r#"{"price_list": "@base", "product": "@chair", "as_of": "2026-04-01"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, POINT_KEYS)?;
        let day = match args.as_of {
            Some(day) => day,
            None => today(cx)?,
        };
        let list = args
            .price_list
            .as_deref()
            .map(|text| prices::resolve_list(cx, text, "price_list"))
            .transpose()?;
        let product =
            args.product.as_deref().map(|text| products::resolve_product(cx, text, "product")).transpose()?;
        let company =
            args.company.as_deref().map(|text| companies::resolve(cx, text, "company")).transpose()?;
        if list.is_none() && product.is_none() && company.is_none() {
            let lists: Vec<ListView> =
                prices::lists(cx)?.into_iter().map(|list| list_view(cx, list)).collect::<ToolResult<_>>()?;
            let total = page.count.then_some(lists.len() as i64);
            return Ok(Output {
                as_of: day,
                price_list: None,
                lists: Some(lists),
                prices: None,
                next_cursor: None,
                total,
            });
        }
        let filter = PointFilter {
            list: list.as_ref().map(|list| list.id.clone()),
            company: company.map(|company| company.id),
            product: product.map(|product| product.id.0),
            day,
        };
        let total = page.count.then(|| prices::count_points(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(prices::listed(cx, &filter, &page)?, ListedPoint::key);
        let rows = rows.into_iter().map(|row| Selected::new(view(row), mask)).collect();
        let list = list.map(|list| list_view(cx, list)).transpose()?;
        Ok(Output { as_of: day, price_list: list, lists: None, prices: Some(rows), next_cursor, total })
    }
}

fn view(row: ListedPoint) -> PointView {
    PointView {
        id: row.id,
        name: named(&row.product, &row.options),
        sku: row.sku,
        list: row.list,
        company: row.company,
        min_qty: row.min_qty,
        unit_price: row.unit_price.format(row.currency),
        currency: row.currency,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Code or id.
    #[arg(max = 200)]
    price_list: Option<String>,
    /// Id, SKU or exact name.
    #[arg(max = 200)]
    product: Option<String>,
    /// Own prices of a customer.
    #[arg(max = 200)]
    company: Option<String>,
    /// Day (today).
    as_of: Option<Day>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// A price.
#[derive(ToolOutput)]
pub struct PointView {
    /// Id.
    id: String,
    /// SKU.
    #[output(summary)]
    sku: String,
    /// Name.
    #[output(summary)]
    name: String,
    /// Code of the list.
    #[output(summary)]
    list: Option<String>,
    /// Customer whose price it is.
    #[output(summary)]
    company: Option<String>,
    /// From this quantity on.
    #[output(summary)]
    min_qty: Quantity,
    /// Price per unit.
    #[output(summary)]
    unit_price: String,
    /// Currency.
    #[output(summary)]
    currency: Currency,
    /// First day.
    #[output(summary)]
    valid_from: Day,
    /// Last day.
    #[output(summary)]
    valid_to: Option<Day>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The day the prices hold on.
    as_of: Day,
    /// The list asked for.
    price_list: Option<ListView>,
    /// Every list, when none was asked for.
    lists: Option<Vec<ListView>>,
    /// Prices, by SKU and quantity.
    prices: Option<Vec<Selected<PointView>>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    const GIVEN: &str = r#"company acme; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
        catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"} as base;
        catalog_price_list_save {"code": "TRADE", "kind": "assigned", "currency": "EUR", "assign_to": ["@acme"]};
        catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}]};
        catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "11", "valid_from": "2026-06-01"}]};
        catalog_price_set {"company": "@acme", "points": [{"product": "CH-1", "price": "8"}]}"#;

    #[test]
    fn names_the_lists_and_who_has_them() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_price_list_get",
            "{}",
            expect![[
                r##"{"as_of":"2026-03-02","lists":[{"id":"#1","version":1,"code":"TRADE","name":"TRADE","kind":"assigned","currency":"EUR","prices_include_tax":false,"priority":0,"assigned_to":[{"id":"@acme","name":"Acme"}],"assigned_count":1},{"id":"@base","version":1,"code":"BASE","name":"BASE","kind":"base","currency":"EUR","prices_include_tax":false,"priority":0}]}"##
            ]],
        );
    }

    #[test]
    fn a_planned_price_is_seen_on_its_day() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_price_list_get",
            r#"{"product": "CH-1", "as_of": "2026-06-01"}"#,
            expect![[
                r##"{"as_of":"2026-06-01","prices":[{"id":"#1","sku":"CH-1","name":"Chair","list":"BASE","min_qty":"0","unit_price":"11.00","currency":"EUR","valid_from":"2026-06-01"},{"id":"#2","sku":"CH-1","name":"Chair","company":"Acme","min_qty":"0","unit_price":"8.00","currency":"EUR","valid_from":"2026-03-02"}]}"##
            ]],
        );
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_price_list_get",
            r#"{"price_list": "base", "fields": ["unit_price", "valid_to"]}"#,
            expect![[
                r##"{"as_of":"2026-03-02","price_list":{"id":"@base","version":1,"code":"BASE","name":"BASE","kind":"base","currency":"EUR","prices_include_tax":false,"priority":0},"prices":[{"id":"#1","unit_price":"10.00","valid_to":"2026-05-31"}]}"##
            ]],
        );
    }
}
