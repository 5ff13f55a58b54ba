//! Ports between the modules of a trading business: prices, stock, credit, what can be billed, documents.
//!
//! Every call shares the caller's transaction, so an order and the stock it reserves stand or fall together, and a dry
//! run sees through them.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::ToolResult;
use maitred_core::words;
use maitred_kernel::{BasisPoints, Currency, Day, Money, Price, Quantity};

use crate::model::{CompanyId, TaxClass};

words! {
    /// What a product is.
    pub enum ProductKind {
        /// A thing that can be stocked and shipped.
        Goods = "goods",
        /// Work; never stocked.
        Service = "service",
        /// Sold as one, shipped as its parts.
        Bundle = "bundle",
    }
}

/// A variant of a product: the unit that documents sell, as they need to know it.
#[derive(Clone, Debug)]
pub struct Sellable {
    /// Id of the variant.
    pub variant: String,
    /// Id of the product.
    pub product: String,
    /// Stock keeping unit, as spelled by the organisation.
    pub sku: String,
    /// What a document calls it: the product's name and the variant's options.
    pub name: String,
    /// What it is.
    pub kind: ProductKind,
    /// Unit of measure, a code of UN/ECE Recommendation 20.
    pub unit: String,
    /// Class of taxation.
    pub tax_class: TaxClass,
    /// Whether stock is kept of it; of what is not tracked there is always enough.
    pub tracked: bool,
    /// Whether it may be sold beyond what is available.
    pub allow_backorder: bool,
    /// The least one can order.
    pub min_qty: Quantity,
    /// Orders are multiples of this.
    pub multiple: Quantity,
    /// Working days until it can be had when there is none.
    pub lead_time_days: i64,
    /// Whether it can be sold: active, or discontinued and being sold down.
    pub for_sale: bool,
    /// Whether it is being sold down.
    pub discontinued: bool,
    /// Whether clients may see and order it.
    pub client_visible: bool,
    /// SKU of what to take instead.
    pub replacement: Option<String>,
}

/// For whom and when a price is asked.
#[derive(Clone, Copy, Debug)]
pub struct PriceFor<'a> {
    /// The buyer; without one the base lists alone speak.
    pub company: Option<&'a CompanyId>,
    /// The day it must hold on.
    pub day: Day,
    /// Currency the price must be in.
    pub currency: Currency,
}

/// A variant and how much of it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Id of the variant.
    pub variant: &'a str,
    /// How much.
    pub quantity: Quantity,
}

/// A price that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceFound {
    /// Price per unit, discounts within.
    pub unit_price: Price,
    /// Where it comes from, in a few words: `customer price`, `list TRADE`, `promotion SPRING`.
    pub source: String,
    /// Whether tax is within it.
    pub includes_tax: bool,
    /// The base list's price, where there is one.
    pub list_price: Option<Price>,
}

/// Products and what they cost a buyer. Given by catalog.
pub trait PriceResolver: Send + Sync {
    /// The variant that a text means: its id, SKU, barcode or exact unique name.
    ///
    /// # Errors
    /// `not_found` and `ambiguous_reference`, at `field`.
    fn find(&self, db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Sellable>;
    /// The variants with these ids, in their order; a dangling id is `None`.
    fn sellables(&self, db: &Reader<'_>, variants: &[&str]) -> ToolResult<Vec<Option<Sellable>>>;
    /// A price for each, or `None` where there is none: never zero by default.
    fn prices(
        &self,
        db: &Reader<'_>,
        who: PriceFor<'_>,
        wanted: &[Wanted<'_>],
    ) -> ToolResult<Vec<Option<PriceFound>>>;
    /// What each costs us on average, in the organisation's currency, where that is known.
    fn average_costs(&self, db: &Reader<'_>, variants: &[&str]) -> ToolResult<Vec<Option<Price>>>;
}

/// A place where stock is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Id of the location.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// What can be delivered of something wanted.
#[derive(Clone, Debug)]
pub struct Availability {
    /// How much of the wanted is there for the taking.
    pub available: Quantity,
    /// From where.
    pub from: Vec<(Place, Quantity)>,
    /// How much is missing.
    pub shortfall: Quantity,
    /// When all of it can be there; unset when nobody knows.
    pub earliest: Option<Day>,
}

/// Stock held for a line of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Where it lies.
    pub place: Place,
    /// How much.
    pub quantity: Quantity,
}

/// Something leaves the house for a line of an order.
#[derive(Clone, Copy, Debug)]
pub struct Leaving<'a> {
    /// The order line whose reservation is consumed; what was not reserved is taken from what is free.
    pub line: &'a str,
    /// Id of the variant.
    pub variant: &'a str,
    /// How much.
    pub quantity: Quantity,
    /// Id of the location it leaves from.
    pub place: &'a str,
    /// Id of the shipment.
    pub shipment: &'a str,
}

words! {
    /// What becomes of goods that come back.
    pub enum Disposition {
        /// Sold again.
        Restock = "restock",
        /// Put aside to be looked at.
        Quarantine = "quarantine",
        /// Thrown away.
        Scrap = "scrap",
    }
}

/// Something comes back from a customer.
#[derive(Clone, Copy, Debug)]
pub struct ComingBack<'a> {
    /// Id of the variant.
    pub variant: &'a str,
    /// How much.
    pub quantity: Quantity,
    /// Id of the location it comes to.
    pub place: &'a str,
    /// What becomes of it.
    pub disposition: Disposition,
    /// Id of the return.
    pub document: &'a str,
}

/// Stock: what is there, what is held, what moves. Given by catalog. What is not tracked passes through without a trace.
pub trait StockLedger: Send + Sync {
    /// What can be delivered, line by line; two lines of one variant do not both see the same stock.
    fn availability(
        &self,
        db: &Reader<'_>,
        wanted: &[Wanted<'_>],
        place: Option<&str>,
    ) -> ToolResult<Vec<Availability>>;
    /// Holds as much of the wanted as is there for this order line, best locations first; answers what is held by it.
    fn reserve(&self, db: &Writer<'_>, line: &str, wanted: Wanted<'_>) -> ToolResult<Vec<Held>>;
    /// Lets go of what is held for this order line, `most` of it at most; answers how much that was.
    fn release(&self, db: &Writer<'_>, line: &str, most: Option<Quantity>) -> ToolResult<Quantity>;
    /// What is held for each order line.
    fn held(&self, db: &Reader<'_>, lines: &[&str]) -> ToolResult<Vec<Vec<Held>>>;
    /// Takes goods out of stock; answers the ids of the moves.
    ///
    /// # Errors
    /// `insufficient_stock`.
    fn ship(&self, db: &Writer<'_>, leaving: &Leaving<'_>) -> ToolResult<Vec<String>>;
    /// Takes goods back; answers the ids of the moves.
    fn take_back(&self, db: &Writer<'_>, coming: &ComingBack<'_>) -> ToolResult<Vec<String>>;
    /// The location that a text means; without one, the first from which is sold.
    ///
    /// # Errors
    /// `not_found`, at `field`.
    fn place(&self, db: &Reader<'_>, text: Option<&str>, field: &str) -> ToolResult<Place>;
}

/// A line that waited for stock and now has some.
#[derive(Clone, Debug)]
pub struct Filled {
    /// Number of the order.
    pub document: String,
    /// SKU.
    pub sku: String,
    /// How much was reserved for it now.
    pub quantity: Quantity,
}

/// Those who wait for stock. Given by orders, called by catalog when goods came in.
pub trait Backorders: Send + Sync {
    /// Reserves newly available stock for the lines that waited longest.
    fn stock_arrived(&self, db: &Writer<'_>, variants: &[&str]) -> ToolResult<Vec<Filled>>;
    /// Numbers of orders with open lines of a variant, at most ten.
    fn open_orders(&self, db: &Reader<'_>, variant: &str) -> ToolResult<Vec<String>>;
}

/// What a customer owes or is about to owe, from one module's books.
#[derive(Clone, Debug)]
pub struct Exposed {
    /// What it is, in words: `open invoices`, `orders not yet invoiced`.
    pub what: &'static str,
    /// How much, in the company's billing currency; negative where they have credit.
    pub amount: Money,
    /// The credit limit, from the module that keeps it.
    pub limit: Option<Money>,
}

/// What a customer owes (F-INV-5). Given by invoicing and orders; the sum of all counts.
pub trait Exposure: Send + Sync {
    /// This module's part.
    fn exposed(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Exposed>;
}

words! {
    /// How a buyer is taxed.
    pub enum TaxTreatment {
        /// By countries and VAT ids.
        Auto = "auto",
        /// The buyer owes the tax.
        ReverseCharge = "reverse_charge",
        /// Leaves the country.
        Export = "export",
        /// The buyer is exempt.
        Exempt = "exempt",
    }
}

/// What invoices must know about a buyer. Given by invoicing; without it every buyer is [`TaxTreatment::Auto`].
pub trait BillingTerms: Send + Sync {
    /// How the company is taxed.
    fn treatment(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<TaxTreatment>;
    /// Days it has to pay.
    fn net_days(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<i64>;
}

/// One unit that can be billed: a quantity of an order line, an approved time entry, a milestone, a period.
#[derive(Clone, Debug)]
pub struct Billable {
    /// `order_line`, `time_entry`, `milestone` or `subscription_period`.
    pub unit_kind: &'static str,
    /// Id of the unit.
    pub unit_id: String,
    /// The variant, where it is one.
    pub variant: Option<String>,
    /// What the invoice says.
    pub description: String,
    /// How much of it is not billed yet.
    pub quantity: Quantity,
    /// Unit of measure, a code of UN/ECE Recommendation 20.
    pub unit: String,
    /// Price per unit.
    pub unit_price: Price,
    /// Discount on the line.
    pub discount: BasisPoints,
    /// Class of taxation.
    pub tax_class: TaxClass,
    /// Whether it is work rather than goods.
    pub service: bool,
    /// When it was supplied.
    pub supplied: Day,
}

/// What is ready to bill of an order, a project or a subscription.
#[derive(Clone, Debug)]
pub struct ReadyToBill {
    /// Who pays.
    pub company: CompanyId,
    /// In which currency.
    pub currency: Currency,
    /// Their reference.
    pub po_reference: Option<String>,
    /// Number of the document it comes from.
    pub document: String,
    /// Whether the prices include tax.
    pub includes_tax: bool,
    /// What can be billed.
    pub items: Vec<Billable>,
    /// What cannot, and why.
    pub left_out: Vec<(String, String)>,
}

/// Something whose units are billed once each. Given by orders, projects, success; used by invoicing.
pub trait BillableSource: Send + Sync {
    /// `order`, `project` or `subscription`.
    fn source(&self) -> &'static str;
    /// What is ready, up to a day.
    ///
    /// # Errors
    /// `not_found` at `ref`.
    fn ready(&self, db: &Reader<'_>, reference: &str, upto: Option<Day>) -> ToolResult<ReadyToBill>;
    /// More of a unit is on a living invoice than before, or less (negative).
    fn billed(&self, db: &Writer<'_>, unit_id: &str, change: Quantity) -> ToolResult<()>;
}

/// A document of the invoicing module as another module shows it.
#[derive(Clone, Debug)]
pub struct DocumentOf {
    /// `invoice` or `credit_note`.
    pub kind: &'static str,
    /// Id.
    pub id: String,
    /// Number; none while it is a draft.
    pub number: Option<String>,
    /// How far it is, in its own word.
    pub status: String,
    /// Total.
    pub gross: Money,
    /// What is still to be paid.
    pub balance: Money,
    /// When it is due.
    pub due: Option<Day>,
}

/// A unit to be credited.
#[derive(Clone, Copy, Debug)]
pub struct Credit<'a> {
    /// Id of the billed unit, e.g. of the order line.
    pub unit_id: &'a str,
    /// How much of it.
    pub quantity: Quantity,
}

/// What a credit would come to.
#[derive(Clone, Debug)]
pub struct CreditProposal {
    /// Number of the invoice it corrects.
    pub invoice: String,
    /// With tax.
    pub gross: Money,
}

/// Documents for what other modules did. Given by invoicing.
pub trait DocumentDrafter: Send + Sync {
    /// Invoices and credit notes that bill these units, oldest first.
    fn documents_of(&self, db: &Reader<'_>, unit_ids: &[&str]) -> ToolResult<Vec<DocumentOf>>;
    /// What crediting these units would come to, at the price and tax they were invoiced with; empty when not invoiced.
    fn credit_proposal(&self, db: &Reader<'_>, credits: &[Credit<'_>]) -> ToolResult<Vec<CreditProposal>>;
    /// Drafts credit notes for these units.
    fn draft_credit(
        &self,
        db: &Writer<'_>,
        credits: &[Credit<'_>],
        reason: &str,
    ) -> ToolResult<Vec<DocumentOf>>;
}
