//! The UCI Online Retail file: a year of a British giftware wholesaler, line by line.
//!
//! Customers become companies, each with the country that most of its documents name; codes become products with the
//! history of their prices; sales become orders that were shipped and invoiced, credits credit notes, rows at no price
//! adjustments of stock. The file is read once, as a stream, and kept in a few dozen bytes a row. Importing a file again
//! changes nothing: a customer is known by its number, also after somebody renamed or merged it, and so is a document.
//! In a build without the modules of trade only the customers come in.

mod countries;
mod credits;
mod file;
mod goods;
mod posting;
mod report;
mod tally;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::Path;

use jiff::Timestamp;
use maitred_core::cx::Writer;
use maitred_core::error::{Code, ToolError, ToolResult};
use maitred_crm::model::{Lifecycle, Profile};
use maitred_crm::store::profiles;
use maitred_party::model::{CompanyKind, LinkRole};
use maitred_party::org;
use maitred_party::store::companies::{self, NewCompany};
use maitred_party::store::contacts::{self, NewContact};
use maitred_party::store::{settings, tags};
use serde_json::json;

use crate::Target;
use crate::store;
use countries::Place;
pub use report::{
    CLASSES, Class, ClassCount, CountryNote, Customers, FileCounts, Note, Report, Trade, TwoCountries,
    Unreadable,
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

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bytes of the file that are read, and how many there are.
    Read(u64, u64),
    /// Documents that are written, and how many there are.
    Written(u64, u64),
}

/// Imports a file, compressed with xz, gzip or zstd or not at all; its first bytes say which.
///
/// # Errors
/// See [`ImportError`]. Nothing is written before the whole file was read.
pub fn import(
    target: &Target,
    now: Timestamp,
    path: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, ImportError> {
    let mut read = |done, all| progress(Progress::Read(done, all));
    let reader = file::open(path, &mut read).map_err(ImportError::File)?;
    let tally = Tally::of(reader)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    bring_all_in(target, now, &name, tally, progress)
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
    bring_all_in(target, now, name, Tally::of(reader)?, &mut |_| {})
}

fn bring_all_in(
    target: &Target,
    now: Timestamp,
    name: &str,
    tally: Tally,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, ImportError> {
    let trades = ["catalog_", "orders_", "invoicing_"]
        .iter()
        .all(|module| target.registry.tools().iter().any(|tool| tool.entry.name.starts_with(module)));
    if trades {
        let org = target.org.name.clone();
        target.write(COMMAND, name, now, false, move |db| at_home(db, &org))?;
    }
    let home = target.read(COMMAND, now, |db| {
        let settings = org::settings_of(db)?;
        if trades && settings.currency.code() != "GBP" {
            return Err(ToolError::new(
                Code::Invalid,
                format!("the file is in GBP and the organisation counts in {}", settings.currency.code()),
            )
            .hint("set GBP and Europe/London first: account_setting_update, section org"));
        }
        Ok(settings.country.clone())
    })?;
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
    if trades {
        let mut written = |done, all| progress(Progress::Written(done, all));
        report.trade = Some(posting::post(target, now, name, tally, &mut written)?);
    }
    Ok(report)
}

/// Where nobody has said where the organisation is: it is the file's, a British one.
fn at_home(db: &Writer<'_>, name: &str) -> ToolResult<()> {
    if settings::get(db, "org")?.is_none() {
        let british = json!({"name": name, "timezone": "Europe/London", "currency": "GBP", "country": "GB"});
        settings::put(db, "org", &british.to_string())?;
    }
    Ok(())
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
                registration_no: Some(number.clone()),
                ..NewCompany::default()
            },
        )?;
        let buyer = contacts::insert(
            db,
            NewContact { family_name: format!("Purchasing of {number}"), ..NewContact::default() },
        )?;
        contacts::link(db, &company.id, &buyer.id, LinkRole::Buyer)?;
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
