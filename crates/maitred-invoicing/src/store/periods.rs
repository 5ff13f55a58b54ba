//! Months that take no documents any more.

use maitred_core::prelude::*;
use maitred_kernel::Day;
use maitred_party::store::numbers;
use maitred_store::{Record, Sql};

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

/// Months that were ever closed, newest first.
pub fn recent(db: &Reader<'_>, most: i64) -> ToolResult<Vec<Period>> {
    let mut sql = Sql::new(Period::SELECT);
    sql.push(" ORDER BY id DESC LIMIT ").bind(most);
    Ok(db.all_of(&sql)?)
}

/// The last month that is closed.
pub fn last_closed(db: &Reader<'_>) -> ToolResult<Option<Period>> {
    let mut sql = Sql::new(Period::SELECT);
    sql.push(" WHERE status = ").bind(PeriodStatus::Closed).push(" ORDER BY id DESC LIMIT 1");
    Ok(db.one_of(&sql)?)
}

/// Drafts supplied in a span of days: id and customer, at most ten.
pub fn drafts_in(db: &Reader<'_>, from: Day, to: Day) -> ToolResult<Vec<(String, String)>> {
    let mut sql = Sql::new(
        "SELECT i.id, c.name FROM invoice i JOIN company c ON c.id = i.company_id \
         WHERE i.status = 'draft' AND COALESCE(i.supply_to, i.supply_from, i.issue_date) >= ",
    );
    sql.bind(from)
        .and("COALESCE(i.supply_to, i.supply_from, i.issue_date) <=", to)
        .push(" ORDER BY i.id LIMIT 10");
    Ok(db.all_of(&sql)?)
}

/// The earliest month before a day that has issued documents and is not closed.
pub fn open_before(db: &Reader<'_>, day: Day) -> ToolResult<Option<String>> {
    let mut sql = Sql::new(
        "SELECT SUBSTR(issue_date, 1, 7) FROM invoice WHERE number IS NOT NULL \
         AND SUBSTR(issue_date, 1, 7) NOT IN (SELECT id FROM period WHERE status = 'closed')",
    );
    sql.and("issue_date <", day).push(" ORDER BY issue_date LIMIT 1");
    Ok(db.one_of::<(String,)>(&sql)?.map(|(month,)| month))
}

/// Series of documents with fewer numbers in use than were taken, in words.
pub fn gaps(db: &Reader<'_>) -> ToolResult<Vec<String>> {
    let mut gaps = Vec::new();
    for series in numbers::all(db)?.into_iter().filter(|one| matches!(one.series.as_str(), "INV" | "CN")) {
        let like = format!("{}-{}-%", series.series, series.year);
        let mut sql = Sql::new("SELECT COUNT(*) FROM invoice WHERE number LIKE ");
        sql.bind(like);
        let used = db.count_of(&sql)?;
        if used != series.last_no {
            gaps.push(format!(
                "the numbers {}-{} reach {}, and {used} are in use",
                series.series, series.year, series.last_no
            ));
        }
    }
    Ok(gaps)
}
