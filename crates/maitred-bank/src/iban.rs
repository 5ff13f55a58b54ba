//! Account numbers and creditor references with check digits (ISO 13616, ISO 11649; both modulo 97).

/// An account number as it is compared: upper case, without blanks, `-`, `.` and `/` kept only where digits need it.
///
/// Blanks and dots are how people group digits; everything else is part of the number.
pub fn normal_account(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '.')
        .flat_map(char::to_uppercase)
        .take(crate::clean::MAX_WORD)
        .collect()
}

/// Whether a text, already without blanks and in upper case, is an IBAN with right check digits.
pub fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    (15..=34).contains(&bytes.len())
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
        && remainder(bytes) == Some(1)
}

/// Whether a text, already without blanks and in upper case, is an ISO 11649 creditor reference.
pub fn is_creditor_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    (5..=25).contains(&bytes.len())
        && text.starts_with("RF")
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
        && remainder(bytes) == Some(1)
}

/// The number modulo 97 with its first four characters moved behind, letters read as 10 to 35.
fn remainder(bytes: &[u8]) -> Option<u32> {
    let (head, tail) = bytes.split_at_checked(4)?;
    tail.iter().chain(head).try_fold(0_u32, |value, &byte| match byte {
        b'0'..=b'9' => Some((value * 10 + u32::from(byte - b'0')) % 97),
        b'A'..=b'Z' => Some((value * 100 + u32::from(byte - b'A') + 10) % 97),
        _ => None,
    })
}

/// The first word of a text that passes a check once its separators are off.
pub(crate) fn first_word(text: &str, fits: fn(&str) -> bool) -> Option<String> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| (5..=34).contains(&word.len()))
        .map(str::to_ascii_uppercase)
        .find(|word| fits(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_decide() {
        // The example numbers of the two standards.
        assert!(is_iban("GB82WEST12345698765432"));
        assert!(!is_iban("GB83WEST12345698765432"));
        assert!(is_creditor_reference("RF18539007547034"));
        assert!(!is_creditor_reference("RF19539007547034"));
        assert!(!is_iban("GB82WEST123456987654ä"));
        assert_eq!(normal_account("gb82 west 1234 5698 7654 32"), "GB82WEST12345698765432");
        let text = "invoice 7, RF18539007547034; thanks";
        assert_eq!(first_word(text, is_creditor_reference).as_deref(), Some("RF18539007547034"));
    }
}
