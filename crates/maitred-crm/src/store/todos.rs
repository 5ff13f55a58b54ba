//! To-dos and what they are about.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{ToolResult, not_found};
use maitred_core::paging::Page;
use maitred_kernel::Stamp;
use maitred_kernel::wire::Moment;
use maitred_party::MemberId;
use maitred_party::sources::OpenWork;
use maitred_store::{Param, Record, Sql, params};

use crate::about::About;
use crate::model::{AboutKind, Todo, TodoLink, TodoStatus};
use crate::todos::TodoFull;
use crate::views::AboutView;

/// Writes a to-do with its links.
pub fn insert(db: &Writer<'_>, todo: &mut Todo, about: &[About]) -> ToolResult<()> {
    db.insert(todo)?;
    for record in about {
        let mut link = TodoLink {
            id: db.fresh_id(),
            todo_id: todo.id.clone(),
            entity_kind: record.kind,
            entity_id: record.id.clone(),
        };
        db.insert(&mut link)?;
    }
    Ok(())
}

/// The to-do a text refers to: its id, or the exact title of the only open one called so.
///
/// # Errors
/// `not_found`, or `ambiguous_reference` with candidates.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Todo> {
    let text = text.trim();
    if let Some(todo) = db.get::<Todo>(text)? {
        return Ok(todo);
    }
    let mut sql = Sql::new(Todo::SELECT);
    sql.push(" WHERE status = 'open' AND title = ").bind(text).push(" ORDER BY due_at, id LIMIT 6");
    let found: Vec<Todo> = db.all_of(&sql)?;
    match found.as_slice() {
        [] => Err(not_found("to-do", text).field(field).hint("crm_todo_list shows their ids")),
        [todo] => Ok(todo.clone()),
        several => Err(maitred_party::store::ambiguous(
            field,
            text,
            several.iter().map(|todo| (todo.id.0.as_str(), todo.title.as_str())),
        )),
    }
}

type LinkRow = (String, AboutKind, String, Option<String>, Option<String>);

/// What to-dos are about, with the to-do's id before each.
fn links(db: &Reader<'_>, todos: &[String]) -> ToolResult<Vec<(String, About)>> {
    let mut found = Vec::new();
    for chunk in todos.chunks(90) {
        let mut sql = Sql::new(
            "SELECT l.todo_id, l.entity_kind, l.entity_id, COALESCE(o.name, p.family_name, d.title, e.name), \
             p.given_name FROM todo_link l LEFT JOIN company o ON o.id = l.entity_id \
             LEFT JOIN contact p ON p.id = l.entity_id LEFT JOIN deal d ON d.id = l.entity_id \
             LEFT JOIN lead e ON e.id = l.entity_id WHERE l.todo_id IN ",
        );
        sql.bind_list(chunk).push(" ORDER BY l.todo_id, l.id");
        for (todo, kind, id, name, given) in db.all_of::<LinkRow>(&sql)? {
            let name = name.unwrap_or_default();
            let label = given.map_or_else(|| name.clone(), |given| format!("{given} {name}"));
            found.push((todo, About { kind, id, label }));
        }
    }
    Ok(found)
}

/// What a to-do is about.
pub fn about(db: &Reader<'_>, todo: &Todo) -> ToolResult<Vec<About>> {
    Ok(links(db, std::slice::from_ref(&todo.id.0))?.into_iter().map(|(_, about)| about).collect())
}

/// To-dos as tools show them, in the order given.
pub fn show(db: &Reader<'_>, todos: Vec<Todo>) -> ToolResult<Vec<TodoFull>> {
    let ids: Vec<String> = todos.iter().map(|todo| todo.id.0.clone()).collect();
    let links = links(db, &ids)?;
    let names: Vec<(String, String)> = db.all("SELECT id, name FROM member", &[])?;
    let shown = todos.into_iter().map(|todo| {
        let about = links.iter().filter(|(id, _)| *id == todo.id.0);
        let about = about.map(|(_, about)| AboutView::from(about.clone())).collect();
        let name = names.iter().find(|(id, _)| *id == todo.assignee_id.0).map(|(_, name)| name.clone());
        TodoFull::new(todo, name.unwrap_or_default(), about)
    });
    Ok(shown.collect())
}

/// A to-do as tools show it.
pub fn show_one(db: &Reader<'_>, todo: Todo) -> ToolResult<TodoFull> {
    let name = db.scalar::<String>("SELECT name FROM member WHERE id = $1", params![todo.assignee_id])?;
    let about = about(db, &todo)?.into_iter().map(AboutView::from).collect();
    Ok(TodoFull::new(todo, name.unwrap_or_default(), about))
}

/// What to-dos are listed by.
#[derive(Clone, Debug)]
pub struct TodoFilter {
    /// Whose; everybody's when not given.
    pub assignee: Option<MemberId>,
    /// About any of these records: one record under all its ids.
    pub about: Option<Vec<String>>,
    /// With this status.
    pub status: TodoStatus,
    /// Due before this moment.
    pub before: Option<Stamp>,
}

/// Values in a cursor of this list.
pub const KEYS: usize = 2;

/// The key that cursors hold.
pub fn key(todo: &Todo) -> Vec<Param<'static>> {
    vec![Param::Text(todo.due_at.text().into()), Param::Text(todo.id.0.clone().into())]
}

fn narrow(sql: &mut Sql, filter: &TodoFilter) {
    sql.push(" WHERE status = ").bind(filter.status);
    if let Some(assignee) = &filter.assignee {
        sql.and("assignee_id =", assignee);
    }
    if let Some(ids) = &filter.about {
        sql.push(" AND id IN (SELECT todo_id FROM todo_link WHERE entity_id IN ").bind_list(ids).push(")");
    }
    if let Some(before) = filter.before {
        sql.and("due_at <", before);
    }
}

/// A page of to-dos, the earliest due first; one row more than the page holds when there is another.
pub fn list(db: &Reader<'_>, filter: &TodoFilter, page: &Page) -> ToolResult<Vec<Todo>> {
    let mut sql = Sql::new(Todo::SELECT);
    narrow(&mut sql, filter);
    if let Some([due, id]) = page.after.as_deref() {
        sql.push(" AND (due_at, id) > (").bind(due.clone()).push(", ").bind(id.clone()).push(")");
    }
    sql.push(" ORDER BY due_at, id LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many fit.
pub fn count(db: &Reader<'_>, filter: &TodoFilter) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM todo");
    narrow(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}

/// Open to-dos, for when their assignee leaves.
pub struct OpenTodos;

impl OpenWork for OpenTodos {
    fn kind(&self) -> &'static str {
        "to-dos"
    }

    fn count(&self, db: &Reader<'_>, member: &str) -> ToolResult<i64> {
        Ok(db
            .count("SELECT COUNT(*) FROM todo WHERE assignee_id = $1 AND status = 'open'", params![member])?)
    }

    fn reassign(&self, db: &Writer<'_>, from: &str, to: &str) -> ToolResult<i64> {
        let mut sql = Sql::new(Todo::SELECT);
        sql.push(" WHERE status = 'open' AND assignee_id = ").bind(from).push(" ORDER BY due_at, id");
        let mut moved = 0;
        for before in db.all_of::<Todo>(&sql)? {
            let mut after = Todo { assignee_id: MemberId(to.to_owned()), ..before.clone() };
            moved += i64::from(db.update(&before, &mut after)?);
        }
        Ok(moved)
    }
}

/// Ends an open to-do as done or cancelled.
pub fn end(db: &Writer<'_>, before: &Todo, status: TodoStatus, outcome: Option<String>) -> ToolResult<Todo> {
    let mut after = Todo { status, outcome, done_at: Some(db.stamp()), ..before.clone() };
    db.update(before, &mut after)?;
    Ok(after)
}
