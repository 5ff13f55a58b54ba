//! `crm_todo_complete`: done, with what came of it and what follows.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;

use super::activity_log::{Happened, NextTodo, follow_up, record};
use super::todo_update::closed;
use crate::model::{ActivityKind, TodoStatus};
use crate::store::todos;
use crate::todos::TodoFull;
use crate::views::TodoView;

/// The tool.
pub struct TodoComplete;

impl Tool for TodoComplete {
    const NAME: &str = "crm_todo_complete";
    const TITLE: &str = "Complete to-do";
    const ABOUT: &str = "Complete a to-do with its outcome, optionally creating the next one.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Write = Write::IDEMPOTENT;
    const EXAMPLE: Example = Example {
        given: "company acme; crm_todo_create {\"title\": \"call\", \"due_at\": \"2026-03-02T15:00:00Z\", \
                \"about\": [\"@acme\"]} as call",
        args: r#"{"todo": "@call", "outcome": "wants an offer", "log_activity": "call",
                  "next_todo": {"title": "send the offer", "due_at": "2026-03-06T09:00:00Z"}}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = todos::resolve(cx, &args.todo, "todo")?;
        match before.status {
            TodoStatus::Cancelled => return Err(closed(&before)),
            TodoStatus::Done => {
                let todo = todos::show_one(cx, before)?;
                return Ok(Output { todo, activity: None, next_todo: None, already_done: Some(true) });
            }
            TodoStatus::Open => {}
        }
        let about = todos::about(cx, &before)?;
        if args.log_activity.is_some() && about.is_empty() {
            return Err(invalid("log_activity", "needs a to-do that is about somebody")
                .hint("log it with crm_activity_log, which names the record"));
        }
        let after = todos::end(cx, &before, TodoStatus::Done, args.outcome.clone())?;
        let activity = match args.log_activity {
            Some(kind) => {
                let happened = Happened {
                    kind,
                    direction: None,
                    at: cx.stamp(),
                    duration_min: None,
                    summary: after.title.clone(),
                    outcome: args.outcome,
                };
                Some(record(cx, happened, &about)?.id.0)
            }
            None => None,
        };
        let next_todo = args.next_todo.map(|next| follow_up(cx, next, &about)).transpose()?;
        Ok(Output { todo: todos::show_one(cx, after)?, activity, next_todo, already_done: None })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or exact title.
    #[arg(min = 1, max = 200)]
    todo: String,
    /// Outcome.
    #[arg(max = 1000)]
    outcome: Option<String>,
    /// Also log it as.
    log_activity: Option<ActivityKind>,
    /// About the same records.
    next_todo: Option<NextTodo>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The to-do.
    todo: TodoFull,
    /// Id of the activity logged.
    activity: Option<String>,
    /// The to-do that follows.
    next_todo: Option<TodoView>,
    /// True when it was done before this call, which changed nothing.
    already_done: Option<bool>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const CALL: &str = r#"company acme; crm_todo_create {"title": "call", "due_at": "2026-03-04T09:00:00Z", "about": ["@acme"]} as call"#;

    #[test]
    fn completing_twice_changes_nothing() {
        let fixture = Fixture::new(&[&crate::DOMAIN], CALL);
        let first = fixture.call(
            "crm_todo_complete",
            r#"{"todo": "@call", "outcome": "agreed", "log_activity": "call", "next_todo": {"title": "send", "due_at": "2026-03-05T09:00:00Z"}}"#,
        );
        assert_eq!(first.json()["next_todo"]["title"], "send");
        assert!(first.json()["activity"].is_string());
        let done = fixture.contents();
        let again = fixture.call(
            "crm_todo_complete",
            r#"{"todo": "@call", "outcome": "something else", "log_activity": "visit"}"#,
        );
        assert_eq!(fixture.contents(), done);
        assert_eq!(again.json()["todo"]["outcome"], "agreed");
        assert_eq!(again.json()["already_done"], true);
        // The follow-up is about what the first was about.
        let list = fixture.call("crm_todo_list", r#"{"about": "Acme", "fields": ["title", "about"]}"#);
        expect![[r##"{"groups":[{"group":"this_week","todos":[{"id":"#1","version":1,"title":"send","about":[{"kind":"company","id":"@acme","label":"Acme"}]}]}]}"##]].assert_eq(&list.text);
    }

    #[test]
    fn what_is_about_nobody_is_not_logged() {
        check(
            &crate::DOMAIN,
            r#"crm_todo_create {"title": "tidy up", "due_at": "2026-03-04T09:00:00Z"}"#,
            "crm_todo_complete",
            r#"{"todo": "tidy up", "log_activity": "note"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`log_activity` needs a to-do that is about somebody","field":"log_activity","hint":"log it with crm_activity_log, which names the record","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_leaver_hands_over_what_is_open() {
        use maitred_party::sources::OpenWork as _;
        let fixture = Fixture::new(&[&crate::DOMAIN], CALL);
        let (owner, sales) = (fixture.id("owner"), fixture.id("sales"));
        let work = crate::store::todos::OpenTodos;
        assert_eq!(fixture.read(|db| work.count(db, &owner)).unwrap(), 1);
        let moved =
            fixture.write(move |db| crate::store::todos::OpenTodos.reassign(db, &owner, &sales)).unwrap();
        assert_eq!(moved, 1);
        assert_eq!(fixture.read(|db| work.count(db, &fixture.id("sales"))).unwrap(), 1);
    }
}
