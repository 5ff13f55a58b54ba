//! What happened with a company or a person: activities and logged changes, merged newest first.
//!
//! Each source is read in its own key order, at most one page of it, and the two are merged. Of one moment, changes come
//! before activities; so the order is total, and a page begins exactly where the one before ended.

use std::collections::BTreeMap;

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;
use maitred_core::paging::Page;
use maitred_kernel::Stamp;
use maitred_store::value::FromRow;
use maitred_store::{Param, Row, Sql, StoreResult};

use crate::model::{AboutKind, ActivityKind, Direction};
use crate::timeline::{ALL_SQL, Sight};

/// Whose timeline, and what of it.
pub struct TimelineFilter {
    /// `company` or `contact`.
    pub of: AboutKind,
    /// The record's id and those of the records merged into it.
    pub ids: Vec<String>,
    /// What the caller may see.
    pub sight: Sight,
    /// From this moment.
    pub from: Option<Stamp>,
    /// Before this moment.
    pub to: Option<Stamp>,
}

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub at: Stamp,
    /// Where it comes from, with its key there.
    pub what: What,
}

/// Where an event comes from.
#[derive(Clone, Debug)]
pub enum What {
    /// An activity.
    Activity(Happened),
    /// A change.
    Change(Changed),
}

/// An activity.
#[derive(Clone, Debug)]
pub struct Happened {
    /// Id.
    pub id: String,
    /// What.
    pub kind: ActivityKind,
    /// Who spoke first.
    pub direction: Direction,
    /// What was said.
    pub summary: String,
    /// What came of it.
    pub outcome: Option<String>,
    /// Who of us.
    pub by: Option<String>,
}

/// A logged change.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Number of the audit line.
    pub seq: i64,
    /// Place in it.
    pub position: i64,
    /// Kind of record.
    pub entity: String,
    /// The record.
    pub entity_id: String,
    /// `created`, `updated`, `deleted`.
    pub change: String,
    /// Columns after.
    pub after: Option<String>,
    /// Columns before.
    pub before: Option<String>,
    /// Who.
    pub by: String,
    /// Tool.
    pub tool: String,
}

impl FromRow for Event {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            at: row.get(0)?,
            what: What::Activity(Happened {
                id: row.get(1)?,
                kind: row.get(2)?,
                direction: row.get(3)?,
                summary: row.get(4)?,
                outcome: row.get(5)?,
                by: row.get(6)?,
            }),
        })
    }
}

struct ChangeRow(Event);

impl FromRow for ChangeRow {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self(Event {
            at: row.get(0)?,
            what: What::Change(Changed {
                seq: row.get(1)?,
                position: row.get(2)?,
                entity: row.get(3)?,
                entity_id: row.get(4)?,
                change: row.get(5)?,
                after: row.get(6)?,
                before: row.get(7)?,
                by: row.get(8)?,
                tool: row.get(9)?,
            }),
        }))
    }
}

/// Values in a cursor of a timeline: when, whether it is a change, the activity's id, the change's line and place.
pub const KEYS: usize = 5;

impl Event {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        let (change, id, seq, position) = match &self.what {
            What::Activity(activity) => (0, activity.id.clone(), 0, 0),
            What::Change(change) => (1, String::new(), change.seq, change.position),
        };
        vec![
            Param::Text(self.at.text().into()),
            Param::Int(change),
            Param::Text(id.into()),
            Param::Int(seq),
            Param::Int(position),
        ]
    }

    fn order(&self) -> (Stamp, bool, &str, i64, i64) {
        match &self.what {
            What::Activity(activity) => (self.at, false, &activity.id, 0, 0),
            What::Change(change) => (self.at, true, "", change.seq, change.position),
        }
    }
}

/// Ids beyond this number are not looked for: no record was merged that often, and a statement binds a hundred values.
const MOST_IDS: usize = 24;

fn within(sql: &mut Sql, column: &'static str, filter: &TimelineFilter) {
    if let Some(from) = filter.from {
        sql.push(" AND ").push(column).push(" >= ").bind(from);
    }
    if let Some(to) = filter.to {
        sql.push(" AND ").push(column).push(" < ").bind(to);
    }
}

/// Activities about the record, and about its deals and the leads it came from.
fn activities(filter: &TimelineFilter, counting: bool, page: &Page) -> Sql {
    let ids = &filter.ids[..filter.ids.len().min(MOST_IDS)];
    let mut sql = Sql::new(if counting {
        "SELECT COUNT(*)"
    } else {
        "SELECT a.at, a.id, a.kind, a.direction, a.summary, a.outcome, m.name"
    });
    sql.push(
        " FROM activity a LEFT JOIN member m ON m.id = a.by_member WHERE a.id IN (SELECT l.activity_id \
         FROM activity_link l WHERE l.entity_id IN ",
    )
    .bind_list(ids);
    let company = filter.of == AboutKind::Company;
    sql.push(if company {
        " OR l.entity_id IN (SELECT d.id FROM deal d WHERE d.company_id IN "
    } else {
        " OR l.entity_id IN (SELECT d.id FROM deal d WHERE d.contact_id IN "
    });
    sql.bind_list(ids);
    sql.push(if company {
        ") OR l.entity_id IN (SELECT e.id FROM lead e WHERE e.company_id IN "
    } else {
        ") OR l.entity_id IN (SELECT e.id FROM lead e WHERE e.contact_id IN "
    });
    sql.bind_list(ids).push("))");
    within(&mut sql, "a.at", filter);
    if counting {
        return sql;
    }
    match page.after.as_deref() {
        Some([at, Param::Int(0), id, ..]) => {
            sql.push(" AND (a.at, a.id) < (").bind(at.clone()).push(", ").bind(id.clone()).push(")");
        }
        Some([at, ..]) => {
            sql.push(" AND a.at <= ").bind(at.clone());
        }
        _ => {}
    }
    sql.push(" ORDER BY a.at DESC, a.id DESC LIMIT ").bind(page.fetch());
    sql
}

/// Logged changes of the record and of what belongs to it. That an activity moved the date of the last contact is no
/// event of its own.
fn changes(filter: &TimelineFilter, counting: bool, page: &Page) -> Sql {
    let ids = &filter.ids[..filter.ids.len().min(MOST_IDS)];
    let mut sql = Sql::new(if counting {
        "SELECT COUNT(*)"
    } else {
        "SELECT u.at, c.audit_seq, c.position, c.entity, c.entity_id, c.kind, c.after_json, c.before_json, \
         u.actor_label, u.tool"
    });
    sql.push(" FROM change_log c JOIN audit u ON u.seq = c.audit_seq WHERE (");
    sql.push(if filter.of == AboutKind::Company { "c.company_id IN " } else { "c.contact_id IN " });
    sql.bind_list(ids).push(" OR c.entity_id IN ").bind_list(ids).push(") AND (1 = 0");
    for entities in &filter.sight.entities {
        sql.push(" OR c.entity IN ").push(entities);
    }
    for pattern in &filter.sight.tools {
        sql.push(" OR (c.entity NOT IN ").push(ALL_SQL).push(" AND u.tool LIKE ").bind(*pattern);
        sql.push(" ESCAPE '!')");
    }
    sql.push(
        ") AND NOT (c.entity IN ('crm_profile', 'crm_contact_profile') AND c.after_json IS NOT NULL \
         AND (c.after_json LIKE '{\"last_contacted_at\":\"________________________\"}' \
         OR (c.kind = 'created' AND c.after_json LIKE '%\"last_contacted_at\"%')))",
    );
    within(&mut sql, "u.at", filter);
    if counting {
        return sql;
    }
    match page.after.as_deref() {
        Some([at, Param::Int(1), _, seq, position]) => {
            sql.push(" AND (u.at, c.audit_seq, c.position) < (").bind(at.clone()).push(", ");
            sql.bind(seq.clone()).push(", ").bind(position.clone()).push(")");
        }
        Some([at, ..]) => {
            sql.push(" AND u.at < ").bind(at.clone());
        }
        _ => {}
    }
    sql.push(" ORDER BY u.at DESC, c.audit_seq DESC, c.position DESC LIMIT ").bind(page.fetch());
    sql
}

/// A page of events, newest first; one more than the page holds when there is another.
pub fn page(db: &Reader<'_>, filter: &TimelineFilter, page: &Page) -> ToolResult<Vec<Event>> {
    let mut events: Vec<Event> = Vec::new();
    if filter.sight.activities {
        events.extend(db.all_of::<Event>(&activities(filter, false, page))?);
    }
    events.extend(db.all_of::<ChangeRow>(&changes(filter, false, page))?.into_iter().map(|row| row.0));
    events.sort_by(|a, b| b.order().cmp(&a.order()));
    events.truncate(page.rows + 1);
    Ok(events)
}

/// How many events there are.
pub fn count(db: &Reader<'_>, filter: &TimelineFilter, page: &Page) -> ToolResult<i64> {
    let of_activities =
        if filter.sight.activities { db.count_of(&activities(filter, true, page))? } else { 0 };
    Ok(of_activities + db.count_of(&changes(filter, true, page))?)
}

/// Names of the records that events are about, as far as crm knows them: number and title, or name.
pub fn labels(db: &Reader<'_>, ids: &[String]) -> ToolResult<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    for chunk in ids.chunks(20) {
        let mut sql = Sql::new("SELECT id, name FROM company WHERE id IN ");
        sql.bind_list(chunk).push(
            " UNION ALL SELECT id, CASE WHEN given_name IS NULL THEN family_name \
             ELSE given_name || ' ' || family_name END FROM contact WHERE id IN ",
        );
        sql.bind_list(chunk).push(" UNION ALL SELECT id, number || ' ' || title FROM deal WHERE id IN ");
        sql.bind_list(chunk).push(" UNION ALL SELECT id, number || ' ' || name FROM lead WHERE id IN ");
        sql.bind_list(chunk);
        labels.extend(db.all_of::<(String, String)>(&sql)?);
    }
    Ok(labels)
}
