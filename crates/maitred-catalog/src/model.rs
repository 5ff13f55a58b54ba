//! The records of the catalog tables and the closed lists in them.

use maitred_core::{ids, words};
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity, Stamp};
use maitred_macros::Record;
use maitred_party::commerce::ProductKind;
use maitred_party::model::TaxClass;
use maitred_party::{CompanyId, MemberId};

ids!(
    /// Id of a category.
    CategoryId,
    /// Id of a product.
    ProductId,
    /// Id of a variant.
    VariantId,
    /// Id of a price list.
    PriceListId,
    /// Id of a location.
    LocationId,
    /// Id of a purchase order.
    PurchaseId,
    /// Id of a line of a purchase order.
    PurchaseLineId,
);

words! {
    /// How far a product is: draft, then active and discontinued in either order, then archived.
    pub enum ProductStatus {
        /// Being prepared; not for sale.
        Draft = "draft",
        /// For sale.
        Active = "active",
        /// Sold down, not bought again.
        Discontinued = "discontinued",
        /// Gone.
        Archived = "archived",
    }
}

words! {
    /// Whether a variant is in use.
    pub enum VariantStatus {
        /// In use.
        Active = "active",
        /// Not used any more; kept for its history.
        Retired = "retired",
    }
}

words! {
    /// What a price list is for.
    pub enum ListKind {
        /// For everybody.
        Base = "base",
        /// For the customers it is assigned to.
        Assigned = "assigned",
        /// For everybody for a time; only ever lowers a price.
        Promotion = "promotion",
    }
}

words! {
    /// What a location is.
    pub enum LocationKind {
        /// Stock lies there.
        Warehouse = "warehouse",
        /// Stock lies and is sold there.
        Store = "store",
        /// Stock is on its way.
        Transit = "transit",
        /// Stock waits there to be looked at.
        Quarantine = "quarantine",
    }
}

words! {
    /// Why stock moved.
    pub enum MoveKind {
        /// Came from a supplier.
        Receipt = "receipt",
        /// Left to a customer.
        Shipment = "shipment",
        /// From one location to another.
        Transfer = "transfer",
        /// Corrected by hand.
        Adjustment = "adjustment",
        /// Corrected by a count.
        Count = "count",
        /// Came back from a customer.
        Return = "return",
        /// Thrown away.
        Scrap = "scrap",
        /// Was there when the books were opened.
        Opening = "opening",
    }
}

words! {
    /// Why stock is corrected by hand.
    pub enum AdjustReason {
        /// Broken or spoilt.
        Damage = "damage",
        /// Gone.
        Loss = "loss",
        /// Turned up.
        Found = "found",
        /// Given away or used.
        Sample = "sample",
    }
}

words! {
    /// What became of a reservation.
    pub enum ReservationStatus {
        /// Holds stock.
        Active = "active",
        /// Its stock was shipped.
        Consumed = "consumed",
        /// Let go.
        Released = "released",
        /// Ran out.
        Expired = "expired",
    }
}

words! {
    /// How far a purchase order is.
    pub enum PurchaseStatus {
        /// Being written.
        Draft = "draft",
        /// With the supplier.
        Sent = "sent",
        /// Something came.
        PartiallyReceived = "partially_received",
        /// Everything came.
        Received = "received",
        /// Done; what was open will not come.
        Closed = "closed",
        /// Called off before anything came.
        Cancelled = "cancelled",
    }
}

impl PurchaseStatus {
    /// True when goods are on their way.
    pub fn is_incoming(self) -> bool {
        matches!(self, Self::Sent | Self::PartiallyReceived)
    }
}

/// A place in the tree of categories.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "category")]
pub struct Category {
    /// Id.
    pub id: CategoryId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Names from the root down with slashes between.
    pub path: String,
    /// Folded path, unique.
    pub path_key: String,
    /// Last name of the path.
    pub name: String,
}

/// Something sold.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "product")]
pub struct Product {
    /// Id.
    pub id: ProductId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Name.
    pub name: String,
    /// Folded name.
    pub name_key: String,
    /// What it is.
    pub kind: ProductKind,
    /// How far it is.
    pub status: ProductStatus,
    /// Category.
    pub category_id: Option<CategoryId>,
    /// Brand.
    pub brand: Option<String>,
    /// Words about it.
    pub description: Option<String>,
    /// Unit of measure, a code of UN/ECE Recommendation 20.
    pub unit: String,
    /// Class of taxation.
    pub tax_class: TaxClass,
    /// Whether stock is kept of it.
    pub tracked: bool,
    /// Whether it may be sold beyond what is available.
    pub allow_backorder: bool,
    /// The least one can order.
    pub min_qty: Quantity,
    /// Orders are multiples of this.
    pub multiple: Quantity,
    /// Working days until it can be had when there is none.
    pub lead_time_days: i64,
    /// JSON object of texts, in the order of their names.
    pub attributes: String,
    /// Whether clients may see and order it.
    pub client_visible: bool,
    /// Whether strangers may see it.
    pub public_visible: bool,
    /// What to take instead.
    pub replacement_id: Option<ProductId>,
}

impl Product {
    /// Whether it can be sold.
    pub fn for_sale(&self) -> bool {
        matches!(self.status, ProductStatus::Active | ProductStatus::Discontinued)
    }
}

/// The sellable unit of a product.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "variant")]
pub struct Variant {
    /// Id.
    pub id: VariantId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Product.
    pub product_id: ProductId,
    /// Stock keeping unit as spelled.
    pub sku: String,
    /// Folded SKU, unique.
    pub sku_key: String,
    /// GTIN, checked.
    pub barcode: Option<String>,
    /// JSON object of texts that tell it from the other variants.
    pub options: String,
    /// Weight in grams.
    pub weight_g: Option<i64>,
    /// Whether it is in use.
    pub status: VariantStatus,
}

/// A part of a bundle; no bundle is part of another.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "bundle_item")]
pub struct BundleItem {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Variant of the bundle.
    pub bundle_id: VariantId,
    /// Variant within.
    pub part_id: VariantId,
    /// How much of it per unit of the bundle.
    pub quantity: Quantity,
}

/// A price list.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "price_list")]
pub struct PriceList {
    /// Id.
    pub id: PriceListId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Short word for it, as spelled.
    pub code: String,
    /// Folded code, unique.
    pub code_key: String,
    /// Name.
    pub name: String,
    /// What it is for.
    pub kind: ListKind,
    /// Currency of its prices.
    pub currency: Currency,
    /// Whether tax is within its prices.
    pub prices_include_tax: bool,
    /// First day; always was when unset.
    pub valid_from: Option<Day>,
    /// Last day; for good when unset.
    pub valid_to: Option<Day>,
    /// Of several lists of a kind the larger is asked first.
    pub priority: i64,
}

/// A price of a variant on a list or for a company, from a quantity on, for a time.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "price_point")]
pub struct PricePoint {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The list; either this or the company is set.
    pub price_list_id: Option<PriceListId>,
    /// The company.
    #[record(company)]
    pub company_id: Option<CompanyId>,
    /// The variant.
    pub variant_id: VariantId,
    /// Currency, that of the list where there is one.
    pub currency: Currency,
    /// From this quantity on.
    pub min_qty: Quantity,
    /// Price per unit.
    pub unit_price: Price,
    /// First day.
    pub valid_from: Day,
    /// Last day; for good when unset.
    pub valid_to: Option<Day>,
}

/// What a customer is charged by.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "customer_terms")]
pub struct CustomerTerms {
    /// The company.
    #[record(company)]
    pub id: CompanyId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Their list.
    pub price_list_id: Option<PriceListId>,
    /// Off base prices.
    pub discount_bp: BasisPoints,
}

/// Where stock is kept.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "location")]
pub struct Location {
    /// Id.
    pub id: LocationId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Name.
    pub name: String,
    /// Folded name, unique.
    pub name_key: String,
    /// What it is.
    pub kind: LocationKind,
    /// Whether stock there can be sold.
    pub sellable: bool,
    /// The larger is sold from first.
    pub priority: i64,
    /// Set when nothing more comes there.
    pub retired_at: Option<Stamp>,
}

/// Stock that moved. Append-only: levels and averages follow from these.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "stock_move")]
pub struct StockMove {
    /// Id; moves were posted in the order of their ids.
    pub id: String,
    /// When posted.
    pub created_at: Stamp,
    /// When it happened.
    pub at: Stamp,
    /// Of what.
    pub variant_id: VariantId,
    /// From where; from outside when unset.
    pub from_id: Option<LocationId>,
    /// To where; to outside when unset.
    pub to_id: Option<LocationId>,
    /// How much; more than nothing.
    pub quantity: Quantity,
    /// Why.
    pub kind: MoveKind,
    /// Why exactly.
    pub reason: Option<String>,
    /// Remark.
    pub note: Option<String>,
    /// Cost per unit in the organisation's currency: what was paid for what came in, the average for what went out.
    pub unit_cost: Option<Price>,
    /// Kind of document.
    pub ref_kind: Option<String>,
    /// The document.
    pub ref_id: Option<String>,
    /// Who posted it.
    pub by_member: Option<MemberId>,
}

/// Stock held for a line of a document.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "reservation")]
pub struct Reservation {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// What is held.
    pub variant_id: VariantId,
    /// Where.
    pub location_id: LocationId,
    /// How much of it.
    pub quantity: Quantity,
    /// What was sold: the bundle where the variant is a part of one, else the variant.
    pub sold_id: VariantId,
    /// How much of what was sold this serves.
    pub sold_qty: Quantity,
    /// Kind of document line.
    pub ref_kind: String,
    /// The line.
    pub ref_id: String,
    /// What became of it.
    pub status: ReservationStatus,
    /// Until when it holds; for good when unset.
    pub expires_at: Option<Stamp>,
}

/// That a supplier sells a variant, and on which terms.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "supplier_item")]
pub struct SupplierItem {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The supplier.
    #[record(company)]
    pub company_id: CompanyId,
    /// The variant.
    pub variant_id: VariantId,
    /// What they call it.
    pub supplier_sku: Option<String>,
    /// Cost per unit.
    pub cost: Price,
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

/// An order to a supplier.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "purchase_order")]
pub struct PurchaseOrder {
    /// Id.
    pub id: PurchaseId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Number.
    pub number: String,
    /// The supplier.
    #[record(company)]
    pub company_id: CompanyId,
    /// Where the goods go.
    pub location_id: LocationId,
    /// When they are expected.
    pub expected_on: Option<Day>,
    /// Currency of its costs.
    pub currency: Currency,
    /// How far it is.
    pub status: PurchaseStatus,
    /// When sent.
    pub sent_at: Option<Stamp>,
    /// When closed or cancelled.
    pub closed_at: Option<Stamp>,
    /// Why closed or cancelled.
    pub close_reason: Option<String>,
}

/// A line of an order to a supplier.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "purchase_line")]
pub struct PurchaseLine {
    /// Id.
    pub id: PurchaseLineId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The order.
    pub purchase_id: PurchaseId,
    /// Counted from one.
    pub position: i64,
    /// What.
    pub variant_id: VariantId,
    /// Its SKU when ordered.
    pub sku: String,
    /// Its name when ordered.
    pub name: String,
    /// What the supplier calls it.
    pub supplier_sku: Option<String>,
    /// How much was ordered.
    pub ordered: Quantity,
    /// How much came, damaged goods too.
    pub received: Quantity,
    /// How much of that was damaged.
    pub damaged: Quantity,
    /// How much will not come.
    pub closed_short: Quantity,
    /// Cost per unit in the order's currency.
    pub cost: Price,
}

impl PurchaseLine {
    /// How much is still to come.
    pub fn open(&self) -> Quantity {
        let open = self.ordered.thousandths() - self.received.thousandths() - self.closed_short.thousandths();
        Quantity::from_thousandths(open.max(0))
    }
}

/// Goods that came on an order to a supplier, at once.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "purchase_receipt")]
pub struct PurchaseReceipt {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The order.
    pub purchase_id: PurchaseId,
    /// When they came.
    pub received_at: Stamp,
    /// Number of the delivery note.
    pub delivery_note: Option<String>,
    /// Folded number of the delivery note.
    pub note_key: Option<String>,
}
