//! Amounts as banks write them, to minor units. Exact, or refused: nothing is rounded.

use maitred_kernel::{Currency, parse_minor};

/// How an amount is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// A point, never a separator of thousands; zeros beyond the currency's digits lose nothing (CAMT, OFX).
    Point,
    /// A comma, as SWIFT writes it: `12,` and `12,5` are whole.
    Comma,
    /// As people write it, with a point; commas, apostrophes and blanks between groups of three.
    GroupedPoint,
    /// As people write it, with a comma; points, apostrophes and blanks between groups of three.
    GroupedComma,
}

/// Reads an amount.
///
/// # Errors
/// What is wrong with the text, as a sentence.
pub(crate) fn minor(raw: &str, writing: Writing, currency: Currency) -> Result<i64, String> {
    let text = raw.trim();
    let fault = || format!("`{}` is not an amount", shown(text));
    if text.len() > 40 {
        return Err(fault());
    }
    let (negative, digits) = sign(text).ok_or_else(fault)?;
    let (point, grouped) = match writing {
        Writing::Point => ('.', false),
        Writing::Comma => (',', false),
        Writing::GroupedPoint => ('.', true),
        Writing::GroupedComma => (',', true),
    };
    let (whole, fraction) = digits.split_once(point).unwrap_or((digits, ""));
    let whole = if grouped { ungrouped(whole, point).ok_or_else(fault)? } else { whole.to_owned() };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(&whole) || !all_digits(fraction) {
        return Err(fault());
    }
    let kept = usize::from(currency.exponent());
    let fraction = match fraction.get(kept..) {
        Some(beyond) if !grouped && beyond.bytes().all(|byte| byte == b'0') => &fraction[..kept],
        Some(beyond) if !beyond.is_empty() => {
            return Err(format!(
                "`{}` has more than {kept} decimals, which is all that {currency} has",
                shown(text)
            ));
        }
        _ => fraction,
    };
    let plain = format!(
        "{}{}{}{fraction}",
        if negative { "-" } else { "" },
        if whole.is_empty() { "0" } else { &whole },
        if fraction.is_empty() { "" } else { "." },
    );
    // `i64::MIN` has no counterpart of the other sign, and signs are turned.
    match parse_minor(&plain, currency) {
        Ok(i64::MIN) => Err(format!("`{}` is too large", shown(text))),
        Ok(minor) => Ok(minor),
        Err(fault) => Err(fault.to_string()),
    }
}

/// Takes the sign off either end: `-1`, `1-`, `(1)`, `+1`, and the minus of typographers.
fn sign(text: &str) -> Option<(bool, &str)> {
    if let Some(inner) = text.strip_prefix('(') {
        return Some((true, inner.strip_suffix(')')?.trim()));
    }
    let minus = |letter: char| matches!(letter, '-' | '\u{2212}');
    if let Some(rest) = text.strip_prefix(minus).or_else(|| text.strip_suffix(minus)) {
        return Some((true, rest.trim()));
    }
    let rest = text.strip_prefix('+').or_else(|| text.strip_suffix('+')).unwrap_or(text);
    Some((false, rest.trim()))
}

/// Takes the marks between thousands out, if they stand where thousands are and are all the same.
fn ungrouped(whole: &str, point: char) -> Option<String> {
    let is_mark = |letter: char| {
        letter != point
            && matches!(letter, '.' | ',' | '\'' | '\u{2019}' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}')
    };
    let Some(mark) = whole.chars().find(|&letter| is_mark(letter)) else { return Some(whole.to_owned()) };
    let mut groups = whole.split(mark);
    let first = groups.next()?;
    let sizes_fit = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    sizes_fit.then(|| whole.replace(mark, ""))
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn euros(text: &str, writing: Writing) -> Result<i64, String> {
        minor(text, writing, Currency::EUR)
    }

    #[test]
    fn reads_what_banks_write() {
        for (text, writing, cents) in [
            ("12,", Writing::Comma, 1_200),
            ("12,5", Writing::Comma, 1_250),
            ("000000000473,17", Writing::Comma, 47_317),
            ("8.850", Writing::Point, 885),
            ("1000", Writing::Point, 100_000),
            (".5", Writing::Point, 50),
            ("-80.00", Writing::Point, -8_000),
            ("1.234,56", Writing::GroupedComma, 123_456),
            ("1 234,56-", Writing::GroupedComma, -123_456),
            ("12'345.60", Writing::GroupedPoint, 1_234_560),
            ("(1,234,567.89)", Writing::GroupedPoint, -123_456_789),
            ("\u{2212}7", Writing::GroupedPoint, -700),
        ] {
            assert_eq!(euros(text, writing), Ok(cents), "{text}");
        }
        assert_eq!(minor("312.00", Writing::Point, Currency::JPY), Ok(312));
    }

    #[test]
    fn refuses_what_is_ambiguous_or_too_precise() {
        for (text, writing) in [
            ("", Writing::Comma),
            (",", Writing::Comma),
            ("1.5", Writing::Comma),
            ("1,5", Writing::Point),
            ("1,234.5", Writing::Point),
            ("12.34,5", Writing::GroupedComma),
            ("1.234.56", Writing::GroupedComma),
            ("1.23", Writing::GroupedComma),
            ("1,000", Writing::GroupedComma),
            ("0.001", Writing::Point),
            ("1,001", Writing::Comma),
            ("--1", Writing::Point),
            ("1e3", Writing::Point),
            ("(1", Writing::Point),
            ("99999999999999999999", Writing::Point),
            ("-92233720368547758.08", Writing::Point),
        ] {
            assert!(euros(text, writing).is_err(), "{text}");
        }
    }
}
