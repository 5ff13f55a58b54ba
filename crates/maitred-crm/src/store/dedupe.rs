//! What likely duplicates are found by, and which pairs were judged before.

use std::collections::{BTreeMap, BTreeSet};

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::ToolResult;
use maitred_kernel::wire::Moment;
use maitred_party::MemberId;
use maitred_store::value::FromRow;
use maitred_store::{Row, Sql, StoreResult, params};

use crate::model::{AboutKind, DedupeVerdict};

/// Candidates looked at before a record is made.
const MOST: i64 = 200;

/// A company as far as likeness goes.
#[derive(Clone, Debug)]
pub struct CompanyRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// VAT id.
    pub vat_id: Option<String>,
    /// Domain.
    pub domain: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Postcode of the main address.
    pub postcode: Option<String>,
    /// City of the main address.
    pub city: Option<String>,
}

impl FromRow for CompanyRow {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            vat_id: row.get(2)?,
            domain: row.get(3)?,
            phone: row.get(4)?,
            postcode: row.get(5)?,
            city: row.get(6)?,
        })
    }
}

/// A contact or a lead as far as likeness goes.
#[derive(Clone, Debug)]
pub struct PersonRow {
    /// Id.
    pub id: String,
    /// Given names.
    pub given_name: Option<String>,
    /// Family name; a lead's whole name.
    pub family_name: String,
    /// Every e-mail address, the main one first.
    pub emails: Vec<String>,
    /// Every telephone number, the main one first.
    pub phones: Vec<String>,
    /// Ids of the companies they are at; a lead's company by its folded name.
    pub companies: Vec<String>,
}

impl FromRow for PersonRow {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            id: row.get(0)?,
            given_name: row.get(1)?,
            family_name: row.get(2)?,
            emails: row.get::<Option<String>>(3)?.into_iter().collect(),
            phones: row.get::<Option<String>>(4)?.into_iter().collect(),
            companies: row.get::<Option<String>>(5)?.into_iter().collect(),
        })
    }
}

/// What a record to be made is looked for by.
#[derive(Clone, Debug, Default)]
pub struct Near {
    /// Beginnings of the words of its name, folded.
    pub prefixes: Vec<String>,
    /// Its telephone number.
    pub phone: Option<String>,
}

const COMPANY: &str = "SELECT c.id, c.name, c.vat_id, c.domain, c.phone, a.postcode, a.city FROM company c \
                       LEFT JOIN address a ON a.id = (SELECT k.id FROM address k WHERE k.company_id = c.id \
                       ORDER BY k.is_default DESC, k.kind, k.id LIMIT 1) WHERE c.archived_at IS NULL";
const CONTACT: &str = "SELECT c.id, c.given_name, c.family_name, c.email, c.phone, NULL FROM contact c \
                       WHERE c.status IN ('active', 'left')";
const LEAD: &str = "SELECT id, NULL, name, email, phone, company_name FROM lead \
                    WHERE archived_at IS NULL AND status <> 'converted'";

fn narrow(sql: &mut Sql, kind: &'static str, near: &Near) {
    sql.push(" AND (c.phone = ").bind(near.phone.as_deref());
    for prefix in near.prefixes.iter().take(8) {
        sql.push(" OR c.id IN (SELECT entity_id FROM search_token WHERE kind = ").bind(kind);
        sql.push(" AND token >= ").bind(prefix.as_str());
        sql.push(" AND token < ").bind(format!("{prefix}\u{10FFFF}")).push(")");
    }
    sql.push(")");
}

/// Companies that are not archived, by id; all, or those that could be like the one looked for.
pub fn companies(db: &Reader<'_>, near: Option<&Near>) -> ToolResult<Vec<CompanyRow>> {
    let mut sql = Sql::new(COMPANY);
    if let Some(near) = near {
        narrow(&mut sql, "company", near);
    }
    sql.push(" ORDER BY c.id");
    if near.is_some() {
        sql.push(" LIMIT ").bind(MOST);
    }
    Ok(db.all_of(&sql)?)
}

/// People who are active or left, by id, with all their addresses, numbers and companies.
pub fn contacts(db: &Reader<'_>, near: Option<&Near>) -> ToolResult<Vec<PersonRow>> {
    let mut sql = Sql::new(CONTACT);
    if let Some(near) = near {
        narrow(&mut sql, "contact", near);
    }
    sql.push(" ORDER BY c.id");
    if near.is_some() {
        sql.push(" LIMIT ").bind(MOST);
    }
    let mut people: Vec<PersonRow> = db.all_of(&sql)?;
    if near.is_some() {
        for person in &mut people {
            let points: Vec<(String, String)> = db.all(
                "SELECT kind, value FROM contact_point WHERE contact_id = $1 ORDER BY value, id",
                params![person.id],
            )?;
            points.into_iter().for_each(|(kind, value)| add_point(person, &kind, value));
            person.companies = db
                .all::<(String,)>(
                    "SELECT company_id FROM company_contact WHERE contact_id = $1 ORDER BY company_id",
                    params![person.id],
                )?
                .into_iter()
                .map(|(id,)| id)
                .collect();
        }
        return Ok(people);
    }
    let mut by_id: BTreeMap<String, PersonRow> =
        people.into_iter().map(|person| (person.id.clone(), person)).collect();
    for (contact, kind, value) in db.all::<(String, String, String)>(
        "SELECT contact_id, kind, value FROM contact_point ORDER BY contact_id, value, id",
        &[],
    )? {
        if let Some(person) = by_id.get_mut(&contact) {
            add_point(person, &kind, value);
        }
    }
    for (contact, company) in db.all::<(String, String)>(
        "SELECT contact_id, company_id FROM company_contact ORDER BY contact_id, company_id",
        &[],
    )? {
        if let Some(person) = by_id.get_mut(&contact) {
            person.companies.push(company);
        }
    }
    Ok(by_id.into_values().collect())
}

fn add_point(person: &mut PersonRow, kind: &str, value: String) {
    let list = if kind == "email" { &mut person.emails } else { &mut person.phones };
    if !list.contains(&value) {
        list.push(value);
    }
}

/// Leads that are neither archived nor converted, by id.
pub fn leads(db: &Reader<'_>) -> ToolResult<Vec<PersonRow>> {
    let mut sql = Sql::new(LEAD);
    sql.push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// Pairs of this kind that were judged to be different, the smaller id first.
pub fn judged(db: &Reader<'_>, kind: AboutKind) -> ToolResult<BTreeSet<(String, String)>> {
    let rows: Vec<(String, String)> =
        db.all("SELECT a_id, b_id FROM dedupe_verdict WHERE entity = $1", params![kind])?;
    Ok(rows.into_iter().collect())
}

/// Keeps that two records are different, so that nobody is asked again.
pub fn judge_different(db: &Writer<'_>, entity: AboutKind, one: &str, other: &str) -> ToolResult<()> {
    let (a_id, b_id) = if one < other { (one, other) } else { (other, one) };
    if db.count("SELECT COUNT(*) FROM dedupe_verdict WHERE a_id = $1 AND b_id = $2", params![a_id, b_id])? > 0
    {
        return Ok(());
    }
    let mut verdict = DedupeVerdict {
        id: db.fresh_id(),
        entity,
        a_id: a_id.to_owned(),
        b_id: b_id.to_owned(),
        verdict: "not_duplicate".to_owned(),
        by_member: db.teammate().map(|teammate| MemberId(teammate.member.clone())),
        at: db.stamp(),
    };
    db.insert(&mut verdict)?;
    Ok(())
}
