//! `catalog_product_create`: a product with its variants.

use maitred_core::args::{Bare, JsonObject};
use maitred_core::prelude::*;
use maitred_kernel::{Quantity, Stamp};
use maitred_party::commerce::ProductKind;
use maitred_party::model::TaxClass;

use crate::model::{Product, ProductId, ProductStatus};
use crate::product_rules;
use crate::store::products;
use crate::variants::{self, VariantArg};
use crate::views::{ProductView, product_view};

/// The tool.
pub struct ProductCreate;

impl Tool for ProductCreate {
    const NAME: &str = "catalog_product_create";
    const TITLE: &str = "Create product";
    const ABOUT: &str = "Create a product with at least one variant (SKU); it starts as draft.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "",
        args: r#"{"name": "Oak chair", "kind": "goods", "unit": "C62", "tax_class": "standard",
                  "category_path": "Furniture/Chairs", "attributes": {"wood": "oak"},
                  "variants": [{"sku": "CH-1-N", "options": {"colour": "natural"}, "barcode": "4006381333931"},
                               {"sku": "CH-1-B", "options": {"colour": "black"}}]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = ProductView;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<ProductView> {
        let product = make(cx, &args)?;
        for (index, variant) in args.variants.iter().enumerate() {
            variants::make(cx, &product, &variant.0, &format!("variants[{index}]"))?;
        }
        products::index(cx, &product)?;
        product_view(cx, product)
    }
}

fn make(db: &Writer<'_>, args: &Args) -> ToolResult<Product> {
    let unit = match &args.unit {
        Some(unit) => product_rules::unit(unit, "unit")?,
        None => product_rules::default_unit(args.kind).to_owned(),
    };
    let category = args
        .category_path
        .as_deref()
        .map(|path| products::ensure_category(db, path, "category_path"))
        .transpose()?;
    let attributes = product_rules::texts(args.attributes.as_ref(), "attributes")?;
    let name = args.name.trim().to_owned();
    let tracked = match args.kind {
        ProductKind::Goods => args.tracked.unwrap_or(true),
        ProductKind::Bundle => true,
        ProductKind::Service => false,
    };
    let mut product = Product {
        id: ProductId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        name_key: products::name_key(&name),
        name,
        kind: args.kind,
        status: ProductStatus::Draft,
        category_id: category.map(|category| category.id),
        brand: args.brand.clone(),
        description: None,
        unit,
        tax_class: match &args.tax_class {
            Some(class) => product_rules::tax_class(class, "tax_class")?,
            None => TaxClass::Standard,
        },
        tracked,
        allow_backorder: true,
        min_qty: Quantity::ONE,
        multiple: Quantity::ONE,
        lead_time_days: 0,
        attributes: product_rules::stored(&attributes)?,
        client_visible: true,
        public_visible: false,
        replacement_id: None,
    };
    db.insert(&mut product)?;
    Ok(product)
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Name.
    #[arg(min = 1, max = 200)]
    name: String,
    /// Kind.
    kind: ProductKind,
    /// UN/ECE code (C62).
    #[arg(max = 12)]
    unit: Option<String>,
    /// standard.
    #[arg(max = 20)]
    tax_class: Option<String>,
    /// Wine/Red; made if missing.
    #[arg(max = 200)]
    category_path: Option<String>,
    /// Barcode is a GTIN.
    #[arg(min = 1, max = 100)]
    variants: Vec<Bare<VariantArg>>,
    /// Names to values.
    attributes: Option<JsonObject>,
    /// Brand.
    #[arg(max = 100)]
    brand: Option<String>,
    /// Goods: true.
    tracked: Option<bool>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    const CHAIR: &str = r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1", "barcode": "96385074"}]} as chair"#;

    #[test]
    fn a_sku_is_unique_whatever_its_case() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_product_create",
            r#"{"name": "Stool", "kind": "goods", "variants": [{"sku": "ch-1 "}]}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"the SKU `CH-1` is taken","field":"variants[0].sku","hint":"look at it with catalog_product_get; give this variant another SKU","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_barcode_means_one_variant_and_must_check() {
        check(
            &crate::DOMAIN,
            CHAIR,
            "catalog_product_create",
            r#"{"name": "Stool", "kind": "goods", "variants": [{"sku": "ST-1", "barcode": "9638-5074"}]}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"the barcode `96385074` is that of the SKU `CH-1`","field":"variants[0].barcode","hint":"look at it with catalog_product_get; a barcode means one variant","retryable":false}}"#
            ]],
        );
        check(
            &crate::DOMAIN,
            "",
            "catalog_product_create",
            r#"{"name": "Stool", "kind": "goods", "variants": [{"sku": "ST-1", "barcode": "96385075"}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`variants[0].barcode` `96385075` has a wrong check digit","field":"variants[0].barcode","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_bundle_holds_no_bundle() {
        check(
            &crate::DOMAIN,
            &format!(
                r#"{CHAIR}; catalog_product_create {{"name": "Set", "kind": "bundle", "variants": [{{"sku": "SET", "parts": [{{"product": "CH-1", "qty": 4}}]}}]}}"#
            ),
            "catalog_product_create",
            r#"{"name": "Big set", "kind": "bundle", "variants": [{"sku": "BIG", "parts": [{"product": "SET", "qty": 2}]}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`variants[0].parts[0].product` is a bundle, and no bundle is part of another","field":"variants[0].parts[0].product","retryable":false}}"#
            ]],
        );
    }
}
