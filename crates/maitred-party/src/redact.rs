//! Taking a person's words out of a text, for erasure.

/// What stands where something was erased.
pub const ERASED: &str = "(erased)";

/// The text with every occurrence of `words` replaced by [`ERASED`]; `None` when there is none. Case does not count,
/// and a word is only found between other letters and digits, so erasing `Ann` leaves `annual` alone.
pub fn redact(text: &str, words: &[String]) -> Option<String> {
    let mut words: Vec<Vec<char>> =
        words.iter().map(|word| lower(word.trim())).filter(|word| !word.is_empty()).collect();
    // The full name goes before the family name inside it.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut found) = (0, false);
    while let Some(letter) = letters.get(at) {
        match words.iter().find(|word| stands_at(&letters, at, word)) {
            Some(word) => {
                out.push_str(ERASED);
                at += word.len();
                found = true;
            }
            None => {
                out.push(*letter);
                at += 1;
            }
        }
    }
    found.then_some(out)
}

fn lower(text: &str) -> Vec<char> {
    text.chars().map(one_lower).collect()
}

/// One letter for one letter, so that positions in both texts agree.
fn one_lower(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

fn stands_at(letters: &[char], at: usize, word: &[char]) -> bool {
    let Some(part) = letters.get(at..at + word.len()) else { return false };
    let free = |letter: Option<&char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    part.iter().zip(word).all(|(letter, wanted)| one_lower(*letter) == *wanted)
        && free(at.checked_sub(1).and_then(|before| letters.get(before)))
        && free(letters.get(at + word.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn whole_words_go_whatever_their_case() {
        let ada = words(&["Ann", "Ann Ärger", "Ärger", "ann@acme.example", ""]);
        assert_eq!(
            redact("ANN ÄRGER (ann@acme.example) asked for the annual fee; Ann will call", &ada).as_deref(),
            Some("(erased) ((erased)) asked for the annual fee; (erased) will call")
        );
        assert_eq!(redact("the annual fee", &ada), None);
        assert_eq!(redact("", &ada), None);
    }
}
