//! What an import does with one row: finds the record that it repeats, and makes or changes it. No SQL.
//!
//! Everything that can be wrong about a row is found before anything is written for it, so a bad row leaves no trace.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{Category, ToolError, ToolResult};
use maitred_kernel::wire::Moment;
use maitred_kernel::{Currency, Stamp, fold};
use maitred_party::model::{AddressKind, LinkRole};
use maitred_party::store::companies::{self, NewAddress, NewCompany};
use maitred_party::store::contacts::{self, NewContact};
use maitred_party::store::{members, numbers};
use maitred_party::{Company, CompanyId, Contact, MemberId};

use crate::about::About;
use crate::import::{self, Cells, CompanyRow, ContactRow, Fault, ImportKind, LeadRow};
use crate::model::{
    AboutKind, Activity, ActivityId, ActivityKind, Direction, Lead, LeadId, LeadSource, LeadStatus,
};
use crate::store::{activities, imports, leads, profiles};

/// What became of a row.
pub enum Outcome {
    /// A new record.
    Created,
    /// An existing record was changed.
    Updated,
    /// An existing record said the same already.
    Unchanged,
    /// It repeats a record that was left as it is.
    Repeats(Same),
}

/// The record that a row repeats.
pub struct Same {
    /// Its id.
    pub id: String,
    /// Its name.
    pub label: String,
    /// By what it was recognised.
    pub by: &'static str,
}

/// Why a row did not go in: its own fault, or one of the whole call.
pub enum Stopped {
    /// The row is wrong.
    Row(Fault),
    /// Nothing can go on.
    Call(ToolError),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Row(fault)
    }
}

impl From<ToolError> for Stopped {
    /// A reference that finds nothing is the row's fault; a database that fails is not.
    fn from(error: ToolError) -> Self {
        match error.code().category() {
            Category::Validation | Category::Domain => Self::Row(Fault {
                field: error.field_name().map(str::to_owned),
                message: error.message().to_owned(),
            }),
            _ => Self::Call(error),
        }
    }
}

impl From<maitred_store::StoreError> for Stopped {
    fn from(error: maitred_store::StoreError) -> Self {
        Self::Call(error.into())
    }
}

/// What holds for every row of a file.
pub struct Setting<'a> {
    /// What the rows are.
    pub kind: ImportKind,
    /// Country where a row names none.
    pub country: &'a str,
    /// Currency where a row names none.
    pub currency: Currency,
    /// Whether a record that is repeated takes over what the row says.
    pub update: bool,
}

/// Takes over one row.
///
/// # Errors
/// See [`Stopped`].
pub fn take(db: &Writer<'_>, setting: &Setting<'_>, cells: &Cells<'_>) -> Result<Outcome, Stopped> {
    match setting.kind {
        ImportKind::Company => company(db, setting, import::company(cells, setting.country)?),
        ImportKind::Contact => contact(db, setting, import::contact(cells, setting.country)?),
        ImportKind::Lead => lead(db, setting, import::lead(cells, setting.country, setting.currency)?),
    }
}

fn only<T>(mut found: Vec<T>, what: &str) -> Result<Option<T>, Fault> {
    if found.len() > 1 {
        let message = format!("fits {} {what} that are there already; merge them first", found.len());
        return Err(Fault { field: None, message });
    }
    Ok(found.pop())
}

fn owner_of(db: &Reader<'_>, owner: Option<&str>) -> ToolResult<Option<MemberId>> {
    owner.map(|text| members::resolve(db, text, "owner").map(|member| member.id)).transpose()
}

/// The company a row repeats: by VAT id, else by domain, else by name where nothing speaks against it.
fn known_company(db: &Reader<'_>, row: &CompanyRow) -> Result<Option<(Company, &'static str)>, Stopped> {
    let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    let same = companies::same_identity(db, row.vat_id.as_deref(), row.domain.as_deref())?;
    let (by_vat, by_domain): (Vec<_>, Vec<_>) =
        same.into_iter().partition(|known| row.vat_id.is_some() && known.vat_id == row.vat_id);
    if let Some(known) = only(by_vat, "companies")? {
        return Ok(Some((known, "vat_id")));
    }
    // Companies of a group share a domain and have VAT ids of their own.
    let by_domain = by_domain.into_iter().filter(|known| !differ(&known.vat_id, &row.vat_id)).collect();
    if let Some(known) = only(by_domain, "companies")? {
        return Ok(Some((known, "domain")));
    }
    let mut called = imports::companies_called(db, row)?;
    called.retain(|known| {
        !differ(&known.vat_id, &row.vat_id)
            && !differ(&known.domain, &row.domain)
            && row.country.is_none_or(|country| country == known.country)
    });
    Ok(only(called, "companies")?.map(|known| (known, "name")))
}

fn company(db: &Writer<'_>, setting: &Setting<'_>, row: CompanyRow) -> Result<Outcome, Stopped> {
    let known = known_company(db, &row)?;
    let owner = owner_of(db, row.owner.as_deref())?;
    let Some((before, by)) = known else {
        let company = companies::insert(
            db,
            NewCompany {
                name: row.name.clone(),
                legal_name: row.legal_name.clone(),
                kinds: row.kind.map_or("prospect", |kind| kind.as_str()).to_owned(),
                domain: row.domain.clone(),
                vat_id: row.vat_id.clone(),
                country: row.country.or(row.vat_country).unwrap_or(setting.country).to_owned(),
                currency: row.currency.clone(),
                language: row.language.clone(),
                phone: row.phone.clone(),
                registration_no: row.registration_no.clone(),
                owner_id: owner,
            },
        )?;
        beside_company(db, &company, &row)?;
        return Ok(Outcome::Created);
    };
    if !setting.update {
        return Ok(Outcome::Repeats(Same { id: before.id.0, label: before.name, by }));
    }
    let mut after = before.clone();
    after.name.clone_from(&row.name);
    fill(&mut after.legal_name, &row.legal_name);
    fill(&mut after.domain, &row.domain);
    fill(&mut after.vat_id, &row.vat_id);
    if let Some(country) = row.country {
        country.clone_into(&mut after.country);
    }
    fill(&mut after.currency, &row.currency);
    fill(&mut after.language, &row.language);
    fill(&mut after.phone, &row.phone);
    fill(&mut after.registration_no, &row.registration_no);
    fill(&mut after.owner_id, &owner);
    if let Some(kind) =
        row.kind.filter(|kind| !before.kinds.split_whitespace().any(|word| word == kind.as_str()))
    {
        after.kinds = format!("{} {kind}", before.kinds).trim().to_owned();
    }
    let changed = companies::update(db, &before, &mut after)?;
    let beside = beside_company(db, &after, &row)?;
    Ok(if changed || beside { Outcome::Updated } else { Outcome::Unchanged })
}

fn fill<T: Clone>(to: &mut Option<T>, from: &Option<T>) {
    if from.is_some() {
        to.clone_from(from);
    }
}

/// Profile, address and note of a company; `true` when anything was new.
fn beside_company(db: &Writer<'_>, company: &Company, row: &CompanyRow) -> ToolResult<bool> {
    let before = profiles::of_company(db, &company.id)?;
    let mut after = before.clone();
    after.lifecycle = row.lifecycle.unwrap_or(before.lifecycle);
    fill(&mut after.industry, &row.industry);
    fill(&mut after.size_band, &row.size_band);
    fill(&mut after.source, &row.source);
    let mut changed = after != before;
    if changed {
        profiles::put(db, &before, &mut after)?;
    }
    if let Some(city) = &row.city {
        let lines = row.street.clone().unwrap_or_default();
        let known = companies::addresses(db, &company.id)?;
        let same = |address: &maitred_party::Address| {
            fold(&address.city) == fold(city)
                && fold(&address.lines) == fold(&lines)
                && (row.postcode.is_none() || address.postcode == row.postcode)
        };
        if !known.iter().any(same) {
            let new = NewAddress {
                kind: AddressKind::Billing,
                lines: vec![lines],
                city: city.clone(),
                postcode: row.postcode.clone(),
                region: None,
                country: company.country.clone(),
            };
            companies::add_address(db, &company.id, new)?;
            companies::index(db, company)?;
            changed = true;
        }
    }
    let about = About { kind: AboutKind::Company, id: company.id.0.clone(), label: company.name.clone() };
    Ok(note(db, about, row.note.as_deref())? || changed)
}

/// Keeps a free text as a note that came from outside; `false` when it was kept before.
fn note(db: &Writer<'_>, about: About, text: Option<&str>) -> ToolResult<bool> {
    let Some(text) = text else { return Ok(false) };
    if imports::has_note(db, &about.id, text)? {
        return Ok(false);
    }
    let mut activity = Activity {
        id: ActivityId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        kind: ActivityKind::Note,
        // Nobody of us wrote it: whoever shows it shows it as untrusted.
        direction: Direction::In,
        at: db.stamp(),
        duration_min: None,
        summary: text.to_owned(),
        outcome: None,
        by_member: None,
    };
    activities::insert(db, &mut activity, &[about])?;
    Ok(true)
}

/// The contact a row repeats: by address, else by number and name, else by name and company.
fn known_contact(
    db: &Reader<'_>,
    row: &ContactRow,
    company: Option<&CompanyId>,
) -> Result<Option<(Contact, &'static str)>, Stopped> {
    if let Some(email) = &row.email
        && let Some(known) = only(contacts::by_point(db, Some(email), None)?, "contacts")?
    {
        return Ok(Some((known, "email")));
    }
    let mail_differs =
        |known: &Contact| known.email.is_some() && row.email.is_some() && known.email != row.email;
    if let Some(phone) = &row.phone {
        let key = Contact::key_of(row.given_name.as_deref(), &row.family_name);
        let mut same = contacts::by_point(db, None, Some(phone))?;
        // A switchboard is everybody's number.
        same.retain(|known| known.name_key == key && !mail_differs(known));
        if let Some(known) = only(same, "contacts")? {
            return Ok(Some((known, "phone")));
        }
    }
    let mut called = imports::contacts_called(db, row, company.map(|company| company.0.as_str()))?;
    called.retain(|known| !mail_differs(known));
    Ok(only(called, "contacts")?.map(|known| (known, "name")))
}

fn contact(db: &Writer<'_>, setting: &Setting<'_>, row: ContactRow) -> Result<Outcome, Stopped> {
    let company = row.company.as_deref().map(|text| companies::resolve(db, text, "company")).transpose()?;
    let company = company.map(|company| company.id);
    let role = row.role.unwrap_or(LinkRole::General);
    let about = |contact: &Contact| About {
        kind: AboutKind::Contact,
        id: contact.id.0.clone(),
        label: contact.full_name(),
    };
    let Some((before, by)) = known_contact(db, &row, company.as_ref())? else {
        let new = NewContact {
            given_name: row.given_name,
            family_name: row.family_name,
            email: row.email,
            phone: row.phone,
            language: row.language,
            title: row.title,
        };
        let contact = contacts::insert(db, new)?;
        if let Some(company) = &company {
            contacts::link(db, company, &contact.id, role)?;
        }
        note(db, about(&contact), row.note.as_deref())?;
        return Ok(Outcome::Created);
    };
    if !setting.update {
        return Ok(Outcome::Repeats(Same { label: before.full_name(), id: before.id.0, by }));
    }
    let mut after = before.clone();
    fill(&mut after.given_name, &row.given_name);
    after.family_name.clone_from(&row.family_name);
    // A further address of theirs is no reason to forget the first.
    if before.email.is_none() {
        fill(&mut after.email, &row.email);
    }
    fill(&mut after.phone, &row.phone);
    fill(&mut after.language, &row.language);
    fill(&mut after.title, &row.title);
    let mut changed = contacts::update(db, &before, &mut after)?;
    if let Some(company) = &company
        && contacts::links_of(db, &after.id)?.iter().all(|link| link.company_id != *company)
    {
        contacts::link(db, company, &after.id, role)?;
        changed = true;
    }
    changed |= note(db, about(&after), row.note.as_deref())?;
    Ok(if changed { Outcome::Updated } else { Outcome::Unchanged })
}

fn lead(db: &Writer<'_>, setting: &Setting<'_>, row: LeadRow) -> Result<Outcome, Stopped> {
    let owner_id = owner_of(db, row.owner.as_deref())?;
    let Some(before) = only(imports::leads_like(db, &row)?, "leads")? else {
        let contact = match &row.email {
            Some(email) => contacts::by_point(db, Some(email), None)?.into_iter().next(),
            None => None,
        };
        if let Some(contact) = contact {
            // Who is a contact already is no new lead, whatever is to be done with duplicates.
            let label = contact.full_name();
            return Ok(Outcome::Repeats(Same { id: contact.id.0, label, by: "email of a contact" }));
        }
        let now = db.stamp();
        let mut lead = Lead {
            id: LeadId(db.fresh_id()),
            version: 1,
            created_at: now,
            updated_at: now,
            number: numbers::next(db, "L")?,
            name: row.name,
            company_name: row.company_name,
            email: row.email,
            phone: row.phone,
            source: row.source.unwrap_or(LeadSource::Import),
            need: row.need.unwrap_or_default(),
            value_minor: row.value.map(|(minor, _)| minor),
            currency: row.value.map(|(_, currency)| currency),
            score: row.score.unwrap_or(0),
            owner_id,
            status: LeadStatus::New,
            status_at: now,
            last_touched_at: None,
            disqualify_reason: None,
            company_id: None,
            contact_id: None,
            deal_id: None,
            request_ref: None,
            archived_at: None,
        };
        leads::insert(db, &mut lead)?;
        return Ok(Outcome::Created);
    };
    // A converted lead is frozen.
    if !setting.update || before.status == LeadStatus::Converted {
        let by = if before.email.is_some() && before.email == row.email { "email" } else { "name" };
        return Ok(Outcome::Repeats(Same { id: before.id.0, label: before.name, by }));
    }
    let mut after = before.clone();
    after.name.clone_from(&row.name);
    fill(&mut after.company_name, &row.company_name);
    fill(&mut after.email, &row.email);
    fill(&mut after.phone, &row.phone);
    after.source = row.source.unwrap_or(before.source);
    after.need = row.need.unwrap_or_else(|| before.need.clone());
    if let Some((minor, currency)) = row.value {
        (after.value_minor, after.currency) = (Some(minor), Some(currency));
    }
    after.score = row.score.unwrap_or(before.score);
    fill(&mut after.owner_id, &owner_id);
    Ok(if leads::put(db, &before, &mut after)? { Outcome::Updated } else { Outcome::Unchanged })
}
