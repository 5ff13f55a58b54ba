//! Price lists, price points and what customers are charged by.

use std::collections::HashMap;

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity, Stamp};
use maitred_party::CompanyId;
use maitred_party::store::companies;
use maitred_store::value::FromRow;
use maitred_store::{Record, Row, Sql, StoreResult};

use crate::model::{CustomerTerms, ListKind, PriceList, PriceListId, PricePoint, VariantId};
use crate::pricing::{Candidate, Step};
use crate::store::products::name_key;

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
