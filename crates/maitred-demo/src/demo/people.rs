//! The organisation's members, its customers and suppliers, and the people there.

use std::collections::BTreeSet;

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_crm::model::Lifecycle;
use maitred_kernel::{Stamp, fold, name_key};
use maitred_party::model::{
    Address, AddressId, AddressKind, Company, CompanyContact, CompanyId, CompanyKind, Contact, ContactId,
    ContactStatus, LinkRole, Member, MemberId, MemberStatus,
};

use super::atlas::{LANDS, Land, one};
use super::dice::{Dice, Times, later};
use super::phones::Exchange;
use super::vat;

/// Domain of the organisation itself.
pub const HOUSE_DOMAIN: &str = "maison-valbrune.example";

/// The members: name and role.
pub const STAFF: &[(&str, &str)] = &[
    ("Hélène Valbrune", "owner"),
    ("Marc Teissier", "admin"),
    ("Odile Carpentier", "finance"),
    ("Rémi Aubanel", "operations"),
    ("Karim Benhaddou", "delivery"),
    ("Lucie Morvan", "sales"),
    ("Hugo Delattre", "sales"),
    ("Anja Reuter", "sales"),
    ("Tom Ellery", "sales"),
    ("Solène Guérin", "service"),
    ("Mateo Rivas", "service"),
    ("Ingrid Maes", "success"),
    ("Paul Estève", "success"),
    ("Agathe Valbrune", "viewer"),
];

/// What a company lives from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trade {
    /// Serves wine.
    Restaurant,
    /// Serves wine and sleep.
    Hotel,
    /// Sells bottles.
    Shop,
    /// Sells pallets.
    Importer,
    /// Makes wine: a supplier.
    Estate,
    /// Owns restaurants or hotels.
    Group,
}

impl Trade {
    /// As crm shows it.
    pub fn industry(self) -> &'static str {
        match self {
            Self::Restaurant => "restaurant",
            Self::Hotel => "hotel",
            Self::Shop => "wine shop",
            Self::Importer => "importer",
            Self::Estate => "wine estate",
            Self::Group => "hospitality group",
        }
    }
}

/// A company with its people.
#[derive(Clone, Debug)]
pub struct Firm {
    /// The record.
    pub company: Company,
    /// What it lives from.
    pub trade: Trade,
    /// Where it stands with the organisation.
    pub lifecycle: Lifecycle,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// Its people, as places in [`Cast::people`].
    pub people: Vec<usize>,
    /// Last two-way contact.
    pub last_contacted_at: Option<Stamp>,
    /// Next thing to be done about it.
    pub next_step_at: Option<Stamp>,
    /// Country, with its language and names.
    pub land: &'static Land,
}

/// A person at a company.
#[derive(Clone, Debug)]
pub struct Person {
    /// The record.
    pub contact: Contact,
    /// Their place.
    pub link: CompanyContact,
    /// Their company, as a place in [`Cast::firms`].
    pub firm: usize,
    /// Further e-mail addresses.
    pub other_emails: Vec<String>,
    /// Last two-way contact.
    pub last_contacted_at: Option<Stamp>,
}

/// Everybody.
pub struct Cast {
    /// The members.
    pub members: Vec<Member>,
    /// The companies.
    pub firms: Vec<Firm>,
    /// The people at them.
    pub people: Vec<Person>,
    /// Names of companies given away so far, folded.
    names: BTreeSet<String>,
    /// E-mail addresses given away so far.
    emails: BTreeSet<String>,
    /// Telephone numbers.
    pub exchange: Exchange,
}

impl Cast {
    /// Members whose roles contain this one.
    pub fn with_role(&self, role: &str) -> Vec<MemberId> {
        self.members.iter().filter(|member| member.roles == role).map(|member| member.id.clone()).collect()
    }

    /// Notes that a company was known at a moment.
    pub fn firm_known(&mut self, firm: usize, at: Stamp) {
        let company = &mut self.firms[firm].company;
        company.created_at = company.created_at.min(at);
    }

    /// Notes that a person was known at a moment; so was their company.
    pub fn person_known(&mut self, person: usize, at: Stamp) {
        let entry = &mut self.people[person];
        entry.contact.created_at = entry.contact.created_at.min(at);
        let firm = entry.firm;
        self.firm_known(firm, at);
    }

    /// The person to turn to first at a company.
    pub fn primary(&self, firm: usize) -> Option<usize> {
        self.firms[firm].people.iter().copied().find(|person| self.people[*person].link.is_primary)
    }

    /// A name for a company of this trade that nobody has yet.
    pub fn fresh_name(&mut self, dice: &mut Dice, land: &'static Land, trade: Trade) -> String {
        let patterns = match trade {
            Trade::Restaurant => land.restaurants,
            Trade::Hotel => land.hotels,
            Trade::Shop => land.shops,
            Trade::Importer => land.importers,
            Trade::Estate => land.estates,
            Trade::Group => land.groups,
        };
        let mut name = String::new();
        for round in 0..200 {
            name = one(dice, patterns)
                .replace("{p}", one(dice, land.places))
                .replace("{f}", one(dice, land.family))
                .replace("{g}", one(dice, land.given));
            // When the names of a land run short, houses are told apart by their city, as real ones are.
            if round > 40 {
                name = format!("{name} {}", city(dice, land).0);
            }
            if self.names.insert(name_key(&name)) {
                break;
            }
        }
        name
    }

    /// An e-mail address at a domain that nobody has yet.
    pub fn fresh_email(&mut self, given: &str, family: &str, domain: &str) -> String {
        let stem = format!("{}.{}", slug(given).replace('-', ""), slug(family).replace('-', ""));
        let mut email = format!("{stem}@{domain}");
        let mut round = 2;
        while !self.emails.insert(email.clone()) {
            email = format!("{stem}{round}@{domain}");
            round += 1;
        }
        email
    }
}

/// A name as part of a domain or an address.
pub fn slug(name: &str) -> String {
    let folded = fold(name);
    let mut out = String::with_capacity(folded.len());
    for letter in folded.chars() {
        if letter.is_ascii_alphanumeric() {
            out.push(letter);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

/// A city with a postcode.
pub fn city(dice: &mut Dice, land: &'static Land) -> (&'static str, &'static str) {
    let entry = one(dice, land.cities);
    entry.split_once('=').unwrap_or((entry, ""))
}

/// A given and a family name.
pub fn person_name(dice: &mut Dice, land: &'static Land) -> (&'static str, &'static str) {
    (one(dice, land.given), one(dice, land.family))
}

/// Invents everybody.
pub fn invent(db: &Writer<'_>, dice: &mut Dice, times: &Times) -> ToolResult<Cast> {
    let mut cast = Cast {
        members: Vec::new(),
        firms: Vec::new(),
        people: Vec::new(),
        names: BTreeSet::new(),
        emails: BTreeSet::new(),
        exchange: Exchange::default(),
    };
    hire(db, dice, times, &mut cast)?;
    for land in LANDS {
        let groups = match land.companies {
            60.. => 3,
            20.. => 1,
            _ => 0,
        };
        for place in 0..land.companies {
            let trade = if place < groups { Trade::Group } else { trade_in(dice, land) };
            found(db, dice, times, &mut cast, land, trade)?;
        }
    }
    adopt(dice, &mut cast);
    for firm in 0..cast.firms.len() {
        let count = *dice.weighted(&[(4, 0), (27, 1), (34, 2), (24, 3), (9, 4), (2, 6)]);
        for place in 0..count {
            employ(db, dice, times, &mut cast, firm, place == 0)?;
        }
    }
    Ok(cast)
}

fn hire(db: &Writer<'_>, dice: &mut Dice, times: &Times, cast: &mut Cast) -> ToolResult<()> {
    for (name, role) in STAFF {
        let (given, family) = name.split_once(' ').unwrap_or((name, ""));
        let email = cast.fresh_email(given, family, HOUSE_DOMAIN);
        let days = dice.between(700, 1_400);
        let since = times.ago(dice, days)?;
        cast.members.push(Member {
            id: MemberId(db.fresh_id()),
            version: 1,
            created_at: since,
            updated_at: since,
            name: (*name).to_owned(),
            email,
            roles: (*role).to_owned(),
            status: MemberStatus::Active,
            weekly_minutes: 35 * 60,
            cost_rate: None,
            calendar_id: None,
        });
    }
    Ok(())
}

fn trade_in(dice: &mut Dice, land: &Land) -> Trade {
    let estates = if land.estates.is_empty() { 0 } else { 12 };
    *dice.weighted(&[
        (40, Trade::Restaurant),
        (16, Trade::Hotel),
        (24, Trade::Shop),
        (10, Trade::Importer),
        (estates, Trade::Estate),
    ])
}

fn found(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    land: &'static Land,
    trade: Trade,
) -> ToolResult<()> {
    let name = cast.fresh_name(dice, land, trade);
    let lifecycle = match trade {
        Trade::Estate => Lifecycle::Prospect,
        Trade::Group => Lifecycle::Customer,
        _ => *dice.weighted(&[(58, Lifecycle::Customer), (35, Lifecycle::Prospect), (7, Lifecycle::Former)]),
    };
    let days = if lifecycle == Lifecycle::Prospect && trade != Trade::Estate {
        dice.between(5, 420)
    } else {
        dice.between(60, 1_300)
    };
    let since = times.ago(dice, days)?;
    let kinds = match (trade, lifecycle) {
        (Trade::Estate, _) => CompanyKind::Supplier.as_str().to_owned(),
        (Trade::Importer, Lifecycle::Customer) if dice.chance(20) => {
            format!("{} {}", CompanyKind::Customer.as_str(), CompanyKind::Partner.as_str())
        }
        (_, Lifecycle::Prospect) => CompanyKind::Prospect.as_str().to_owned(),
        _ => CompanyKind::Customer.as_str().to_owned(),
    };
    let form = one(dice, land.forms);
    let currency = if trade == Trade::Importer && land.currency == "EUR" && dice.chance(12) {
        "USD"
    } else {
        land.currency
    };
    let owner_id = match trade {
        // Estates are the buyers' business.
        Trade::Estate => cast.with_role("operations").first().cloned(),
        _ if dice.chance(6) => None,
        _ => Some(dice.pick(&cast.with_role("sales")).clone()),
    };
    let company = Company {
        id: CompanyId(db.fresh_id()),
        version: 1,
        created_at: since,
        updated_at: since,
        name_key: name_key(&name),
        legal_name: dice.chance(65).then(|| format!("{name} {form}")),
        kinds,
        domain: dice.chance(88).then(|| format!("{}.example", slug(&name))),
        vat_id: if dice.chance(72) { vat::make(dice, land.country) } else { None },
        vat_checked_at: None,
        registration_no: None,
        country: land.country.to_owned(),
        currency: Some(currency.to_owned()),
        language: Some(land.language.to_owned()),
        phone: if dice.chance(80) { cast.exchange.fixed(land.country) } else { None },
        parent_id: None,
        owner_id,
        archived_at: None,
        name,
    };
    let addresses = settle(db, dice, land, &company);
    cast.firms.push(Firm {
        company,
        trade,
        lifecycle,
        addresses,
        people: Vec::new(),
        last_contacted_at: None,
        next_step_at: None,
        land,
    });
    Ok(())
}

/// A billing address for nearly everybody, a second door for goods for some.
fn settle(db: &Writer<'_>, dice: &mut Dice, land: &'static Land, company: &Company) -> Vec<Address> {
    let mut addresses = Vec::new();
    let home = city(dice, land);
    for (kind, percent) in [(AddressKind::Billing, 94), (AddressKind::Shipping, 38)] {
        if !dice.chance(percent) {
            continue;
        }
        let (town, postcode) =
            if kind == AddressKind::Shipping && dice.chance(25) { city(dice, land) } else { home };
        addresses.push(Address {
            id: AddressId(db.fresh_id()),
            version: 1,
            created_at: company.created_at,
            updated_at: company.created_at,
            company_id: company.id.clone(),
            kind,
            lines: one(dice, land.streets).replace('#', &dice.between(1, 148).to_string()),
            city: town.to_owned(),
            postcode: Some(postcode.to_owned()),
            region: None,
            country: land.country.to_owned(),
            is_default: true,
            verified: dice.chance(40),
        });
    }
    addresses
}

/// Puts restaurants and hotels of a land under its groups, and one group under another.
fn adopt(dice: &mut Dice, cast: &mut Cast) {
    let groups: Vec<usize> =
        (0..cast.firms.len()).filter(|place| cast.firms[*place].trade == Trade::Group).collect();
    for group in &groups {
        let parent = cast.firms[*group].company.id.clone();
        let country = cast.firms[*group].company.country.clone();
        let mut houses: Vec<usize> = (0..cast.firms.len())
            .filter(|place| {
                let firm = &cast.firms[*place];
                firm.company.country == country
                    && matches!(firm.trade, Trade::Restaurant | Trade::Hotel)
                    && firm.company.parent_id.is_none()
            })
            .collect();
        dice.shuffle(&mut houses);
        let count = usize::try_from(dice.between(3, 6)).unwrap_or(3);
        for house in houses.into_iter().take(count) {
            cast.firms[house].company.parent_id = Some(parent.clone());
        }
    }
    if let [first, second, ..] = groups.as_slice() {
        let parent = cast.firms[*first].company.id.clone();
        cast.firms[*second].company.parent_id = Some(parent);
    }
}

fn employ(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    firm: usize,
    is_primary: bool,
) -> ToolResult<usize> {
    let land = cast.firms[firm].land;
    let (given, family) = person_name(dice, land);
    let company = cast.firms[firm].company.clone();
    let email = match &company.domain {
        Some(domain) if dice.chance(92) => {
            let domain = domain.clone();
            Some(cast.fresh_email(given, family, &domain))
        }
        None if dice.chance(70) => Some(cast.fresh_email(given, family, "post.example")),
        _ => None,
    };
    let phone = if dice.chance(62) {
        cast.exchange.mobile(land.country).or_else(|| cast.exchange.fixed(land.country))
    } else {
        None
    };
    let (title, role) = *dice.weighted(&[
        (30, ("Sommelier", LinkRole::Buyer)),
        (22, ("Head buyer", LinkRole::Buyer)),
        (18, ("Managing director", LinkRole::DecisionMaker)),
        (12, ("Accounting", LinkRole::Billing)),
        (8, ("Cellar and deliveries", LinkRole::Technical)),
        (10, ("Restaurant manager", LinkRole::General)),
    ]);
    let (title, role) = match cast.firms[firm].trade {
        Trade::Estate => ("Export manager", LinkRole::General),
        _ if is_primary && matches!(role, LinkRole::Billing | LinkRole::Technical) => {
            ("Head buyer", LinkRole::Buyer)
        }
        _ => (title, role),
    };
    let known = later(company.created_at, dice.between(0, 90))?;
    let known = if known < times.now { known } else { company.created_at };
    let left = !is_primary && dice.chance(7);
    let customer = cast.firms[firm].lifecycle == Lifecycle::Customer && !left;
    let can_order = customer && matches!(role, LinkRole::Buyer | LinkRole::DecisionMaker) && dice.chance(85);
    let order_limit = if can_order && dice.chance(25) { Some(dice.between(2, 20) * 50_000) } else { None };
    let other_emails =
        if dice.chance(6) { vec![cast.fresh_email(given, family, "post.example")] } else { Vec::new() };
    let id = ContactId(db.fresh_id());
    let until = if left { Some(left_on(dice, times, known)?) } else { None };
    cast.people.push(Person {
        contact: Contact {
            id: id.clone(),
            version: 1,
            created_at: known,
            updated_at: known,
            name_key: Contact::key_of(Some(given), family),
            given_name: Some(given.to_owned()),
            family_name: family.to_owned(),
            email,
            phone,
            language: Some(land.language.to_owned()),
            title: Some(title.to_owned()),
            status: if left { ContactStatus::Left } else { ContactStatus::Active },
        },
        link: CompanyContact {
            id: db.fresh_id(),
            version: 1,
            created_at: known,
            updated_at: known,
            company_id: company.id,
            contact_id: id,
            role,
            is_primary,
            can_order,
            order_limit,
            since: known.day(&times.zone),
            until,
        },
        firm,
        other_emails,
        last_contacted_at: None,
    });
    let place = cast.people.len() - 1;
    cast.firms[firm].people.push(place);
    Ok(place)
}

fn left_on(dice: &mut Dice, times: &Times, known: Stamp) -> ToolResult<maitred_kernel::Day> {
    let days = dice.between(1, times.days_since(known).clamp(1, 200));
    Ok(times.ago(dice, days)?.day(&times.zone).max(known.day(&times.zone)))
}
