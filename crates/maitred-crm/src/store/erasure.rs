//! The tombstone of an erased person.

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_kernel::wire::Moment;
use maitred_party::redact::ERASED;
use maitred_party::store::{contacts, merge};
use maitred_party::{CompanyContact, Contact, ContactId, org};
use maitred_store::change::json_string;
use maitred_store::params;

/// The fields of a person that say something.
pub fn known_fields(contact: &Contact) -> Vec<&'static str> {
    [
        ("given_name", contact.given_name.is_some()),
        ("family_name", true),
        ("email", contact.email.is_some()),
        ("phone", contact.phone.is_some()),
        ("language", contact.language.is_some()),
        ("title", contact.title.is_some()),
    ]
    .into_iter()
    .filter_map(|(field, known)| known.then_some(field))
    .collect()
}

/// Ends every place at a company: nobody orders in the name of a tombstone.
pub fn end_links(db: &Writer<'_>, contact: &ContactId) -> ToolResult<()> {
    let today = org::today(db)?;
    for before in contacts::links_of(db, contact)? {
        let until = Some(before.until.map_or(today, |until| until.min(today)));
        let mut after = CompanyContact { can_order: false, order_limit: None, until, ..before.clone() };
        db.update(&before, &mut after)?;
    }
    Ok(())
}

/// Writes the tombstone in place of the person, without noting what stood there.
pub fn bury(db: &Writer<'_>, contact: &Contact, reason: &str) -> ToolResult<()> {
    db.execute(
        "UPDATE contact SET version = version + 1, updated_at = $1, given_name = NULL, family_name = $2, name_key = '', \
         email = NULL, phone = NULL, language = NULL, title = NULL, status = 'erased' WHERE id = $3",
        params![db.stamp(), ERASED, contact.id],
    )?;
    let mut after = String::from("{\"status\":\"erased\",\"reason\":");
    json_string(reason, &mut after);
    after.push('}');
    merge::note_scrubbed(db, "contact", &contact.id.0, &contact.id.0, &after)?;
    if let Some(tombstone) = db.get::<Contact>(&contact.id.0)? {
        contacts::index(db, &tombstone)?;
    }
    for link in contacts::links_of(db, &contact.id)? {
        contacts::ensure_primary(db, &link.company_id)?;
    }
    Ok(())
}
