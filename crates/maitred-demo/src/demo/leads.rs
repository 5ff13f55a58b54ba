//! Twelve months of leads: those that became deals, those at work, those put down.

use maitred_core::cx::Writer;
use maitred_core::error::{ToolError, ToolResult};
use maitred_crm::model::{DisqualifyReason, Lead, LeadId, LeadSource, LeadStatus};
use maitred_kernel::{Currency, Stamp};

use super::atlas::{LANDS, Land};
use super::deals::{self, LastNumbers, Story, next_number};
use super::dice::{Dice, Times};
use super::people::{Cast, Trade, city, person_name, slug};

/// Leads that became deals.
const CONVERTED: usize = 95;
/// Leads that did not, or not yet: how many in which status.
const OTHERS: &[(usize, LeadStatus)] = &[
    (46, LeadStatus::New),
    (62, LeadStatus::Working),
    (28, LeadStatus::Qualified),
    (119, LeadStatus::Disqualified),
];

/// Invents the leads, oldest first, and notes in the deals which of them they came from. Answers the last number of
/// each year too.
pub fn invent(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    stories: &mut [Story],
) -> ToolResult<(Vec<Lead>, LastNumbers)> {
    let mut leads = Vec::new();
    let mut order: Vec<usize> = (0..stories.len()).filter(|place| stories[*place].person.is_some()).collect();
    dice.shuffle(&mut order);
    for place in order.into_iter().take(CONVERTED) {
        let story = &mut stories[place];
        let lead = converted(db, dice, times, cast, story)?;
        story.deal.lead_id = Some(lead.id.clone());
        leads.push(lead);
    }
    for (count, status) in OTHERS {
        for _ in 0..*count {
            leads.push(other(db, dice, times, cast, *status)?);
        }
    }
    leads.sort_by(|a, b| a.created_at.cmp(&b.created_at).then_with(|| a.id.cmp(&b.id)));
    let mut last = LastNumbers::new();
    for lead in &mut leads {
        let year = i64::from(lead.created_at.day(&times.zone).year());
        lead.number = next_number("L", year, &mut last);
    }
    Ok((leads, last))
}

fn source(dice: &mut Dice) -> LeadSource {
    *dice.weighted(&[
        (34, LeadSource::Web),
        (20, LeadSource::Referral),
        (19, LeadSource::Event),
        (12, LeadSource::Outbound),
        (5, LeadSource::Import),
        (4, LeadSource::Onboard),
        (3, LeadSource::Ticket),
        (3, LeadSource::Other),
    ])
}

/// The lead that a deal came from.
fn converted(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    story: &Story,
) -> ToolResult<Lead> {
    let at = deals::before(dice, times, story)?;
    let firm = &cast.firms[story.firm];
    let person = story.person.map(|place| &cast.people[place]);
    let deal = &story.deal;
    Ok(Lead {
        id: LeadId(db.fresh_id()),
        version: 3,
        created_at: at,
        updated_at: deal.created_at,
        number: String::new(),
        name: person.map_or_else(|| firm.company.name.clone(), |person| person.contact.full_name()),
        company_name: Some(firm.company.name.clone()),
        email: person.and_then(|person| person.contact.email.clone()),
        phone: person.and_then(|person| person.contact.phone.clone()),
        source: source(dice),
        need: need(dice, firm.land),
        value_minor: dice.chance(70).then(|| deal.amount_minor / 10_000 * 10_000),
        currency: None,
        score: dice.between(55, 95),
        owner_id: Some(deal.owner_id.clone()),
        status: LeadStatus::Converted,
        status_at: deal.created_at,
        last_touched_at: Some(deal.created_at),
        disqualify_reason: None,
        company_id: Some(deal.company_id.clone()),
        contact_id: deal.contact_id.clone(),
        deal_id: Some(deal.id.clone()),
        request_ref: None,
        archived_at: None,
    })
    .map(|mut lead: Lead| {
        lead.currency = lead.value_minor.map(|_| deal.currency);
        lead
    })
}

fn other(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    status: LeadStatus,
) -> ToolResult<Lead> {
    let (least, most) = match status {
        LeadStatus::New => (0, 13),
        LeadStatus::Working => (3, 55),
        LeadStatus::Qualified => (8, 80),
        _ => (12, 365),
    };
    let days = dice.between(least, most);
    let at = times.ago(dice, days)?;
    let land = land(dice);
    let trade = *dice.weighted(&[
        (50, Trade::Restaurant),
        (18, Trade::Hotel),
        (24, Trade::Shop),
        (8, Trade::Importer),
    ]);
    let (given, family) = person_name(dice, land);
    let house = dice.chance(90).then(|| cast.fresh_name(dice, land, trade));
    let domain =
        house.as_deref().map_or_else(|| "post.example".to_owned(), |name| format!("{}.example", slug(name)));
    let email = dice.chance(86).then(|| cast.fresh_email(given, family, &domain));
    let phone = if email.is_none() || dice.chance(40) {
        cast.exchange.mobile(land.country).or_else(|| cast.exchange.fixed(land.country))
    } else {
        None
    };
    let value = dice.chance(58).then(|| match trade {
        Trade::Importer => dice.between(15, 90) * 100_000,
        _ => dice.between(4, 60) * 25_000,
    });
    let reason = (status == LeadStatus::Disqualified).then(|| {
        *dice.weighted(&[
            (24, DisqualifyReason::NoNeed),
            (16, DisqualifyReason::NoBudget),
            (20, DisqualifyReason::NoFit),
            (24, DisqualifyReason::Unreachable),
            (8, DisqualifyReason::Duplicate),
            (8, DisqualifyReason::Spam),
        ])
    });
    let status_at = if status == LeadStatus::New { at } else { soon(dice, times, at)? };
    let owned = status != LeadStatus::New || dice.chance(55);
    let need = match reason {
        Some(DisqualifyReason::Spam) => (*dice.pick(SPAM)).to_owned(),
        _ => need(dice, land),
    };
    Ok(Lead {
        id: LeadId(db.fresh_id()),
        version: if status == LeadStatus::New { 1 } else { 2 },
        created_at: at,
        updated_at: status_at,
        number: String::new(),
        name: format!("{given} {family}"),
        company_name: house,
        email,
        phone,
        source: source(dice),
        need,
        value_minor: value,
        currency: match value {
            Some(_) => Some(Currency::parse(land.currency).map_err(ToolError::internal)?),
            None => None,
        },
        score: match status {
            LeadStatus::New => dice.between(10, 90),
            LeadStatus::Working => dice.between(30, 85),
            LeadStatus::Qualified => dice.between(60, 98),
            _ => dice.between(0, 45),
        },
        owner_id: owned.then(|| dice.pick(&cast.with_role("sales")).clone()),
        status,
        status_at,
        last_touched_at: (status != LeadStatus::New).then_some(status_at),
        disqualify_reason: reason,
        company_id: None,
        contact_id: None,
        deal_id: None,
        request_ref: None,
        archived_at: match reason {
            Some(DisqualifyReason::Spam) => Some(status_at),
            _ => None,
        },
    })
}

fn soon(dice: &mut Dice, times: &Times, at: Stamp) -> ToolResult<Stamp> {
    let days = dice.between(1, 12);
    times.within(dice, at, super::dice::later(at, days)?)
}

fn land(dice: &mut Dice) -> &'static Land {
    let places: Vec<(i64, usize)> = LANDS.iter().map(|land| land.companies).zip(0..).collect();
    &LANDS[*dice.weighted(&places)]
}

/// What somebody asks for, in their own words.
fn need(dice: &mut Dice, land: &'static Land) -> String {
    let words = match land.language {
        "fr" => FRENCH,
        "de" => GERMAN,
        "it" => ITALIAN,
        "es" => SPANISH,
        "nl" => DUTCH,
        _ => ENGLISH,
    };
    let text = *dice.pick(words);
    text.replace("{n}", &(dice.between(2, 30) * 6).to_string()).replace("{city}", city(dice, land).0)
}

const FRENCH: &[&str] = &[
    "Nous ouvrons une table à {city} en septembre et cherchons une carte courte, plutôt nature, une vingtaine de références.",
    "Pouvez-vous nous proposer un crémant pour {n} bouteilles par mois, livré à {city} ?",
    "Notre fournisseur arrête. Il nous faut du chablis et du sancerre, {n} bouteilles pour commencer.",
    "Vu à votre dégustation de printemps : tarif professionnel du saint-émilion et du pauillac, s'il vous plaît.",
    "Mariage de 140 personnes au mois de juin, champagne et blanc, livraison sur place à {city}.",
    "Carte des vins au verre à refaire pour l'été, budget 9 € la bouteille en moyenne.",
    "Recherche rosé de Bandol pour la terrasse, {n} bouteilles, possibilité de reprise des invendus ?",
];
const GERMAN: &[&str] = &[
    "Wir suchen für unser Haus in {city} einen Hauswein, weiß und rot, etwa {n} Flaschen im Monat.",
    "Bitte um Ihre Gastronomiepreisliste, besonders Burgund und Champagner.",
    "Neue Weinhandlung in {city}, Eröffnung im Herbst, brauchen Erstausstattung und Beratung.",
    "Auf der Messe sprachen wir über Crémant für Bankette, {n} Flaschen auf Abruf.",
    "Haben Sie Riesling Kabinett in der Halbliterflasche? Bedarf für die Minibar.",
    "Offene Weine für den Sommer, sechs Positionen, bitte Muster schicken.",
];
const ENGLISH: &[&str] = &[
    "We're reopening in {city} after a refit and need a by-the-glass list of eight wines.",
    "Looking for a Chablis under £14 ex cellar, {n} bottles to start with.",
    "Could you quote Champagne for New Year's Eve, {n} bottles, delivered to {city}?",
    "Met you at the trade tasting. Please send the Burgundy allocation and your terms.",
    "We run a small wine shop and would like to stock growers nobody else in {city} has.",
    "Our guests ask for Rhône reds. Trade prices and minimum order, please.",
];
const ITALIAN: &[&str] = &[
    "Cerchiamo champagne e crémant per il nostro locale a {city}, circa {n} bottiglie.",
    "Vorremmo il listino per ristoranti, soprattutto Borgogna bianca.",
    "Apriamo un'enoteca a {city}: ci serve un assortimento francese di base.",
    "Carta dei vini al calice per l'estate, sei etichette, campionatura possibile?",
];
const SPANISH: &[&str] = &[
    "Buscamos champán y vinos de Borgoña para nuestro restaurante en {city}, unas {n} botellas.",
    "¿Nos pueden enviar la tarifa de hostelería y las condiciones de entrega?",
    "Abrimos una vinoteca en {city} y queremos un surtido francés de entrada.",
    "Carta por copas para la terraza, seis referencias, ¿mandan muestras?",
];
const DUTCH: &[&str] = &[
    "Voor ons restaurant in {city} zoeken we een huiswijn, ongeveer {n} flessen per maand.",
    "Graag de horecaprijslijst, vooral Loire en Bourgogne.",
    "Wij openen een wijnbar in {city} en zoeken kleine producenten.",
    "Offerte voor champagne bij oud en nieuw, {n} flessen.",
];
const SPAM: &[&str] = &[
    "Your website could rank first within a week, answer for an offer!!!",
    "Congratulations, your company has been selected for a business award.",
    "We sell verified lists of restaurants, 2 million addresses, special price today.",
];
