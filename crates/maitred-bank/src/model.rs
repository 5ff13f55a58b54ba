//! What every format is read to, and the proof of its balances.

use maitred_kernel::{Currency, Day, format_minor};

use crate::fault::{Fault, FaultKind};
use crate::profile::Profile;

/// Formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Separated values, read as a [`Profile`] says.
    Csv,
    /// ISO 20022 CAMT.053, versions 2 to 8.
    Camt053,
    /// SWIFT MT940, customer statement message.
    Mt940,
    /// SWIFT MT942, interim transaction report: lines without balances.
    Mt942,
    /// Open Financial Exchange, SGML 1.x and XML 2.x.
    Ofx,
}

impl Format {
    /// The name by which it is stored and spoken of.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Camt053 => "camt053",
            Self::Mt940 => "mt940",
            Self::Mt942 => "mt942",
            Self::Ofx => "ofx",
        }
    }
}

/// What the file itself does not say.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Read as this format instead of looking at the content.
    pub format: Option<Format>,
    /// How to read CSV.
    pub profile: Option<Profile>,
    /// Account of a file that names none (CSV).
    pub account: Option<String>,
    /// Currency of a file that names none (CSV, and OFX without CURDEF).
    pub currency: Option<Currency>,
}

/// A file as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Name of the encoding the text was in (WHATWG names: `UTF-8`, `windows-1252`).
    pub encoding: &'static str,
    /// The statements in the order of the file; never empty.
    pub statements: Vec<Statement>,
}

/// A remark about a line: a warning or why the line was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Line of the file, from 1.
    pub line: u32,
    /// The remark.
    pub text: String,
}

/// One statement of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Format it was read from.
    pub format: Format,
    /// IBAN or account number, upper case without spaces.
    pub account: Option<String>,
    /// Currency of the account and of every line.
    pub currency: Currency,
    /// The bank's number of the statement.
    pub statement_no: Option<String>,
    /// Booked balance before the first line, minor units.
    pub opening: Option<i64>,
    /// Booked balance after the last line, minor units.
    pub closing: Option<i64>,
    /// First day it covers.
    pub from: Option<Day>,
    /// Last day it covers.
    pub to: Option<Day>,
    /// Booked lines in the order of the file; for CSV in the order of time where balances tell.
    pub lines: Vec<Line>,
    /// What was read with a grain of salt.
    pub warnings: Vec<Note>,
    /// Lines that could not be taken, and why; only where no balance shows that they are missing.
    pub rejected: Vec<Note>,
    /// Line of the file where the statement begins.
    pub begins: u32,
    /// Line of the file that holds the closing balance, or the statement's first line.
    pub closes: u32,
}

/// One booked line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Line of the file where it begins, from 1.
    pub line: u32,
    /// Booking day.
    pub booked_on: Day,
    /// Value day.
    pub value_on: Option<Day>,
    /// Minor units of the statement's currency; positive is money in.
    pub amount: i64,
    /// Whether the bank says that it takes back an earlier line.
    pub reversal: bool,
    /// Who paid or was paid.
    pub counterparty_name: Option<String>,
    /// IBAN or account number of the other side.
    pub counterparty_iban: Option<String>,
    /// The bank's own identification of the line.
    pub bank_ref: Option<String>,
    /// The end-to-end identification given by whoever ordered the payment.
    pub end_to_end_id: Option<String>,
    /// Structured reference of the creditor (ISO 11649 `RF..` and national ones).
    pub creditor_ref: Option<String>,
    /// Remittance text: what the other side wrote. Not to be trusted.
    pub text: String,
    /// Identity of the line within its account; see [`crate::fingerprints`].
    pub fingerprint: String,
}

impl Line {
    /// A line with nothing but a day and an amount.
    pub(crate) fn new(line: u32, booked_on: Day, amount: i64) -> Self {
        Self {
            line,
            booked_on,
            value_on: None,
            amount,
            reversal: false,
            counterparty_name: None,
            counterparty_iban: None,
            bank_ref: None,
            end_to_end_id: None,
            creditor_ref: None,
            text: String::new(),
            fingerprint: String::new(),
        }
    }
}

impl Statement {
    /// An empty statement that begins at a line.
    pub(crate) fn new(format: Format, currency: Currency, begins: u32) -> Self {
        Self {
            format,
            account: None,
            currency,
            statement_no: None,
            opening: None,
            closing: None,
            from: None,
            to: None,
            lines: Vec::new(),
            warnings: Vec::new(),
            rejected: Vec::new(),
            begins,
            closes: begins,
        }
    }

    pub(crate) fn warn(&mut self, line: u32, text: impl Into<String>) {
        self.warnings.push(Note { line, text: text.into() });
    }

    pub(crate) fn reject(&mut self, line: u32, text: impl Into<String>) {
        self.rejected.push(Note { line, text: text.into() });
    }

    /// Sum of the lines, minor units. Bounded in count and size, it fits easily.
    pub fn total(&self) -> i128 {
        self.lines.iter().map(|line| i128::from(line.amount)).sum()
    }

    /// Whether another statement says the same, wherever in a file it stands.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let head = |one: &Self| (one.currency, one.opening, one.closing, one.from, one.to, one.lines.len());
        let same_line = |(one, two): (&Line, &Line)| *one == Line { line: one.line, ..two.clone() };
        head(self) == head(other)
            && (&self.account, &self.statement_no) == (&other.account, &other.statement_no)
            && self.lines.iter().zip(&other.lines).all(same_line)
    }

    /// Whether both balances are known, and so were proved when the file was read.
    pub fn is_proved(&self) -> bool {
        self.opening.is_some() && self.closing.is_some()
    }

    /// Refuses a statement whose closing is not its opening plus its lines (invariant 14).
    pub(crate) fn prove(&self) -> Result<(), Fault> {
        let (Some(opening), Some(closing)) = (self.opening, self.closing) else { return Ok(()) };
        let reached = i128::from(opening) + self.total();
        if reached == i128::from(closing) && self.rejected.is_empty() {
            return Ok(());
        }
        if let Some(first) = self.rejected.first() {
            let more = match self.rejected.len() {
                1 => String::new(),
                more => format!(" (and {} more)", more - 1),
            };
            let text = format!("{}{more}; without it the balances are not proved", first.text);
            return Err(Fault::at(first.line, FaultKind::Unbalanced, text));
        }
        let shown = |minor: i128| {
            i64::try_from(minor)
                .map_or_else(|_| "a sum too large".to_owned(), |minor| format_minor(minor, self.currency))
        };
        let text = format!(
            "the closing balance `{}` is not the opening balance `{}` plus the {} lines (`{}`); off by `{}`",
            shown(i128::from(closing)),
            shown(i128::from(opening)),
            self.lines.len(),
            shown(self.total()),
            shown(i128::from(closing) - reached),
        );
        Err(Fault::at(self.closes, FaultKind::Unbalanced, text))
    }

    /// Fills the days it covers from its lines where the file does not say them or says them too narrowly.
    pub(crate) fn complete(&mut self) {
        let first = self.lines.iter().map(|line| line.booked_on).min();
        let last = self.lines.iter().map(|line| line.booked_on).max();
        self.from = [self.from, first].into_iter().flatten().min();
        self.to = [self.to, last].into_iter().flatten().max();
    }
}
