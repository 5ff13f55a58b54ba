//! Calendars: when the organisation, a team or a policy works.

use std::collections::BTreeMap;

use maitred_core::cx::Reader;
use maitred_core::error::{ToolError, ToolResult};
use maitred_kernel::{BusinessCalendar, Day, OpenHours, Zone};
use maitred_store::{Record, Sql, StoreError, params};

use crate::model::Calendar;
use crate::org;

/// Weekdays as stored, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// All calendars, by name.
pub fn all(db: &Reader<'_>) -> ToolResult<Vec<Calendar>> {
    let mut sql = Sql::new(Calendar::SELECT);
    sql.push(" ORDER BY name, id");
    Ok(db.all_of(&sql)?)
}

/// How often calendars were made or changed.
pub fn version(db: &Reader<'_>) -> ToolResult<i64> {
    Ok(db.count("SELECT CAST(SUM(version) AS BIGINT) FROM calendar", &[])?)
}

/// Members who work by a calendar.
pub fn users(db: &Reader<'_>, calendar: &str) -> ToolResult<i64> {
    Ok(db.count("SELECT COUNT(*) FROM member WHERE calendar_id = $1", params![calendar])?)
}

/// The working time of a calendar; office hours in the organisation's zone without one.
pub fn working_time(db: &Reader<'_>, calendar: Option<&str>) -> ToolResult<BusinessCalendar> {
    match calendar.map(|id| db.get::<Calendar>(id)).transpose()?.flatten() {
        Some(calendar) => parse(&calendar)
            .map_err(|what| ToolError::from(StoreError::defect(format!("calendar {}: {what}", calendar.id)))),
        None => Ok(BusinessCalendar::office_hours(org::settings_of(db)?.zone.clone())),
    }
}

/// Reads what a calendar's columns say.
///
/// # Errors
/// In words, what is wrong.
pub fn parse(calendar: &Calendar) -> Result<BusinessCalendar, String> {
    let zone = Zone::parse(&calendar.timezone).map_err(|fault| fault.to_string())?;
    let stored: BTreeMap<String, Vec<String>> =
        serde_json::from_str(&calendar.weekly).map_err(|error| error.to_string())?;
    let mut weekly: [Vec<OpenHours>; 7] = Default::default();
    for (name, hours) in stored {
        let day = WEEKDAYS.iter().zip(&mut weekly).find(|(known, _)| **known == name);
        let (_, open) = day.ok_or_else(|| format!("`{name}` is no weekday"))?;
        for text in hours {
            open.push(OpenHours::parse(&text).ok_or_else(|| format!("`{text}` is no span of hours"))?);
        }
    }
    let holidays: Result<Vec<Day>, _> = calendar.holidays.split_whitespace().map(Day::parse).collect();
    let holidays = holidays.map_err(|fault| fault.to_string())?;
    BusinessCalendar::new(zone, weekly, holidays).map_err(|fault| fault.to_string())
}
