//! What happens to documents after they were issued: they are sent, reminded of, given up.

use maitred_core::{ids, words};
use maitred_kernel::{Currency, Day, Stamp};
use maitred_macros::Record;
use maitred_party::CompanyId;

use crate::model::{Collection, Delivery, InvoiceId};

ids!(
    /// Id of a reminder.
    ReminderId,
);

words! {
    /// Why a balance is given up.
    pub enum WriteOffCause {
        /// The customer is insolvent.
        Insolvency = "insolvency",
        /// The last reminder had no effect.
        AfterFinalReminder = "after_final_reminder",
        /// Too little to ask for.
        SmallDifference = "small_difference",
        /// Money came after all: takes a write-off back, its amount is negative.
        Reopened = "reopened",
    }
}

/// A balance that was given up. Never changed; what is taken back has a row with the negative amount.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "write_off")]
pub struct WriteOff {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Minor units of the invoice's currency.
    pub amount: i64,
    /// The day it counts from.
    pub day: Day,
    /// Why.
    pub cause: WriteOffCause,
    /// Why, in words.
    pub reason: String,
    /// Whether the tax in it is claimed back.
    pub tax_relief: bool,
}

/// What was noted about the collection of an invoice.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "collection_note")]
pub struct CollectionNote {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When it was noted.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// How collection stands.
    pub mark: Collection,
    /// Until when payment was promised.
    pub promise_date: Option<Day>,
    /// How much was, minor units of the invoice's currency.
    pub promise_amount: Option<i64>,
    /// Why.
    pub reason: Option<String>,
    /// The member who noted it.
    pub noted_by: String,
}

/// A document that went to somebody.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "sending")]
pub struct Sending {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When it was sent.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The document.
    pub invoice_id: InvoiceId,
    /// How.
    pub channel: Delivery,
    /// Where to.
    pub recipient: String,
}

/// A letter that asked for money that is late.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "reminder")]
pub struct Reminder {
    /// Id.
    pub id: ReminderId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The customer.
    #[record(company)]
    pub company_id: CompanyId,
    /// How insistent, from 1.
    pub level: i64,
    /// The day it was sent.
    pub day: Day,
    /// Customer, level and day in one: nobody is sent the same twice on a day.
    pub slot: String,
    /// Where it went.
    pub recipient: String,
    /// Fee asked for, minor units of `currency`.
    pub fee: i64,
    /// Currency of the fee.
    pub currency: Currency,
    /// The draft that asks for the fee.
    pub fee_invoice_id: Option<InvoiceId>,
}

/// An invoice that a reminder speaks of.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "reminder_invoice")]
pub struct ReminderInvoice {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The reminder.
    pub reminder_id: ReminderId,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// The invoice's own level then.
    pub level: i64,
    /// The day of the reminder.
    pub day: Day,
    /// What was left to pay then, minor units of the invoice's currency.
    pub balance: i64,
}
