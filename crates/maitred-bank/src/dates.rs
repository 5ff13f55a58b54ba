//! Days as banks write them. A day that its month does not have (30 February, which 30/360 interest books on) is
//! the month's last day, and said so.

use maitred_kernel::Day;

/// A day, and whether it had to be moved into its month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dated {
    pub(crate) day: Day,
    pub(crate) clamped: bool,
}

/// The day of a year, month and day of month.
pub(crate) fn civil(year: i16, month: i8, day: i8) -> Option<Dated> {
    if !(1..=31).contains(&day) {
        return None;
    }
    if let Ok(day) = Day::new(year, month, day) {
        return Some(Dated { day, clamped: false });
    }
    Day::new(year, month, 1).ok().map(|first| Dated { day: first.last_of_month(), clamped: true })
}

/// The year a two-digit year means: 80 to 99 are of the last century.
pub(crate) fn full_year(two: i16) -> i16 {
    if two >= 80 { 1900 + two } else { 2000 + two }
}

/// `YYMMDD`.
pub(crate) fn short(text: &str) -> Option<Dated> {
    let (year, rest) = text.split_at_checked(2)?;
    let (month, day) = rest.split_at_checked(2)?;
    civil(full_year(number(year)?), small(month)?, small(day)?).filter(|_| day.len() == 2)
}

/// The day of `MMDD` nearest to another day: entry dates lack the year.
pub(crate) fn near(month_day: &str, value: Day) -> Option<Dated> {
    let (month, day) = month_day.split_at_checked(2)?;
    let (month, day) = (small(month)?, small(day).filter(|_| day.len() == 2)?);
    let apart = i16::from(month) - i16::from(value.month());
    let year = match apart {
        7.. => value.year() - 1,
        ..=-7 => value.year() + 1,
        _ => value.year(),
    };
    civil(year, month, day)
}

/// `YYYYMMDD` at the beginning of a text (OFX).
pub(crate) fn compact(text: &str) -> Option<Dated> {
    let digits = text.get(..8)?;
    let (year, rest) = digits.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    // A ninth digit begins the hour: `YYYYMMDDHHMMSS`.
    civil(number(year)?, small(month)?, small(day)?)
}

/// `YYYY-MM-DD` at the beginning of a text (ISO 20022), before a time or a zone.
pub(crate) fn iso(text: &str) -> Option<Dated> {
    let day = text.get(..10)?;
    if text.get(10..11).is_some_and(|next| !matches!(next, "T" | "Z" | "+" | "-")) {
        return None;
    }
    let mut parts = day.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    civil(number(year)?, small(month)?, small(day)?)
}

/// By a pattern of `YYYY`, `YY`, `MM`, `M`, `DD`, `D` and what stands between them. A time may follow after a blank
/// or a `T`.
pub(crate) fn by_pattern(text: &str, pattern: &str) -> Option<Dated> {
    let (mut rest, mut pattern) = (text.trim(), pattern);
    let (mut year, mut month, mut day) = (None, None, None);
    while let Some(letter) = pattern.chars().next() {
        let run = pattern.chars().take_while(|&next| next == letter).count();
        match letter {
            'Y' if run >= 4 => year = Some(number(take(&mut rest, 4, 4)?)?),
            'Y' => year = Some(full_year(number(take(&mut rest, 2, 2)?)?)),
            'M' => month = Some(small(take(&mut rest, 1, 2)?)?),
            'D' => day = Some(small(take(&mut rest, 1, 2)?)?),
            _ => {
                for _ in 0..run {
                    rest = rest.strip_prefix(letter)?;
                }
            }
        }
        pattern = pattern.get(run * letter.len_utf8()..)?;
    }
    if !rest.is_empty() && !rest.starts_with([' ', 'T']) {
        return None;
    }
    civil(year?, month?, day?)
}

/// Whether a pattern names a year, a month and a day, once each.
pub(crate) fn is_pattern(pattern: &str) -> bool {
    let runs = |wanted: char| {
        let mut before = None;
        pattern
            .chars()
            .filter(|&letter| {
                let begins = letter == wanted && before != Some(wanted);
                before = Some(letter);
                begins
            })
            .count()
    };
    pattern.len() <= 20 && runs('Y') == 1 && runs('M') == 1 && runs('D') == 1
}

fn take<'a>(rest: &mut &'a str, least: usize, most: usize) -> Option<&'a str> {
    let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if length < least {
        return None;
    }
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn number(text: &str) -> Option<i16> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn small(text: &str) -> Option<i8> {
    number(text).and_then(|number| i8::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(dated: Option<Dated>) -> String {
        match dated {
            None => "none".to_owned(),
            Some(Dated { day, clamped }) => format!("{day}{}", if clamped { " clamped" } else { "" }),
        }
    }

    #[test]
    fn impossible_days_are_the_last_of_their_month() {
        assert_eq!(shown(short("090230")), "2009-02-28 clamped");
        assert_eq!(shown(short("080230")), "2008-02-29 clamped");
        assert_eq!(shown(compact("20120231120000[-5:EST]")), "2012-02-29 clamped");
        assert_eq!(shown(iso("2026-04-31")), "2026-04-30 clamped");
        assert_eq!(shown(short("991301")), "none");
        assert_eq!(shown(short("990132")), "none");
        assert_eq!(shown(short("990100")), "none");
        assert_eq!(shown(short("9901011")), "none");
    }

    #[test]
    fn entry_days_take_the_nearest_year() {
        let january = Day::new(2021, 1, 2).unwrap();
        let december = Day::new(2020, 12, 30).unwrap();
        assert_eq!(shown(near("1231", january)), "2020-12-31");
        assert_eq!(shown(near("0102", december)), "2021-01-02");
        assert_eq!(shown(near("0105", january)), "2021-01-05");
    }

    #[test]
    fn patterns_read_what_they_say() {
        for (text, pattern, day) in [
            ("1.2.2026", "DD.MM.YYYY", "2026-02-01"),
            ("31/12/99", "DD/MM/YY", "1999-12-31"),
            ("20260302", "YYYYMMDD", "2026-03-02"),
            ("2026-03-02 10:00", "YYYY-MM-DD", "2026-03-02"),
            ("30.02.2026", "DD.MM.YYYY", "2026-02-28 clamped"),
            ("02.03.2026x", "DD.MM.YYYY", "none"),
            ("2026-03", "YYYY-MM-DD", "none"),
            ("٢.3.2026", "DD.MM.YYYY", "none"),
        ] {
            assert_eq!(shown(by_pattern(text, pattern)), day, "{text} {pattern}");
        }
        assert!(is_pattern("DD.MM.YYYY"));
        assert!(!is_pattern("DD.MM"));
        assert!(!is_pattern("DD.DD.YYYY"));
    }
}
