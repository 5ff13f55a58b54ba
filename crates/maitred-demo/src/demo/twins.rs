//! Records that somebody entered twice: what a clean-up finds.
//!
//! Every pair scores at least 0.85 by F-CRM-5, the mark from which on the tools ask before they create.

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_kernel::name_key;
use maitred_party::model::{
    AddressId, CompanyContact, CompanyId, Contact, ContactId, ContactStatus, LinkRole,
};

use super::atlas::one;
use super::dice::{Dice, Times};
use super::people::{Cast, Firm, Person, Trade, slug};
use super::vat;

/// Companies that exist twice.
pub const COMPANIES: usize = 12;
/// People that exist twice.
pub const PEOPLE: usize = 20;

/// Pairs of the record that was there and its twin, as places in the cast.
pub struct Twins {
    /// Companies.
    pub firms: Vec<(usize, usize)>,
    /// People.
    pub people: Vec<(usize, usize)>,
}

/// Doubles some companies and people.
pub fn double(db: &Writer<'_>, dice: &mut Dice, times: &Times, cast: &mut Cast) -> ToolResult<Twins> {
    let mut twins = Twins { firms: Vec::new(), people: Vec::new() };
    let mut candidates: Vec<usize> = (0..cast.firms.len()).filter(|place| can_double(cast, *place)).collect();
    dice.shuffle(&mut candidates);
    for firm in candidates.into_iter().take(COMPANIES) {
        let twin = double_firm(db, dice, times, cast, firm, twins.firms.len())?;
        twins.firms.push((firm, twin));
        if let Some(primary) = cast.primary(firm)
            && cast.people[primary].contact.email.is_some()
        {
            let double = at_the_twin(db, times, cast, primary, twin)?;
            twins.people.push((primary, double));
        }
    }
    let doubled: Vec<usize> = twins.firms.iter().flat_map(|(firm, twin)| [*firm, *twin]).collect();
    let mut candidates: Vec<usize> = (0..cast.people.len())
        .filter(|place| {
            let person = &cast.people[*place];
            person.contact.status == ContactStatus::Active
                && person.contact.email.is_some()
                && person.contact.phone.is_some()
                && cast.firms[person.firm].company.domain.is_some()
                && !doubled.contains(&person.firm)
        })
        .collect();
    dice.shuffle(&mut candidates);
    for person in candidates {
        if twins.people.len() >= PEOPLE {
            break;
        }
        let twin = double_person(db, dice, times, cast, person, twins.people.len())?;
        twins.people.push((person, twin));
    }
    Ok(twins)
}

fn can_double(cast: &Cast, place: usize) -> bool {
    let firm = &cast.firms[place];
    let company = &firm.company;
    !matches!(firm.trade, Trade::Group | Trade::Estate)
        && company.domain.is_some()
        && company.phone.is_some()
        && company.vat_id.is_some()
        && company.parent_id.is_none()
        && !firm.addresses.is_empty()
        && !firm.people.is_empty()
}

fn double_firm(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    place: usize,
    kind: usize,
) -> ToolResult<usize> {
    let mut twin: Firm = cast.firms[place].clone();
    let since = times.within(dice, twin.company.created_at, times.now)?;
    let form = one(dice, twin.land.forms);
    let name = twin.company.name.clone();
    let company = &mut twin.company;
    company.id = CompanyId(db.fresh_id());
    (company.created_at, company.updated_at) = (since, since);
    company.legal_name = None;
    match kind % 4 {
        // Somebody typed it from an invoice: no accents, the legal form in the name, the VAT id.
        0 => {
            company.name = format!("{} {form}", plain(&name)).to_uppercase();
            company.domain = None;
            company.phone = None;
        }
        // Somebody took it from the web site, with the city, and another VAT id crept in.
        1 => {
            let city = twin.addresses.first().map_or("", |address| address.city.as_str());
            company.name = format!("{name} - {city}");
            company.vat_id = vat::make(dice, &company.country);
            company.phone = None;
        }
        // Somebody heard it on the telephone.
        2 => {
            company.name = plain(&name);
            (company.domain, company.vat_id) = (None, None);
        }
        _ => {
            company.name = mistyped(&name);
            (company.domain, company.vat_id) = (None, None);
        }
    }
    company.name_key = name_key(&company.name);
    company.owner_id = Some(dice.pick(&cast.with_role("sales")).clone());
    let id = company.id.clone();
    for address in &mut twin.addresses {
        address.id = AddressId(db.fresh_id());
        address.company_id = id.clone();
        (address.created_at, address.updated_at) = (since, since);
    }
    twin.people = Vec::new();
    cast.firms.push(twin);
    Ok(cast.firms.len() - 1)
}

/// The same person, entered again with the twin of their company: same address.
fn at_the_twin(
    db: &Writer<'_>,
    times: &Times,
    cast: &mut Cast,
    place: usize,
    firm: usize,
) -> ToolResult<usize> {
    let mut twin = cast.people[place].clone();
    twin.contact.given_name = twin.contact.given_name.as_deref().map(plain);
    twin.contact.family_name = plain(&twin.contact.family_name);
    twin.contact.phone = None;
    twin.contact.title = None;
    twin.link.company_id = cast.firms[firm].company.id.clone();
    twin.link.is_primary = true;
    twin.firm = firm;
    let since = cast.firms[firm].company.created_at;
    add(db, times, cast, twin, since)
}

/// The same person at the same company.
fn double_person(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    place: usize,
    kind: usize,
) -> ToolResult<usize> {
    let mut twin = cast.people[place].clone();
    let given = twin.contact.given_name.clone().unwrap_or_default();
    let family = twin.contact.family_name.clone();
    let domain = cast.firms[twin.firm].company.domain.clone().unwrap_or_default();
    twin.link.is_primary = false;
    twin.link.role = LinkRole::General;
    twin.link.can_order = false;
    twin.link.order_limit = None;
    match kind % 3 {
        // Family name first, and the short address.
        0 => {
            twin.contact.given_name = Some(family.clone());
            twin.contact.family_name = given.clone();
            twin.contact.phone = None;
            let initial = slug(&given).chars().next().map_or_else(String::new, String::from);
            twin.contact.email = Some(cast.fresh_email(&initial, &family, &domain));
        }
        // The address from before the company had a domain of its own, the same telephone.
        1 => {
            twin.contact.email = Some(cast.fresh_email(&given, &family, "post.example"));
        }
        // Without accents, from a list.
        _ => {
            twin.contact.given_name = Some(plain(&given));
            twin.contact.family_name = plain(&family).to_uppercase();
            twin.contact.phone = None;
            twin.contact.email = Some(cast.fresh_email(&given, &family, &domain));
        }
    }
    let earlier = twin.contact.created_at;
    let since = times.within(dice, earlier, times.now)?;
    add(db, times, cast, twin, since)
}

fn add(
    db: &Writer<'_>,
    times: &Times,
    cast: &mut Cast,
    mut twin: Person,
    since: maitred_kernel::Stamp,
) -> ToolResult<usize> {
    let since = since.min(times.now);
    let contact: &mut Contact = &mut twin.contact;
    contact.id = ContactId(db.fresh_id());
    contact.name_key = Contact::key_of(contact.given_name.as_deref(), &contact.family_name);
    (contact.created_at, contact.updated_at) = (since, since);
    let link: &mut CompanyContact = &mut twin.link;
    link.id = db.fresh_id();
    link.contact_id = contact.id.clone();
    (link.created_at, link.updated_at) = (since, since);
    link.since = since.day(&times.zone);
    link.until = None;
    twin.other_emails = Vec::new();
    let firm = twin.firm;
    cast.people.push(twin);
    let place = cast.people.len() - 1;
    cast.firms[firm].people.push(place);
    Ok(place)
}

/// A name without accents, as people type who have none on their keyboard.
fn plain(name: &str) -> String {
    name.chars()
        .map(|letter| match letter {
            'à' | 'â' | 'á' | 'ä' | 'ã' => 'a',
            'ç' => 'c',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' | 'í' | 'ì' => 'i',
            'ñ' => 'n',
            'ô' | 'ö' | 'ó' | 'ò' => 'o',
            'ù' | 'û' | 'ú' | 'ü' => 'u',
            'É' | 'È' => 'E',
            'Á' | 'Â' => 'A',
            'Ó' => 'O',
            'Ö' => 'O',
            other => other,
        })
        .collect()
}

/// A name with two letters the wrong way round, in its longest word.
fn mistyped(name: &str) -> String {
    let word = name.split(' ').max_by_key(|word| word.chars().count()).unwrap_or(name);
    let mut letters: Vec<char> = word.chars().collect();
    let middle = letters.len() / 2;
    if middle >= 1 && middle + 1 < letters.len() {
        let other = if letters[middle] == letters[middle + 1] { middle - 1 } else { middle + 1 };
        letters.swap(middle, other);
    }
    name.replacen(word, &letters.into_iter().collect::<String>(), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen() {
        assert_eq!(plain("Élodie Lefèvre"), "Elodie Lefevre");
        assert_eq!(mistyped("Chez Roland"), "Chez Rolnad");
        assert_eq!(mistyped("Anna"), "Anan");
    }
}
