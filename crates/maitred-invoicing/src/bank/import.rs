//! Which lines of a file are new, whose account it is, and where the chain of statements breaks. No database.

use std::collections::{BTreeMap, BTreeSet};

use maitred_bank::{Format, Line, normal_account};
use maitred_kernel::Day;

/// What is stored already of a line with the same bank id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The bank's identification.
    pub bank_ref: String,
    /// Signed minor units.
    pub amount: i64,
    /// Fingerprint it was stored with.
    pub fingerprint: String,
}

/// For each line of a statement, whether it is stored already: by fingerprint, or in formats whose bank id is unique
/// for the account (OFX' `FITID`) by that id and the amount, should the bank have changed the words.
///
/// A stored line stands for one line of the file only, so that two truly equal lines stay two.
pub fn known(
    format: Format,
    lines: &[Line],
    fingerprints: &BTreeSet<String>,
    by_ref: &[Stored],
) -> Vec<bool> {
    let in_file: BTreeSet<&str> = lines.iter().map(|line| line.fingerprint.as_str()).collect();
    let mut free: BTreeMap<(&str, i64), usize> = BTreeMap::new();
    for stored in by_ref.iter().filter(|stored| !in_file.contains(stored.fingerprint.as_str())) {
        *free.entry((&stored.bank_ref, stored.amount)).or_default() += 1;
    }
    lines
        .iter()
        .map(|line| {
            if fingerprints.contains(&line.fingerprint) {
                return true;
            }
            let id = line.bank_ref.as_deref().filter(|_| format == Format::Ofx);
            match id.and_then(|id| free.get_mut(&(id, line.amount))) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                _ => false,
            }
        })
        .collect()
}

/// Whether the account that a file states is the one we know by `iban`: the same, or the national number at its end.
pub fn is_same_account(stated: &str, iban: &str) -> bool {
    let (stated, iban) = (normal_account(stated), normal_account(iban));
    if stated == iban {
        return true;
    }
    let number = stated.rsplit('/').next().unwrap_or_default().trim_start_matches('0');
    number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit()) && iban.ends_with(number)
}

/// What the chain of statements is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// Opening balance, minor units.
    pub opening: i64,
    /// Closing balance, minor units.
    pub closing: i64,
}

/// A statement that does not begin where the one before ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// First day of the statement.
    pub on: Day,
    /// Closing balance of the one before, minor units.
    pub expected: i64,
    /// Its own opening balance, minor units.
    pub found: i64,
}

/// The breaks in a chain of statements in the order of their days; of one day, in the order given. A statement that
/// overlaps what was reached already proves nothing either way.
pub fn breaks(statements: &[Span]) -> Vec<Break> {
    let mut sorted: Vec<&Span> = statements.iter().collect();
    sorted.sort_by_key(|span| (span.from, span.to));
    let mut found = Vec::new();
    let mut reached: Option<(Day, i64)> = None;
    for span in in_chain(sorted) {
        match reached {
            Some((to, _)) if span.from < to => {
                if span.to > to {
                    reached = Some((span.to, span.closing));
                }
                continue;
            }
            Some((_, closing)) if closing != span.opening => {
                found.push(Break { on: span.from, expected: closing, found: span.opening });
            }
            _ => {}
        }
        reached = Some((span.to, span.closing));
    }
    found
}

/// Of statements with the same days, first the one that goes on from the last.
fn in_chain(sorted: Vec<&Span>) -> Vec<&Span> {
    let mut out: Vec<&Span> = Vec::with_capacity(sorted.len());
    let mut rest = sorted.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut same = vec![first];
        while let Some(next) = rest.next_if(|next| (next.from, next.to) == (first.from, first.to)) {
            same.push(next);
        }
        while !same.is_empty() {
            let reached = out.last().map(|last| last.closing);
            let next = same.iter().position(|span| Some(span.opening) == reached).unwrap_or(0);
            out.push(same.remove(next));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn span(from: &str, to: &str, opening: i64, closing: i64) -> Span {
        Span { from: day(from), to: day(to), opening, closing }
    }

    #[test]
    fn a_break_is_an_opening_that_is_not_the_closing_before() {
        let whole = [span("2026-03-01", "2026-03-02", 0, 10), span("2026-03-02", "2026-03-03", 10, 5)];
        assert_eq!(breaks(&whole), []);
        let broken = [whole[1].clone(), whole[0].clone(), span("2026-03-05", "2026-03-06", 6, 6)];
        assert_eq!(breaks(&broken), [Break { on: day("2026-03-05"), expected: 5, found: 6 }]);
    }

    #[test]
    fn overlapping_statements_are_no_break() {
        let spans = [
            span("2026-03-01", "2026-03-02", 0, 10),
            span("2026-03-02", "2026-03-03", 10, 5),
            span("2026-03-01", "2026-03-05", 0, 7),
            span("2026-03-05", "2026-03-06", 7, 8),
        ];
        assert_eq!(breaks(&spans), []);
    }

    #[test]
    fn several_statements_of_one_day_chain_in_their_own_order() {
        let spans = [
            span("2026-03-02", "2026-03-02", 30, 10),
            span("2026-03-02", "2026-03-02", 20, 30),
            span("2026-03-01", "2026-03-01", 0, 20),
        ];
        assert_eq!(breaks(&spans), []);
    }

    #[test]
    fn national_numbers_are_found_in_an_iban() {
        assert!(is_same_account("gb82 west 1234 5698 7654 32", "GB82WEST12345698765432"));
        assert!(is_same_account("12345698/0098765432", "GB82WEST12345698765432"));
        assert!(!is_same_account("5432", "GB82WEST12345698765432"));
        assert!(!is_same_account("", "GB82WEST12345698765432"));
        assert!(!is_same_account("98765433", "GB82WEST12345698765432"));
    }

    fn line(id: &str, amount: i64, print: &str) -> Line {
        Line {
            line: 1,
            booked_on: day("2026-03-02"),
            value_on: None,
            amount,
            reversal: false,
            counterparty_name: None,
            counterparty_iban: None,
            bank_ref: Some(id.to_owned()),
            end_to_end_id: None,
            creditor_ref: None,
            text: String::new(),
            fingerprint: print.to_owned(),
        }
    }

    #[test]
    fn a_bank_id_finds_a_line_whose_words_changed_once() {
        let stored = [Stored { bank_ref: "F1".to_owned(), amount: 5, fingerprint: "old".to_owned() }];
        let prints = BTreeSet::from(["old".to_owned()]);
        let lines = [line("F1", 5, "new"), line("F1", 5, "newer"), line("F1", 6, "other")];
        assert_eq!(known(Format::Ofx, &lines, &prints, &stored), [true, false, false]);
        assert_eq!(known(Format::Camt053, &lines, &prints, &stored), [false, false, false]);
        // The stored line is in the file itself, so it does not stand for another.
        let lines = [line("F1", 5, "old"), line("F1", 5, "new")];
        assert_eq!(known(Format::Ofx, &lines, &prints, &stored), [true, false]);
    }

    proptest! {
        /// Invariant 14: whatever is cut out of one account's history and in whichever order it is imported, every
        /// line ends up stored once, and equal lines stay as many as they are.
        #[test]
        fn overlapping_files_add_each_line_once(
            amounts in prop::collection::vec(1_i64..4, 1..30),
            cuts in prop::collection::vec((0_usize..30, 1_usize..30), 1..8),
        ) {
            // Days of three lines each; a file holds whole days, as banks cut them.
            let days: Vec<&[i64]> = amounts.chunks(3).collect();
            let mut stored: BTreeSet<String> = BTreeSet::new();
            let mut covered: BTreeSet<usize> = BTreeSet::new();
            for (from, length) in cuts {
                let wanted: Vec<usize> = (from..from + length).filter(|at| *at < days.len()).collect();
                if wanted.is_empty() { continue; }
                let mut text = String::from(":20:X\n:25:1\n:60F:C260301EUR0,\n");
                let mut sum = 0;
                for &at in &wanted {
                    for amount in days[at] {
                        text.push_str(&format!(":61:2603{:02}C{amount},NTRFNONREF\n:86:same words\n", at + 1));
                        sum += amount;
                    }
                }
                text.push_str(&format!(":62F:C260331EUR{sum},\n-\n"));
                let file = maitred_bank::read(text.as_bytes(), &maitred_bank::Options::default()).unwrap();
                let statement = &file.statements[0];
                let fate = known(statement.format, &statement.lines, &stored, &[]);
                for (line, known) in statement.lines.iter().zip(&fate) {
                    prop_assert_eq!(*known, !stored.insert(line.fingerprint.clone()));
                }
                prop_assert!(known(statement.format, &statement.lines, &stored, &[]).iter().all(|known| *known));
                covered.extend(wanted);
            }
            let expected: usize = covered.iter().map(|&at| days[at].len()).sum();
            prop_assert_eq!(stored.len(), expected);
        }
    }
}
