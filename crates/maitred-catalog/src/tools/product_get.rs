//! `catalog_product_get`: one product, as much of it as is asked for.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Price, Quantity, round};
use maitred_party::org::settings_of;
use maitred_party::store::companies;

use crate::model::{Product, Variant, VariantStatus};
use crate::quoting::{Quoter, sees_costs};
use crate::store::products::Item;
use crate::store::{levels, locations, products, suppliers};
use crate::views::{LevelView, Named, OfferView, PriceView, ProductView, StepView, level_view, product_view};

/// The tool.
pub struct ProductGet;

impl Tool for ProductGet {
    const NAME: &str = "catalog_product_get";
    const TITLE: &str = "Get product";
    const ABOUT: &str = "One product with variants and replacement; on request stock per location, prices (a company's) \
                         and suppliers.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]};
                  catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
                  catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}, {"product": "CH-1", "price": 9, "min_qty": 10}]}"#,
        args: r#"{"product": "@chair", "company": "@acme", "include": ["stock", "prices", "suppliers"]}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Selected<ProductView>;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Self::Output> {
        let mask = FieldMask::of(args.fields.as_deref(), FieldMask::all())?;
        let product = products::resolve_product(cx, &args.product, "product")?;
        let company =
            args.company.as_deref().map(|text| companies::resolve(cx, text, "company")).transpose()?;
        let include = args.include.unwrap_or_default();
        let variants = products::variants(cx, &product.id)?;
        let mut view = product_view(cx, product.clone())?;
        if include.contains(&Include::Stock) {
            view.stock = Some(stock(cx, &product, &variants)?);
        }
        if include.contains(&Include::Prices) || company.is_some() {
            let live: Vec<&Variant> =
                variants.iter().filter(|variant| variant.status == VariantStatus::Active).collect();
            let ids: Vec<&str> = live.iter().map(|variant| variant.id.as_ref()).collect();
            let quoter = Quoter::new(cx, company.as_ref().map(|company| &company.id), None, None, &ids)?;
            let prices = live.iter().map(|variant| price(cx, &quoter, variant, product.min_qty));
            view.prices = Some(prices.collect::<ToolResult<_>>()?);
        }
        if include.contains(&Include::Suppliers) {
            view.suppliers = Some(offers(cx, &variants)?);
        }
        Ok(Selected::new(view, mask))
    }
}

fn stock(db: &Reader<'_>, product: &Product, variants: &[Variant]) -> ToolResult<Vec<LevelView>> {
    let all = locations::all(db)?;
    let mut levels = Vec::new();
    for variant in variants {
        let item = Item { product: product.clone(), variant: variant.clone() };
        let there = levels::of_variant(db, &variant.id)?;
        for location in &all {
            if let Some((_, level)) =
                there.iter().find(|(id, level)| *id == location.id && level.on_hand != Quantity::default())
            {
                levels.push(level_view(&item, location, *level));
            }
        }
    }
    Ok(levels)
}

/// What a variant is sold for, and for those who may see it, what it costs.
fn price(db: &Reader<'_>, quoter: &Quoter, variant: &Variant, least: Quantity) -> ToolResult<PriceView> {
    let chosen = quoter.price(variant.id.as_ref(), least)?.chosen;
    let steps = quoter.steps(variant.id.as_ref(), least)?;
    let base = settings_of(db)?.currency;
    let cost = if sees_costs(db) { levels::cost(db, &variant.id)? } else { None };
    let margin = match (&chosen, cost) {
        (Some(chosen), Some(cost)) if quoter.currency == base && !chosen.includes_tax => {
            let left = chosen.unit_price.micros() - cost.average.micros();
            round::ratio_bp(left, chosen.unit_price.micros())
        }
        _ => None,
    };
    let shown = |price: Price, currency: Currency| price.format(currency);
    Ok(PriceView {
        sku: variant.sku.clone(),
        currency: quoter.currency,
        unit_price: chosen.as_ref().map(|chosen| shown(chosen.unit_price, quoter.currency)),
        includes_tax: chosen.as_ref().map(|chosen| chosen.includes_tax),
        source: chosen.map(|chosen| chosen.source),
        steps: (steps.len() > 1).then(|| {
            let step = |(from, price)| StepView { from, unit_price: shown(price, quoter.currency) };
            steps.into_iter().skip(1).map(step).collect()
        }),
        average_cost: cost.map(|cost| shown(cost.average, base)),
        margin,
    })
}

fn offers(db: &Reader<'_>, variants: &[Variant]) -> ToolResult<Vec<OfferView>> {
    let ids: Vec<&str> = variants.iter().map(|variant| variant.id.as_ref()).collect();
    let costs = sees_costs(db);
    let mut offers = Vec::new();
    for offer in suppliers::of_variants(db, &ids)? {
        let sku = variants.iter().find(|variant| variant.id == offer.variant_id);
        offers.push(offer_view(db, offer, sku.map_or("", |variant| &variant.sku), costs)?);
    }
    Ok(offers)
}

/// A supplier's terms as shown.
pub(crate) fn offer_view(
    db: &Reader<'_>,
    offer: crate::model::SupplierItem,
    sku: &str,
    costs: bool,
) -> ToolResult<OfferView> {
    let name =
        companies::find(db, offer.company_id.as_ref())?.map_or_else(String::new, |company| company.name);
    Ok(OfferView {
        id: offer.id,
        sku: sku.to_owned(),
        supplier: Named { id: offer.company_id.0, name },
        supplier_sku: offer.supplier_sku,
        cost: costs.then(|| offer.cost.format(offer.currency)),
        currency: offer.currency,
        min_qty: offer.min_qty,
        multiple: offer.multiple,
        lead_time_days: offer.lead_time_days,
        preferred: offer.preferred,
    })
}

/// Sections that cost a query of their own.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// Where stock lies.
    Stock,
    /// What it is sold for.
    Prices,
    /// Who sells it to us.
    Suppliers,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, SKU, barcode or exact name.
    #[arg(min = 1, max = 200)]
    product: String,
    /// Whose prices.
    #[arg(max = 200)]
    company: Option<String>,
    /// Sections to add.
    include: Option<Vec<Include>>,
    /// * shows all.
    fields: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::mode::Mode;
    use maitred_testkit::{Fixture, check};

    const GIVEN: &str = r#"company oak kind=supplier name=Oak_Works; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
        catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
        catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}, {"product": "CH-1", "price": 9, "min_qty": 10}]};
        catalog_supplier_item_save {"supplier": "@oak", "product": "CH-1", "cost": "4.25", "lead_time_days": 5, "preferred": true};
        catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 8}]} as po;
        catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"};
        catalog_purchase_receive {"purchase_order": "@po", "lines": [{"line": 1, "qty": 8}]}"#;

    #[test]
    fn the_office_sees_costs() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_product_get",
            r#"{"product": "ch-1", "include": ["prices", "suppliers", "stock"], "fields": ["prices", "suppliers", "stock"]}"#,
            expect![[
                r##"{"id":"@chair","version":1,"stock":[{"sku":"CH-1","location":"Main warehouse","on_hand":"8","reserved":"0","available":"8"}],"prices":[{"sku":"CH-1","currency":"EUR","unit_price":"10.00","source":"base list BASE","includes_tax":false,"steps":[{"from":"10","unit_price":"9.00"}],"average_cost":"4.25","margin":"57.5"}],"suppliers":[{"id":"#1","sku":"CH-1","supplier":{"id":"@oak","name":"Oak Works"},"cost":"4.25","currency":"EUR","min_qty":"1","multiple":"1","lead_time_days":5,"preferred":true}]}"##
            ]],
        );
    }

    #[test]
    fn sales_see_no_cost() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let sales = fixture.caller(&[Mode::Sales], false);
        let args = r#"{"product": "CH-1", "include": ["prices", "suppliers"]}"#;
        let answer = fixture.call_as(&sales, "catalog_product_get", args).unwrap().raw;
        assert!(answer.contains("\"unit_price\":\"10.00\"") && answer.contains("Oak Works"));
        assert!(!answer.contains("4.25") && !answer.contains("margin") && !answer.contains("average_cost"));
    }

    #[test]
    fn says_what_to_do_when_nothing_fits() {
        check(
            &crate::DOMAIN,
            "",
            "catalog_product_get",
            r#"{"product": "nothing"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no product fits `nothing`","field":"product","hint":"find it with catalog_product_search, then give the SKU or id","retryable":false}}"#
            ]],
        );
    }
}
