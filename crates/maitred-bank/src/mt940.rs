//! SWIFT MT940 (statements) and MT942 (interim reports): `:60F/M: :61: :86: :62F/M:`, message after message.
//!
//! Source: SWIFT standards, category 9. Pages of one statement (`:62M:` followed by `:60M:` of the same balance) are
//! put together again. An MT942 has no balances; its counts and sums (`:90D:`, `:90C:`) are held against its lines.

use maitred_kernel::{Currency, Day, format_minor};

use crate::amount::{self, Writing};
use crate::fault::{Fault, FaultKind};
use crate::model::{Format, Line, Statement};
use crate::mt940_details::{self, Details};
use crate::{MAX_LINES, MAX_STATEMENTS, clean, dates, iban};

/// Most physical lines of one `:86:`; beyond it a file is no statement.
const MAX_FIELD_LINES: usize = 200;

/// One field of a message with its lines.
struct Field<'t> {
    line: u32,
    tag: &'t str,
    lines: Vec<&'t str>,
}

impl<'t> Field<'t> {
    fn first(&self) -> &'t str {
        self.lines.first().copied().unwrap_or_default().trim()
    }
}

/// Reads the messages of a file.
pub(crate) fn read(text: &str) -> Result<Vec<Statement>, Fault> {
    let mut statements: Vec<Statement> = Vec::new();
    let mut open_page = false;
    let mut count = 0;
    for message in messages(text)? {
        let page = read_message(&message)?;
        count += page.statement.lines.len();
        if count > MAX_LINES || statements.len() >= MAX_STATEMENTS {
            let text = "too many lines or statements in one file";
            return Err(Fault::at(page.statement.begins, FaultKind::TooLarge, text));
        }
        // Every page is proved on its own, so that the line named is the right one.
        page.statement.prove()?;
        match statements.last_mut() {
            Some(before) if open_page && page.continues && follows(before, &page.statement) => {
                append(before, page.statement);
            }
            _ => statements.push(page.statement),
        }
        open_page = page.is_open;
    }
    match statements.last_mut() {
        None => Err(Fault::malformed(1, "no message begins with `:20:`")),
        Some(last) => {
            if open_page {
                let place = last.closes;
                last.warn(place, "the last page of the statement is missing (`:62M:` ends the file)");
            }
            Ok(statements)
        }
    }
}

fn follows(before: &Statement, next: &Statement) -> bool {
    before.account == next.account && before.currency == next.currency && before.closing == next.opening
}

fn append(before: &mut Statement, next: Statement) {
    before.closing = next.closing;
    before.closes = next.closes;
    before.to = next.to.or(before.to);
    before.lines.extend(next.lines);
    before.warnings.extend(next.warnings);
    before.rejected.extend(next.rejected);
}

/// Cuts a file into messages: from each `:20:` to the end of its block or the next one.
fn messages(text: &str) -> Result<Vec<Vec<Field<'_>>>, Fault> {
    let mut all: Vec<Vec<Field<'_>>> = Vec::new();
    let mut inside = false;
    let mut number = 0_u32;
    for raw in text.lines() {
        number = number.saturating_add(1);
        let line = raw.trim_end_matches('\r');
        // Block 4 may begin on the line of its first field.
        let block = line.rfind("{4:").filter(|_| line.starts_with('{'));
        let line = block.and_then(|at| line.get(at + 3..)).unwrap_or(line);
        if inside && is_end(line) {
            inside = false;
            continue;
        }
        match tag_of(line) {
            Some(("20", rest)) => {
                inside = true;
                if all.len() >= MAX_STATEMENTS * 4 {
                    return Err(Fault::at(number, FaultKind::TooLarge, "too many messages in one file"));
                }
                all.push(vec![Field { line: number, tag: "20", lines: vec![rest] }]);
            }
            Some((tag, rest)) if inside => {
                if let Some(message) = all.last_mut() {
                    message.push(Field { line: number, tag, lines: vec![rest] });
                }
            }
            None if inside => {
                if let Some(field) = all.last_mut().and_then(|message| message.last_mut()) {
                    if field.lines.len() >= MAX_FIELD_LINES {
                        let text =
                            format!("the field `:{}:` has more than {MAX_FIELD_LINES} lines", field.tag);
                        return Err(Fault::at(number, FaultKind::TooLarge, text));
                    }
                    field.lines.push(line);
                }
            }
            // Headers and trailers between messages.
            _ => {}
        }
    }
    Ok(all)
}

/// The end of a message: `-`, `-}` with what follows, and the `-XXX` of one bank.
fn is_end(line: &str) -> bool {
    let line = line.trim_end();
    line == "-" || line.starts_with("-}") || line == "-XXX"
}

/// `:61:rest`: two digits and perhaps a letter between colons.
fn tag_of(line: &str) -> Option<(&str, &str)> {
    let (tag, rest) = line.strip_prefix(':')?.split_once(':')?;
    let bytes = tag.as_bytes();
    let fits = match bytes {
        [a, b] => a.is_ascii_digit() && b.is_ascii_digit(),
        [a, b, c] => a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_uppercase(),
        _ => tag == "NS",
    };
    fits.then_some((tag, rest))
}

struct Page {
    statement: Statement,
    /// It begins with `:60M:`.
    continues: bool,
    /// It ends with `:62M:`.
    is_open: bool,
}

/// A balance: `C` or `D`, `YYMMDD`, currency, amount.
struct Balance {
    minor: i64,
    currency: Currency,
    day: Day,
    clamped: bool,
}

fn balance(field: &Field<'_>) -> Result<Balance, Fault> {
    let text = field.first();
    let fault =
        |reason: &str| Fault::malformed(field.line, format!("the balance `:{}:` {reason}", field.tag));
    let credit = match text.get(..1) {
        Some("C") => true,
        Some("D") => false,
        _ => return Err(fault("begins with neither C nor D")),
    };
    let dated = text.get(1..7).and_then(dates::short).ok_or_else(|| fault("has no date"))?;
    let code = text.get(7..10).ok_or_else(|| fault("has no currency"))?;
    let currency = Currency::parse(code).map_err(|reason| fault(&format!("is not read: {reason}")))?;
    let minor = amount::minor(text.get(10..).unwrap_or_default(), Writing::Comma, currency)
        .map_err(|reason| fault(&format!("is not read: {reason}")))?;
    if minor < 0 {
        return Err(fault("has a sign"));
    }
    Ok(Balance {
        minor: if credit { minor } else { -minor },
        currency,
        day: dated.day,
        clamped: dated.clamped,
    })
}

fn read_message(fields: &[Field<'_>]) -> Result<Page, Fault> {
    let begins = fields.first().map_or(1, |field| field.line);
    let find = |tags: &[&str]| fields.iter().find(|field| tags.contains(&field.tag));
    let opening = find(&["60F", "60M"]);
    let closing = fields.iter().rfind(|field| matches!(field.tag, "62F" | "62M"));
    let interim = find(&["34F", "90C", "90D", "13D"]).is_some() && opening.is_none() && closing.is_none();
    let (format, currency) = if interim {
        (Format::Mt942, interim_currency(fields, begins)?)
    } else {
        let opening = opening
            .ok_or_else(|| Fault::malformed(begins, "the message has no opening balance (`:60F:`)"))?;
        (Format::Mt940, balance(opening)?.currency)
    };
    let mut statement = Statement::new(format, currency, begins);
    let account = find(&["25", "25P"]).map(|field| iban::normal_account(field.first()));
    statement.account =
        account.map(|account| without_currency(&account)).filter(|account| !account.is_empty());
    statement.statement_no = find(&["28C", "28"]).and_then(|field| clean::word(field.first()));
    if let Some(field) = opening.filter(|_| !interim) {
        let balance = balance(field)?;
        (statement.opening, statement.from) = (Some(balance.minor), Some(balance.day));
        if balance.clamped {
            statement.warn(
                field.line,
                format!("the date of `:{}:` is no day; taken as {}", field.tag, balance.day),
            );
        }
    }
    read_lines(fields, &mut statement);
    if interim {
        prove_sums(fields, &statement)?;
        statement.warn(begins, "an interim report has no balances to prove its lines");
        return Ok(Page { statement, continues: false, is_open: false });
    }
    let field = closing.ok_or_else(|| {
        Fault::malformed(begins, "the message has no closing balance (`:62F:`): the file is cut off")
    })?;
    let closing = balance(field)?;
    if closing.currency != currency {
        let text = format!("the closing balance is in {}, the opening in {currency}", closing.currency);
        return Err(Fault::malformed(field.line, text));
    }
    statement.closes = field.line;
    (statement.closing, statement.to) = (Some(closing.minor), Some(closing.day));
    if closing.clamped {
        statement
            .warn(field.line, format!("the date of `:{}:` is no day; taken as {}", field.tag, closing.day));
    }
    let continues = opening.is_some_and(|field| field.tag == "60M");
    Ok(Page { statement, continues, is_open: field.tag == "62M" })
}

/// Some banks write the currency behind the account number.
fn without_currency(account: &str) -> String {
    match account.len().checked_sub(3).and_then(|at| account.split_at_checked(at)) {
        Some((number, code))
            if number.ends_with(|letter: char| letter.is_ascii_digit()) && Currency::parse(code).is_ok() =>
        {
            number.to_owned()
        }
        _ => account.to_owned(),
    }
}

fn interim_currency(fields: &[Field<'_>], begins: u32) -> Result<Currency, Fault> {
    let code = fields.iter().find_map(|field| match field.tag {
        "34F" => field.first().get(..3),
        "90C" | "90D" => {
            let text = field.first();
            text.get(text.find(|letter: char| !letter.is_ascii_digit())?..)?.get(..3)
        }
        _ => None,
    });
    let code = code.ok_or_else(|| Fault::malformed(begins, "the report has no currency (`:34F:`)"))?;
    Currency::parse(code).map_err(|fault| Fault::malformed(begins, fault.to_string()))
}

/// Holds `:90D:` and `:90C:` (count, currency, sum) against the lines.
fn prove_sums(fields: &[Field<'_>], statement: &Statement) -> Result<(), Fault> {
    for field in fields.iter().filter(|field| matches!(field.tag, "90C" | "90D")) {
        let text = field.first();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let broken = || Fault::malformed(field.line, format!("the sum `:{}:` is not read", field.tag));
        let count: usize = text.get(..digits).and_then(|count| count.parse().ok()).ok_or_else(broken)?;
        let rest = text.get(digits..).and_then(|rest| rest.get(3..)).ok_or_else(broken)?;
        let sum = amount::minor(rest, Writing::Comma, statement.currency).map_err(|_| broken())?;
        let credit = field.tag == "90C";
        let lines = statement.lines.iter().filter(|line| (line.amount >= 0) == credit);
        let (seen, total) = lines
            .fold((0_usize, 0_i128), |(seen, total), line| (seen + 1, total + i128::from(line.amount).abs()));
        if seen != count || total != i128::from(sum) || !statement.rejected.is_empty() {
            let line = statement.rejected.first().map_or(field.line, |note| note.line);
            let text = format!(
                "`:{}:` says {count} lines and `{}`; the report has {seen}",
                field.tag,
                format_minor(sum, statement.currency)
            );
            return Err(Fault::at(line, FaultKind::Unbalanced, text));
        }
    }
    Ok(())
}

fn read_lines(fields: &[Field<'_>], statement: &mut Statement) {
    let mut rest = fields.iter().peekable();
    while let Some(field) = rest.next() {
        if field.tag != "61" {
            continue;
        }
        // One bank repeats `:86:` for each line of text.
        let mut details: Vec<&str> = Vec::new();
        while let Some(next) = rest.next_if(|next| next.tag == "86") {
            details.extend(&next.lines);
        }
        match read_line(field, &details, statement) {
            Ok(Some(line)) => statement.lines.push(line),
            Ok(None) => {}
            Err(reason) => statement.reject(field.line, reason),
        }
    }
}

/// Reads one `:61:` with its `:86:`; nothing for a line that is only expected; the reason when it cannot be taken.
fn read_line(field: &Field<'_>, details: &[&str], statement: &mut Statement) -> Result<Option<Line>, String> {
    let text = field.lines.first().copied().unwrap_or_default().trim_end();
    let value = text.get(..6).and_then(dates::short).ok_or("the line has no value date")?;
    let mut rest = text.get(6..).unwrap_or_default();
    let mut booked = value;
    match rest.get(..4) {
        Some(entry) if entry.bytes().all(|byte| byte.is_ascii_digit()) => {
            booked =
                dates::near(entry, value.day).ok_or_else(|| format!("`{entry}` is not an entry date"))?;
            rest = rest.get(4..).unwrap_or_default();
        }
        // The entry date is optional; some banks leave its place blank.
        _ => rest = rest.trim_start(),
    }
    for dated in [value, booked].iter().filter(|dated| dated.clamped).take(1) {
        statement.warn(field.line, format!("the date of the line is no day; taken as {}", dated.day));
    }
    let marks = [("RC", false, true), ("RD", true, true), ("C", true, false), ("D", false, false)];
    if rest.starts_with("EC") || rest.starts_with("ED") {
        statement.warn(field.line, "the line is only expected, not booked, and was left out");
        return Ok(None);
    }
    let (mark, credit, reversal) = marks
        .into_iter()
        // `RC` and `RD` before `C` and `D`; `CR` and `DR` are a mark and the third letter of a currency.
        .find(|(mark, ..)| rest.starts_with(mark))
        .ok_or("the line has no mark C, D, RC or RD")?;
    rest = rest.get(mark.len()..).unwrap_or_default();
    rest = rest.strip_prefix(|letter: char| letter.is_ascii_uppercase()).unwrap_or(rest);
    let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b',').count();
    let (amount, rest) = rest.split_at_checked(length).ok_or("the line has no amount")?;
    let minor = amount::minor(amount, Writing::Comma, statement.currency)?;
    let mut line = Line::new(field.line, booked.day, if credit { minor } else { -minor });
    line.value_on = Some(value.day);
    line.reversal = reversal;
    // Four characters of type: `NTRF`, `F123`.
    let references = rest.get(4..).unwrap_or_default();
    let more = field.lines.get(1..).unwrap_or_default().join(" ");
    fill(&mut line, references, &more, mt940_details::read(details), statement.account.as_deref());
    Ok(Some(line))
}

fn fill(line: &mut Line, references: &str, more: &str, details: Details, own: Option<&str>) {
    let (owner, bank) = match references.split_once("//") {
        Some((owner, bank)) => (owner, bank),
        None => (references, ""),
    };
    // One bank fills the 16 characters of the reference with blanks and writes the name behind them.
    let (owner, name) = owner.split_once("  ").unwrap_or((owner, ""));
    // One bank writes the other side's account where the reference belongs.
    let account = Some(iban::normal_account(owner)).filter(|number| iban::is_iban(number));
    line.bank_ref = clean::reference(bank);
    line.end_to_end_id =
        details.end_to_end_id.or_else(|| clean::reference(owner).filter(|_| account.is_none()));
    line.counterparty_name = details.name.or_else(|| clean::word(name));
    let unstructured = || {
        let all = format!("{owner} {more} {}", details.text);
        iban::first_word(&all, iban::is_iban).filter(|number| Some(number.as_str()) != own)
    };
    line.counterparty_iban = details.account.or(account).or_else(unstructured);
    line.text = if details.text.is_empty() { clean::text(more) } else { details.text };
    line.creditor_ref =
        details.creditor_ref.or_else(|| iban::first_word(&line.text, iban::is_creditor_reference));
}
