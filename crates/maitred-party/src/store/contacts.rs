//! Contacts, their places at companies, their consents, and how a text finds one.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{ToolResult, not_found};
use maitred_kernel::{Day, Stamp, email, phone, tokens};
use maitred_store::{Record, Sql, params, search};

use crate::model::{
    CompanyContact, CompanyId, Consent, ConsentChannel, ConsentState, Contact, ContactId, ContactPoint,
    ContactStatus, LinkRole,
};
use crate::org;
use crate::store::{ambiguous, redirects};

/// Kind word in the search index, in tags and in links.
pub const KIND: &str = "contact";

/// What a new contact starts with.
#[derive(Clone, Debug, Default)]
pub struct NewContact {
    /// Given names.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: String,
    /// Folded address.
    pub email: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Job title.
    pub title: Option<String>,
}

/// Writes a new contact and puts it in the search index.
pub fn insert(db: &Writer<'_>, new: NewContact) -> ToolResult<Contact> {
    let mut contact = Contact {
        id: ContactId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        name_key: Contact::key_of(new.given_name.as_deref(), &new.family_name),
        given_name: new.given_name,
        family_name: new.family_name,
        email: new.email,
        phone: new.phone,
        language: new.language,
        title: new.title,
        status: ContactStatus::Active,
    };
    db.insert(&mut contact)?;
    index(db, &contact)?;
    Ok(contact)
}

/// Writes a changed contact and its place in the search index; `false` when nothing differs.
pub fn update(db: &Writer<'_>, before: &Contact, after: &mut Contact) -> ToolResult<bool> {
    after.name_key = Contact::key_of(after.given_name.as_deref(), &after.family_name);
    let changed = db.update(before, after)?;
    if changed {
        index(db, after)?;
    }
    Ok(changed)
}

/// Brings the search index up to date with a contact, their further addresses and the names of their companies.
/// Erased people are found by nobody.
pub fn index(db: &Writer<'_>, contact: &Contact) -> ToolResult<()> {
    if contact.status == ContactStatus::Erased {
        search::remove(db.tx(), KIND, &contact.id.0)?;
        return Ok(());
    }
    let mut words: Vec<(String, i64)> = Vec::new();
    let mut add =
        |text: &str, weight: i64| words.extend(tokens(text).into_iter().map(|token| (token, weight)));
    add(&contact.family_name, 40);
    add(contact.given_name.as_deref().unwrap_or(""), 35);
    add(contact.email.as_deref().unwrap_or(""), 25);
    add(contact.phone.as_deref().unwrap_or(""), 20);
    for point in points(db, &contact.id)? {
        add(&point.value, 20);
    }
    for (name,) in db.all::<(String,)>(
        "SELECT c.name FROM company_contact l JOIN company c ON c.id = l.company_id WHERE l.contact_id = $1 ORDER BY c.id",
        params![contact.id],
    )? {
        add(&name, 10);
    }
    search::put(db.tx(), KIND, &contact.id.0, &words)?;
    Ok(())
}

/// The contact with this id, or the one they were merged into.
pub fn find(db: &Reader<'_>, id: &str) -> ToolResult<Option<Contact>> {
    if let Some(contact) = db.get::<Contact>(id)? {
        return Ok(Some(contact));
    }
    match redirects::follow(db, id)? {
        Some(kept) => Ok(db.get::<Contact>(&kept)?),
        None => Ok(None),
    }
}

/// Contacts with this folded e-mail address or this E.164 number, erased ones excepted.
pub fn by_point(db: &Reader<'_>, email: Option<&str>, phone: Option<&str>) -> ToolResult<Vec<Contact>> {
    let mut sql = Sql::new(Contact::SELECT);
    sql.push(" WHERE status <> 'erased' AND (1 = 0");
    for (value, column) in [(email, " OR email = "), (phone, " OR phone = ")] {
        if let Some(value) = value {
            sql.push(column).bind(value);
            sql.push(" OR id IN (SELECT contact_id FROM contact_point WHERE value = ").bind(value).push(")");
        }
    }
    sql.push(") ORDER BY id LIMIT 10");
    Ok(db.all_of(&sql)?)
}

/// The contact a text refers to: id (also an absorbed one), e-mail address, telephone number or exact name.
///
/// # Errors
/// `not_found`, or `ambiguous_reference` with at most five candidates.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Contact> {
    let text = text.trim();
    if let Some(contact) = find(db, text)? {
        return Ok(contact);
    }
    let found = if let Ok(address) = email::fold(text) {
        by_point(db, Some(&address), None)?
    } else if let Ok(number) = phone::e164(text, Some(&org::settings_of(db)?.country)) {
        by_point(db, None, Some(&number))?
    } else {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let family = words.pop().unwrap_or("");
        let given = words.join(" ");
        let mut sql = Sql::new(Contact::SELECT);
        sql.push(" WHERE status <> 'erased' AND name_key IN ")
            .bind_list(&[
                Contact::key_of((!given.is_empty()).then_some(given.as_str()), family),
                Contact::key_of(None, text),
            ])
            .push(" ORDER BY id LIMIT 6");
        db.all_of(&sql)?
    };
    match found.as_slice() {
        [] => Err(not_found(KIND, text).field(field).hint("search by name with crm_contact_search")),
        [contact] => Ok(contact.clone()),
        several => {
            let names: Vec<String> = several.iter().map(Contact::full_name).collect();
            let candidates =
                several.iter().zip(&names).map(|(contact, name)| (contact.id.0.as_str(), name.as_str()));
            Err(ambiguous(field, text, candidates))
        }
    }
}

/// Further e-mail addresses and telephone numbers.
pub fn points(db: &Reader<'_>, contact: &ContactId) -> ToolResult<Vec<ContactPoint>> {
    let mut sql = Sql::new(ContactPoint::SELECT);
    sql.push(" WHERE contact_id = ").bind(contact).push(" ORDER BY kind, value, id");
    Ok(db.all_of(&sql)?)
}

/// Every place of a contact at a company, ended ones too, primary ones first.
pub fn links_of(db: &Reader<'_>, contact: &ContactId) -> ToolResult<Vec<CompanyContact>> {
    let mut sql = Sql::new(CompanyContact::SELECT);
    sql.push(" WHERE contact_id = ").bind(contact).push(" ORDER BY is_primary DESC, company_id, id");
    Ok(db.all_of(&sql)?)
}

/// Every place of a contact at this company.
pub fn links_at(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<CompanyContact>> {
    let mut sql = Sql::new(CompanyContact::SELECT);
    sql.push(" WHERE company_id = ").bind(company).push(" ORDER BY is_primary DESC, contact_id, id");
    Ok(db.all_of(&sql)?)
}

/// True when the link runs on this day.
pub fn runs(link: &CompanyContact, today: Day) -> bool {
    link.since <= today && link.until.is_none_or(|until| until >= today)
}

/// Gives a contact a place at a company. The first contact of a company is its primary one.
pub fn link(
    db: &Writer<'_>,
    company: &CompanyId,
    contact: &ContactId,
    role: LinkRole,
) -> ToolResult<CompanyContact> {
    let today = org::today(db)?;
    let has_primary = links_at(db, company)?.iter().any(|link| link.is_primary);
    let mut link = CompanyContact {
        id: db.fresh_id(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        company_id: company.clone(),
        contact_id: contact.clone(),
        role,
        is_primary: !has_primary,
        can_order: false,
        order_limit: None,
        since: today,
        until: None,
    };
    db.insert(&mut link)?;
    if let Some(contact) = db.get::<Contact>(&contact.0)? {
        index(db, &contact)?;
    }
    Ok(link)
}

/// The consent history of a contact, newest first; of one instant, a withdrawal first.
pub fn consents(db: &Reader<'_>, contact: &ContactId) -> ToolResult<Vec<Consent>> {
    let mut sql = Sql::new(Consent::SELECT);
    sql.push(" WHERE contact_id = ").bind(contact).push(" ORDER BY at DESC, state DESC, id DESC");
    Ok(db.all_of(&sql)?)
}

/// What is in force for a channel: the newest entry; `None` when nothing was ever recorded.
pub fn consent_in_force(
    db: &Reader<'_>,
    contact: &ContactId,
    channel: ConsentChannel,
) -> ToolResult<Option<ConsentState>> {
    // 'withdrawn' sorts after 'granted', so the descending order lets a withdrawal win the same instant.
    Ok(db.scalar(
        "SELECT state FROM consent WHERE contact_id = $1 AND channel = $2 ORDER BY at DESC, state DESC, id DESC LIMIT 1",
        params![contact, channel],
    )?)
}
