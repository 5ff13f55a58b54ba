//! A CSV text cut into rows, and what its columns mean. No database.

use std::collections::BTreeMap;

use maitred_kernel::fold;

/// Rows of one text at most: what can be previewed and confirmed well within the time of a call.
pub const MOST_ROWS: usize = 1_000;

/// A field and other names that columns have for it: small letters and digits only.
pub type Known = (&'static str, &'static [&'static str]);

/// A row that is passed over: where it is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Field.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl Fault {
    /// A fault of a cell.
    pub fn at(field: &str, message: impl std::fmt::Display) -> Self {
        Self { field: Some(field.to_owned()), message: message.to_string() }
    }
}

/// A text cut into rows.
#[derive(Debug, Default)]
pub struct Table {
    /// Column names as written.
    pub headers: Vec<String>,
    /// Number of the row below the header, from one, and its cells.
    pub rows: Vec<(u64, Vec<String>)>,
}

/// Cuts a text; the separator (comma, semicolon, tab) is the one that its first line has most of.
///
/// # Errors
/// In words, when there is no header, no row, or more than [`MOST_ROWS`].
pub fn read(text: &str) -> Result<Table, String> {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let count = |separator: &u8| first.bytes().filter(|byte| byte == separator).count();
    let separator = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut table = Table::default();
    for record in reader.records() {
        let record = record.map_err(|error| format!("is not CSV: {error}"))?;
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        if cells.iter().all(String::is_empty) {
            continue;
        }
        if table.headers.is_empty() {
            table.headers = cells;
        } else if table.rows.len() == MOST_ROWS {
            return Err(format!("has more than {MOST_ROWS} rows; import it in parts"));
        } else {
            table.rows.push((table.rows.len() as u64 + 1, cells));
        }
    }
    if table.rows.is_empty() {
        return Err("has no row below its header".to_owned());
    }
    Ok(table)
}

fn key(name: &str) -> String {
    fold(name).chars().filter(char::is_ascii_alphanumeric).collect()
}

/// What each column means; nothing where it is passed over.
pub type Mapping = Vec<Option<&'static str>>;

/// Finds out what the columns mean: as told, else guessed from their names.
///
/// # Errors
/// In words, when a told column or field does not exist or a field that is needed has no column.
pub fn mapping(
    known: &'static [Known],
    needed: &[&str],
    headers: &[String],
    told: &BTreeMap<String, String>,
) -> Result<Mapping, String> {
    let mut mapping: Mapping = vec![None; headers.len()];
    let mut told_columns = vec![false; headers.len()];
    for (header, field) in told {
        let Some(column) = headers.iter().position(|name| key(name) == key(header)) else {
            return Err(format!("names no column `{header}`; columns are {}", headers.join(", ")));
        };
        told_columns[column] = true;
        if field.is_empty() || field == "ignore" {
            continue;
        }
        let Some((field, _)) = known.iter().find(|(name, _)| name == field) else {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            return Err(format!("names no field `{field}`; fields are {}", names.join(", ")));
        };
        if mapping.contains(&Some(field)) {
            return Err(format!("gives `{field}` two columns"));
        }
        mapping[column] = Some(field);
    }
    for (column, header) in headers.iter().enumerate() {
        if told_columns[column] {
            continue;
        }
        let wanted = key(header);
        let guess = known
            .iter()
            .find(|(name, others)| key(name) == wanted || others.contains(&wanted.as_str()))
            .map(|(name, _)| *name);
        mapping[column] = guess.filter(|field| !mapping.contains(&Some(field)));
    }
    match needed.iter().find(|field| !mapping.contains(&Some(field))) {
        Some(field) => Err(format!("finds no column for `{field}`; columns are {}", headers.join(", "))),
        None => Ok(mapping),
    }
}

/// The cells of one row, by field.
pub struct Cells<'a> {
    mapping: &'a Mapping,
    cells: &'a [String],
}

impl<'a> Cells<'a> {
    /// Cells under a mapping.
    pub fn new(mapping: &'a Mapping, cells: &'a [String]) -> Self {
        Self { mapping, cells }
    }

    /// A cell with something in it.
    pub fn get(&self, field: &str) -> Option<&'a str> {
        let column = self.mapping.iter().position(|known| *known == Some(field))?;
        self.cells.get(column).map(String::as_str).filter(|cell| !cell.is_empty())
    }

    /// A cell that must have something in it.
    ///
    /// # Errors
    /// A fault when it is empty.
    pub fn need(&self, field: &str) -> Result<&'a str, Fault> {
        self.get(field).ok_or_else(|| Fault::at(field, "is missing"))
    }

    /// A cell, read.
    ///
    /// # Errors
    /// A fault with what the reading says.
    pub fn read<T, E: std::fmt::Display>(
        &self,
        field: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Fault> {
        self.get(field).map(read).transpose().map_err(|error| Fault::at(field, error))
    }
}

/// Reads a yes or no in a few languages.
///
/// # Errors
/// In words.
pub fn flag(text: &str) -> Result<bool, String> {
    match fold(text).as_str() {
        "1" | "true" | "yes" | "y" | "ja" | "oui" | "si" => Ok(true),
        "0" | "false" | "no" | "n" | "nein" | "non" => Ok(false),
        _ => Err(format!("must be yes or no, not `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Known] = &[("sku", &["artikelnummer"]), ("price", &["preis"])];

    #[test]
    fn columns_are_guessed_and_told() {
        let table = read("\u{feff}Artikelnummer;Preis;Rest\nCH-1; 10,5 ;x\n;;\nCH-2;9\n").unwrap();
        assert_eq!((table.rows.len(), table.rows[1].0), (2, 2));
        let mapping = mapping(KNOWN, &["sku"], &table.headers, &BTreeMap::new()).unwrap();
        assert_eq!(mapping, [Some("sku"), Some("price"), None]);
        let cells = Cells::new(&mapping, &table.rows[0].1);
        assert_eq!((cells.get("price"), cells.get("rest")), (Some("10,5"), None));
    }

    #[test]
    fn what_is_needed_has_a_column() {
        let headers = vec!["a".to_owned(), "b".to_owned()];
        let told = |column: &str, field: &str| BTreeMap::from([(column.to_owned(), field.to_owned())]);
        assert!(mapping(KNOWN, &["sku"], &headers, &BTreeMap::new()).is_err());
        assert!(mapping(KNOWN, &["sku"], &headers, &told("a", "sku")).is_ok());
        assert!(mapping(KNOWN, &["sku"], &headers, &told("c", "sku")).is_err());
        assert!(mapping(KNOWN, &["sku"], &headers, &told("a", "colour")).is_err());
        assert!(read("sku,price\n").is_err() && read("").is_err());
    }
}
