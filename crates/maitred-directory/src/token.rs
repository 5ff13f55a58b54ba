//! The text that a caller shows: an access key, and behind `::` the keys of other systems.
//!
//! | token | meaning |
//! |---|---|
//! | `mk_..` | a key |
//! | `mk_..::K` | a key, and `K` for the one module that fronts another system |
//! | `mk_..::crm=K1,erp=K2` | a key, and one more for each module named |
//!
//! A second half with `=` or `,` in it is always a list; a key that contains `=` is given by name.

use std::fmt;

use maitred_core::caller::{ModuleKeys, Secret};
use maitred_core::mode::Module;

/// Longest token, in bytes.
pub const LONGEST: usize = 4096;

const MARK: &str = "mk_";
/// Characters of the part by which a key is looked up.
pub(crate) const PREFIX: usize = 8;
const SECRET: usize = 43;

/// Why a token cannot be read. Callers are not told; operators are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// There is nothing, or nothing before `::`.
    NoKey,
    /// There is nothing behind `::`.
    NoModuleKey,
    /// There is more than one `::`.
    TooManyParts,
    /// It is longer than [`LONGEST`].
    TooLong,
    /// It has a space, a control character or a character beyond ASCII.
    BadCharacter,
    /// A piece of the list is not `module=key`.
    BadPiece,
    /// The list names a module twice.
    NamedTwice,
    /// The first half has not the form of a key.
    NotAKey,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "the token has no key before `::`",
            Self::NoModuleKey => "the token has no module key behind `::`",
            Self::TooManyParts => "the token has more than two halves",
            Self::TooLong => "the token is longer than 4096 bytes",
            Self::BadCharacter => "the token has a character that no key has",
            Self::BadPiece => "a piece of the list behind `::` is not `module=key`",
            Self::NamedTwice => "the list behind `::` names a module twice",
            Self::NotAKey => "the token does not begin with a key of the form `mk_<id>_<secret>`",
        })
    }
}

impl std::error::Error for TokenError {}

/// A token taken apart; nothing in it is believed yet. Prints none of it.
pub struct Presented<'a> {
    key: &'a str,
    /// Keys of other systems.
    pub module_keys: ModuleKeys,
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("module_keys", &self.module_keys).finish_non_exhaustive()
    }
}

impl<'a> Presented<'a> {
    /// Takes a token apart. A second half without names goes to `unnamed`.
    ///
    /// # Errors
    /// When it has not the form above.
    pub fn parse(token: &'a str, unnamed: Module) -> Result<Self, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::TooLong);
        }
        if token.is_empty() {
            return Err(TokenError::NoKey);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::BadCharacter);
        }
        let (key, module_keys) = match token.split_once("::") {
            None => (token, ModuleKeys::default()),
            Some(("", _)) => return Err(TokenError::NoKey),
            Some((_, "")) => return Err(TokenError::NoModuleKey),
            // A colon at the seam belongs to neither half for certain.
            Some((_, rest)) if rest.contains("::") || rest.starts_with(':') => {
                return Err(TokenError::TooManyParts);
            }
            Some((key, rest)) => (key, module_keys(rest, unnamed)?),
        };
        if !has_form(key) {
            return Err(TokenError::NotAKey);
        }
        Ok(Self { key, module_keys })
    }

    /// The whole key, for hashing.
    pub(crate) fn key(&self) -> &'a str {
        self.key
    }

    /// The part of the key by which it is looked up: no secret.
    pub fn prefix(&self) -> &'a str {
        prefix(self.key)
    }
}

fn prefix(key: &str) -> &str {
    key.get(MARK.len()..MARK.len() + PREFIX).unwrap_or_default()
}

fn has_form(key: &str) -> bool {
    let Some(rest) = key.strip_prefix(MARK) else {
        return false;
    };
    let bytes = rest.as_bytes();
    bytes.len() == PREFIX + 1 + SECRET
        && bytes[..PREFIX].iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && bytes[PREFIX] == b'_'
        && bytes[PREFIX + 1..]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_')
}

fn module_keys(rest: &str, unnamed: Module) -> Result<ModuleKeys, TokenError> {
    if !rest.contains(['=', ',']) {
        return Ok(ModuleKeys::new(vec![(unnamed.as_str().to_owned(), Secret::new(rest))]));
    }
    let mut keys: Vec<(String, Secret)> = Vec::new();
    for piece in rest.split(',') {
        let (word, key) = piece.split_once('=').ok_or(TokenError::BadPiece)?;
        let is_word = word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.len() <= 32
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_word || key.is_empty() {
            return Err(TokenError::BadPiece);
        }
        if keys.iter().any(|(known, _)| known == word) {
            return Err(TokenError::NamedTwice);
        }
        keys.push((word.to_owned(), Secret::new(key)));
    }
    Ok(ModuleKeys::new(keys))
}

/// A fresh key: its lookup part and its whole text.
pub(crate) fn fresh() -> anyhow::Result<(String, Secret)> {
    // 32 characters, without those that are misread.
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let id: String = crate::secrets::random::<PREFIX>()?
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte & 31)]))
        .collect();
    let whole = format!("{MARK}{id}_{}", crate::secrets::random_text()?);
    Ok((id, Secret::new(&whole)))
}
