//! A statement of account: opening, every document and payment, closing.

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::{Currency, Day, format_minor};
use maitred_party::CompanyId;

use crate::model::DocumentKind;
use crate::store::{ledger, payments};

words! {
    /// What a line of a statement is.
    pub enum LineKind {
        /// An invoice.
        Invoice = "invoice",
        /// A credit note.
        CreditNote = "credit_note",
        /// Money received.
        Payment = "payment",
        /// Money given back.
        Refund = "refund",
        /// A payment or refund that was undone.
        Reversal = "reversal",
        /// What was given up of an invoice, or taken back of that.
        WriteOff = "write_off",
    }
}

/// Something that changed what is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub day: Day,
    /// Its number.
    pub number: String,
    /// What it is.
    pub kind: LineKind,
    /// Minor units; negative where less is owed.
    pub amount: i64,
    /// Last day to pay.
    pub due: Option<Day>,
    /// What the customer wrote on it.
    pub reference: Option<String>,
}

/// Everything up to a day, by day, then number.
pub fn entries(db: &Reader<'_>, company: &CompanyId, currency: Currency, to: Day) -> ToolResult<Vec<Entry>> {
    let documents = ledger::booked(db, company, currency, to)?.into_iter().map(|row| {
        let invoice = row.kind == DocumentKind::Invoice;
        Entry {
            day: row.day,
            number: row.number,
            kind: if invoice { LineKind::Invoice } else { LineKind::CreditNote },
            amount: if invoice { row.amount } else { -row.amount },
            due: Some(row.due).filter(|_| invoice),
            reference: None,
        }
    });
    let moved = payments::moved(db, company, currency, to)?.into_iter().map(|row| Entry {
        kind: match (row.reversal, row.amount < 0) {
            (true, _) => LineKind::Reversal,
            (false, true) => LineKind::Payment,
            (false, false) => LineKind::Refund,
        },
        day: row.day,
        number: row.number,
        amount: row.amount,
        due: None,
        reference: row.reference,
    });
    let given_up = ledger::given_up(db, company, currency, to)?.into_iter().map(|(number, day, amount)| {
        Entry { day, number, kind: LineKind::WriteOff, amount: -amount, due: None, reference: None }
    });
    let mut entries: Vec<Entry> = documents.chain(moved).chain(given_up).collect();
    entries.sort_by(|a, b| (a.day, &a.number, a.amount).cmp(&(b.day, &b.number, b.amount)));
    Ok(entries)
}

/// What is owed before the first day, and the lines from then on with what is owed after each.
pub fn running(entries: Vec<Entry>, from: Day) -> (i64, Vec<(Entry, i64)>) {
    let mut balance = 0;
    let mut opening = 0;
    let mut lines = Vec::new();
    for entry in entries {
        balance += entry.amount;
        if entry.day < from {
            opening = balance;
        } else {
            lines.push((entry, balance));
        }
    }
    (opening, lines)
}

/// A line of a statement.
#[derive(ToolOutput)]
pub struct StatementLine {
    /// Day.
    pub day: Day,
    /// Number.
    pub number: String,
    /// What it is.
    pub kind: LineKind,
    /// Last day to pay.
    pub due_date: Option<Day>,
    /// What was written on the transfer.
    pub reference: Option<String>,
    /// Positive where more is owed.
    pub amount: String,
    /// What is owed after it.
    pub balance: String,
}

/// A line as shown.
pub fn line_view(entry: Entry, balance: i64, currency: Currency) -> StatementLine {
    StatementLine {
        day: entry.day,
        number: entry.number,
        kind: entry.kind,
        due_date: entry.due,
        reference: entry.reference,
        amount: format_minor(entry.amount, currency),
        balance: format_minor(balance, currency),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_and_lines_are_the_closing() {
        let entry = |day: &str, amount: i64| Entry {
            day: Day::parse(day).unwrap(),
            number: "N".to_owned(),
            kind: LineKind::Invoice,
            amount,
            due: None,
            reference: None,
        };
        let entries = vec![entry("2026-01-05", 100), entry("2026-02-01", 50), entry("2026-02-03", -120)];
        let (opening, lines) = running(entries.clone(), Day::parse("2026-02-01").unwrap());
        let after: Vec<i64> = lines.iter().map(|(_, balance)| *balance).collect();
        assert_eq!((opening, after), (100, vec![150, 30]));
        assert_eq!(running(entries, Day::parse("2026-03-01").unwrap()), (30, vec![]));
    }
}
