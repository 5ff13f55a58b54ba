//! CSV by profile. The row of headings is looked for among the first rows, since banks write a preamble; a running
//! balance, where the profile names one, proves that no line is missing.

use csv::{ReaderBuilder, StringRecord};
use maitred_kernel::{Currency, format_minor};

use crate::amount::{self, Writing};
use crate::fault::{Fault, FaultKind};
use crate::fingerprint::fold_text;
use crate::model::{Format, Line, Options, Statement};
use crate::profile::{Amounts, Column, Decimal, Profile};
use crate::xml::Lines;
use crate::{MAX_LINES, clean, dates, iban};

/// Rows among which the headings are looked for.
const PREAMBLE: usize = 40;
/// Longest value; beyond it a quote was never closed.
const MAX_VALUE: usize = 8_192;

/// Reads a CSV file as one statement.
pub(crate) fn read(text: &str, options: &Options) -> Result<Statement, Fault> {
    let Some(profile) = &options.profile else {
        let head: Vec<String> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .take(1)
            .map(|line| line.chars().take(200).collect())
            .collect();
        let text = format!(
            "no known statement format, and CSV needs a profile; it begins with `{}`",
            head.concat().trim()
        );
        return Err(Fault::at(1, FaultKind::Profile, text));
    };
    profile.check().map_err(|fault| Fault::file(FaultKind::Profile, fault.to_string()))?;
    let rows = rows(text, profile)?;
    let (places, first) = places(&rows, profile)?;
    let begins = rows.get(first).map_or(1, |(line, _)| *line);
    let mut reader = Rows { profile, places: &places, currency: options.currency, account: None };
    let mut read = Vec::new();
    let mut refused = Vec::new();
    for (line, record) in rows.get(first..).unwrap_or_default() {
        if record.iter().all(|value| value.trim().is_empty()) {
            continue;
        }
        if read.len() >= MAX_LINES {
            return Err(Fault::at(*line, FaultKind::TooLarge, format!("more than {MAX_LINES} lines")));
        }
        match reader.row(*line, record) {
            Ok(row) => read.push(row),
            Err(reason) => refused.push((*line, reason)),
        }
    }
    let currency = reader.currency.ok_or_else(|| {
        Fault::at(begins, FaultKind::Profile, "neither the file nor the caller says the currency")
    })?;
    let mut statement = Statement::new(Format::Csv, currency, begins);
    statement.account = reader.account.or_else(|| options.account.as_deref().map(iban::normal_account));
    for (line, reason) in refused {
        statement.reject(line, reason);
    }
    for row in &mut read {
        if let Some(warning) = row.warning.take() {
            statement.warn(row.line.line, warning);
        }
    }
    if profile.columns.balance.is_some() {
        chain(&mut statement, &mut read)?;
    } else {
        statement.warn(begins, "the file has no running balance to prove its lines");
    }
    statement.lines = read.into_iter().map(|row| row.line).collect();
    if statement.lines.is_empty() && statement.rejected.is_empty() {
        return Err(Fault::at(begins, FaultKind::Malformed, "there is no line below the headings"));
    }
    Ok(statement)
}

/// Every record with its line.
fn rows(text: &str, profile: &Profile) -> Result<Vec<(u32, StringRecord)>, Fault> {
    let mut reader = ReaderBuilder::new()
        .delimiter(profile.delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut lines = Lines::new(text);
    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    loop {
        // The reader stands before any empty lines that it is about to pass over.
        let mut start = usize::try_from(reader.position().byte()).unwrap_or(text.len());
        while matches!(text.as_bytes().get(start), Some(b'\n' | b'\r')) {
            start += 1;
        }
        let line = lines.of(start.min(text.len()));
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(rows),
            Err(fault) => return Err(Fault::malformed(line, format!("not readable as CSV: {fault}"))),
        }
        if record.iter().any(|value| value.len() > MAX_VALUE) {
            return Err(Fault::malformed(
                line,
                "a value is longer than any bank writes: a quote is not closed",
            ));
        }
        if rows.len() >= MAX_LINES + PREAMBLE {
            return Err(Fault::at(line, FaultKind::TooLarge, format!("more than {MAX_LINES} lines")));
        }
        rows.push((line, record.clone()));
    }
}

/// Where each column stands, in the order of [`Profile::columns`], and the index of the first row below.
type Places = Vec<(Column, usize)>;

fn places(rows: &[(u32, StringRecord)], profile: &Profile) -> Result<(Places, usize), Fault> {
    let columns = profile.columns();
    if columns.iter().all(|column| matches!(column, Column::At(_))) {
        let at = |column: &&Column| match column {
            Column::At(place) => Some(((*column).clone(), place.saturating_sub(1))),
            Column::Named(_) => None,
        };
        return Ok((columns.iter().filter_map(at).collect(), 0));
    }
    let wanted: Vec<(&Column, String)> = columns
        .iter()
        .map(|column| match column {
            Column::Named(name) => (*column, heading(name)),
            Column::At(place) => (*column, place.to_string()),
        })
        .collect();
    let mut best: (usize, u32, Vec<String>) = (0, 1, Vec::new());
    for (index, (line, record)) in rows.iter().enumerate().take(PREAMBLE) {
        let headings: Vec<String> = record.iter().map(heading).collect();
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for (column, name) in &wanted {
            match headings.iter().position(|heading| heading == name) {
                Some(place) => found.push(((*column).clone(), place)),
                None => missing.push(name.clone()),
            }
        }
        if missing.is_empty() {
            return Ok((found, index + 1));
        }
        if found.len() >= best.0 {
            best = (found.len(), *line, missing);
        }
    }
    let (_, line, missing) = best;
    let text =
        format!("no row has all headings of the profile; missing in the nearest: `{}`", missing.join("`, `"));
    Err(Fault::at(line, FaultKind::Profile, text))
}

/// A heading as it is compared. One that is only signs stays as it is.
fn heading(text: &str) -> String {
    let folded = fold_text(text.trim_start_matches('\u{feff}'));
    if folded.is_empty() { text.trim().to_owned() } else { folded }
}

struct Row {
    line: Line,
    balance: Option<i64>,
    warning: Option<String>,
}

struct Rows<'p> {
    profile: &'p Profile,
    places: &'p Places,
    currency: Option<Currency>,
    account: Option<String>,
}

impl Rows<'_> {
    fn value<'r>(&self, record: &'r StringRecord, column: &Column) -> &'r str {
        let place = self.places.iter().find(|(known, _)| known == column).map(|(_, place)| *place);
        place.and_then(|place| record.get(place)).unwrap_or_default().trim()
    }

    fn optional<'r>(&self, record: &'r StringRecord, column: Option<&Column>) -> &'r str {
        column.map(|column| self.value(record, column)).unwrap_or_default()
    }

    fn money(&self, text: &str, currency: Currency) -> Result<i64, String> {
        let writing = match self.profile.decimal {
            Decimal::Point => Writing::GroupedPoint,
            Decimal::Comma => Writing::GroupedComma,
        };
        amount::minor(strip_currency(text, currency), writing, currency)
    }

    /// Reads a row; the reason when it cannot be taken.
    fn row(&mut self, place: u32, record: &StringRecord) -> Result<Row, String> {
        let columns = &self.profile.columns;
        let code = self.optional(record, columns.currency.as_ref());
        if !code.is_empty() {
            let read = Currency::parse(code).map_err(|fault| fault.to_string())?;
            match self.currency {
                Some(known) if known != read => {
                    return Err(format!("the line is in {read}, the account in {known}"));
                }
                _ => self.currency = Some(read),
            }
        }
        let account = iban::normal_account(self.optional(record, columns.account.as_ref()));
        match &self.account {
            _ if account.is_empty() => {}
            Some(known) if *known != account => return Err("the line is of another account".to_owned()),
            Some(_) => {}
            None => self.account = Some(account),
        }
        let currency = self.currency.ok_or("neither the line nor the caller says the currency")?;
        let written = self.value(record, &columns.booked_on);
        let dated = self.day(written)?.ok_or("there is no booking date")?;
        let mut line = Line::new(place, dated.day, self.amount(record, currency)?);
        line.value_on = self.day(self.optional(record, columns.value_on.as_ref()))?.map(|dated| dated.day);
        line.counterparty_name = clean::word(self.optional(record, columns.name.as_ref()));
        line.counterparty_iban = Some(iban::normal_account(self.optional(record, columns.iban.as_ref())))
            .filter(|account| !account.is_empty());
        line.bank_ref = clean::reference(self.optional(record, columns.bank_ref.as_ref()));
        line.end_to_end_id = clean::reference(self.optional(record, columns.end_to_end_id.as_ref()));
        let texts: Vec<&str> = columns.text.iter().map(|column| self.value(record, column)).collect();
        line.text = clean::text(&texts.join(" "));
        line.creditor_ref = clean::reference(self.optional(record, columns.creditor_ref.as_ref()))
            .or_else(|| iban::first_word(&line.text, iban::is_creditor_reference));
        let balance = match &columns.balance {
            Some(column) => Some(self.money(self.value(record, column), currency)?),
            None => None,
        };
        let warning = dated.clamped.then(|| {
            format!("`{}` is no day; taken as {}", written.chars().take(40).collect::<String>(), dated.day)
        });
        Ok(Row { line, balance, warning })
    }

    fn day(&self, text: &str) -> Result<Option<dates::Dated>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        dates::by_pattern(text, &self.profile.date_format).map(Some).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            format!("`{shown}` is not a date as `{}`", self.profile.date_format)
        })
    }

    fn amount(&self, record: &StringRecord, currency: Currency) -> Result<i64, String> {
        let missing = "there is no amount";
        match &self.profile.columns.amount {
            Amounts::Signed(column) => match self.value(record, column) {
                "" => Err(missing.to_owned()),
                text => self.money(text, currency),
            },
            Amounts::Split { debit, credit } => {
                let part = |column| match self.value(record, column) {
                    "" => Ok(0),
                    text => self.money(text, currency).map(i64::abs),
                };
                match (part(debit)?, part(credit)?) {
                    (0, 0) => Err(missing.to_owned()),
                    (0, credit) => Ok(credit),
                    (debit, 0) => Ok(-debit),
                    _ => Err("the line has both a debit and a credit".to_owned()),
                }
            }
            Amounts::Marked { amount, mark, credit } => {
                let minor = match self.value(record, amount) {
                    "" => return Err(missing.to_owned()),
                    text => self.money(text, currency)?,
                };
                let mark = self.value(record, mark);
                let said = credit.as_deref().is_some_and(|credit| heading(credit) == heading(mark));
                let known = matches!(mark.to_ascii_uppercase().as_str(), "C" | "CR" | "CRDT" | "H" | "+")
                    || mark.to_ascii_uppercase().starts_with("CREDIT");
                Ok(if said || known { minor.abs() } else { -minor.abs() })
            }
        }
    }
}

/// Some banks write the currency beside every amount.
fn strip_currency(text: &str, currency: Currency) -> &str {
    let text = text.trim();
    let text =
        text.strip_suffix(currency.code()).or_else(|| text.strip_prefix(currency.code())).unwrap_or(text);
    text.trim().trim_matches(['€', '$', '£']).trim()
}

/// Holds the running balance against the lines, oldest or newest first, and puts them in the order of time.
fn chain(statement: &mut Statement, rows: &mut [Row]) -> Result<(), Fault> {
    if let Some(first) = statement.rejected.first() {
        let text = format!("{}; without it the running balance is not proved", first.text);
        return Err(Fault::at(first.line, FaultKind::Unbalanced, text));
    }
    let broken = |rows: &[Row]| {
        rows.windows(2).position(|pair| match pair {
            [before, after] => {
                let reached = i128::from(before.balance.unwrap_or_default()) + i128::from(after.line.amount);
                reached != i128::from(after.balance.unwrap_or_default())
            }
            _ => false,
        })
    };
    if let Some(oldest_first) = broken(rows) {
        rows.reverse();
        if let Some(newest_first) = broken(rows) {
            // The order that holds for longer is the one meant.
            if newest_first < oldest_first {
                rows.reverse();
            }
            let at = newest_first.max(oldest_first) + 1;
            let (line, balance) =
                rows.get(at).map_or((1, 0), |row| (row.line.line, row.balance.unwrap_or_default()));
            let text = format!(
                "the running balance `{}` is not the one before plus the line",
                format_minor(balance, statement.currency)
            );
            return Err(Fault::at(line, FaultKind::Unbalanced, text));
        }
    }
    if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        let opening = first.balance.and_then(|balance| balance.checked_sub(first.line.amount));
        (statement.opening, statement.closing) = (opening, last.balance);
        statement.closes = last.line.line;
    }
    Ok(())
}
