//! Searching contacts.

use crate::model::AboutKind;
use crate::segments;
use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;
use maitred_core::paging::Page;
use maitred_party::model::{ConsentChannel, LinkRole};
use maitred_party::{CompanyId, ContactStatus};
use maitred_store::value::FromRow;
use maitred_store::{Param, Row, Sql, StoreResult, search};

/// What contacts are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct ContactFilter {
    /// Folded terms, all of which must match.
    pub terms: Vec<String>,
    /// At this company.
    pub company: Option<CompanyId>,
    /// In this role at a company.
    pub role: Option<LinkRole>,
    /// With this tag.
    pub tag: Option<String>,
    /// Who agreed to this channel.
    pub consent: Option<ConsentChannel>,
    /// With this status; active ones when not given.
    pub status: Option<ContactStatus>,
    /// In this segment: name or id.
    pub segment: Option<String>,
}

/// A contact as a list shows it.
pub struct FoundContact {
    /// Score of the text match, 0 without one.
    pub score: i64,
    /// Sort key.
    pub name_key: String,
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Given names.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Status.
    pub status: ContactStatus,
    /// Company of the primary, or first, link.
    pub company_id: Option<String>,
    /// Its name.
    pub company_name: Option<String>,
    /// Role there.
    pub role: Option<LinkRole>,
}

impl FromRow for FoundContact {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            score: row.get(0)?,
            name_key: row.get(1)?,
            id: row.get(2)?,
            version: row.get(3)?,
            given_name: row.get(4)?,
            family_name: row.get(5)?,
            email: row.get(6)?,
            phone: row.get(7)?,
            title: row.get(8)?,
            status: row.get(9)?,
            company_id: row.get(10)?,
            company_name: row.get(11)?,
            role: row.get(12)?,
        })
    }
}

impl FoundContact {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        vec![
            Param::Int(self.score),
            Param::Text(self.name_key.clone().into()),
            Param::Text(self.id.clone().into()),
        ]
    }
}

/// Values in a cursor of this search.
pub const KEYS: usize = 3;

const COLUMNS: &str = "c.name_key, c.id, c.version, c.given_name, c.family_name, c.email, c.phone, c.title, c.status, \
                       l.company_id, o.name, l.role";
/// The link shown beside a contact: the smallest id among the best, so that the answer does not depend on the engine.
const LINK: &str = " LEFT JOIN company_contact l ON l.id = (SELECT k.id FROM company_contact k \
                    WHERE k.contact_id = c.id ORDER BY k.is_primary DESC, k.id LIMIT 1) \
                    LEFT JOIN company o ON o.id = l.company_id";

fn narrow(db: &Reader<'_>, sql: &mut Sql, filter: &ContactFilter) -> ToolResult<()> {
    if let Some(segment) = &filter.segment {
        segments::narrow(db, sql, AboutKind::Contact, segment, "c.id")?;
    }
    sql.and("c.status =", filter.status.unwrap_or(ContactStatus::Active));
    if let Some(company) = &filter.company {
        sql.push(" AND c.id IN (SELECT contact_id FROM company_contact WHERE company_id = ")
            .bind(company)
            .push(")");
    }
    if let Some(role) = filter.role {
        sql.push(" AND c.id IN (SELECT contact_id FROM company_contact WHERE role = ").bind(role).push(")");
    }
    if let Some(tag) = &filter.tag {
        sql.push(" AND c.id IN (SELECT g.entity_id FROM tagging g JOIN tag t ON t.id = g.tag_id WHERE t.name_key = ")
            .bind(tag)
            .push(")");
    }
    if let Some(channel) = filter.consent {
        sql.push(
            " AND 'granted' = (SELECT n.state FROM consent n WHERE n.contact_id = c.id AND n.channel = ",
        )
        .bind(channel)
        .push(" ORDER BY n.at DESC, n.state DESC, n.id DESC LIMIT 1)");
    }
    Ok(())
}

/// A page of contacts, best match first, then by name; one row more than the page holds when there is another.
pub fn search(db: &Reader<'_>, filter: &ContactFilter, page: &Page) -> ToolResult<Vec<FoundContact>> {
    let by_text = !filter.terms.is_empty();
    let mut sql = if by_text { search::hits("contact", &filter.terms) } else { Sql::default() };
    sql.push(if by_text { "SELECT h.score, " } else { "SELECT 0, " }).push(COLUMNS);
    sql.push(if by_text { " FROM hit h JOIN contact c ON c.id = h.id" } else { " FROM contact c" });
    sql.push(LINK).push(" WHERE 1 = 1");
    narrow(db, &mut sql, filter)?;
    if let Some([score, name, id]) = page.after.as_deref() {
        if by_text {
            sql.push(" AND (h.score < ").bind(score.clone()).push(" OR (h.score = ").bind(score.clone());
            sql.push(" AND (c.name_key, c.id) > (")
                .bind(name.clone())
                .push(", ")
                .bind(id.clone())
                .push(")))");
        } else {
            sql.push(" AND (c.name_key, c.id) > (").bind(name.clone()).push(", ").bind(id.clone()).push(")");
        }
    }
    sql.push(if by_text { " ORDER BY h.score DESC, c.name_key, c.id" } else { " ORDER BY c.name_key, c.id" });
    sql.push(" LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// How many contacts fit.
pub fn count(db: &Reader<'_>, filter: &ContactFilter) -> ToolResult<i64> {
    let by_text = !filter.terms.is_empty();
    let mut sql = if by_text { search::hits("contact", &filter.terms) } else { Sql::default() };
    sql.push("SELECT COUNT(*) FROM ");
    sql.push(if by_text { "hit h JOIN contact c ON c.id = h.id" } else { "contact c" }).push(" WHERE 1 = 1");
    narrow(db, &mut sql, filter)?;
    Ok(db.count_of(&sql)?)
}
