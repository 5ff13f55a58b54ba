//! A wine merchant's organisation out of a seed.
//!
//! Everything is invented: names are put together from parts, domains end in `.example`, telephone numbers reach
//! nobody, VAT ids are well formed and were given to nobody on purpose. The whole is thought out in memory and then
//! written in one transaction, without a change log entry for each of its rows.

mod atlas;
mod deals;
mod dice;
mod extras;
mod leads;
mod people;
mod phones;
mod talk;
mod twins;
mod vat;
mod write;

use jiff::Timestamp;
use maitred_core::cx::Writer;
use maitred_core::error::{Code, ToolError, ToolResult};
use maitred_crm::model::{DealStatus, Lifecycle};
use maitred_kernel::wire::Moment;
use maitred_kernel::{Stamp, Zone};
use maitred_party::model::{CompanyId, ContactId, ContactStatus, MemberId};
use serde::Serialize;

use crate::Target;
use crate::store;
use dice::{Dice, Times};
use people::Cast;

/// Name of the organisation.
pub const ORG_NAME: &str = "Maison Valbrune & Filles";
/// Slug that fits it.
pub const ORG_SLUG: &str = "maison-valbrune";
/// The seed of the demo that everybody sees.
pub const SEED: u64 = 1893;

const ZONE: &str = "Europe/Paris";

/// What stands in the organisation, for whoever hands out keys and shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoFacts {
    /// Name of the organisation.
    pub org: String,
    /// Every member, in the order of their roles.
    pub members: Vec<DemoMember>,
    /// A client to act for: active, primary, may order, of a customer that has won deals.
    pub client: DemoClient,
    /// How much there is of everything.
    pub counts: Counts,
    /// Pairs of companies that are one, the older first.
    pub duplicate_companies: Vec<(CompanyId, CompanyId)>,
    /// Pairs of contacts that are one, the older first.
    pub duplicate_contacts: Vec<(ContactId, ContactId)>,
}

impl DemoFacts {
    /// The first member with this role.
    pub fn member(&self, role: &str) -> Option<&DemoMember> {
        self.members.iter().find(|member| member.role == role)
    }
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoMember {
    /// Id.
    pub id: MemberId,
    /// The one role they have.
    pub role: String,
    /// Full name.
    pub name: String,
    /// E-mail address.
    pub email: String,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoClient {
    /// Id of the contact.
    pub contact: ContactId,
    /// Their name.
    pub name: String,
    /// Id of the company.
    pub company: CompanyId,
    /// Its name.
    pub company_name: String,
}

/// Numbers of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Members.
    pub members: usize,
    /// Companies, doubles included.
    pub companies: usize,
    /// Contacts, doubles included.
    pub contacts: usize,
    /// Leads.
    pub leads: usize,
    /// Deals.
    pub deals: usize,
    /// Lines of deals.
    pub deal_lines: usize,
    /// Steps of deals.
    pub stage_steps: usize,
    /// Activities.
    pub activities: usize,
    /// To-dos.
    pub todos: usize,
    /// Entries of the consent history.
    pub consents: usize,
}

/// Makes the demo in an organisation and waits until it is durable.
///
/// # Errors
/// Refused when the organisation is not empty; whatever the storage fails with.
pub fn generate_into(target: &Target, now: Timestamp, seed: u64) -> ToolResult<DemoFacts> {
    target.write("demo", &format!("{{\"seed\":{seed}}}"), now, true, move |db| generate(db, db.stamp(), seed))
}

/// Makes the demo in one writing transaction on a fresh organisation with the tables of party and crm.
///
/// The same seed and moment make the same content; with ids in a row (`SerialIds`) the same rows.
///
/// # Errors
/// Refused when the organisation is not empty.
pub fn generate(db: &Writer<'_>, now: Stamp, seed: u64) -> ToolResult<DemoFacts> {
    if !store::is_empty(db)? {
        return Err(ToolError::new(Code::Invalid, "the organisation is not empty, nothing was written")
            .hint("make the demo in a new organisation"));
    }
    let zone = Zone::parse(ZONE).map_err(dice::fault)?;
    let times = Times::new(now, zone);
    let mut dice = Dice::new(seed);
    let mut cast = people::invent(db, &mut dice, &times)?;
    let twins = twins::double(db, &mut dice, &times, &mut cast)?;
    let since = dice::later(now, -800)?;
    let way = deals::way(db, since);
    let mut stories = deals::invent(db, &mut dice, &times, &mut cast, &way, &twins)?;
    let deal_numbers = deals::number(&mut stories, &times);
    let (mut leads, lead_numbers) = leads::invent(db, &mut dice, &times, &mut cast, &mut stories)?;
    let client = client(&mut cast, &stories, &twins)?;
    let talks = talk::activities(db, &mut dice, &times, &mut cast, &stories, &mut leads)?;
    let tasks = talk::todos(db, &mut dice, &times, &mut cast, &stories, &leads)?;
    for person in &mut cast.people {
        // Who was spoken to was there already.
        person.link.created_at = person.link.created_at.min(person.contact.created_at);
        person.link.since = person.link.since.min(person.contact.created_at.day(&times.zone));
    }
    let consents = extras::consents(db, &mut dice, &times, &cast)?;
    let (tags, taggings) = extras::tags(db, &mut dice, &cast, &stories);
    let (segments, segment_members) = extras::segments(db, &mut dice, &times, &cast)?;
    let quotas = extras::quotas(db, &mut dice, &times, &cast, &stories)?;
    let rates = extras::rates(&mut dice, &times)?;

    write::settings(db)?;
    write::cast(db, &cast)?;
    write::way(db, &way)?;
    write::leads(db, &leads)?;
    write::stories(db, &stories)?;
    for (series, last) in [("D", &deal_numbers), ("L", &lead_numbers)] {
        for (year, number) in last {
            store::put_last_number(db, series, *year, *number)?;
        }
    }
    write::talks(db, &talks)?;
    write::tasks(db, &tasks)?;
    write::all(db, &consents)?;
    write::all(db, &tags)?;
    write::all(db, &taggings)?;
    write::all(db, &segments)?;
    write::all(db, &segment_members)?;
    write::all(db, &quotas)?;
    for (day, from, to, rate) in rates {
        store::put_rate(db, day, from, to, rate)?;
    }

    let firm_id = |place: usize| cast.firms[place].company.id.clone();
    let person_id = |place: usize| cast.people[place].contact.id.clone();
    Ok(DemoFacts {
        org: ORG_NAME.to_owned(),
        members: cast
            .members
            .iter()
            .map(|member| DemoMember {
                id: member.id.clone(),
                role: member.roles.clone(),
                name: member.name.clone(),
                email: member.email.clone(),
            })
            .collect(),
        client,
        counts: Counts {
            members: cast.members.len(),
            companies: cast.firms.len(),
            contacts: cast.people.len(),
            leads: leads.len(),
            deals: stories.len(),
            deal_lines: stories.iter().map(|story| story.lines.len()).sum(),
            stage_steps: stories.iter().map(|story| story.steps.len()).sum(),
            activities: talks.len(),
            todos: tasks.len(),
            consents: consents.len(),
        },
        duplicate_companies: twins.firms.iter().map(|(a, b)| (firm_id(*a), firm_id(*b))).collect(),
        duplicate_contacts: twins.people.iter().map(|(a, b)| (person_id(*a), person_id(*b))).collect(),
    })
}

/// The client of the demo: the primary contact of a customer at home that is there once and has bought, with leave to
/// order.
fn client(cast: &mut Cast, stories: &[deals::Story], twins: &twins::Twins) -> ToolResult<DemoClient> {
    let found = stories
        .iter()
        .filter(|story| story.deal.status == DealStatus::Won)
        .filter(|story| {
            let firm = &cast.firms[story.firm];
            firm.company.country == "FR"
                && firm.lifecycle == Lifecycle::Customer
                && !twins.firms.iter().any(|(one, other)| [*one, *other].contains(&story.firm))
        })
        .find_map(|story| {
            let person = cast.primary(story.firm)?;
            let contact = &cast.people[person].contact;
            (contact.status == ContactStatus::Active && contact.email.is_some() && contact.phone.is_some())
                .then_some((story.firm, person))
        });
    let Some((firm, person)) = found else {
        return Err(ToolError::new(Code::Internal, "no customer of this seed can act as a client")
            .hint("take another seed"));
    };
    let link = &mut cast.people[person].link;
    link.can_order = true;
    link.order_limit = None;
    let company = &cast.firms[firm].company;
    let contact = &cast.people[person].contact;
    Ok(DemoClient {
        contact: contact.id.clone(),
        name: contact.full_name(),
        company: company.id.clone(),
        company_name: company.name.clone(),
    })
}
