//! Months that take no documents any more.

use maitred_core::prelude::*;
use maitred_kernel::Day;

use crate::model::{Period, PeriodStatus};

/// The name of a day's month, as periods are keyed.
pub fn month_of(day: Day) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// Refuses a day in a closed month.
///
/// # Errors
/// `closed_period` at `field`.
pub fn open(db: &Reader<'_>, day: Day, field: &str) -> ToolResult<()> {
    let month = month_of(day);
    match db.get::<Period>(&month)? {
        Some(period) if period.status == PeriodStatus::Closed => {
            Err(refused(Code::ClosedPeriod, format!("`{month}` is closed"))
                .field(field)
                .hint("give a later day"))
        }
        _ => Ok(()),
    }
}
