//! To-dos as they are grouped and shown. Whose they are and how they are found is the store's.

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::{Stamp, TimeFault, Zone};

use crate::model::{Priority, Todo, TodoStatus};
use crate::views::{AboutView, Named};

words! {
    /// How soon a to-do is due, by the days of the organisation's time zone.
    pub enum Group {
        /// Past due.
        Overdue = "overdue",
        /// Due before the day ends.
        Today = "today",
        /// Due before the week ends, which is on Sunday.
        ThisWeek = "this_week",
        /// Due after that.
        Later = "later",
        /// Done or cancelled.
        Closed = "closed",
    }
}

/// The limits between the groups at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    now: Stamp,
    tomorrow: Stamp,
    monday: Stamp,
}

impl Limits {
    /// The limits at `now` in a zone.
    ///
    /// # Errors
    /// [`TimeFault::OutOfRange`] at the ends of time.
    pub fn at(now: Stamp, zone: &Zone) -> Result<Self, TimeFault> {
        let today = now.day(zone);
        let monday = today.plus_days(7 - i64::from(today.weekday().to_monday_zero_offset()))?;
        Ok(Self { now, tomorrow: today.plus_days(1)?.start(zone)?, monday: monday.start(zone)? })
    }

    /// The group of a to-do.
    pub fn group(&self, status: TodoStatus, due: Stamp) -> Group {
        match due {
            _ if status != TodoStatus::Open => Group::Closed,
            due if due < self.now => Group::Overdue,
            due if due < self.tomorrow => Group::Today,
            due if due < self.monday => Group::ThisWeek,
            _ => Group::Later,
        }
    }
}

/// A to-do in full.
#[derive(ToolOutput, Clone, Debug)]
pub struct TodoFull {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// What.
    #[output(summary)]
    pub title: String,
    /// Until when.
    #[output(summary)]
    pub due_at: Stamp,
    /// When to remind.
    pub remind_at: Option<Stamp>,
    /// By whom.
    #[output(summary)]
    pub assignee: Named,
    /// How much it matters.
    #[output(summary)]
    pub priority: Priority,
    /// Whether it is done.
    pub status: TodoStatus,
    /// What came of it.
    pub outcome: Option<String>,
    /// When done or cancelled.
    pub done_at: Option<Stamp>,
    /// What it is about.
    #[output(summary)]
    pub about: Vec<AboutView>,
}

impl TodoFull {
    /// A to-do with the name of its assignee and the records it is about.
    pub fn new(todo: Todo, assignee: String, about: Vec<AboutView>) -> Self {
        Self {
            id: todo.id.0,
            version: todo.version,
            title: todo.title,
            due_at: todo.due_at,
            remind_at: todo.remind_at,
            assignee: Named { id: todo.assignee_id.0, name: assignee },
            priority: todo.priority,
            status: todo.status,
            outcome: todo.outcome,
            done_at: todo.done_at,
            about,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_end_where_the_organisation_is() {
        let zone = Zone::parse("Europe/Paris").unwrap();
        // Monday 11:00 in Paris.
        let limits = Limits::at(Stamp::parse("2026-03-02T10:00:00.000Z").unwrap(), &zone).unwrap();
        for (due, group) in [
            ("2026-03-02T09:59:59.999Z", Group::Overdue),
            ("2026-03-02T10:00:00.000Z", Group::Today),
            ("2026-03-02T22:59:59.999Z", Group::Today),
            // Midnight in Paris, still Monday in UTC.
            ("2026-03-02T23:00:00.000Z", Group::ThisWeek),
            ("2026-03-08T22:59:59.999Z", Group::ThisWeek),
            ("2026-03-08T23:00:00.000Z", Group::Later),
        ] {
            assert_eq!(limits.group(TodoStatus::Open, Stamp::parse(due).unwrap()), group, "{due}");
        }
        assert_eq!(limits.group(TodoStatus::Done, Stamp::EPOCH), Group::Closed);
    }

    #[test]
    fn a_sunday_ends_its_own_week() {
        let limits = Limits::at(Stamp::parse("2026-03-08T10:00:00.000Z").unwrap(), &Zone::UTC).unwrap();
        let due = |text| limits.group(TodoStatus::Open, Stamp::parse(text).unwrap());
        assert_eq!(due("2026-03-08T23:00:00.000Z"), Group::Today);
        assert_eq!(due("2026-03-09T00:00:00.000Z"), Group::Later);
    }
}
