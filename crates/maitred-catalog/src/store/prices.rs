//! Price lists, price points and what customers are charged by.

use std::collections::HashMap;

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity, Stamp};
use maitred_party::CompanyId;
use maitred_party::store::companies;
use maitred_store::value::FromRow;
use maitred_store::{Param, Record, Row, Sql, StoreResult};

use crate::model::{CustomerTerms, ListKind, PriceList, PriceListId, PricePoint, VariantId};
use crate::pricing::{Candidate, Step};
use crate::store::products::{name_key, path_key};

/// Whose price it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A list's.
    List(PriceListId),
    /// A company's.
    Company(CompanyId),
}

/// The terms of a company, where somebody set them.
pub fn terms(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Option<CustomerTerms>> {
    Ok(db.get::<CustomerTerms>(company.as_ref())?)
}

/// Sets the list and, where given, the discount of a company; false when it had them already.
pub fn set_terms(
    db: &Writer<'_>,
    company: &CompanyId,
    list: Option<&PriceListId>,
    discount: Option<BasisPoints>,
) -> ToolResult<bool> {
    match terms(db, company)? {
        Some(before) => {
            let mut after = CustomerTerms {
                price_list_id: list.cloned(),
                discount_bp: discount.unwrap_or(before.discount_bp),
                ..before.clone()
            };
            Ok(db.update(&before, &mut after)?)
        }
        None => {
            let mut terms = CustomerTerms {
                id: company.clone(),
                version: 1,
                created_at: Stamp::EPOCH,
                updated_at: Stamp::EPOCH,
                price_list_id: list.cloned(),
                discount_bp: discount.unwrap_or_default(),
            };
            db.insert(&mut terms)?;
            Ok(true)
        }
    }
}

/// Companies that a list is assigned to, by name, at most `limit`; and how many there are.
pub fn assigned(db: &Reader<'_>, list: &PriceListId, limit: i64) -> ToolResult<(Vec<(String, String)>, i64)> {
    let mut sql = Sql::new(
        "SELECT c.id, c.name FROM customer_terms t JOIN company c ON c.id = t.id WHERE t.price_list_id = ",
    );
    sql.bind(list).push(" ORDER BY c.name_key, c.id LIMIT ").bind(limit);
    let some = db.all_of(&sql)?;
    let mut sql = Sql::new("SELECT COUNT(*) FROM customer_terms WHERE price_list_id = ");
    sql.bind(list);
    Ok((some, db.count_of(&sql)?))
}

/// The list with this code.
pub fn list_by_code(db: &Reader<'_>, code: &str) -> ToolResult<Option<PriceList>> {
    let mut sql = Sql::new(PriceList::SELECT);
    sql.push(" WHERE code_key = ").bind(name_key(code));
    Ok(db.one_of(&sql)?)
}

/// The list a text means: id or code.
///
/// # Errors
/// `not_found` at `field`.
pub fn resolve_list(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<PriceList> {
    let text = text.trim();
    let found = match db.get::<PriceList>(text)? {
        Some(list) => Some(list),
        None => list_by_code(db, text)?,
    };
    found.ok_or_else(|| {
        not_found("price list", text)
            .field(field)
            .hint("catalog_price_list_get without arguments names them all")
    })
}

/// Every list, by kind and code.
pub fn lists(db: &Reader<'_>) -> ToolResult<Vec<PriceList>> {
    let mut sql = Sql::new(PriceList::SELECT);
    sql.push(" ORDER BY kind, code_key");
    Ok(db.all_of(&sql)?)
}

/// Whether a list has prices.
pub fn has_points(db: &Reader<'_>, list: &PriceListId) -> ToolResult<bool> {
    let mut sql = Sql::new("SELECT id FROM price_point WHERE price_list_id = ");
    sql.bind(list).push(" LIMIT 1");
    Ok(db.one_of::<(String,)>(&sql)?.is_some())
}

fn at(sql: &mut Sql, target: &Target) {
    match target {
        Target::List(list) => sql.push(" WHERE price_list_id = ").bind(list),
        Target::Company(company) => sql.push(" WHERE company_id = ").bind(company),
    };
}

/// The prices of a target for a variant from one minimum quantity on, oldest first.
pub fn points(
    db: &Reader<'_>,
    target: &Target,
    variant: &VariantId,
    currency: Currency,
    min_qty: Quantity,
) -> ToolResult<Vec<PricePoint>> {
    let mut sql = Sql::new(PricePoint::SELECT);
    at(&mut sql, target);
    sql.and("variant_id =", variant).and("currency =", currency).and("min_qty =", min_qty);
    sql.push(" ORDER BY valid_from");
    Ok(db.all_of(&sql)?)
}

/// What a buyer's prices are made of, for one company and currency.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The company.
    pub company: Option<CompanyId>,
    /// The list assigned to it.
    pub list: Option<PriceListId>,
    /// The company's discount off base prices.
    pub discount: BasisPoints,
}

/// The terms of a buyer; without a company nothing but base lists and promotions.
pub fn terms_of(db: &Reader<'_>, company: Option<&CompanyId>) -> ToolResult<Terms> {
    let known = company.map(|company| terms(db, company)).transpose()?.flatten();
    Ok(Terms {
        company: company.cloned(),
        discount: known.as_ref().map_or(BasisPoints::default(), |terms| terms.discount_bp),
        list: known.and_then(|terms| terms.price_list_id),
    })
}

struct Found {
    variant: String,
    candidate: Candidate,
}

impl FromRow for Found {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        let valid_from: Day = row.get(5)?;
        let valid_to: Option<Day> = row.get(6)?;
        let kind: Option<ListKind> = row.get(8)?;
        let list_from: Option<Day> = row.get(11)?;
        let list_to: Option<Day> = row.get(12)?;
        let to = match (valid_to, list_to) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Ok(Self {
            variant: row.get(0)?,
            candidate: Candidate {
                point: row.get(1)?,
                currency: row.get(2)?,
                min_qty: row.get(3)?,
                unit_price: row.get(4)?,
                valid_from,
                from: list_from.map_or(valid_from, |list| list.max(valid_from)),
                to,
                list: row.get::<Option<String>>(7)?.unwrap_or_default(),
                step: match kind {
                    None => Step::Company,
                    Some(ListKind::Assigned) => Step::Assigned,
                    Some(ListKind::Base) => Step::Base,
                    Some(ListKind::Promotion) => Step::Promotion,
                },
                includes_tax: row.get::<Option<bool>>(9)?.unwrap_or(false),
                priority: row.get::<Option<i64>>(10)?.unwrap_or(0),
            },
        })
    }
}

/// Everything that could be the price of these variants for a buyer on a day; what was over by then is left out.
pub fn candidates(
    db: &Reader<'_>,
    terms: &Terms,
    day: Day,
    variants: &[&str],
) -> ToolResult<HashMap<String, Vec<Candidate>>> {
    let mut found: HashMap<String, Vec<Candidate>> = HashMap::new();
    for some in variants.chunks(60) {
        let mut sql = Sql::new(
            "SELECT p.variant_id, p.id, p.currency, p.min_qty, p.unit_price, p.valid_from, p.valid_to, l.code, \
             l.kind, l.prices_include_tax, l.priority, l.valid_from, l.valid_to \
             FROM price_list l JOIN price_point p ON p.price_list_id = l.id AND p.variant_id IN ",
        );
        sql.bind_list(some).push(" WHERE (l.kind IN ('base', 'promotion') OR l.id = ").bind(&terms.list);
        sql.push(") AND (l.valid_to IS NULL OR l.valid_to >= ").bind(day).push(")");
        sql.push(" AND (p.valid_to IS NULL OR p.valid_to >= ").bind(day).push(")");
        let mut rows: Vec<Found> = db.all_of(&sql)?;
        if let Some(company) = &terms.company {
            let mut sql = Sql::new(
                "SELECT variant_id, id, currency, min_qty, unit_price, valid_from, valid_to, \
                 NULL, NULL, NULL, NULL, NULL, NULL FROM price_point WHERE company_id = ",
            );
            sql.bind(company).push(" AND variant_id IN ").bind_list(some);
            sql.push(" AND (valid_to IS NULL OR valid_to >= ").bind(day).push(")");
            rows.extend(db.all_of::<Found>(&sql)?);
        }
        for row in rows {
            found.entry(row.variant).or_default().push(row.candidate);
        }
    }
    Ok(found)
}

/// A price of a variant as a listing shows it.
#[derive(Clone, Debug)]
pub struct ListedPoint {
    /// Folded SKU, part of the order.
    pub sku_key: String,
    /// SKU.
    pub sku: String,
    /// Name of the product.
    pub product: String,
    /// Options of the variant.
    pub options: String,
    /// Id of the price point.
    pub id: String,
    /// Code of the list.
    pub list: Option<String>,
    /// Name of the company.
    pub company: Option<String>,
    /// Currency.
    pub currency: Currency,
    /// From this quantity on.
    pub min_qty: Quantity,
    /// Price per unit.
    pub unit_price: Price,
    /// First day.
    pub valid_from: Day,
    /// Last day.
    pub valid_to: Option<Day>,
}

impl FromRow for ListedPoint {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            sku_key: row.get(0)?,
            sku: row.get(1)?,
            product: row.get(2)?,
            options: row.get(3)?,
            id: row.get(4)?,
            list: row.get(5)?,
            company: row.get(6)?,
            currency: row.get(7)?,
            min_qty: row.get(8)?,
            unit_price: row.get(9)?,
            valid_from: row.get(10)?,
            valid_to: row.get(11)?,
        })
    }
}

/// Whether a company exists under this reference and what it is charged in: its own currency, else the organisation's.
pub fn charged_in(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Currency> {
    let known = companies::find(db, company.as_ref())?.and_then(|company| company.currency);
    match known.and_then(|code| Currency::parse(&code).ok()) {
        Some(currency) => Ok(currency),
        None => Ok(maitred_party::org::settings_of(db)?.currency),
    }
}

/// What prices are listed by.
#[derive(Clone, Debug)]
pub struct PointFilter {
    /// Of this list.
    pub list: Option<PriceListId>,
    /// Of this company alone.
    pub company: Option<CompanyId>,
    /// Of this product.
    pub product: Option<String>,
    /// That hold on this day.
    pub day: Day,
}

/// Values in a cursor of [`listed`].
pub const POINT_KEYS: usize = 3;

impl ListedPoint {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        vec![
            Param::Text(self.sku_key.clone().into()),
            Param::Int(self.min_qty.thousandths()),
            Param::Text(self.id.clone().into()),
        ]
    }
}

fn narrow_points(sql: &mut Sql, filter: &PointFilter) {
    sql.push(
        // The order of the page is that of SKUs, so variants come first whatever else narrows.
        " FROM variant v CROSS JOIN price_point p JOIN product d ON d.id = v.product_id \
         LEFT JOIN price_list l ON l.id = p.price_list_id LEFT JOIN company c ON c.id = p.company_id \
         WHERE p.variant_id = v.id AND p.valid_from <= ",
    );
    sql.bind(filter.day).push(" AND (p.valid_to IS NULL OR p.valid_to >= ").bind(filter.day).push(")");
    if let Some(list) = &filter.list {
        sql.and("p.price_list_id =", list);
    }
    if let Some(company) = &filter.company {
        sql.and("p.company_id =", company);
    }
    if let Some(product) = &filter.product {
        sql.and("v.product_id =", product);
    }
}

/// A page of prices that hold on a day, by SKU and quantity.
pub fn listed(db: &Reader<'_>, filter: &PointFilter, page: &Page) -> ToolResult<Vec<ListedPoint>> {
    let mut sql = Sql::new(
        "SELECT v.sku_key, v.sku, d.name, v.options, p.id, l.code, c.name, p.currency, p.min_qty, p.unit_price, \
         p.valid_from, p.valid_to",
    );
    narrow_points(&mut sql, filter);
    if let Some([sku, least, id]) = page.after.as_deref() {
        sql.push(" AND v.sku_key >= ").bind(sku.clone()).push(" AND (v.sku_key > ").bind(sku.clone());
        sql.push(" OR (p.min_qty, p.id) > (").bind(least.clone()).push(", ").bind(id.clone()).push("))");
    }
    sql.push(" ORDER BY v.sku_key, p.min_qty, p.id LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many prices fit.
pub fn count_points(db: &Reader<'_>, filter: &PointFilter) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*)");
    narrow_points(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}

/// A price that holds on a day, with what is needed to set the next.
#[derive(Clone, Debug)]
pub struct HoldingPoint {
    /// The variant.
    pub variant: VariantId,
    /// Its SKU.
    pub sku: String,
    /// From this quantity on.
    pub min_qty: Quantity,
    /// Price per unit.
    pub unit_price: Price,
}

/// The prices of a list that hold on a day, of a category (and those below it), brand or product, by SKU.
pub fn holding(
    db: &Reader<'_>,
    list: &PriceListId,
    day: Day,
    category: Option<&str>,
    brand: Option<&str>,
    product: Option<&str>,
) -> ToolResult<Vec<HoldingPoint>> {
    let mut sql = Sql::new(
        "SELECT v.id, v.sku, p.min_qty, p.unit_price FROM price_point p JOIN variant v ON v.id = p.variant_id \
         JOIN product d ON d.id = v.product_id WHERE p.price_list_id = ",
    );
    sql.bind(list).and("p.valid_from <=", day);
    sql.push(" AND (p.valid_to IS NULL OR p.valid_to >= ").bind(day).push(")");
    if let Some(path) = category {
        let key = path_key(path);
        let (below, beyond) = (format!("{key}/"), format!("{key}0"));
        sql.push(" AND d.category_id IN (SELECT id FROM category WHERE path_key = ").bind(key);
        sql.push(" OR (path_key >= ").bind(below).push(" AND path_key < ").bind(beyond).push("))");
    }
    if let Some(brand) = brand {
        sql.and("d.brand =", brand);
    }
    if let Some(product) = product {
        sql.and("d.id =", product);
    }
    sql.push(" ORDER BY v.sku_key, p.min_qty");
    let rows: Vec<(VariantId, String, Quantity, Price)> = db.all_of(&sql)?;
    Ok(rows
        .into_iter()
        .map(|(variant, sku, min_qty, unit_price)| HoldingPoint { variant, sku, min_qty, unit_price })
        .collect())
}

/// How many prices of its own a company has on a day.
pub fn own_prices(db: &Reader<'_>, company: &CompanyId, day: Day) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM price_point WHERE company_id = ");
    sql.bind(company).and("valid_from <=", day);
    sql.push(" AND (valid_to IS NULL OR valid_to >= ").bind(day).push(")");
    Ok(db.count_of(&sql)?)
}
