//! Section `sequences`: where document numbers go on, for organisations that come from another system.

use std::collections::BTreeSet;

use maitred_core::prelude::*;
use maitred_party::sources::SettingSource;
use maitred_party::store::numbers::{self, Series};
use maitred_party::store::settings;
use serde::{Deserialize, Serialize};

const SECTION: &str = "sequences";

/// See the module.
pub struct Sequences;

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Value {
    series: Vec<Entry>,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Entry {
    series: String,
    year: i64,
    last_no: i64,
}

impl SettingSource for Sequences {
    fn section(&self) -> &'static str {
        SECTION
    }

    fn about(&self) -> &'static str {
        "Last document number per series and year; the next one follows without a gap."
    }

    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"series":{"type":"array","maxItems":500,"items":{"type":"object","properties":{"series":{"type":"string","minLength":1,"maxLength":6,"description":"letters in front: INV"},"year":{"type":"integer","minimum":2000,"maximum":2200},"last_no":{"type":"integer","minimum":0,"maximum":99999999,"description":"the next number is one more"}},"required":["series","year","last_no"],"additionalProperties":false}}},"required":["series"],"additionalProperties":false}"#
    }

    fn editors(&self) -> &'static [&'static str] {
        &["finance"]
    }

    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        let entry = |row: Series| Entry { series: row.series, year: row.year, last_no: row.last_no };
        super::json(&Value { series: numbers::all(db)?.into_iter().map(entry).collect() })
    }

    /// A series may be moved until its first number is taken; from then on a move would leave a gap or repeat one.
    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let value: Value = super::read(value)?;
        let known = numbers::all(db)?;
        let mut starts = started(db)?;
        let (mut seen, mut affected) = (BTreeSet::new(), Vec::new());
        for (index, entry) in value.series.iter().enumerate() {
            let at = |member: &str| format!("series[{index}].{member}");
            if !entry.series.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return Err(invalid(&at("series"), "must be 1 to 6 capital letters"));
            }
            if !seen.insert((entry.series.as_str(), entry.year)) {
                return Err(invalid(&at("series"), "is given twice for this year"));
            }
            let same = |series: &str, year: i64| series == entry.series && year == entry.year;
            let before = known.iter().find(|row| same(&row.series, row.year)).map_or(0, |row| row.last_no);
            if before == entry.last_no {
                continue;
            }
            let start = starts.iter_mut().find(|start| same(&start.series, start.year));
            if before != start.as_ref().map_or(0, |start| start.last_no) {
                return Err(refused(
                    Code::Immutable,
                    format!("numbers of {} {} are in use up to {before}", entry.series, entry.year),
                )
                .field(at("last_no"))
                .hint("a series can be moved before its first number is taken only"));
            }
            match start {
                Some(start) => start.last_no = entry.last_no,
                None => starts.push(entry.clone()),
            }
            let Entry { series, year, last_no } = entry.clone();
            affected.push(format!("the next number is {series}-{year}-{:05}", last_no + 1));
            numbers::go_on_after(db, &Series { series, year, last_no })?;
        }
        if let Some(gone) = known.iter().find(|row| !seen.contains(&(row.series.as_str(), row.year))) {
            return Err(refused(Code::Immutable, format!("{} {} is left out", gone.series, gone.year))
                .field("series")
                .hint("a series that was begun stays: send it along"));
        }
        if !affected.is_empty() {
            settings::put(db, SECTION, &super::json(&Value { series: starts })?)?;
        }
        Ok(affected)
    }
}

/// Where series were set to begin.
fn started(db: &Reader<'_>) -> ToolResult<Vec<Entry>> {
    match settings::get(db, SECTION)? {
        Some(setting) => {
            let value: Value = serde_json::from_str(&setting.value).map_err(ToolError::internal)?;
            Ok(value.series)
        }
        None => Ok(Vec::new()),
    }
}
