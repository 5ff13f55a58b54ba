//! Text from a bank made plain: no control characters, single spaces, a bounded length.

/// Longest remittance text that is kept, in characters.
pub(crate) const MAX_TEXT: usize = 1_000;
/// Longest name, reference or account that is kept, in characters.
pub(crate) const MAX_WORD: usize = 140;

/// Remittance text with single spaces.
pub(crate) fn text(raw: &str) -> String {
    spaced(raw, MAX_TEXT)
}

/// A name or reference; nothing when only blanks are left.
pub(crate) fn word(raw: &str) -> Option<String> {
    let word = spaced(raw, MAX_WORD);
    (!word.is_empty()).then_some(word)
}

/// A reference, unless it is one of the words banks write where there is none.
pub(crate) fn reference(raw: &str) -> Option<String> {
    word(raw).filter(|word| {
        !matches!(
            word.to_ascii_uppercase().as_str(),
            "NONREF" | "NOTPROVIDED" | "NOT PROVIDED" | "EREF" | "KREF" | "MARF" | "NONE"
        )
    })
}

fn spaced(raw: &str, most: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    let mut gap = false;
    for letter in raw.chars() {
        if letter.is_whitespace() || letter.is_control() || is_invisible(letter) {
            gap = length > 0;
            continue;
        }
        if length + usize::from(gap) >= most {
            break;
        }
        if gap {
            out.push(' ');
            length += 1;
            gap = false;
        }
        out.push(letter);
        length += 1;
    }
    out
}

/// Marks that show nothing and only reorder or hide what stands beside them.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_controls_and_hidden_marks_become_one_space() {
        assert_eq!(text(" a\u{0}\t b\u{202e}c \r\n"), "a b c");
        assert_eq!(word(" \u{200b} "), None);
        assert_eq!(reference("nonref"), None);
        assert_eq!(reference("NONREF1"), Some("NONREF1".to_owned()));
    }

    #[test]
    fn length_is_bounded_in_characters() {
        assert_eq!(text(&"ä ".repeat(5_000)).chars().count(), MAX_TEXT - 1);
        assert_eq!(word(&"ä".repeat(5_000)).unwrap().chars().count(), MAX_WORD);
    }
}
