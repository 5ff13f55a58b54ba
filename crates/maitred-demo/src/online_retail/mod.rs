//! The UCI Online Retail file: a year of a British giftware wholesaler, line by line.
//!
//! For now its customers come in, each as a company with the country that most of its documents name; documents,
//! lines and products are counted by class and left for the modules that will hold them. The file is read once, as a
//! stream; what is kept meanwhile is one small entry per document, customer and product code. Importing a file again
//! changes nothing: a customer is known by its number, also after somebody renamed or merged it.

mod countries;
mod file;
mod report;
mod tally;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::Path;

use jiff::Timestamp;
use maitred_core::cx::Writer;
use maitred_core::error::{ToolError, ToolResult};
use maitred_crm::model::{Lifecycle, Profile};
use maitred_crm::store::profiles;
use maitred_party::model::CompanyKind;
use maitred_party::org;
use maitred_party::store::companies::{self, NewCompany};
use maitred_party::store::tags;

use crate::Target;
use crate::store;
use countries::Place;
pub use report::{
    CLASSES, Class, ClassCount, CountryNote, Customers, LeftForLater, Report, TwoCountries, Unreadable,
};
use tally::{Customer, Tally};

/// Name of the import in audit lines and as the source of what it brings in.
pub const SOURCE: &str = "online_retail";
/// Tag of customers whose country the file does not say.
pub const UNKNOWN_COUNTRY_TAG: &str = "country unknown";

const COMMAND: &str = "import online-retail";
/// Customers written in one transaction.
const BATCH: usize = 500;

/// Why a file could not be imported.
#[derive(Debug)]
pub enum ImportError {
    /// The file cannot be read, or is damaged.
    File(std::io::Error),
    /// The file is no Online Retail file: what is missing.
    NotThisFile(String),
    /// The database refused. What was written before, in whole batches, stays; importing again goes on from there.
    Write(ToolError),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "the file cannot be read: {error}"),
            Self::NotThisFile(what) => write!(f, "this is not the Online Retail file: {what}"),
            Self::Write(error) => write!(f, "the organisation cannot be written: {}", error.message()),
        }
    }
}

impl std::error::Error for ImportError {}

impl From<ToolError> for ImportError {
    fn from(error: ToolError) -> Self {
        Self::Write(error)
    }
}

/// Imports a file, compressed with xz, gzip or zstd or not at all; its first bytes say which. `progress` hears how
/// many of the file's bytes are read, and how many there are.
///
/// # Errors
/// See [`ImportError`]. Nothing is written before the whole file was read.
pub fn import(
    target: &Target,
    now: Timestamp,
    path: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, ImportError> {
    let reader = file::open(path, progress).map_err(ImportError::File)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    import_into(target, now, &name, reader)
}

/// Imports the CSV that `reader` gives; `name` is what the audit line keeps a digest of.
///
/// # Errors
/// See [`import`].
pub fn import_into(
    target: &Target,
    now: Timestamp,
    name: &str,
    reader: impl Read,
) -> Result<Report, ImportError> {
    let tally = Tally::of(reader)?;
    let home = target.read(COMMAND, now, |db| Ok(org::settings_of(db)?.country.clone()))?;
    let arrivals: Vec<Arrival> =
        tally.customers().map(|customer| Arrival::of(&tally, customer, &home)).collect();
    let mut report = tally.report();
    report.customers.found = count(arrivals.len());
    for batch in arrivals.chunks(BATCH) {
        let batch = batch.to_vec();
        let created = target.write(COMMAND, name, now, false, move |db| bring_in(db, &batch))?;
        report.customers.created += created;
    }
    report.customers.already_there = report.customers.found - report.customers.created;
    explain(&arrivals, &mut report);
    Ok(report)
}

/// A customer with the country it gets.
#[derive(Clone, Debug)]
struct Arrival {
    number: u32,
    country: String,
    /// The file's word where it does not settle the country by itself, and why.
    note: Option<(String, &'static str)>,
    country_known: bool,
    two: Option<TwoCountries>,
}

impl Arrival {
    /// The country that most documents name; a country goes before a word that is none, then more lines decide, then
    /// the alphabet.
    fn of(tally: &Tally, customer: &Customer, home: &str) -> Self {
        let mut named: Vec<(&str, Place, u64, u64)> = customer
            .countries
            .iter()
            .map(|entry| {
                let word = tally.country_word(entry.word);
                (word, countries::place(word), entry.documents, entry.lines)
            })
            .collect();
        named.sort_by(|a, b| {
            let rank = |entry: &(&str, Place, u64, u64)| (entry.1.country().is_some(), entry.2, entry.3);
            rank(b).cmp(&rank(a)).then_with(|| a.0.cmp(b.0))
        });
        let (word, place) = named.first().map_or(("", Place::UNKNOWN), |entry| (entry.0, entry.1));
        let two = (named.len() > 1).then(|| TwoCountries {
            customer: customer.number,
            named: named.iter().map(|entry| (entry.0.to_owned(), entry.2)).collect(),
            chosen: word.to_owned(),
        });
        Self {
            number: customer.number,
            country: place.country().unwrap_or(home).to_owned(),
            note: place.note().map(|why| (word.to_owned(), why)),
            country_known: place.country().is_some(),
            two,
        }
    }
}

fn bring_in(db: &Writer<'_>, batch: &[Arrival]) -> ToolResult<u64> {
    let known = store::registration_numbers(db)?;
    let mut created = 0;
    for arrival in batch {
        let number = arrival.number.to_string();
        if known.contains(&number) {
            continue;
        }
        let company = companies::insert(
            db,
            NewCompany {
                name: format!("Customer {number}"),
                kinds: CompanyKind::Customer.as_str().to_owned(),
                country: arrival.country.clone(),
                currency: Some("GBP".to_owned()),
                registration_no: Some(number),
                ..NewCompany::default()
            },
        )?;
        let before = profiles::of_company(db, &company.id)?;
        let mut after =
            Profile { lifecycle: Lifecycle::Customer, source: Some(SOURCE.to_owned()), ..before.clone() };
        profiles::put(db, &before, &mut after)?;
        if !arrival.country_known {
            let tag = match tags::find(db, UNKNOWN_COUNTRY_TAG)? {
                Some(tag) => tag,
                None => tags::insert(db, UNKNOWN_COUNTRY_TAG)?,
            };
            tags::put(db, &tag, companies::KIND, &company.id.0)?;
        }
        created += 1;
    }
    Ok(created)
}

fn explain(arrivals: &[Arrival], report: &mut Report) {
    let mut notes: BTreeMap<(&str, &str, &'static str), u64> = BTreeMap::new();
    for arrival in arrivals {
        if let Some((word, why)) = &arrival.note {
            *notes.entry((word, &arrival.country, why)).or_default() += 1;
        }
    }
    report.customers.country_notes = notes
        .into_iter()
        .map(|((word, country, why), customers)| CountryNote {
            word: word.to_owned(),
            customers,
            country: country.to_owned(),
            why: why.to_owned(),
        })
        .collect();
    report.customers.in_two_countries = arrivals.iter().filter_map(|arrival| arrival.two.clone()).collect();
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
