//! The records of the invoicing tables and the closed lists in them.

use maitred_core::{ids, words};
use maitred_kernel::money::Rate;
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity, Stamp};
use maitred_macros::Record;
use maitred_party::commerce::TaxTreatment;
use maitred_party::model::{TaxCategory, TaxClass};
use maitred_party::{CompanyId, ContactId};

ids!(
    /// Id of an invoice or a credit note.
    InvoiceId,
    /// Id of a line of either.
    InvoiceLineId,
    /// Id of a payment.
    PaymentId,
    /// Id of an allocation.
    AllocationId,
);

words! {
    /// What a document is.
    pub enum DocumentKind {
        /// Asks for money.
        Invoice = "invoice",
        /// Takes back what an invoice asked for; its amounts are positive.
        CreditNote = "credit_note",
    }
}

words! {
    /// How far a document is. Of a credit note, `paid` means that all of it was applied or refunded.
    pub enum InvoiceStatus {
        /// Being prepared; has no number.
        Draft = "draft",
        /// Final, nothing paid.
        Issued = "issued",
        /// Final, something paid or credited.
        PartiallyPaid = "partially_paid",
        /// Final, nothing left to pay.
        Paid = "paid",
        /// The rest will not be paid.
        WrittenOff = "written_off",
        /// Cleared by credit notes alone.
        Credited = "credited",
        /// A draft that was never issued.
        Discarded = "discarded",
    }
}

impl InvoiceStatus {
    /// True from issue on.
    pub fn is_issued(self) -> bool {
        !matches!(self, Self::Draft | Self::Discarded)
    }
}

words! {
    /// Where tax is rounded.
    pub enum TaxRoundingWord {
        /// Once per category and rate.
        PerGroup = "per_group",
        /// On every line.
        PerLine = "per_line",
    }
}

words! {
    /// How collection stands.
    pub enum Collection {
        /// Nothing is the matter.
        None = "none",
        /// The customer objects.
        Disputed = "disputed",
        /// The customer promised to pay.
        Promised = "promised",
        /// Somebody else collects.
        HandedOver = "handed_over",
    }
}

words! {
    /// Why an invoice is corrected.
    pub enum CreditReason {
        /// Goods came back.
        Returned = "return",
        /// The price was wrong.
        Price = "price",
        /// The quantity was wrong.
        Quantity = "quantity",
        /// It was never supplied, or not wanted any more.
        Cancelled = "cancelled",
        /// Something was wrong with what was supplied.
        Quality = "quality",
        /// Out of kindness.
        Goodwill = "goodwill",
        /// The document itself was wrong.
        Error = "error",
    }
}

words! {
    /// How documents reach a customer.
    pub enum Delivery {
        /// By email.
        Email = "email",
        /// They fetch them.
        Portal = "portal",
        /// Over the Peppol network.
        Peppol = "peppol",
    }
}

words! {
    /// How a customer is reminded.
    pub enum DunningPolicy {
        /// As everybody.
        Standard = "standard",
        /// Later, without fees.
        Gentle = "gentle",
        /// Never by itself.
        Never = "none",
    }
}

words! {
    /// Which way money went.
    pub enum Direction {
        /// To us.
        In = "in",
        /// Back to the customer.
        Out = "out",
    }
}

words! {
    /// How money went.
    pub enum Method {
        /// Bank transfer.
        BankTransfer = "bank_transfer",
        /// Card.
        Card = "card",
        /// Cash.
        Cash = "cash",
        /// Direct debit.
        DirectDebit = "direct_debit",
        /// Cheque.
        Cheque = "cheque",
        /// Another way.
        Other = "other",
    }
}

words! {
    /// Whether a payment stands.
    pub enum PaymentStatus {
        /// It stands.
        Posted = "posted",
        /// It bounced or was wrong.
        Reversed = "reversed",
    }
}

words! {
    /// Whether a month takes documents.
    pub enum PeriodStatus {
        /// It does.
        Open = "open",
        /// It does not.
        Closed = "closed",
    }
}

/// How a customer is billed.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "billing_profile")]
pub struct BillingProfile {
    /// The company.
    #[record(company)]
    pub id: CompanyId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Days to pay.
    pub net_days: i64,
    /// Days in which a cash discount is granted.
    pub discount_days: Option<i64>,
    /// The cash discount.
    pub discount_bp: Option<BasisPoints>,
    /// The most they may owe, minor units of `currency`.
    pub credit_limit: Option<i64>,
    /// What they are billed in.
    pub currency: Currency,
    /// How they are taxed.
    pub tax_treatment: TaxTreatment,
    /// Who receives the documents.
    #[record(contact)]
    pub billing_contact_id: Option<ContactId>,
    /// How.
    pub delivery: Delivery,
    /// Their participant id in the Peppol network, `scheme:id`.
    pub peppol_id: Option<String>,
    /// How they are reminded.
    pub dunning_policy: DunningPolicy,
    /// What their documents must quote (BT-10).
    pub buyer_reference: Option<String>,
}

/// An invoice or a credit note. All amounts are positive minor units of `currency`, whichever it is.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "invoice")]
pub struct Invoice {
    /// Id.
    pub id: InvoiceId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Number; none until issue.
    pub number: Option<String>,
    /// `INV` or `CN`.
    pub series: String,
    /// Which of both.
    pub kind: DocumentKind,
    /// The customer.
    #[record(company)]
    pub company_id: CompanyId,
    /// The invoice that a credit note corrects.
    pub corrects_id: Option<InvoiceId>,
    /// Why it does.
    pub reason_code: Option<CreditReason>,
    /// What it was made from: `order`, `project`, `subscription`, `recurring`.
    pub source_kind: Option<String>,
    /// How far it is.
    pub status: InvoiceStatus,
    /// Day of issue.
    pub issue_date: Option<Day>,
    /// Last day to pay; of a draft, only where one was asked for.
    pub due_date: Option<Day>,
    /// Days to pay from the day of issue, where no due date was asked for.
    pub net_days: i64,
    /// First day of supply.
    pub supply_from: Option<Day>,
    /// Last day of supply.
    pub supply_to: Option<Day>,
    /// Currency.
    pub currency: Currency,
    /// Organisation's currency per one of `currency`.
    pub fx_rate: Rate,
    /// Whether unit prices include tax.
    pub includes_tax: bool,
    /// Where tax is rounded.
    pub tax_rounding: TaxRoundingWord,
    /// Sum of the lines without tax.
    pub lines_net: i64,
    /// Allowances on the whole document, without tax.
    pub allowances: i64,
    /// Charges on the whole document, without tax.
    pub charges: i64,
    /// Without tax.
    pub net: i64,
    /// Tax.
    pub tax: i64,
    /// With tax.
    pub gross: i64,
    /// Paid before.
    pub prepaid: i64,
    /// Added to round what is to be paid.
    pub rounding: i64,
    /// Of an invoice: paid. Of a credit note: applied to invoices or refunded.
    pub allocated: i64,
    /// Taken back by credit notes.
    pub credited: i64,
    /// Given up.
    pub written_off: i64,
    /// What is left to pay, or of a credit note to apply.
    pub balance: i64,
    /// How collection stands.
    pub collection: Collection,
    /// Until when payment was promised.
    pub promise_date: Option<Day>,
    /// How much was.
    pub promise_amount: Option<i64>,
    /// Who sold, as of issue, JSON.
    pub seller: Option<String>,
    /// Who bought, as of issue, JSON.
    pub buyer: Option<String>,
    /// The customer's reference.
    pub po_reference: Option<String>,
    /// A sentence on the document.
    pub note: Option<String>,
    /// Hash of the document that was rendered.
    pub document_sha256: Option<String>,
}

impl Invoice {
    /// A draft without lines.
    pub fn draft(id: InvoiceId, company_id: CompanyId, currency: Currency, fx_rate: Rate) -> Self {
        Self {
            id,
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            number: None,
            series: "INV".to_owned(),
            kind: DocumentKind::Invoice,
            company_id,
            corrects_id: None,
            reason_code: None,
            source_kind: None,
            status: InvoiceStatus::Draft,
            issue_date: None,
            due_date: None,
            net_days: 0,
            supply_from: None,
            supply_to: None,
            currency,
            fx_rate,
            includes_tax: false,
            tax_rounding: TaxRoundingWord::PerGroup,
            lines_net: 0,
            allowances: 0,
            charges: 0,
            net: 0,
            tax: 0,
            gross: 0,
            prepaid: 0,
            rounding: 0,
            allocated: 0,
            credited: 0,
            written_off: 0,
            balance: 0,
            collection: Collection::None,
            promise_date: None,
            promise_amount: None,
            seller: None,
            buyer: None,
            po_reference: None,
            note: None,
            document_sha256: None,
        }
    }

    /// What is to be paid, or of a credit note given back, when nothing was settled yet.
    pub fn payable(&self) -> i64 {
        self.gross - self.prepaid + self.rounding
    }

    /// What to call it: its number, or that it is a draft.
    pub fn label(&self) -> String {
        match (&self.number, self.kind) {
            (Some(number), _) => number.clone(),
            (None, DocumentKind::Invoice) => "the draft invoice".to_owned(),
            (None, DocumentKind::CreditNote) => "the draft credit note".to_owned(),
        }
    }
}

/// A line of an invoice or a credit note.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "invoice_line")]
pub struct InvoiceLine {
    /// Id.
    pub id: InvoiceLineId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The document.
    pub invoice_id: InvoiceId,
    /// Number of the line.
    pub position: i64,
    /// The variant sold, where it is one of the catalog.
    pub variant_id: Option<String>,
    /// Its SKU.
    pub sku: Option<String>,
    /// What it is.
    pub description: String,
    /// How much.
    pub quantity: Quantity,
    /// Unit of measure, a code of UN/ECE Recommendation 20.
    pub unit: String,
    /// Price of `base_qty` units.
    pub unit_price: Price,
    /// How many units the price is for.
    pub base_qty: Quantity,
    /// Discount.
    pub discount_bp: BasisPoints,
    /// Without tax.
    pub net: i64,
    /// Whether it is work rather than goods.
    pub service: bool,
    /// Class of taxation.
    pub tax_class: TaxClass,
    /// Category.
    pub tax_category: TaxCategory,
    /// Rate.
    pub tax_rate_bp: BasisPoints,
    /// Reason of an exemption, a code of the VATEX list.
    pub exemption_code: Option<String>,
    /// How much of the corrected line's quantity it takes back; nothing where only money is.
    pub credited_qty: Quantity,
    /// The line that a line of a credit note corrects.
    pub corrected_line_id: Option<InvoiceLineId>,
}

/// What of a document is taxed alike, and the tax on it.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "invoice_tax")]
pub struct InvoiceTax {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The document.
    pub invoice_id: InvoiceId,
    /// Category.
    pub category: TaxCategory,
    /// Rate.
    pub rate_bp: BasisPoints,
    /// What is taxed.
    pub taxable: i64,
    /// The tax.
    pub tax: i64,
    /// Reason of an exemption.
    pub exemption_code: Option<String>,
}

/// Which unit of another module a line bills.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "billable_link")]
pub struct BillableLink {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// `order_line`, `time_entry`, `milestone` or `subscription_period`.
    pub unit_kind: String,
    /// The unit.
    pub unit_id: String,
    /// How much of it.
    pub quantity: Quantity,
    /// The line.
    pub invoice_line_id: InvoiceLineId,
}

/// Money received, or given back.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "payment")]
pub struct Payment {
    /// Id.
    pub id: PaymentId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Number.
    pub number: String,
    /// The customer.
    #[record(company)]
    pub company_id: CompanyId,
    /// Which way.
    pub direction: Direction,
    /// How.
    pub method: Method,
    /// Value day.
    pub received_on: Day,
    /// Minor units of `currency`.
    pub amount: i64,
    /// How much of it was applied; all of a refund is.
    pub allocated: i64,
    /// Currency.
    pub currency: Currency,
    /// What the customer wrote on it.
    pub reference: Option<String>,
    /// That, folded.
    pub reference_key: Option<String>,
    /// The line of a bank statement it comes from.
    pub bank_line_id: Option<String>,
    /// Whether it stands.
    pub status: PaymentStatus,
    /// When it was undone.
    pub reversed_on: Option<Day>,
    /// Why.
    pub reversal_reason: Option<String>,
}

impl Payment {
    /// What was not applied yet.
    pub fn rest(&self) -> i64 {
        match self.status {
            PaymentStatus::Posted => self.amount - self.allocated,
            PaymentStatus::Reversed => 0,
        }
    }
}

/// That credit was applied: a payment's or a credit note's, to an invoice or to a refund. Never changed; what is undone
/// has a row with the negative amount.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "allocation")]
pub struct Allocation {
    /// Id.
    pub id: AllocationId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// From this payment.
    pub payment_id: Option<PaymentId>,
    /// Or from this credit note.
    pub credit_note_id: Option<InvoiceId>,
    /// To this invoice.
    pub invoice_id: Option<InvoiceId>,
    /// Or to this refund.
    pub refund_id: Option<PaymentId>,
    /// Minor units; negative in a reversal.
    pub amount: i64,
    /// The day it counts from.
    pub day: Day,
    /// The allocation that it undoes.
    pub reverses_id: Option<AllocationId>,
    /// Why.
    pub reason: Option<String>,
}

/// A month, once somebody closed it.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "period")]
pub struct Period {
    /// The month, `2026-03`.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Whether it takes documents.
    pub status: PeriodStatus,
    /// Why it was opened again.
    pub reason: Option<String>,
}
