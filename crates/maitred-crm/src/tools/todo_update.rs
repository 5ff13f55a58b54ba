//! `crm_todo_update`: another time, another person, another priority, or not at all.

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_kernel::wire::Moment;

use super::activity_log::assignee;
use super::todo_create::{check_due, check_reminder};
use crate::model::{Priority, Todo, TodoStatus};
use crate::store::todos;
use crate::todos::TodoFull;

/// The tool.
pub struct TodoUpdate;

impl Tool for TodoUpdate {
    const NAME: &str = "crm_todo_update";
    const TITLE: &str = "Update to-do";
    const ABOUT: &str = "Reschedule, reassign, re-prioritise or cancel a to-do.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "crm_todo_create {\"title\": \"call\", \"due_at\": \"2026-03-02T15:00:00Z\"} as call",
        args: r#"{"todo": "@call", "changes": {"due_at": "2026-03-05T09:00:00Z", "assignee": "me"}}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = TodoFull;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<TodoFull> {
        let before = todos::resolve(cx, &args.todo, "todo")?;
        let changes = args.changes;
        if before.status != TodoStatus::Open {
            return Err(closed(&before));
        }
        let mut after = before.clone();
        if let Some(title) = changes.title {
            after.title = title;
        }
        if let Some(due_at) = changes.due_at.filter(|due_at| *due_at != before.due_at) {
            check_due(cx.stamp(), due_at, "changes.due_at")?;
            after.due_at = due_at;
        }
        if let Some(remind_at) = changes.remind_at.filter(|at| Some(*at) != before.remind_at) {
            check_reminder(cx.stamp(), remind_at, after.due_at, "changes.remind_at")?;
            after.remind_at = Some(remind_at);
        } else if after.remind_at.is_some_and(|at| at > after.due_at) {
            return Err(invalid("changes.due_at", "is before the to-do's reminder")
                .hint("name an earlier `remind_at` in the same call"));
        }
        if let Some(text) = changes.assignee {
            after.assignee_id = assignee(cx, Some(&text), "changes.assignee")?.id;
        }
        after.priority = changes.priority.unwrap_or(before.priority);
        if changes.cancel == Some(true) {
            after.status = TodoStatus::Cancelled;
            after.done_at = Some(cx.stamp());
            after.outcome = changes.reason;
        } else if changes.reason.is_some() {
            return Err(invalid("changes.reason", "goes with `cancel`")
                .hint("crm_todo_complete takes the outcome of a to-do that is done"));
        }
        cx.update(&before, &mut after)?;
        todos::show_one(cx, after)
    }
}

/// The refusal to touch a to-do that is done or cancelled.
pub(crate) fn closed(todo: &Todo) -> ToolError {
    refused(Code::Immutable, format!("the to-do is {} and final", todo.status))
        .field("todo")
        .hint("make a new one with crm_todo_create")
}

/// What changes; what is not named stays.
#[derive(ToolArgs)]
pub struct Changes {
    /// Title.
    #[arg(min = 1, max = 200)]
    title: Option<String>,
    /// RFC 3339.
    due_at: Option<Stamp>,
    /// Remind at.
    remind_at: Option<Stamp>,
    /// Member.
    #[arg(max = 200)]
    assignee: Option<String>,
    /// Priority.
    priority: Option<Priority>,
    /// Cancel.
    cancel: Option<bool>,
    /// Why cancelled.
    #[arg(max = 1000)]
    reason: Option<String>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or exact title.
    #[arg(min = 1, max = 200)]
    todo: String,
    /// Changes.
    changes: Changes,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const CALL: &str = r#"crm_todo_create {"title": "call", "due_at": "2026-03-04T09:00:00Z", "remind_at": "2026-03-03T09:00:00Z"} as call"#;

    #[test]
    fn cancelled_is_final() {
        let fixture = Fixture::new(&[&crate::DOMAIN], CALL);
        let answer = fixture.call(
            "crm_todo_update",
            r#"{"todo": "call", "changes": {"cancel": true, "reason": "they bought"}}"#,
        );
        expect![[r#"{"id":"@call","version":2,"title":"call","due_at":"2026-03-04T09:00:00.000Z","remind_at":"2026-03-03T09:00:00.000Z","assignee":{"id":"@owner","name":"Owner"},"priority":"normal","status":"cancelled","outcome":"they bought","done_at":"@now","about":[]}"#]].assert_eq(&answer.text);
        let answer = fixture.call("crm_todo_update", r#"{"todo": "@call", "changes": {"priority": "low"}}"#);
        expect![[r#"{"error":{"category":"domain","code":"immutable","message":"the to-do is cancelled and final","field":"todo","hint":"make a new one with crm_todo_create","retryable":false}}"#]].assert_eq(&answer.text);
    }

    #[test]
    fn a_reminder_is_never_left_behind() {
        check(
            &crate::DOMAIN,
            CALL,
            "crm_todo_update",
            r#"{"todo": "@call", "changes": {"due_at": "2026-03-02T15:00:00Z"}}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`changes.due_at` is before the to-do's reminder","field":"changes.due_at","hint":"name an earlier `remind_at` in the same call","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn what_is_not_named_stays() {
        let fixture = Fixture::new(&[&crate::DOMAIN], CALL);
        let before = fixture.contents();
        let answer =
            fixture.call("crm_todo_update", r#"{"todo": "@call", "changes": {"priority": "normal"}}"#);
        assert!(!answer.failed, "{}", answer.raw);
        assert_eq!(fixture.contents(), before);
    }
}
