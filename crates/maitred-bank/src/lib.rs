//! Bank statement files, read: CSV by profile, CAMT.053, MT940 and MT942, OFX 1.x and 2.x, all to one kind of value.
//!
//! [`read`] takes bytes and gives statements or a [`Fault`] that names the line. Whatever the bytes are, it neither
//! panics nor takes more than linear time and memory, and it never guesses: a statement whose closing balance is
//! not its opening balance plus its lines is refused. No tables, no clock, no network, no files: what becomes of
//! the lines is the invoicing module's business.

mod amount;
mod camt;
mod clean;
mod csv_file;
mod dates;
mod detect;
mod fault;
mod fingerprint;
mod iban;
mod model;
mod mt940;
mod mt940_details;
mod ofx;
mod profile;
mod xml;

use std::collections::HashMap;

pub use detect::{decode, detect};
pub use fault::{Fault, FaultKind};
pub use fingerprint::{fingerprints, fold_text};
pub use iban::{is_creditor_reference, is_iban, normal_account};
pub use model::{File, Format, Line, Note, Options, Statement};
pub use profile::{Amounts, Column, Columns, Decimal, Profile, ProfileFault};

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most lines one file may hold.
pub const MAX_LINES: usize = 50_000;
/// Most statements one file may hold.
pub const MAX_STATEMENTS: usize = 5_000;

/// Reads a bank statement file.
///
/// Format and encoding are found in the content unless `options` names the format. Every statement that has both
/// balances is proved: closing = opening + lines. A file is read whole or refused whole.
///
/// # Errors
/// A [`Fault`] naming the line where there is one: the format is unknown or not as its standard says, a balance does
/// not come out, or the file is beyond [`MAX_BYTES`], [`MAX_LINES`] or [`MAX_STATEMENTS`].
pub fn read(bytes: &[u8], options: &Options) -> Result<File, Fault> {
    if bytes.len() > MAX_BYTES {
        let text = format!("the file has {} bytes; at most {MAX_BYTES} are read", bytes.len());
        return Err(Fault::file(FaultKind::TooLarge, text));
    }
    let encoding = options.profile.as_ref().and_then(|profile| profile.encoding.as_deref());
    let (mut text, encoding) = decode(bytes, encoding)?;
    if !text.contains('\n') {
        text = text.replace('\r', "\n");
    }
    if text.trim().is_empty() {
        return Err(Fault::file(FaultKind::Empty, "the file is empty"));
    }
    let format = match options.format {
        Some(format) => format,
        None => detect(&text)?,
    };
    let mut statements = match format {
        Format::Csv => vec![csv_file::read(&text, options)?],
        Format::Camt053 => camt::read(&text)?,
        Format::Mt940 | Format::Mt942 => mt940::read(&text)?,
        Format::Ofx => ofx::read(&text, options)?,
    };
    for statement in &mut statements {
        statement.prove()?;
        statement.complete();
    }
    let mut file = File { encoding, statements: without_repeats(statements) };
    let accounts: Vec<String> =
        file.statements.iter().map(|statement| statement.account.clone().unwrap_or_default()).collect();
    fingerprints(&mut file.statements, &accounts);
    Ok(file)
}

/// Leaves out a statement that is in the file twice, as joined downloads have it, with a warning on the first. Only where
/// the balances show that it cannot be two: it moves the balance, so the second would have to begin where the first ended.
fn without_repeats(statements: Vec<Statement>) -> Vec<Statement> {
    let mut kept: Vec<Statement> = Vec::with_capacity(statements.len());
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for statement in statements {
        let key = format!("{:?} {:?} {:?}", statement.account, statement.opening, statement.closing);
        let moves = statement.is_proved() && statement.opening != statement.closing;
        let known = places.entry(key).or_default();
        let same = |&&at: &&usize| kept.get(at).is_some_and(|first: &Statement| first.is_same_as(&statement));
        match known.iter().filter(|_| moves).find(same).copied() {
            Some(at) => {
                if let Some(first) = kept.get_mut(at) {
                    first.warn(statement.begins, "the same statement once more; it was left out");
                }
            }
            None => {
                known.push(kept.len());
                kept.push(statement);
            }
        }
    }
    kept
}
