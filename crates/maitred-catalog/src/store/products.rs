//! Products, their variants, categories and parts.

use std::collections::{BTreeMap, HashMap};

use maitred_core::prelude::*;
use maitred_kernel::{Quantity, Stamp, fold, tokens};
use maitred_party::commerce::ProductKind;
use maitred_party::store::ambiguous;
use maitred_store::{Record, Sql, params, search};

use crate::model::{
    BundleItem, Category, CategoryId, Product, ProductId, ProductStatus, Variant, VariantId, VariantStatus,
};
use crate::stock_rules::Need;

/// What products are called in messages and in the search index.
pub const KIND: &str = "product";
/// Ids that go into one statement.
const AT_ONCE: usize = 60;

/// A variant and its product.
#[derive(Clone, Debug)]
pub struct Item {
    /// The product.
    pub product: Product,
    /// The variant.
    pub variant: Variant,
}

impl Item {
    /// What a document calls it: the product's name and the variant's options.
    pub fn name(&self) -> String {
        named(&self.product.name, &self.variant.options)
    }
}

/// A product's name with a variant's options.
pub fn named(product: &str, options: &str) -> String {
    let values: Vec<String> = texts(options).into_values().collect();
    if values.is_empty() { product.to_owned() } else { format!("{product} ({})", values.join(", ")) }
}

/// A stored object of texts.
pub fn texts(json: &str) -> BTreeMap<String, String> {
    // What is stored was written by this crate; a row that is no such object shows nothing.
    serde_json::from_str(json).unwrap_or_default()
}

/// The key of a SKU: unique whatever the case.
pub fn sku_key(sku: &str) -> String {
    fold(sku.trim())
}

/// The key of a name.
pub fn name_key(name: &str) -> String {
    fold(name).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn chunks<R: Record>(db: &Reader<'_>, column: &'static str, ids: &[&str]) -> ToolResult<Vec<R>> {
    let mut rows = Vec::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        let mut sql = Sql::new(R::SELECT);
        sql.push(" WHERE ").push(column).push(" IN ").bind_list(some).push(" ORDER BY id");
        rows.extend(db.all_of::<R>(&sql)?);
    }
    Ok(rows)
}

/// The variants with these ids, by id; dangling ids are left out.
pub fn items(db: &Reader<'_>, ids: &[&str]) -> ToolResult<HashMap<String, Item>> {
    let mut wanted = ids.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    let variants: Vec<Variant> = chunks(db, "id", &wanted)?;
    let mut products: Vec<&str> = variants.iter().map(|variant| variant.product_id.as_ref()).collect();
    products.sort_unstable();
    products.dedup();
    let products: HashMap<String, Product> = chunks::<Product>(db, "id", &products)?
        .into_iter()
        .map(|product| (product.id.0.clone(), product))
        .collect();
    Ok(variants
        .into_iter()
        .filter_map(|variant| {
            let product = products.get(&variant.product_id.0)?.clone();
            Some((variant.id.0.clone(), Item { product, variant }))
        })
        .collect())
}

/// One variant with its product.
pub fn item(db: &Reader<'_>, variant: &str) -> ToolResult<Option<Item>> {
    let Some(variant) = db.get::<Variant>(variant)? else { return Ok(None) };
    let product = db.get::<Product>(variant.product_id.as_ref())?;
    Ok(product.map(|product| Item { product, variant }))
}

/// The variants of a product, by SKU; retired ones too.
pub fn variants(db: &Reader<'_>, product: &ProductId) -> ToolResult<Vec<Variant>> {
    let mut sql = Sql::new(Variant::SELECT);
    sql.push(" WHERE product_id = ").bind(product).push(" ORDER BY sku_key");
    Ok(db.all_of(&sql)?)
}

/// The variant with this SKU.
pub fn by_sku(db: &Reader<'_>, sku: &str) -> ToolResult<Option<Variant>> {
    let mut sql = Sql::new(Variant::SELECT);
    sql.push(" WHERE sku_key = ").bind(sku_key(sku));
    Ok(db.one_of(&sql)?)
}

/// Variants in use with this barcode.
pub fn by_barcode(db: &Reader<'_>, barcode: &str) -> ToolResult<Vec<Variant>> {
    let mut sql = Sql::new(Variant::SELECT);
    sql.push(" WHERE barcode = ")
        .bind(barcode)
        .push(" AND status = ")
        .bind(VariantStatus::Active)
        .push(" ORDER BY sku_key LIMIT 6");
    Ok(db.all_of(&sql)?)
}

fn by_name(db: &Reader<'_>, name: &str) -> ToolResult<Vec<Product>> {
    let mut sql = Sql::new(Product::SELECT);
    sql.push(" WHERE name_key = ")
        .bind(name_key(name))
        .push(" AND status <> ")
        .bind(ProductStatus::Archived)
        .push(" ORDER BY id LIMIT 6");
    Ok(db.all_of(&sql)?)
}

fn missing_one(text: &str, field: &str) -> ToolError {
    not_found(KIND, text).field(field).hint("find it with catalog_product_search, then give the SKU or id")
}

/// The variant a text means: its id, SKU, barcode, or a product's id or exact name where that has one variant.
///
/// # Errors
/// `not_found`, or `ambiguous_reference` with at most five candidates.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Item> {
    let text = text.trim();
    if let Some(found) = item(db, text)? {
        return Ok(found);
    }
    let variant = match by_sku(db, text)? {
        Some(variant) => Some(variant),
        None => match by_barcode(db, text)?.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            several => return Err(unclear(field, text, several)),
        },
    };
    if let Some(variant) = variant {
        return item(db, variant.id.as_ref())?.ok_or_else(|| missing_one(text, field));
    }
    let product = resolve_product(db, text, field)?;
    let all = variants(db, &product.id)?;
    let live: Vec<Variant> = all.into_iter().filter(|one| one.status == VariantStatus::Active).collect();
    match live.as_slice() {
        [] => Err(missing_one(text, field)),
        [one] => Ok(Item { variant: one.clone(), product }),
        several => Err(unclear(field, text, several)),
    }
}

fn unclear(field: &str, text: &str, several: &[Variant]) -> ToolError {
    ambiguous(field, text, several.iter().map(|one| (one.id.0.as_str(), one.sku.as_str())))
}

/// The product a text means: its id, exact name, or the id, SKU or barcode of one of its variants.
///
/// # Errors
/// `not_found`, or `ambiguous_reference` with at most five candidates.
pub fn resolve_product(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Product> {
    let text = text.trim();
    if let Some(product) = db.get::<Product>(text)? {
        return Ok(product);
    }
    let variant = match db.get::<Variant>(text)? {
        Some(variant) => Some(variant),
        None => match by_sku(db, text)? {
            Some(variant) => Some(variant),
            None => by_barcode(db, text)?.into_iter().next(),
        },
    };
    if let Some(variant) = variant {
        return db.get::<Product>(variant.product_id.as_ref())?.ok_or_else(|| missing_one(text, field));
    }
    match by_name(db, text)?.as_slice() {
        [] => Err(missing_one(text, field)),
        [one] => Ok(one.clone()),
        several => {
            Err(ambiguous(field, text, several.iter().map(|one| (one.id.0.as_str(), one.name.as_str()))))
        }
    }
}

/// The category of a path such as `Wine / Red`, where there is one.
pub fn category(db: &Reader<'_>, path: &str) -> ToolResult<Option<Category>> {
    let mut sql = Sql::new(Category::SELECT);
    sql.push(" WHERE path_key = ").bind(path_key(path));
    Ok(db.one_of(&sql)?)
}

/// The names of a path, from the root down.
pub fn path_names(path: &str) -> Vec<&str> {
    path.split('/').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// The key of a path.
pub fn path_key(path: &str) -> String {
    path_names(path).into_iter().map(name_key).collect::<Vec<_>>().join("/")
}

/// The category of a path; what is missing of the path is made.
///
/// # Errors
/// `invalid` at `field` for a path without a name or deeper than six.
pub fn ensure_category(db: &Writer<'_>, path: &str, field: &str) -> ToolResult<Category> {
    let names = path_names(path);
    if names.is_empty() || names.len() > 6 {
        return Err(invalid(field, "must be one to six names with slashes between"));
    }
    let mut last = None;
    for depth in 1..=names.len() {
        let path = names[..depth].join("/");
        last = Some(match category(db, &path)? {
            Some(known) => known,
            None => {
                let mut made = Category {
                    id: CategoryId(db.fresh_id()),
                    version: 1,
                    created_at: Stamp::EPOCH,
                    updated_at: Stamp::EPOCH,
                    path_key: path_key(&path),
                    path,
                    name: names[depth - 1].to_owned(),
                };
                db.insert(&mut made)?;
                made
            }
        });
    }
    last.ok_or_else(|| invalid(field, "names no category"))
}

/// Brings the search index and the index of attributes up to date with a product.
pub fn index(db: &Writer<'_>, product: &Product) -> ToolResult<()> {
    let attributes = texts(&product.attributes);
    let mut texts_by_weight = vec![(product.name.clone(), 10)];
    texts_by_weight.extend(product.brand.iter().map(|brand| (brand.clone(), 6)));
    texts_by_weight.extend(attributes.values().map(|value| (value.clone(), 3)));
    if let Some(category) = &product.category_id
        && let Some(category) = db.get::<Category>(category.as_ref())?
    {
        texts_by_weight.push((category.path, 3));
    }
    let mut words: Vec<(String, i64)> = Vec::new();
    for variant in variants(db, &product.id)? {
        words.push((variant.sku_key, 12));
        texts_by_weight.push((variant.sku, 8));
        texts_by_weight.extend(variant.barcode.map(|code| (code, 8)));
        texts_by_weight.extend(texts(&variant.options).into_values().map(|value| (value, 4)));
    }
    for (text, weight) in texts_by_weight {
        words.extend(tokens(&text).into_iter().map(|token| (token, weight)));
    }
    search::put(db.tx(), KIND, product.id.as_ref(), &words)?;
    db.execute("DELETE FROM product_attribute WHERE product_id = $1", params![product.id])?;
    for (name, value) in attributes {
        db.execute(
            "INSERT INTO product_attribute (product_id, name_key, value_key) VALUES ($1, $2, $3) \
             ON CONFLICT (name_key, value_key, product_id) DO NOTHING",
            params![product.id, name_key(&name), name_key(&value)],
        )?;
    }
    Ok(())
}

/// The parts of a bundle.
pub fn parts(db: &Reader<'_>, bundle: &VariantId) -> ToolResult<Vec<BundleItem>> {
    let mut sql = Sql::new(BundleItem::SELECT);
    sql.push(" WHERE bundle_id = ").bind(bundle).push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// What each variant takes out of stock per unit sold: itself, its parts where it is a bundle, nothing where no stock
/// is kept. A dangling id takes nothing.
pub fn needs(db: &Reader<'_>, variants: &[&str]) -> ToolResult<HashMap<String, Vec<Need>>> {
    let known = items(db, variants)?;
    let bundles: Vec<&str> = known
        .values()
        .filter(|item| item.product.kind == ProductKind::Bundle)
        .map(|item| item.variant.id.as_ref())
        .collect();
    let parts: Vec<BundleItem> = chunks(db, "bundle_id", &bundles)?;
    let ids: Vec<&str> = parts.iter().map(|part| part.part_id.as_ref()).collect();
    let part_items = items(db, &ids)?;
    let mut needs: HashMap<String, Vec<Need>> = HashMap::new();
    for (id, item) in &known {
        let list = needs.entry(id.clone()).or_default();
        if item.product.kind == ProductKind::Goods && item.product.tracked {
            list.push(Need { part: id.clone(), per: Quantity::ONE });
        }
    }
    for part in parts {
        let stocked = part_items
            .get(part.part_id.as_ref())
            .is_some_and(|item| item.product.kind == ProductKind::Goods && item.product.tracked);
        if stocked {
            needs
                .entry(part.bundle_id.0)
                .or_default()
                .push(Need { part: part.part_id.0, per: part.quantity });
        }
    }
    Ok(needs)
}

/// Whether any stock of a variant ever moved.
pub fn has_moved(db: &Reader<'_>, variant: &VariantId) -> ToolResult<bool> {
    let found: Option<String> =
        db.scalar("SELECT id FROM stock_move WHERE variant_id = $1 LIMIT 1", params![variant])?;
    Ok(found.is_some())
}

/// Whether stock of a variant ever moved, apart from opening stock of other locations than this one.
pub fn has_moved_otherwise(
    db: &Reader<'_>,
    variant: &VariantId,
    location: &crate::model::LocationId,
) -> ToolResult<bool> {
    let found: Option<String> = db.scalar(
        "SELECT id FROM stock_move WHERE variant_id = $1 AND (kind <> 'opening' OR to_id = $2) LIMIT 1",
        params![variant, location],
    )?;
    Ok(found.is_some())
}
