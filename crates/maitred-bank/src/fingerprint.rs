//! What makes a line the same line in another file.

use std::collections::HashMap;

use maitred_kernel::fold;
use sha2::{Digest, Sha256};

use crate::model::{Line, Statement};

/// Gives every line its fingerprint: SHA-256 over account, booking day, amount, bank id (else end-to-end id), folded
/// counterparty and folded text, then `-` and its ordinal among the lines of the file with the same hash.
///
/// So importing an overlapping file finds every line again, and two truly equal lines in one file stay two.
/// `accounts` names the account of each statement as the caller keeps it; [`crate::read`] fills in the file's own.
pub fn fingerprints(statements: &mut [Statement], accounts: &[String]) {
    let mut seen: HashMap<String, u32> = HashMap::new();
    for (statement, account) in statements.iter_mut().zip(accounts) {
        for line in &mut statement.lines {
            let hash = hash_of(account, line);
            let ordinal = seen.entry(hash.clone()).and_modify(|count| *count += 1).or_insert(1);
            line.fingerprint = format!("{hash}-{ordinal}");
        }
    }
}

fn hash_of(account: &str, line: &Line) -> String {
    let id = line.bank_ref.as_deref().or(line.end_to_end_id.as_deref()).unwrap_or_default();
    let parts = [
        account.to_owned(),
        line.booked_on.to_string(),
        line.amount.to_string(),
        id.to_owned(),
        fold_text(line.counterparty_name.as_deref().unwrap_or_default()),
        fold_text(&line.text),
    ];
    let mut hash = Sha256::new();
    for part in parts {
        // Lengths first, so that no two lists of parts run together.
        hash.update(part.len().to_string().as_bytes());
        hash.update(b":");
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text as it is compared: folded, letters and digits only, single spaces.
pub fn fold_text(text: &str) -> String {
    let folded = fold(text);
    let words: Vec<&str> =
        folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}
