//! Years, quarters and months, as reports name them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::fault::TimeFault;
use crate::time::{Day, Stamp, Zone, digits, travels_as_text};

/// A year, quarter or month, as reports name it: `2026`, `2026-Q1`, `2026-03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// A calendar year.
    Year(i16),
    /// A quarter, 1 to 4.
    Quarter(i16, i8),
    /// A month, 1 to 12.
    Month(i16, i8),
}

impl Period {
    /// Reads `2026`, `2026-Q1` or `2026-03`.
    ///
    /// # Errors
    /// [`TimeFault::NotAPeriod`].
    pub fn parse(text: &str) -> Result<Self, TimeFault> {
        Self::read(text.as_bytes())
            .ok_or_else(|| TimeFault::NotAPeriod { text: text.chars().take(40).collect() })
    }

    fn read(text: &[u8]) -> Option<Self> {
        let (year, rest) = text.split_first_chunk::<4>()?;
        let year = i16::try_from(digits(year)?).ok().filter(|&year| year > 0)?;
        match *rest {
            [] => Some(Self::Year(year)),
            [b'-', b'Q' | b'q', quarter @ b'1'..=b'4'] => {
                Some(Self::Quarter(year, (quarter - b'0').cast_signed()))
            }
            [b'-', tens, ones] => {
                let month = i8::try_from(digits(&[tens, ones])?).ok()?;
                (1..=12).contains(&month).then_some(Self::Month(year, month))
            }
            _ => None,
        }
    }

    /// The month a day lies in.
    pub fn month_of(day: Day) -> Self {
        Self::Month(day.year(), day.month())
    }

    /// The quarter a day lies in.
    pub fn quarter_of(day: Day) -> Self {
        Self::Quarter(day.year(), (day.month() - 1) / 3 + 1)
    }

    fn months(self) -> (i16, i8, i64) {
        match self {
            Self::Year(year) => (year, 1, 12),
            Self::Quarter(year, quarter) => (year, quarter * 3 - 2, 3),
            Self::Month(year, month) => (year, month, 1),
        }
    }

    /// The first day.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`] for numbers that name no period.
    pub fn first_day(self) -> Result<Day, TimeFault> {
        let (year, month, _) = self.months();
        Day::new(year, month, 1)
    }

    /// The last day, which belongs to the period.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`] for numbers that name no period.
    pub fn last_day(self) -> Result<Day, TimeFault> {
        let (_, _, months) = self.months();
        Ok(self.first_day()?.plus_months(months - 1)?.last_of_month())
    }

    /// The period of the same kind right after.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`].
    pub fn next(self) -> Result<Self, TimeFault> {
        self.moved(1)
    }

    /// The period of the same kind right before.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`].
    pub fn previous(self) -> Result<Self, TimeFault> {
        self.moved(-1)
    }

    fn moved(self, steps: i64) -> Result<Self, TimeFault> {
        let (_, _, months) = self.months();
        let day = self.first_day()?.plus_months(months * steps)?;
        Ok(match self {
            Self::Year(_) => Self::Year(day.year()),
            Self::Quarter(..) => Self::quarter_of(day),
            Self::Month(..) => Self::month_of(day),
        })
    }

    /// Whether a day lies in it.
    pub fn contains(self, day: Day) -> bool {
        match self {
            Self::Year(year) => day.year() == year,
            Self::Quarter(..) => Self::quarter_of(day) == self,
            Self::Month(..) => Self::month_of(day) == self,
        }
    }

    /// The instants [start, end) in a zone.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`].
    pub fn bounds(self, zone: &Zone) -> Result<(Stamp, Stamp), TimeFault> {
        Ok((self.first_day()?.start(zone)?, self.last_day()?.plus_days(1)?.start(zone)?))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Quarter(year, quarter) => write!(f, "{year:04}-Q{quarter}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
        }
    }
}

impl FromStr for Period {
    type Err = TimeFault;

    fn from_str(text: &str) -> Result<Self, TimeFault> {
        Self::parse(text)
    }
}

travels_as_text!(Period);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn periods_are_days_from_first_to_last() {
        for (text, first, last) in [
            ("2026", "2026-01-01", "2026-12-31"),
            ("2026-Q1", "2026-01-01", "2026-03-31"),
            ("2026-Q4", "2026-10-01", "2026-12-31"),
            ("2024-02", "2024-02-01", "2024-02-29"),
        ] {
            let period = Period::parse(text).unwrap();
            assert_eq!(period.first_day().unwrap(), day(first));
            assert_eq!(period.last_day().unwrap(), day(last));
            assert_eq!(period.to_string(), text);
        }
        for text in
            ["2026-13", "2026-00", "2026-Q5", "2026-Q0", "26", "2026-1", "Q1-2026", "0000", "2026-03-01"]
        {
            assert!(Period::parse(text).is_err(), "{text}");
        }
        assert_eq!(Period::Month(2026, 12).next().unwrap(), Period::Month(2027, 1));
        assert_eq!(Period::Quarter(2026, 1).previous().unwrap(), Period::Quarter(2025, 4));
        let (start, end) = Period::Month(2026, 3).bounds(&Zone::parse("Europe/Paris").unwrap()).unwrap();
        assert_eq!(start.millis_until(end), (31 * 24 - 1) * 3_600_000);
        assert_eq!(serde_json::to_string(&Period::Quarter(2026, 1)).unwrap(), r#""2026-Q1""#);
    }

    proptest! {
        #[test]
        fn a_period_contains_exactly_its_days(year in 1900_i16..2100, month in 1_i8..=12, offset in -400_i64..400) {
            let start = Day::new(year, month, 1).unwrap();
            let day = start.plus_days(offset).unwrap();
            for period in [Period::month_of(start), Period::quarter_of(start), Period::Year(year)] {
                let inside = period.first_day().unwrap() <= day && day <= period.last_day().unwrap();
                prop_assert_eq!(period.contains(day), inside);
                prop_assert_eq!(Period::parse(&period.to_string()), Ok(period));
                prop_assert_eq!(period.next().unwrap().previous().unwrap(), period);
                prop_assert_eq!(
                    period.last_day().unwrap().plus_days(1).unwrap(), period.next().unwrap().first_day().unwrap()
                );
            }
        }
    }
}
