//! How to read one bank's CSV export: delimiter, decimal mark, dates, and which column is what.

use std::error::Error;
use std::fmt;

use crate::dates;

/// The mark before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decimal {
    /// `1,234.56`
    #[default]
    Point,
    /// `1.234,56`
    Comma,
}

/// A column by its heading or its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// Heading, compared without case, accents and outer blanks.
    Named(String),
    /// Place from 1, in files without headings.
    At(usize),
}

impl Column {
    /// A number is a place, everything else a heading.
    pub fn parse(text: &str) -> Self {
        match text.trim().parse::<usize>() {
            Ok(place) => Self::At(place),
            Err(_) => Self::Named(text.trim().to_owned()),
        }
    }
}

/// Where the amount of a line stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amounts {
    /// One column with a sign.
    Signed(Column),
    /// Money out and money in have a column each; a sign in them is ignored.
    Split {
        /// Money out.
        debit: Column,
        /// Money in.
        credit: Column,
    },
    /// An amount without a sign and a column that says which it is.
    Marked {
        /// The amount.
        amount: Column,
        /// `C`, `CR`, `CRDT`, `H`, `+`, or one that begins like `credit`; everything else is money out.
        mark: Column,
        /// What stands there for money in, beside the above.
        credit: Option<String>,
    },
}

/// Which column is what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Booking day.
    pub booked_on: Column,
    /// Amount.
    pub amount: Amounts,
    /// Value day.
    pub value_on: Option<Column>,
    /// Balance after the line; proves that no line is missing.
    pub balance: Option<Column>,
    /// Name of the other side.
    pub name: Option<Column>,
    /// Account of the other side.
    pub iban: Option<Column>,
    /// Remittance text; several are put together in this order.
    pub text: Vec<Column>,
    /// The bank's identification of the line.
    pub bank_ref: Option<Column>,
    /// End-to-end identification.
    pub end_to_end_id: Option<Column>,
    /// Structured creditor reference.
    pub creditor_ref: Option<Column>,
    /// Currency, which must be that of the account on every line.
    pub currency: Option<Column>,
    /// The account itself; lines of more than one are refused.
    pub account: Option<Column>,
}

/// How to read one bank's CSV export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Character between values.
    pub delimiter: u8,
    /// Mark before the decimals.
    pub decimal: Decimal,
    /// Pattern of dates: `DD.MM.YYYY`, `YYYY-MM-DD`, `M/D/YY`.
    pub date_format: String,
    /// Encoding, where the bank's files do not show it (WHATWG label).
    pub encoding: Option<String>,
    /// Which column is what.
    pub columns: Columns,
}

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileFault {
    /// The delimiter is no single printable ASCII character or tab.
    Delimiter,
    /// The pattern does not have year, month and day once each.
    DateFormat,
    /// A place of 0; places count from 1.
    Place,
    /// Some columns are named and some are placed.
    Mixed,
}

impl fmt::Display for ProfileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delimiter => "the delimiter must be one of `;`, `,`, `|` or a tab",
            Self::DateFormat => {
                "the date format must name year, month and day once each, such as `DD.MM.YYYY`"
            }
            Self::Place => "columns are counted from 1",
            Self::Mixed => "columns must all be headings or all be numbers",
        })
    }
}

impl Error for ProfileFault {}

impl Profile {
    /// Whether the profile can read anything at all.
    ///
    /// # Errors
    /// The first [`ProfileFault`].
    pub fn check(&self) -> Result<(), ProfileFault> {
        if !matches!(self.delimiter, b';' | b',' | b'|' | b'\t') {
            return Err(ProfileFault::Delimiter);
        }
        if !dates::is_pattern(&self.date_format) {
            return Err(ProfileFault::DateFormat);
        }
        let columns = self.columns();
        if columns.iter().any(|column| matches!(column, Column::At(0))) {
            return Err(ProfileFault::Place);
        }
        let placed = columns.iter().filter(|column| matches!(column, Column::At(_))).count();
        if placed != 0 && placed != columns.len() {
            return Err(ProfileFault::Mixed);
        }
        Ok(())
    }

    /// Every column that the profile speaks of.
    pub(crate) fn columns(&self) -> Vec<&Column> {
        let columns = &self.columns;
        let mut all = vec![&columns.booked_on];
        match &columns.amount {
            Amounts::Signed(amount) => all.push(amount),
            Amounts::Split { debit, credit } => all.extend([debit, credit]),
            Amounts::Marked { amount, mark, .. } => all.extend([amount, mark]),
        }
        let optional = [
            &columns.value_on,
            &columns.balance,
            &columns.name,
            &columns.iban,
            &columns.bank_ref,
            &columns.end_to_end_id,
            &columns.creditor_ref,
            &columns.currency,
            &columns.account,
        ];
        all.extend(optional.into_iter().flatten());
        all.extend(&columns.text);
        all
    }
}
