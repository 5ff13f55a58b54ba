//! How records are shown.

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Currency, Day, Quantity};
use maitred_party::commerce::ProductKind;
use maitred_party::model::TaxClass;

use crate::model::{Category, Location, Product, ProductStatus, Variant, VariantStatus};
use crate::store::levels::Level;
use crate::store::products::{self, Item};

/// A record by name.
#[derive(ToolOutput, Clone)]
pub struct Named {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// A part of a bundle.
#[derive(ToolOutput)]
pub struct PartView {
    /// SKU of the part.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// How much of it per bundle.
    pub quantity: Quantity,
}

/// A variant.
#[derive(ToolOutput)]
pub struct VariantView {
    /// Id.
    pub id: String,
    /// SKU.
    pub sku: String,
    /// GTIN.
    pub barcode: Option<String>,
    /// What tells it from the others.
    pub options: Option<RawJson>,
    /// Weight in grams.
    pub weight_g: Option<i64>,
    /// Whether it is in use.
    pub status: VariantStatus,
    /// Parts, of a bundle.
    pub parts: Option<Vec<PartView>>,
}

/// A product.
#[derive(ToolOutput)]
pub struct ProductView {
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
    /// Path of its category.
    pub category: Option<String>,
    /// Brand.
    pub brand: Option<String>,
    /// Words about it.
    pub description: Option<String>,
    /// Unit of measure, UN/ECE code.
    pub unit: String,
    /// Class of taxation.
    pub tax_class: TaxClass,
    /// Whether stock is kept.
    pub tracked: bool,
    /// Whether it may be sold beyond what is there.
    pub allow_backorder: bool,
    /// The least one can order.
    pub min_qty: Quantity,
    /// Orders are multiples of this.
    pub multiple: Quantity,
    /// Working days until it can be had.
    pub lead_time_days: i64,
    /// Attributes.
    pub attributes: Option<RawJson>,
    /// Whether clients see it.
    pub client_visible: bool,
    /// Whether strangers see it.
    pub public_visible: bool,
    /// What to take instead.
    pub replacement: Option<Named>,
    /// Its variants.
    pub variants: Vec<VariantView>,
    /// Where stock lies.
    pub stock: Option<Vec<LevelView>>,
    /// What it is sold for.
    pub prices: Option<Vec<PriceView>>,
    /// Who sells it to us.
    pub suppliers: Option<Vec<OfferView>>,
}

/// The price of a variant from a quantity on.
#[derive(ToolOutput)]
pub struct StepView {
    /// From this quantity on.
    pub from: Quantity,
    /// Price per unit.
    pub unit_price: String,
}

/// What a variant is sold for.
#[derive(ToolOutput)]
pub struct PriceView {
    /// SKU.
    pub sku: String,
    /// Currency.
    pub currency: Currency,
    /// Price per unit for the least that one can order; missing where there is none.
    pub unit_price: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// Whether tax is within.
    pub includes_tax: Option<bool>,
    /// Prices of larger quantities.
    pub steps: Option<Vec<StepView>>,
    /// What it costs us on average, in the organisation's currency.
    pub average_cost: Option<String>,
    /// What is left of the price, in percent, where currencies and tax allow to say.
    pub margin: Option<BasisPoints>,
}

/// What a supplier sells a variant for.
#[derive(ToolOutput)]
pub struct OfferView {
    /// Id.
    pub id: String,
    /// SKU.
    pub sku: String,
    /// Supplier.
    pub supplier: Named,
    /// What they call it.
    pub supplier_sku: Option<String>,
    /// Cost per unit.
    pub cost: Option<String>,
    /// Currency of the cost.
    pub currency: Currency,
    /// The least they sell.
    pub min_qty: Quantity,
    /// They sell multiples of this.
    pub multiple: Quantity,
    /// Working days they need.
    pub lead_time_days: i64,
    /// Asked first.
    pub preferred: bool,
}

fn object(json: String) -> ToolResult<Option<RawJson>> {
    if json == "{}" { Ok(None) } else { RawJson::new(json).map(Some) }
}

/// A variant as shown.
pub fn variant_view(db: &Reader<'_>, product: &Product, variant: Variant) -> ToolResult<VariantView> {
    let parts = match product.kind {
        ProductKind::Bundle => {
            let items = products::parts(db, &variant.id)?;
            let ids: Vec<&str> = items.iter().map(|part| part.part_id.as_ref()).collect();
            let known = products::items(db, &ids)?;
            Some(
                items
                    .iter()
                    .filter_map(|part| {
                        let item: &Item = known.get(part.part_id.as_ref())?;
                        Some(PartView {
                            sku: item.variant.sku.clone(),
                            name: item.name(),
                            quantity: part.quantity,
                        })
                    })
                    .collect(),
            )
        }
        ProductKind::Goods | ProductKind::Service => None,
    };
    Ok(VariantView {
        id: variant.id.0,
        sku: variant.sku,
        barcode: variant.barcode,
        options: object(variant.options)?,
        weight_g: variant.weight_g,
        status: variant.status,
        parts,
    })
}

/// A product as shown, with all its variants.
pub fn product_view(db: &Reader<'_>, product: Product) -> ToolResult<ProductView> {
    let category = match &product.category_id {
        Some(id) => db.get::<Category>(id.as_ref())?.map(|category| category.path),
        None => None,
    };
    let replacement = match &product.replacement_id {
        Some(id) => db.get::<Product>(id.as_ref())?.map(|other| Named { id: other.id.0, name: other.name }),
        None => None,
    };
    let variants = products::variants(db, &product.id)?
        .into_iter()
        .map(|variant| variant_view(db, &product, variant))
        .collect::<ToolResult<_>>()?;
    Ok(ProductView {
        id: product.id.0,
        version: product.version,
        name: product.name,
        kind: product.kind,
        status: product.status,
        category,
        brand: product.brand,
        description: product.description,
        unit: product.unit,
        tax_class: product.tax_class,
        tracked: product.tracked,
        allow_backorder: product.allow_backorder,
        min_qty: product.min_qty,
        multiple: product.multiple,
        lead_time_days: product.lead_time_days,
        attributes: object(product.attributes)?,
        client_visible: product.client_visible,
        public_visible: product.public_visible,
        replacement,
        variants,
        stock: None,
        prices: None,
        suppliers: None,
    })
}

/// What lies at a location.
#[derive(ToolOutput)]
pub struct LevelView {
    /// SKU.
    pub sku: String,
    /// Location.
    pub location: String,
    /// How much lies there.
    pub on_hand: Quantity,
    /// How much of it is held.
    pub reserved: Quantity,
    /// How much is there for the taking.
    pub available: Quantity,
}

/// A level as shown.
pub fn level_view(item: &Item, location: &Location, level: Level) -> LevelView {
    LevelView {
        sku: item.variant.sku.clone(),
        location: location.name.clone(),
        on_hand: level.on_hand,
        reserved: level.reserved,
        available: level.free(),
    }
}

/// Days and currency of a price list, as shown.
#[derive(ToolOutput)]
pub struct ListView {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// What it is for.
    pub kind: crate::model::ListKind,
    /// Currency of its prices.
    pub currency: Currency,
    /// Whether tax is within its prices.
    pub prices_include_tax: bool,
    /// First day.
    pub valid_from: Option<Day>,
    /// Last day.
    pub valid_to: Option<Day>,
    /// The larger is asked first.
    pub priority: i64,
    /// Companies it is assigned to, at most ten.
    pub assigned_to: Option<Vec<Named>>,
    /// How many companies that are.
    pub assigned_count: Option<i64>,
}

/// A list as shown.
pub fn list_view(db: &Reader<'_>, list: crate::model::PriceList) -> ToolResult<ListView> {
    let assigned = match list.kind {
        crate::model::ListKind::Assigned => Some(crate::store::prices::assigned(db, &list.id, 10)?),
        _ => None,
    };
    let (companies, count) = assigned.map_or((None, None), |(some, count)| {
        (Some(some.into_iter().map(|(id, name)| Named { id, name }).collect()), Some(count))
    });
    Ok(ListView {
        id: list.id.0,
        version: list.version,
        code: list.code,
        name: list.name,
        kind: list.kind,
        currency: list.currency,
        prices_include_tax: list.prices_include_tax,
        valid_from: list.valid_from,
        valid_to: list.valid_to,
        priority: list.priority,
        assigned_to: companies,
        assigned_count: count,
    })
}
