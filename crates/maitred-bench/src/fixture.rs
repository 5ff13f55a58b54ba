//! A database that the references can be tried on without the product.

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::{Connection, params};

use crate::queries;

const GIVEN: &[&str] = &["Ada", "Bela", "Chloe", "Dario", "Edda", "Falk", "Greta", "Hugo", "Ines", "Jona"];
const FAMILY: &[&str] = &["Amsel", "Birke", "Ceder", "Dohle", "Esche", "Finke", "Ginster", "Hasel", "Iltis"];
const TIME: &str = "2026-01-01T08:00:00.000000Z";

/// The id of the fixture's contact with this number.
pub fn contact_id(number: usize) -> String {
    format!("01990000-0000-7000-8000-{number:012x}")
}

/// Makes a new file with [`queries::SCHEMA`] and so many contacts, each with a company, consents and interactions.
///
/// # Errors
/// When the file exists with these tables already or cannot be written.
pub fn create(database: &Path, contacts: usize) -> Result<()> {
    let mut connection =
        Connection::open(database).with_context(|| format!("creating `{}`", database.display()))?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(queries::SCHEMA)?;
    for number in 0..contacts.div_ceil(2) {
        let name = format!("{} & Partner {number}", FAMILY[number % FAMILY.len()]);
        transaction
            .execute("INSERT INTO company (id, name) VALUES ($1, $2)", params![company_id(number), name])?;
    }
    for number in 0..contacts {
        let (given, family) = (GIVEN[number % GIVEN.len()], FAMILY[number % FAMILY.len()]);
        let id = contact_id(number);
        let name = format!("{given} {family}");
        let email = format!("{}.{}{number}@example.com", given.to_lowercase(), family.to_lowercase());
        transaction.prepare_cached(
            "INSERT INTO contact (id, given_name, family_name, name, email, phone, job_title, language, owner_id, \
                                  created_at, updated_at, version) \
             VALUES ($1, $2, $3, $4, $5, $6, 'Buyer', 'en', 'owner', $7, $7, 1)",
        )?
        .execute(params![id, given, family, name, email, format!("+4930{number:07}"), TIME])?;
        transaction
            .prepare_cached(
                "INSERT INTO company_contact (contact_id, company_id, role, is_primary, can_order, since) \
                 VALUES ($1, $2, 'buyer', 1, 1, '2026-01-01')",
            )?
            .execute(params![id, company_id(number / 2)])?;
        for channel in ["email", "phone"] {
            transaction
                .prepare_cached(
                    "INSERT INTO consent (contact_id, channel, at, state, basis) VALUES ($1, $2, $3, 'granted', 'form')",
                )?
                .execute(params![id, channel, TIME])?;
        }
        for step in 0..4 {
            let activity = format!("01990000-0000-7000-9000-{:012x}", number * 4 + step);
            transaction
                .prepare_cached(
                    "INSERT INTO activity (id, kind, direction, at, summary, author_id, created_at) \
                     VALUES ($1, 'call', 'out', $2, 'Spoke about the delivery of the spring order.', 'owner', $2)",
                )?
                .execute(params![activity, TIME])?;
            transaction
                .prepare_cached(
                    "INSERT INTO activity_link (activity_id, kind, record_id) VALUES ($1, 'contact', $2)",
                )?
                .execute(params![activity, id])?;
        }
        transaction
            .prepare_cached("INSERT INTO contact_search (id, words) VALUES ($1, $2)")?
            .execute(params![id, format!("{name} {email}")])?;
    }
    transaction.commit()?;
    Ok(())
}

fn company_id(number: usize) -> String {
    format!("01990000-0000-7000-a000-{number:012x}")
}
