//! What crm keeps beside a company and a contact.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::ToolResult;
use maitred_kernel::Stamp;
use maitred_party::{CompanyId, ContactId};
use maitred_store::params;

use crate::model::{ContactProfile, Lifecycle, Profile};

/// The profile of a company; a prospect's when none was written yet.
pub fn of_company(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Profile> {
    Ok(db.get::<Profile>(&company.0)?.unwrap_or_else(|| Profile {
        id: company.clone(),
        version: 0,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        lifecycle: Lifecycle::Prospect,
        source: None,
        industry: None,
        size_band: None,
        last_contacted_at: None,
        next_step_at: None,
    }))
}

/// Writes a changed profile, for the first time or again.
pub fn put(db: &Writer<'_>, before: &Profile, after: &mut Profile) -> ToolResult<()> {
    if before.version == 0 {
        db.insert(after)?;
    } else {
        db.update(before, after)?;
    }
    Ok(())
}

/// Notes a two-way contact with a company; only ever forward in time.
pub fn contacted(db: &Writer<'_>, company: &CompanyId, at: Stamp) -> ToolResult<()> {
    let before = of_company(db, company)?;
    if before.last_contacted_at.is_none_or(|known| known < at) {
        let mut after = Profile { last_contacted_at: Some(at), ..before.clone() };
        put(db, &before, &mut after)?;
    }
    Ok(())
}

/// Notes a two-way contact with a person; only ever forward in time.
pub fn contacted_person(db: &Writer<'_>, contact: &ContactId, at: Stamp) -> ToolResult<()> {
    match db.get::<ContactProfile>(&contact.0)? {
        None => {
            let mut profile = ContactProfile {
                id: contact.clone(),
                version: 1,
                created_at: Stamp::EPOCH,
                updated_at: Stamp::EPOCH,
                last_contacted_at: Some(at),
            };
            db.insert(&mut profile)?;
        }
        Some(before) if before.last_contacted_at.is_none_or(|known| known < at) => {
            let mut after = ContactProfile { last_contacted_at: Some(at), ..before.clone() };
            db.update(&before, &mut after)?;
        }
        Some(_) => {}
    }
    Ok(())
}

/// The last two-way contact with a person.
pub fn last_contacted(db: &Reader<'_>, contact: &ContactId) -> ToolResult<Option<Stamp>> {
    let found = db.scalar::<Option<Stamp>>(
        "SELECT last_contacted_at FROM crm_contact_profile WHERE id = $1",
        params![contact],
    )?;
    Ok(found.flatten())
}
