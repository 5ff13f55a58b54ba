//! Leads: how they are written, found, and handed on.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{ToolResult, not_found};
use maitred_kernel::{Currency, Stamp, tokens};
use maitred_party::{CompanyId, MemberId};
use maitred_store::value::FromRow;
use maitred_store::{Param, Record, Row, Sql, StoreResult, params, search as index};

use crate::lead_rules::OPEN;
use crate::model::{
    AboutKind, ActivityLink, DealId, DisqualifyReason, Lead, LeadId, LeadSource, LeadStatus, TodoLink,
};
use crate::segments;

/// Kind in the search index.
pub const KIND: &str = "lead";

/// The lead a text refers to: id or number.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Lead> {
    let text = text.trim();
    if let Some(lead) = db.get::<Lead>(text)? {
        return Ok(lead);
    }
    by_number(db, text)?.ok_or_else(|| not_found(KIND, text).field(field).hint("search with crm_lead_search"))
}

/// The lead with this number.
pub fn by_number(db: &Reader<'_>, number: &str) -> ToolResult<Option<Lead>> {
    let mut sql = Sql::new(Lead::SELECT);
    sql.push(" WHERE number = ").bind(number.to_uppercase());
    Ok(db.one_of(&sql)?)
}

/// Writes a new lead and its words in the search index.
pub fn insert(db: &Writer<'_>, lead: &mut Lead) -> ToolResult<()> {
    db.insert(lead)?;
    put_words(db, lead)
}

/// Writes a changed lead. Answers whether anything changed.
pub fn put(db: &Writer<'_>, before: &Lead, after: &mut Lead) -> ToolResult<bool> {
    let changed = db.update(before, after)?;
    if changed {
        put_words(db, after)?;
    }
    Ok(changed)
}

/// Notes that somebody did something about a lead; only ever forward in time.
pub fn touched(db: &Writer<'_>, id: &str, at: Stamp) -> ToolResult<()> {
    if let Some(before) = db.get::<Lead>(id)?
        && before.last_touched_at.is_none_or(|known| known < at)
    {
        let mut after = Lead { last_touched_at: Some(at), ..before.clone() };
        db.update(&before, &mut after)?;
    }
    Ok(())
}

/// Brings the search index up to date with a lead: its number, names, address and telephone.
pub fn put_words(db: &Writer<'_>, lead: &Lead) -> ToolResult<()> {
    let texts = [
        (lead.number.as_str(), 50),
        (lead.name.as_str(), 40),
        (lead.company_name.as_deref().unwrap_or(""), 35),
        (lead.email.as_deref().unwrap_or(""), 25),
        (lead.phone.as_deref().unwrap_or(""), 20),
    ];
    let words: Vec<(String, i64)> = texts
        .into_iter()
        .flat_map(|(text, weight)| tokens(text).into_iter().map(move |token| (token, weight)))
        .collect();
    index::put(db.tx(), KIND, &lead.id.0, &words)?;
    Ok(())
}

/// Leads with this folded e-mail address, newest first.
pub fn by_email(db: &Reader<'_>, email: &str) -> ToolResult<Vec<Lead>> {
    let mut sql = Sql::new(Lead::SELECT);
    sql.push(" WHERE email = ").bind(email).push(" ORDER BY id DESC LIMIT 10");
    Ok(db.all_of(&sql)?)
}

/// Open leads of a member.
pub fn open_of(db: &Reader<'_>, member: &str) -> ToolResult<Vec<Lead>> {
    let mut sql = Sql::new(Lead::SELECT);
    sql.push(" WHERE owner_id = ")
        .bind(member)
        .push(" AND archived_at IS NULL AND status IN ")
        .bind_list(OPEN);
    sql.push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// How many open leads each member has, `except` one lead.
pub fn open_counts(db: &Reader<'_>, except: &LeadId) -> ToolResult<Vec<(MemberId, i64)>> {
    let mut sql =
        Sql::new("SELECT owner_id, COUNT(*) FROM lead WHERE owner_id IS NOT NULL AND archived_at IS NULL");
    sql.and("id <>", except)
        .push(" AND status IN ")
        .bind_list(OPEN)
        .push(" GROUP BY owner_id ORDER BY owner_id");
    Ok(db.all_of(&sql)?)
}

/// Makes what was about a lead about the deal it became, and its activities about the company too. Answers how many
/// activities and to-dos moved.
pub fn hand_over(
    db: &Writer<'_>,
    lead: &LeadId,
    deal: &DealId,
    company: &CompanyId,
) -> ToolResult<(i64, i64)> {
    let mut sql = Sql::new(ActivityLink::SELECT);
    sql.push(" WHERE entity_id = ").bind(lead).push(" ORDER BY id");
    let activities: Vec<ActivityLink> = db.all_of(&sql)?;
    for before in &activities {
        let mut after =
            ActivityLink { entity_kind: AboutKind::Deal, entity_id: deal.0.clone(), ..before.clone() };
        db.update(before, &mut after)?;
        let known = db.count(
            "SELECT COUNT(*) FROM activity_link WHERE activity_id = $1 AND entity_id = $2",
            params![before.activity_id, company],
        )?;
        if known == 0 {
            let mut link = ActivityLink {
                id: db.fresh_id(),
                activity_id: before.activity_id.clone(),
                entity_kind: AboutKind::Company,
                entity_id: company.0.clone(),
            };
            db.insert(&mut link)?;
        }
    }
    let mut sql = Sql::new(TodoLink::SELECT);
    sql.push(" WHERE entity_id = ").bind(lead).push(" ORDER BY id");
    let todos: Vec<TodoLink> = db.all_of(&sql)?;
    for before in &todos {
        let mut after =
            TodoLink { entity_kind: AboutKind::Deal, entity_id: deal.0.clone(), ..before.clone() };
        db.update(before, &mut after)?;
    }
    Ok((activities.len() as i64, todos.len() as i64))
}

/// What leads are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct LeadFilter {
    /// Folded terms, all of which must match.
    pub terms: Vec<String>,
    /// With this status; open ones when not given.
    pub status: Option<LeadStatus>,
    /// From this source.
    pub source: Option<LeadSource>,
    /// Of this member; `Some(None)` means of nobody.
    pub owner: Option<Option<MemberId>>,
    /// At least this score.
    pub min_score: Option<i64>,
    /// Came in at this moment or earlier.
    pub created_before: Option<Stamp>,
    /// In this segment: name or id.
    pub segment: Option<String>,
}

/// A lead as a list shows it.
pub struct FoundLead {
    /// Score of the text match, 0 without one.
    pub hit: i64,
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Number.
    pub number: String,
    /// Who.
    pub name: String,
    /// Company name as they gave it.
    pub company_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Source.
    pub source: LeadSource,
    /// What they want.
    pub need: String,
    /// Worth, minor units.
    pub value_minor: Option<i64>,
    /// Currency of the worth.
    pub currency: Option<Currency>,
    /// 0 to 100.
    pub score: i64,
    /// Owner.
    pub owner: Option<(String, String)>,
    /// Status.
    pub status: LeadStatus,
    /// Since when.
    pub status_at: Stamp,
    /// When somebody last did something about it, or when it came in.
    pub touched: Stamp,
    /// True when somebody did.
    pub is_touched: bool,
    /// Came in.
    pub created_at: Stamp,
    /// Why it is not worth it.
    pub disqualify_reason: Option<DisqualifyReason>,
}

impl FromRow for FoundLead {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        let owner: Option<String> = row.get(12)?;
        Ok(Self {
            hit: row.get(0)?,
            id: row.get(1)?,
            version: row.get(2)?,
            number: row.get(3)?,
            name: row.get(4)?,
            company_name: row.get(5)?,
            email: row.get(6)?,
            phone: row.get(7)?,
            source: row.get(8)?,
            need: row.get(9)?,
            value_minor: row.get(10)?,
            currency: row.get(11)?,
            owner: match owner {
                Some(id) => Some((id, row.get::<Option<String>>(13)?.unwrap_or_default())),
                None => None,
            },
            score: row.get(14)?,
            status: row.get(15)?,
            status_at: row.get(16)?,
            touched: row.get(17)?,
            is_touched: row.get::<Option<Stamp>>(18)?.is_some(),
            created_at: row.get(19)?,
            disqualify_reason: row.get(20)?,
        })
    }
}

impl FoundLead {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        vec![
            Param::Int(self.hit),
            Param::Int(self.score),
            Param::Text(self.touched.text().into()),
            Param::Text(self.id.clone().into()),
        ]
    }
}

/// Values in a cursor of this search.
pub const KEYS: usize = 4;

const TOUCHED: &str = "COALESCE(l.last_touched_at, l.created_at)";
const COLUMNS: &str = "l.id, l.version, l.number, l.name, l.company_name, l.email, l.phone, l.source, l.need, \
                       l.value_minor, l.currency, l.owner_id, m.name, l.score, l.status, l.status_at, \
                       COALESCE(l.last_touched_at, l.created_at), l.last_touched_at, l.created_at, \
                       l.disqualify_reason";

fn narrow(db: &Reader<'_>, sql: &mut Sql, filter: &LeadFilter) -> ToolResult<()> {
    if let Some(segment) = &filter.segment {
        segments::narrow(db, sql, AboutKind::Lead, segment, "l.id")?;
    }
    sql.push(" AND l.archived_at IS NULL");
    match filter.status {
        Some(status) => sql.and("l.status =", status),
        None => sql.push(" AND l.status IN ").bind_list(OPEN),
    };
    if let Some(source) = filter.source {
        sql.and("l.source =", source);
    }
    match &filter.owner {
        Some(Some(owner)) => {
            sql.and("l.owner_id =", owner);
        }
        Some(None) => {
            sql.push(" AND l.owner_id IS NULL");
        }
        None => {}
    }
    if let Some(least) = filter.min_score {
        sql.and("l.score >=", least);
    }
    if let Some(before) = filter.created_before {
        sql.and("l.created_at <=", before);
    }
    Ok(())
}

/// Leads in order: best match, highest score, untouched longest; after the key of the page before; at most `fetch`.
pub fn search(
    db: &Reader<'_>,
    filter: &LeadFilter,
    after: Option<&[Param<'static>]>,
    fetch: i64,
) -> ToolResult<Vec<FoundLead>> {
    let by_text = !filter.terms.is_empty();
    let mut sql = if by_text { index::hits(KIND, &filter.terms) } else { Sql::default() };
    sql.push(if by_text { "SELECT h.score, " } else { "SELECT 0, " }).push(COLUMNS);
    sql.push(if by_text { " FROM hit h JOIN lead l ON l.id = h.id" } else { " FROM lead l" });
    sql.push(" LEFT JOIN member m ON m.id = l.owner_id WHERE 1 = 1");
    narrow(db, &mut sql, filter)?;
    if let Some([hit, score, touched, id]) = after {
        if by_text {
            sql.and("(h.score <", hit.clone()).push(" OR (h.score = ").bind(hit.clone());
        }
        sql.and("(l.score <", score.clone()).push(" OR (l.score = ").bind(score.clone()).push(" AND (");
        sql.push(TOUCHED).push(", l.id) > (").bind(touched.clone()).push(", ").bind(id.clone()).push(")))");
        sql.push(if by_text { "))" } else { "" });
    }
    sql.push(if by_text { " ORDER BY h.score DESC, " } else { " ORDER BY " });
    sql.push("l.score DESC, ").push(TOUCHED).push(", l.id LIMIT ").bind(fetch);
    Ok(db.all_of(&sql)?)
}

/// How many leads fit.
pub fn count(db: &Reader<'_>, filter: &LeadFilter) -> ToolResult<i64> {
    let by_text = !filter.terms.is_empty();
    let mut sql = if by_text { index::hits(KIND, &filter.terms) } else { Sql::default() };
    sql.push("SELECT COUNT(*) FROM ");
    sql.push(if by_text { "hit h JOIN lead l ON l.id = h.id" } else { "lead l" }).push(" WHERE 1 = 1");
    narrow(db, &mut sql, filter)?;
    Ok(db.count_of(&sql)?)
}

/// One lead as lists show it.
///
/// # Errors
/// `not_found`.
pub fn shown(db: &Reader<'_>, id: &LeadId) -> ToolResult<FoundLead> {
    let mut sql = Sql::new("SELECT 0, ");
    sql.push(COLUMNS).push(" FROM lead l LEFT JOIN member m ON m.id = l.owner_id WHERE l.id = ").bind(id);
    db.one_of(&sql)?.ok_or_else(|| not_found(KIND, &id.0))
}

/// A lead that a piece of text finds: score, id, number, name, company name.
pub type TextHit = (i64, String, String, String, Option<String>);

/// Leads of any status that match all terms, best first.
pub fn text_hits(db: &Reader<'_>, terms: &[String], limit: usize) -> ToolResult<Vec<TextHit>> {
    let mut sql = index::hits(KIND, terms);
    sql.push("SELECT h.score, l.id, l.number, l.name, l.company_name FROM hit h JOIN lead l ON l.id = h.id ");
    sql.push("WHERE l.archived_at IS NULL ORDER BY h.score DESC, l.id DESC LIMIT ").bind(limit as i64);
    Ok(db.all_of(&sql)?)
}
