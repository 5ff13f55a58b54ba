//! CAMT.053, versions 2 to 8: booked entries only; an entry of several transactions becomes several lines.
//!
//! Source: ISO 20022 message definition camt.053.001. `CdtDbtInd` is the direction in which the entry was booked;
//! `RvslInd` says that it takes back an entry of the other direction, so it decides who the other side is. Some banks
//! state the direction of what is taken back instead: where the balances come out only so, reversals are turned.

use maitred_kernel::{Currency, Day, format_minor};

use crate::amount::{self, Writing};
use crate::fault::{Fault, FaultKind};
use crate::model::{Format, Line, Statement};
use crate::xml::{At, Tree};
use crate::{MAX_LINES, MAX_STATEMENTS, clean, dates, iban, xml};

const SPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.";

/// Reads the statements of a CAMT.053 document.
pub(crate) fn read(text: &str) -> Result<Vec<Statement>, Fault> {
    let tree = xml::parse(text.trim_start_matches('\u{feff}').trim_start_matches(['\r', '\n', ' ', '\t']))?;
    let root = tree.node(0);
    if root.name != "Document" {
        return Err(Fault::malformed(root.line, "the first element is not `Document`"));
    }
    let Some(version) = root.space.strip_prefix(SPACE) else {
        return Err(Fault::at(
            root.line,
            FaultKind::Unsupported,
            "the document's name space is not camt.053",
        ));
    };
    if !version.parse::<u32>().is_ok_and(|version| (2..=8).contains(&version)) {
        let version: String = version.chars().take(8).collect();
        let text = format!("camt.053 version `{version}` is not read; versions 02 to 08 are");
        return Err(Fault::at(root.line, FaultKind::Unsupported, text));
    }
    let Some(message) = tree.find(0, "BkToCstmrStmt") else {
        return Err(Fault::malformed(root.line, "there is no `BkToCstmrStmt`"));
    };
    let mut statements = Vec::new();
    let mut count = 0;
    for at in tree.all(message, "Stmt") {
        let mut statement = read_statement(&tree, at, false)?;
        if statement.prove().is_err() && statement.lines.iter().any(|line| line.reversal) {
            let turned = read_statement(&tree, at, true)?;
            if turned.prove().is_ok() {
                statement = turned;
                let place = statement.begins;
                statement.warn(place, "the bank states what its reversals take back; they were turned");
            }
        }
        count += statement.lines.len();
        if count > MAX_LINES || statements.len() >= MAX_STATEMENTS {
            return Err(Fault::at(
                statement.begins,
                FaultKind::TooLarge,
                "too many lines or statements in one file",
            ));
        }
        statements.push(statement);
    }
    if statements.is_empty() {
        return Err(Fault::malformed(tree.node(message).line, "the message holds no statement"));
    }
    Ok(statements)
}

/// Reads a statement; `turned` when reversals state the direction of what they take back.
fn read_statement(tree: &Tree, at: At, turned: bool) -> Result<Statement, Fault> {
    let begins = tree.node(at).line;
    let stated = |at: At| tree.find(at, "Amt").and_then(|amount| tree.node(amount).currency.as_deref());
    let kind = |at: At| tree.text(at, "Tp/CdOrPrtry/Cd").unwrap_or_default();
    let booked = |at: &At| matches!(kind(*at), "OPBD" | "PRCD" | "CLBD" | "ITBD");
    let code = tree
        .text(at, "Acct/Ccy")
        .or_else(|| tree.all(at, "Bal").filter(booked).chain(tree.all(at, "Ntry")).find_map(stated))
        .or_else(|| tree.all(at, "Bal").find_map(stated))
        .ok_or_else(|| Fault::malformed(begins, "the statement has no currency"))?;
    let currency = Currency::parse(code).map_err(|fault| Fault::malformed(begins, fault.to_string()))?;
    let mut statement = Statement::new(Format::Camt053, currency, begins);
    let account = tree.text(at, "Acct/Id/IBAN").or_else(|| tree.text(at, "Acct/Id/Othr/Id"));
    statement.account = account.map(iban::normal_account);
    let number = ["LglSeqNb", "ElctrncSeqNb", "Id"].iter().find_map(|name| tree.text(at, name));
    statement.statement_no = number.and_then(clean::word);
    balances(tree, at, &mut statement)?;
    let day = |path: &str| tree.text(at, path).and_then(dates::iso).map(|dated| dated.day);
    statement.from = statement.from.or_else(|| day("FrToDt/FrDtTm"));
    statement.to = statement.to.or_else(|| day("FrToDt/ToDtTm"));
    let mut skipped = 0_u32;
    for entry in tree.all(at, "Ntry") {
        let status = tree
            .text(entry, "Sts/Cd")
            .or_else(|| tree.text(entry, "Sts/Prtry"))
            .or_else(|| tree.text(entry, "Sts"));
        if status.is_some_and(|status| status != "BOOK") {
            skipped += 1;
            continue;
        }
        let place = tree.node(entry).line;
        if let Err(reason) = read_entry(tree, entry, turned, &mut statement) {
            statement.reject(place, reason);
        }
    }
    if skipped > 0 {
        statement.warn(begins, format!("{skipped} entries are not booked yet and were left out"));
    }
    if !statement.is_proved() {
        statement.warn(begins, "the statement has no opening and closing booked balance to prove its lines");
    }
    Ok(statement)
}

/// Opening and closing booked balances; of a statement in pages the interim ones serve.
fn balances(tree: &Tree, at: At, statement: &mut Statement) -> Result<(), Fault> {
    let mut opening: Option<(u8, i64, Option<Day>)> = None;
    let mut closing: Option<(u8, i64, Option<Day>)> = None;
    for balance in tree.all(at, "Bal") {
        let place = tree.node(balance).line;
        let kind = tree.text(balance, "Tp/CdOrPrtry/Cd").unwrap_or_default();
        // Lower is better; an interim balance that comes first opens the page, one that comes last closes it.
        let (opens, closes) = match kind {
            "OPBD" => (Some(0), None),
            "PRCD" => (Some(1), None),
            "CLBD" => (None, Some(0)),
            "ITBD" => (Some(2), Some(2)),
            _ => continue,
        };
        let minor = signed(tree, balance, statement.currency).map_err(|reason| {
            Fault::malformed(place, format!("the balance `{kind}` is not read: {reason}"))
        })?;
        let day = tree
            .text(balance, "Dt/Dt")
            .or_else(|| tree.text(balance, "Dt/DtTm"))
            .and_then(dates::iso)
            .map(|dated| dated.day);
        if let Some(rank) = opens
            && opening.is_none_or(|(held, ..)| rank < held)
        {
            opening = Some((rank, minor, day));
        }
        if let Some(rank) = closes
            && closing.is_none_or(|(held, ..)| rank <= held)
        {
            closing = Some((rank, minor, day));
            statement.closes = place;
        }
    }
    // One interim balance alone cannot be both ends.
    if let (Some((2, ..)), Some((2, ..))) = (opening, closing)
        && tree.all(at, "Bal").filter(|&at| tree.text(at, "Tp/CdOrPrtry/Cd") == Some("ITBD")).count() < 2
    {
        return Ok(());
    }
    statement.opening = opening.map(|(_, minor, _)| minor);
    statement.closing = closing.map(|(_, minor, _)| minor);
    statement.from = opening.and_then(|(.., day)| day);
    statement.to = closing.and_then(|(.., day)| day);
    Ok(())
}

/// An element with `Amt` and `CdtDbtInd`, in the currency of the account.
fn signed(tree: &Tree, at: At, currency: Currency) -> Result<i64, String> {
    let minor = amount_at(tree, at, "Amt", currency)?;
    direction(tree, at).map(|credit| if credit { minor } else { -minor })
}

fn amount_at(tree: &Tree, at: At, path: &str, currency: Currency) -> Result<i64, String> {
    let amount = tree.find(at, path).map(|at| tree.node(at)).ok_or("there is no amount")?;
    if let Some(other) = amount.currency.as_deref().filter(|code| *code != currency.code()) {
        let other: String = other.chars().take(8).collect();
        return Err(format!("its amount is in `{other}`, the account in {currency}"));
    }
    let minor = amount::minor(&amount.text, Writing::Point, currency)?;
    if minor < 0 { Err(format!("the amount `{}` has a sign", short(&amount.text))) } else { Ok(minor) }
}

fn direction(tree: &Tree, at: At) -> Result<bool, String> {
    match tree.text(at, "CdtDbtInd") {
        Some("CRDT") => Ok(true),
        Some("DBIT") => Ok(false),
        Some(other) => Err(format!("`{}` is neither CRDT nor DBIT", short(other))),
        None => Err("neither CRDT nor DBIT is said".to_owned()),
    }
}

/// Takes the lines of one booked entry; the reason when it cannot be taken.
fn read_entry(tree: &Tree, entry: At, turned: bool, statement: &mut Statement) -> Result<(), String> {
    let place = tree.node(entry).line;
    let reversal = tree.text(entry, "RvslInd").is_some_and(|text| matches!(text, "true" | "1"));
    let stated = signed(tree, entry, statement.currency)?;
    let total = if reversal && turned { -stated } else { stated };
    let value = entry_day(tree, entry, "ValDt", statement)?;
    let booked = match entry_day(tree, entry, "BookgDt", statement)? {
        Some(day) => day,
        None => {
            let day = value.ok_or("the entry has no booking date")?;
            statement.warn(place, format!("the entry has no booking date; its value date {day} was taken"));
            day
        }
    };
    let mut entry_line = Line::new(place, booked, total);
    entry_line.value_on = value;
    entry_line.reversal = reversal;
    entry_line.bank_ref = tree.text(entry, "AcctSvcrRef").and_then(clean::reference);
    let details: Vec<At> =
        tree.all(entry, "NtryDtls").flat_map(|details| tree.all(details, "TxDtls")).collect();
    let amounts = match details.as_slice() {
        [] | [_] => Vec::new(),
        several => part_amounts(tree, several, stated, statement.currency)?,
    };
    let amounts: Vec<i64> =
        amounts.into_iter().map(|part| if total == stated { part } else { -part }).collect();
    let additional = tree.text(entry, "AddtlNtryInf").unwrap_or_default();
    if let [single] = details.as_slice() {
        fill(tree, *single, &mut entry_line);
    } else if details.len() > 1 && amounts.is_empty() {
        statement
            .warn(place, format!("{} transactions without amounts were kept as one line", details.len()));
        let texts: Vec<String> = details.iter().map(|&at| remittance(tree, at)).collect();
        entry_line.text = clean::text(&texts.join(" "));
    }
    if amounts.is_empty() {
        if entry_line.text.is_empty() {
            entry_line.text = clean::text(additional);
        }
        statement.lines.push(entry_line);
        return Ok(());
    }
    for (&at, &amount) in details.iter().zip(&amounts) {
        let mut line = entry_line.clone();
        (line.line, line.amount) = (tree.node(at).line, amount);
        fill(tree, at, &mut line);
        if line.text.is_empty() {
            line.text = clean::text(additional);
        }
        statement.lines.push(line);
    }
    Ok(())
}

/// The signed amounts of the transactions of an entry, which must sum to it; none when they carry no amounts.
fn part_amounts(tree: &Tree, details: &[At], total: i64, currency: Currency) -> Result<Vec<i64>, String> {
    let mut amounts = Vec::with_capacity(details.len());
    let mut missing = 0;
    for &at in details {
        let path = ["Amt", "AmtDtls/TxAmt/Amt"].into_iter().find(|path| {
            tree.find(at, path).is_some_and(|at| {
                tree.node(at).currency.as_deref().is_none_or(|code| code == currency.code())
            })
        });
        let Some(path) = path else {
            missing += 1;
            continue;
        };
        let minor = amount_at(tree, at, path, currency)?;
        let credit = if tree.find(at, "CdtDbtInd").is_some() { direction(tree, at)? } else { total >= 0 };
        amounts.push(if credit { minor } else { -minor });
    }
    if missing == details.len() {
        return Ok(Vec::new());
    }
    let sum: i128 = amounts.iter().map(|&minor| i128::from(minor)).sum();
    if missing > 0 || sum != i128::from(total) {
        let shown =
            i64::try_from(sum).map_or_else(|_| "too much".to_owned(), |sum| format_minor(sum, currency));
        let whole = format_minor(total, currency);
        return Err(format!(
            "the {} transactions of the entry sum to `{shown}`, the entry is `{whole}` ({missing} without an amount)",
            details.len()
        ));
    }
    Ok(amounts)
}

fn entry_day(tree: &Tree, entry: At, name: &str, statement: &mut Statement) -> Result<Option<Day>, String> {
    let Some(at) = tree.find(entry, name) else { return Ok(None) };
    let Some(text) = tree.text(at, "Dt").or_else(|| tree.text(at, "DtTm")) else { return Ok(None) };
    let dated = dates::iso(text).ok_or_else(|| format!("`{}` is not a date", short(text)))?;
    if dated.clamped {
        statement.warn(tree.node(at).line, format!("`{}` is no day; taken as {}", short(text), dated.day));
    }
    Ok(Some(dated.day))
}

/// Fills in what one transaction says of the other side and of the purpose.
fn fill(tree: &Tree, at: At, line: &mut Line) {
    // Money in came from the debtor; money in that takes back a payment came from the creditor.
    let side = if (line.amount >= 0) != line.reversal { "Dbtr" } else { "Cdtr" };
    if let Some(parties) = tree.find(at, "RltdPties") {
        let name = |party: &str| {
            let party = tree.find(parties, party)?;
            tree.text(party, "Nm").or_else(|| tree.text(party, "Pty/Nm"))
        };
        line.counterparty_name = name(side).or_else(|| name(&format!("Ultmt{side}"))).and_then(clean::word);
        let account = tree.find(parties, &format!("{side}Acct"));
        line.counterparty_iban = account
            .and_then(|account| tree.text(account, "Id/IBAN").or_else(|| tree.text(account, "Id/Othr/Id")))
            .map(iban::normal_account);
    }
    if let Some(reference) = tree.text(at, "Refs/AcctSvcrRef").and_then(clean::reference) {
        line.bank_ref = Some(reference);
    }
    line.end_to_end_id = tree.text(at, "Refs/EndToEndId").and_then(clean::reference);
    let structured = tree
        .all(at, "RmtInf")
        .flat_map(|info| tree.all(info, "Strd"))
        .find_map(|structured| tree.text(structured, "CdtrRefInf/Ref"));
    line.text = remittance(tree, at);
    line.creditor_ref = structured
        .and_then(clean::reference)
        .or_else(|| iban::first_word(&line.text, iban::is_creditor_reference));
}

fn remittance(tree: &Tree, at: At) -> String {
    let info = || tree.all(at, "RmtInf");
    let free = info().flat_map(|info| tree.all(info, "Ustrd")).map(|at| tree.node(at).text.as_str());
    let structured = info().flat_map(|info| tree.all(info, "Strd")).flat_map(|at| {
        let number = tree.text(at, "RfrdDocInf/Nb");
        let more = tree.all(at, "AddtlRmtInf").map(|at| tree.node(at).text.as_str());
        number.into_iter().chain(more)
    });
    let parts: Vec<&str> = free.chain(structured).filter(|part| !part.is_empty()).collect();
    let parts = if parts.is_empty() { tree.text(at, "AddtlTxInf").into_iter().collect() } else { parts };
    clean::text(&parts.join(" "))
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
