//! Email addresses: one spelling, and a check that catches typing errors without refusing real addresses.

use crate::domain;
use crate::fault::ContactFault;

/// The one spelling of an address: trimmed, without `mailto:` or angle brackets, lower case.
///
/// Lower-casing the part before the `@` is not what RFC 5321 says, but what every large provider does; two
/// spellings that differ by case are one person here.
///
/// # Errors
/// [`ContactFault::NotAnEmail`] when it is not a plain `name@domain`; quoted names and address literals, which
/// nobody gives to a business, are refused as well.
pub fn fold(raw: &str) -> Result<String, ContactFault> {
    let fault = || ContactFault::NotAnEmail { text: raw.chars().take(80).collect() };
    let text = raw.trim();
    let text = text.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(text);
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (local, host) = text.rsplit_once('@').ok_or_else(fault)?;
    let well_formed = (1..=64).contains(&local.len())
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
        && text.len() <= 254;
    if !well_formed || !domain::is_host(host) {
        return Err(fault());
    }
    Ok(format!("{}@{}", local.to_lowercase(), host.to_lowercase()))
}

/// Whether a text is an address as [`fold`] accepts it.
pub fn validate(raw: &str) -> bool {
    fold(raw).is_ok()
}

/// The domain of a folded address.
pub fn domain_of(folded: &str) -> Option<&str> {
    folded.rsplit_once('@').map(|(_, host)| host)
}

/// RFC 5322 `atext`, and letters of any script (RFC 6531).
fn is_atom(letter: char) -> bool {
    letter.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_have_one_spelling() {
        for (raw, folded) in [
            (" Ada.Lovelace@Example.COM ", "ada.lovelace@example.com"),
            ("<ada+orders@example.co.uk>", "ada+orders@example.co.uk"),
            ("mailto:o'neill@example.ie", "o'neill@example.ie"),
            ("jörg@müller.example", "jörg@müller.example"),
            ("a@b.de", "a@b.de"),
        ] {
            assert_eq!(fold(raw).as_deref(), Ok(folded), "{raw}");
        }
        assert_eq!(domain_of("ada@example.com"), Some("example.com"));
    }

    #[test]
    fn other_texts_are_refused() {
        for raw in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@@example.com",
            "a da@example.com",
            "ada@exa mple.com",
            ".ada@example.com",
            "ada.@example.com",
            "a..b@example.com",
            "ada@-example.com",
            "ada@example..com",
            "ada@127.0.0.1",
            "ada@example.com.",
            "Ada <ada@example.com>",
            "ada@example.com,",
        ] {
            assert!(!validate(raw), "{raw}");
        }
        assert!(!validate(&format!("{}@example.com", "a".repeat(65))));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(raw in "[A-Za-z0-9.+@<> -]{0,20}@[A-Za-z0-9.-]{1,12}\\.[a-zA-Z]{2,4}") {
            if let Ok(folded) = fold(&raw) {
                prop_assert_eq!(fold(&folded), Ok(folded.clone()));
                prop_assert!(domain_of(&folded).is_some());
            }
        }
    }
}
