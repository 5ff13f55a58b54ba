//! What the bank needs of the ledger: open invoices, and a payment for a matched line. Given by this module's own
//! payments; a port, so that matching can be tried against any ledger.

use std::collections::BTreeMap;

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::ToolResult;
use maitred_kernel::{Currency, Day, Money};
use maitred_party::CompanyId;

use crate::bank::matching::OpenInvoice;
use crate::bank::model::BankLineId;

/// Invoices that somebody owes, with what the companies are called.
#[derive(Debug, Clone, Default)]
pub struct Owed {
    /// Issued invoices with a balance, in one currency.
    pub invoices: Vec<OpenInvoice>,
    /// Names of the companies that owe them, by id: name and legal name.
    pub names: BTreeMap<String, Vec<String>>,
}

/// A payment made from a bank line.
#[derive(Debug, Clone)]
pub struct Receive {
    /// Who paid.
    pub company: CompanyId,
    /// The whole line, above zero; what is not allocated stays as the company's credit.
    pub amount: Money,
    /// Booking day.
    pub received_on: Day,
    /// Remittance text or reference.
    pub reference: Option<String>,
    /// The line.
    pub line: BankLineId,
    /// Ids of invoices and how much goes to each, minor units, above zero.
    pub allocations: Vec<(String, i64)>,
    /// Ids of invoices and what is forgiven of each, minor units: agreed cash discount or a small difference. Each
    /// becomes a credit note in the invoice's own VAT split.
    pub forgiven: Vec<(String, i64)>,
}

/// A payment as it was made.
#[derive(Debug, Clone)]
pub struct Received {
    /// Id.
    pub payment: String,
    /// Number.
    pub number: String,
}

/// Open invoices and payments.
pub trait Ledger: Send + Sync {
    /// Every issued invoice of a currency with a balance above zero.
    fn owed(&self, db: &Reader<'_>, currency: Currency) -> ToolResult<Owed>;
    /// The id of the invoice that a text means.
    ///
    /// # Errors
    /// `not_found`, at `field`.
    fn find(&self, db: &Reader<'_>, text: &str, field: &str) -> ToolResult<String>;
    /// Companies that an account of the other side is known to belong to, from payments that stand.
    fn payer(&self, db: &Reader<'_>, iban: &str) -> ToolResult<Option<String>>;
    /// Makes the payment with its allocations and credit notes.
    ///
    /// # Errors
    /// `over_allocation`, `closed_period`.
    fn receive(&self, db: &Writer<'_>, payment: &Receive) -> ToolResult<Received>;
}
