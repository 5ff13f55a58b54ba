//! Working time: opening hours, holidays, business minutes and working days.
//!
//! Opening hours are wall-clock times of the calendar's zone, so an open span is an hour shorter or longer where
//! the clocks change inside it. Nothing here reads a clock.

use std::collections::BTreeSet;

use jiff::civil::{Time, Weekday};

use crate::fault::TimeFault;
use crate::time::{Day, MINUTE_MS, Stamp, Zone, digits};

/// Minutes in a day of the clock.
pub const DAY_MINUTES: u16 = 1440;

// How far a search for working time goes before the calendar counts as never open.
const SEARCH_DAYS: u32 = 3660;

/// An open span of a day: minutes of the clock from `from` up to but not including `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpenHours {
    /// Minute of the day it opens: 540 for nine o'clock.
    pub from: u16,
    /// Minute of the day it closes; 1440 is midnight.
    pub until: u16,
}

impl OpenHours {
    /// Reads `09:00-17:30`; `24:00` is the end of the day. Nothing when it is not of that form.
    pub fn parse(text: &str) -> Option<Self> {
        let minute = |text: &str| -> Option<u16> {
            let (hour, minute) = text.split_once(':')?;
            let two = |part: &str| {
                (part.len() == 2)
                    .then(|| digits(part.as_bytes()))
                    .flatten()
                    .and_then(|n| u16::try_from(n).ok())
            };
            let (hour, minute) = (two(hour)?, two(minute)?);
            let total = hour * 60 + minute;
            (minute < 60 && total <= DAY_MINUTES).then_some(total)
        };
        let (from, until) = text.split_once('-')?;
        let hours = Self { from: minute(from)?, until: minute(until)? };
        (hours.from < hours.until).then_some(hours)
    }
}

/// When an organisation, a team or a policy works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessCalendar {
    zone: Zone,
    // Monday first. Within a day in order, apart from each other, none empty.
    weekly: [Vec<OpenHours>; 7],
    holidays: BTreeSet<Day>,
}

impl BusinessCalendar {
    /// A calendar of opening hours per weekday, Monday first, and days on which it stays closed.
    ///
    /// # Errors
    /// [`TimeFault::BadOpeningHours`] unless the hours of each day are in order, apart, and within the day.
    pub fn new(
        zone: Zone,
        weekly: [Vec<OpenHours>; 7],
        holidays: impl IntoIterator<Item = Day>,
    ) -> Result<Self, TimeFault> {
        for (hours, weekday) in weekly.iter().zip(1..) {
            let mut reached = 0;
            for open in hours {
                if open.from < reached || open.until <= open.from || open.until > DAY_MINUTES {
                    return Err(TimeFault::BadOpeningHours { weekday });
                }
                reached = open.until;
            }
        }
        Ok(Self { zone, weekly, holidays: holidays.into_iter().collect() })
    }

    /// Monday to Friday, nine to five, no holidays.
    pub fn office_hours(zone: Zone) -> Self {
        let open = || vec![OpenHours { from: 540, until: 1020 }];
        Self {
            zone,
            weekly: [open(), open(), open(), open(), open(), vec![], vec![]],
            holidays: BTreeSet::new(),
        }
    }

    /// Every minute of every day.
    pub fn always(zone: Zone) -> Self {
        let open = || vec![OpenHours { from: 0, until: DAY_MINUTES }];
        Self { zone, weekly: std::array::from_fn(|_| open()), holidays: BTreeSet::new() }
    }

    /// The zone its hours are wall-clock times of.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The opening hours of a day; none on a holiday.
    pub fn hours(&self, day: Day) -> &[OpenHours] {
        if self.holidays.contains(&day) { &[] } else { self.weekly_hours(day.weekday()) }
    }

    fn weekly_hours(&self, weekday: Weekday) -> &[OpenHours] {
        let index = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0);
        self.weekly.get(index).map_or(&[], Vec::as_slice)
    }

    /// Whether it is open at an instant.
    pub fn is_open(&self, at: Stamp) -> bool {
        self.spans(at.day(&self.zone)).any(|(start, end)| start <= at && at < end)
    }

    /// The open spans of a day as instants, in order, each after the one before.
    fn spans(&self, day: Day) -> impl Iterator<Item = (Stamp, Stamp)> + '_ {
        self.hours(day).iter().filter_map(move |open| {
            let start = self.instant(day, open.from)?;
            let end = self.instant(day, open.until)?;
            // Hours that lie wholly in the hour that is skipped are no time at all.
            (start < end).then_some((start, end))
        })
    }

    fn instant(&self, day: Day, minute: u16) -> Option<Stamp> {
        if minute >= DAY_MINUTES {
            return day.plus_days(1).ok()?.start(&self.zone).ok();
        }
        let hour = i8::try_from(minute / 60).ok()?;
        let time = Time::new(hour, i8::try_from(minute % 60).ok()?, 0, 0).ok()?;
        self.zone.reaches(day.date().to_datetime(time)).ok()
    }

    /// Business minutes in [a, b), `bt(a,b)` in the formulas; 0 when b is not after a.
    ///
    /// A minute counts when its end is reached, and minutes are counted from the opening of each span: therefore
    /// `bt(a,c) = bt(a,b) + bt(b,c)` for any instants in order, to the minute and without drift (invariant 29).
    pub fn business_minutes(&self, a: Stamp, b: Stamp) -> i64 {
        self.sum(a, b, |start, from, until| {
            start.millis_until(until) / MINUTE_MS - start.millis_until(from) / MINUTE_MS
        })
    }

    /// Business time in [a, b) in milliseconds; 0 when b is not after a.
    pub fn business_millis(&self, a: Stamp, b: Stamp) -> i64 {
        self.sum(a, b, |_, from, until| from.millis_until(until))
    }

    /// Adds up what `measure` makes of (opening of the span, begin, end of the part of it within [a, b)).
    fn sum(&self, a: Stamp, b: Stamp, measure: impl Fn(Stamp, Stamp, Stamp) -> i64) -> i64 {
        if a >= b {
            return 0;
        }
        let last = b.day(&self.zone);
        let mut day = a.day(&self.zone);
        let mut total = 0;
        while day <= last {
            for (start, end) in self.spans(day) {
                let (from, until) = (start.max(a), end.min(b));
                if from < until {
                    total += measure(start, from, until);
                }
            }
            match day.plus_days(1) {
                Ok(next) => day = next,
                Err(_) => break,
            }
        }
        total
    }

    /// The instant at which so many business minutes after `from` have passed: the due time of a clock.
    ///
    /// With no minutes it is `from` itself, also outside opening hours.
    ///
    /// # Errors
    /// [`TimeFault::NeverOpen`] when ten years of closed days go by; [`TimeFault::OutOfRange`].
    pub fn add_business_minutes(&self, from: Stamp, minutes: u32) -> Result<Stamp, TimeFault> {
        let mut rest = i64::from(minutes) * MINUTE_MS;
        if rest == 0 {
            return Ok(from);
        }
        let mut day = from.day(&self.zone);
        let mut closed = 0;
        while closed < SEARCH_DAYS {
            closed += 1;
            for (start, end) in self.spans(day) {
                let begin = start.max(from);
                if begin >= end {
                    continue;
                }
                closed = 0;
                let length = begin.millis_until(end);
                if rest <= length {
                    return begin.plus_millis(rest);
                }
                rest -= length;
            }
            day = day.plus_days(1)?;
        }
        Err(TimeFault::NeverOpen)
    }

    /// Whether anybody works on a day: it has opening hours and is no holiday.
    pub fn is_working_day(&self, day: Day) -> bool {
        !self.hours(day).is_empty()
    }

    /// Working days in [a, b), `wd(a,b)` in the formulas; 0 when b is not after a.
    pub fn working_days(&self, a: Day, b: Day) -> i64 {
        let days = a.days_until(b);
        if days <= 0 {
            return 0;
        }
        // Whole weeks need no walk, only their holidays taken off again.
        let per_week = self.weekly.iter().filter(|hours| !hours.is_empty()).count();
        let rest = (days / 7 * 7..days).filter(|&offset| {
            a.plus_days(offset).is_ok_and(|day| !self.weekly_hours(day.weekday()).is_empty())
        });
        let closed = self.holidays.range(a..b).filter(|day| !self.weekly_hours(day.weekday()).is_empty());
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        days / 7 * count(per_week) + count(rest.count()) - count(closed.count())
    }

    /// The n-th working day after a day, or before it when n is negative; the day itself for 0.
    ///
    /// # Errors
    /// [`TimeFault::NeverOpen`] when ten years of closed days go by; [`TimeFault::OutOfRange`].
    pub fn add_working_days(&self, day: Day, n: i64) -> Result<Day, TimeFault> {
        let (mut day, mut left, mut closed) = (day, n.unsigned_abs(), 0);
        while left > 0 {
            day = day.plus_days(n.signum())?;
            if self.is_working_day(day) {
                left -= 1;
                closed = 0;
            } else {
                closed += 1;
                if closed >= SEARCH_DAYS {
                    return Err(TimeFault::NeverOpen);
                }
            }
        }
        Ok(day)
    }

    /// The day itself when it is a working day, else the next that is.
    ///
    /// # Errors
    /// Those of [`Self::add_working_days`].
    pub fn working_day_from(&self, day: Day) -> Result<Day, TimeFault> {
        if self.is_working_day(day) { Ok(day) } else { self.add_working_days(day, 1) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn at(text: &str, calendar: &BusinessCalendar) -> Stamp {
        Stamp::parse_in(text, calendar.zone()).unwrap()
    }

    fn paris() -> BusinessCalendar {
        let open =
            || vec![OpenHours::parse("09:00-12:00").unwrap(), OpenHours::parse("13:00-17:30").unwrap()];
        BusinessCalendar::new(
            Zone::parse("Europe/Paris").unwrap(),
            [open(), open(), open(), open(), open(), vec![OpenHours::parse("10:00-12:00").unwrap()], vec![]],
            [day("2026-05-01"), day("2026-05-03"), day("2026-07-14")],
        )
        .unwrap()
    }

    #[test]
    fn hours_are_read_and_checked() {
        assert_eq!(OpenHours::parse("09:00-24:00"), Some(OpenHours { from: 540, until: 1440 }));
        for text in
            ["", "9:00-17:00", "09:00-24:01", "17:00-09:00", "09:00-09:00", "09:60-10:00", "+9:00-10:00"]
        {
            assert_eq!(OpenHours::parse(text), None, "{text}");
        }
        let overlapping = vec![OpenHours { from: 0, until: 600 }, OpenHours { from: 599, until: 700 }];
        let week = [vec![], overlapping, vec![], vec![], vec![], vec![], vec![]];
        assert_eq!(
            BusinessCalendar::new(Zone::UTC, week, []),
            Err(TimeFault::BadOpeningHours { weekday: 2 })
        );
    }

    #[test]
    fn minutes_count_inside_opening_hours_only() {
        let calendar = paris();
        for (a, b, minutes) in [
            ("2026-03-02T09:00", "2026-03-02T10:00", 60),
            ("2026-03-02T11:30", "2026-03-02T13:30", 60),
            ("2026-03-02T17:00", "2026-03-03T09:30", 60),
            ("2026-03-06T17:00", "2026-03-09T09:30", 180),
            ("2026-03-02T00:00", "2026-03-09T00:00", 5 * 450 + 120),
            ("2026-04-30T17:00", "2026-05-02T10:30", 60),
            ("2026-03-02T10:00", "2026-03-02T09:00", 0),
            ("2026-03-02T09:00:30", "2026-03-02T09:01:30", 1),
            ("2026-03-02T09:00:30", "2026-03-02T09:00:59", 0),
        ] {
            assert_eq!(calendar.business_minutes(at(a, &calendar), at(b, &calendar)), minutes, "{a} {b}");
        }
        assert!(calendar.is_open(at("2026-03-02T09:00", &calendar)));
        assert!(!calendar.is_open(at("2026-03-02T12:00", &calendar)));
        assert!(!calendar.is_open(at("2026-05-01T10:00", &calendar)));
    }

    #[test]
    fn clock_changes_shorten_and_lengthen_open_spans() {
        let calendar = BusinessCalendar::always(Zone::parse("Europe/Paris").unwrap());
        for (text, hours) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)] {
            let (start, end) = day(text).bounds(calendar.zone()).unwrap();
            assert_eq!(calendar.business_minutes(start, end), hours * 60, "{text}");
        }
        let office = BusinessCalendar::office_hours(Zone::parse("Europe/Paris").unwrap());
        let week = (at("2026-03-27T00:00", &office), at("2026-03-31T00:00", &office));
        assert_eq!(office.business_minutes(week.0, week.1), 2 * 480);
        assert_eq!(at("2026-03-27T09:00", &office).text(), "2026-03-27T08:00:00.000Z");
        assert_eq!(
            office.add_business_minutes(at("2026-03-27T16:00", &office), 120).unwrap().text(),
            "2026-03-30T08:00:00.000Z"
        );
    }

    #[test]
    fn hours_around_a_skipped_hour_do_not_overlap() {
        let hours = |text| OpenHours::parse(text).unwrap();
        let sunday = vec![hours("00:00-02:30"), hours("02:45-02:50"), hours("03:00-24:00")];
        let mut week: [Vec<OpenHours>; 7] = Default::default();
        week[6] = sunday;
        let calendar = BusinessCalendar::new(Zone::parse("Europe/Paris").unwrap(), week, []).unwrap();
        let minutes = |text| {
            let (start, end) = day(text).bounds(calendar.zone()).unwrap();
            calendar.business_minutes(start, end)
        };
        assert_eq!(minutes("2026-03-22"), 1440 - 25);
        assert_eq!(minutes("2026-03-29"), 1380, "from two to three there is no time");
        assert_eq!(minutes("2026-10-25"), 1440 - 25, "the second two o'clock falls between 02:50 and 03:00");
    }

    #[test]
    fn due_times_skip_closed_time() {
        let calendar = paris();
        for (from, minutes, due) in [
            ("2026-03-02T09:00", 60, "2026-03-02T10:00"),
            ("2026-03-02T11:30", 60, "2026-03-02T13:30"),
            ("2026-03-02T11:00", 60, "2026-03-02T12:00"),
            ("2026-03-02T20:00", 30, "2026-03-03T09:30"),
            ("2026-04-30T17:00", 60, "2026-05-02T10:30"),
            ("2026-03-01T03:00", 0, "2026-03-01T03:00"),
        ] {
            assert_eq!(
                calendar.add_business_minutes(at(from, &calendar), minutes),
                Ok(at(due, &calendar)),
                "{from}"
            );
        }
        let never = BusinessCalendar::new(Zone::UTC, Default::default(), []).unwrap();
        let start = at("2026-03-02T09:00", &never);
        assert_eq!(never.add_business_minutes(start, 1), Err(TimeFault::NeverOpen));
        assert_eq!(never.add_working_days(day("2026-03-02"), 1), Err(TimeFault::NeverOpen));
        assert_eq!(never.business_minutes(start, start.plus_millis(1_000_000_000).unwrap()), 0);
    }

    #[test]
    fn working_days_skip_weekends_and_holidays() {
        let calendar = paris();
        assert_eq!(calendar.working_days(day("2026-03-02"), day("2026-03-09")), 6);
        assert_eq!(
            calendar.working_days(day("2026-04-27"), day("2026-05-04")),
            5,
            "the 3rd is a Sunday anyway"
        );
        assert_eq!(calendar.working_days(day("2026-03-09"), day("2026-03-02")), 0);
        assert_eq!(calendar.add_working_days(day("2026-04-30"), 1), Ok(day("2026-05-02")));
        assert_eq!(calendar.add_working_days(day("2026-05-02"), -1), Ok(day("2026-04-30")));
        assert_eq!(calendar.add_working_days(day("2026-05-03"), 0), Ok(day("2026-05-03")));
        assert_eq!(calendar.working_day_from(day("2026-05-03")), Ok(day("2026-05-04")));
        assert_eq!(calendar.working_day_from(day("2026-05-04")), Ok(day("2026-05-04")));
    }

    fn calendars() -> impl Strategy<Value = BusinessCalendar> {
        let zones = [
            "UTC",
            "Europe/Paris",
            "America/New_York",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",
            "Africa/Cairo",
        ];
        let hours = proptest::collection::btree_set(0_u16..=1440, 0..5);
        (proptest::sample::select(zones.to_vec()), proptest::array::uniform7(hours), 0_i64..60).prop_map(
            |(zone, week, offset)| {
                let weekly = week.map(|cuts| {
                    let cuts: Vec<u16> = cuts.into_iter().collect();
                    cuts.chunks_exact(2).map(|cut| OpenHours { from: cut[0], until: cut[1] }).collect()
                });
                let holiday = day("2026-03-15").plus_days(offset).unwrap();
                BusinessCalendar::new(Zone::parse(zone).unwrap(), weekly, [holiday]).unwrap()
            },
        )
    }

    // Two months around the changes of the clocks in March and April.
    fn instants() -> impl Strategy<Value = Stamp> {
        (0_i64..60 * 86_400_000)
            .prop_map(|offset| Stamp::parse("2026-03-01T00:00:00.000Z").unwrap().plus_millis(offset).unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        // Invariant 29.
        #[test]
        fn business_time_adds_up(calendar in calendars(), mut points in proptest::array::uniform3(instants())) {
            points.sort();
            let [a, b, c] = points;
            prop_assert_eq!(
                calendar.business_minutes(a, c), calendar.business_minutes(a, b) + calendar.business_minutes(b, c)
            );
            prop_assert_eq!(
                calendar.business_millis(a, c), calendar.business_millis(a, b) + calendar.business_millis(b, c)
            );
            prop_assert!(calendar.business_millis(a, c) <= a.millis_until(c));
            let minutes = calendar.business_minutes(a, c);
            prop_assert!(minutes >= 0 && minutes <= a.millis_until(c) / MINUTE_MS + 1);
        }

        #[test]
        fn a_due_time_is_that_many_minutes_away(calendar in calendars(), from in instants(), minutes in 1_u32..5000) {
            match calendar.add_business_minutes(from, minutes) {
                Ok(due) => {
                    prop_assert_eq!(calendar.business_millis(from, due), i64::from(minutes) * MINUTE_MS);
                    prop_assert!(calendar.business_millis(from, due.plus_millis(-1).unwrap()) < i64::from(minutes) * MINUTE_MS);
                    prop_assert_eq!(calendar.business_minutes(from, due), i64::from(minutes));
                }
                Err(fault) => {
                    prop_assert_eq!(fault, TimeFault::NeverOpen);
                    prop_assert!((0..7).all(|offset| calendar.hours(day("2026-06-01").plus_days(offset).unwrap()).is_empty()));
                }
            }
        }

        #[test]
        fn working_days_equal_a_count(calendar in calendars(), start in -40_i64..60, length in 0_i64..100) {
            let a = day("2026-03-15").plus_days(start).unwrap();
            let b = a.plus_days(length).unwrap();
            let counted = (0..length).filter(|&n| calendar.is_working_day(a.plus_days(n).unwrap())).count();
            prop_assert_eq!(calendar.working_days(a, b), i64::try_from(counted).unwrap());
        }

        #[test]
        fn adding_working_days_is_counted_by_working_days(n in 0_i64..80, start in 0_i64..80) {
            let calendar = paris();
            let from = calendar.working_day_from(day("2026-03-15").plus_days(start).unwrap()).unwrap();
            let to = calendar.add_working_days(from, n).unwrap();
            prop_assert_eq!(calendar.working_days(from, to), n);
            prop_assert_eq!(calendar.add_working_days(to, -n), Ok(from));
        }
    }
}
