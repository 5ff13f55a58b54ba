//! The file's words for countries.

use maitred_kernel::{country, fold};

/// Where a word leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    country: Option<&'static str>,
    note: Option<&'static str>,
}

impl Place {
    /// A word that names no country.
    pub const UNKNOWN: Self = Self { country: None, note: Some(NO_COUNTRY) };

    /// ISO 3166 alpha-2, where the word names a country.
    pub fn country(self) -> Option<&'static str> {
        self.country
    }

    /// What a reader of the report should know about the word.
    pub fn note(self) -> Option<&'static str> {
        self.note
    }
}

const NO_COUNTRY: &str = "not the name of a country: the organisation's own is entered, and the company is tagged `country unknown`";
const UNSPECIFIED: &str =
    "the file does not say: the organisation's own is entered, and the company is tagged `country unknown`";
const COMMUNITY: &str =
    "no single country: the organisation's own is entered, and the company is tagged `country unknown`";
const ISLANDS: &str = "Guernsey and Jersey have a code each, the file does not say which: Jersey is entered";

/// Words that are not the English short name, with their code and a note.
static WORDS: &[(&str, Option<&str>, Option<&str>)] = &[
    ("channel islands", Some("JE"), Some(ISLANDS)),
    ("czech republic", Some("CZ"), None),
    ("eire", Some("IE"), None),
    ("european community", None, Some(COMMUNITY)),
    ("hong kong", Some("HK"), None),
    ("rsa", Some("ZA"), None),
    ("uk", Some("GB"), None),
    ("united arab emirates", Some("AE"), None),
    ("united kingdom", Some("GB"), None),
    ("unspecified", None, Some(UNSPECIFIED)),
    ("usa", Some("US"), None),
];

/// The country that a word names.
pub fn place(word: &str) -> Place {
    let folded = fold(word.trim());
    if let Some((_, country, note)) = WORDS.iter().find(|entry| entry.0 == folded) {
        return Place { country: *country, note: *note };
    }
    match country::all().find(|(_, name)| fold(name) == folded) {
        Some((code, _)) => Place { country: Some(code), note: None },
        None => Place::UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_file_has_its_code() {
        for (word, code) in [
            ("Australia", "AU"),
            ("Austria", "AT"),
            ("Bahrain", "BH"),
            ("Belgium", "BE"),
            ("Brazil", "BR"),
            ("Canada", "CA"),
            ("Channel Islands", "JE"),
            ("Cyprus", "CY"),
            ("Czech Republic", "CZ"),
            ("Denmark", "DK"),
            ("EIRE", "IE"),
            ("Finland", "FI"),
            ("France", "FR"),
            ("Germany", "DE"),
            ("Greece", "GR"),
            ("Hong Kong", "HK"),
            ("Iceland", "IS"),
            ("Israel", "IL"),
            ("Italy", "IT"),
            ("Japan", "JP"),
            ("Lebanon", "LB"),
            ("Lithuania", "LT"),
            ("Malta", "MT"),
            ("Netherlands", "NL"),
            ("Norway", "NO"),
            ("Poland", "PL"),
            ("Portugal", "PT"),
            ("RSA", "ZA"),
            ("Saudi Arabia", "SA"),
            ("Singapore", "SG"),
            ("Spain", "ES"),
            ("Sweden", "SE"),
            ("Switzerland", "CH"),
            ("USA", "US"),
            ("United Arab Emirates", "AE"),
            ("United Kingdom", "GB"),
        ] {
            assert_eq!(place(word).country(), Some(code), "{word}");
            assert_eq!(place(word).note().is_some(), word == "Channel Islands", "{word}");
        }
        for word in ["Unspecified", "European Community", "Atlantis", ""] {
            assert!(place(word).country().is_none() && place(word).note().is_some(), "{word}");
        }
    }
}
