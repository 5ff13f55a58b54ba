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

/// Removes a contact that was merged into another, and their place in the search index. Nothing may point to them any
/// more.
pub fn remove(db: &Writer<'_>, contact: &Contact) -> ToolResult<()> {
    search::remove(db.tx(), KIND, &contact.id.0)?;
    db.delete(contact)?;
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
        [] => Err(not_found(KIND, text).field(field).hint("search contacts by name, then give the id")),
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

/// Keeps a further e-mail address (`email`) or telephone number (`phone`) of a contact; `false` when it was known.
pub fn add_point(db: &Writer<'_>, contact: &ContactId, kind: &str, value: &str) -> ToolResult<bool> {
    if points(db, contact)?.iter().any(|point| point.kind == kind && point.value == value) {
        return Ok(false);
    }
    let mut point = ContactPoint {
        id: db.fresh_id(),
        contact_id: contact.clone(),
        kind: kind.to_owned(),
        value: value.to_owned(),
    };
    db.insert(&mut point)?;
    Ok(true)
}

/// Drops the further addresses and numbers that say what the contact's own fields say already.
pub fn tidy_points(db: &Writer<'_>, contact: &Contact) -> ToolResult<()> {
    let mut seen: Vec<(String, String)> = Vec::new();
    let own = [("email", &contact.email), ("phone", &contact.phone)];
    seen.extend(own.into_iter().filter_map(|(kind, value)| Some((kind.to_owned(), value.clone()?))));
    for point in points(db, &contact.id)? {
        let key = (point.kind.clone(), point.value.clone());
        if seen.contains(&key) {
            db.delete(&point)?;
        } else {
            seen.push(key);
        }
    }
    Ok(())
}

/// What a text about a contact can call them by: names, addresses and numbers. For erasure.
pub fn identity_words(db: &Reader<'_>, contact: &Contact) -> ToolResult<Vec<String>> {
    let mut words = vec![contact.full_name(), contact.family_name.clone()];
    words.extend(contact.given_name.clone());
    words.extend(contact.email.clone());
    words.extend(contact.phone.clone());
    words.extend(points(db, &contact.id)?.into_iter().map(|point| point.value));
    Ok(words)
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

/// Sees to it that a company with contacts has exactly one primary one: the one it has, as long as they are there;
/// else whoever is there longest. When nobody is there any more, somebody who was stays primary.
pub fn ensure_primary(db: &Writer<'_>, company: &CompanyId) -> ToolResult<()> {
    let today = org::today(db)?;
    let mut ranked = Vec::new();
    for link in links_at(db, company)? {
        let active = db
            .get::<Contact>(&link.contact_id.0)?
            .is_some_and(|contact| contact.status == ContactStatus::Active);
        ranked.push((!(active && runs(&link, today)), !link.is_primary, link.since, link.id.clone(), link));
    }
    ranked.sort_by(|a, b| (a.0, a.1, a.2, &a.3).cmp(&(b.0, b.1, b.2, &b.3)));
    for (rank, (.., before)) in ranked.into_iter().enumerate() {
        let is_primary = rank == 0;
        if before.is_primary != is_primary {
            let mut after = CompanyContact { is_primary, ..before.clone() };
            db.update(&before, &mut after)?;
        }
    }
    Ok(())
}

/// Makes a contact the primary one of a company where they have a running place.
pub fn make_primary(db: &Writer<'_>, company: &CompanyId, contact: &ContactId) -> ToolResult<()> {
    for before in links_at(db, company)? {
        let is_primary = before.contact_id == *contact;
        if before.is_primary != is_primary {
            let mut after = CompanyContact { is_primary, ..before.clone() };
            db.update(&before, &mut after)?;
        }
    }
    ensure_primary(db, company)
}

/// The companies a contact may order for today.
pub fn orders_for(db: &Reader<'_>, contact: &ContactId) -> ToolResult<Vec<CompanyId>> {
    let today = org::today(db)?;
    let links = links_of(db, contact)?.into_iter().filter(|link| link.can_order && runs(link, today));
    Ok(links.map(|link| link.company_id).collect())
}

/// True when a channel knows the contact for sure: a handle that was verified and not revoked.
pub fn is_verified(db: &Reader<'_>, contact: &ContactId) -> ToolResult<bool> {
    Ok(db.count(
        "SELECT COUNT(*) FROM channel_handle WHERE contact_id = $1 AND revoked_at IS NULL",
        params![contact],
    )? > 0)
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
