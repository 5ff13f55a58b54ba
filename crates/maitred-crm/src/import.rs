//! Reading a CSV text: separator, columns and what they mean, cells and what is wrong with them. No database.

use std::collections::BTreeMap;

use maitred_core::words;
use maitred_kernel::{Currency, country, domain, email, fold, nearest, parse_minor, phone, vat};
use maitred_party::model::{CompanyKind, LinkRole};

use crate::model::{LeadSource, Lifecycle};

words! {
    /// What can be imported.
    pub enum ImportKind {
        /// Companies.
        Company = "company",
        /// Contacts.
        Contact = "contact",
        /// Leads.
        Lead = "lead",
    }
}

/// Rows of one file at most: what a preview of all of them and its confirmation can be computed for well within the time
/// of a call.
pub const MOST_ROWS: usize = 1_000;
const LONG_TEXT: usize = 4_000;
const SHORT_TEXT: usize = 200;

/// A field and the column names it is known by: folded, letters and digits only.
type Known = (&'static str, &'static [&'static str]);

const COMPANY: &[Known] = &[
    (
        "name",
        &[
            "name",
            "company",
            "companyname",
            "firma",
            "firmenname",
            "unternehmen",
            "societe",
            "account",
            "accountname",
        ],
    ),
    ("legal_name", &["legalname", "registeredname", "raisonsociale"]),
    ("domain", &["domain", "website", "web", "url", "homepage", "site", "internet"]),
    (
        "vat_id",
        &[
            "vatid",
            "vat",
            "vatnumber",
            "vatno",
            "ustid",
            "ustidnr",
            "uid",
            "tva",
            "ntva",
            "numerotva",
            "taxid",
        ],
    ),
    ("country", &["country", "countrycode", "land", "pays"]),
    ("currency", &["currency", "waehrung", "wahrung", "devise"]),
    ("language", &["language", "lang", "sprache", "langue"]),
    ("phone", &["phone", "telephone", "tel", "phonenumber", "telefon", "telefonnummer"]),
    (
        "registration_no",
        &["registrationno", "registrationnumber", "handelsregister", "siret", "siren", "companynumber"],
    ),
    ("kind", &["kind", "kinds", "type", "companytype"]),
    ("owner", &["owner", "accountowner", "salesrep", "betreuer"]),
    ("street", &["street", "address", "addressline1", "strasse", "adresse", "rue"]),
    ("postcode", &["postcode", "postalcode", "zip", "zipcode", "plz", "codepostal"]),
    ("city", &["city", "town", "ort", "stadt", "ville"]),
    ("lifecycle", &["lifecycle", "lifecyclestage", "status"]),
    ("industry", &["industry", "branche", "sector", "secteur"]),
    ("size_band", &["sizeband", "size", "employees", "groesse"]),
    ("source", &["source", "leadsource", "quelle", "origine"]),
    ("note", NOTE),
];

const CONTACT: &[Known] = &[
    ("given_name", &["givenname", "firstname", "forename", "vorname", "prenom"]),
    ("family_name", &["familyname", "lastname", "surname", "nachname", "nom", "nomdefamille"]),
    ("name", &["name", "fullname", "contact", "contactname", "person"]),
    ("email", EMAIL),
    (
        "phone",
        &[
            "phone",
            "telephone",
            "tel",
            "mobile",
            "mobilephone",
            "phonenumber",
            "telefon",
            "handy",
            "portable",
        ],
    ),
    ("title", &["title", "jobtitle", "position", "funktion", "poste"]),
    ("language", &["language", "lang", "sprache", "langue"]),
    (
        "company",
        &[
            "company",
            "companyname",
            "firma",
            "unternehmen",
            "societe",
            "account",
            "organisation",
            "organization",
        ],
    ),
    ("role", &["role", "rolle"]),
    ("note", NOTE),
];

const LEAD: &[Known] = &[
    ("name", &["name", "fullname", "contact", "contactname", "lead", "leadname"]),
    (
        "company_name",
        &["company", "companyname", "firma", "unternehmen", "societe", "organisation", "organization"],
    ),
    ("email", EMAIL),
    ("phone", &["phone", "telephone", "tel", "mobile", "phonenumber", "telefon", "handy"]),
    ("source", &["source", "leadsource", "quelle", "origine"]),
    (
        "need",
        &[
            "need", "needs", "interest", "request", "enquiry", "inquiry", "message", "bedarf", "besoin",
            "note", "notes", "comment", "comments",
        ],
    ),
    ("value", &["value", "amount", "dealvalue", "budget", "wert", "montant"]),
    ("currency", &["currency", "waehrung", "wahrung", "devise"]),
    ("score", &["score", "leadscore", "punkte"]),
    ("owner", &["owner", "leadowner", "salesrep", "betreuer"]),
];

const EMAIL: &[&str] = &["email", "emailaddress", "mail", "courriel", "emailadresse", "adresseemail"];
const NOTE: &[&str] =
    &["note", "notes", "comment", "comments", "remark", "remarks", "notiz", "bemerkung", "remarque"];

fn known(kind: ImportKind) -> &'static [Known] {
    match kind {
        ImportKind::Company => COMPANY,
        ImportKind::Contact => CONTACT,
        ImportKind::Lead => LEAD,
    }
}

/// A wrong cell, or a wrong row when no field is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Field.
    pub field: Option<String>,
    /// What is wrong, in words.
    pub message: String,
}

impl Fault {
    /// A fault of a cell.
    pub fn at(field: &str, message: impl std::fmt::Display) -> Self {
        Self { field: Some(field.to_owned()), message: message.to_string() }
    }
}

/// A file cut into rows.
#[derive(Debug, Default)]
pub struct Table {
    /// Column names as written.
    pub headers: Vec<String>,
    /// Line in the file and cells.
    pub rows: Vec<(u64, Vec<String>)>,
}

/// Cuts a CSV text. The separator (comma, semicolon, tab) is the one the first line has most of; empty lines are passed.
///
/// # Errors
/// In words, when there is no header, no row, or more than [`MOST_ROWS`].
pub fn read(text: &str) -> Result<Table, String> {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let separator = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|wanted| (first.bytes().filter(|byte| byte == wanted).count(), *wanted == b','))
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut table = Table::default();
    let mut place = Place { text: text.as_bytes(), at: 0, line: 1 };
    for record in reader.records() {
        let record = record.map_err(|error| format!("is not CSV: {error}"))?;
        let line = record.position().map_or(0, |position| place.line_at(position.byte()));
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        if cells.iter().all(String::is_empty) {
            continue;
        }
        if table.headers.is_empty() {
            table.headers = cells;
        } else if table.rows.len() == MOST_ROWS {
            return Err(format!("has more than {MOST_ROWS} rows; import it in parts"));
        } else {
            table.rows.push((line, cells));
        }
    }
    if table.rows.is_empty() {
        return Err("has no row below its header".to_owned());
    }
    Ok(table)
}

/// Where a record begins. The reader's own line is one short where lines end in carriage return and line feed.
struct Place<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl Place<'_> {
    fn line_at(&mut self, byte: u64) -> u64 {
        let end = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(letter) = self.text.get(self.at) {
            if self.at >= end && !matches!(letter, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*letter == b'\n');
            self.at += 1;
        }
        self.line
    }
}

/// What each column means; nothing where it is passed over.
pub type Mapping = Vec<Option<&'static str>>;

/// Finds out what the columns mean: as told, else guessed from their names; of two that mean the same, the first.
///
/// # Errors
/// A fault when a told column or field does not exist, a field is told twice, or what is required has no column.
pub fn mapping(
    kind: ImportKind,
    headers: &[String],
    told: &BTreeMap<String, String>,
) -> Result<Mapping, Fault> {
    let mut mapping: Mapping = vec![None; headers.len()];
    let mut passed_over = vec![false; headers.len()];
    for (header, field) in told {
        let Some(column) = headers.iter().position(|known| key(known) == key(header)) else {
            let message = format!("there is no column `{header}`; columns are {}", headers.join(", "));
            return Err(Fault::at("mapping", message));
        };
        if field.is_empty() || field == "ignore" {
            passed_over[column] = true;
            continue;
        }
        let Some((field, _)) = known(kind).iter().find(|(name, _)| name == field) else {
            let names: Vec<&str> = known(kind).iter().map(|(name, _)| *name).collect();
            let near =
                nearest(field, &names).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            let message = format!("there is no field `{field}`; {near}fields are {}", names.join(", "));
            return Err(Fault::at("mapping", message));
        };
        if mapping.contains(&Some(field)) {
            return Err(Fault::at("mapping", format!("`{field}` is given two columns")));
        }
        mapping[column] = Some(field);
    }
    for (column, header) in headers.iter().enumerate() {
        if mapping[column].is_some() || passed_over[column] {
            continue;
        }
        let wanted = key(header);
        let guess = known(kind)
            .iter()
            .find(|(name, names)| key(name) == wanted || names.contains(&wanted.as_str()))
            .map(|(name, _)| *name);
        mapping[column] = guess.filter(|field| !mapping.contains(&Some(field)));
    }
    let has = |field| mapping.contains(&Some(field));
    if !(has("name") || kind == ImportKind::Contact && has("family_name")) {
        let message = format!("no column means `name`; columns are {}", headers.join(", "));
        return Err(Fault::at("mapping", message));
    }
    Ok(mapping)
}

fn key(name: &str) -> String {
    fold(name).chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The cells of one row, by field.
pub struct Cells<'a> {
    mapping: &'a Mapping,
    cells: &'a [String],
}

impl<'a> Cells<'a> {
    /// Cells under a mapping.
    ///
    /// # Errors
    /// When the row has more cells than there are columns.
    pub fn new(mapping: &'a Mapping, cells: &'a [String]) -> Result<Self, Fault> {
        if cells.len() > mapping.len() {
            let message = format!("has {} cells, the header has {}", cells.len(), mapping.len());
            return Err(Fault { field: None, message });
        }
        Ok(Self { mapping, cells })
    }

    /// A cell with something in it.
    fn get(&self, field: &str) -> Option<&'a str> {
        let column = self.mapping.iter().position(|known| *known == Some(field))?;
        self.cells.get(column).map(String::as_str).filter(|cell| !cell.is_empty())
    }

    fn text(&self, field: &str, most: usize) -> Result<Option<String>, Fault> {
        match self.get(field) {
            Some(cell) if cell.chars().count() > most => {
                Err(Fault::at(field, format!("has more than {most} characters")))
            }
            cell => Ok(cell.map(str::to_owned)),
        }
    }

    fn short(&self, field: &str) -> Result<Option<String>, Fault> {
        self.text(field, SHORT_TEXT)
    }

    fn required(&self, field: &str) -> Result<String, Fault> {
        self.short(field)?.ok_or_else(|| Fault::at(field, "is empty"))
    }

    fn read<T, E: std::fmt::Display>(
        &self,
        field: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Fault> {
        let read = self.get(field).map(|cell| parse(cell).map_err(|fault| Fault::at(field, fault)));
        read.transpose()
    }

    fn word<T>(
        &self,
        field: &str,
        words: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        self.read(field, |cell| {
            let word = fold(cell).replace([' ', '-'], "_");
            parse(&word).ok_or_else(|| format!("`{}` is none of {}", short(cell), words.join(", ")))
        })
    }
}

fn short(text: &str) -> String {
    maitred_core::error::shorten(text)
}

/// A company as a row tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompanyRow {
    /// Name.
    pub name: String,
    /// Registered name.
    pub legal_name: Option<String>,
    /// Folded domain.
    pub domain: Option<String>,
    /// Checked VAT id.
    pub vat_id: Option<String>,
    /// Country as told.
    pub country: Option<&'static str>,
    /// Country of the VAT id.
    pub vat_country: Option<&'static str>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// Number in the companies register.
    pub registration_no: Option<String>,
    /// What it is to us.
    pub kind: Option<CompanyKind>,
    /// Who looks after it, as written.
    pub owner: Option<String>,
    /// Street.
    pub street: Option<String>,
    /// Postcode.
    pub postcode: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Where it stands with us.
    pub lifecycle: Option<Lifecycle>,
    /// Line of business.
    pub industry: Option<String>,
    /// Size.
    pub size_band: Option<String>,
    /// Where it came from.
    pub source: Option<String>,
    /// Free text from outside.
    pub note: Option<String>,
}

/// Reads a company; `home` is the country when nothing is told.
///
/// # Errors
/// The first wrong cell.
pub fn company(cells: &Cells<'_>, home: &str) -> Result<CompanyRow, Fault> {
    let vat = cells.read("vat_id", vat::check)?;
    let country = cells.read("country", country_of)?;
    let vat_country = vat.as_ref().map(maitred_kernel::VatId::country);
    let home = country.or(vat_country).unwrap_or(home);
    Ok(CompanyRow {
        name: cells.required("name")?,
        legal_name: cells.short("legal_name")?,
        domain: cells.read("domain", domain::fold)?,
        vat_id: vat.map(|vat| vat.as_str().to_owned()),
        country,
        vat_country,
        currency: cells.read("currency", currency_of)?.map(|currency| currency.code().to_owned()),
        language: cells.short("language")?,
        phone: cells.read("phone", |cell| phone::e164(cell, Some(home)))?,
        registration_no: cells.short("registration_no")?,
        kind: cells.word("kind", CompanyKind::WORDS, CompanyKind::parse)?,
        owner: cells.short("owner")?,
        street: cells.short("street")?,
        postcode: cells.short("postcode")?,
        city: cells.short("city")?,
        lifecycle: cells.word("lifecycle", Lifecycle::WORDS, Lifecycle::parse)?,
        industry: cells.short("industry")?,
        size_band: cells.short("size_band")?,
        source: cells.short("source")?,
        note: cells.text("note", LONG_TEXT)?,
    })
}

/// A country by its code or its English name.
fn country_of(cell: &str) -> Result<&'static str, String> {
    if let Ok(code) = country::parse(cell) {
        return Ok(code);
    }
    let wanted = fold(cell);
    country::all()
        .find(|(_, name)| fold(name) == wanted)
        .map(|(code, _)| code)
        .ok_or_else(|| format!("`{}` is no country code", short(cell)))
}

fn currency_of(cell: &str) -> Result<Currency, maitred_kernel::MoneyFault> {
    Currency::parse(&cell.to_uppercase())
}

/// A contact as a row tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactRow {
    /// Given names.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: String,
    /// Folded address.
    pub email: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// Company, as written.
    pub company: Option<String>,
    /// What they do there.
    pub role: Option<LinkRole>,
    /// Free text from outside.
    pub note: Option<String>,
}

/// Reads a contact. A full name is cut before its last word unless it is written `Family, Given`.
///
/// # Errors
/// The first wrong cell.
pub fn contact(cells: &Cells<'_>, home: &str) -> Result<ContactRow, Fault> {
    let (mut given_name, mut family_name) = (cells.short("given_name")?, cells.short("family_name")?);
    if family_name.is_none()
        && let Some(full) = cells.short("name")?
    {
        let (given, family) = match full.split_once(',') {
            Some((family, given)) => (given.trim(), family.trim()),
            None => full.rsplit_once(' ').unwrap_or(("", &full)),
        };
        given_name = given_name.or_else(|| Some(given.trim().to_owned()).filter(|given| !given.is_empty()));
        family_name = Some(family.to_owned()).filter(|family| !family.is_empty());
    }
    Ok(ContactRow {
        given_name,
        family_name: family_name.ok_or_else(|| Fault::at("family_name", "is empty"))?,
        email: cells.read("email", email::fold)?,
        phone: cells.read("phone", |cell| phone::e164(cell, Some(home)))?,
        title: cells.short("title")?,
        language: cells.short("language")?,
        company: cells.short("company")?,
        role: cells.word("role", LinkRole::WORDS, LinkRole::parse)?,
        note: cells.text("note", LONG_TEXT)?,
    })
}

/// A lead as a row tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadRow {
    /// Who.
    pub name: String,
    /// Their company.
    pub company_name: Option<String>,
    /// Folded address.
    pub email: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// Where it came from.
    pub source: Option<LeadSource>,
    /// What they want: text from outside.
    pub need: Option<String>,
    /// What it might be worth.
    pub value: Option<(i64, Currency)>,
    /// 0 to 100.
    pub score: Option<i64>,
    /// Who works on it, as written.
    pub owner: Option<String>,
}

/// Reads a lead; a value without a currency is in `base`.
///
/// # Errors
/// The first wrong cell.
pub fn lead(cells: &Cells<'_>, home: &str, base: Currency) -> Result<LeadRow, Fault> {
    let currency = cells.read("currency", currency_of)?.unwrap_or(base);
    let value = cells.read("value", |cell| parse_minor(cell, currency))?;
    let score = cells.read("score", |cell| {
        let score = cell.parse::<i64>().ok().filter(|score| (0..=100).contains(score));
        score.ok_or_else(|| format!("`{}` is no whole number from 0 to 100", short(cell)))
    })?;
    Ok(LeadRow {
        name: cells.required("name")?,
        company_name: cells.short("company_name")?,
        email: cells.read("email", email::fold)?,
        phone: cells.read("phone", |cell| phone::e164(cell, Some(home)))?,
        source: cells.word("source", LeadSource::WORDS, LeadSource::parse)?,
        need: cells.text("need", LONG_TEXT)?,
        value: value.map(|minor| (minor, currency)),
        score,
        owner: cells.short("owner")?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn guesses_what_columns_mean() {
        let columns = headers(&["Firma", "USt-IdNr.", "PLZ", "E-Mail", "Société"]);
        let mapping = mapping(ImportKind::Company, &columns, &BTreeMap::new()).unwrap();
        assert_eq!(mapping, [Some("name"), Some("vat_id"), Some("postcode"), None, None]);
    }

    #[test]
    fn what_is_told_beats_what_is_guessed() {
        let columns = headers(&["name", "Alias", "phone"]);
        let told = BTreeMap::from([
            ("alias".to_owned(), "name".to_owned()),
            ("phone".to_owned(), "ignore".to_owned()),
        ]);
        assert_eq!(mapping(ImportKind::Lead, &columns, &told).unwrap(), [None, Some("name"), None]);
        let wrong = BTreeMap::from([("Alias".to_owned(), "emial".to_owned())]);
        let fault = mapping(ImportKind::Lead, &columns, &wrong).unwrap_err();
        assert!(fault.message.contains("did you mean `email`?"), "{}", fault.message);
        assert!(mapping(ImportKind::Lead, &headers(&["email"]), &BTreeMap::new()).is_err());
    }

    #[test]
    fn reads_what_spreadsheets_write() {
        let table =
            read("\u{feff}Name;Ort\r\n\"Huber; Söhne\";Wien\r\n;\r\n\"zwei\nZeilen\";Graz\r\n").unwrap();
        assert_eq!(table.headers, ["Name", "Ort"]);
        assert_eq!(table.rows[0], (2, vec!["Huber; Söhne".to_owned(), "Wien".to_owned()]));
        assert_eq!(table.rows[1], (4, vec!["zwei\nZeilen".to_owned(), "Graz".to_owned()]));
        let many = "name\n".to_owned() + &"x\n".repeat(MOST_ROWS);
        assert_eq!(read(&many).unwrap().rows.len(), MOST_ROWS);
        assert!(read(&(many + "x\n")).is_err());
        assert!(read("name\n").is_err());
        assert!(read("").is_err());
    }

    #[test]
    fn names_are_cut_where_people_cut_them() {
        let mapping = vec![Some("name")];
        for (name, given, family) in [
            ("Ada Marie Lovelace", Some("Ada Marie"), "Lovelace"),
            ("Lovelace, Ada", Some("Ada"), "Lovelace"),
            ("Plato", None, "Plato"),
        ] {
            let row = [name.to_owned()];
            let cells = Cells::new(&mapping, &row).unwrap();
            let contact = contact(&cells, "DE").unwrap();
            assert_eq!((contact.given_name.as_deref(), contact.family_name.as_str()), (given, family));
        }
    }

    #[test]
    fn wrong_cells_are_named() {
        let mapping = vec![Some("name"), Some("value"), Some("score")];
        let fault = |value: &str, score: &str| {
            let row = ["Eve".to_owned(), value.to_owned(), score.to_owned()];
            let cells = Cells::new(&mapping, &row).unwrap();
            lead(&cells, "DE", Currency::EUR).map(|lead| lead.value).map_err(|fault| fault.field.unwrap())
        };
        assert_eq!(fault("12.50", "7"), Ok(Some((1_250, Currency::EUR))));
        assert_eq!(fault("12.505", "7"), Err("value".to_owned()));
        assert_eq!(fault("", "101"), Err("score".to_owned()));
        let long = ["a".to_owned(), "b".to_owned(), "c".to_owned(), "d".to_owned()];
        assert!(Cells::new(&mapping, &long).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            if let Ok(table) = read(&text) {
                prop_assert!(!table.headers.is_empty() && !table.rows.is_empty());
                for kind in ImportKind::ALL.iter().copied() {
                    let _ = mapping(kind, &table.headers, &BTreeMap::new());
                }
            }
        }

        #[test]
        fn what_is_written_is_read(cells in prop::collection::vec("[a-z ,;\"\n]{1,12}x", 4)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["a", "b"]).unwrap();
            writer.write_record([&cells[0], &cells[1]]).unwrap();
            writer.write_record([&cells[2], &cells[3]]).unwrap();
            let table = read(&String::from_utf8(writer.into_inner().unwrap()).unwrap()).unwrap();
            let found: Vec<String> = table.rows.iter().flat_map(|(_, row)| row.clone()).collect();
            let trimmed: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
            prop_assert_eq!(found, trimmed);
        }
    }
}
