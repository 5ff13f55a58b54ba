//! A wine merchant's organisation out of a seed.
//!
//! Everything is invented: names are put together from parts, domains end in `.example`, telephone numbers reach
//! nobody, VAT ids are well formed and were given to nobody on purpose. The whole is thought out in memory and then
//! written in one transaction, without a change log entry for each of its rows.

mod atlas;
mod bank_file;
mod cash;
mod deals;
mod dice;
mod extras;
mod leads;
mod oddities;
mod people;
mod phones;
mod season;
mod stage;
mod talk;
mod trade;
mod twins;
mod vat;
mod wines;
mod write;

use jiff::Timestamp;
use maitred_core::caller::KnownClient;
use maitred_core::cx::Writer;
use maitred_core::error::{Code, ToolError, ToolResult};
use maitred_core::mode::Module;
use maitred_crm::model::{DealStatus, Lifecycle};
use maitred_kernel::wire::Moment;
use maitred_kernel::{Stamp, Zone};
use maitred_party::model::{CompanyId, ContactId, ContactStatus, MemberId};
use serde::Serialize;

use crate::{Target, letters, store};
use dice::{Dice, Times};
pub use oddities::Oddity;
use people::Cast;
use season::Season;
use stage::{House, Stage};

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
    /// How much trade there is, where this build has the modules for it.
    pub trade: Option<TradeCounts>,
    /// What is wrong on purpose in trade, and how it is found.
    pub oddities: Vec<Oddity>,
    /// The account's statement of the last days, to be imported by whoever looks at the demo.
    pub bank_file: Option<BankFile>,
}

impl DemoFacts {
    /// The first member with this role.
    pub fn member(&self, role: &str) -> Option<&DemoMember> {
        self.members.iter().find(|member| member.role == role)
    }
}

/// How much trade there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TradeCounts {
    /// Products.
    pub products: usize,
    /// SKUs.
    pub variants: usize,
    /// Customers that trade.
    pub customers: usize,
    /// Invoices that were issued.
    pub invoices: usize,
    /// Calls of tools that made it.
    pub calls: usize,
    /// Calls that were refused, in words: events that did not come to pass.
    pub refused: Vec<String>,
}

/// A file of the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BankFile {
    /// Its name.
    pub name: String,
    /// Its text, camt.053.
    pub content: String,
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
    let house = House::of(target);
    target.write("demo", &format!("{{\"seed\":{seed}}}"), now, true, move |db| {
        generate(db, &house, db.stamp(), seed)
    })
}

/// Makes the demo in one writing transaction on a fresh organisation with the tables of party and crm, and of trade where
/// the build has them.
///
/// The same seed and moment make the same content; with ids in a row (`SerialIds`) the same rows.
fn generate(db: &Writer<'_>, house: &House, now: Stamp, seed: u64) -> ToolResult<DemoFacts> {
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
    let consents = extras::consents(db, &mut dice, &times, &cast, &client.contact)?;
    let (tags, taggings) = extras::tags(db, &mut dice, &cast, &stories);
    let (segments, segment_members) = extras::segments(db, &mut dice, &times, &cast)?;
    let quotas = extras::quotas(db, &mut dice, &times, &cast, &stories)?;
    let rates = extras::rates(&mut dice, &times)?;

    trade::prepare(&times, &mut cast)?;

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

    let played = play(db, house, seed, &times, &cast, &twins, &client)?;
    let (trade, oddities, bank_file) = played;

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
        trade,
        oddities,
        bank_file,
    })
}

type Played = (Option<TradeCounts>, Vec<Oddity>, Option<BankFile>);

/// Plays the past of trade; nothing in a build without a catalogue.
fn play(
    db: &Writer<'_>,
    house: &House,
    seed: u64,
    times: &Times,
    cast: &Cast,
    twins: &twins::Twins,
    client: &DemoClient,
) -> ToolResult<Played> {
    trade::taxes(db, times)?;
    let known = KnownClient {
        contact: client.contact.0.clone(),
        name: client.name.clone(),
        company: client.company.0.clone(),
        company_name: client.company_name.clone(),
        role: "buyer".to_owned(),
        is_primary: true,
        can_order: true,
        channel: "whatsapp".to_owned(),
    };
    let stage = Stage::new(db, house, &cast.members, known)?;
    if !stage.has(Module::Catalog) {
        return Ok((None, Vec::new(), None));
    }
    // Its own row of chances: people and deals are the same with and without trade.
    let mut dice = Dice::new(seed ^ 0x7472_6164_6500);
    let market = trade::open(&stage, &mut dice, times, cast, twins)?;
    let mut season = Season::new(&stage, dice, times, market)?;
    season.run()?;
    season.sold_out()?;
    let bank_file = if stage.has(Module::Invoicing) {
        let (name, content) = season.file()?;
        Some(BankFile { name, content })
    } else {
        None
    };
    let mut counts = TradeCounts {
        products: season.market.products,
        variants: season.market.items.len(),
        customers: season.market.customers.len(),
        invoices: season.cash.bills.len(),
        ..TradeCounts::default()
    };
    let oddities = std::mem::take(&mut season.oddities);
    drop(season);
    (counts.calls, counts.refused) = stage.reviewed();
    // Letters of the past were sent in the past.
    letters::forget(db)?;
    Ok((Some(counts), oddities, bank_file))
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
