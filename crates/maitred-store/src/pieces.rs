//! SQL cut into pieces, for the few words that an engine must read otherwise.

/// What a statement is made of, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Word,
    /// Literals, quoted names and comments: never touched.
    Closed,
    Other,
}

/// Splits `sql` into words, closed pieces and the rest.
pub(crate) fn pieces(sql: &str) -> Vec<(Piece, &str)> {
    let bytes = sql.as_bytes();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let rest = &sql[at..];
        let to = |found: Option<usize>, more: usize| found.map_or(sql.len(), |length| start + length + more);
        let kind = match bytes[at] {
            quote @ (b'\'' | b'"') => {
                // A doubled quote ends one piece and begins the next, which comes to the same.
                at = to(rest[1..].find(char::from(quote)), 2);
                Piece::Closed
            }
            b'-' if rest.starts_with("--") => {
                at = to(rest.find('\n'), 1);
                Piece::Closed
            }
            b'/' if rest.starts_with("/*") => {
                at = to(rest.find("*/"), 2);
                Piece::Closed
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                Piece::Word
            }
            _ => {
                at += rest.chars().next().map_or(1, char::len_utf8);
                Piece::Other
            }
        };
        pieces.push((kind, &sql[start..at]));
    }
    pieces
}
