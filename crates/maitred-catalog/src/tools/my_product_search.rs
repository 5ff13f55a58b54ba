//! `catalog_my_product_search`: the catalogue as one client sees it.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Quantity};
use maitred_party::CompanyId;

use crate::clients::{self, InStock};
use crate::model::ProductStatus;
use crate::quoting::Quoter;
use crate::store::product_search::{self, FoundProduct, KEYS, ProductFilter};
use crate::store::products;

/// The tool.
pub struct MyProductSearch;

impl Tool for MyProductSearch {
    const NAME: &str = "catalog_my_product_search";
    const TITLE: &str = "Search the catalogue";
    const ABOUT: &str = "Search the catalogue at your own prices and see whether an item can be delivered.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme; contact ada company=acme can-order=yes;
                  catalog_product_create {"name": "Oak chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_product_transition {"product": "@chair", "status": "active"};
                  catalog_product_create {"name": "Oak table", "kind": "goods", "variants": [{"sku": "TA-1"}]} as table;
                  catalog_product_transition {"product": "@table", "status": "active"};
                  catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
                  catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}]}"#,
        args: r#"{"q": "oak"}"#,
    };
    type Effect = Read;
    type Audience = Client;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read, Client>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let company = CompanyId(cx.client()?.company.clone());
        let filter = ProductFilter {
            category: args.category,
            statuses: vec![ProductStatus::Active],
            in_stock: args.in_stock,
            for_clients: true,
            ..ProductFilter::default()
        };
        let filter = match &args.q {
            Some(text) => filter.text(cx, text)?,
            None => filter,
        };
        let total = page.count.then(|| product_search::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(product_search::search(cx, &filter, &page)?, FoundProduct::key);
        let views = views(cx, rows, &company)?;
        let products = views.into_iter().map(|view| Selected::new(view, mask)).collect();
        Ok(Output { products, next_cursor, total })
    }
}

fn views(db: &Reader<'_>, rows: Vec<FoundProduct>, company: &CompanyId) -> ToolResult<Vec<MyProduct>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let variants = product_search::variants_of(db, &ids)?;
    let first = |product: &str| variants.get(product).and_then(|own| own.first());
    let firsts: Vec<&str> = rows.iter().filter_map(|row| first(&row.id)).map(|one| one.id.as_str()).collect();
    let items = products::items(db, &firsts)?;
    let quoter = Quoter::new(db, Some(company), None, None, &firsts)?;
    let asked: Vec<(&str, bool)> = firsts
        .iter()
        .map(|id| (*id, items.get(*id).is_some_and(|item| item.product.allow_backorder)))
        .collect();
    let words = clients::words_of(db, &asked)?;
    rows.iter()
        .map(|row| {
            let one = first(&row.id);
            let word = one.and_then(|one| firsts.iter().position(|id| *id == one.id)).map(|at| words[at]);
            let priced = match one {
                Some(one) => quoter.price(&one.id, row.min_qty)?.chosen,
                None => None,
            };
            let own = variants.get(&row.id).map_or(&[][..], Vec::as_slice);
            Ok(MyProduct {
                id: row.id.clone(),
                name: row.name.clone(),
                sku: one.map(|one| one.sku.clone()),
                other_skus: (own.len() > 1)
                    .then(|| own.iter().skip(1).take(9).map(|one| one.sku.clone()).collect()),
                category: row.category.clone(),
                brand: row.brand.clone(),
                unit: row.unit.clone(),
                min_qty: row.min_qty,
                your_price: priced.as_ref().map(|price| price.unit_price.format(quoter.currency)),
                includes_tax: priced.as_ref().map(|price| price.includes_tax),
                currency: priced.map(|_| quoter.currency),
                availability: word.unwrap_or(InStock::Unavailable),
            })
        })
        .collect()
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Word beginnings, SKU or barcode.
    #[arg(max = 200)]
    q: Option<String>,
    /// Path; those below count.
    #[arg(max = 200)]
    category: Option<String>,
    /// Only what is there.
    in_stock: Option<bool>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// A product as its buyer sees it.
#[derive(ToolOutput)]
pub struct MyProduct {
    /// Id.
    #[output(summary)]
    id: String,
    /// Name.
    #[output(summary)]
    name: String,
    /// SKU to order by.
    #[output(summary)]
    sku: Option<String>,
    /// SKUs of other variants.
    #[output(summary)]
    other_skus: Option<Vec<String>>,
    /// Category.
    category: Option<String>,
    /// Brand.
    brand: Option<String>,
    /// Unit of measure.
    #[output(summary)]
    unit: String,
    /// The least one can order.
    min_qty: Quantity,
    /// Your price per unit; missing where it must be asked for.
    #[output(summary)]
    your_price: Option<String>,
    /// Currency.
    #[output(summary)]
    currency: Option<Currency>,
    /// Whether tax is within the price.
    includes_tax: Option<bool>,
    /// Whether it can be delivered.
    #[output(summary)]
    availability: InStock,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Products, best match first.
    products: Vec<Selected<MyProduct>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn everybody_sees_their_own_price_and_nothing_else() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; contact ada company=acme can-order=yes; company rival; contact rex company=rival can-order=yes;
               catalog_product_import {"kind": "product", "csv": "sku,name,client_visible,active\nCH-1,Chair,yes,yes\nCH-2,Chair secret,no,yes\nCH-3,Chair draft,yes,no\nCH-4,Chair old,yes,yes"};
               catalog_product_transition {"product": "CH-4", "status": "discontinued"};
               catalog_product_import {"kind": "stock", "csv": "sku,qty,cost\nCH-1,1234,3.21"};
               catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
               catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}]};
               catalog_price_set {"company": "@acme", "points": [{"product": "CH-1", "price": "7.77"}]}"#,
        );
        let seen = |who: &str| {
            let caller = fixture.client_caller(who);
            fixture
                .call_as(&caller, "catalog_my_product_search", r#"{"q": "chair", "fields": ["*"]}"#)
                .unwrap()
        };
        let ada = seen("ada").json();
        assert_eq!(
            ada["products"].as_array().unwrap().len(),
            1,
            "hidden, drafted and discontinued ones are not shown"
        );
        assert_eq!(
            (ada["products"][0]["your_price"].as_str(), ada["products"][0]["availability"].as_str()),
            (Some("7.77"), Some("in stock"))
        );
        let rex = seen("rex");
        assert_eq!(rex.json()["products"][0]["your_price"], "10.00");
        for secret in ["7.77", "1234", "3.21", "BASE"] {
            assert!(!rex.raw.contains(secret), "{}", rex.raw);
        }
    }
}
