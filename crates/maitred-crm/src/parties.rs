//! What the tools on companies and contacts share: how they are shown, how their fields are read, and whether somebody
//! like them is there already.

use maitred_core::prelude::*;
use maitred_kernel::dedupe::{
    CompanyFacts, ContactFacts, Likeness, SUSPECT_BP, company_likeness, contact_likeness,
};
use maitred_kernel::wire::at_field;
use maitred_kernel::{Currency, Reference, Stamp, country, domain, email, name_key, phone, tokens, vat};
use maitred_party::model::{Address, AddressKind};
use maitred_party::store::{companies, members, tags};
use maitred_party::{Company, Contact, ContactStatus, org};
use maitred_store::change::json_string;

use crate::duplicates::{prefixes, share};
use crate::model::{Lifecycle, Profile};
use crate::store::companies::FoundCompany;
use crate::store::dedupe::{self, CompanyRow, Near, PersonRow};
use crate::views::Named;

/// A company.
#[derive(ToolOutput, Clone, Debug)]
pub struct CompanyView {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Name.
    #[output(summary)]
    pub name: String,
    /// Registered name.
    pub legal_name: Option<String>,
    /// Words: prospect, customer, supplier, partner.
    pub kinds: Vec<String>,
    /// Where it stands.
    #[output(summary)]
    pub lifecycle: Lifecycle,
    /// Own domain.
    #[output(summary)]
    pub domain: Option<String>,
    /// VAT id.
    #[output(summary)]
    pub vat_id: Option<String>,
    /// Number in the companies register.
    pub registration_no: Option<String>,
    /// Country.
    #[output(summary)]
    pub country: String,
    /// City of the main address.
    #[output(summary)]
    pub city: Option<String>,
    /// Currency it is invoiced in.
    pub currency: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// Telephone number, E.164.
    pub phone: Option<String>,
    /// Parent company.
    pub parent: Option<Named>,
    /// Who looks after it.
    #[output(summary)]
    pub owner: Option<Named>,
    /// Where it came from.
    pub source: Option<String>,
    /// Line of business.
    pub industry: Option<String>,
    /// Size.
    pub size_band: Option<String>,
    /// Last two-way contact.
    pub last_contacted_at: Option<Stamp>,
    /// When it was put aside.
    pub archived_at: Option<Stamp>,
}

/// The view of one company, with the names of its parent and owner.
pub fn company_view(db: &Reader<'_>, company: &Company, profile: &Profile) -> ToolResult<CompanyView> {
    let owner = company.owner_id.as_ref().map(|id| members::get(db, &id.0)).transpose()?.flatten();
    let city = companies::addresses(db, &company.id)?.into_iter().next().map(|address| address.city);
    let parent = company.parent_id.as_ref().map(|id| companies::find(db, &id.0)).transpose()?.flatten();
    let row = FoundCompany {
        company: company.clone(),
        score: 0,
        lifecycle: Some(profile.lifecycle),
        last_contacted_at: profile.last_contacted_at,
        owner_name: owner.map(|owner| owner.name),
        city,
        parent_name: parent.map(|parent| parent.name),
        source: profile.source.clone(),
        industry: profile.industry.clone(),
        size_band: profile.size_band.clone(),
    };
    Ok(listed(row))
}

/// The view of one company as a search found it.
pub fn listed(found: FoundCompany) -> CompanyView {
    let company = found.company;
    CompanyView {
        id: company.id.0,
        version: company.version,
        name: company.name,
        legal_name: company.legal_name,
        kinds: company.kinds.split_whitespace().map(str::to_owned).collect(),
        lifecycle: found.lifecycle.unwrap_or(Lifecycle::Prospect),
        domain: company.domain,
        vat_id: company.vat_id,
        registration_no: company.registration_no,
        country: company.country,
        city: found.city,
        currency: company.currency,
        language: company.language,
        phone: company.phone,
        parent: company.parent_id.zip(found.parent_name).map(|(id, name)| Named { id: id.0, name }),
        owner: company.owner_id.zip(found.owner_name).map(|(id, name)| Named { id: id.0, name }),
        source: found.source,
        industry: found.industry,
        size_band: found.size_band,
        last_contacted_at: found.last_contacted_at,
        archived_at: company.archived_at,
    }
}

/// A postal address.
#[derive(ToolOutput, Clone, Debug)]
pub struct AddressView {
    /// Id.
    pub id: String,
    /// Used for.
    pub kind: AddressKind,
    /// Street lines.
    pub lines: Vec<String>,
    /// City.
    pub city: String,
    /// Postcode.
    pub postcode: Option<String>,
    /// State or province.
    pub region: Option<String>,
    /// Country.
    pub country: String,
    /// The one to use unless another is named.
    pub default: bool,
}

impl From<Address> for AddressView {
    fn from(address: Address) -> Self {
        Self {
            id: address.id.0,
            kind: address.kind,
            lines: address.lines.lines().map(str::to_owned).collect(),
            city: address.city,
            postcode: address.postcode,
            region: address.region,
            country: address.country,
            default: address.is_default,
        }
    }
}

/// An address to be added.
#[derive(ToolArgs, Clone)]
pub struct AddressArg {
    /// Use (billing).
    pub kind: Option<AddressKind>,
    /// Street lines.
    #[arg(min = 1, max = 6)]
    pub lines: Vec<String>,
    /// City.
    #[arg(min = 1, max = 100)]
    pub city: String,
    /// Postcode.
    #[arg(max = 20)]
    pub postcode: Option<String>,
    /// State.
    #[arg(max = 100)]
    pub region: Option<String>,
    /// ISO 3166.
    #[arg(max = 2)]
    pub country: Option<String>,
}

impl AddressArg {
    /// The address as it is stored; in the company's country unless it names another.
    pub fn checked(self, home: &str, field: &str) -> ToolResult<companies::NewAddress> {
        Ok(companies::NewAddress {
            kind: self.kind.unwrap_or(AddressKind::Billing),
            lines: self.lines.iter().map(|line| line.trim().to_owned()).collect(),
            city: self.city.trim().to_owned(),
            postcode: self.postcode.map(|text| text.trim().to_owned()),
            region: self.region.map(|text| text.trim().to_owned()),
            country: match self.country {
                Some(text) => country_of(&text, &format!("{field}.country"))?,
                None => home.to_owned(),
            },
        })
    }
}

/// A person as writes answer them.
#[derive(ToolOutput, Clone, Debug)]
pub struct PersonView {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Full name.
    pub name: String,
    /// Job title.
    pub title: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number, E.164.
    pub phone: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// Whether they can be reached.
    pub status: ContactStatus,
    /// Tags.
    pub tags: Vec<String>,
}

/// The view of one person.
pub fn person_view(db: &Reader<'_>, contact: &Contact) -> ToolResult<PersonView> {
    Ok(PersonView {
        id: contact.id.0.clone(),
        version: contact.version,
        name: contact.full_name(),
        title: contact.title.clone(),
        email: contact.email.clone(),
        phone: contact.phone.clone(),
        language: contact.language.clone(),
        status: contact.status,
        tags: tags::names(db, &contact.id.0)?,
    })
}

/// Folded terms for a search by name, address or number. What is written in more than one way is brought into the
/// spelling of the index first, and legal forms do not count: `Acme GmbH` finds `ACME SARL`.
pub fn search_terms(db: &Reader<'_>, text: &str) -> ToolResult<Vec<String>> {
    // The country says how a number without its prefix is meant, and nothing of words.
    let settings = text.contains(char::is_numeric).then(|| org::settings_of(db)).transpose()?;
    Ok(match Reference::parse_in(text, settings.as_ref().map(|settings| settings.country.as_str())) {
        reference @ (Reference::Phone(_) | Reference::VatId(_) | Reference::Email(_)) => {
            // The whole is the last of its own tokens, and enough.
            let whole: String =
                reference.to_string().chars().filter(|letter| letter.is_alphanumeric()).collect();
            let all = tokens(&reference.to_string());
            let exact: Vec<String> = all
                .iter()
                .filter(|token| {
                    token.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>()
                        == whole.to_lowercase()
                })
                .take(1)
                .cloned()
                .collect();
            if exact.is_empty() { all } else { exact }
        }
        Reference::Domain(host) => tokens(&host),
        _ => {
            let kept = tokens(&name_key(text));
            let all = tokens(text);
            let without_forms: Vec<String> =
                all.iter().filter(|token| kept.contains(token)).cloned().collect();
            if without_forms.is_empty() { all } else { without_forms }
        }
    })
}

/// Trims a text that must not be empty.
pub fn text_of(text: &str, field: &str) -> ToolResult<String> {
    let text = text.trim();
    if text.is_empty() { Err(invalid(field, "must not be empty")) } else { Ok(text.to_owned()) }
}

/// A field of an update: nothing given leaves it, an empty text clears it.
pub fn changed(
    given: Option<&str>,
    current: Option<String>,
    read: impl FnOnce(&str) -> ToolResult<String>,
) -> ToolResult<Option<String>> {
    match given.map(str::trim) {
        None => Ok(current),
        Some("") => Ok(None),
        Some(text) => read(text).map(Some),
    }
}

/// A folded domain that belongs to one company.
pub fn domain_of(text: &str, field: &str) -> ToolResult<String> {
    let host = at_field(domain::fold(text), field)?;
    if domain::is_free_mail(&host) {
        return Err(invalid(
            field,
            format!("`{host}` gives mailboxes to anybody and says nothing about a company"),
        )
        .hint("leave the domain out"));
    }
    Ok(host)
}

/// A VAT id of a known country with right check digits, in its one spelling.
pub fn vat_of(text: &str, field: &str) -> ToolResult<String> {
    Ok(at_field(vat::check(text), field)?.as_str().to_owned())
}

/// An ISO 3166 code.
pub fn country_of(text: &str, field: &str) -> ToolResult<String> {
    Ok(at_field(country::parse(text.trim()), field)?.to_owned())
}

/// An ISO 4217 code.
pub fn currency_of(text: &str, field: &str) -> ToolResult<String> {
    Ok(at_field(Currency::parse(text), field)?.code().to_owned())
}

/// A language tag such as `fr` or `pt-BR`.
pub fn language_of(text: &str, field: &str) -> ToolResult<String> {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let fits = (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    if fits {
        Ok(text.to_owned())
    } else {
        Err(invalid(field, "must be a language tag such as `fr` or `pt-BR`"))
    }
}

/// A folded e-mail address.
pub fn email_of(text: &str, field: &str) -> ToolResult<String> {
    at_field(email::fold(text), field)
}

/// A telephone number in E.164; national ones are read in `home`, or the organisation's country.
pub fn phone_of(db: &Reader<'_>, text: &str, home: Option<&str>, field: &str) -> ToolResult<String> {
    let settings = org::settings_of(db)?;
    at_field(phone::e164(text, Some(home.unwrap_or(&settings.country))), field)
}

/// Somebody who could be the same.
#[derive(ToolOutput, Clone, Debug)]
pub struct Suspect {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// How alike, 0.00 to 1.00.
    pub score: String,
    /// What they have in common.
    pub reasons: Vec<String>,
}

/// Somebody who could be the same, with the score in basis points.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Score.
    pub score_bp: i64,
    /// As shown.
    pub shown: Suspect,
}

/// Score from which a record that was made all the same is shown as similar (0.50).
const SIMILAR_BP: i64 = 5_000;

fn scored(id: &str, name: String, likeness: Likeness) -> Scored {
    Scored {
        score_bp: likeness.score_bp,
        shown: Suspect {
            id: id.to_owned(),
            name,
            score: share(likeness.score_bp),
            reasons: likeness.reasons,
        },
    }
}

fn best(mut found: Vec<Scored>) -> Vec<Scored> {
    found.retain(|one| one.score_bp >= SIMILAR_BP);
    found.sort_by(|a, b| b.score_bp.cmp(&a.score_bp).then_with(|| a.shown.id.cmp(&b.shown.id)));
    found.truncate(5);
    found
}

/// The score of two companies.
pub fn companies_alike(a: &CompanyRow, b: &CompanyRow) -> Likeness {
    company_likeness(&company_facts(a), &company_facts(b))
}

fn company_facts(row: &CompanyRow) -> CompanyFacts<'_> {
    CompanyFacts {
        name: &row.name,
        vat_id: row.vat_id.as_deref(),
        domain: row.domain.as_deref(),
        phone: row.phone.as_deref(),
        postcode: row.postcode.as_deref(),
        city: row.city.as_deref(),
    }
}

/// The score of two people: an address or number that they share counts, whichever of theirs it is.
pub fn people_alike(a: &PersonRow, b: &PersonRow) -> Likeness {
    let email = a.emails.iter().find(|email| b.emails.contains(email));
    let phone = a.phones.iter().find(|phone| b.phones.contains(phone));
    let (of_a, of_b): (Vec<&str>, Vec<&str>) =
        (a.companies.iter().map(String::as_str).collect(), b.companies.iter().map(String::as_str).collect());
    let first = |list: &'_ [String]| list.first().cloned();
    let (mail_a, mail_b) =
        (email.cloned().or_else(|| first(&a.emails)), email.cloned().or_else(|| first(&b.emails)));
    let (tel_a, tel_b) =
        (phone.cloned().or_else(|| first(&a.phones)), phone.cloned().or_else(|| first(&b.phones)));
    contact_likeness(
        &ContactFacts {
            given_name: a.given_name.as_deref(),
            family_name: &a.family_name,
            email: mail_a.as_deref(),
            phone: tel_a.as_deref(),
            companies: &of_a,
        },
        &ContactFacts {
            given_name: b.given_name.as_deref(),
            family_name: &b.family_name,
            email: mail_b.as_deref(),
            phone: tel_b.as_deref(),
            companies: &of_b,
        },
    )
}

/// What a person is called.
pub fn name_of(row: &PersonRow) -> String {
    match &row.given_name {
        Some(given) => format!("{given} {}", row.family_name),
        None => row.family_name.clone(),
    }
}

/// Companies like one that is to be made, best first, at most five.
pub fn like_company(db: &Reader<'_>, wanted: &CompanyRow) -> ToolResult<Vec<Scored>> {
    let near = Near { prefixes: prefixes(&wanted.name), phone: wanted.phone.clone() };
    let found = dedupe::companies(db, Some(&near))?;
    Ok(best(
        found.iter().map(|row| scored(&row.id, row.name.clone(), companies_alike(wanted, row))).collect(),
    ))
}

/// People like one that is to be made, best first, at most five.
pub fn like_person(db: &Reader<'_>, wanted: &PersonRow) -> ToolResult<Vec<Scored>> {
    let near = Near { prefixes: prefixes(&name_of(wanted)), phone: wanted.phones.first().cloned() };
    let found = dedupe::contacts(db, Some(&near))?;
    Ok(best(found.iter().map(|row| scored(&row.id, name_of(row), people_alike(wanted, row))).collect()))
}

/// Refuses suspects unless the caller insists; answers those that were overruled.
pub fn overruled(found: &[Scored], allow: bool, update: &'static str) -> ToolResult<Vec<String>> {
    let suspects: Vec<&Scored> = found.iter().filter(|one| one.score_bp >= SUSPECT_BP).collect();
    let Some(first) = suspects.first() else { return Ok(Vec::new()) };
    if allow {
        return Ok(suspects.into_iter().map(|one| one.shown.id.clone()).collect());
    }
    Err(refused(Code::DuplicateSuspect, format!("`{}` is likely the same", first.shown.name))
        .with("candidates", candidates(suspects.iter().map(|one| &one.shown)))
        .hint(format!("use {update} on the existing record, or repeat with allow_duplicate true")))
}

/// Suspects as a JSON list.
pub fn candidates<'a>(suspects: impl Iterator<Item = &'a Suspect>) -> String {
    let mut list = String::from("[");
    for suspect in suspects.take(5) {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str("{\"id\":");
        json_string(&suspect.id, &mut list);
        list.push_str(",\"label\":");
        json_string(&suspect.name, &mut list);
        list.push_str(",\"score\":");
        json_string(&suspect.score, &mut list);
        list.push_str(",\"reasons\":");
        json_string(&suspect.reasons.join(", "), &mut list);
        list.push('}');
    }
    list.push(']');
    list
}

/// Refuses a VAT id or domain that another company has.
pub fn refuse_same_identity(
    db: &Reader<'_>,
    own: Option<&str>,
    vat_id: Option<&str>,
    domain: Option<&str>,
) -> ToolResult<()> {
    let others = companies::same_identity(db, vat_id, domain)?;
    let Some(other) = others.into_iter().find(|other| Some(other.id.0.as_str()) != own) else {
        return Ok(());
    };
    let by_vat = vat_id.is_some() && other.vat_id.as_deref() == vat_id;
    let (field, what) = if by_vat { ("vat_id", "VAT id") } else { ("domain", "domain") };
    let suspect = Suspect {
        id: other.id.0,
        score: share(if by_vat { 10_000 } else { 9_000 }),
        reasons: vec![format!("same {what}")],
        name: other.name,
    };
    let hint = match (own, other.archived_at) {
        (Some(_), _) => "if both are one company, fold them with crm_company_merge",
        (None, Some(_)) => "it is archived: restore it with crm_record_archive",
        (None, None) => "use the existing company, or change it with crm_company_update",
    };
    Err(refused(Code::DuplicateSuspect, format!("`{}` has this {what} already", suspect.name))
        .field(field)
        .with("candidates", candidates(std::iter::once(&suspect)))
        .hint(hint))
}
