//! Searching products.

use std::collections::HashMap;

use maitred_core::prelude::*;
use maitred_kernel::{Quantity, tokens};
use maitred_party::CompanyId;
use maitred_party::commerce::ProductKind;
use maitred_store::value::FromRow;
use maitred_store::{Param, Row, Sql, StoreResult, search};

use crate::model::{ProductStatus, VariantStatus};
use crate::store::products::{self, KIND, name_key};

/// What products are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct ProductFilter {
    /// Folded terms, all of which must match.
    pub terms: Vec<String>,
    /// The product that the text names exactly, by SKU or barcode.
    pub exact: Option<String>,
    /// Path of a category; those below it count.
    pub category: Option<String>,
    /// How far they are.
    pub statuses: Vec<ProductStatus>,
    /// What they are.
    pub kind: Option<ProductKind>,
    /// Name and value of an attribute.
    pub attribute: Option<(String, String)>,
    /// Who sells them to us.
    pub supplier: Option<CompanyId>,
    /// Whether something is there to be sold.
    pub in_stock: Option<bool>,
    /// Only what clients may see.
    pub for_clients: bool,
}

impl ProductFilter {
    /// Reads a text: its terms, and the product it names exactly.
    pub fn text(mut self, db: &Reader<'_>, text: &str) -> ToolResult<Self> {
        self.terms = tokens(text);
        if self.terms.is_empty() {
            return Err(invalid("q", "holds no letter or digit to search by"));
        }
        let variant = match products::by_sku(db, text)? {
            Some(variant) => Some(variant),
            None => products::by_barcode(db, text.trim())?.into_iter().next(),
        };
        self.exact = variant.map(|variant| variant.product_id.0);
        Ok(self)
    }
}

/// A product as a list shows it.
#[derive(Clone, Debug)]
pub struct FoundProduct {
    /// 0 exact, 1 fitting, 2 discontinued.
    pub rank: i64,
    /// Score of the text match, 0 without one.
    pub score: i64,
    /// Sort key.
    pub name_key: String,
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: ProductKind,
    /// How far it is.
    pub status: ProductStatus,
    /// Brand.
    pub brand: Option<String>,
    /// Path of its category.
    pub category: Option<String>,
    /// Unit of measure.
    pub unit: String,
    /// The least one can order.
    pub min_qty: Quantity,
}

impl FromRow for FoundProduct {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            rank: row.get(0)?,
            score: row.get(1)?,
            name_key: row.get(2)?,
            id: row.get(3)?,
            version: row.get(4)?,
            name: row.get(5)?,
            kind: row.get(6)?,
            status: row.get(7)?,
            brand: row.get(8)?,
            category: row.get(9)?,
            unit: row.get(10)?,
            min_qty: row.get(11)?,
        })
    }
}

/// Values in a cursor of this search.
pub const KEYS: usize = 4;

impl FoundProduct {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        vec![
            Param::Int(self.rank),
            Param::Int(self.score),
            Param::Text(self.name_key.clone().into()),
            Param::Text(self.id.clone().into()),
        ]
    }
}

/// Of what no stock is kept there is always enough; of a bundle there is something where every part is there for one.
const SOMETHING_THERE: &str = "(p.tracked = 0 OR (p.kind = 'goods' AND EXISTS (SELECT 1 FROM variant v \
     JOIN stock_level s ON s.variant_id = v.id JOIN location l ON l.id = s.location_id \
     WHERE v.product_id = p.id AND s.on_hand > s.reserved AND l.sellable = 1 AND l.retired_at IS NULL)) \
     OR (p.kind = 'bundle' AND EXISTS (SELECT 1 FROM variant v WHERE v.product_id = p.id AND NOT EXISTS \
     (SELECT 1 FROM bundle_item b JOIN variant w ON w.id = b.part_id JOIN product q ON q.id = w.product_id \
     WHERE b.bundle_id = v.id AND q.tracked = 1 AND q.kind = 'goods' AND NOT EXISTS \
     (SELECT 1 FROM stock_level s JOIN location l ON l.id = s.location_id WHERE s.variant_id = w.id \
     AND s.on_hand - s.reserved >= b.quantity AND l.sellable = 1 AND l.retired_at IS NULL)))))";

fn narrow(sql: &mut Sql, filter: &ProductFilter) {
    sql.push(" WHERE p.status IN ").bind_list(&filter.statuses);
    if filter.for_clients {
        sql.push(" AND p.client_visible = 1");
    }
    if let Some(kind) = filter.kind {
        sql.and("p.kind =", kind);
    }
    if let Some(path) = &filter.category {
        let key = products::path_key(path);
        let below = format!("{key}/");
        let beyond = format!("{key}0");
        sql.push(" AND p.category_id IN (SELECT id FROM category WHERE path_key = ").bind(key);
        sql.push(" OR (path_key >= ").bind(below).push(" AND path_key < ").bind(beyond).push("))");
    }
    if let Some((name, value)) = &filter.attribute {
        sql.push(" AND p.id IN (SELECT product_id FROM product_attribute WHERE name_key = ")
            .bind(name_key(name));
        sql.and("value_key =", name_key(value)).push(")");
    }
    if let Some(supplier) = &filter.supplier {
        sql.push(
            " AND p.id IN (SELECT v.product_id FROM supplier_item i JOIN variant v ON v.id = i.variant_id \
             WHERE i.company_id = ",
        );
        sql.bind(supplier).push(")");
    }
    if let Some(wanted) = filter.in_stock {
        sql.push(if wanted { " AND " } else { " AND NOT " }).push(SOMETHING_THERE);
    }
}

fn rank(sql: &mut Sql, filter: &ProductFilter) {
    sql.push("CASE WHEN p.id = ")
        .bind(filter.exact.as_deref().unwrap_or(""))
        .push(" THEN 0 WHEN p.status = 'discontinued' THEN 2 ELSE 1 END");
}

fn from(filter: &ProductFilter) -> (Sql, &'static str) {
    if filter.terms.is_empty() {
        (Sql::default(), " FROM product p")
    } else {
        (search::hits(KIND, &filter.terms), " FROM hit h JOIN product p ON p.id = h.id")
    }
}

/// A page of products: the one that is named exactly, then the best match, then by name; discontinued ones last.
pub fn search(db: &Reader<'_>, filter: &ProductFilter, page: &Page) -> ToolResult<Vec<FoundProduct>> {
    let by_text = !filter.terms.is_empty();
    let (mut sql, tables) = from(filter);
    sql.push("SELECT f.place, f.score, f.name_key, f.id, f.version, f.name, f.kind, f.status, f.brand, c.path, f.unit, f.min_qty FROM (SELECT ");
    rank(&mut sql, filter);
    sql.push(" AS place, ").push(if by_text { "h.score" } else { "0" });
    sql.push(
        " AS score, p.name_key, p.id, p.version, p.name, p.kind, p.status, p.brand, p.category_id, p.unit, p.min_qty",
    );
    sql.push(tables);
    narrow(&mut sql, filter);
    sql.push(") f LEFT JOIN category c ON c.id = f.category_id");
    if let Some([place, score, name, id]) = page.after.as_deref() {
        sql.push(" WHERE (f.place > ").bind(place.clone());
        sql.push(" OR (f.place = ").bind(place.clone()).push(" AND (f.score < ").bind(score.clone());
        sql.push(" OR (f.score = ").bind(score.clone()).push(" AND (f.name_key, f.id) > (");
        sql.bind(name.clone()).push(", ").bind(id.clone()).push(")))))");
    }
    sql.push(" ORDER BY f.place, f.score DESC, f.name_key, f.id LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many products fit.
pub fn count(db: &Reader<'_>, filter: &ProductFilter) -> ToolResult<i64> {
    let (mut sql, tables) = from(filter);
    sql.push("SELECT COUNT(*)").push(tables);
    narrow(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}

/// How many of the products that fit are in each category, of each brand and status; the most frequent first.
pub fn facets(db: &Reader<'_>, filter: &ProductFilter) -> ToolResult<[Vec<(String, i64)>; 3]> {
    let one = |what: &'static str, join: &'static str| -> ToolResult<Vec<(String, i64)>> {
        let (mut sql, tables) = from(filter);
        sql.push("SELECT f.word, COUNT(*) FROM (SELECT ").push(what).push(" AS word").push(tables).push(join);
        narrow(&mut sql, filter);
        sql.push(") f WHERE f.word IS NOT NULL GROUP BY f.word ORDER BY COUNT(*) DESC, f.word LIMIT 8");
        Ok(db.all_of(&sql)?)
    };
    Ok([
        one("c.path", " LEFT JOIN category c ON c.id = p.category_id")?,
        one("p.brand", "")?,
        one("p.status", "")?,
    ])
}

/// A variant in use of a product.
#[derive(Clone, Debug)]
pub struct FoundVariant {
    /// Id.
    pub id: String,
    /// SKU.
    pub sku: String,
}

/// The variants in use of these products, by product, in the order of their SKUs.
pub fn variants_of(db: &Reader<'_>, products: &[&str]) -> ToolResult<HashMap<String, Vec<FoundVariant>>> {
    let mut found: HashMap<String, Vec<FoundVariant>> = HashMap::new();
    for some in products.chunks(60) {
        let mut sql = Sql::new("SELECT product_id, id, sku FROM variant WHERE status = ");
        sql.bind(VariantStatus::Active).push(" AND product_id IN ").bind_list(some);
        sql.push(" ORDER BY product_id, sku_key");
        for (product, id, sku) in db.all_of::<(String, String, String)>(&sql)? {
            found.entry(product).or_default().push(FoundVariant { id, sku });
        }
    }
    Ok(found)
}

/// Score, id, name and one SKU of a product found by a piece of text.
pub type TextHit = (i64, String, String, Option<String>);

/// Products found by a piece of text, for a search over all modules.
pub fn text_hits(db: &Reader<'_>, terms: &[String], limit: usize) -> ToolResult<Vec<TextHit>> {
    let mut sql = search::hits(KIND, terms);
    sql.push(
        "SELECT h.score, p.id, p.name, (SELECT MIN(v.sku) FROM variant v WHERE v.product_id = p.id) \
         FROM hit h JOIN product p ON p.id = h.id WHERE p.status <> 'archived' ORDER BY h.score DESC, p.id LIMIT ",
    );
    sql.bind(limit as i64);
    Ok(db.all_of(&sql)?)
}
