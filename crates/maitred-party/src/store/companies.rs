//! Companies, their addresses, and how a text finds one.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{ToolResult, not_found};
use maitred_kernel::{Stamp, domain, fold, name_key, tokens};
use maitred_store::{Record, Sql, params, search};

use crate::model::{Address, AddressId, AddressKind, Company, CompanyId};
use crate::store::{ambiguous, redirects};

/// Kind word in the search index, in tags and in links.
pub const KIND: &str = "company";

/// What a new company starts with; fields of [`Company`] that are worked out are not here.
#[derive(Clone, Debug, Default)]
pub struct NewCompany {
    /// The name it goes by.
    pub name: String,
    /// Registered name.
    pub legal_name: Option<String>,
    /// Words of `CompanyKind`.
    pub kinds: String,
    /// Folded domain.
    pub domain: Option<String>,
    /// Checked VAT id.
    pub vat_id: Option<String>,
    /// ISO 3166 alpha-2.
    pub country: String,
    /// ISO 4217.
    pub currency: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// Number in the companies register.
    pub registration_no: Option<String>,
    /// Who looks after it.
    pub owner_id: Option<crate::MemberId>,
}

/// Writes a new company and puts it in the search index.
pub fn insert(db: &Writer<'_>, new: NewCompany) -> ToolResult<Company> {
    let mut company = Company {
        id: CompanyId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        name_key: name_key(&new.name),
        name: new.name,
        legal_name: new.legal_name,
        kinds: new.kinds,
        domain: new.domain,
        vat_id: new.vat_id,
        vat_checked_at: None,
        registration_no: new.registration_no,
        country: new.country,
        currency: new.currency,
        language: new.language,
        phone: new.phone,
        parent_id: None,
        owner_id: new.owner_id,
        archived_at: None,
    };
    db.insert(&mut company)?;
    index(db, &company)?;
    Ok(company)
}

/// Writes a changed company and its place in the search index; `false` when nothing differs.
pub fn update(db: &Writer<'_>, before: &Company, after: &mut Company) -> ToolResult<bool> {
    after.name_key = name_key(&after.name);
    let changed = db.update(before, after)?;
    if changed {
        index(db, after)?;
    }
    Ok(changed)
}

/// Brings the search index up to date with a company and its addresses. Archived ones stay in it; searches leave them
/// out unless asked for them.
pub fn index(db: &Writer<'_>, company: &Company) -> ToolResult<()> {
    let mut words: Vec<(String, i64)> = Vec::new();
    let mut add =
        |text: &str, weight: i64| words.extend(tokens(text).into_iter().map(|token| (token, weight)));
    add(&company.name, 40);
    add(company.legal_name.as_deref().unwrap_or(""), 30);
    add(company.domain.as_deref().unwrap_or(""), 25);
    add(company.vat_id.as_deref().unwrap_or(""), 25);
    add(company.phone.as_deref().unwrap_or(""), 20);
    for address in addresses(db, &company.id)? {
        add(&address.city, 5);
    }
    search::put(db.tx(), KIND, &company.id.0, &words)?;
    Ok(())
}

/// Removes a company that was merged into another, and its place in the search index. Nothing may point to it any more.
pub fn remove(db: &Writer<'_>, company: &Company) -> ToolResult<()> {
    search::remove(db.tx(), KIND, &company.id.0)?;
    db.delete(company)?;
    Ok(())
}

/// The company with this id, or the one it was merged into; `None` when there is neither.
pub fn find(db: &Reader<'_>, id: &str) -> ToolResult<Option<Company>> {
    if let Some(company) = db.get::<Company>(id)? {
        return Ok(Some(company));
    }
    match redirects::follow(db, id)? {
        Some(kept) => Ok(db.get::<Company>(&kept)?),
        None => Ok(None),
    }
}

/// The company a text refers to: id (also an absorbed one), VAT id, domain or exact name.
///
/// # Errors
/// `not_found`, or `ambiguous_reference` with at most five candidates.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Company> {
    let text = text.trim();
    if let Some(company) = find(db, text)? {
        return Ok(company);
    }
    let compact: String =
        text.chars().filter(|letter| letter.is_ascii_alphanumeric()).collect::<String>().to_uppercase();
    let mut sql = Sql::new(Company::SELECT);
    sql.push(" WHERE (vat_id = ").bind(compact);
    if let Ok(domain) = domain::fold(text) {
        sql.push(" OR domain = ").bind(domain);
    }
    sql.push(" OR name_key = ")
        .bind(name_key(text))
        .push(") AND archived_at IS NULL ORDER BY name_key, id LIMIT 6");
    let found: Vec<Company> = db.all_of(&sql)?;
    // The exact spelling decides between names that fold to the same.
    let exact: Vec<&Company> = found.iter().filter(|company| fold(&company.name) == fold(text)).collect();
    match (found.as_slice(), exact.as_slice()) {
        ([], _) => Err(not_found(KIND, text).field(field).hint("search companies by name, then give the id")),
        ([company], _) => Ok(company.clone()),
        (_, [company]) => Ok((*company).clone()),
        (several, _) => Err(ambiguous(
            field,
            text,
            several.iter().map(|company| (company.id.0.as_str(), company.name.as_str())),
        )),
    }
}

/// Companies with this VAT id or this domain, archived ones too.
pub fn same_identity(
    db: &Reader<'_>,
    vat_id: Option<&str>,
    domain: Option<&str>,
) -> ToolResult<Vec<Company>> {
    let mut sql = Sql::new(Company::SELECT);
    sql.push(" WHERE 1 = 0");
    if let Some(vat_id) = vat_id {
        sql.push(" OR vat_id = ").bind(vat_id);
    }
    if let Some(domain) = domain {
        sql.push(" OR domain = ").bind(domain);
    }
    sql.push(" ORDER BY id LIMIT 10");
    Ok(db.all_of(&sql)?)
}

/// The addresses of a company, default ones first.
pub fn addresses(db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<Address>> {
    let mut sql = Sql::new(Address::SELECT);
    sql.push(" WHERE company_id = ").bind(company).push(" ORDER BY is_default DESC, kind, id");
    Ok(db.all_of(&sql)?)
}

/// What a new address starts with.
#[derive(Clone, Debug)]
pub struct NewAddress {
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
    /// ISO 3166 alpha-2.
    pub country: String,
}

/// Adds an address; the first of its kind is the default.
pub fn add_address(db: &Writer<'_>, company: &CompanyId, new: NewAddress) -> ToolResult<Address> {
    let others = db.count(
        "SELECT COUNT(*) FROM address WHERE company_id = $1 AND kind = $2",
        params![company, new.kind],
    )?;
    let mut address = Address {
        id: AddressId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        company_id: company.clone(),
        kind: new.kind,
        lines: new.lines.join("\n"),
        city: new.city,
        postcode: new.postcode,
        region: new.region,
        country: new.country,
        is_default: others == 0,
        verified: false,
    };
    db.insert(&mut address)?;
    Ok(address)
}

/// Adds an address that becomes the default of its kind; the one that was stays beside it.
pub fn add_default_address(db: &Writer<'_>, company: &CompanyId, new: NewAddress) -> ToolResult<Address> {
    for before in addresses(db, company)? {
        if before.kind == new.kind && before.is_default {
            let mut after = Address { is_default: false, ..before.clone() };
            db.update(&before, &mut after)?;
        }
    }
    let before = add_address(db, company, new)?;
    let mut after = Address { is_default: true, ..before.clone() };
    db.update(&before, &mut after)?;
    Ok(after)
}

/// True when making `parent` the parent of `child` would close a circle.
pub fn would_cycle(db: &Reader<'_>, child: &CompanyId, parent: &CompanyId) -> ToolResult<bool> {
    let mut at = Some(parent.clone());
    // No chain is longer than the number of companies; a hundred levels are more than any group has.
    for _ in 0..100 {
        match at {
            None => return Ok(false),
            Some(id) if id == *child => return Ok(true),
            Some(id) => {
                at = db
                    .scalar::<Option<CompanyId>>("SELECT parent_id FROM company WHERE id = $1", params![id])?
                    .flatten();
            }
        }
    }
    Ok(true)
}
