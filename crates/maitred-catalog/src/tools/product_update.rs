//! `catalog_product_update`: what a product is, and its variants. Prices and stock have their own tools.

use maitred_core::args::{Bare, JsonObject};
use maitred_core::prelude::*;
use maitred_kernel::Quantity;
use maitred_party::commerce::{Backorders, ProductKind};

use crate::model::{Product, Variant, VariantStatus};
use crate::product_rules;
use crate::store::{levels, products};
use crate::variants::{self, VariantArg};
use crate::views::{ProductView, product_view};

/// The tool.
pub struct ProductUpdate;

impl Tool for ProductUpdate {
    const NAME: &str = "catalog_product_update";
    const TITLE: &str = "Update product";
    const ABOUT: &str = "Change a product or its variants. Prices and stock have their own tools.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair"#,
        args: r#"{"product": "@chair", "changes": {"brand": "Oakworks", "lead_time_days": 5, "multiple": "2"},
                  "variants": [{"sku": "CH-1", "barcode": "96385074"}, {"sku": "CH-2", "options": {"size": "L"}}]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = ProductView;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<ProductView> {
        let before = products::resolve_product(cx, &args.product, "product")?;
        let mut after = match &args.changes {
            Some(changes) => changed(cx, &before, &changes.0)?,
            None => before.clone(),
        };
        cx.update(&before, &mut after)?;
        for (index, arg) in args.variants.iter().flatten().enumerate() {
            save(cx, &after, &arg.0, &format!("variants[{index}]"))?;
        }
        for (index, sku) in args.retire.iter().flatten().enumerate() {
            retire(cx, &after, sku, &format!("retire[{index}]"))?;
        }
        products::index(cx, &after)?;
        product_view(cx, after)
    }
}

fn positive(quantity: Option<Quantity>, known: Quantity, field: &str) -> ToolResult<Quantity> {
    match quantity {
        None => Ok(known),
        Some(quantity) if quantity.thousandths() > 0 => Ok(quantity),
        Some(_) => Err(invalid(field, "must be more than 0")),
    }
}

/// A text that replaces another; an empty one takes it away.
fn text(new: Option<&String>, known: Option<&String>) -> Option<String> {
    match new.map(|text| text.trim()) {
        Some("") => None,
        Some(text) => Some(text.to_owned()),
        None => known.cloned(),
    }
}

fn changed(db: &Writer<'_>, known: &Product, changes: &Changes) -> ToolResult<Product> {
    let mut after = known.clone();
    if let Some(name) = &changes.name {
        after.name = name.trim().to_owned();
        after.name_key = products::name_key(name);
    }
    if let Some(path) = &changes.category_path {
        after.category_id = match path.trim() {
            "" => None,
            path => Some(products::ensure_category(db, path, "changes.category_path")?.id),
        };
    }
    if let Some(unit) = &changes.unit {
        after.unit = product_rules::unit(unit, "changes.unit")?;
    }
    if let Some(object) = &changes.attributes {
        // A name with an empty value goes; names that are not given stay.
        let mut attributes = products::texts(&known.attributes);
        for (name, value) in product_rules::texts(Some(object), "changes.attributes")? {
            if value.is_empty() {
                attributes.remove(&name)
            } else {
                attributes.insert(name, value)
            };
        }
        after.attributes = product_rules::stored(&attributes)?;
    }
    after.brand = text(changes.brand.as_ref(), known.brand.as_ref());
    after.description = text(changes.description.as_ref(), known.description.as_ref());
    if let Some(class) = &changes.tax_class {
        after.tax_class = product_rules::tax_class(class, "changes.tax_class")?;
    }
    after.allow_backorder = changes.allow_backorder.unwrap_or(known.allow_backorder);
    after.min_qty = positive(changes.min_qty, known.min_qty, "changes.min_qty")?;
    after.multiple = positive(changes.multiple, known.multiple, "changes.multiple")?;
    after.lead_time_days = changes.lead_time_days.map_or(known.lead_time_days, i64::from);
    after.client_visible = changes.client_visible.unwrap_or(known.client_visible);
    after.public_visible = changes.public_visible.unwrap_or(known.public_visible);
    if after.unit != known.unit {
        unmoved(db, known)?;
    }
    Ok(after)
}

/// What was counted in one unit cannot be counted in another.
fn unmoved(db: &Reader<'_>, product: &Product) -> ToolResult<()> {
    for variant in products::variants(db, &product.id)? {
        if products::has_moved(db, &variant.id)? {
            return Err(refused(
                Code::Immutable,
                format!("stock of `{}` has moved, so its unit stays", variant.sku),
            )
            .field("changes.unit")
            .hint("make another product and name it as replacement with catalog_product_transition"));
        }
    }
    Ok(())
}

/// Changes the variant with this SKU, or makes it.
fn save(db: &Writer<'_>, product: &Product, arg: &VariantChange, field: &str) -> ToolResult<()> {
    let known = products::by_sku(db, &arg.sku)?.filter(|variant| variant.product_id == product.id);
    let Some(before) = known else {
        if product.kind == ProductKind::Bundle {
            return Err(invalid(
                &format!("{field}.sku"),
                "is none of this bundle, whose parts stay as they are",
            )
            .hint("make another bundle with catalog_product_create"));
        }
        let new = VariantArg {
            sku: arg.sku.clone(),
            barcode: arg.barcode.clone(),
            options: arg.options.clone(),
            parts: None,
        };
        return variants::make(db, product, &new, field).map(drop);
    };
    let mut after = before.clone();
    after.sku = arg.sku.trim().to_owned();
    after.status = VariantStatus::Active;
    if let Some(code) = &arg.barcode {
        let code = code.trim();
        after.barcode = match code {
            "" => None,
            code => Some(product_rules::gtin(code, &format!("{field}.barcode"))?),
        };
        variants::unique(db, None, after.barcode.as_deref(), Some(&before.id), field)?;
    }
    if let Some(options) = &arg.options {
        after.options =
            product_rules::stored(&product_rules::texts(Some(options), &format!("{field}.options"))?)?;
    }
    db.update(&before, &mut after)?;
    Ok(())
}

/// Takes a variant out of use; what it did stays.
fn retire(db: &Writer<'_>, product: &Product, sku: &str, field: &str) -> ToolResult<()> {
    let before = products::by_sku(db, sku)?.filter(|variant| variant.product_id == product.id);
    let before = before.ok_or_else(|| not_found("variant of this product", sku).field(field))?;
    let there = levels::total(db, &before.id)?;
    if there.thousandths() > 0 {
        return Err(refused(Code::OpenDependents, format!("{there} of `{}` are in stock", before.sku))
            .field(field)
            .hint("sell it down, or write it off with catalog_stock_adjust"));
    }
    if let Some(orders) = db.port::<dyn Backorders>() {
        let open = orders.open_orders(db, before.id.as_ref())?;
        if !open.is_empty() {
            return Err(refused(Code::OpenDependents, format!("open orders have it: {}", open.join(", ")))
                .field(field)
                .hint("ship or cancel those lines first"));
        }
    }
    let others = products::variants(db, &product.id)?;
    let last = others.iter().all(|one| one.id == before.id || one.status == VariantStatus::Retired);
    if last && product.for_sale() {
        return Err(refused(Code::OpenDependents, "a product for sale keeps a variant")
            .field(field)
            .hint("discontinue the product with catalog_product_transition"));
    }
    let mut after = Variant { status: VariantStatus::Retired, ..before.clone() };
    db.update(&before, &mut after)?;
    Ok(())
}

/// A variant, new or changed.
#[derive(ToolArgs)]
pub struct VariantChange {
    /// SKU.
    #[arg(min = 1, max = 60)]
    sku: String,
    /// GTIN.
    #[arg(max = 20)]
    barcode: Option<String>,
    /// Options.
    options: Option<JsonObject>,
}

/// What can change.
#[derive(ToolArgs)]
pub struct Changes {
    /// Name.
    #[arg(min = 1, max = 200)]
    name: Option<String>,
    /// Category.
    #[arg(max = 200)]
    category_path: Option<String>,
    /// Brand.
    #[arg(max = 100)]
    brand: Option<String>,
    /// Description.
    #[arg(max = 4000)]
    description: Option<String>,
    /// Unit.
    #[arg(max = 12)]
    unit: Option<String>,
    /// Class.
    #[arg(max = 20)]
    tax_class: Option<String>,
    /// Backorder.
    allow_backorder: Option<bool>,
    /// Least.
    min_qty: Option<Quantity>,
    /// Pack.
    multiple: Option<Quantity>,
    /// Working days.
    lead_time_days: Option<u32>,
    /// Attributes.
    attributes: Option<JsonObject>,
    /// Clients.
    client_visible: Option<bool>,
    /// Strangers.
    public_visible: Option<bool>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, SKU or exact name.
    #[arg(min = 1, max = 200)]
    product: String,
    /// Empty text clears.
    changes: Option<Bare<Changes>>,
    /// New, or changed by SKU.
    #[arg(max = 100)]
    variants: Option<Vec<Bare<VariantChange>>>,
    /// SKUs out of use.
    #[arg(max = 100)]
    retire: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    const CHAIR: &str = r#"catalog_product_create {"name": "Chair", "kind": "goods", "attributes": {"wood": "oak", "seat": "straw"}, "variants": [{"sku": "CH-1"}, {"sku": "CH-2"}]} as chair;
        catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]}"#;

    #[test]
    fn the_unit_stays_once_stock_moved() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_product_update",
            r#"{"product": "@chair", "changes": {"unit": "KGM"}}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"immutable","message":"stock of `CH-1` has moved, so its unit stays","field":"changes.unit","hint":"make another product and name it as replacement with catalog_product_transition","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn attributes_merge_and_variants_retire() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_product_update",
            r#"{"product": "@chair", "changes": {"attributes": {"wood": "ash", "seat": "", "arms": 2}}, "retire": ["ch-2"]}"#,
            expect![[
                r##"{"id":"@chair","version":2,"name":"Chair","kind":"goods","status":"draft","unit":"C62","tax_class":"standard","tracked":true,"allow_backorder":true,"min_qty":"1","multiple":"1","lead_time_days":0,"attributes":{"arms":"2","wood":"ash"},"client_visible":true,"public_visible":false,"variants":[{"id":"#1","sku":"CH-1","status":"active"},{"id":"#2","sku":"CH-2","status":"retired"}]}"##
            ]],
        );
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_product_update",
            r#"{"product": "@chair", "retire": ["CH-1"]}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"open_dependents","message":"12 of `CH-1` are in stock","field":"retire[0]","hint":"sell it down, or write it off with catalog_stock_adjust","retryable":false}}"#
            ]],
        );
    }
}
