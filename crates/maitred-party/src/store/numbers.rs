//! Document numbers without gaps: a locked row per series and year, taken in the writing transaction.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{ToolError, ToolResult};
use maitred_store::{Change, ChangeKind, StoreError, params};

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

/// A series and how far it has been counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Letters in front of the number.
    pub series: String,
    /// Year it counts.
    pub year: i64,
    /// The last number taken; 0 when none was.
    pub last_no: i64,
}

/// Every series that was begun, by name and year.
pub fn all(db: &Reader<'_>) -> ToolResult<Vec<Series>> {
    let rows: Vec<(String, i64, i64)> =
        db.all("SELECT series, year, last_no FROM sequence ORDER BY series, year", &[])?;
    Ok(rows.into_iter().map(|(series, year, last_no)| Series { series, year, last_no }).collect())
}

/// Lets a series go on after `last_no`. Whether that leaves a gap is for the caller to know.
pub fn go_on_after(db: &Writer<'_>, next: &Series) -> ToolResult<()> {
    let before: Option<i64> = db.scalar(
        "SELECT last_no FROM sequence WHERE series = $1 AND year = $2",
        params![next.series, next.year],
    )?;
    db.execute(
        "INSERT INTO sequence (series, year, last_no) VALUES ($1, $2, $3) \
         ON CONFLICT (series, year) DO UPDATE SET last_no = excluded.last_no",
        params![next.series, next.year, next.last_no],
    )?;
    db.note_change(Change {
        entity: "sequence",
        id: format!("{}-{}", next.series, next.year),
        kind: if before.is_some() { ChangeKind::Updated } else { ChangeKind::Created },
        before: before.map(|number| format!("{{\"last_no\":{number}}}")),
        after: Some(format!("{{\"last_no\":{}}}", next.last_no)),
        company: None,
        contact: None,
    });
    Ok(())
}
