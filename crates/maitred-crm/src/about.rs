//! What an activity, a to-do or a tag is about: a text that finds a company, contact, deal or lead.

use maitred_core::cx::Reader;
use maitred_core::error::{Code, ToolResult, not_found};
use maitred_kernel::Reference;
use maitred_party::store::{companies, contacts};

use crate::model::AboutKind;
use crate::store::{deals, leads};

/// A record that something is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Kind.
    pub kind: AboutKind,
    /// Id, after merges.
    pub id: String,
    /// What to call it.
    pub label: String,
}

/// The record a text refers to: an id, a document number, an e-mail address, a domain, or the exact name of a company
/// or contact.
///
/// # Errors
/// `not_found`, or `ambiguous_reference` with candidates.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<About> {
    let text = text.trim();
    match Reference::parse(text) {
        Reference::Number { prefix, .. } if prefix == "D" => {
            let deal = deals::resolve(db, text, field)?;
            return Ok(About { kind: AboutKind::Deal, id: deal.id.0, label: deal.title });
        }
        Reference::Number { prefix, .. } if prefix == "L" => {
            let lead = leads::resolve(db, text, field)?;
            return Ok(About { kind: AboutKind::Lead, id: lead.id.0, label: lead.name });
        }
        Reference::Id(id) => return by_id(db, &id, field),
        Reference::Email(_) | Reference::Phone(_) => {
            let contact = contacts::resolve(db, text, field)?;
            return Ok(About { kind: AboutKind::Contact, label: contact.full_name(), id: contact.id.0 });
        }
        _ => {}
    }
    match companies::resolve(db, text, field) {
        Ok(company) => Ok(About { kind: AboutKind::Company, id: company.id.0, label: company.name }),
        Err(error) if error.code() == Code::NotFound => match contacts::resolve(db, text, field) {
            Ok(contact) => {
                Ok(About { kind: AboutKind::Contact, label: contact.full_name(), id: contact.id.0 })
            }
            Err(error) if error.code() == Code::NotFound => Err(unknown(text, field)),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

fn unknown(text: &str, field: &str) -> maitred_core::error::ToolError {
    not_found("company, contact, deal or lead", text)
        .field(field)
        .hint("account_record_search finds records by any text")
}

fn by_id(db: &Reader<'_>, id: &str, field: &str) -> ToolResult<About> {
    if let Some(contact) = contacts::find(db, id)? {
        return Ok(About { kind: AboutKind::Contact, label: contact.full_name(), id: contact.id.0 });
    }
    if let Some(company) = companies::find(db, id)? {
        return Ok(About { kind: AboutKind::Company, id: company.id.0, label: company.name });
    }
    if let Some(deal) = db.get::<crate::model::Deal>(id)? {
        return Ok(About { kind: AboutKind::Deal, id: deal.id.0, label: deal.title });
    }
    if let Some(lead) = db.get::<crate::model::Lead>(id)? {
        return Ok(About { kind: AboutKind::Lead, id: lead.id.0, label: lead.name });
    }
    Err(unknown(id, field))
}
