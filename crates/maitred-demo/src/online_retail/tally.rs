//! One pass over the rows: what is kept of each document, customer and product code.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Read;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use jiff::civil::{Date, DateTime};
use maitred_kernel::{BasisPoints, Currency, Price, Quantity, format_minor, line_net};

use super::report::{CLASSES, Class, ClassCount, FileCounts, Report, UNREADABLE_SHOWN, Unreadable};
use super::{ImportError, count};

/// The columns, as the report names them when one is missing.
const COLUMNS: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// The forms in which copies of the file write a moment.
const MOMENTS: [&str; 3] = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%m/%d/%Y %H:%M"];

/// What is known of a customer.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The file's number.
    pub number: u32,
    /// Every country named on its rows.
    pub countries: Vec<Named>,
}

/// A country named on a customer's rows.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Place of the word in the list of words.
    pub word: usize,
    /// Documents that name it.
    pub documents: u64,
    /// Rows that name it.
    pub lines: u64,
}

/// A row of a document.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Place of the product's code.
    pub code: u32,
    /// Place of the description; that of the empty one where the row has none.
    pub text: u32,
    /// How many.
    pub quantity: Quantity,
    /// Price of one.
    pub price: Price,
    /// Pence, rounded half away from zero.
    pub net: i64,
}

/// A document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its number.
    pub number: Box<str>,
    letter: Option<u8>,
    priced: bool,
    /// Its rows.
    pub lines: Vec<Line>,
    /// Number of the customer, where a row names one.
    pub customer: Option<u32>,
    /// Place of the word for the country.
    pub country: usize,
    /// The moment of its first row.
    pub at: DateTime,
    /// Its rows name two moments.
    pub two_moments: bool,
    /// Pence.
    pub total: i64,
}

impl Document {
    /// What it is.
    pub fn class(&self) -> Class {
        match (self.letter, self.priced) {
            (Some(b'C'), _) => Class::CreditNote,
            (Some(_), _) => Class::BadDebtAdjustment,
            (None, true) => Class::Sale,
            (None, false) => Class::StockAdjustment,
        }
    }
}

/// Everything counted.
#[derive(Default)]
pub struct Tally {
    /// Fields that a row must have.
    width: usize,
    rows: u64,
    unreadable_rows: u64,
    unreadable: Vec<Unreadable>,
    documents: Vec<Document>,
    by_number: HashMap<Box<str>, usize>,
    customers: BTreeMap<u32, Customer>,
    /// Document, customer and country word seen together.
    together: HashSet<(usize, u32, usize)>,
    words: Vec<String>,
    codes: Names,
    texts: Names,
    without_customer: u64,
    without_description: u64,
    days: Option<(Date, Date)>,
    last_moment: Option<(String, DateTime)>,
}

/// Texts, each kept once.
#[derive(Default)]
pub struct Names {
    list: Vec<Box<str>>,
    places: HashMap<Box<str>, u32>,
}

impl Names {
    fn place(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(text.into());
        self.places.insert(text.into(), place);
        place
    }

    /// The text at a place.
    pub fn get(&self, place: u32) -> &str {
        self.list.get(place as usize).map_or("", |text| text)
    }

    /// Every text, by place.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|text| &**text)
    }
}

impl Tally {
    /// Reads all rows.
    ///
    /// # Errors
    /// When the reader fails, or a column is missing.
    pub fn of(reader: impl Read) -> Result<Self, ImportError> {
        let mut rows = ReaderBuilder::new().flexible(true).from_reader(reader);
        let places = columns(rows.byte_headers().map_err(file_error)?)?;
        let width = rows.byte_headers().map_err(file_error)?.len();
        let mut tally = Self { width, ..Self::default() };
        let mut record = ByteRecord::new();
        while rows.read_byte_record(&mut record).map_err(file_error)? {
            tally.rows += 1;
            if let Err(why) = tally.take(&record, &places) {
                tally.unreadable_rows += 1;
                if tally.unreadable.len() < UNREADABLE_SHOWN {
                    let line = record.position().map_or(0, csv::Position::line);
                    tally.unreadable.push(Unreadable { line, why });
                }
            }
        }
        Ok(tally)
    }

    /// Takes one row, or none of it.
    fn take(&mut self, record: &ByteRecord, places: &[usize; 8]) -> Result<(), String> {
        if record.len() != self.width {
            return Err(format!("has {} fields instead of {}", record.len(), self.width));
        }
        let lossy = OnceCell::new();
        let mut fields = [""; 8];
        for (slot, place) in places.iter().enumerate() {
            let bytes = record.get(*place).ok_or_else(|| format!("has no {}", COLUMNS[slot]))?;
            // Some copies have descriptions in another encoding.
            fields[slot] = match std::str::from_utf8(bytes) {
                Ok(text) => text.trim(),
                Err(_) if slot == 2 => {
                    lossy.get_or_init(|| String::from_utf8_lossy(bytes).trim().to_owned()).as_str()
                }
                Err(_) => return Err(format!("has a {} that is not UTF-8", COLUMNS[slot])),
            };
        }
        let [number, code, description, quantity, moment, price, customer, country] = fields;
        let letter = letter_of(number)?;
        let bad = |slot: usize| format!("has the {} `{}`", COLUMNS[slot], shown(fields[slot]));
        if code.is_empty() {
            return Err("has no StockCode".to_owned());
        }
        let quantity = Quantity::parse(quantity).map_err(|_| bad(3))?;
        let price = Price::parse(price).map_err(|_| bad(5))?;
        let net = line_net(quantity, price, BasisPoints::from_bp(0), Currency::GBP).map_err(|_| bad(3))?;
        let at = self.moment(moment).ok_or_else(|| bad(4))?;
        let customer = customer_of(customer).ok_or_else(|| bad(6))?;

        let so_far = self.by_number.get(number).map_or(0, |place| self.documents[*place].total);
        let total = so_far.checked_add(net).ok_or_else(|| bad(3))?;

        let word = self.word(country);
        let line =
            Line { code: self.codes.place(code), text: self.texts.place(description), quantity, price, net };
        let document = self.document(number, letter, word, at);
        let entry = &mut self.documents[document];
        entry.total = total;
        entry.lines.push(line);
        entry.priced |= price.micros() != 0;
        entry.two_moments |= entry.at != at;
        entry.customer = entry.customer.or(customer);
        let day = at.date();
        self.days = Some(self.days.map_or((day, day), |(first, last)| (first.min(day), last.max(day))));
        self.without_description += u64::from(description.is_empty());
        match customer {
            Some(number) => self.name(document, number, word),
            None => self.without_customer += 1,
        }
        Ok(())
    }

    fn document(&mut self, number: &str, letter: Option<u8>, country: usize, at: DateTime) -> usize {
        if let Some(place) = self.by_number.get(number) {
            return *place;
        }
        let place = self.documents.len();
        self.documents.push(Document {
            number: number.into(),
            letter,
            priced: false,
            lines: Vec::new(),
            customer: None,
            country,
            at,
            two_moments: false,
            total: 0,
        });
        self.by_number.insert(number.into(), place);
        place
    }

    fn word(&mut self, word: &str) -> usize {
        self.words.iter().position(|known| known == word).unwrap_or_else(|| {
            self.words.push(word.to_owned());
            self.words.len() - 1
        })
    }

    fn name(&mut self, document: usize, number: u32, word: usize) {
        let first = self.together.insert((document, number, word));
        let customer =
            self.customers.entry(number).or_insert_with(|| Customer { number, countries: Vec::new() });
        let place = customer.countries.iter().position(|named| named.word == word).unwrap_or_else(|| {
            customer.countries.push(Named { word, documents: 0, lines: 0 });
            customer.countries.len() - 1
        });
        let named = &mut customer.countries[place];
        named.documents += u64::from(first);
        named.lines += 1;
    }

    /// A moment. Rows of one document follow each other, so the last one is usually the next one.
    fn moment(&mut self, text: &str) -> Option<DateTime> {
        if let Some((known, moment)) = &self.last_moment
            && known == text
        {
            return Some(*moment);
        }
        let moment = MOMENTS.iter().find_map(|form| DateTime::strptime(form, text).ok())?;
        self.last_moment = Some((text.to_owned(), moment));
        Some(moment)
    }

    /// The documents, in the order in which the file begins them.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The codes of products.
    pub fn codes(&self) -> &Names {
        &self.codes
    }

    /// The descriptions.
    pub fn texts(&self) -> &Names {
        &self.texts
    }

    /// The first day of the file.
    pub fn first_day(&self) -> Option<Date> {
        self.days.map(|(first, _)| first)
    }

    /// The customers, by number.
    pub fn customers(&self) -> impl Iterator<Item = &Customer> {
        self.customers.values()
    }

    /// A country as the file writes it.
    pub fn country_word(&self, place: usize) -> &str {
        self.words.get(place).map_or("", String::as_str)
    }

    /// The counts, without what was done with the customers.
    pub fn report(&self) -> Report {
        let classes = CLASSES.map(|class| {
            let fitting = || self.documents.iter().filter(|document| document.class() == class);
            ClassCount::new(
                Some(class),
                count(fitting().count()),
                fitting().map(|document| count(document.lines.len())).sum(),
                fitting().map(|document| i128::from(document.total)).sum(),
            )
        });
        let all = ClassCount::new(
            None,
            count(self.documents.len()),
            self.documents.iter().map(|document| count(document.lines.len())).sum(),
            self.documents.iter().map(|document| i128::from(document.total)).sum(),
        );
        let folded: BTreeSet<String> = self.codes.all().map(str::to_uppercase).collect();
        Report {
            rows: self.rows,
            unreadable_rows: self.unreadable_rows,
            unreadable: self.unreadable.clone(),
            first_day: self.days.map(|(first, _)| first.to_string()),
            last_day: self.days.map(|(_, last)| last.to_string()),
            countries: count(self.words.len()),
            customers: super::Customers::default(),
            trade: None,
            file: FileCounts {
                documents: classes.to_vec(),
                all_documents: all,
                product_codes: count(self.codes.all().count()),
                product_codes_ignoring_case: count(folded.len()),
                rows_without_customer: self.without_customer,
                rows_without_description: self.without_description,
            },
        }
    }
}

/// Pence as text; a sum beyond what an amount can hold says so instead of being wrong.
pub fn pounds(pence: i128) -> String {
    i64::try_from(pence)
        .map_or_else(|_| "out of range".to_owned(), |pence| format_minor(pence, Currency::GBP))
}

/// Digits, or `C` or `A` and digits.
fn letter_of(number: &str) -> Result<Option<u8>, String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match number.as_bytes().first() {
        _ if digits(number) => Ok(None),
        Some(letter @ (b'C' | b'A')) if digits(&number[1..]) => Ok(Some(*letter)),
        _ => Err(format!("has the InvoiceNo `{}`", shown(number))),
    }
}

/// A customer number as it stands in the file, also as `17850.0`; nothing where there is none. The outer nothing is
/// for texts that are no number.
#[expect(
    clippy::option_option,
    reason = "a missing number is a row of its own kind, a wrong one is unreadable"
)]
fn customer_of(text: &str) -> Option<Option<u32>> {
    if text.is_empty() {
        return Some(None);
    }
    let whole = match text.split_once('.') {
        Some((whole, rest)) if rest.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    whole.bytes().all(|byte| byte.is_ascii_digit()).then(|| whole.parse().ok()).flatten().map(Some)
}

fn columns(header: &ByteRecord) -> Result<[usize; 8], ImportError> {
    let names: Vec<String> = header
        .iter()
        .map(|name| String::from_utf8_lossy(name).trim().trim_start_matches('\u{feff}').to_ascii_lowercase())
        .collect();
    let mut places = [0; 8];
    let mut missing = Vec::new();
    for (slot, column) in COLUMNS.iter().enumerate() {
        match names.iter().position(|name| *name == column.to_ascii_lowercase()) {
            Some(place) => places[slot] = place,
            None => missing.push(format!("`{column}`")),
        }
    }
    if missing.is_empty() {
        Ok(places)
    } else {
        Err(ImportError::NotThisFile(format!("its first line has no column {}", missing.join(", "))))
    }
}

fn file_error(error: csv::Error) -> ImportError {
    let text = error.to_string();
    match error.into_kind() {
        ErrorKind::Io(error) => ImportError::File(error),
        _ => ImportError::File(std::io::Error::new(std::io::ErrorKind::InvalidData, text)),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customer_numbers_as_spreadsheets_leave_them() {
        for (text, number) in [
            ("17850.0", Some(Some(17850))),
            ("17850", Some(Some(17850))),
            ("17850.00", Some(Some(17850))),
            ("", Some(None)),
            ("17850.5", None),
            ("-1", None),
            (".0", None),
            ("abc", None),
            ("99999999999", None),
        ] {
            assert_eq!(customer_of(text), number, "{text}");
        }
    }

    #[test]
    fn document_numbers_of_four_kinds() {
        assert_eq!(letter_of("536365"), Ok(None));
        assert_eq!(letter_of("C536379"), Ok(Some(b'C')));
        assert_eq!(letter_of("A563185"), Ok(Some(b'A')));
        for text in ["", "C", "B1", "53636S", "éA1", "c536379"] {
            assert!(letter_of(text).is_err(), "{text}");
        }
    }
}
