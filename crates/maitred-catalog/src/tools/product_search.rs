//! `catalog_product_search`: products by text, category, attribute, supplier or stock.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Quantity};
use maitred_party::CompanyId;
use maitred_party::commerce::ProductKind;
use maitred_party::store::companies;

use crate::book::free;
use crate::model::ProductStatus;
use crate::quoting::{Quoter, sees_costs};
use crate::store::product_search::{self, FoundProduct, KEYS, ProductFilter};

/// The tool.
pub struct ProductSearch;

impl Tool for ProductSearch {
    const NAME: &str = "catalog_product_search";
    const TITLE: &str = "Search products";
    const ABOUT: &str = "Search products by text, SKU, barcode, category, attribute, supplier or stock; \
                         facets show how to narrow down.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme; catalog_product_create {"name": "Oak chair", "kind": "goods", "category_path": "Furniture/Chairs", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_product_transition {"product": "@chair", "status": "active"};
                  catalog_product_create {"name": "Oak table", "kind": "goods", "variants": [{"sku": "TA-1"}]} as table;
                  catalog_product_transition {"product": "@table", "status": "active"};
                  catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]}"#,
        args: r#"{"q": "oak", "company": "@acme", "facets": true}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let filter = args.filter(cx)?;
        let company = args.buyer(cx)?;
        let total = page.count.then(|| product_search::count(cx, &filter)).transpose()?;
        let facets = match args.facets.unwrap_or(false) {
            true => Some(facets(product_search::facets(cx, &filter)?)),
            false => None,
        };
        let (rows, next_cursor) = page.cut(product_search::search(cx, &filter, &page)?, FoundProduct::key);
        let views = views(cx, rows, company.as_ref())?;
        let products = views.into_iter().map(|view| Selected::new(view, mask)).collect();
        Ok(Output { products, facets, next_cursor, total })
    }
}

fn facets([categories, brands, statuses]: [Vec<(String, i64)>; 3]) -> FacetsView {
    let counted = |words: Vec<(String, i64)>| {
        let mut counts = Counts::default();
        words.iter().for_each(|(word, count)| counts.add(word, *count));
        counts
    };
    FacetsView { category: counted(categories), brand: counted(brands), status: counted(statuses) }
}

/// Rows as shown, each with what is there and what it costs the company.
pub(crate) fn views(
    db: &Reader<'_>,
    rows: Vec<FoundProduct>,
    company: Option<&CompanyId>,
) -> ToolResult<Vec<ListedProduct>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let variants = product_search::variants_of(db, &ids)?;
    let all: Vec<&str> = variants.values().flatten().map(|variant| variant.id.as_str()).collect();
    let quoter = Quoter::new(db, company, None, None, &all)?;
    let free = free(db, &all)?;
    rows.into_iter()
        .map(|row| {
            let own = variants.get(&row.id).map_or(&[][..], Vec::as_slice);
            let priced = match own.first() {
                Some(first) => quoter.price(&first.id, row.min_qty)?.chosen,
                None => None,
            };
            let stocked = row.kind != ProductKind::Service;
            let available: i64 = own.iter().filter_map(|variant| free.get(variant.id.as_str())).sum();
            Ok(ListedProduct {
                id: row.id,
                version: row.version,
                name: row.name,
                kind: row.kind,
                status: row.status,
                category: row.category,
                brand: row.brand,
                unit: row.unit,
                skus: own.iter().take(5).map(|variant| variant.sku.clone()).collect(),
                variants: own.len() as i64,
                available: stocked.then(|| Quantity::from_thousandths(available)),
                unit_price: priced.as_ref().map(|price| price.unit_price.format(quoter.currency)),
                price_source: priced.as_ref().map(|price| price.source.clone()),
                currency: priced.map(|_| quoter.currency),
            })
        })
        .collect()
}

impl Args {
    /// Whose prices are shown.
    pub(crate) fn buyer(&self, db: &Reader<'_>) -> ToolResult<Option<CompanyId>> {
        let company =
            self.company.as_deref().map(|text| companies::resolve(db, text, "company")).transpose()?;
        Ok(company.map(|company| company.id))
    }

    /// The filter these arguments mean. Drafts are for those who write them.
    pub(crate) fn filter(&self, db: &Reader<'_>) -> ToolResult<ProductFilter> {
        let supplier =
            self.supplier.as_deref().map(|text| companies::resolve(db, text, "supplier")).transpose()?;
        let mut statuses = vec![ProductStatus::Active, ProductStatus::Discontinued];
        if sees_costs(db) {
            statuses.push(ProductStatus::Draft);
        }
        let attribute = self.attribute.as_deref().map(|text| {
            text.split_once('=')
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .ok_or_else(|| invalid("attribute", "must be name=value"))
        });
        let filter = ProductFilter {
            category: self.category.clone(),
            statuses: self.status.map_or(statuses, |status| vec![status]),
            kind: self.kind,
            attribute: attribute.transpose()?,
            supplier: supplier.map(|company| company.id),
            in_stock: self.in_stock,
            ..ProductFilter::default()
        };
        match &self.q {
            Some(text) => filter.text(db, text),
            None => Ok(filter),
        }
    }
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
    /// Status.
    status: Option<ProductStatus>,
    /// Kind.
    kind: Option<ProductKind>,
    /// name=value.
    #[arg(max = 200)]
    attribute: Option<String>,
    /// Company that sells it to us.
    #[arg(max = 200)]
    supplier: Option<String>,
    /// Something can be sold.
    in_stock: Option<bool>,
    /// Whose prices.
    #[arg(max = 200)]
    company: Option<String>,
    /// Add facets.
    facets: Option<bool>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// A product as lists show it.
#[derive(ToolOutput)]
pub struct ListedProduct {
    /// Id.
    #[output(summary)]
    id: String,
    /// Version.
    #[output(summary)]
    version: i64,
    /// Name.
    #[output(summary)]
    name: String,
    /// What it is.
    #[output(summary)]
    kind: ProductKind,
    /// How far it is.
    #[output(summary)]
    status: ProductStatus,
    /// Path of its category.
    #[output(summary)]
    category: Option<String>,
    /// Brand.
    brand: Option<String>,
    /// Unit of measure.
    #[output(summary)]
    unit: String,
    /// SKUs, at most five.
    #[output(summary)]
    skus: Vec<String>,
    /// How many variants are in use.
    variants: i64,
    /// How much can be sold now, over all variants; missing for services.
    #[output(summary)]
    available: Option<Quantity>,
    /// Price of the first SKU; missing where there is none.
    #[output(summary)]
    unit_price: Option<String>,
    /// Currency of the price.
    #[output(summary)]
    currency: Option<Currency>,
    /// Where the price comes from.
    price_source: Option<String>,
}

/// How many products fit, by what would narrow them down.
#[derive(ToolOutput)]
pub struct FacetsView {
    /// By category.
    category: Counts,
    /// By brand.
    brand: Counts,
    /// By status.
    status: Counts,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Products, best match first, discontinued ones last.
    products: Vec<Selected<ListedProduct>>,
    /// The most frequent categories, brands and statuses.
    facets: Option<FacetsView>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::mode::Mode;
    use maitred_testkit::{Fixture, check};

    const THREE: &str = r#"
        catalog_product_create {"name": "Oak chair", "kind": "goods", "category_path": "Furniture/Chairs", "attributes": {"Wood": "Oak"}, "variants": [{"sku": "CH-1", "barcode": "96385074"}]} as chair;
        catalog_product_create {"name": "Chair of beech", "kind": "goods", "category_path": "Furniture/Chairs", "variants": [{"sku": "CH-10"}]} as beech;
        catalog_product_create {"name": "Chairman's lamp", "kind": "goods", "category_path": "Lamps", "variants": [{"sku": "LA-1"}]} as lamp;
        catalog_product_transition {"product": "@chair", "status": "active"};
        catalog_product_transition {"product": "@beech", "status": "active"};
        catalog_product_transition {"product": "@chair", "status": "discontinued"}"#;

    #[test]
    fn discontinued_products_come_last_unless_named() {
        check(
            &crate::DOMAIN,
            THREE,
            "catalog_product_search",
            r#"{"q": "chair", "fields": ["name", "status"], "facets": true}"#,
            expect![[
                r#"{"products":[{"id":"@beech","version":2,"name":"Chair of beech","status":"active"},{"id":"@lamp","version":1,"name":"Chairman's lamp","status":"draft"},{"id":"@chair","version":3,"name":"Oak chair","status":"discontinued"}],"facets":{"category":{"Furniture/Chairs":2,"Lamps":1},"brand":{},"status":{"active":1,"discontinued":1,"draft":1}}}"#
            ]],
        );
        check(
            &crate::DOMAIN,
            THREE,
            "catalog_product_search",
            r#"{"q": "ch-1", "fields": ["name"]}"#,
            expect![[
                r#"{"products":[{"id":"@chair","version":3,"name":"Oak chair"},{"id":"@beech","version":2,"name":"Chair of beech"}]}"#
            ]],
        );
    }

    #[test]
    fn narrows_by_category_attribute_and_stock() {
        let fixture = Fixture::new(&[&crate::DOMAIN], THREE);
        fixture.call(
            "catalog_stock_adjust",
            r#"{"lines": [{"product": "CH-10", "delta": 1, "reason": "found"}]}"#,
        );
        for (args, wanted) in [
            (r#"{"category": "furniture"}"#, "CH-10 CH-1"),
            (r#"{"category": "Furniture / Chairs", "in_stock": true}"#, "CH-10"),
            (r#"{"in_stock": false}"#, "LA-1 CH-1"),
            (r#"{"attribute": "wood=OAK"}"#, "CH-1"),
            (r#"{"q": "96385074"}"#, "CH-1"),
            (r#"{"status": "draft"}"#, "LA-1"),
            (r#"{"kind": "service"}"#, ""),
        ] {
            let answer = fixture.call("catalog_product_search", args).json();
            let skus: Vec<&str> = answer["products"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["skus"][0].as_str().unwrap())
                .collect();
            assert_eq!(skus.join(" "), wanted, "{args}");
        }
        let sales = fixture.caller(&[Mode::Sales], false);
        let seen = fixture.call_as(&sales, "catalog_product_search", r#"{"q": "lamp"}"#).unwrap().json();
        assert_eq!(seen["products"].as_array().unwrap().len(), 0, "a draft is for those who write it");
    }

    #[test]
    fn a_bundle_is_in_stock_when_its_parts_are() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"catalog_product_create {"name": "Leg", "kind": "goods", "variants": [{"sku": "LEG"}]};
               catalog_product_create {"name": "Top", "kind": "goods", "variants": [{"sku": "TOP"}]};
               catalog_product_create {"name": "Table", "kind": "bundle", "variants": [{"sku": "TAB", "parts": [{"product": "LEG", "qty": 4}, {"product": "TOP", "qty": 1}]}]};
               catalog_stock_adjust {"lines": [{"product": "LEG", "delta": 4, "reason": "found"}]}"#,
        );
        let there = |wanted: bool| {
            let args = format!(r#"{{"kind": "bundle", "in_stock": {wanted}}}"#);
            fixture.call("catalog_product_search", &args).json()["products"].as_array().unwrap().len()
        };
        assert_eq!((there(true), there(false)), (0, 1));
        fixture.call(
            "catalog_stock_adjust",
            r#"{"lines": [{"product": "TOP", "delta": 1, "reason": "found"}]}"#,
        );
        assert_eq!((there(true), there(false)), (1, 0));
    }

    #[test]
    fn an_attribute_is_a_name_and_a_value() {
        check(
            &crate::DOMAIN,
            "",
            "catalog_product_search",
            r#"{"attribute": "oak"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`attribute` must be name=value","field":"attribute","retryable":false}}"#
            ]],
        );
    }
}
