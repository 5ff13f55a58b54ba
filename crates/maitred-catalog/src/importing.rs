//! Products, prices and opening stock from rows of a CSV text.

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::{Currency, Day, Price, Quantity, Stamp};
use maitred_party::commerce::ProductKind;
use maitred_party::model::TaxClass;

use crate::csv_table::{Cells, Fault, Known, flag};
use crate::model::{MoveKind, Product, ProductId, ProductStatus, Variant, VariantId, VariantStatus};
use crate::product_rules;
use crate::setting_prices::{self, Outcome, Setting};
use crate::store::moves::{Posting, post};
use crate::store::prices::{self, Target};
use crate::store::{locations, products};

words! {
    /// What is imported.
    pub enum ImportKind {
        /// Products, one variant a row; rows with one name are variants of one product.
        Product = "product",
        /// Prices of a list.
        Price = "price",
        /// What was in stock when the books were opened.
        Stock = "stock",
    }
}

const PRODUCT: &[Known] = &[
    (
        "sku",
        &["articlenumber", "artikelnummer", "artnr", "itemnumber", "stockcode", "reference", "ref", "code"],
    ),
    ("name", &["productname", "product", "title", "bezeichnung", "artikel", "designation", "libelle"]),
    ("kind", &["type", "producttype", "art"]),
    ("unit", &["uom", "unitofmeasure", "einheit", "mengeneinheit", "unite"]),
    ("tax_class", &["taxclass", "tax", "steuerklasse"]),
    ("category", &["categorypath", "kategorie", "warengruppe", "categorie"]),
    ("brand", &["manufacturer", "marke", "hersteller", "marque"]),
    ("description", &["beschreibung", "text"]),
    ("barcode", &["gtin", "ean", "upc"]),
    ("option", &["variant", "variante", "size", "colour", "color"]),
    ("min_qty", &["minqty", "minimum", "moq", "mindestmenge"]),
    ("multiple", &["packsize", "pack", "ve", "verpackungseinheit"]),
    ("lead_time_days", &["leadtime", "leadtimedays", "lieferzeit"]),
    ("weight_g", &["weight", "weightg", "gewicht"]),
    ("tracked", &["trackstock", "stocked", "lagerartikel"]),
    ("client_visible", &["visible", "sichtbar"]),
    ("active", &["aktiv", "actif"]),
];

const PRICE: &[Known] = &[
    (
        "sku",
        &["articlenumber", "artikelnummer", "artnr", "itemnumber", "stockcode", "reference", "ref", "code"],
    ),
    ("price", &["unitprice", "preis", "einzelpreis", "prix", "prixunitaire"]),
    ("min_qty", &["minqty", "from", "abmenge", "staffel"]),
    ("valid_from", &["validfrom", "gueltigab", "gultigab"]),
    ("valid_to", &["validto", "gueltigbis", "gultigbis"]),
];

const STOCK: &[Known] = &[
    (
        "sku",
        &["articlenumber", "artikelnummer", "artnr", "itemnumber", "stockcode", "reference", "ref", "code"],
    ),
    ("qty", &["quantity", "stock", "onhand", "menge", "bestand", "quantite"]),
    ("location", &["warehouse", "lager", "lagerort", "depot"]),
    ("cost", &["unitcost", "averagecost", "einstandspreis", "ek", "cout"]),
];

impl ImportKind {
    /// The fields of a kind.
    pub fn fields(self) -> &'static [Known] {
        match self {
            Self::Product => PRODUCT,
            Self::Price => PRICE,
            Self::Stock => STOCK,
        }
    }

    /// The fields that need a column.
    pub fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Product => &["sku", "name"],
            Self::Price => &["sku", "price"],
            Self::Stock => &["sku", "qty"],
        }
    }
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcomes {
    /// Something new.
    Created,
    /// Something known was changed.
    Updated,
    /// It was as the row says.
    Unchanged,
    /// It was there, and stays as it is.
    Duplicate,
}

/// Why a row stops: the row is wrong, or the whole import cannot go on.
pub enum Stopped {
    /// The row is passed over.
    Row(Fault),
    /// The call fails.
    Call(ToolError),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Row(fault)
    }
}

impl From<ToolError> for Stopped {
    /// What the business refuses is the row's fault; what fails inside is not.
    fn from(error: ToolError) -> Self {
        use maitred_core::error::Category;
        match error.code().category() {
            Category::Validation | Category::Domain => Self::Row(Fault {
                field: error.field_name().map(str::to_owned),
                message: error.message().to_owned(),
            }),
            _ => Self::Call(error),
        }
    }
}

impl From<maitred_store::StoreError> for Stopped {
    fn from(error: maitred_store::StoreError) -> Self {
        Self::Call(error.into())
    }
}

/// What every row of an import shares.
pub struct Frame<'a> {
    /// The list, of prices.
    pub list: Option<(&'a Target, Currency)>,
    /// Change what is there already.
    pub update: bool,
    /// Today.
    pub today: Day,
}

/// Takes a row.
///
/// # Errors
/// [`Stopped`].
pub fn take(
    db: &Writer<'_>,
    kind: ImportKind,
    frame: &Frame<'_>,
    cells: &Cells<'_>,
) -> Result<Outcomes, Stopped> {
    match kind {
        ImportKind::Product => product(db, frame, cells),
        ImportKind::Price => price(db, frame, cells),
        ImportKind::Stock => stock(db, cells),
    }
}

fn quantity(cells: &Cells<'_>, field: &str) -> Result<Option<Quantity>, Fault> {
    let found = cells.read(field, Quantity::parse)?;
    match found {
        Some(quantity) if quantity.thousandths() <= 0 => Err(Fault::at(field, "must be more than 0")),
        found => Ok(found),
    }
}

/// What a row says about a product, over what is known.
fn described(db: &Writer<'_>, known: &Product, cells: &Cells<'_>) -> Result<Product, Stopped> {
    let mut product = known.clone();
    if let Some(unit) = cells.get("unit") {
        product.unit = product_rules::unit(unit, "unit")?;
    }
    let class = |text: &str| {
        TaxClass::parse(&text.to_lowercase())
            .ok_or_else(|| format!("must be one of {}", TaxClass::WORDS.join(", ")))
    };
    product.tax_class = cells.read("tax_class", class)?.unwrap_or(known.tax_class);
    if let Some(path) = cells.get("category") {
        product.category_id = Some(products::ensure_category(db, path, "category")?.id);
    }
    product.brand = cells.get("brand").map(str::to_owned).or(product.brand);
    product.description = cells.get("description").map(str::to_owned).or(product.description);
    product.min_qty = quantity(cells, "min_qty")?.unwrap_or(known.min_qty);
    product.multiple = quantity(cells, "multiple")?.unwrap_or(known.multiple);
    let days = |text: &str| match text.parse::<i64>() {
        Ok(days) if (0..=3650).contains(&days) => Ok(days),
        _ => Err("must be a number of days up to 3650"),
    };
    product.lead_time_days = cells.read("lead_time_days", days)?.unwrap_or(known.lead_time_days);
    if product.kind == ProductKind::Goods {
        product.tracked = cells.read("tracked", flag)?.unwrap_or(known.tracked);
    }
    product.client_visible = cells.read("client_visible", flag)?.unwrap_or(known.client_visible);
    if cells.read("active", flag)?.unwrap_or(true) && known.status == ProductStatus::Draft {
        product.status = ProductStatus::Active;
    }
    Ok(product)
}

fn blank(db: &Writer<'_>, name: &str, kind: ProductKind) -> Product {
    Product {
        id: ProductId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        name: name.to_owned(),
        name_key: products::name_key(name),
        kind,
        status: ProductStatus::Draft,
        category_id: None,
        brand: None,
        description: None,
        unit: product_rules::default_unit(kind).to_owned(),
        tax_class: TaxClass::Standard,
        tracked: kind == ProductKind::Goods,
        allow_backorder: true,
        min_qty: Quantity::ONE,
        multiple: Quantity::ONE,
        lead_time_days: 0,
        attributes: "{}".to_owned(),
        client_visible: true,
        public_visible: false,
        replacement_id: None,
    }
}

fn weight(cells: &Cells<'_>) -> Result<Option<i64>, Fault> {
    cells.read("weight_g", |text| match text.parse::<i64>() {
        Ok(grams) if grams >= 0 => Ok(grams),
        _ => Err("must be a whole number of grams"),
    })
}

fn product(db: &Writer<'_>, frame: &Frame<'_>, cells: &Cells<'_>) -> Result<Outcomes, Stopped> {
    let (sku, name) = (cells.need("sku")?, cells.need("name")?);
    if sku.chars().count() > 60 || name.chars().count() > 200 {
        return Err(Fault::at("sku", "must have at most 60 characters, the name at most 200").into());
    }
    let barcode = match cells.get("barcode") {
        Some(code) => Some(product_rules::gtin(code, "barcode")?),
        None => None,
    };
    match products::by_sku(db, sku)? {
        Some(variant) if frame.update => renew(db, &variant, name, barcode, cells),
        Some(_) => Ok(Outcomes::Duplicate),
        None => create(db, sku, name, barcode, cells),
    }
}

fn create(
    db: &Writer<'_>,
    sku: &str,
    name: &str,
    barcode: Option<String>,
    cells: &Cells<'_>,
) -> Result<Outcomes, Stopped> {
    let kind = |text: &str| match ProductKind::parse(&text.to_lowercase()) {
        Some(kind @ (ProductKind::Goods | ProductKind::Service)) => Ok(kind),
        _ => Err("must be goods or service; bundles are made with catalog_product_create"),
    };
    let kind = cells.read("kind", kind)?.unwrap_or(ProductKind::Goods);
    crate::variants::unique(db, None, barcode.as_deref(), None, "row")
        .map_err(|error| error.field("barcode"))?;
    let option = cells.get("option");
    // With an option, rows of one name are variants of one product; without, each row is a product of its own.
    let known = match option {
        Some(_) => products::resolve_product(db, name, "name").ok().filter(|known| known.kind == kind),
        None => None,
    };
    let weight_g = weight(cells)?;
    let product = match known {
        Some(known) => known,
        None => {
            let mut product = described(db, &blank(db, name, kind), cells)?;
            db.insert(&mut product)?;
            product
        }
    };
    let options = option.map(|option| ("option".to_owned(), option.to_owned())).into_iter().collect();
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
        weight_g,
        status: VariantStatus::Active,
    };
    db.insert(&mut variant)?;
    products::index(db, &product)?;
    Ok(Outcomes::Created)
}

fn renew(
    db: &Writer<'_>,
    before: &Variant,
    name: &str,
    barcode: Option<String>,
    cells: &Cells<'_>,
) -> Result<Outcomes, Stopped> {
    let Some(known) = db.get::<Product>(before.product_id.as_ref())? else { return Ok(Outcomes::Unchanged) };
    crate::variants::unique(db, None, barcode.as_deref(), Some(&before.id), "row")
        .map_err(|error| error.field("barcode"))?;
    let mut product = described(db, &known, cells)?;
    product.name = name.to_owned();
    product.name_key = products::name_key(name);
    if (product.unit != known.unit || product.tracked != known.tracked)
        && products::has_moved(db, &before.id)?
    {
        return Err(Fault::at("unit", "and tracking stay once stock has moved").into());
    }
    let mut variant = Variant {
        barcode: barcode.or_else(|| before.barcode.clone()),
        weight_g: weight(cells)?.or(before.weight_g),
        ..before.clone()
    };
    let changed = [db.update(&known, &mut product)?, db.update(before, &mut variant)?];
    if !changed.contains(&true) {
        return Ok(Outcomes::Unchanged);
    }
    products::index(db, &product)?;
    Ok(Outcomes::Updated)
}

fn price(db: &Writer<'_>, frame: &Frame<'_>, cells: &Cells<'_>) -> Result<Outcomes, Stopped> {
    let Some((target, currency)) = frame.list else { return Err(missing("price_list").into()) };
    let item = products::resolve(db, cells.need("sku")?, "sku")?;
    cells.need("price")?;
    let price = cells.read("price", Price::parse)?.unwrap_or_default();
    if price.micros() < 0 {
        return Err(Fault::at("price", "must not be negative").into());
    }
    let min_qty = cells.read("min_qty", Quantity::parse)?.unwrap_or_default();
    if min_qty.thousandths() < 0 {
        return Err(Fault::at("min_qty", "must not be negative").into());
    }
    let setting = Setting {
        target,
        currency,
        variant: &item.variant.id,
        sku: &item.variant.sku,
        min_qty,
        price,
        from: cells.read("valid_from", Day::parse)?.unwrap_or(frame.today),
        to: cells.read("valid_to", Day::parse)?,
    };
    let known = prices::points(db, target, setting.variant, currency, min_qty)?;
    if !frame.update && known.iter().any(|point| point.valid_to.is_none_or(|to| to >= setting.from)) {
        return Ok(Outcomes::Duplicate);
    }
    let mut outcome = Outcome::default();
    setting_prices::set(db, &setting, frame.today, &mut outcome)?;
    Ok(match (outcome.unchanged, outcome.closed + outcome.replaced) {
        (1.., _) => Outcomes::Unchanged,
        (0, 1..) => Outcomes::Updated,
        _ => Outcomes::Created,
    })
}

fn stock(db: &Writer<'_>, cells: &Cells<'_>) -> Result<Outcomes, Stopped> {
    let item = products::resolve(db, cells.need("sku")?, "sku")?;
    if !crate::book::is_stocked(&item) {
        return Err(Fault::at("sku", "has no stock of its own").into());
    }
    cells.need("qty")?;
    let Some(qty) = quantity(cells, "qty")? else { return Ok(Outcomes::Unchanged) };
    let location = locations::resolve(db, cells.get("location"), "location")?;
    // Opening stock of one SKU may lie at several locations: only other moves close its books.
    if products::has_moved_otherwise(db, &item.variant.id, &location.id)? {
        return Ok(Outcomes::Duplicate);
    }
    let cost = cells.read("cost", Price::parse)?;
    if cost.is_some_and(|cost| cost.micros() < 0) {
        return Err(Fault::at("cost", "must not be negative").into());
    }
    let posting = Posting {
        to: Some(&location.id),
        unit_cost: cost,
        reason: Some("opening stock".to_owned()),
        ..Posting::now(db, MoveKind::Opening, &item.variant.id, qty)
    };
    post(db, posting)?;
    Ok(Outcomes::Created)
}
