//! `crm_activity_log`: what happened, with whom, and what is to be done next.

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_kernel::wire::Moment;
use maitred_party::store::members;
use maitred_party::{CompanyId, ContactId, Member, MemberId};

use crate::about::{self, About};
use crate::model::{
    AboutKind, Activity, ActivityId, ActivityKind, Direction, Priority, Todo, TodoId, TodoStatus,
};
use crate::store::{activities, leads, profiles, todos};
use crate::views::{AboutView, Named, TodoView};

/// The tool.
pub struct ActivityLog;

impl Tool for ActivityLog {
    const NAME: &str = "crm_activity_log";
    const TITLE: &str = "Log activity";
    const ABOUT: &str =
        "Record a call, meeting, visit, email, message or plain note about a company, contact, deal or lead.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "company acme; contact ada company=acme",
        args: r#"{"kind": "call", "direction": "out", "about": ["@ada", "@acme"], "summary": "wants a tasting in May",
                  "next_todo": {"title": "send dates", "due_at": "2026-03-10T09:00:00Z"}}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let at = args.at.unwrap_or_else(|| cx.stamp());
        if at > cx.stamp() {
            return Err(invalid("at", "lies in the future").hint("plan it with crm_todo_create"));
        }
        let mut about: Vec<About> = Vec::new();
        for (index, text) in args.about.iter().enumerate() {
            let record = about::resolve(cx, text, &format!("about[{index}]"))?;
            if !about.contains(&record) {
                about.push(record);
            }
        }
        let happened = Happened {
            kind: args.kind,
            direction: args.direction,
            at,
            duration_min: args.duration_min.map(i64::from),
            summary: args.summary,
            outcome: args.outcome,
        };
        let activity = record(cx, happened, &about)?;
        let todo = args.next_todo.map(|next| follow_up(cx, next, &about)).transpose()?;
        Ok(Output {
            id: activity.id.0,
            kind: activity.kind,
            at,
            about: about.into_iter().map(AboutView::from).collect(),
            todo,
        })
    }
}

/// What happened, before it is written.
pub(crate) struct Happened {
    /// What.
    pub kind: ActivityKind,
    /// Who spoke first; we did when not given, except in a note.
    pub direction: Option<Direction>,
    /// When; never in the future.
    pub at: Stamp,
    /// Minutes.
    pub duration_min: Option<i64>,
    /// What was said.
    pub summary: String,
    /// What came of it.
    pub outcome: Option<String>,
}

/// Writes an activity of the caller and what follows from it: who was in touch with whom last.
pub(crate) fn record(cx: &Writer<'_>, happened: Happened, about: &[About]) -> ToolResult<Activity> {
    let at = happened.at;
    let two_way = happened.kind != ActivityKind::Note;
    let direction = happened.direction.unwrap_or(if two_way { Direction::Out } else { Direction::None });
    let mut activity = Activity {
        id: ActivityId(cx.fresh_id()),
        version: 1,
        created_at: at,
        updated_at: at,
        kind: happened.kind,
        direction,
        at,
        duration_min: happened.duration_min,
        summary: happened.summary,
        outcome: happened.outcome,
        by_member: cx.teammate().map(|teammate| MemberId(teammate.member.clone())),
    };
    activities::insert(cx, &mut activity, about)?;
    for record in about {
        match record.kind {
            AboutKind::Company if two_way => profiles::contacted(cx, &CompanyId(record.id.clone()), at)?,
            AboutKind::Contact if two_way => {
                profiles::contacted_person(cx, &ContactId(record.id.clone()), at)?
            }
            AboutKind::Lead => leads::touched(cx, &record.id, at)?,
            _ => {}
        }
    }
    Ok(activity)
}

/// The active member who is to do it; the caller when nobody is named.
pub(crate) fn assignee(cx: &Reader<'_>, text: Option<&str>, field: &str) -> ToolResult<Member> {
    let member = members::resolve(cx, text.unwrap_or("me"), field)?;
    if member.is_active() {
        return Ok(member);
    }
    let active = members::all(cx)?.into_iter().filter(Member::is_active).take(5);
    let names: Vec<String> = active.map(|member| member.name).collect();
    Err(invalid(field, "is no longer active").hint(format!("active members are {}", names.join(", "))))
}

/// Makes the to-do that follows an activity, about the same records.
pub(crate) fn follow_up(cx: &Writer<'_>, next: NextTodo, about: &[About]) -> ToolResult<TodoView> {
    if next.due_at < cx.stamp() {
        return Err(invalid("next_todo.due_at", "is in the past"));
    }
    let assignee = assignee(cx, next.assignee.as_deref(), "next_todo.assignee")?;
    let now = cx.stamp();
    let mut todo = Todo {
        id: TodoId(cx.fresh_id()),
        version: 1,
        created_at: now,
        updated_at: now,
        title: next.title,
        due_at: next.due_at,
        remind_at: None,
        assignee_id: assignee.id.clone(),
        priority: Priority::Normal,
        status: TodoStatus::Open,
        outcome: None,
        done_at: None,
    };
    todos::insert(cx, &mut todo, about)?;
    Ok(TodoView {
        id: todo.id.0,
        title: todo.title,
        due_at: todo.due_at,
        assignee: Named { id: assignee.id.0, name: assignee.name },
        priority: todo.priority,
    })
}

/// A to-do that follows.
#[derive(ToolArgs)]
pub struct NextTodo {
    /// Title.
    #[arg(min = 1, max = 200)]
    title: String,
    /// RFC 3339.
    due_at: Stamp,
    /// Member; you.
    assignee: Option<String>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Kind.
    kind: ActivityKind,
    /// Ids, numbers, emails or exact names.
    #[arg(min = 1, max = 20)]
    about: Vec<String>,
    /// Summary.
    #[arg(min = 1, max = 4000)]
    summary: String,
    /// When (now).
    at: Option<Stamp>,
    /// Direction.
    direction: Option<Direction>,
    /// Minutes.
    #[arg(min = 0, max = 1440)]
    duration_min: Option<u32>,
    /// Outcome.
    #[arg(max = 1000)]
    outcome: Option<String>,
    /// Follow-up to create.
    next_todo: Option<NextTodo>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id of the activity.
    id: String,
    /// What it was.
    kind: ActivityKind,
    /// When.
    at: Stamp,
    /// What it is about.
    about: Vec<AboutView>,
    /// The to-do that follows.
    todo: Option<TodoView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn refuses_the_future() {
        check(
            &crate::DOMAIN,
            "company acme",
            "crm_activity_log",
            r#"{"kind": "call", "about": ["@acme"], "summary": "spoke", "at": "2099-01-01T00:00:00Z"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`at` lies in the future","field":"at","hint":"plan it with crm_todo_create","retryable":false}}"#
            ]],
        );
    }
}
