//! What kind of thing a text refers to: an id, a document number, an email, a phone, a VAT id, a domain, a name.
//!
//! A reference says how to look a record up, not that there is one. Whoever finds nothing under a guessed kind
//! (a name may look like a domain) tries the text as a name before giving up.

use std::fmt;

use crate::vat::VatId;
use crate::{domain, email, phone, vat};

/// A textual reference, classified and in the one spelling it is stored in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A record id: a UUID in lower case.
    Id(String),
    /// A document number: `L-2026-00012`, `D-00042`.
    Number {
        /// The series, upper case: `L`, `INV`.
        prefix: String,
        /// The year, where the series counts per year.
        year: Option<u16>,
        /// The running number as written, leading zeros kept.
        digits: String,
    },
    /// An email address, folded.
    Email(String),
    /// A telephone number in E.164.
    Phone(String),
    /// A VAT identification number with right check digits.
    VatId(VatId),
    /// A domain, folded.
    Domain(String),
    /// Anything else: a name, an SKU, words to search for; trimmed, otherwise as written.
    Text(String),
}

impl Reference {
    /// Classifies a text; telephone numbers only with their country (`+33...`, `0033...`).
    pub fn parse(text: &str) -> Self {
        Self::parse_in(text, None)
    }

    /// Classifies a text, reading national telephone numbers in a default country (ISO alpha-2).
    pub fn parse_in(text: &str, default_country: Option<&str>) -> Self {
        let text = text.trim();
        if is_uuid(text) {
            return Self::Id(text.to_ascii_lowercase());
        }
        if let Some(number) = document_number(text) {
            return number;
        }
        if let Ok(address) = email::fold(text) {
            return Self::Email(address);
        }
        if looks_like_phone(text, default_country.is_some())
            && let Ok(number) = phone::e164(text, default_country)
        {
            return Self::Phone(number);
        }
        if let Ok(id) = vat::check(text) {
            return Self::VatId(id);
        }
        if !text.contains(char::is_whitespace)
            && let Ok(host) = domain::fold(text)
        {
            return Self::Domain(host);
        }
        Self::Text(text.to_owned())
    }

    /// What kind it is, in a word for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Id(_) => "id",
            Self::Number { .. } => "number",
            Self::Email(_) => "email",
            Self::Phone(_) => "phone",
            Self::VatId(_) => "VAT id",
            Self::Domain(_) => "domain",
            Self::Text(_) => "text",
        }
    }
}

/// The one spelling, to look up by.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(text)
            | Self::Email(text)
            | Self::Phone(text)
            | Self::Domain(text)
            | Self::Text(text) => f.write_str(text),
            Self::VatId(id) => f.write_str(id.as_str()),
            Self::Number { prefix, year: Some(year), digits } => write!(f, "{prefix}-{year:04}-{digits}"),
            Self::Number { prefix, year: None, digits } => write!(f, "{prefix}-{digits}"),
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// One to six letters, perhaps a year, and up to twelve digits, joined by hyphens.
fn document_number(text: &str) -> Option<Reference> {
    let (prefix, rest) = text.split_once('-')?;
    if !(1..=6).contains(&prefix.len()) || !prefix.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let (year, digits) = match rest.split_once('-') {
        Some((year, digits)) if year.len() == 4 && is_number(year) => (Some(year.parse().ok()?), digits),
        Some(_) => return None,
        None => (None, rest),
    };
    if !is_number(digits) || digits.len() > 12 {
        return None;
    }
    let prefix = prefix.to_ascii_uppercase();
    // `CHE-123456788` is how a Swiss VAT id is written.
    if year.is_none() && prefix == "CHE" && digits.len() == 9 {
        return None;
    }
    Some(Reference::Number { prefix, year, digits: digits.to_owned() })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number of at least seven digits that says where it begins: with a country, or as dialled at home.
fn looks_like_phone(text: &str, at_home: bool) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 7 && (text.starts_with(['+']) || text.starts_with("00") || text.starts_with("tel:") || at_home)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(prefix: &str, year: Option<u16>, digits: &str) -> Reference {
        Reference::Number { prefix: prefix.to_owned(), year, digits: digits.to_owned() }
    }

    #[test]
    fn texts_are_told_apart() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(Reference::parse(id), Reference::Id(id.to_owned()));
        assert_eq!(Reference::parse(&id.to_uppercase()), Reference::Id(id.to_owned()));
        assert_eq!(Reference::parse("L-2026-00012"), number("L", Some(2026), "00012"));
        assert_eq!(Reference::parse(" d-00042 "), number("D", None, "00042"));
        assert_eq!(Reference::parse("inv-2026-00042").to_string(), "INV-2026-00042");
        assert_eq!(Reference::parse("Ada@Example.com"), Reference::Email("ada@example.com".to_owned()));
        assert_eq!(Reference::parse("+33 1 23 45 67 89"), Reference::Phone("+33123456789".to_owned()));
        assert_eq!(Reference::parse("0033 1 23 45 67 89").kind(), "phone");
        assert_eq!(Reference::parse_in("01 23 45 67 89", Some("FR")).to_string(), "+33123456789");
        assert_eq!(Reference::parse("FR 27 842733677").to_string(), "FR27842733677");
        assert_eq!(Reference::parse("CHE-655845688").kind(), "VAT id");
        assert_eq!(
            Reference::parse("https://www.example.com/de"),
            Reference::Domain("example.com".to_owned())
        );
        for text in [
            "Maison Mercier",
            "01 23 45 67 89",
            "FR28842733677",
            "Acme & Co. KG",
            "S.A.",
            "-",
            "",
            "12345",
            "A-1-2-3",
            "INV-26-1",
            "red shoes 42",
            "INV-2026-",
        ] {
            assert_eq!(Reference::parse(text), Reference::Text(text.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_one_spelling_is_its_own_reference(
            text in "[A-Za-z]{1,4}-(20[0-9]{2}-)?[0-9]{1,6}|\\+33[1-9][0-9]{8}|[a-z]{1,8}@[a-z]{1,8}\\.[a-z]{2,3}|\\PC{0,20}"
        ) {
            let once = Reference::parse(&text);
            // What a domain folds to may look like another kind; everything else stays what it is.
            if !matches!(once, Reference::Domain(_)) {
                prop_assert_eq!(Reference::parse(&once.to_string()), once);
            }
        }
    }
}
