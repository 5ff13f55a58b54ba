//! What an import looks up: whether a row is a record that is there already, and whether a note was taken over before.

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;
use maitred_kernel::name_key;
use maitred_party::{Company, Contact};
use maitred_store::{Record, Sql, params};

use crate::import::{CompanyRow, ContactRow, LeadRow};
use crate::model::Lead;

/// Companies with the same name, legal form aside.
pub fn companies_called(db: &Reader<'_>, row: &CompanyRow) -> ToolResult<Vec<Company>> {
    let mut sql = Sql::new(Company::SELECT);
    sql.push(" WHERE name_key = ").bind(name_key(&row.name)).push(" ORDER BY id LIMIT 10");
    Ok(db.all_of(&sql)?)
}

/// People with the same name at a company; at none, when no company is given.
pub fn contacts_called(db: &Reader<'_>, row: &ContactRow, company: Option<&str>) -> ToolResult<Vec<Contact>> {
    let mut sql = Sql::new(Contact::SELECT);
    sql.push(" WHERE status <> 'erased' AND name_key = ")
        .bind(Contact::key_of(row.given_name.as_deref(), &row.family_name));
    match company {
        Some(company) => {
            sql.push(" AND id IN (SELECT contact_id FROM company_contact WHERE company_id = ");
            sql.bind(company).push(")");
        }
        None => {
            sql.push(" AND id NOT IN (SELECT contact_id FROM company_contact)");
        }
    }
    sql.push(" ORDER BY id LIMIT 10");
    Ok(db.all_of(&sql)?)
}

/// Leads that a row repeats: by address, else by number, else by name and company.
pub fn leads_like(db: &Reader<'_>, row: &LeadRow) -> ToolResult<Vec<Lead>> {
    for (column, value) in [(" WHERE email = ", &row.email), (" WHERE phone = ", &row.phone)] {
        if let Some(value) = value {
            let mut sql = Sql::new(Lead::SELECT);
            sql.push(column).bind(value).push(" ORDER BY id LIMIT 10");
            let found: Vec<Lead> = db.all_of(&sql)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
    let mut sql = Sql::new(Lead::SELECT);
    sql.push(" WHERE name = ").bind(&row.name);
    sql.push(" AND COALESCE(company_name, '') = ").bind(row.company_name.as_deref().unwrap_or(""));
    if let Some(email) = &row.email {
        sql.push(" AND (email IS NULL OR email = ").bind(email).push(")");
    }
    if let Some(phone) = &row.phone {
        sql.push(" AND (phone IS NULL OR phone = ").bind(phone).push(")");
    }
    sql.push(" ORDER BY id LIMIT 10");
    Ok(db.all_of(&sql)?)
}

/// True when this note about the record is there already.
pub fn has_note(db: &Reader<'_>, record: &str, text: &str) -> ToolResult<bool> {
    let count = db.count(
        "SELECT COUNT(*) FROM activity_link l JOIN activity a ON a.id = l.activity_id \
         WHERE l.entity_id = $1 AND a.kind = 'note' AND a.summary = $2",
        params![record, text],
    )?;
    Ok(count > 0)
}
