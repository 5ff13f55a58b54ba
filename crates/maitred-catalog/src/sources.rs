//! What catalog gives to the modules that look at every domain: search, exports, briefs, what depends on a company.

use std::sync::Arc;

use maitred_core::args::{Object, parse_object};
use maitred_core::mode::Module;
use maitred_core::ports::Ports;
use maitred_core::prelude::*;
use maitred_kernel::tokens;
use maitred_party::org::{settings_of, today};
use maitred_party::sources::{
    BriefSource, Dependents, ExportSource, Hit, SearchSource, SettingSource, export_rows,
};
use maitred_party::{CompanyId, ContactId};

use crate::locations_section::Locations;
use crate::model::{PriceList, PurchaseOrder};
use crate::policy::PolicySection;
use crate::store::prices;
use crate::store::product_search::{self, FoundProduct};
use crate::store::products::{self, KIND};
use crate::store::purchases::{self, FoundPurchase};
use crate::store::stock_lists::{self, FoundLevel, FoundMove, LEVEL_KEYS, MOVE_KEYS};
use crate::tools::{
    movement_search, product_search as product_tool, purchase_search, stock_list, stock_report,
};

/// Adds what this module gives.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn SearchSource>(Arc::new(CatalogSearch));
    ports.provide::<dyn SettingSource>(Arc::new(Locations));
    ports.provide::<dyn SettingSource>(Arc::new(PolicySection));
    ports.provide::<dyn Dependents>(Arc::new(OpenPurchases));
    ports.provide::<dyn BriefSource>(Arc::new(TermsBrief));
    ports.provide::<dyn ExportSource>(Arc::new(ProductExport));
    ports.provide::<dyn ExportSource>(Arc::new(StockExport));
    ports.provide::<dyn ExportSource>(Arc::new(MovementExport));
    ports.provide::<dyn ExportSource>(Arc::new(PurchaseExport));
    ports.provide::<dyn ExportSource>(Arc::new(ReportExport));
}

/// Score of a hit by SKU, barcode or number.
const EXACT: i64 = 1_000;

/// Finds products and orders to suppliers by a piece of text.
pub struct CatalogSearch;

impl SearchSource for CatalogSearch {
    fn module(&self) -> Module {
        Module::Catalog
    }

    fn kinds(&self) -> &'static [&'static str] {
        &[KIND, "purchase_order"]
    }

    /// What costs and what a customer pays are for the office.
    fn entities(&self) -> &'static [&'static str] {
        &["product", "variant", "bundle_item", "category", "location"]
    }

    fn search(&self, db: &Reader<'_>, text: &str, limit: usize) -> ToolResult<Vec<Hit>> {
        let mut hits: Vec<Hit> = Vec::new();
        if db.menu().find("catalog_product_get").is_some() {
            let by_sku = products::by_sku(db, text)?.map(|variant| (variant, "sku"));
            let by_code =
                products::by_barcode(db, text.trim())?.into_iter().map(|variant| (variant, "barcode"));
            for (variant, why) in by_sku.into_iter().chain(by_code) {
                if let Some(item) = products::item(db, variant.id.as_ref())? {
                    let hit = Hit {
                        kind: KIND,
                        label: item.name(),
                        number: Some(item.variant.sku),
                        id: item.product.id.0,
                        why,
                        score: EXACT,
                    };
                    push(&mut hits, hit);
                }
            }
            let terms = tokens(text);
            if !terms.is_empty() {
                for (score, id, name, sku) in product_search::text_hits(db, &terms, limit)? {
                    let score = score.min(EXACT - 1);
                    push(&mut hits, Hit { kind: KIND, id, number: sku, label: name, why: "text", score });
                }
            }
        }
        if db.menu().find("catalog_purchase_get").is_some()
            && let Ok(order) = purchases::resolve(db, text, "text")
        {
            let label = supplier_of(db, &order)?;
            let (id, number) = (order.id.0, Some(order.number));
            push(&mut hits, Hit { kind: "purchase_order", id, number, label, why: "number", score: EXACT });
        }
        hits.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        hits.truncate(limit);
        Ok(hits)
    }
}

fn push(hits: &mut Vec<Hit>, hit: Hit) {
    if hits.iter().all(|known| known.id != hit.id) {
        hits.push(hit);
    }
}

fn supplier_of(db: &Reader<'_>, order: &PurchaseOrder) -> ToolResult<String> {
    let company = maitred_party::store::companies::find(db, order.company_id.as_ref())?;
    Ok(company.map_or_else(String::new, |company| company.name))
}

/// Orders to a company that are not done keep it from being archived.
pub struct OpenPurchases;

impl Dependents for OpenPurchases {
    fn of_company(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<String>> {
        let open = purchases::open_of(db, company)?;
        Ok(open.into_iter().map(|(number, status)| format!("purchase order {number} is {status}")).collect())
    }

    fn of_contact(&self, _: &Reader<'_>, _: &ContactId) -> ToolResult<Vec<String>> {
        Ok(Vec::new())
    }
}

/// What a company is charged by, and what is under way from it.
pub struct TermsBrief;

impl BriefSource for TermsBrief {
    fn module(&self) -> Module {
        Module::Catalog
    }

    fn section(&self) -> &'static str {
        "terms"
    }

    fn brief(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Option<String>> {
        let mut json = serde_json::Map::new();
        if db.menu().find("catalog_price_quote").is_some() {
            if let Some(terms) = prices::terms(db, company)? {
                if let Some(list) = &terms.price_list_id
                    && let Some(list) = db.get::<PriceList>(list.as_ref())?
                {
                    json.insert("price_list".to_owned(), list.code.into());
                }
                if terms.discount_bp.bp() != 0 {
                    json.insert("discount_percent".to_owned(), terms.discount_bp.to_string().into());
                }
            }
            let own = prices::own_prices(db, company, today(db)?)?;
            if own > 0 {
                json.insert("own_prices".to_owned(), own.into());
            }
        }
        if db.menu().find("catalog_purchase_get").is_some() {
            let open: Vec<String> =
                purchases::open_of(db, company)?.into_iter().map(|(number, _)| number).collect();
            if !open.is_empty() {
                json.insert("open_purchase_orders".to_owned(), open.into());
            }
        }
        Ok((!json.is_empty()).then(|| serde_json::Value::Object(json).to_string()))
    }
}

/// Rows of the product search.
pub struct ProductExport;

impl ExportSource for ProductExport {
    fn dataset(&self) -> &'static str {
        "catalog_product_search"
    }

    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let args: product_tool::Args = parse_object(Object::parse(filter)?)?;
        let mask = FieldMask::of(fields, FieldMask::summary())?;
        let (filter, company) = (args.filter(db)?, args.buyer(db)?);
        let read = |page: &Page| product_search::search(db, &filter, page);
        let view = |found: FoundProduct| {
            let mut views = product_tool::views(db, vec![found], company.as_ref())?;
            views.pop().ok_or_else(|| refused(Code::NotFound, "the product is gone"))
        };
        export_rows(db, product_search::KEYS, mask, read, FoundProduct::key, view, row)
    }
}

/// Rows of the list of stock.
pub struct StockExport;

impl ExportSource for StockExport {
    fn dataset(&self) -> &'static str {
        "catalog_stock_list"
    }

    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let args: stock_list::Args = parse_object(Object::parse(filter)?)?;
        let mask = FieldMask::of(fields, FieldMask::summary())?;
        let filter = args.filter(db)?;
        let read = |page: &Page| stock_lists::levels(db, &filter, page);
        let view = |found: FoundLevel| {
            let mut views = stock_list::views(db, vec![found])?;
            views.pop().ok_or_else(|| refused(Code::NotFound, "the level is gone"))
        };
        export_rows(db, LEVEL_KEYS, mask, read, FoundLevel::key, view, row)
    }
}

/// Rows of the stock ledger.
pub struct MovementExport;

impl ExportSource for MovementExport {
    fn dataset(&self) -> &'static str {
        "catalog_movement_search"
    }

    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let args: movement_search::Args = parse_object(Object::parse(filter)?)?;
        let mask = FieldMask::of(fields, FieldMask::summary())?;
        let (filter, currency) = (args.filter(db)?, settings_of(db)?.currency);
        let read = |page: &Page| stock_lists::moves(db, &filter, page);
        let view = |found: FoundMove| Ok(movement_search::view(found, &filter, currency));
        export_rows(db, MOVE_KEYS, mask, read, FoundMove::key, view, row)
    }
}

/// Rows of the search of orders to suppliers.
pub struct PurchaseExport;

impl ExportSource for PurchaseExport {
    fn dataset(&self) -> &'static str {
        "catalog_purchase_search"
    }

    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let args: purchase_search::Args = parse_object(Object::parse(filter)?)?;
        let mask = FieldMask::of(fields, FieldMask::summary())?;
        let (filter, today) = (args.filter(db)?, today(db)?);
        let read = |page: &Page| purchases::search(db, &filter, page);
        let view = |found: FoundPurchase| purchase_search::view(db, found, today);
        export_rows(db, purchases::KEYS, mask, read, FoundPurchase::key, view, row)
    }
}

/// Rows of the stock report.
pub struct ReportExport;

impl ExportSource for ReportExport {
    fn dataset(&self) -> &'static str {
        "catalog_stock_report"
    }

    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let args: stock_report::Args = parse_object(Object::parse(filter)?)?;
        let mask = FieldMask::of(fields, FieldMask::all())?;
        for found in args.report(db)?.rows {
            let json =
                serde_json::to_string(&Selected::new(found.view, mask)).map_err(ToolError::internal)?;
            if !row(&json)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    use super::*;

    const GIVEN: &str = r#"company oak kind=supplier; company acme kind=customer;
        catalog_product_create {"name": "Oak chair", "kind": "goods", "variants": [{"sku": "CH-1", "barcode": "96385074"}, {"sku": "CH-2"}]} as chair;
        catalog_product_create {"name": "Oak lamp", "kind": "goods", "variants": [{"sku": "LA-1"}]} as lamp;
        catalog_price_list_save {"code": "TRADE", "kind": "assigned", "currency": "EUR", "assign_to": ["@acme"]};
        catalog_price_set {"company": "@acme", "discount": "5", "points": [{"product": "CH-1", "price": "7"}]};
        catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}, {"product": "LA-1", "qty": 5, "cost": "7"}]} as po;
        catalog_purchase_send {"purchase_order": "@po", "to": "orders@oak.example"};
        catalog_purchase_receive {"purchase_order": "@po", "lines": [{"line": "1", "qty": 10}]}"#;

    #[test]
    fn what_names_a_record_for_sure_comes_first() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        for (text, wanted, why) in
            [("ch-1", "chair", "sku"), ("96385074", "chair", "barcode"), ("po-2026-00001", "po", "number")]
        {
            let hits = fixture.read(|db| CatalogSearch.search(db, text, 10)).unwrap();
            assert_eq!((hits[0].id.clone(), hits[0].why, hits[0].score), (fixture.id(wanted), why, EXACT));
        }
        let fuzzy = fixture.read(|db| CatalogSearch.search(db, "oak", 10)).unwrap();
        assert_eq!(fuzzy.len(), 2);
        assert!(fixture.read(|db| CatalogSearch.search(db, "nothing", 10)).unwrap().is_empty());
    }

    #[test]
    fn a_supplier_with_open_orders_is_not_archived_and_a_customer_has_terms() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let (oak, acme) = (CompanyId(fixture.id("oak")), CompanyId(fixture.id("acme")));
        let open = fixture.read(|db| OpenPurchases.of_company(db, &oak)).unwrap();
        assert_eq!(open, ["purchase order PO-2026-00001 is partially_received"]);
        let brief = |company: &CompanyId| fixture.read(|db| TermsBrief.brief(db, company)).unwrap();
        assert_eq!(
            brief(&acme).as_deref(),
            Some(r#"{"discount_percent":"5","own_prices":1,"price_list":"TRADE"}"#)
        );
        assert_eq!(brief(&oak).as_deref(), Some(r#"{"open_purchase_orders":["PO-2026-00001"]}"#));
    }

    /// Invariant 47.
    #[test]
    fn exports_have_the_rows_of_the_search() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let sources: [(&dyn ExportSource, &str, &str); 5] = [
            (&ProductExport, "products", r#"{"q": "oak", "company": "Acme"}"#),
            (&StockExport, "rows", "{}"),
            (&MovementExport, "moves", r#"{"product": "CH-1"}"#),
            (&PurchaseExport, "purchase_orders", r#"{"status": "partially_received"}"#),
            (&ReportExport, "rows", r#"{"measure": "value"}"#),
        ];
        for (source, list, filter) in sources {
            let mut rows: Vec<serde_json::Value> = Vec::new();
            let cell = std::cell::RefCell::new(&mut rows);
            fixture
                .read(|db| {
                    source.export(db, filter, None, &mut |row| {
                        cell.borrow_mut().push(serde_json::from_str(row).unwrap());
                        Ok(true)
                    })
                })
                .unwrap();
            let searched = fixture.call(source.dataset(), filter).json();
            assert!(!rows.is_empty());
            assert_eq!(serde_json::Value::from(rows), searched[list], "{}", source.dataset());
        }
    }
}
