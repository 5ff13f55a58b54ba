//! Section `calendars`: when the organisation and its teams work.

use std::collections::{BTreeMap, BTreeSet};

use maitred_core::prelude::*;
use maitred_kernel::{Stamp, fold};
use maitred_party::model::Calendar;
use maitred_party::sources::SettingSource;
use maitred_party::store::calendars;
use serde::{Deserialize, Serialize};

/// See the module.
pub struct Calendars;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Value {
    calendars: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    name: String,
    timezone: String,
    weekly: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    holidays: Vec<String>,
}

impl SettingSource for Calendars {
    fn section(&self) -> &'static str {
        "calendars"
    }

    fn about(&self) -> &'static str {
        "Opening hours per weekday and holidays, for members, teams and service policies."
    }

    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"calendars":{"type":"array","maxItems":50,"items":{"type":"object","properties":{"id":{"type":"string","description":"of a calendar there is; without it the name decides"},"name":{"type":"string","minLength":1,"maxLength":80},"timezone":{"type":"string","description":"IANA name"},"weekly":{"type":"object","description":"spans such as 09:00-17:30","properties":{"mon":{"type":"array","items":{"type":"string"}},"tue":{"type":"array","items":{"type":"string"}},"wed":{"type":"array","items":{"type":"string"}},"thu":{"type":"array","items":{"type":"string"}},"fri":{"type":"array","items":{"type":"string"}},"sat":{"type":"array","items":{"type":"string"}},"sun":{"type":"array","items":{"type":"string"}}},"additionalProperties":false},"holidays":{"type":"array","maxItems":1000,"items":{"type":"string","description":"YYYY-MM-DD"}}},"required":["name","timezone","weekly"],"additionalProperties":false}}},"required":["calendars"],"additionalProperties":false}"#
    }

    fn editors(&self) -> &'static [&'static str] {
        &[]
    }

    fn version(&self, db: &Reader<'_>) -> ToolResult<i64> {
        calendars::version(db)
    }

    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        let calendars = calendars::all(db)?
            .into_iter()
            .map(|calendar| {
                Ok(Entry {
                    weekly: serde_json::from_str(&calendar.weekly).map_err(ToolError::internal)?,
                    holidays: calendar.holidays.split_whitespace().map(str::to_owned).collect(),
                    id: Some(calendar.id),
                    name: calendar.name,
                    timezone: calendar.timezone,
                })
            })
            .collect::<ToolResult<_>>()?;
        super::json(&Value { calendars })
    }

    /// No calendar is removed: what follows it, also in other modules, would have none.
    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let value: Value = super::read(value)?;
        let known = calendars::all(db)?;
        let (mut names, mut kept, mut affected) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for (index, entry) in value.calendars.iter().enumerate() {
            let at = |member: &str| format!("calendars[{index}]{member}");
            if !names.insert(fold(entry.name.trim())) {
                return Err(invalid(&at(".name"), "is the name of another one"));
            }
            let before = match &entry.id {
                Some(id) => Some(known.iter().find(|calendar| calendar.id == *id).ok_or_else(|| {
                    not_found("calendar", id).field(at(".id")).hint("leave `id` out for a new one")
                })?),
                None => known.iter().find(|calendar| fold(&calendar.name) == fold(entry.name.trim())),
            };
            let mut after = columns(entry, before, db)?;
            calendars::parse(&after).map_err(|what| invalid(&at(""), format!("cannot be read: {what}")))?;
            match before {
                None => {
                    db.insert(&mut after)?;
                    affected.push(format!("calendar `{}` is new", after.name));
                }
                Some(before) => {
                    if !kept.insert(before.id.clone()) {
                        return Err(invalid(&at(""), "is the same calendar as another one"));
                    }
                    if db.update(before, &mut after)? {
                        let users = calendars::users(db, &after.id)?;
                        affected
                            .push(format!("calendar `{}` changes; {users} members work by it", after.name));
                    }
                }
            }
        }
        match known.iter().find(|calendar| !kept.contains(&calendar.id)) {
            Some(gone) => Err(refused(Code::OpenDependents, format!("calendar `{}` is left out", gone.name))
                .field("calendars")
                .hint("calendars stay, because others follow them: send it along")),
            None => Ok(affected),
        }
    }
}

fn columns(entry: &Entry, before: Option<&Calendar>, db: &Writer<'_>) -> ToolResult<Calendar> {
    // Days without hours are left out, and holidays sorted, so that the same calendar is the same text.
    let weekly: BTreeMap<_, _> = entry.weekly.iter().filter(|(_, hours)| !hours.is_empty()).collect();
    let holidays: BTreeSet<&str> = entry.holidays.iter().map(|day| day.trim()).collect();
    Ok(Calendar {
        id: before.map_or_else(|| db.fresh_id(), |before| before.id.clone()),
        version: before.map_or(1, |before| before.version),
        created_at: before.map_or(Stamp::EPOCH, |before| before.created_at),
        updated_at: before.map_or(Stamp::EPOCH, |before| before.updated_at),
        name: entry.name.trim().to_owned(),
        timezone: entry.timezone.clone(),
        weekly: super::json(&weekly)?,
        holidays: holidays.into_iter().collect::<Vec<_>>().join(" "),
    })
}
