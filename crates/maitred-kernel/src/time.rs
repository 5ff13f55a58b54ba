//! Days, instants and time zones, as they are stored and as people write them.
//!
//! A [`Day`] is a date of the organisation's calendar, a [`Stamp`] an instant in UTC to the millisecond; only a
//! [`Zone`] turns one into the other. Working hours are [`crate::calendar`]'s business; no clock is read here.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::fault::TimeFault;

/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// A day of the calendar, years 1 to 9999; stored as `YYYY-MM-DD`, whose text order is its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// The day of a year, month and day of month.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`] when there is no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, TimeFault> {
        Date::new(year, month, day).map_err(|_| TimeFault::OutOfRange).and_then(Self::from_date)
    }

    /// Reads `YYYY-MM-DD`, and nothing else.
    ///
    /// # Errors
    /// [`TimeFault::NotADay`].
    pub fn parse(text: &str) -> Result<Self, TimeFault> {
        let fault = || TimeFault::NotADay { text: text.chars().take(40).collect() };
        let bytes: &[u8; 10] = text.as_bytes().try_into().map_err(|_| fault())?;
        read_day(bytes).ok_or_else(fault)
    }

    /// From a civil date.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`] outside the years 1 to 9999.
    pub fn from_date(date: Date) -> Result<Self, TimeFault> {
        if (1..=9999).contains(&date.year()) { Ok(Self(date)) } else { Err(TimeFault::OutOfRange) }
    }

    /// As a civil date.
    pub fn date(self) -> Date {
        self.0
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> i8 {
        self.0.month()
    }

    /// The day of the week.
    pub fn weekday(self) -> Weekday {
        self.0.weekday()
    }

    /// The day so many days later, or earlier when negative.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`].
    pub fn plus_days(self, days: i64) -> Result<Self, TimeFault> {
        self.shift(Span::new().try_days(days))
    }

    /// The same day so many months later; the last day of the month where it has no such day.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`].
    pub fn plus_months(self, months: i64) -> Result<Self, TimeFault> {
        self.shift(Span::new().try_months(months))
    }

    fn shift(self, span: Result<Span, jiff::Error>) -> Result<Self, TimeFault> {
        span.and_then(|span| self.0.checked_add(span))
            .map_err(|_| TimeFault::OutOfRange)
            .and_then(Self::from_date)
    }

    /// Days from this day to the other; negative when the other is earlier.
    pub fn days_until(self, other: Self) -> i64 {
        day_number(other.0) - day_number(self.0)
    }

    /// The first day of its month.
    pub fn first_of_month(self) -> Self {
        Self(self.0.first_of_month())
    }

    /// The last day of its month.
    pub fn last_of_month(self) -> Self {
        Self(self.0.last_of_month())
    }

    /// The first instant of the day in a zone.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`] at the very ends of time.
    pub fn start(self, zone: &Zone) -> Result<Stamp, TimeFault> {
        zone.instant(self.0.to_datetime(jiff::civil::Time::midnight()))
    }

    /// The instants [start, end) of the day in a zone: 23 or 25 hours apart where the clocks change.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`] at the very ends of time.
    pub fn bounds(self, zone: &Zone) -> Result<(Stamp, Stamp), TimeFault> {
        Ok((self.start(zone)?, self.plus_days(1)?.start(zone)?))
    }
}

/// Days since 1970-01-01 (the proleptic Gregorian calendar; H. Hinnant's civil-from-days arithmetic).
fn day_number(date: Date) -> i64 {
    let (month, day) = (i64::from(date.month()), i64::from(date.day()));
    let year = i64::from(date.year()) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`day_number`], as year, month and day.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Reads decimal digits; nothing if any byte is none.
pub(crate) fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

fn read_day(text: &[u8; 10]) -> Option<Day> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else { return None };
    let year = i16::try_from(digits(&[y1, y2, y3, y4])?).ok()?;
    let month = i8::try_from(digits(&[m1, m2])?).ok()?;
    let day = i8::try_from(digits(&[d1, d2])?).ok()?;
    Day::new(year, month, day).ok()
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Day {
    type Err = TimeFault;

    fn from_str(text: &str) -> Result<Self, TimeFault> {
        Self::parse(text)
    }
}

/// An instant in UTC, to the millisecond, years 1 to 9999; stored as `YYYY-MM-DDTHH:MM:SS.mmmZ`, whose text order
/// is its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(i64);

impl Stamp {
    /// Length of the stored text in bytes.
    pub const TEXT_LENGTH: usize = 24;
    /// 1970-01-01T00:00:00.000Z.
    pub const EPOCH: Self = Self(0);

    // 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z.
    const FIRST: i64 = -62_135_596_800_000;
    const LAST: i64 = 253_402_300_799_999;

    /// From milliseconds since 1970 in UTC.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`] outside the years 1 to 9999.
    pub fn from_millis(millis: i64) -> Result<Self, TimeFault> {
        if (Self::FIRST..=Self::LAST).contains(&millis) {
            Ok(Self(millis))
        } else {
            Err(TimeFault::OutOfRange)
        }
    }

    /// Milliseconds since 1970 in UTC.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// From a timestamp; what is finer than a millisecond is cut off towards the past.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`] outside the years 1 to 9999.
    pub fn from_timestamp(timestamp: Timestamp) -> Result<Self, TimeFault> {
        let millis = timestamp.as_nanosecond().div_euclid(1_000_000);
        i64::try_from(millis).map_err(|_| TimeFault::OutOfRange).and_then(Self::from_millis)
    }

    /// As a timestamp.
    pub fn timestamp(self) -> Timestamp {
        // The range of a stamp lies within that of a timestamp.
        Timestamp::from_millisecond(self.0).unwrap_or_default()
    }

    /// Reads the stored form, and nothing else.
    ///
    /// # Errors
    /// [`TimeFault::NotAnInstant`].
    pub fn parse(text: &str) -> Result<Self, TimeFault> {
        Self::read(text).ok_or_else(|| not_an_instant(text))
    }

    fn read(text: &str) -> Option<Self> {
        let (day, time) = text.as_bytes().split_first_chunk::<10>()?;
        let [b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'.', f1, f2, f3, b'Z'] = *time else { return None };
        let day = read_day(day)?;
        let (hour, minute, second) = (digits(&[h1, h2])?, digits(&[m1, m2])?, digits(&[s1, s2])?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = (hour * 60 + minute) * 60 + second;
        Some(Self(day_number(day.0) * DAY_MS + seconds * 1000 + digits(&[f1, f2, f3])?))
    }

    /// Reads what a person or an agent writes: RFC 3339 with any offset, or a local date and time without one
    /// (`2026-03-31T09:00`), which is read in `zone`. A time that the clocks skip moves forward by the skipped
    /// span; a time that occurs twice is its first occurrence.
    ///
    /// # Errors
    /// [`TimeFault::NotAnInstant`], also for a day without a time; [`TimeFault::OutOfRange`].
    pub fn parse_in(text: &str, zone: &Zone) -> Result<Self, TimeFault> {
        if let Some(stamp) = Self::read(text) {
            return Ok(stamp);
        }
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Self::from_timestamp(timestamp);
        }
        if !text.contains(':') || text.contains(['+', '[', 'Z', 'z']) {
            return Err(not_an_instant(text));
        }
        text.parse::<DateTime>().map_err(|_| not_an_instant(text)).and_then(|local| zone.instant(local))
    }

    /// The day of this instant in a zone.
    pub fn day(self, zone: &Zone) -> Day {
        let date = zone.0.to_datetime(self.timestamp()).date();
        // Only an instant within hours of the ends of time has its local day outside the range.
        Day::from_date(date).unwrap_or(Day(date
            .with()
            .year(date.year().clamp(1, 9999))
            .build()
            .unwrap_or(date)))
    }

    /// The local date and time in a zone.
    pub fn local(self, zone: &Zone) -> DateTime {
        zone.0.to_datetime(self.timestamp())
    }

    /// The instant so many milliseconds later.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`].
    pub fn plus_millis(self, millis: i64) -> Result<Self, TimeFault> {
        self.0.checked_add(millis).ok_or(TimeFault::OutOfRange).and_then(Self::from_millis)
    }

    /// Milliseconds from this instant to the other; negative when the other is earlier.
    pub fn millis_until(self, other: Self) -> i64 {
        other.0 - self.0
    }

    /// The stored form.
    pub fn text(self) -> String {
        self.to_string()
    }
}

fn not_an_instant(text: &str) -> TimeFault {
    TimeFault::NotAnInstant { text: text.chars().take(40).collect() }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0.div_euclid(DAY_MS));
        let rest = self.0.rem_euclid(DAY_MS);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |range: std::ops::Range<usize>, mut value: i64| {
            for slot in text.get_mut(range).into_iter().flatten().rev() {
                *slot = b'0' + u8::try_from(value % 10).unwrap_or(0);
                value /= 10;
            }
        };
        put(0..4, year);
        put(5..7, month);
        put(8..10, day);
        put(11..13, rest / 3_600_000);
        put(14..16, rest / MINUTE_MS % 60);
        put(17..19, rest / 1000 % 60);
        put(20..23, rest % 1000);
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Stamp {
    type Err = TimeFault;

    fn from_str(text: &str) -> Result<Self, TimeFault> {
        Self::parse(text)
    }
}

/// A time zone of the IANA database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Finds a zone by its IANA name: `Europe/Vienna`.
    ///
    /// # Errors
    /// [`TimeFault::UnknownZone`].
    pub fn parse(name: &str) -> Result<Self, TimeFault> {
        TimeZone::get(name)
            .map(Self)
            .map_err(|_| TimeFault::UnknownZone { text: name.chars().take(40).collect() })
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The instant of a local date and time: skipped times move forward, repeated times are the first of the two.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`].
    pub fn instant(&self, local: DateTime) -> Result<Stamp, TimeFault> {
        let timestamp = self.0.to_timestamp(local).map_err(|_| TimeFault::OutOfRange)?;
        Stamp::from_timestamp(timestamp)
    }

    /// The first instant at which the clock on the wall shows a local time or a later one. Differs from
    /// [`Self::instant`] for times that the clocks skip: those are all the one instant of the change, so that
    /// opening hours never overlap.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`].
    pub fn reaches(&self, local: DateTime) -> Result<Stamp, TimeFault> {
        if let AmbiguousOffset::Gap { after, .. } = self.0.to_ambiguous_timestamp(local).offset() {
            let before_change = after.to_timestamp(local).map_err(|_| TimeFault::OutOfRange)?;
            if let Some(change) = self.0.following(before_change).next() {
                return Stamp::from_timestamp(change.timestamp());
            }
        }
        self.instant(local)
    }
}

macro_rules! travels_as_text {
    ($($name:ty),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(de::Error::custom)
            }
        }
    )*};
}

travels_as_text!(Day, Stamp);
pub(crate) use travels_as_text;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    #[test]
    fn days_are_strict() {
        assert_eq!(day("2024-02-29").to_string(), "2024-02-29");
        for text in
            ["2023-02-29", "2026-13-01", "2026-1-01", "26-01-01", "2026-01-01T", "0000-01-01", "２026-01"]
        {
            assert!(Day::parse(text).is_err(), "{text}");
        }
        assert_eq!(day("2026-01-31").plus_months(1).unwrap(), day("2026-02-28"));
        assert_eq!(day("2026-03-01").plus_days(-1).unwrap(), day("2026-02-28"));
        assert!(day("9999-12-31").plus_days(1).is_err());
        assert!(day("2026-01-01").plus_days(i64::MAX).is_err());
    }

    #[test]
    fn stamps_read_their_own_form_only() {
        let stamp = Stamp::parse("2026-03-31T09:00:00.123Z").unwrap();
        assert_eq!(stamp.text(), "2026-03-31T09:00:00.123Z");
        assert_eq!(Stamp::from_millis(0).unwrap().text(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Stamp::parse("0001-01-01T00:00:00.000Z").unwrap().millis(), Stamp::FIRST);
        assert_eq!(Stamp::parse("9999-12-31T23:59:59.999Z").unwrap().millis(), Stamp::LAST);
        for text in ["2026-03-31T09:00:00Z", "2026-03-31T24:00:00.000Z", "2026-03-31 09:00:00.000Z", "", "Z"]
        {
            assert!(Stamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn people_write_times_in_many_ways() {
        let paris = zone("Europe/Paris");
        for (text, stored) in [
            ("2026-03-31T09:00:00+02:00", "2026-03-31T07:00:00.000Z"),
            ("2026-03-31T09:00:00Z", "2026-03-31T09:00:00.000Z"),
            ("2026-03-31T09:00:00.1239Z", "2026-03-31T09:00:00.123Z"),
            ("2026-03-31T09:00", "2026-03-31T07:00:00.000Z"),
            ("2026-01-31 09:00:30", "2026-01-31T08:00:30.000Z"),
            ("2026-03-29T02:30", "2026-03-29T01:30:00.000Z"),
            ("2026-10-25T02:30", "2026-10-25T00:30:00.000Z"),
        ] {
            assert_eq!(Stamp::parse_in(text, &paris).unwrap().text(), stored, "{text}");
        }
        for text in ["2026-03-31", "tomorrow", "09:00", "2026-03-31T25:00", ""] {
            assert!(Stamp::parse_in(text, &paris).is_err(), "{text}");
        }
    }

    #[test]
    fn days_have_the_length_their_zone_gives_them() {
        let paris = zone("Europe/Paris");
        for (text, hours) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)] {
            let (start, end) = day(text).bounds(&paris).unwrap();
            assert_eq!(start.millis_until(end), hours * 3_600_000, "{text}");
            assert_eq!(start.day(&paris), day(text));
            assert_eq!(start.plus_millis(-1).unwrap().day(&paris), day(text).plus_days(-1).unwrap());
        }
        assert_eq!(day("2026-07-01").start(&paris).unwrap().text(), "2026-06-30T22:00:00.000Z");
        // Here the clocks go forward at midnight: the day begins at one.
        let cairo = zone("Africa/Cairo");
        let (start, end) = day("2024-04-26").bounds(&cairo).unwrap();
        assert_eq!(start.local(&cairo).to_string(), "2024-04-26T01:00:00");
        assert_eq!(start.millis_until(end), 23 * 3_600_000);
    }

    #[test]
    fn zones_are_named() {
        assert_eq!(zone("Europe/Paris").name(), "Europe/Paris");
        assert_eq!(Zone::UTC.name(), "UTC");
        assert!(Zone::parse("Europe/Atlantis").is_err());
    }

    proptest! {
        #[test]
        fn stamps_survive_their_text_and_keep_their_order(
            a in Stamp::FIRST..=Stamp::LAST, b in Stamp::FIRST..=Stamp::LAST
        ) {
            let (a, b) = (Stamp(a), Stamp(b));
            prop_assert_eq!(Stamp::parse(&a.text()), Ok(a));
            prop_assert_eq!(a.cmp(&b), a.text().cmp(&b.text()));
            prop_assert_eq!(a.timestamp().as_millisecond(), a.millis());
            prop_assert_eq!(a.text().parse::<Timestamp>().unwrap(), a.timestamp());
        }

        #[test]
        fn days_count_like_the_calendar(millis in Stamp::FIRST..=Stamp::LAST, days in -100_000_i64..100_000) {
            let day = Stamp(millis).day(&Zone::UTC);
            prop_assert_eq!(Day::parse(&day.to_string()), Ok(day));
            prop_assert_eq!(civil(day_number(day.0)), (day.year().into(), day.month().into(), day.0.day().into()));
            if let Ok(later) = day.plus_days(days) {
                prop_assert_eq!(day.days_until(later), days);
            }
        }
    }
}
