//! Real samples of the formats, where `MAITRED_SHARED_DATA` names a folder that has them under `bank/`.
//!
//! None of them is part of the project; what must come of each was worked out by hand from the files. Many were
//! shortened by those who published them, so that their balances no longer come out: those must be refused.

use std::io::Write;
use std::path::{Path, PathBuf};

use maitred_bank::{File, Options, read};

#[expect(
    clippy::disallowed_methods,
    reason = "where shared data lies is said from outside, and only to this test"
)]
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("MAITRED_SHARED_DATA").map(|root| Path::new(&root).join("bank"));
    if folder.is_none() {
        // Past the test runner's capture, so that nobody takes the silence for a proof.
        let mut stderr = std::io::stderr();
        let _ = stderr.write_all(b"skipped: no shared data (MAITRED_SHARED_DATA is not set)\n");
    }
    folder
}

fn shown(file: &File) -> String {
    let statements = file.statements.iter();
    let sums = statements.clone().map(|statement| statement.total()).sum::<i128>();
    let lines: usize = statements.clone().map(|statement| statement.lines.len()).sum();
    let proved = statements.clone().filter(|statement| statement.is_proved()).count();
    let rejected: Vec<u32> =
        statements.flat_map(|statement| statement.rejected.iter().map(|note| note.line)).collect();
    format!(
        "{} statements, {proved} proved, {lines} lines, sum {sums}, rejected {rejected:?}",
        file.statements.len()
    )
}

#[test]
fn good_samples_balance() {
    let Some(folder) = folder() else { return };
    for (name, expected) in [
        ("camt053/camt053.v2.multi.statement.xml", "2 statements, 2 proved, 2 lines, sum 185, rejected []"),
        ("camt053/camt053.v2.with-account-name.xml", "1 statements, 0 proved, 1 lines, sum 885, rejected []"),
        ("mt940/ASNB/mt940.txt", "31 statements, 31 proved, 8 lines, sum 5694, rejected []"),
        (
            "mt940/ASNB/mt940_with_spaces_for_entry_date.txt",
            "31 statements, 31 proved, 8 lines, sum 5694, rejected []",
        ),
        ("mt940/jejik/generic.sta", "2 statements, 2 proved, 2 lines, sum -2000, rejected []"),
        ("mt940/jejik/rabobank-iban.sta", "2 statements, 2 proved, 4 lines, sum -7000, rejected []"),
        ("mt940/jejik/sns.sta", "2 statements, 2 proved, 2 lines, sum -2500, rejected []"),
        ("ofx/bank_medium.ofx", "1 statements, 0 proved, 3 lines, sum -34527, rejected []"),
        ("ofx/checking.ofx", "1 statements, 0 proved, 3 lines, sum -5950, rejected []"),
        ("ofx/date_missing.ofx", "1 statements, 0 proved, 1 lines, sum 20000, rejected [33, 40]"),
        ("ofx/empty_balance.ofx", "1 statements, 0 proved, 1 lines, sum 12000, rejected []"),
        ("ofx/multiple_accounts.ofx", "2 statements, 0 proved, 0 lines, sum 0, rejected []"),
        ("ofx/suncorp.ofx", "1 statements, 0 proved, 1 lines, sum -1685, rejected []"),
    ] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let file = read(&bytes, &Options::default()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(shown(&file), expected, "{name}");
    }
}

#[test]
fn broken_samples_are_refused_with_their_line() {
    let Some(folder) = folder() else { return };
    for (name, line, part) in [
        ("camt053/camt053.v2.all-balance-types.xml", 68, "off by `-5.82`"),
        ("camt053/camt053.v2.minimal.xml", 54, "`SEK`"),
        ("camt053/camt053.v2.minimal.ultimate.xml", 54, "`SEK`"),
        ("camt053/camt053.v2.with-party-ids.xml", 54, "`SEK`"),
        ("camt053/camt053.v3.xml", 74, "`SEK`"),
        ("camt053/camt053.v4.xml", 74, "`SEK`"),
        ("camt053/camt053.v8.xml", 74, "`SEK`"),
        ("camt053/camt053.v2.wrong.xml", 3, "no statement"),
        ("mt940/cmxl/mt940.sta", 4, "`DEM`"),
        ("mt940/cmxl/reference.sta", 1, "`:60F:`"),
        ("mt940/jejik/abnamro.sta", 27, "off by `-2038.00`"),
        ("mt940/jejik/ing.sta", 26, "off by `49.06`"),
        ("mt940/jejik/knab.sta", 20, "off by `4500.00`"),
        ("mt940/jejik/postfinance.sta", 27, "off by `0.20`"),
        ("mt940/jejik/rabobank.sta", 11, "off by `1135.93`"),
        ("mt940/jejik/triodos.sta", 12, "off by `111.40`"),
        ("ofx/bank_small.ofx", 11, "no statement"),
        ("ofx/signon_fail.ofx", 11, "error `15500`"),
        ("mt940/LICENSE", 1, "CSV needs a profile"),
    ] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let fault = read(&bytes, &Options::default()).map(|file| shown(&file)).unwrap_err();
        assert_eq!(fault.line, Some(line), "{name}: {fault}");
        assert!(fault.text.contains(part), "{name}: {fault}");
    }
}

/// With the balance that the publishers replaced put right, the samples of versions 2 to 8 are read.
#[test]
fn every_camt_version_is_read_once_its_balance_is_put_right() {
    let Some(folder) = folder() else { return };
    for version in ["v2.minimal", "v2.with-party-ids", "v3", "v4", "v8"] {
        let text = std::fs::read_to_string(folder.join(format!("camt053/camt053.{version}.xml"))).unwrap();
        let (before, after) = text.split_once("<Amt Ccy=\"SEK\">27.00</Amt>").unwrap();
        let text = format!("{before}<Amt Ccy=\"EUR\">27.00</Amt>{}", after.replacen("DBIT", "CRDT", 1));
        let file =
            read(text.as_bytes(), &Options::default()).unwrap_or_else(|fault| panic!("{version}: {fault}"));
        assert_eq!(shown(&file), "1 statements, 1 proved, 1 lines, sum 885, rejected []", "{version}");
    }
}
