//! Recurring invoices: the records, and the days on which they fall.

use maitred_core::{ids, words};
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity, Stamp, TimeFault};
use maitred_macros::Record;
use maitred_party::CompanyId;
use maitred_party::model::TaxClass;

use crate::model::InvoiceId;

ids!(
    /// Id of a recurring invoice.
    RecurringId,
);

words! {
    /// Whether a recurring invoice is made.
    pub enum RecurringStatus {
        /// It is.
        Active = "active",
        /// Not for now.
        Paused = "paused",
        /// Never again.
        Ended = "ended",
    }
}

words! {
    /// What an interval counts.
    pub enum Every {
        /// Months.
        Month = "month",
        /// Quarters of a year.
        Quarter = "quarter",
        /// Years.
        Year = "year",
    }
}

impl Every {
    /// How many months one is.
    pub fn months(self) -> i64 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }
}

/// An invoice that is made again and again.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "recurring")]
pub struct Recurring {
    /// Id.
    pub id: RecurringId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The customer.
    #[record(company)]
    pub company_id: CompanyId,
    /// What it is called.
    pub name: String,
    /// Whether it is made.
    pub status: RecurringStatus,
    /// What the interval counts.
    pub every_unit: Every,
    /// How many of them.
    pub every_count: i64,
    /// Day of the month; the last one of months that are shorter.
    pub anchor_day: i64,
    /// The day of the first invoice.
    pub start_on: Day,
    /// The day of the next invoice.
    pub next_on: Day,
    /// No invoice after this day.
    pub end_on: Option<Day>,
    /// Whether its invoices are issued at once.
    pub auto_issue: bool,
    /// Currency.
    pub currency: Currency,
    /// The customer's reference.
    pub po_reference: Option<String>,
    /// A sentence on the document.
    pub note: Option<String>,
    /// What came of the last run.
    pub last_result: Option<String>,
}

impl Recurring {
    /// The schedule.
    pub fn schedule(&self) -> Schedule {
        Schedule {
            months: self.every_unit.months() * self.every_count,
            anchor_day: self.anchor_day,
            end_on: self.end_on,
        }
    }
}

/// A line of a recurring invoice: what is asked for, priced anew every time where it has no price of its own.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "recurring_line")]
pub struct RecurringLine {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The recurring invoice.
    pub recurring_id: RecurringId,
    /// Number of the line.
    pub position: i64,
    /// The product, as the catalog knows it.
    pub product: Option<String>,
    /// What it is.
    pub description: String,
    /// How much.
    pub quantity: Quantity,
    /// Unit of measure.
    pub unit: Option<String>,
    /// Price per unit; the customer's price of the day where unset.
    pub unit_price: Option<Price>,
    /// Discount.
    pub discount_bp: BasisPoints,
    /// Class of taxation.
    pub tax_class: Option<TaxClass>,
    /// Whether it is work rather than goods.
    pub service: Option<bool>,
}

/// A period that was billed: exactly one invoice each.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "recurring_period")]
pub struct RecurringPeriod {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The recurring invoice.
    pub recurring_id: RecurringId,
    /// The day it fell on.
    pub period_on: Day,
    /// The invoice.
    pub invoice_id: InvoiceId,
}

/// When a recurring invoice falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Months between two.
    pub months: i64,
    /// Day of the month; the last one of months that are shorter.
    pub anchor_day: i64,
    /// None after this day.
    pub end_on: Option<Day>,
}

impl Schedule {
    /// The day in the month of `day` on which it falls.
    fn in_month_of(&self, day: Day) -> Result<Day, TimeFault> {
        let last = i64::from(day.last_of_month().date().day());
        day.first_of_month().plus_days(self.anchor_day.clamp(1, last) - 1)
    }

    /// The first day, on or after `start`, on which it falls.
    ///
    /// # Errors
    /// [`TimeFault`] at the end of the calendar.
    pub fn first(&self, start: Day) -> Result<Day, TimeFault> {
        let here = self.in_month_of(start)?;
        if here >= start { Ok(here) } else { self.in_month_of(start.first_of_month().plus_months(1)?) }
    }

    /// The day after `day` on which it falls.
    ///
    /// # Errors
    /// [`TimeFault`] at the end of the calendar.
    pub fn after(&self, day: Day) -> Result<Day, TimeFault> {
        self.in_month_of(day.first_of_month().plus_months(self.months)?)
    }

    /// Whether it still falls on this day.
    pub fn runs_on(&self, day: Day) -> bool {
        self.end_on.is_none_or(|end| day <= end)
    }

    /// The next days from `next` on, at most `most`.
    ///
    /// # Errors
    /// [`TimeFault`] at the end of the calendar.
    pub fn upcoming(&self, next: Day, most: usize) -> Result<Vec<Day>, TimeFault> {
        let mut days = Vec::with_capacity(most);
        let mut day = next;
        while days.len() < most && self.runs_on(day) {
            days.push(day);
            day = self.after(day)?;
        }
        Ok(days)
    }

    /// The last day of the period that begins on `day`.
    ///
    /// # Errors
    /// [`TimeFault`] at the end of the calendar.
    pub fn period_end(&self, day: Day) -> Result<Day, TimeFault> {
        self.after(day)?.plus_days(-1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn shown(schedule: Schedule, start: &str, most: usize) -> Vec<String> {
        let first = schedule.first(day(start)).unwrap();
        schedule.upcoming(first, most).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_31st_is_the_last_day_of_every_month() {
        let monthly = Schedule { months: 1, anchor_day: 31, end_on: None };
        assert_eq!(
            shown(monthly, "2028-01-31", 4),
            ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"],
            "and comes back to the 31st"
        );
        let yearly = Schedule { months: 12, anchor_day: 29, end_on: None };
        assert_eq!(shown(yearly, "2028-02-29", 3), ["2028-02-29", "2029-02-28", "2030-02-28"]);
    }

    #[test]
    fn it_starts_on_the_anchor_and_stops_at_the_end() {
        let quarterly = Schedule { months: 3, anchor_day: 1, end_on: Some(day("2026-10-01")) };
        assert_eq!(shown(quarterly, "2026-03-02", 9), ["2026-04-01", "2026-07-01", "2026-10-01"]);
        assert_eq!(quarterly.period_end(day("2026-04-01")).unwrap(), day("2026-06-30"));
    }

    proptest! {
        /// Periods follow one another without gap or overlap, once a month's worth each.
        #[test]
        fn periods_touch(months in 1_i64..=36, anchor in 1_i64..=31, start in 0_i64..20_000) {
            let schedule = Schedule { months, anchor_day: anchor, end_on: None };
            let begin = day("1990-01-01").plus_days(start).unwrap();
            let first = schedule.first(begin).unwrap();
            prop_assert!(first >= begin && begin.days_until(first) < 62);
            let mut at = first;
            for _ in 0..40 {
                let next = schedule.after(at).unwrap();
                prop_assert_eq!(schedule.period_end(at).unwrap().plus_days(1).unwrap(), next);
                let apart = i64::from(next.year()) * 12 + i64::from(next.month())
                    - i64::from(at.year()) * 12 - i64::from(at.month());
                prop_assert_eq!(apart, months);
                at = next;
            }
        }
    }
}
