//! OFX 1.x (SGML) and 2.x (XML): one statement per account, `FITID` is the bank's id, only a closing balance.
//!
//! Source: OFX 2.2 specification, chapter 11 (banking).

use maitred_kernel::Currency;

use crate::amount::{self, Writing};
use crate::fault::{Fault, FaultKind};
use crate::model::{Format, Line, Options, Statement};
use crate::xml::{At, Tree};
use crate::{MAX_LINES, MAX_STATEMENTS, clean, dates, iban, xml};

/// Reads the accounts of an OFX file.
pub(crate) fn read(text: &str, options: &Options) -> Result<Vec<Statement>, Fault> {
    let tree = xml::parse_sgml(body(text)).map_err(|fault| shifted(fault, text))?;
    let skipped = lines_before(text);
    if tree.node(0).name != "OFX" {
        return Err(Fault::malformed(1 + skipped, "the first element is not `OFX`"));
    }
    let mut statements = Vec::new();
    let mut count = 0;
    let accounts = tree.named("STMTRS").map(|at| (at, "BANKACCTFROM"));
    let cards = tree.named("CCSTMTRS").map(|at| (at, "CCACCTFROM"));
    let mut found: Vec<(At, &str)> = accounts.chain(cards).collect();
    found.sort_unstable();
    for (at, account) in found {
        let mut statement = account_statement(&tree, at, account, options, skipped)?;
        count += statement.lines.len();
        if count > MAX_LINES || statements.len() >= MAX_STATEMENTS {
            return Err(Fault::at(
                statement.begins,
                FaultKind::TooLarge,
                "too many lines or accounts in one file",
            ));
        }
        statement.begins += skipped;
        statement.closes += skipped;
        statement.lines.iter_mut().for_each(|line| line.line += skipped);
        statement.warnings.iter_mut().chain(&mut statement.rejected).for_each(|note| note.line += skipped);
        statements.push(statement);
    }
    if !statements.is_empty() {
        return Ok(statements);
    }
    let refused = tree.named("STATUS").find(|&at| tree.text(at, "CODE").is_some_and(|code| code != "0"));
    Err(match refused {
        Some(at) => {
            let code: String = tree.text(at, "CODE").unwrap_or_default().chars().take(12).collect();
            let text = format!("the bank answered with error `{code}` instead of a statement");
            Fault::malformed(tree.node(at).line + skipped, text)
        }
        None => Fault::malformed(1 + skipped, "the file holds no statement"),
    })
}

/// The file from its first element or processing instruction on, without the header of OFX 1.x.
fn body(text: &str) -> &str {
    text.find('<').and_then(|at| text.get(at..)).unwrap_or_default()
}

fn lines_before(text: &str) -> u32 {
    let header = text.len() - body(text).len();
    let breaks = text.bytes().take(header).filter(|&byte| byte == b'\n').count();
    u32::try_from(breaks).unwrap_or(u32::MAX / 2)
}

fn shifted(mut fault: Fault, text: &str) -> Fault {
    fault.line = fault.line.map(|line| line.saturating_add(lines_before(text)));
    fault
}

fn account_statement(
    tree: &Tree,
    at: At,
    account: &str,
    options: &Options,
    skipped: u32,
) -> Result<Statement, Fault> {
    let begins = tree.node(at).line;
    let currency = match tree.text(at, "CURDEF") {
        Some(code) => {
            let place = tree.find(at, "CURDEF").map_or(begins, |at| tree.node(at).line);
            Currency::parse(code).map_err(|fault| Fault::malformed(place + skipped, fault.to_string()))?
        }
        None => options
            .currency
            .ok_or_else(|| Fault::malformed(begins + skipped, "the account has no currency (`CURDEF`)"))?,
    };
    let mut statement = Statement::new(Format::Ofx, currency, begins);
    let number = tree.find(at, account).and_then(|from| tree.text(from, "ACCTID"));
    statement.account = number.map(iban::normal_account).filter(|number| !number.is_empty());
    if let Some(list) = tree.find(at, "BANKTRANLIST") {
        let day = |name| tree.text(list, name).and_then(dates::compact).map(|dated| dated.day);
        (statement.from, statement.to) = (day("DTSTART"), day("DTEND"));
        for entry in tree.all(list, "STMTTRN") {
            let place = tree.node(entry).line;
            match transaction(tree, entry, &mut statement) {
                Ok(line) => statement.lines.push(line),
                Err(reason) => statement.reject(place, reason),
            }
        }
    }
    closing(tree, at, &mut statement);
    Ok(statement)
}

fn closing(tree: &Tree, at: At, statement: &mut Statement) {
    let Some(ledger) = tree.find(at, "LEDGERBAL") else { return };
    let place = tree.node(ledger).line;
    statement.closes = place;
    let Some(text) = tree.text(ledger, "BALAMT") else {
        return statement.warn(place, "the ledger balance is empty");
    };
    match money(text, statement.currency) {
        Ok(minor) => statement.closing = Some(minor),
        Err(reason) => statement.warn(place, format!("the ledger balance is not read: {reason}")),
    }
    let day = tree.text(ledger, "DTASOF").and_then(dates::compact).map(|dated| dated.day);
    if let (Some(day), Some(to)) = (day, statement.to)
        && day < to
    {
        statement.warn(place, format!("the ledger balance is of {day}, before the last day {to}"));
    }
    statement.to = statement.to.or(day);
}

/// Reads one transaction; the reason when it cannot be taken.
fn transaction(tree: &Tree, at: At, statement: &mut Statement) -> Result<Line, String> {
    let place = tree.node(at).line;
    let posted = tree.text(at, "DTPOSTED").ok_or("the transaction has no posting date (`DTPOSTED`)")?;
    let dated = dates::compact(posted).ok_or_else(|| format!("`{}` is not a date", short(posted)))?;
    if dated.clamped {
        statement.warn(place, format!("`{}` is no day; taken as {}", short(posted), dated.day));
    }
    if tree.find(at, "CURRENCY").is_some() {
        return Err("the transaction is in another currency than its account".to_owned());
    }
    let text = tree.text(at, "TRNAMT").ok_or("the transaction has no amount (`TRNAMT`)")?;
    let mut line = Line::new(place, dated.day, money(text, statement.currency)?);
    line.value_on = tree.text(at, "DTAVAIL").and_then(dates::compact).map(|dated| dated.day);
    line.bank_ref = tree.text(at, "FITID").and_then(clean::reference);
    let name = tree.text(at, "NAME").or_else(|| tree.text(at, "PAYEE/NAME"));
    line.counterparty_name = name.and_then(clean::word);
    line.counterparty_iban = ["BANKACCTTO", "CCACCTTO"]
        .iter()
        .find_map(|to| tree.find(at, to).and_then(|to| tree.text(to, "ACCTID")))
        .map(iban::normal_account);
    line.text = clean::text(tree.text(at, "MEMO").or(name).unwrap_or_default());
    line.creditor_ref = iban::first_word(&line.text, iban::is_creditor_reference);
    if tree.find(at, "CORRECTFITID").is_some() {
        line.reversal = true;
        statement.warn(place, "the bank says that this line corrects an earlier one");
    }
    Ok(line)
}

/// A point, or in files of some countries a comma; never both.
fn money(text: &str, currency: Currency) -> Result<i64, String> {
    let writing = if text.contains(',') { Writing::Comma } else { Writing::Point };
    amount::minor(text, writing, currency)
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
