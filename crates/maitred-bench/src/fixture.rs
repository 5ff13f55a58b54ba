//! A data directory of the product with one organisation, a member's key and as many contacts as are wanted: what the
//! references are tried on, and what a run can be made on where there is no better data.
//!
//! Directory, key and tables are made by the product itself, so that its schema stands in one place; the rows are
//! written here, because no tool writes thousands of them in a moment.

use std::path::Path;

use anyhow::{Context, Result};
use maitred_core::caller::Policy;
use maitred_core::limits::LimitSettings;
use maitred_directory::{Holder, KeySpec};
use maitred_kernel::{name_key, tokens};
use maitred_server::boot;
use maitred_server::config::Place;
use rusqlite::{Connection, Transaction, params};

/// The organisation's database within the data directory.
pub const DATABASE: &str = "orgs/fixture.sqlite";

const ORG: &str = "fixture";
const GIVEN: &[&str] = &["Ada", "Bela", "Chloe", "Dario", "Edda", "Falk", "Greta", "Hugo", "Ines", "Jona"];
const FAMILY: &[&str] = &["Amsel", "Birke", "Ceder", "Dohle", "Esche", "Finke", "Ginster", "Hasel", "Iltis"];
const TIME: &str = "2026-01-01T08:00:00.000Z";
const OWNER: &str = "01990000-0000-7000-b000-000000000001";

/// The id of the fixture's contact with this number.
pub fn contact_id(number: usize) -> String {
    format!("01990000-0000-7000-8000-{number:012x}")
}

fn company_id(number: usize) -> String {
    format!("01990000-0000-7000-a000-{number:012x}")
}

/// Makes a data directory with so many contacts, each with a company, consents and activities, and answers a key of
/// its owner.
///
/// # Errors
/// When there is one already or it cannot be written.
pub fn create(data: &Path, contacts: usize) -> Result<String> {
    let product = boot::open(&Place::directory(data), None, LimitSettings::default())?;
    product.directory.create_org(ORG, "Fixture", false)?;
    let mut connection = Connection::open(data.join(DATABASE)).context("opening the fixture's database")?;
    let transaction = connection.transaction()?;
    write(
        &transaction,
        "INSERT INTO member (id, version, created_at, updated_at, name, email, roles, status, weekly_minutes) \
         VALUES ($1, 1, $2, $2, 'Olga Owner', 'olga@fixture.example', 'owner', 'active', 2400)",
        params![OWNER, TIME],
    )?;
    for number in 0..contacts.div_ceil(2) {
        company(&transaction, number)?;
    }
    for number in 0..contacts {
        contact(&transaction, number)?;
    }
    transaction.commit()?;
    let spec = KeySpec {
        org: ORG.to_owned(),
        holder: Holder::Teammate(OWNER.to_owned()),
        label: "bench".to_owned(),
        modules: None,
        modes: None,
        read_only: false,
        policy: Policy::Direct,
        expires_at: None,
    };
    let minted = product.directory.mint(&spec, |_, member| Ok(member == OWNER))?;
    Ok(minted.token.expose().to_owned())
}

fn write(transaction: &Transaction<'_>, sql: &str, params: impl rusqlite::Params) -> Result<()> {
    transaction.prepare_cached(sql)?.execute(params).with_context(|| format!("in `{sql}`"))?;
    Ok(())
}

fn company_name(number: usize) -> String {
    format!("{} & Partner {number}", FAMILY[number % FAMILY.len()])
}

fn company(transaction: &Transaction<'_>, number: usize) -> Result<()> {
    let (id, name) = (company_id(number), company_name(number));
    write(
        transaction,
        "INSERT INTO company (id, version, created_at, updated_at, name, name_key, kinds, country) \
         VALUES ($1, 1, $2, $2, $3, $4, 'customer', 'DE')",
        params![id, TIME, name, name_key(&name)],
    )?;
    index(transaction, "company", &id, &[(&name, 40)])
}

fn contact(transaction: &Transaction<'_>, number: usize) -> Result<()> {
    let (given, family) = (GIVEN[number % GIVEN.len()], FAMILY[number % FAMILY.len()]);
    let id = contact_id(number);
    let email = format!("{}.{}{number}@example.com", given.to_lowercase(), family.to_lowercase());
    write(
        transaction,
        "INSERT INTO contact (id, version, created_at, updated_at, given_name, family_name, name_key, email, phone, \
                              language, title, status) \
         VALUES ($1, 1, $2, $2, $3, $4, $5, $6, $7, 'en', 'Buyer', 'active')",
        params![
            id,
            TIME,
            given,
            family,
            format!("{} {}", family.to_lowercase(), given.to_lowercase()),
            email,
            format!("+4930{number:07}")
        ],
    )?;
    write(
        transaction,
        "INSERT INTO company_contact (id, version, created_at, updated_at, company_id, contact_id, role, is_primary, \
                                      can_order, since) \
         VALUES ($1, 1, $2, $2, $3, $4, 'buyer', 1, 1, '2026-01-01')",
        params![format!("01990000-0000-7000-c000-{number:012x}"), TIME, company_id(number / 2), id],
    )?;
    for (step, channel) in ["email", "phone"].into_iter().enumerate() {
        write(
            transaction,
            "INSERT INTO consent (id, contact_id, channel, state, basis, source, at, recorded_at) \
             VALUES ($1, $2, $3, 'granted', 'consent', 'form', $4, $4)",
            params![format!("01990000-0000-7000-d000-{:012x}", number * 2 + step), id, channel, TIME],
        )?;
    }
    for step in 0..4 {
        let activity = format!("01990000-0000-7000-9000-{:012x}", number * 4 + step);
        write(
            transaction,
            "INSERT INTO activity (id, version, created_at, updated_at, kind, direction, at, summary, by_member) \
             VALUES ($1, 1, $2, $2, 'call', 'out', $2, 'Spoke about the delivery of the spring order.', $3)",
            params![activity, TIME, OWNER],
        )?;
        write(
            transaction,
            "INSERT INTO activity_link (id, activity_id, entity_kind, entity_id) VALUES ($1, $2, 'contact', $3)",
            params![format!("01990000-0000-7000-e000-{:012x}", number * 4 + step), activity, id],
        )?;
    }
    write(
        transaction,
        "INSERT INTO crm_contact_profile (id, version, created_at, updated_at, last_contacted_at) VALUES ($1, 1, $2, $2, $2)",
        params![id, TIME],
    )?;
    let company = company_name(number / 2);
    index(transaction, "contact", &id, &[(family, 40), (given, 35), (&email, 25), (&company, 10)])
}

fn index(transaction: &Transaction<'_>, kind: &str, id: &str, texts: &[(&str, i64)]) -> Result<()> {
    for (text, weight) in texts {
        for token in tokens(text) {
            // The texts come in order of weight, so the first of equal words is the heaviest.
            write(
                transaction,
                "INSERT INTO search_token (kind, token, entity_id, weight) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (kind, token, entity_id) DO NOTHING",
                params![kind, token, id, weight],
            )?;
        }
    }
    Ok(())
}
