//! Reading the audit trail beside the change log: one event per changed record.

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;
use maitred_kernel::Stamp;
use maitred_store::value::FromRow;
use maitred_store::{Param, Row, Sql, StoreResult};

/// Which events are asked for, and which the caller may see at all.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// What narrows the caller's view; `None` for those who see everything.
    pub reach: Option<Reach>,
    /// Kind of record.
    pub entity: Option<String>,
    /// Ids of the record, absorbed ones too.
    pub records: Option<Vec<String>>,
    /// Ids of the company, absorbed ones too.
    pub companies: Option<Vec<String>>,
    /// Member or contact who acted.
    pub actor: Option<String>,
    /// Tool, or command of an operator.
    pub tool: Option<String>,
    /// From this moment on.
    pub from: Option<Stamp>,
    /// Before this moment.
    pub until: Option<Stamp>,
}

/// What somebody sees who does not see everything.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// What this member did.
    pub member: String,
    /// What happened to records of these kinds.
    pub entities: Vec<&'static str>,
}

/// A changed record and who changed it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Number of the audit line.
    pub seq: i64,
    /// Place within it.
    pub position: i64,
    /// When.
    pub at: Stamp,
    /// Key or channel.
    pub principal: String,
    /// `teammate`, `client`, `stranger` or `operator`.
    pub actor_kind: String,
    /// Member or contact.
    pub actor_id: Option<String>,
    /// Their name then.
    pub actor_label: String,
    /// Tool.
    pub tool: String,
    /// How the call came in.
    pub transport: String,
    /// Release of the binary.
    pub build: String,
    /// Kind of record.
    pub entity: String,
    /// Its id.
    pub record: String,
    /// `created`, `updated` or `deleted`.
    pub change: String,
    /// Columns before, JSON.
    pub before: Option<String>,
    /// Columns after, JSON.
    pub after: Option<String>,
    /// Company it is about.
    pub company: Option<String>,
    /// Contact it is about.
    pub contact: Option<String>,
}

impl FromRow for Event {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            seq: row.get(0)?,
            position: row.get(1)?,
            at: row.get(2)?,
            principal: row.get(3)?,
            actor_kind: row.get(4)?,
            actor_id: row.get(5)?,
            actor_label: row.get(6)?,
            tool: row.get(7)?,
            transport: row.get(8)?,
            build: row.get(9)?,
            entity: row.get(10)?,
            record: row.get(11)?,
            change: row.get(12)?,
            before: row.get(13)?,
            after: row.get(14)?,
            company: row.get(15)?,
            contact: row.get(16)?,
        })
    }
}

impl Event {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        vec![Param::Int(self.seq), Param::Int(self.position)]
    }
}

/// Values in a cursor of this search.
pub const KEYS: usize = 2;

const COLUMNS: &str = "SELECT c.audit_seq, c.position, a.at, a.principal, a.actor_kind, a.actor_id, a.actor_label, a.tool, \
                       a.transport, a.build, c.entity, c.entity_id, c.kind, c.before_json, c.after_json, c.company_id, \
                       c.contact_id";
const FROM: &str = " FROM change_log c JOIN audit a ON a.seq = c.audit_seq WHERE 1 = 1";

fn narrow(sql: &mut Sql, filter: &AuditFilter) {
    if let Some(reach) = &filter.reach {
        sql.push(" AND ((a.actor_kind = 'teammate' AND a.actor_id = ")
            .bind(reach.member.as_str())
            .push(") OR c.entity IN ")
            .bind_list(&reach.entities)
            .push(")");
    }
    if let Some(entity) = &filter.entity {
        sql.and("c.entity =", entity);
    }
    if let Some(records) = &filter.records {
        sql.push(" AND c.entity_id IN ").bind_list(records);
    }
    if let Some(companies) = &filter.companies {
        sql.push(" AND c.company_id IN ").bind_list(companies);
    }
    if let Some(actor) = &filter.actor {
        sql.and("a.actor_id =", actor);
    }
    if let Some(tool) = &filter.tool {
        sql.and("a.tool =", tool);
    }
    if let Some(from) = filter.from {
        sql.and("a.at >=", from);
    }
    if let Some(until) = filter.until {
        sql.and("a.at <", until);
    }
}

/// At most `limit` events, newest first, after the one with the key `after`.
pub fn search(
    db: &Reader<'_>,
    filter: &AuditFilter,
    after: Option<&[Param<'static>]>,
    limit: i64,
) -> ToolResult<Vec<Event>> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(FROM);
    narrow(&mut sql, filter);
    if let Some([seq, position]) = after {
        sql.push(" AND (c.audit_seq < ").bind(seq.clone());
        sql.push(" OR (c.audit_seq = ").bind(seq.clone());
        sql.push(" AND c.position < ").bind(position.clone()).push("))");
    }
    sql.push(" ORDER BY c.audit_seq DESC, c.position DESC LIMIT ").bind(limit);
    Ok(db.all_of(&sql)?)
}

/// How many events fit.
pub fn count(db: &Reader<'_>, filter: &AuditFilter) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*)");
    sql.push(FROM);
    narrow(&mut sql, filter);
    Ok(db.count_of(&sql)?)
}
