//! `crm_todo_list`: what is to be done, by how soon.

use maitred_core::prelude::*;
use maitred_kernel::Day;
use maitred_kernel::wire::{Moment, at_field};
use maitred_party::org;
use maitred_party::store::{members, redirects};

use crate::about;
use crate::model::TodoStatus;
use crate::store::todos::{self, KEYS, TodoFilter};
use crate::todos::{Group, Limits, TodoFull};

/// The tool.
pub struct TodoList;

impl Tool for TodoList {
    const NAME: &str = "crm_todo_list";
    const TITLE: &str = "List to-dos";
    const ABOUT: &str = "To-dos grouped overdue, today, this week, later; yours unless an assignee is named.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: "company acme; crm_todo_create {\"title\": \"call\", \"due_at\": \"2026-03-02T15:00:00Z\", \
                \"about\": [\"@acme\"]} as call",
        args: r#"{"assignee": "anyone", "about": "@acme"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let zone = &org::settings_of(cx)?.zone;
        let assignee = match args.assignee.as_deref() {
            Some("anyone") => None,
            text => Some(members::resolve(cx, text.unwrap_or("me"), "assignee")?.id),
        };
        let about = args.about.map(|text| about::resolve(cx, &text, "about")).transpose()?;
        let after = args.until.map(|day| day.plus_days(1).and_then(|day| day.start(zone))).transpose();
        let filter = TodoFilter {
            assignee,
            about: about.map(|about| redirects::family(cx, &about.id)).transpose()?,
            status: args.status.unwrap_or(TodoStatus::Open),
            before: at_field(after, "until")?,
        };
        let total = page.count.then(|| todos::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(todos::list(cx, &filter, &page)?, todos::key);
        let limits = at_field(Limits::at(cx.stamp(), zone), "until")?;
        let mut groups: Vec<TodoGroup> = Vec::new();
        for todo in todos::show(cx, rows)? {
            let group = limits.group(todo.status, todo.due_at);
            let todo = Selected::new(todo, mask);
            // Rows come by due time, so the members of a group stand side by side.
            match groups.last_mut().filter(|last| last.group == group) {
                Some(last) => last.todos.push(todo),
                None => groups.push(TodoGroup { group, todos: vec![todo] }),
            }
        }
        Ok(Output { groups, next_cursor, total })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Member or anyone; you.
    #[arg(max = 200)]
    assignee: Option<String>,
    /// Company, contact, deal or lead.
    #[arg(max = 200)]
    about: Option<String>,
    /// open.
    status: Option<TodoStatus>,
    /// Last due day.
    until: Option<Day>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// To-dos that are due equally soon.
#[derive(ToolOutput)]
pub struct TodoGroup {
    /// How soon.
    group: Group,
    /// To-dos, the earliest due first.
    todos: Vec<Selected<TodoFull>>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Groups that are not empty, the most urgent first.
    groups: Vec<TodoGroup>,
    /// Cursor of the next page; a group may go on there.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const FOUR: &str = r#"
        crm_todo_create {"title": "later", "due_at": "2026-04-01T09:00:00Z"};
        crm_todo_create {"title": "today", "due_at": "2026-03-02T23:59:59Z"};
        crm_todo_create {"title": "week", "due_at": "2026-03-08T23:59:59Z"};
        crm_todo_create {"title": "other", "due_at": "2026-03-03T09:00:00Z", "assignee": "@sales"}"#;

    #[test]
    fn groups_mine_by_the_days_of_the_organisation() {
        check(
            &crate::DOMAIN,
            FOUR,
            "crm_todo_list",
            r#"{"fields": ["title"], "count": true}"#,
            expect![[
                r##"{"groups":[{"group":"today","todos":[{"id":"#1","version":1,"title":"today"}]},{"group":"this_week","todos":[{"id":"#2","version":1,"title":"week"}]},{"group":"later","todos":[{"id":"#3","version":1,"title":"later"}]}],"total":3}"##
            ]],
        );
    }

    #[test]
    fn what_is_past_is_overdue() {
        let fixture = Fixture::new(&[&crate::DOMAIN], FOUR);
        fixture.set_clock("2026-03-05T10:00:00Z");
        let answer = fixture
            .call("crm_todo_list", r#"{"assignee": "anyone", "until": "2026-03-08", "fields": ["title"]}"#);
        expect![[r##"{"groups":[{"group":"overdue","todos":[{"id":"#1","version":1,"title":"today"},{"id":"#2","version":1,"title":"other"}]},{"group":"this_week","todos":[{"id":"#3","version":1,"title":"week"}]}]}"##]].assert_eq(&answer.text);
    }

    #[test]
    fn pages_walk_through_all_of_them_once() {
        let fixture = Fixture::new(&[&crate::DOMAIN], FOUR);
        let (mut titles, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let more = cursor.map_or_else(String::new, |cursor| format!(r#", "cursor": "{cursor}""#));
            let json = fixture
                .call("crm_todo_list", &format!(r#"{{"assignee": "anyone", "limit": 1{more}}}"#))
                .json();
            for group in json["groups"].as_array().unwrap() {
                titles.extend(
                    group["todos"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|todo| todo["title"].as_str().unwrap().to_owned()),
                );
            }
            match json["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(titles, ["today", "other", "week", "later"]);
    }
}
