//! Where documents go: the billing contact that was agreed on, else whoever does the billing, else whom to turn to first.

use maitred_core::prelude::*;
use maitred_kernel::email;
use maitred_party::model::{CompanyContact, LinkRole};
use maitred_party::org::today;
use maitred_party::store::contacts;
use maitred_party::{CompanyId, Contact, ContactStatus};

use crate::model::BillingProfile;

/// Somebody to write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Their name; none where only an address was given.
    pub name: Option<String>,
    /// E-mail address.
    pub email: String,
}

fn usable(contact: Contact) -> Option<Recipient> {
    let email = contact.email.clone().filter(|_| contact.status == ContactStatus::Active)?;
    Some(Recipient { name: Some(contact.full_name()), email })
}

/// Who receives the documents of a company; nobody where no active contact has an address.
pub fn of_company(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Option<Recipient>> {
    let agreed = db.get::<BillingProfile>(company.as_ref())?.and_then(|profile| profile.billing_contact_id);
    if let Some(agreed) = agreed
        && let Some(found) = contacts::find(db, agreed.as_ref())?.and_then(usable)
    {
        return Ok(Some(found));
    }
    let day = today(db)?;
    let mut links: Vec<CompanyContact> = contacts::links_at(db, company)?;
    links.retain(|link| contacts::runs(link, day));
    links.sort_by_key(|link| (link.role != LinkRole::Billing, !link.is_primary, link.id.clone()));
    for link in links {
        if let Some(found) = contacts::find(db, link.contact_id.as_ref())?.and_then(usable) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The recipient that a text means: an e-mail address, or a contact.
///
/// # Errors
/// `invalid` for an address that is none, `not_found` at `field`.
pub fn named(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Recipient> {
    if text.contains('@') {
        let email = email::fold(text).map_err(|fault| invalid(field, fault))?;
        let known = contacts::by_point(db, Some(&email), None)?.into_iter().next();
        return Ok(Recipient { name: known.map(|contact| contact.full_name()), email });
    }
    let contact = contacts::resolve(db, text, field)?;
    let name = contact.full_name();
    usable(contact).ok_or_else(|| {
        invalid(field, format!("names {name}, who has no e-mail address in use"))
            .hint("give an e-mail address, or add one with crm_contact_update")
    })
}
