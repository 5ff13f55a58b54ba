//! How tools show accounts, statements and lines.

use maitred_core::output::FieldMask;
use maitred_core::prelude::*;
use maitred_kernel::{Day, format_minor};

use crate::bank::model::{BankAccount, BankClass, BankLine, BankLineStatus};

/// An account as answers name it.
#[derive(ToolOutput, Clone)]
pub struct AccountName {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// IBAN or number.
    pub iban: String,
}

impl From<&BankAccount> for AccountName {
    fn from(account: &BankAccount) -> Self {
        Self { id: account.id.0.clone(), name: account.name.clone(), iban: account.iban.clone() }
    }
}

/// Text that came from outside.
#[derive(ToolOutput, Clone)]
pub struct FromOutside {
    /// Who is said to have written it.
    pub author: Option<String>,
    /// Remittance text.
    pub text: String,
}

/// A bank line.
#[derive(ToolOutput, Clone)]
pub struct LineView {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Booking day.
    #[output(summary)]
    pub booked_on: Day,
    /// Value day.
    pub value_on: Option<Day>,
    /// Signed; positive is money in.
    #[output(summary)]
    pub amount: String,
    /// Currency.
    #[output(summary)]
    pub currency: String,
    /// Name and remittance text of the other side.
    #[output(summary)]
    pub untrusted: FromOutside,
    /// Account of the other side.
    pub counterparty_iban: Option<String>,
    /// The bank's identification.
    pub bank_ref: Option<String>,
    /// End-to-end identification.
    pub end_to_end_id: Option<String>,
    /// Creditor reference.
    pub creditor_ref: Option<String>,
    /// What has become of it.
    #[output(summary)]
    pub status: BankLineStatus,
    /// What it is.
    #[output(summary)]
    pub class: Option<BankClass>,
    /// Our note.
    #[output(summary)]
    pub note: Option<String>,
    /// Account of ours.
    pub account_id: String,
}

impl From<BankLine> for LineView {
    fn from(line: BankLine) -> Self {
        Self {
            id: line.id.0,
            version: line.version,
            booked_on: line.booked_on,
            value_on: line.value_on,
            amount: format_minor(line.amount_minor, line.currency),
            currency: line.currency.code().to_owned(),
            untrusted: FromOutside { author: line.counterparty_name, text: line.remittance },
            counterparty_iban: line.counterparty_iban,
            bank_ref: line.bank_ref,
            end_to_end_id: line.end_to_end_id,
            creditor_ref: line.creditor_ref,
            status: line.status,
            class: line.class,
            note: line.note,
            account_id: line.account_id.0,
        }
    }
}

/// A line with what lists show.
pub fn summary(line: BankLine) -> Selected<LineView> {
    Selected::new(LineView::from(line), FieldMask::summary())
}
