//! The digest that binds a confirmation to the change that was shown.
//!
//! `confirm` is a keyed hash over organisation, principal, tool, arguments and the computed changes. Fresh ids, fresh
//! numbers and the present moment are replaced by placeholders first, because the real run makes others. The changes
//! hold the values before, so a record that somebody changed meanwhile makes another digest.

use std::collections::{BTreeSet, HashMap};

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use maitred_store::audit::hex;
use maitred_store::change::Change;

/// The changes as a JSON array, as previews and digests use them. At most `most` are written; answers how many are not.
pub fn changes_json(changes: &[Change], most: usize) -> (String, usize) {
    let mut out = String::from("[");
    for (index, change) in changes.iter().take(most).enumerate() {
        if index > 0 {
            out.push(',');
        }
        change.write_json(&mut out);
    }
    out.push(']');
    (out, changes.len().saturating_sub(most))
}

/// Replaces what another run makes differently, in one pass: an import makes tens of thousands of ids.
pub fn normalise(text: &str, fresh: &[String], now: &str) -> String {
    let mut places: HashMap<&[u8], usize> = HashMap::with_capacity(fresh.len());
    for (index, made) in fresh.iter().enumerate().filter(|(_, made)| !made.is_empty()) {
        places.entry(made.as_bytes()).or_insert(index);
    }
    // Ids and numbers come in two or three lengths and begin alike, so a look at two bytes rules nearly every place out.
    let shapes: BTreeSet<(usize, [u8; 2])> =
        places.keys().filter_map(|made| Some((made.len(), *made.first_chunk::<2>()?))).collect();
    let text = text.replace(now, "#now");
    let (bytes, mut out, mut kept, mut at) = (text.as_bytes(), String::with_capacity(text.len()), 0, 0);
    while at + 1 < bytes.len() {
        let found = shapes.iter().rev().find_map(|(length, begin)| {
            let piece = bytes.get(at..at + length).filter(|piece| piece.starts_with(begin))?;
            places.get(piece).map(|index| (*length, *index))
        });
        let Some((length, index)) = found else {
            at += 1;
            continue;
        };
        out.push_str(&text[kept..at]);
        out.push_str(&format!("#{index}"));
        at += length;
        kept = at;
    }
    out.push_str(&text[kept..]);
    out
}

/// Digest of arguments that does not depend on spacing or on the order of members.
pub fn arguments_digest(json: &str) -> String {
    let canonical =
        serde_json::from_str::<serde_json::Value>(json).map_or_else(|_| json.to_owned(), |v| v.to_string());
    hex(&Sha256::digest(canonical.as_bytes())[..16])
}

/// Digest of normalised changes.
pub fn changes_digest(normal: &str) -> String {
    hex(&Sha256::digest(normal.as_bytes())[..16])
}

/// What a confirmation is bound to.
pub struct Bound<'a> {
    /// Organisation.
    pub org: &'a str,
    /// Principal, including the contact it speaks for.
    pub principal: &'a str,
    /// Tool.
    pub tool: &'a str,
    /// Digest of the arguments.
    pub arguments: &'a str,
    /// Digest of the changes.
    pub changes: &'a str,
}

impl Bound<'_> {
    /// The digest for the `round`-th time that exactly this change is made; a change made before needs a new one.
    pub fn digest(&self, secret: &[u8], round: u32) -> String {
        // A key of any length is fine for HMAC; the error cannot happen.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
            return String::new();
        };
        let round = round.to_string();
        for part in ["confirm", self.org, self.principal, self.tool, self.arguments, self.changes, &round] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        hex(&mac.finalize().into_bytes()[..12])
    }
}
