//! The records of the orders tables and the closed lists in them.

use maitred_core::{ids, words};
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity, Stamp};
use maitred_macros::Record;
use maitred_party::commerce::ProductKind;
use maitred_party::model::{TaxCategory, TaxClass};
use maitred_party::{CompanyId, ContactId, MemberId};

ids!(
    /// Id of a revision of a quote.
    QuoteId,
    /// Id of a line of a quote.
    QuoteLineId,
    /// Id of a basket.
    CartId,
    /// Id of an order.
    OrderId,
    /// Id of a line of an order.
    OrderLineId,
    /// Id of a shipment.
    ShipmentId,
    /// Id of a return.
    ReturnId,
);

words! {
    /// How far a quote is.
    pub enum QuoteStatus {
        /// Being written; changes in place.
        Draft = "draft",
        /// With the customer.
        Sent = "sent",
        /// The customer said yes.
        Accepted = "accepted",
        /// The customer said no.
        Declined = "declined",
        /// Nobody answered in time.
        Expired = "expired",
        /// An order came of it.
        Converted = "converted",
        /// Withdrawn by us.
        Cancelled = "cancelled",
        /// A later revision took its place.
        Superseded = "superseded",
    }
}

words! {
    /// How far a basket is.
    pub enum CartStatus {
        /// Being filled.
        Open = "open",
        /// Became an order.
        Submitted = "submitted",
        /// Given up.
        Abandoned = "abandoned",
    }
}

words! {
    /// How far an order is.
    pub enum OrderStatus {
        /// Being written.
        Draft = "draft",
        /// Waits for somebody of us to say yes.
        PendingApproval = "pending_approval",
        /// Agreed; stock is held.
        Confirmed = "confirmed",
        /// Some of it was shipped.
        InFulfilment = "in_fulfilment",
        /// All of it was shipped.
        Fulfilled = "fulfilled",
        /// Shipped and invoiced.
        Closed = "closed",
        /// Called off.
        Cancelled = "cancelled",
    }
}

words! {
    /// Where an order comes from.
    pub enum OrderSource {
        /// Entered by one of us.
        Staff = "staff",
        /// Placed by the client.
        Client = "client",
        /// From a quote.
        Quote = "quote",
        /// An earlier order once more.
        Reorder = "reorder",
        /// Makes something good.
        Replacement = "replacement",
    }
}

words! {
    /// How much of something has happened.
    pub enum Extent {
        /// Nothing.
        None = "none",
        /// Some.
        Partial = "partial",
        /// All.
        Full = "full",
    }
}

words! {
    /// How far a shipment is.
    pub enum ShipmentStatus {
        /// Taken from stock, not yet with the carrier.
        Packed = "packed",
        /// With the carrier.
        Shipped = "shipped",
        /// With the customer.
        Delivered = "delivered",
        /// Could not be delivered.
        Failed = "failed",
        /// Put back.
        Cancelled = "cancelled",
    }
}

words! {
    /// How far a return is.
    pub enum ReturnStatus {
        /// Asked for.
        Requested = "requested",
        /// May be sent.
        Approved = "approved",
        /// The goods are back.
        Received = "received",
        /// Made good.
        Completed = "completed",
        /// Not taken back.
        Rejected = "rejected",
        /// Will not be sent after all.
        Cancelled = "cancelled",
    }
}

words! {
    /// Why goods come back.
    pub enum ReturnReason {
        /// Arrived damaged.
        Damaged = "damaged",
        /// Not what was ordered.
        WrongItem = "wrong_item",
        /// Does not work.
        Defective = "defective",
        /// Not wanted any more.
        NotNeeded = "not_needed",
        /// Came too late.
        Late = "late",
        /// Something else.
        Other = "other",
    }
}

words! {
    /// How a return is made good.
    pub enum Resolution {
        /// The money goes back.
        Refund = "refund",
        /// A credit note.
        Credit = "credit",
        /// The goods are sent again.
        Replacement = "replacement",
        /// Nothing.
        None = "none",
    }
}

words! {
    /// In what state goods came back.
    pub enum Condition {
        /// As good as new: back into stock.
        AsNew = "as_new",
        /// Opened: looked at in quarantine.
        Opened = "opened",
        /// Broken: thrown away.
        Damaged = "damaged",
    }
}

/// A revision of a quote.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "quote")]
pub struct Quote {
    /// Id.
    pub id: QuoteId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Number; the same in every revision.
    pub number: String,
    /// Revision, from 1.
    pub revision: i64,
    /// The revision before.
    pub supersedes_id: Option<QuoteId>,
    /// How far it is. That it expired is seen from `valid_until`; a job may record it.
    pub status: QuoteStatus,
    /// Who buys.
    #[record(company)]
    pub company_id: CompanyId,
    /// Their person.
    #[record(contact)]
    pub contact_id: Option<ContactId>,
    /// Who of us sells.
    pub owner_id: Option<MemberId>,
    /// The deal it belongs to.
    pub deal_id: Option<String>,
    /// Currency.
    pub currency: Currency,
    /// Whether prices include tax.
    pub includes_tax: bool,
    /// Last day on which it can be accepted.
    pub valid_until: Day,
    /// Terms in words.
    pub terms: Option<String>,
    /// Their reference.
    pub po_reference: Option<String>,
    /// The buyer as it was then, JSON; see [`crate::snapshot`].
    pub buyer: String,
    /// Without tax, minor units.
    pub net: i64,
    /// Tax.
    pub tax: i64,
    /// With tax.
    pub gross: i64,
    /// When first sent.
    pub sent_at: Option<Stamp>,
    /// To whom.
    pub sent_to: Option<String>,
    /// When the customer answered.
    pub answered_at: Option<Stamp>,
    /// Who accepted.
    pub accepted_contact_id: Option<ContactId>,
    /// Through which channel, or `word` when one of us was told.
    pub accepted_channel: Option<String>,
    /// The total that was accepted.
    pub accepted_gross: Option<i64>,
    /// What proves it.
    pub evidence: Option<String>,
    /// Why it was declined or withdrawn.
    pub close_reason: Option<String>,
}

/// A line of a quote.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "quote_line")]
pub struct QuoteLine {
    /// Id.
    pub id: QuoteLineId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Of which revision.
    pub quote_id: QuoteId,
    /// Position, from 1.
    pub position: i64,
    /// The variant, where it is one.
    pub variant_id: Option<String>,
    /// Its SKU then.
    pub sku: Option<String>,
    /// What the document says.
    pub description: String,
    /// What it is.
    pub kind: ProductKind,
    /// Unit of measure.
    pub unit: String,
    /// How much.
    pub quantity: Quantity,
    /// How much of it was ordered.
    pub converted: Quantity,
    /// Price per unit; unset while nobody knows it.
    pub unit_price: Option<Price>,
    /// The base list's price then.
    pub list_price: Option<Price>,
    /// What it cost us then.
    pub unit_cost: Option<Price>,
    /// Discount.
    pub discount_bp: BasisPoints,
    /// Class of taxation.
    pub tax_class: TaxClass,
    /// Category of tax.
    pub tax_category: TaxCategory,
    /// Rate of tax.
    pub tax_rate_bp: BasisPoints,
    /// Without tax, minor units.
    pub net: i64,
    /// Where the price comes from.
    pub price_source: String,
}

/// A client's basket; one open per person and company.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "cart")]
pub struct Cart {
    /// Id.
    pub id: CartId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// For which company.
    #[record(company)]
    pub company_id: CompanyId,
    /// Whose.
    #[record(contact)]
    pub contact_id: ContactId,
    /// How far it is.
    pub status: CartStatus,
}

/// A line of a basket.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "cart_line")]
pub struct CartLine {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// In which basket.
    pub cart_id: CartId,
    /// The variant.
    pub variant_id: String,
    /// How much.
    pub quantity: Quantity,
    /// The price the client saw when the quantity was set.
    pub seen_price: Option<Price>,
}

/// An order.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "sales_order")]
pub struct Order {
    /// Id.
    pub id: OrderId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Number.
    pub number: String,
    /// Where it comes from.
    pub source: OrderSource,
    /// How far it is.
    pub status: OrderStatus,
    /// Who buys.
    #[record(company)]
    pub company_id: CompanyId,
    /// Their person.
    #[record(contact)]
    pub contact_id: Option<ContactId>,
    /// Who of us sells.
    pub owner_id: Option<MemberId>,
    /// The quote it comes from.
    pub quote_id: Option<QuoteId>,
    /// The basket it comes from; a basket becomes one order at most.
    pub cart_id: Option<CartId>,
    /// The return it makes good.
    pub return_id: Option<String>,
    /// The deal it belongs to.
    pub deal_id: Option<String>,
    /// Why nothing may be shipped or invoiced; unset when it may.
    pub hold_reason: Option<String>,
    /// Why somebody has to approve.
    pub approval_reason: Option<String>,
    /// Why it was made, where it is a replacement or goodwill.
    pub reason: Option<String>,
    /// Why it was called off.
    pub cancel_reason: Option<String>,
    /// Their reference.
    pub po_reference: Option<String>,
    /// What the client wrote: words from outside.
    pub note: Option<String>,
    /// When they want it.
    pub requested_date: Option<Day>,
    /// When they get it.
    pub promise_date: Option<Day>,
    /// The address on file it goes to.
    pub address_id: Option<String>,
    /// The address as it was then, lines with line feeds between.
    pub ship_to: Option<String>,
    /// The buyer as it was then, JSON; see [`crate::snapshot`].
    pub buyer: String,
    /// 0 is ordinary, more is sooner.
    pub priority: i64,
    /// Currency.
    pub currency: Currency,
    /// Whether prices include tax.
    pub includes_tax: bool,
    /// Without tax, minor units, of what is not cancelled.
    pub net: i64,
    /// Tax.
    pub tax: i64,
    /// With tax.
    pub gross: i64,
    /// When agreed.
    pub confirmed_at: Option<Stamp>,
    /// When called off.
    pub cancelled_at: Option<Stamp>,
}

/// A line of an order. `shipped + cancelled ≤ ordered`, `returned ≤ shipped`, `invoiced ≤ ordered − cancelled`: the
/// database itself refuses anything else.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "order_line")]
pub struct OrderLine {
    /// Id.
    pub id: OrderLineId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Of which order.
    pub order_id: OrderId,
    /// Position, from 1.
    pub position: i64,
    /// The line of the quote it comes from.
    pub quote_line_id: Option<QuoteLineId>,
    /// The variant, where it is one.
    pub variant_id: Option<String>,
    /// Its SKU then.
    pub sku: Option<String>,
    /// What documents say.
    pub description: String,
    /// What it is.
    pub kind: ProductKind,
    /// Unit of measure.
    pub unit: String,
    /// How much was ordered.
    pub ordered: Quantity,
    /// How much is held in stock.
    pub reserved: Quantity,
    /// How much has left.
    pub shipped: Quantity,
    /// How much was called off.
    pub cancelled: Quantity,
    /// How much came back.
    pub returned: Quantity,
    /// How much is on living invoices.
    pub invoiced: Quantity,
    /// Price per unit.
    pub unit_price: Price,
    /// The base list's price then.
    pub list_price: Option<Price>,
    /// What it cost us then.
    pub unit_cost: Option<Price>,
    /// Discount.
    pub discount_bp: BasisPoints,
    /// Class of taxation.
    pub tax_class: TaxClass,
    /// Category of tax.
    pub tax_category: TaxCategory,
    /// Rate of tax.
    pub tax_rate_bp: BasisPoints,
    /// Without tax, minor units, of what is not cancelled.
    pub net: i64,
    /// Where the price comes from.
    pub price_source: String,
    /// Whether some of it waits for stock.
    pub backorder: bool,
}

impl OrderLine {
    /// Whether it is something that leaves the house: work and plain words do not.
    pub fn ships(&self) -> bool {
        self.variant_id.is_some() && self.kind != ProductKind::Service
    }

    /// Not called off.
    pub fn wanted(&self) -> Quantity {
        Quantity::from_thousandths(self.ordered.thousandths() - self.cancelled.thousandths())
    }

    /// Neither shipped nor called off.
    pub fn open(&self) -> Quantity {
        Quantity::from_thousandths(self.wanted().thousandths() - self.shipped.thousandths())
    }
}

/// Goods that left for an order.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "shipment")]
pub struct Shipment {
    /// Id.
    pub id: ShipmentId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Number.
    pub number: String,
    /// For which order.
    pub order_id: OrderId,
    /// From where.
    pub location_id: String,
    /// Its name then.
    pub location_name: String,
    /// Carrier.
    pub carrier: Option<String>,
    /// Tracking number or address.
    pub tracking: Option<String>,
    /// Where it goes.
    pub ship_to: Option<String>,
    /// How far it is.
    pub status: ShipmentStatus,
    /// When the carrier took it.
    pub shipped_at: Option<Stamp>,
    /// When it was there.
    pub delivered_at: Option<Stamp>,
    /// Why it could not be delivered.
    pub failed_reason: Option<String>,
}

/// What is in a shipment.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "shipment_line")]
pub struct ShipmentLine {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// In which shipment.
    pub shipment_id: ShipmentId,
    /// For which line.
    pub order_line_id: OrderLineId,
    /// How much.
    pub quantity: Quantity,
}

/// Goods that come back.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "goods_return")]
pub struct Return {
    /// Id.
    pub id: ReturnId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Number.
    pub number: String,
    /// Of which order.
    pub order_id: OrderId,
    /// Who sends them.
    #[record(company)]
    pub company_id: CompanyId,
    /// Their person.
    #[record(contact)]
    pub contact_id: Option<ContactId>,
    /// Whether the client asked for it.
    pub by_client: bool,
    /// How it is made good.
    pub resolution: Resolution,
    /// How far it is.
    pub status: ReturnStatus,
    /// What was said; words from outside when the client asked.
    pub note: Option<String>,
    /// Why it was opened although it is too late.
    pub override_reason: Option<String>,
    /// Why it was decided so; the client may read it.
    pub decision_reason: Option<String>,
    /// When decided.
    pub decided_at: Option<Stamp>,
    /// When the goods were back.
    pub received_at: Option<Stamp>,
    /// When made good.
    pub completed_at: Option<Stamp>,
}

/// A line of a return.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "return_line")]
pub struct ReturnLine {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Of which return.
    pub return_id: ReturnId,
    /// Of which line.
    pub order_line_id: OrderLineId,
    /// Why.
    pub reason: ReturnReason,
    /// How much.
    pub quantity: Quantity,
    /// How much is back.
    pub received: Quantity,
    /// How much of that was credited.
    pub credited: Quantity,
    /// In what state the last of it came.
    pub condition: Option<Condition>,
    /// What one of us noted about it.
    pub remark: Option<String>,
}
