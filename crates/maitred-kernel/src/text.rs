//! Text as people type it, made comparable: folding, search tokens, names without their legal form, likeness.
//!
//! Folding is for finding and comparing only; what is stored and shown stays as it was written.

use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization;

/// Lower case, without accents, with compatibility forms made plain: `Größe` is `grosse`, `Łódź` is `lodz`.
///
/// Folding twice changes nothing. Letters of other scripts keep the marks that make them what they are.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkd()
        .filter(|&letter| !is_accent(letter))
        .flat_map(char::to_lowercase)
        .flat_map(plain)
        .nfc()
        .collect()
}

/// The blocks of combining diacritical marks; not the vowel signs and voicing marks of other scripts.
fn is_accent(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// Letters that no decomposition takes apart.
fn plain(letter: char) -> impl Iterator<Item = char> {
    let (first, second) = match letter {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'ł' => ('l', None),
        'đ' | 'ð' => ('d', None),
        'ħ' => ('h', None),
        'ı' => ('i', None),
        'ŋ' => ('n', None),
        'ŧ' => ('t', None),
        'ĸ' => ('k', None),
        'ə' => ('e', None),
        'ς' => ('σ', None),
        '’' | '‘' | 'ʼ' | '`' => ('\'', None),
        '‐' | '‑' | '–' | '—' => ('-', None),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

fn is_join(letter: char) -> bool {
    matches!(letter, '.' | '-' | '/' | '_' | '\'' | ':' | '+' | '@')
}

/// The words to index or to look for, folded, each once, in order of appearance.
///
/// Runs of letters and digits. What holds together is kept together as well: an email address whole and in
/// parts, a number or code with its separators taken out (`INV-2026-00042` also as `inv202600042`), a name with
/// an apostrophe as one word (`o'neill` also as `oneill`).
pub fn tokens(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut found: Vec<String> = Vec::new();
    let mut add = |token: &str| {
        if !token.is_empty() && !found.iter().any(|known| known == token) {
            found.push(token.to_owned());
        }
    };
    for chunk in folded.split(|letter: char| !letter.is_alphanumeric() && !is_join(letter)) {
        let chunk = chunk.trim_matches(is_join);
        let joins = chunk.matches(is_join).count();
        for run in chunk.split(is_join) {
            add(run);
        }
        if joins == 0 {
            continue;
        }
        if chunk.contains('@') {
            add(chunk);
        } else if chunk.matches('\'').count() == joins || chunk.chars().any(char::is_numeric) {
            add(&chunk.split(is_join).collect::<String>());
        }
    }
    found
}

// Legal forms nobody uses as a word of a name: removed wherever they stand.
static FORMS_ANYWHERE: &[&str] = &[
    "aktiengesellschaft",
    "aps",
    "bvba",
    "eirl",
    "eurl",
    "gesmbh",
    "ggmbh",
    "gmbh",
    "incorporated",
    "kgaa",
    "kft",
    "llc",
    "llp",
    "ltd",
    "ltda",
    "mbh",
    "nyrt",
    "ohg",
    "oyj",
    "plc",
    "pty",
    "pvt",
    "sarl",
    "sas",
    "sasu",
    "scop",
    "sprl",
    "spzoo",
    "srl",
    "srls",
    "ooo",
    "zrt",
];

// Short forms that are also words or initials: removed at the end of a name only.
static FORMS_AT_END: &[&str] = &[
    "ab",
    "ad",
    "ag",
    "as",
    "asa",
    "bt",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "cv",
    "cvba",
    "dd",
    "doo",
    "ead",
    "ek",
    "eood",
    "ev",
    "hf",
    "ehf",
    "inc",
    "is",
    "kb",
    "kg",
    "ks",
    "kk",
    "limited",
    "lp",
    "mb",
    "nv",
    "od",
    "ood",
    "ou",
    "oy",
    "pc",
    "pjsc",
    "pt",
    "rt",
    "sa",
    "sae",
    "sc",
    "sca",
    "scrl",
    "sci",
    "se",
    "sia",
    "sl",
    "slu",
    "snc",
    "spa",
    "spk",
    "sro",
    "uab",
    "ug",
    "vof",
    "as oy",
    "co kg",
    "haftungsbeschrankt",
    "gbr",
    "sp zoo",
    "sp z oo",
    "s a",
    "s l",
    "s r l",
    "s p a",
    "a s",
    "b v",
    "n v",
    "a g",
    "e k",
    "e v",
    "e u",
    "s a r l",
    "sa rl",
    "s ar l",
    "g m b h",
    "s r o",
    "d o o",
    "g p",
    "l l c",
    "l t d",
    "p l c",
];

// Forms that some countries put in front.
static FORMS_AT_START: &[&str] =
    &["ab", "as", "cv", "ou", "oy", "pao", "pt", "sa", "scea", "sci", "selarl", "sia", "snc", "uab", "zao"];

// Joining words that are left hanging when a form goes: `Smith and Co`.
static HANGING: &[&str] = &["and", "et", "og", "och", "und", "y"];

/// A name of a company made comparable: folded, legal forms removed, single spaces.
///
/// `Müller & Söhne GmbH & Co. KG`, `MULLER SOHNE` and `muller  sohne kg` have one key. A name that consists of
/// nothing but legal forms keeps them.
pub fn name_key(name: &str) -> String {
    name_tokens(name).join(" ")
}

fn name_tokens(name: &str) -> Vec<String> {
    let folded = fold(name);
    let mut all: Vec<String> = Vec::new();
    for chunk in folded.split_whitespace() {
        let pieces: Vec<&str> = chunk
            .split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
            .filter(|piece| !piece.is_empty())
            .collect();
        let initials = chunk.contains(['.', '/']) && pieces.iter().all(|piece| piece.chars().count() == 1);
        // `S.p.A.`, `A/S` and `G.m.b.H.` are one word, `amazon.com` is two.
        if initials {
            let word = pieces.concat();
            // `S.à r.l.` is one form in two words.
            match all.last_mut().filter(|last| *last == "sa" && word == "rl") {
                Some(last) => last.push_str(&word),
                None => all.push(word),
            }
        } else {
            all.extend(pieces.iter().map(|piece| piece.replace('\'', "")).filter(|piece| !piece.is_empty()));
        }
    }

    let mut kept: Vec<String> =
        all.iter().filter(|token| !FORMS_ANYWHERE.contains(&token.as_str())).cloned().collect();
    loop {
        let before = kept.len();
        strip_end(&mut kept);
        if before != all.len()
            && kept.len() > 1
            && kept.last().is_some_and(|last| HANGING.contains(&last.as_str()))
        {
            kept.pop();
        }
        if kept.len() == before {
            break;
        }
    }
    if kept.len() > 1 && kept.first().is_some_and(|first| FORMS_AT_START.contains(&first.as_str())) {
        kept.remove(0);
    }
    if kept.is_empty() { all } else { kept }
}

/// Takes one legal form off the end, unless nothing would be left.
fn strip_end(tokens: &mut Vec<String>) {
    for length in (1..=4).rev() {
        if tokens.len() <= length {
            continue;
        }
        let from = tokens.len() - length;
        let tail = tokens.get(from..).map(|tail| tail.join(" ")).unwrap_or_default();
        if FORMS_AT_END.contains(&tail.as_str()) {
            tokens.truncate(from);
            return;
        }
    }
}

/// Likeness of two company names in basis points: Jaro-Winkler over their keys with the words sorted, so that
/// order, case, accents and legal form do not count. 0 when either name is empty.
pub fn name_similarity_bp(a: &str, b: &str) -> i64 {
    likeness(name_tokens(a), name_tokens(b))
}

/// Likeness of two names of people in basis points: as [`name_similarity_bp`], but every word counts.
pub fn person_similarity_bp(a: &str, b: &str) -> i64 {
    let words = |name: &str| -> Vec<String> {
        fold(name)
            .replace('\'', "")
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    likeness(words(a), words(b))
}

fn likeness(mut a: Vec<String>, mut b: Vec<String>) -> i64 {
    a.sort_unstable();
    b.sort_unstable();
    let (a, b) = (a.join(" "), b.join(" "));
    match (a.is_empty() || b.is_empty(), a == b) {
        (true, _) => 0,
        (_, true) => 10_000,
        // Below one for different texts, whatever the rounding says.
        _ => basis_points(strsim::jaro_winkler(&a, &b)).min(9_999),
    }
}

/// A likeness between 0 and 1 in basis points; the only place of this crate where a float becomes a number.
fn basis_points(likeness: f64) -> i64 {
    (likeness.clamp(0.0, 1.0) * 10_000.0).round() as i64
}

/// The candidate that a mistyped word most likely meant, for "did you mean"; nothing when none is near.
///
/// Near is a third of the word's letters mistyped, left out, added or swapped (at least one), or one word being
/// the beginning of the other.
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let wanted = fold(word);
    let letters = wanted.chars().count();
    if letters == 0 {
        return None;
    }
    let allowed = (letters / 3).max(1);
    candidates
        .iter()
        .filter_map(|&candidate| {
            let folded = fold(candidate);
            let distance = strsim::damerau_levenshtein(&wanted, &folded);
            let begins = letters >= 3 && (folded.starts_with(&wanted) || wanted.starts_with(&folded));
            // A single letter that differs from a single letter is no typing error.
            let near = distance <= allowed && distance < letters.max(folded.chars().count());
            (near || begins && !folded.is_empty()).then_some((distance, candidate))
        })
        .min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)).then(Ordering::Equal))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folding_takes_case_and_accents_away() {
        for (text, folded) in [
            ("Größe", "grosse"),
            ("STRASSE ẞ", "strasse ss"),
            ("Łódź", "lodz"),
            ("Ærøskøbing", "aeroskobing"),
            ("Đorđe Ðað Þór", "dorde dad thor"),
            ("Crème Brûlée", "creme brulee"),
            ("İstanbul ısı", "istanbul isi"),
            ("ﬁn ＡＢＣ", "fin abc"),
            ("Ελληνικός", "ελληνικοσ"),
            ("が か", "が か"),
            ("O’Neill", "o'neill"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn tokens_keep_what_holds_together() {
        let found = |text: &str| tokens(text).join("|");
        assert_eq!(found("Maison Mercier, Lyon"), "maison|mercier|lyon");
        assert_eq!(found("see INV-2026-00042!"), "see|inv|2026|00042|inv202600042");
        assert_eq!(found("Ada@Example.com."), "ada|example|com|ada@example.com");
        assert_eq!(found("O'Neill"), "o|neill|oneill");
        assert_eq!(found("+33 1.23"), "33|1|23|123");
        assert_eq!(found("blue-green blue"), "blue|green");
        assert_eq!(found(" .- "), "");
        assert_eq!(found("東京 café"), "東京|cafe");
    }

    #[test]
    fn name_keys_have_no_legal_form() {
        for (name, key) in [
            ("Müller & Söhne GmbH & Co. KG", "muller sohne"),
            ("MULLER   SOHNE", "muller sohne"),
            ("Maison Mercier S.A.R.L.", "maison mercier"),
            ("SARL Maison Mercier", "maison mercier"),
            ("S.à r.l. Dupont", "dupont"),
            ("Dupont S.à r.l.", "dupont"),
            ("Acme, Inc.", "acme"),
            ("Acme Ltd", "acme"),
            ("Acme Pty. Ltd.", "acme"),
            ("Ferrari S.p.A.", "ferrari"),
            ("Novo Nordisk A/S", "novo nordisk"),
            ("AB Volvo", "volvo"),
            ("Volvo AB", "volvo"),
            ("Philips N.V.", "philips"),
            ("Kowalski Sp. z o.o.", "kowalski"),
            ("Smith and Co", "smith"),
            ("Smith and Sons", "smith and sons"),
            ("AG Insurance", "ag insurance"),
            ("Spa Hotel", "spa hotel"),
            ("GmbH", "gmbh"),
            ("SA", "sa"),
            ("Amazon.com", "amazon com"),
            ("L'Oréal SA", "loreal"),
            ("Foo GmbH (Wien)", "foo wien"),
            ("", ""),
        ] {
            assert_eq!(name_key(name), key, "{name}");
        }
    }

    #[test]
    fn names_are_alike_whatever_their_dress() {
        assert_eq!(name_similarity_bp("Mercier Maison SARL", "MAISON MERCIER"), 10_000);
        assert_eq!(name_similarity_bp("", "Acme"), 0);
        assert_eq!(name_similarity_bp("abc", "xyz"), 0);
        // Jaro-Winkler of the classic pair is 0.9611.
        assert_eq!(name_similarity_bp("Martha", "Marhta"), 9611);
        assert!(name_similarity_bp("Acme Trading", "Acme Tradng") > 9500);
        assert_eq!(person_similarity_bp("Kg Ag", "AG KG"), 10_000);
        assert!(person_similarity_bp("Ana Co", "Ana") < 10_000);
    }

    #[test]
    fn the_nearest_word_is_offered() {
        let fields = ["name", "domain", "lifecycle", "owner", "city"];
        assert_eq!(nearest("nmae", &fields), Some("name"));
        assert_eq!(nearest("Domains", &fields), Some("domain"));
        assert_eq!(nearest("life", &fields), Some("lifecycle"));
        assert_eq!(nearest("price", &fields), None);
        assert_eq!(nearest("", &fields), None);
        assert_eq!(nearest("x", &["y"]), None);
        assert_eq!(nearest("ab", &["ad", "ac"]), Some("ac"), "ties go by the alphabet");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,24}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn case_does_not_count(text in "[a-zA-Zàéîõüßøłđ ]{0,24}") {
            prop_assert_eq!(fold(&text.to_uppercase()), fold(&text));
        }

        #[test]
        fn tokens_are_folded_unique_and_findable(text in "\\PC{0,40}") {
            let found = tokens(&text);
            for (index, token) in found.iter().enumerate() {
                prop_assert!(!token.is_empty());
                prop_assert_eq!(&fold(token), token);
                prop_assert!(!found[..index].contains(token));
            }
        }

        #[test]
        fn keys_do_not_depend_on_the_form(
            name in "[a-z]{4,9} [a-z]{4,9}", form in proptest::sample::select(vec!["GmbH", "SARL", "Ltd.", "S.A.", "BV"])
        ) {
            prop_assert_eq!(name_key(&format!("{name} {form}")), name_key(&name));
        }

        #[test]
        fn likeness_is_a_symmetric_share(a in "[a-zé .]{0,16}", b in "[a-zé .]{0,16}") {
            let likeness = name_similarity_bp(&a, &b);
            prop_assert!((0..=10_000).contains(&likeness));
            prop_assert!((likeness - name_similarity_bp(&b, &a)).abs() <= 1);
        }
    }
}
