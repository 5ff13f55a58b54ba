//! Where SQLite would take a statement of a migration literally, and slowly.

use crate::pieces::{Piece, pieces};

/// A migration as SQLite should read it. Tables marked as clustered lie in the order of their keys. Of a list with more
/// than two words SQLite makes a temporary index each time that it looks into it, which for the condition of a column
/// is at every row that is written: such a list becomes one comparison behind the other.
pub(super) fn migration(sql: &str) -> String {
    let sql = sql.replace("/*clustered*/", "WITHOUT ROWID");
    let pieces = pieces(&sql);
    let mut out = String::with_capacity(sql.len() * 2);
    let mut at = 0;
    while at < pieces.len() {
        match list(&pieces[at..]) {
            Some((column, words, length)) => {
                let each: Vec<String> = words.iter().map(|word| format!("{column} = {word}")).collect();
                out.push_str(&format!("({})", each.join(" OR ")));
                at += length;
            }
            None => {
                out.push_str(pieces[at].1);
                at += 1;
            }
        }
    }
    out
}

/// Reads `column IN ('a', 'b', 'c')`: the column, the words, and of how many pieces it is.
fn list<'a>(pieces: &[(Piece, &'a str)]) -> Option<(&'a str, Vec<String>, usize)> {
    let mut rest = pieces.iter().enumerate().filter(|(_, (_, text))| !text.trim().is_empty()).peekable();
    let (0, (Piece::Word, column)) = rest.next()? else { return None };
    let (_, (Piece::Word, word)) = rest.next()? else { return None };
    if !word.eq_ignore_ascii_case("in") || column.eq_ignore_ascii_case("not") || rest.next()?.1.1 != "(" {
        return None;
    }
    let mut words = Vec::new();
    loop {
        let mut word = String::new();
        // A doubled quote ends one piece and begins the next.
        while let Some((_, (_, text))) =
            rest.next_if(|(_, (kind, text))| *kind == Piece::Closed && text.starts_with('\''))
        {
            word.push_str(text);
        }
        if word.is_empty() {
            return None;
        }
        words.push(word);
        let (place, (_, separator)) = rest.next()?;
        match *separator {
            "," => {}
            ")" if words.len() > 2 => return Some((column, words, place + 1)),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_words_become_comparisons() {
        let table = "CREATE TABLE t (a TEXT CHECK (a IN ('x', 'it''s',\n'z')), b BIGINT CHECK (b IN (0, 1))) /*clustered*/";
        assert_eq!(
            migration(table),
            "CREATE TABLE t (a TEXT CHECK ((a = 'x' OR a = 'it''s' OR a = 'z')), b BIGINT CHECK (b IN (0, 1))) \
             WITHOUT ROWID"
        );
        for same in [
            "CHECK (a IN ('x', 'y'))",
            "CHECK (a NOT IN ('x', 'y', 'z'))",
            "CHECK ('a IN (''x'', ''y'', ''z'')' <> b)",
            "CHECK (a IN (SELECT 'x' FROM b))",
            "CHECK (a IN ('x', 'y', 'z'",
        ] {
            assert_eq!(migration(same), same);
        }
    }
}
