//! The records of the bank and their closed lists.

use maitred_core::{ids, words};
use maitred_kernel::{Currency, Day, Stamp};
use maitred_macros::Record;

ids!(
    /// Id of a bank account.
    BankAccountId,
    /// Id of a stored statement.
    BankStatementId,
    /// Id of a bank line.
    BankLineId,
);

words! {
    /// Format of a statement file.
    pub enum BankFormat {
        /// Separated values.
        Csv = "csv",
        /// ISO 20022.
        Camt053 = "camt053",
        /// SWIFT statement.
        Mt940 = "mt940",
        /// SWIFT interim report.
        Mt942 = "mt942",
        /// Open Financial Exchange.
        Ofx = "ofx",
    }
}

impl From<maitred_bank::Format> for BankFormat {
    fn from(format: maitred_bank::Format) -> Self {
        match format {
            maitred_bank::Format::Csv => Self::Csv,
            maitred_bank::Format::Camt053 => Self::Camt053,
            maitred_bank::Format::Mt940 => Self::Mt940,
            maitred_bank::Format::Mt942 => Self::Mt942,
            maitred_bank::Format::Ofx => Self::Ofx,
        }
    }
}

impl From<BankFormat> for maitred_bank::Format {
    fn from(format: BankFormat) -> Self {
        match format {
            BankFormat::Csv => Self::Csv,
            BankFormat::Camt053 => Self::Camt053,
            BankFormat::Mt940 => Self::Mt940,
            BankFormat::Mt942 => Self::Mt942,
            BankFormat::Ofx => Self::Ofx,
        }
    }
}

words! {
    /// What has become of a bank line.
    pub enum BankLineStatus {
        /// Nobody has said what it is.
        Unmatched = "unmatched",
        /// A payment was made from it.
        Matched = "matched",
        /// It is no customer's payment.
        Classified = "classified",
    }
}

words! {
    /// What a line is that is no customer's payment.
    pub enum BankClass {
        /// Charge of the bank.
        Fee = "fee",
        /// Between our own accounts.
        Transfer = "transfer",
        /// To or from a supplier.
        Supplier = "supplier",
        /// Wages.
        Payroll = "payroll",
        /// Taxes and duties.
        Tax = "tax",
        /// To or from an owner.
        Owner = "owner",
        /// Anything else.
        Other = "other",
    }
}

/// An account of ours at a bank.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "bank_account")]
pub struct BankAccount {
    /// Id.
    pub id: BankAccountId,
    /// Version.
    pub version: i64,
    /// When it was made.
    pub created_at: Stamp,
    /// When it was changed.
    pub updated_at: Stamp,
    /// What we call it.
    pub name: String,
    /// IBAN, or the number that the bank's files state; upper case without blanks.
    pub iban: String,
    /// BIC of the bank.
    pub bic: Option<String>,
    /// Currency.
    pub currency: Currency,
}

/// A statement as it was imported.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "bank_statement")]
pub struct BankStatement {
    /// Id.
    pub id: BankStatementId,
    /// Version.
    pub version: i64,
    /// When it was imported.
    pub created_at: Stamp,
    /// When it was changed.
    pub updated_at: Stamp,
    /// Account.
    pub account_id: BankAccountId,
    /// Format of the file.
    pub format: BankFormat,
    /// SHA-256 of the file, lower-case hex.
    pub file_sha256: String,
    /// Place in the file, from 0.
    pub position: i64,
    /// The bank's number.
    pub statement_no: Option<String>,
    /// First day.
    pub from_on: Option<Day>,
    /// Last day.
    pub to_on: Option<Day>,
    /// Opening balance, minor units.
    pub opening_minor: Option<i64>,
    /// Closing balance, minor units.
    pub closing_minor: Option<i64>,
    /// Lines in the file, known ones included.
    pub line_count: i64,
}

/// One booked line.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "bank_line")]
pub struct BankLine {
    /// Id.
    pub id: BankLineId,
    /// Version.
    pub version: i64,
    /// When it was imported.
    pub created_at: Stamp,
    /// When it was changed.
    pub updated_at: Stamp,
    /// Account.
    pub account_id: BankAccountId,
    /// Statement that brought it first.
    pub statement_id: BankStatementId,
    /// Place in the statement, from 0.
    pub position: i64,
    /// Booking day.
    pub booked_on: Day,
    /// Value day.
    pub value_on: Option<Day>,
    /// Minor units; positive is money in.
    pub amount_minor: i64,
    /// Currency of the account.
    pub currency: Currency,
    /// Who paid or was paid.
    pub counterparty_name: Option<String>,
    /// Account of the other side.
    pub counterparty_iban: Option<String>,
    /// The bank's identification.
    pub bank_ref: Option<String>,
    /// End-to-end identification.
    pub end_to_end_id: Option<String>,
    /// Structured creditor reference.
    pub creditor_ref: Option<String>,
    /// Remittance text; not to be trusted.
    pub remittance: String,
    /// Identity within the account.
    pub fingerprint: String,
    /// What has become of it.
    pub status: BankLineStatus,
    /// What it is, when classified.
    pub class: Option<BankClass>,
    /// Our own note.
    pub note: Option<String>,
}
