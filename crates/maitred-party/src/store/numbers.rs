//! Document numbers without gaps: a locked row per series and year, taken in the writing transaction.

use maitred_core::cx::Writer;
use maitred_core::error::{ToolError, ToolResult};
use maitred_store::{StoreError, params};

use crate::org;

/// The next number of a series this year, e.g. `L-2026-00012`. It returns with the transaction, so there are no gaps;
/// a preview shows the number it would get, and `confirm` does not depend on it.
pub fn next(db: &Writer<'_>, series: &'static str) -> ToolResult<String> {
    let year = i64::from(org::today(db)?.year());
    let number: Option<i64> = db.scalar(
        "INSERT INTO sequence (series, year, last_no) VALUES ($1, $2, 1) \
         ON CONFLICT (series, year) DO UPDATE SET last_no = sequence.last_no + 1 RETURNING last_no",
        params![series, year],
    )?;
    let number = number.ok_or_else(|| ToolError::from(StoreError::defect("a sequence answered nothing")))?;
    let text = format!("{series}-{year}-{number:05}");
    db.mark_fresh(&text);
    Ok(text)
}
