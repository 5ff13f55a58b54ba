//! Searching companies, and what a brief about one shows.

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;
use maitred_core::paging::Page;
use maitred_core::words;
use maitred_kernel::{Currency, Day, Stamp, fold};
use maitred_party::model::{CompanyKind, LinkRole};
use maitred_party::{Company, CompanyId, MemberId};
use maitred_store::value::FromRow;
use maitred_store::{Param, Record, Row, Sql, StoreResult, params, search};

use crate::model::AboutKind;
use crate::model::{Lifecycle, Priority};
use crate::segments;

words! {
    /// Order of a list of companies.
    pub enum CompanySort {
        /// By name.
        Name = "name",
        /// Newest first.
        Newest = "newest",
        /// Longest without contact first.
        Untouched = "untouched",
    }
}

/// What companies are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug, Default)]
pub struct CompanyFilter {
    /// Folded terms, all of which must match.
    pub terms: Vec<String>,
    /// What it is to us.
    pub kind: Option<CompanyKind>,
    /// Where it stands.
    pub lifecycle: Option<Lifecycle>,
    /// Who looks after it.
    pub owner: Option<MemberId>,
    /// With this folded tag.
    pub tag: Option<String>,
    /// With an address in one of these spellings of a city.
    pub cities: Option<Vec<String>>,
    /// ISO 3166 alpha-2.
    pub country: Option<String>,
    /// Archived ones instead of the others.
    pub archived: bool,
    /// Order; by match, then name, when not given.
    pub sort: Option<CompanySort>,
    /// In this segment: name or id.
    pub segment: Option<String>,
}

/// A company as a list shows it.
pub struct FoundCompany {
    /// The company.
    pub company: Company,
    /// Score of the text match, 0 without one.
    pub score: i64,
    /// Where it stands.
    pub lifecycle: Option<Lifecycle>,
    /// Last two-way contact.
    pub last_contacted_at: Option<Stamp>,
    /// Name of its owner.
    pub owner_name: Option<String>,
    /// City of the main address.
    pub city: Option<String>,
    /// Name of its parent.
    pub parent_name: Option<String>,
    /// Where it came from.
    pub source: Option<String>,
    /// Line of business.
    pub industry: Option<String>,
    /// Size.
    pub size_band: Option<String>,
}

impl FromRow for FoundCompany {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        let own = Company::COLUMNS.len();
        Ok(Self {
            company: Company::read(row)?,
            score: row.get(own)?,
            lifecycle: row.get(own + 1)?,
            last_contacted_at: row.get(own + 2)?,
            owner_name: row.get(own + 3)?,
            city: row.get(own + 4)?,
            parent_name: row.get(own + 5)?,
            source: row.get(own + 6)?,
            industry: row.get(own + 7)?,
            size_band: row.get(own + 8)?,
        })
    }
}

impl FoundCompany {
    /// The key that cursors hold.
    pub fn key(&self, sort: Option<CompanySort>) -> Vec<Param<'static>> {
        let text = match sort {
            None | Some(CompanySort::Name) => self.company.name_key.clone(),
            Some(CompanySort::Newest) => self.company.created_at.to_string(),
            Some(CompanySort::Untouched) => {
                self.last_contacted_at.map(|at| at.to_string()).unwrap_or_default()
            }
        };
        vec![Param::Int(self.score), Param::Text(text.into()), Param::Text(self.company.id.0.clone().into())]
    }
}

/// Values in a cursor of this search.
pub const KEYS: usize = 3;

const COLUMNS: &str = "SELECT c.id, c.version, c.created_at, c.updated_at, c.name, c.legal_name, c.name_key, c.kinds, \
                       c.domain, c.vat_id, c.vat_checked_at, c.registration_no, c.country, c.currency, c.language, \
                       c.phone, c.parent_id, c.owner_id, c.archived_at, ";
const MORE: &str =
    ", p.lifecycle, p.last_contacted_at, m.name, a.city, q.name, p.source, p.industry, p.size_band FROM ";
const JOINS: &str = " LEFT JOIN crm_profile p ON p.id = c.id LEFT JOIN member m ON m.id = c.owner_id \
                     LEFT JOIN company q ON q.id = c.parent_id \
                     LEFT JOIN address a ON a.id = (SELECT k.id FROM address k WHERE k.company_id = c.id \
                     ORDER BY k.is_default DESC, k.kind, k.id LIMIT 1) WHERE ";

/// The spellings of a city that addresses have, for a filter: accents and case do not count.
pub fn spellings(db: &Reader<'_>, city: &str) -> ToolResult<Vec<String>> {
    let wanted = fold(city.trim());
    let known: Vec<(String,)> = db.all("SELECT DISTINCT city FROM address ORDER BY city", &[])?;
    Ok(known.into_iter().map(|(city,)| city).filter(|city| fold(city.trim()) == wanted).take(40).collect())
}

fn narrow(db: &Reader<'_>, sql: &mut Sql, filter: &CompanyFilter) -> ToolResult<()> {
    if let Some(segment) = &filter.segment {
        segments::narrow(db, sql, AboutKind::Company, segment, "c.id")?;
    }
    sql.push(if filter.archived { "c.archived_at IS NOT NULL" } else { "c.archived_at IS NULL" });
    if let Some(kind) = filter.kind {
        sql.and("' ' || c.kinds || ' ' LIKE", format!("% {} %", kind.as_str()));
    }
    if let Some(lifecycle) = filter.lifecycle {
        sql.and("COALESCE(p.lifecycle, 'prospect') =", lifecycle);
    }
    if let Some(owner) = &filter.owner {
        sql.and("c.owner_id =", owner);
    }
    if let Some(country) = &filter.country {
        sql.and("c.country =", country.as_str());
    }
    if let Some(tag) = &filter.tag {
        sql.push(" AND c.id IN (SELECT g.entity_id FROM tagging g JOIN tag t ON t.id = g.tag_id WHERE t.name_key = ")
            .bind(tag)
            .push(")");
    }
    if let Some(cities) = &filter.cities {
        sql.push(" AND c.id IN (SELECT company_id FROM address WHERE city IN ").bind_list(cities).push(")");
    }
    Ok(())
}

/// A page of companies in the order asked for; one row more than the page holds when there is another.
pub fn search(db: &Reader<'_>, filter: &CompanyFilter, page: &Page) -> ToolResult<Vec<FoundCompany>> {
    let by_text = !filter.terms.is_empty();
    let mut sql = if by_text { search::hits("company", &filter.terms) } else { Sql::default() };
    sql.push(COLUMNS).push(if by_text { "h.score" } else { "0" }).push(MORE);
    sql.push(if by_text { "hit h JOIN company c ON c.id = h.id" } else { "company c" }).push(JOINS);
    narrow(db, &mut sql, filter)?;
    let by_score = by_text && filter.sort.is_none();
    if let Some([score, text, id]) = page.after.as_deref() {
        if by_score {
            sql.push(" AND (h.score < ").bind(score.clone()).push(" OR (h.score = ").bind(score.clone());
        }
        sql.push(match filter.sort {
            None | Some(CompanySort::Name) => " AND (c.name_key, c.id) > (",
            Some(CompanySort::Newest) => " AND (c.created_at, c.id) < (",
            Some(CompanySort::Untouched) => " AND (COALESCE(p.last_contacted_at, ''), c.id) > (",
        });
        sql.bind(text.clone()).push(", ").bind(id.clone()).push(if by_score { ")))" } else { ")" });
    }
    sql.push(match filter.sort {
        None if by_text => " ORDER BY h.score DESC, c.name_key, c.id",
        None | Some(CompanySort::Name) => " ORDER BY c.name_key, c.id",
        Some(CompanySort::Newest) => " ORDER BY c.created_at DESC, c.id DESC",
        Some(CompanySort::Untouched) => " ORDER BY COALESCE(p.last_contacted_at, ''), c.id",
    });
    sql.push(" LIMIT ").bind(page.fetch());
    Ok(db.all_of(&sql)?)
}

/// Companies with this number, E.164; at most ten.
pub fn by_phone(db: &Reader<'_>, phone: &str) -> ToolResult<Vec<Company>> {
    let mut sql = Sql::new(Company::SELECT);
    sql.push(" WHERE phone = ").bind(phone).push(" ORDER BY id LIMIT 10");
    Ok(db.all_of(&sql)?)
}

/// How many companies fit.
pub fn count(db: &Reader<'_>, filter: &CompanyFilter) -> ToolResult<i64> {
    let by_text = !filter.terms.is_empty();
    let mut sql = if by_text { search::hits("company", &filter.terms) } else { Sql::default() };
    sql.push("SELECT COUNT(*) FROM ");
    sql.push(if by_text { "hit h JOIN company c ON c.id = h.id" } else { "company c" }).push(JOINS);
    narrow(db, &mut sql, filter)?;
    Ok(db.count_of(&sql)?)
}

/// Somebody at a company: id, given names, family name, e-mail, phone, role, primary, may order, last day.
pub struct PersonAt {
    /// Id.
    pub id: String,
    /// Given names.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// What they do.
    pub role: LinkRole,
    /// The one to turn to first.
    pub is_primary: bool,
    /// May order.
    pub can_order: bool,
}

impl FromRow for PersonAt {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            given_name: row.get(1)?,
            family_name: row.get(2)?,
            email: row.get(3)?,
            phone: row.get(4)?,
            role: row.get(5)?,
            is_primary: row.get(6)?,
            can_order: row.get(7)?,
        })
    }
}

/// The people who are at a company today, the primary one first; at most 50.
pub fn people(db: &Reader<'_>, company: &CompanyId, today: Day) -> ToolResult<Vec<PersonAt>> {
    Ok(db.all(
        "SELECT c.id, c.given_name, c.family_name, c.email, c.phone, l.role, l.is_primary, l.can_order \
         FROM company_contact l JOIN contact c ON c.id = l.contact_id \
         WHERE l.company_id = $1 AND l.since <= $2 AND (l.until IS NULL OR l.until >= $2) AND c.status = 'active' \
         ORDER BY l.is_primary DESC, c.name_key, c.id LIMIT 50",
        params![company, today],
    )?)
}

/// An open deal of a company.
pub struct OpenDeal {
    /// Id.
    pub id: String,
    /// Number.
    pub number: String,
    /// Title.
    pub title: String,
    /// Name of the stage.
    pub stage: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// Expected close.
    pub close_date: Option<Day>,
    /// Name of the owner.
    pub owner: Option<String>,
}

impl FromRow for OpenDeal {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            number: row.get(1)?,
            title: row.get(2)?,
            stage: row.get(3)?,
            amount_minor: row.get(4)?,
            currency: row.get(5)?,
            close_date: row.get(6)?,
            owner: row.get(7)?,
        })
    }
}

/// The open deals of a company, those that close first before the others; at most 20.
pub fn open_deals(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<OpenDeal>> {
    Ok(db.all(
        "SELECT d.id, d.number, d.title, s.name, d.amount_minor, d.currency, d.close_date, m.name FROM deal d \
         JOIN stage s ON s.id = d.stage_id LEFT JOIN member m ON m.id = d.owner_id \
         WHERE d.company_id = $1 AND d.status = 'open' \
         ORDER BY COALESCE(d.close_date, '9999-12-31'), d.id LIMIT 20",
        params![company],
    )?)
}

/// An open to-do about a record: id, title, due, assignee's id and name, priority.
pub type OpenTodo = (String, String, Stamp, String, String, Priority);

/// The open to-dos about a record, the next one first; at most 20.
pub fn open_todos(db: &Reader<'_>, entity_id: &str) -> ToolResult<Vec<OpenTodo>> {
    Ok(db.all(
        "SELECT t.id, t.title, t.due_at, m.id, m.name, t.priority FROM todo_link l \
         JOIN todo t ON t.id = l.todo_id JOIN member m ON m.id = t.assignee_id \
         WHERE l.entity_id = $1 AND t.status = 'open' ORDER BY t.due_at, t.id LIMIT 20",
        params![entity_id],
    )?)
}

/// Open deals and leads of a company, or of a contact, in words; at most ten.
pub fn open_work(db: &Reader<'_>, of_company: bool, id: &str) -> ToolResult<Vec<String>> {
    let mut found = Vec::new();
    for (noun, select, by_company, by_contact, open) in [
        (
            "deal",
            "SELECT number, status FROM deal WHERE ",
            "company_id = ",
            "contact_id = ",
            " AND status = 'open' ORDER BY number LIMIT 10",
        ),
        (
            "lead",
            "SELECT number, status FROM lead WHERE ",
            "company_id = ",
            "contact_id = ",
            " AND status IN ('new', 'working', 'qualified') AND archived_at IS NULL ORDER BY number LIMIT 10",
        ),
    ] {
        let mut sql = Sql::new(select);
        sql.push(if of_company { by_company } else { by_contact }).bind(id).push(open);
        let rows: Vec<(String, String)> = db.all_of(&sql)?;
        found.extend(rows.into_iter().map(|(number, status)| format!("{noun} {number} is {status}")));
    }
    found.truncate(10);
    Ok(found)
}
