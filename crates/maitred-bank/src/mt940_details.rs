//! `:86:`, information to the account owner: structured subfields (`?20`..`?29 ?32 ?33`), SWIFT slash codes
//! (`/REMI/`), SEPA words (`EREF+`, `SVWZ+`), or plain text.

use crate::{clean, iban};

/// What a `:86:` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) text: String,
    pub(crate) name: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) end_to_end_id: Option<String>,
    pub(crate) creditor_ref: Option<String>,
}

/// Characters to a line of `:86:`, 65 by the standard, 64 at some banks; a line that is full goes on in the next one
/// without a blank.
const FULL_LINE: usize = 64;
/// Characters to a subfield of purpose text; a full one goes on in the next.
const FULL_PART: usize = 27;

/// Reads the lines of a `:86:`.
pub(crate) fn read(lines: &[&str]) -> Details {
    let joined = lines.concat();
    let joined = joined.trim_start();
    if let Some(mark) = subfield_mark(joined) {
        return subfields(joined, mark);
    }
    let text = plain(lines);
    slash_codes(&text).unwrap_or_else(|| Details { text: clean::text(&text), ..Details::default() })
}

fn plain(lines: &[&str]) -> String {
    let mut out = String::new();
    for line in lines {
        out.push_str(line);
        if line.chars().count() < FULL_LINE {
            out.push(' ');
        }
    }
    out
}

/// The character between subfields: behind the three digits of the business code and before two more.
fn subfield_mark(text: &str) -> Option<char> {
    let rest = text.get(3..).filter(|_| text.bytes().take(3).all(|byte| byte.is_ascii_digit()))?;
    let mark = rest.chars().next().filter(|mark| "?>~^@|<!$%&*#".contains(*mark))?;
    let code = rest.get(1..3)?;
    is_subfield(code).then_some(mark)
}

fn is_subfield(code: &str) -> bool {
    matches!(code, "00" | "10") || code.parse::<u8>().is_ok_and(|code| matches!(code, 20..=38 | 60..=63))
}

fn subfields(text: &str, mark: char) -> Details {
    // Pairs of code and content; a mark not followed by a known code belongs to the content.
    let mut parts: Vec<(&str, String)> = Vec::new();
    for piece in text.get(3..).unwrap_or_default().split(mark).skip(1) {
        match piece.split_at_checked(2).filter(|(code, _)| is_subfield(code)) {
            Some((code, content)) => parts.push((code, content.to_owned())),
            None => {
                if let Some((_, before)) = parts.last_mut() {
                    before.push(mark);
                    before.push_str(piece);
                }
            }
        }
    }
    let mut details = Details::default();
    let mut purpose = Purpose::default();
    let (mut name, mut kind) = (String::new(), String::new());
    for (code, content) in &parts {
        match *code {
            "00" => kind.push_str(content),
            "31" => details.account = clean::word(content).map(|account| iban::normal_account(&account)),
            "32" | "33" => name.push_str(content),
            _ if code.starts_with('2') || code.starts_with('6') => purpose.add(content),
            _ => {}
        }
    }
    details.name = clean::word(&name);
    details.end_to_end_id = purpose.end_to_end.as_deref().and_then(clean::reference);
    // Some banks leave the account to the purpose text.
    if details.account.as_deref().is_none_or(str::is_empty) {
        details.account =
            purpose.account.as_deref().map(iban::normal_account).filter(|account| iban::is_iban(account));
    }
    details.text = clean::text(if purpose.text.trim().is_empty() { &kind } else { &purpose.text });
    details
}

/// Purpose text, sorted by its SEPA words.
#[derive(Default)]
struct Purpose {
    text: String,
    end_to_end: Option<String>,
    account: Option<String>,
    /// The word that the next full part goes on with.
    current: Word,
    full: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Word {
    #[default]
    Text,
    EndToEnd,
    Account,
    Other,
}

impl Purpose {
    fn add(&mut self, content: &str) {
        let words = [
            ("EREF+", Word::EndToEnd),
            ("SVWZ+", Word::Text),
            ("IBAN+", Word::Account),
            ("KREF+", Word::Other),
            ("MREF+", Word::Other),
            ("CRED+", Word::Other),
            ("DEBT+", Word::Other),
            ("COAM+", Word::Other),
            ("OAMT+", Word::Other),
            ("BIC+", Word::Other),
            ("ABWA+", Word::Other),
            ("ABWE+", Word::Other),
        ];
        let begun = words.iter().find_map(|(word, kind)| Some((*kind, content.strip_prefix(word)?)));
        let (content, goes_on) = match begun {
            Some((kind, rest)) => {
                self.current = kind;
                (rest, false)
            }
            None => (content, self.full),
        };
        self.full = content.chars().count() + if begun.is_some() { 5 } else { 0 } >= FULL_PART;
        let target = match self.current {
            Word::Text => &mut self.text,
            Word::EndToEnd => self.end_to_end.get_or_insert_default(),
            Word::Account => self.account.get_or_insert_default(),
            Word::Other => return,
        };
        if !goes_on && !target.is_empty() {
            target.push(' ');
        }
        target.push_str(content);
    }
}

const CODES: &[&str] = &[
    "TRTP", "IBAN", "BIC", "NAME", "REMI", "EREF", "PREF", "MARF", "CSID", "ORDP", "BENM", "CNTP", "ISDT",
    "RTRN", "RTYP", "RETN", "ADDR", "PURP", "ULTB", "ULTD", "ULTC", "SWOC", "SVCL", "ID", "ACCW", "OCMT",
    "CHGS", "EXCH", "PY", "TR",
];

/// Reads `/CODE/value/CODE/value`; nothing when the text does not begin with a known code.
fn slash_codes(text: &str) -> Option<Details> {
    let mut pieces = text.trim().split('/');
    pieces.next().filter(|before| before.is_empty())?;
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for piece in pieces {
        if CODES.contains(&piece) {
            pairs.push((piece, String::new()));
        } else if let Some((_, value)) = pairs.last_mut() {
            if !value.is_empty() {
                value.push('/');
            }
            value.push_str(piece);
        } else {
            return None;
        }
    }
    let mut details = Details::default();
    let mut other = String::new();
    for (code, value) in &pairs {
        let word = || clean::word(value.trim_matches('/'));
        match *code {
            "REMI" => remittance(value, &mut details),
            "NAME" => details.name = details.name.take().or_else(word),
            "IBAN" => details.account = word().map(|account| iban::normal_account(&account)),
            "EREF" => details.end_to_end_id = clean::reference(value.trim_matches('/')),
            // Account, bank, name and city of the other side.
            "CNTP" => {
                let mut parts = value.split('/');
                details.account =
                    parts.next().and_then(clean::word).map(|account| iban::normal_account(&account));
                details.name = parts.nth(1).and_then(clean::word);
            }
            "TRTP" | "RTRN" => {
                other.push_str(value);
                other.push(' ');
            }
            _ => {}
        }
    }
    if details.text.is_empty() {
        details.text = clean::text(&other);
    }
    Some(details)
}

/// `USTD//free text`, `STRD/CUR/reference`, or only text.
fn remittance(value: &str, details: &mut Details) {
    let value = value.trim_matches('/');
    if let Some(structured) = value.strip_prefix("STRD/") {
        let reference = structured.trim_start_matches('/');
        let reference = reference.split_once('/').map_or(reference, |(_, reference)| reference);
        details.creditor_ref = clean::reference(reference);
        details.text = clean::text(reference);
    } else {
        details.text = clean::text(value.strip_prefix("USTD").unwrap_or(value).trim_start_matches('/'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subfields_are_put_together_over_line_ends() {
        let details = read(&[
            "166?00GUTSCHRIFT?109310?20EREF+ORDER-2026-000000000012?2134?22SVWZ+Invoice INV-2026-",
            "00042 thank yo?23u very much?30GENODEF1XXX?31GB82WEST12345698765432?32Alpine Lant?33erns Ltd",
        ]);
        assert_eq!(details.end_to_end_id.as_deref(), Some("ORDER-2026-00000000001234"));
        assert_eq!(details.text, "Invoice INV-2026-00042 thank you very much");
        assert_eq!(details.name.as_deref(), Some("Alpine Lanterns Ltd"));
        assert_eq!(details.account.as_deref(), Some("GB82WEST12345698765432"));
    }

    #[test]
    fn a_mark_in_the_text_stays() {
        let details = read(&["051?00UEBERWEISUNG?20what is this?99?21second"]);
        assert_eq!(details.text, "what is this?99 second");
    }

    #[test]
    fn slash_codes_are_read() {
        let details = read(&["/EREF/E2E 7/BENM//NAME/CONTRA HOLDER/REMI/USTD//Invoices 7/8/ISDT/2026-01-02"]);
        assert_eq!(details.end_to_end_id.as_deref(), Some("E2E 7"));
        assert_eq!(details.name.as_deref(), Some("CONTRA HOLDER"));
        assert_eq!(details.text, "Invoices 7/8");
        let details =
            read(&["/CNTP/GB82WEST12345698765432/WESTGB2L/A. Name/TOWN//REMI/STRD/CUR/RF18539007547034/"]);
        assert_eq!(details.account.as_deref(), Some("GB82WEST12345698765432"));
        assert_eq!(details.name.as_deref(), Some("A. Name"));
        assert_eq!(details.creditor_ref.as_deref(), Some("RF18539007547034"));
    }

    #[test]
    fn other_text_is_text() {
        assert_eq!(read(&["GIRO 1", "", "two"]).text, "GIRO 1 two");
        assert_eq!(read(&["/no code/x"]).text, "/no code/x");
        assert_eq!(read(&[]).text, "");
        assert_eq!(read(&["12"]).text, "12");
    }
}
