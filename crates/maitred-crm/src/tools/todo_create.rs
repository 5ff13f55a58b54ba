//! `crm_todo_create`: something to be done by somebody until a moment.

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_kernel::wire::Moment;

use super::activity_log::assignee;
use crate::about::{self, About};
use crate::model::{Priority, Todo, TodoId, TodoStatus};
use crate::store::todos;
use crate::todos::TodoFull;

/// The tool.
pub struct TodoCreate;

impl Tool for TodoCreate {
    const NAME: &str = "crm_todo_create";
    const TITLE: &str = "Create to-do";
    const ABOUT: &str = "Create a to-do or reminder with due time, assignee and related record.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "company acme; contact ada company=acme",
        args: r#"{"title": "call back", "due_at": "2026-03-04T09:00:00Z", "about": ["@ada"], "priority": "high"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = TodoFull;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<TodoFull> {
        let now = cx.stamp();
        check_due(now, args.due_at, "due_at")?;
        if let Some(remind_at) = args.remind_at {
            check_reminder(now, remind_at, args.due_at, "remind_at")?;
        }
        let assignee = assignee(cx, args.assignee.as_deref(), "assignee")?;
        let mut about: Vec<About> = Vec::new();
        for (index, text) in args.about.unwrap_or_default().iter().enumerate() {
            let record = about::resolve(cx, text, &format!("about[{index}]"))?;
            if !about.contains(&record) {
                about.push(record);
            }
        }
        let mut todo = Todo {
            id: TodoId(cx.fresh_id()),
            version: 1,
            created_at: now,
            updated_at: now,
            title: args.title,
            due_at: args.due_at,
            remind_at: args.remind_at,
            assignee_id: assignee.id,
            priority: args.priority.unwrap_or(Priority::Normal),
            status: TodoStatus::Open,
            outcome: None,
            done_at: None,
        };
        todos::insert(cx, &mut todo, &about)?;
        todos::show_one(cx, todo)
    }
}

/// Refuses a due time that is gone.
pub(crate) fn check_due(now: Stamp, due_at: Stamp, field: &str) -> ToolResult<()> {
    if due_at < now {
        return Err(
            invalid(field, "is in the past").hint("what has happened is logged with crm_activity_log")
        );
    }
    Ok(())
}

/// Refuses a reminder that would come too late or never.
pub(crate) fn check_reminder(now: Stamp, remind_at: Stamp, due_at: Stamp, field: &str) -> ToolResult<()> {
    if remind_at < now {
        return Err(invalid(field, "is in the past"));
    }
    if remind_at > due_at {
        return Err(invalid(field, "is after the to-do is due"));
    }
    Ok(())
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Title.
    #[arg(min = 1, max = 200)]
    title: String,
    /// RFC 3339.
    due_at: Stamp,
    /// Member; you.
    #[arg(max = 200)]
    assignee: Option<String>,
    /// Ids, numbers, emails or exact names.
    #[arg(max = 20)]
    about: Option<Vec<String>>,
    /// Remind at.
    remind_at: Option<Stamp>,
    /// normal.
    priority: Option<Priority>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_party::store::members;
    use maitred_party::{Member, MemberStatus};
    use maitred_testkit::{Fixture, check};

    #[test]
    fn refuses_the_past() {
        check(
            &crate::DOMAIN,
            "",
            "crm_todo_create",
            r#"{"title": "call", "due_at": "2026-03-02T09:59:59Z"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`due_at` is in the past","field":"due_at","hint":"what has happened is logged with crm_activity_log","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_reminder_comes_before_the_thing() {
        check(
            &crate::DOMAIN,
            "",
            "crm_todo_create",
            r#"{"title": "call", "due_at": "2026-03-03T09:00:00Z", "remind_at": "2026-03-03T10:00:00+01:00"}"#,
            expect![[
                r##"{"id":"#1","version":1,"title":"call","due_at":"2026-03-03T09:00:00.000Z","remind_at":"2026-03-03T09:00:00.000Z","assignee":{"id":"@owner","name":"Owner"},"priority":"normal","status":"open","about":[]}"##
            ]],
        );
        check(
            &crate::DOMAIN,
            "",
            "crm_todo_create",
            r#"{"title": "call", "due_at": "2026-03-03T09:00:00Z", "remind_at": "2026-03-04T09:00:00Z"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`remind_at` is after the to-do is due","field":"remind_at","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn names_the_active_when_the_assignee_left() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "member eve");
        let eve = fixture.id("eve");
        fixture
            .write(move |db| {
                let before = members::get(db, &eve)?.expect("eve");
                let mut after = Member { status: MemberStatus::Inactive, ..before.clone() };
                db.update(&before, &mut after)?;
                Ok(())
            })
            .unwrap();
        let answer = fixture.call(
            "crm_todo_create",
            r#"{"title": "call", "due_at": "2026-03-03T09:00:00Z", "assignee": "@eve"}"#,
        );
        expect![[r#"{"error":{"category":"validation","code":"invalid","message":"`assignee` is no longer active","field":"assignee","hint":"active members are Admin, Delivery, Finance, Operations, Owner","retryable":false}}"#]].assert_eq(&answer.text);
    }
}
