//! How much of a product goes out a day (F-STK-1), without a database.

use std::collections::BTreeSet;

use maitred_kernel::{BasisPoints, Day, Quantity, round};

/// Days that are looked back on.
pub const SPAN: i64 = 56;
/// The least number of days that demand is spread over.
const LEAST_DAYS: i64 = 14;

/// A move as demand sees it.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// The day it happened.
    pub day: Day,
    /// What it did to the stock looked at, in thousandths.
    pub change: i64,
    /// What of it was sold (positive) or came back and was put on the shelf again (negative), in thousandths.
    pub sold: i64,
}

/// What went out in a span of days, and on how many of them there was something to go out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Sold less returned, in thousandths; never negative.
    pub sold: i64,
    /// Days with stock, at least fourteen.
    pub days: i64,
    /// What was sold on each day on which something was, in thousandths.
    pub by_day: Vec<i64>,
}

/// Works demand out of the moves of the span, newest first, and of what is there now.
pub fn demand(flows: &[Flow], now: Quantity, today: Day) -> Demand {
    let first = today.plus_days(1 - SPAN).unwrap_or(today);
    let mut level = now.thousandths();
    let mut with_stock: BTreeSet<Day> = BTreeSet::new();
    let mut sold = 0;
    let mut by_day: std::collections::BTreeMap<Day, i64> = std::collections::BTreeMap::new();
    // Walks back: between two moves the level is what the later one found.
    let mut until = today;
    for flow in flows.iter().filter(|flow| flow.day >= first) {
        let day = flow.day.min(until);
        if level > 0 {
            mark(&mut with_stock, day, until);
        }
        level -= flow.change;
        if level > 0 {
            with_stock.insert(day);
        }
        until = day;
        sold += flow.sold;
        *by_day.entry(flow.day).or_default() += flow.sold;
    }
    if level > 0 {
        mark(&mut with_stock, first, until);
    }
    Demand {
        sold: sold.max(0),
        days: (with_stock.len() as i64).max(LEAST_DAYS),
        by_day: by_day.into_values().filter(|sold| *sold > 0).collect(),
    }
}

fn mark(days: &mut BTreeSet<Day>, from: Day, to: Day) {
    let mut day = from;
    while day <= to {
        days.insert(day);
        match day.plus_days(1) {
            Ok(next) => day = next,
            Err(_) => return,
        }
    }
}

impl Demand {
    /// For how many days what is there lasts, in hundredths of a day: nothing when nothing is sold.
    pub fn cover(&self, available: Quantity) -> Option<BasisPoints> {
        if self.sold == 0 {
            return None;
        }
        let days = i128::from(available.thousandths()) * i128::from(self.days) * 100;
        let cover = round::div_rha(days, i128::from(self.sold)).ok()?;
        round::narrow(cover).ok().map(BasisPoints::from_bp)
    }

    /// What goes out a day, in thousandths, times a thousand.
    pub fn per_day_milli(&self) -> i64 {
        round::mul_div_rha(self.sold, 1000, self.days.max(1)).unwrap_or(i64::MAX)
    }

    /// The variance of what goes out a day, in thousandths squared: days without a sale count.
    pub fn variance(&self) -> i128 {
        let days = i128::from(self.days.max(1));
        let squares: i128 = self.by_day.iter().map(|sold| i128::from(*sold) * i128::from(*sold)).sum();
        let sold = i128::from(self.sold);
        // Mean of squares less square of mean, over a common divisor.
        ((squares * days - sold * sold) / (days * days)).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(offset: i64) -> Day {
        Day::parse("2026-03-02").unwrap().plus_days(offset).unwrap()
    }

    fn whole(units: i64) -> Quantity {
        Quantity::whole(units).unwrap()
    }

    fn sale(offset: i64, units: i64) -> Flow {
        Flow { day: day(offset), change: -units * 1000, sold: units * 1000 }
    }

    #[test]
    fn days_without_stock_do_not_count() {
        // Twenty came 28 days ago; ten were sold since; nothing was there before.
        let came = Flow { day: day(-28), change: 20_000, sold: 0 };
        let found = demand(&[sale(-2, 4), sale(-20, 6), came], whole(10), day(0));
        assert_eq!((found.sold, found.days), (10_000, 29));
        assert_eq!(found.cover(whole(10)).map(|cover| cover.to_string()), Some("29".to_owned()));
    }

    #[test]
    fn few_days_count_as_fourteen() {
        let came = Flow { day: day(-3), change: 20_000, sold: 0 };
        assert_eq!(demand(&[sale(-1, 7), came], whole(13), day(0)).days, 14);
    }

    #[test]
    fn what_came_back_was_not_sold() {
        let back = Flow { day: day(-1), change: 5_000, sold: -5_000 };
        let found = demand(&[back, sale(-2, 5)], whole(10), day(0));
        assert_eq!((found.sold, found.cover(whole(10))), (0, None));
    }

    #[test]
    fn the_variance_counts_quiet_days() {
        let found = demand(&[sale(-1, 14)], whole(10), day(0));
        assert_eq!(found.days, 56);
        // One sale of 14 in 56 days: mean 0.25, mean of squares 3.5, variance 3.4375 units squared.
        assert_eq!(found.variance(), 3_437_500);
    }
}
