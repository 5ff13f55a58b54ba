//! Variants as they are given, and making them: shared by creating, changing and importing products.

use maitred_core::args::{Bare, JsonObject};
use maitred_core::prelude::*;
use maitred_kernel::{Quantity, Stamp};
use maitred_party::commerce::ProductKind;

use crate::model::{BundleItem, Product, Variant, VariantId, VariantStatus};
use crate::product_rules;
use crate::store::products;

/// A part of a bundle as given.
#[derive(ToolArgs)]
pub struct PartArg {
    /// SKU.
    #[arg(min = 1, max = 200)]
    pub product: String,
    /// Per bundle.
    pub qty: Quantity,
}

/// A variant as given.
#[derive(ToolArgs)]
pub struct VariantArg {
    /// SKU.
    #[arg(min = 1, max = 60)]
    pub sku: String,
    /// GTIN.
    #[arg(max = 20)]
    pub barcode: Option<String>,
    /// Such as {"size": "L"}.
    pub options: Option<JsonObject>,
    /// Of a bundle.
    #[arg(max = 50)]
    pub parts: Option<Vec<Bare<PartArg>>>,
}

/// Refuses a SKU that another variant has, and a barcode that another one in use has.
///
/// # Errors
/// `duplicate_suspect` and `invalid`, at `field`.
pub fn unique(
    db: &Reader<'_>,
    sku: Option<&str>,
    barcode: Option<&str>,
    own: Option<&VariantId>,
    field: &str,
) -> ToolResult<()> {
    if let Some(other) = sku.map(|sku| products::by_sku(db, sku)).transpose()?.flatten()
        && Some(&other.id) != own
    {
        return Err(refused(Code::DuplicateSuspect, format!("the SKU `{}` is taken", other.sku))
            .field(format!("{field}.sku"))
            .hint("look at it with catalog_product_get; give this variant another SKU"));
    }
    if let Some(barcode) = barcode
        && let Some(other) =
            products::by_barcode(db, barcode)?.into_iter().find(|other| Some(&other.id) != own)
    {
        return Err(refused(
            Code::DuplicateSuspect,
            format!("the barcode `{barcode}` is that of the SKU `{}`", other.sku),
        )
        .field(format!("{field}.barcode"))
        .hint("look at it with catalog_product_get; a barcode means one variant"));
    }
    Ok(())
}

/// Makes a variant of a product.
///
/// # Errors
/// What is wrong, at `field`.
pub fn make(db: &Writer<'_>, product: &Product, arg: &VariantArg, field: &str) -> ToolResult<Variant> {
    let sku = arg.sku.trim();
    let barcode = arg.barcode.as_deref().map(str::trim).filter(|code| !code.is_empty());
    let barcode = barcode.map(|code| product_rules::gtin(code, &format!("{field}.barcode"))).transpose()?;
    unique(db, Some(sku), barcode.as_deref(), None, field)?;
    let options = product_rules::texts(arg.options.as_ref(), &format!("{field}.options"))?;
    let mut variant = Variant {
        id: VariantId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        product_id: product.id.clone(),
        sku: sku.to_owned(),
        sku_key: products::sku_key(sku),
        barcode,
        options: product_rules::stored(&options)?,
        weight_g: None,
        status: VariantStatus::Active,
    };
    db.insert(&mut variant)?;
    let parts = arg.parts.as_deref().unwrap_or_default();
    if (product.kind == ProductKind::Bundle) == parts.is_empty() {
        let why = if parts.is_empty() { "must say what the bundle holds" } else { "are for bundles only" };
        return Err(invalid(&format!("{field}.parts"), why));
    }
    for (index, part) in parts.iter().enumerate() {
        add_part(db, &variant, &part.0, &format!("{field}.parts[{index}]"))?;
    }
    Ok(variant)
}

fn add_part(db: &Writer<'_>, bundle: &Variant, part: &PartArg, field: &str) -> ToolResult<()> {
    let item = products::resolve(db, &part.product, &format!("{field}.product"))?;
    if item.product.kind == ProductKind::Bundle {
        return Err(invalid(&format!("{field}.product"), "is a bundle, and no bundle is part of another"));
    }
    if part.qty.thousandths() <= 0 {
        return Err(invalid(&format!("{field}.qty"), "must be more than 0"));
    }
    if products::parts(db, &bundle.id)?.iter().any(|known| known.part_id == item.variant.id) {
        return Err(invalid(&format!("{field}.product"), "is in the bundle twice"));
    }
    let mut made = BundleItem {
        id: db.fresh_id(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        bundle_id: bundle.id.clone(),
        part_id: item.variant.id,
        quantity: part.qty,
    };
    Ok(db.insert(&mut made)?)
}
