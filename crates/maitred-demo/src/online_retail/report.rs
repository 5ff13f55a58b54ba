//! What an import did and what it left, for people and for scripts.

use std::fmt;

use serde::Serialize;

use super::tally::pounds;

/// Unreadable rows listed one by one; more are counted.
pub const UNREADABLE_SHOWN: usize = 20;

/// The classes of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Its number is digits, and at least one price is not zero.
    Sale,
    /// Its number begins with `C`.
    CreditNote,
    /// Its number is digits, and every price is zero.
    StockAdjustment,
    /// Its number begins with `A`.
    BadDebtAdjustment,
}

/// Every class, in the order of the report.
pub const CLASSES: [Class; 4] =
    [Class::Sale, Class::CreditNote, Class::StockAdjustment, Class::BadDebtAdjustment];

impl Class {
    fn plural(self) -> &'static str {
        match self {
            Self::Sale => "sales",
            Self::CreditNote => "credit notes",
            Self::StockAdjustment => "stock adjustments",
            Self::BadDebtAdjustment => "bad-debt adjustments",
        }
    }
}

/// What an import found, did and left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows behind the header.
    pub rows: u64,
    /// Rows that could not be read and count nowhere else.
    pub unreadable_rows: u64,
    /// The first of them.
    pub unreadable: Vec<Unreadable>,
    /// Day of the earliest row.
    pub first_day: Option<String>,
    /// Day of the latest row.
    pub last_day: Option<String>,
    /// Different words for countries.
    pub countries: u64,
    /// What became of the customers.
    pub customers: Customers,
    /// What the file holds.
    pub file: FileCounts,
    /// What became of it; nothing in a build without the modules for it.
    pub trade: Option<Trade>,
}

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Line of the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

/// What became of the customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Customers {
    /// Different customer numbers in the file.
    pub found: u64,
    /// Companies made.
    pub created: u64,
    /// Customers that were there already and stay as they are.
    pub already_there: u64,
    /// Customers whose documents name more than one country.
    pub in_two_countries: Vec<TwoCountries>,
    /// Words of the file that do not settle a country by themselves.
    pub country_notes: Vec<CountryNote>,
}

/// A customer whose documents name more than one country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TwoCountries {
    /// Number of the customer.
    pub customer: u32,
    /// The file's words with the number of documents, the chosen one first.
    pub named: Vec<(String, u64)>,
    /// The word that was followed.
    pub chosen: String,
}

/// A word of the file that does not settle a country by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CountryNote {
    /// The word.
    pub word: String,
    /// Customers under it.
    pub customers: u64,
    /// Country that was entered.
    pub country: String,
    /// Why.
    pub why: String,
}

/// Documents, products and rows of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileCounts {
    /// Documents by class.
    pub documents: Vec<ClassCount>,
    /// All documents.
    pub all_documents: ClassCount,
    /// Different product codes.
    pub product_codes: u64,
    /// Different product codes when upper and lower case are the same.
    pub product_codes_ignoring_case: u64,
    /// Rows that name no customer.
    pub rows_without_customer: u64,
    /// Rows that have no description.
    pub rows_without_description: u64,
}

/// What became of the documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trade {
    /// Products made, each with one variant.
    pub products: u64,
    /// Products that were there already.
    pub products_already_there: u64,
    /// Prices of the list, each from a day on.
    pub price_points: u64,
    /// Orders, each shipped and invoiced.
    pub orders: u64,
    /// Lines of orders, and of their invoices.
    pub order_lines: u64,
    /// Credit notes.
    pub credit_notes: u64,
    /// Adjustments of stock.
    pub adjustments: u64,
    /// Write-offs.
    pub write_offs: u64,
    /// Moves of stock.
    pub stock_moves: u64,
    /// Documents that an earlier import brought in.
    pub already_there: u64,
    /// What was odd and what was made of it.
    pub notes: Vec<Note>,
}

/// Something odd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// How often.
    pub count: u64,
    /// What, and what was made of it.
    pub what: String,
}

/// Documents of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The class; none for all together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// Documents.
    pub documents: u64,
    /// Their lines.
    pub lines: u64,
    /// Sum of the lines, each rounded to the penny, half away from zero.
    pub total: String,
    /// Currency of the total.
    pub currency: &'static str,
}

impl ClassCount {
    pub(super) fn new(class: Option<Class>, documents: u64, lines: u64, pence: i128) -> Self {
        Self { class, documents, lines, total: pounds(pence), currency: "GBP" }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", thousands(self.rows))?;
        if let (Some(first), Some(last)) = (&self.first_day, &self.last_day) {
            write!(f, ", {first} to {last}")?;
        }
        writeln!(f, ", {} words for countries", self.countries)?;
        self.customers.fmt(f)?;
        self.file.fmt(f)?;
        match &self.trade {
            Some(trade) => trade.fmt(f)?,
            None => writeln!(f, "only the customers came in: this build lacks the modules for the rest")?,
        }
        if self.unreadable_rows > 0 {
            writeln!(f, "unreadable rows, counted nowhere else: {}", thousands(self.unreadable_rows))?;
            for row in &self.unreadable {
                writeln!(f, "  line {} {}", row.line, row.why)?;
            }
            let shown = super::count(self.unreadable.len());
            if self.unreadable_rows > shown {
                writeln!(f, "  and {} more", thousands(self.unreadable_rows - shown))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Customers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "customers: {} found, {} created, {} already there and unchanged",
            thousands(self.found),
            thousands(self.created),
            thousands(self.already_there)
        )?;
        for note in &self.country_notes {
            writeln!(
                f,
                "  {} under `{}` -> {}: {}",
                thousands(note.customers),
                note.word,
                note.country,
                note.why
            )?;
        }
        if !self.in_two_countries.is_empty() {
            writeln!(
                f,
                "  {} in more than one country, entered under the one with most documents:",
                thousands(super::count(self.in_two_countries.len()))
            )?;
            for customer in &self.in_two_countries {
                let named: Vec<String> =
                    customer.named.iter().map(|(word, documents)| format!("{word} {documents}")).collect();
                writeln!(f, "    {}: {} -> {}", customer.customer, named.join(", "), customer.chosen)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Trade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "came in:")?;
        for (what, number) in [
            ("products", self.products),
            ("prices of the list RETAIL", self.price_points),
            ("orders, shipped and invoiced", self.orders),
            ("lines of orders", self.order_lines),
            ("credit notes", self.credit_notes),
            ("adjustments of stock", self.adjustments),
            ("write-offs", self.write_offs),
            ("moves of stock", self.stock_moves),
        ] {
            writeln!(f, "  {:>9} {what}", thousands(number))?;
        }
        if self.already_there + self.products_already_there > 0 {
            writeln!(
                f,
                "there already and unchanged: {} products, {} documents",
                thousands(self.products_already_there),
                thousands(self.already_there)
            )?;
        }
        writeln!(f, "odd, and what was made of it:")?;
        for note in &self.notes {
            writeln!(f, "  {:>9} {}", thousands(note.count), note.what)?;
        }
        Ok(())
    }
}

impl fmt::Display for FileCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "in the file:")?;
        for entry in self.documents.iter().chain([&self.all_documents]) {
            writeln!(
                f,
                "  {:<21} {:>9} documents {:>9} lines {:>16} {}",
                entry.class.map_or("all documents", Class::plural),
                thousands(entry.documents),
                thousands(entry.lines),
                entry.total,
                entry.currency
            )?;
        }
        writeln!(
            f,
            "  {} product codes ({} when case does not count)",
            thousands(self.product_codes),
            thousands(self.product_codes_ignoring_case)
        )?;
        writeln!(
            f,
            "  {} rows without a customer, {} without a description",
            thousands(self.rows_without_customer),
            thousands(self.rows_without_description)
        )
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (541_909, "541,909"), (1_234_567, "1,234,567")]
        {
            assert_eq!(thousands(number), text);
        }
    }
}
