//! The pipeline and twelve months of deals, each told step by step: what the present record says is where its
//! history ends.

use std::collections::BTreeSet;

use maitred_core::cx::Writer;
use maitred_core::error::{ToolError, ToolResult};
use maitred_crm::model::{
    Deal, DealContact, DealId, DealLine, DealStatus, Forecast, Lifecycle, LostReason, Pipeline, PipelineId,
    Stage, StageHistory, StageId, StageKind, StakeholderRole,
};
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity, Stamp, line_net};
use maitred_party::model::{ContactStatus, MemberId};

use super::atlas::WINES;
use super::dice::{Dice, Times, fault, later};
use super::people::{Cast, Trade};
use super::twins::Twins;

/// Deals in the demo.
pub const DEALS: usize = 260;

const DISCOVERY: usize = 0;
const QUALIFIED: usize = 1;
const PROPOSAL: usize = 2;
const NEGOTIATION: usize = 3;
const WON: usize = 4;
const LOST: usize = 5;

/// The pipeline with its stages, in order.
pub struct Way {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Its stages: four open ones, won, lost.
    pub stages: Vec<Stage>,
}

/// A deal with all that belongs to it.
pub struct Story {
    /// The record.
    pub deal: Deal,
    /// Its lines.
    pub lines: Vec<DealLine>,
    /// Its steps, oldest first.
    pub steps: Vec<StageHistory>,
    /// Who takes part.
    pub stakeholders: Vec<DealContact>,
    /// Its company, as a place in the cast.
    pub firm: usize,
    /// Its contact, as a place in the cast.
    pub person: Option<usize>,
}

/// Stages: key word, name, chance in basis points, days until stale, fields to be filled.
const STAGES: &[(&str, &str, i64, i64, &str)] = &[
    ("discovery", "Discovery", 1_000, 21, ""),
    ("qualified", "Qualified", 2_500, 21, ""),
    ("proposal", "Proposal", 5_000, 14, "amount close_date"),
    ("negotiation", "Negotiation", 7_500, 10, "amount close_date"),
    ("won", "Won", 10_000, 0, ""),
    ("lost", "Lost", 0, 0, ""),
];

/// Lays out the pipeline.
pub fn way(db: &Writer<'_>, since: Stamp) -> Way {
    let pipeline = Pipeline {
        id: PipelineId(db.fresh_id()),
        version: 1,
        created_at: since,
        updated_at: since,
        key_word: "sales".to_owned(),
        name: "Sales".to_owned(),
        currency: None,
        position: 1,
        retired_at: None,
    };
    let stages = (1_i64..)
        .zip(STAGES)
        .map(|(position, (key_word, name, probability_bp, rot_days, required_fields))| Stage {
            id: StageId(db.fresh_id()),
            version: 1,
            created_at: since,
            updated_at: since,
            pipeline_id: pipeline.id.clone(),
            key_word: (*key_word).to_owned(),
            name: (*name).to_owned(),
            position,
            kind: match *key_word {
                "won" => StageKind::Won,
                "lost" => StageKind::Lost,
                _ => StageKind::Open,
            },
            probability_bp: *probability_bp,
            rot_days: *rot_days,
            required_fields: (*required_fields).to_owned(),
            retired_at: None,
        })
        .collect();
    Way { pipeline, stages }
}

/// What becomes of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Won,
    Lost,
    Open,
}

/// Invents the deals, oldest first.
pub fn invent(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    way: &Way,
    twins: &Twins,
) -> ToolResult<Vec<Story>> {
    let mut stories = Vec::with_capacity(DEALS);
    for place in 0..DEALS {
        // Twins have deals too, so that merging moves something.
        let doubled = twins.firms.get(place).map(|(_, twin)| *twin);
        let fate = match doubled {
            Some(_) => *dice.weighted(&[(1, Fate::Lost), (2, Fate::Open)]),
            None => *dice.weighted(&[(38, Fate::Won), (29, Fate::Lost), (33, Fate::Open)]),
        };
        let firm = match doubled {
            Some(firm) => firm,
            None => partner(dice, cast, fate),
        };
        stories.push(tell(db, dice, times, cast, way, firm, fate)?);
    }
    let mut titles = BTreeSet::new();
    for story in &mut stories {
        // The tools take a second open deal of the same title for a mistake.
        for _ in 0..50 {
            if titles.insert((story.firm, story.deal.title.clone())) {
                break;
            }
            story.deal.title = title(dice, story.deal.close_date.unwrap_or(times.today));
        }
    }
    stories.sort_by(|a, b| a.deal.created_at.cmp(&b.deal.created_at).then_with(|| a.deal.id.cmp(&b.deal.id)));
    Ok(stories)
}

/// A company that a deal with this end can be with.
fn partner(dice: &mut Dice, cast: &Cast, fate: Fate) -> usize {
    let wanted = match fate {
        Fate::Won => *dice.weighted(&[(93, Lifecycle::Customer), (7, Lifecycle::Former)]),
        Fate::Lost => {
            *dice.weighted(&[(40, Lifecycle::Customer), (50, Lifecycle::Prospect), (10, Lifecycle::Former)])
        }
        Fate::Open => *dice.weighted(&[(58, Lifecycle::Customer), (42, Lifecycle::Prospect)]),
    };
    let fitting: Vec<usize> = (0..cast.firms.len())
        .filter(|place| {
            let firm = &cast.firms[*place];
            firm.trade != Trade::Estate && firm.lifecycle == wanted && !firm.people.is_empty()
        })
        .collect();
    *dice.pick(&fitting)
}

/// The stages a deal goes through, with reasons where a step needs one.
fn path(dice: &mut Dice, fate: Fate, days: i64) -> Vec<(usize, Option<&'static str>)> {
    let furthest = match fate {
        Fate::Won => NEGOTIATION,
        Fate::Lost => *dice.weighted(&[(18, DISCOVERY), (28, QUALIFIED), (32, PROPOSAL), (22, NEGOTIATION)]),
        Fate::Open if days < 8 => *dice.weighted(&[(75, DISCOVERY), (25, QUALIFIED)]),
        Fate::Open if days < 25 => {
            *dice.weighted(&[(38, DISCOVERY), (36, QUALIFIED), (20, PROPOSAL), (6, NEGOTIATION)])
        }
        Fate::Open => *dice.weighted(&[(6, DISCOVERY), (26, QUALIFIED), (38, PROPOSAL), (30, NEGOTIATION)]),
    };
    let skips = furthest >= PROPOSAL && dice.chance(14);
    let mut path: Vec<(usize, Option<&'static str>)> = (DISCOVERY..=furthest)
        .filter(|stage| !(skips && *stage == QUALIFIED))
        .map(|stage| {
            let reason =
                (skips && stage == PROPOSAL).then_some("they know what they want and asked for prices");
            (stage, reason)
        })
        .collect();
    match fate {
        Fate::Won => {
            if dice.chance(6) {
                path.push((LOST, Some("timing")));
                path.push((NEGOTIATION, Some("the budget came through after all")));
            }
            path.push((WON, None));
        }
        Fate::Lost => path.push((LOST, None)),
        Fate::Open => {
            if furthest >= PROPOSAL && dice.chance(8) {
                path.push((furthest - 1, Some("their buyer changed, the needs are open again")));
            }
        }
    }
    path
}

fn tell(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    way: &Way,
    firm: usize,
    fate: Fate,
) -> ToolResult<Story> {
    let age = match fate {
        Fate::Open => match *dice.weighted(&[(74, 0), (21, 1), (5, 2)]) {
            0 => dice.between(1, 55),
            1 => dice.between(56, 120),
            _ => dice.between(121, 280),
        },
        _ => dice.between(30, 395),
    };
    let created = times.ago(dice, age)?;
    let end = match fate {
        Fate::Open => times.now,
        _ => {
            let days = dice.between(10, (age - 3).clamp(10, 105));
            times.ago(dice, (age - days).max(2))?
        }
    };
    let path = path(dice, fate, age);
    let reached =
        path.iter().map(|(stage, _)| *stage).filter(|stage| *stage <= NEGOTIATION).max().unwrap_or(0);
    let moments = moments(dice, times, created, end, path.len(), fate == Fate::Open)?;

    let trade = cast.firms[firm].trade;
    let currency = currency_of(cast, firm)?;
    let owner = match &cast.firms[firm].company.owner_id {
        Some(owner) if dice.chance(92) => owner.clone(),
        _ => dice.pick(&cast.with_role("sales")).clone(),
    };
    let id = DealId(db.fresh_id());
    let wanted = lines(db, dice, times, cast, &id, trade, currency, created)?;
    let sum = sum_of(&wanted, currency)?;
    let has_lines = if reached >= PROPOSAL { dice.chance(80) } else { dice.chance(8) };
    let amount = if has_lines { sum } else { rounded(sum) };
    // Before there are lines an estimate stands in the record.
    let estimate =
        if has_lines && reached < PROPOSAL { amount } else { rounded(amount / 100 * dice.between(75, 125)) };

    let mut steps: Vec<StageHistory> = Vec::with_capacity(path.len());
    let mut priced = false;
    for ((stage, reason), at) in path.iter().zip(&moments) {
        priced |= *stage >= PROPOSAL && *stage <= NEGOTIATION;
        steps.push(StageHistory {
            id: db.fresh_id(),
            deal_id: id.clone(),
            from_stage: steps.last().map(|step| step.to_stage.clone()),
            to_stage: way.stages[*stage].id.clone(),
            at: *at,
            by_member: Some(owner.clone()),
            amount_minor: if priced { amount } else { estimate },
            probability_bp: way.stages[*stage].probability_bp,
            forecast: forecast(dice, *stage),
            reason: reason.map(str::to_owned),
        });
    }
    let stage = path.last().map_or(DISCOVERY, |(stage, _)| *stage);
    let mut deal = Deal {
        id,
        version: i64::try_from(steps.len()).unwrap_or(1),
        created_at: created,
        updated_at: created,
        number: String::new(),
        title: String::new(),
        company_id: cast.firms[firm].company.id.clone(),
        contact_id: None,
        pipeline_id: way.pipeline.id.clone(),
        stage_id: way.stages[stage].id.clone(),
        status: DealStatus::Open,
        amount_minor: estimate,
        currency,
        probability_bp: None,
        forecast: Forecast::Pipeline,
        close_date: None,
        pushed_count: 0,
        stage_entered_at: created,
        closed_at: None,
        lost_reason: None,
        competitor: None,
        next_step: None,
        reopened_count: i64::from(path.iter().any(|(stage, _)| *stage == LOST) && fate == Fate::Won),
        owner_id: owner,
        lead_id: None,
    };
    finish(dice, times, &mut deal, steps.last_mut(), stage, fate)?;
    deal.title = title(dice, deal.close_date.unwrap_or(times.today));
    let (person, stakeholders) = cast_parts(db, dice, cast, firm, &mut deal);
    Ok(Story { lines: if has_lines { wanted } else { Vec::new() }, deal, steps, stakeholders, firm, person })
}

/// When each step was taken: the first at `created`, the last at `end` unless the deal goes on.
fn moments(
    dice: &mut Dice,
    times: &Times,
    created: Stamp,
    end: Stamp,
    steps: usize,
    goes_on: bool,
) -> ToolResult<Vec<Stamp>> {
    let mut at = created;
    let mut moments = vec![created];
    while moments.len() < steps {
        let left = i64::try_from(steps - moments.len()).unwrap_or(1);
        if left == 1 && !goes_on {
            moments.push(end);
            break;
        }
        // A deal that goes on came into its stage not long ago, most of the time.
        let percent = if goes_on { dice.between(55, 97) } else { dice.between(60, 120) };
        let share = at.millis_until(end) / left / 100 * percent;
        at = times.within(dice, at, at.plus_millis(share).map_err(fault)?)?;
        moments.push(at);
    }
    Ok(moments)
}

fn forecast(dice: &mut Dice, stage: usize) -> Forecast {
    match stage {
        DISCOVERY => *dice.weighted(&[(15, Forecast::Omitted), (85, Forecast::Pipeline)]),
        QUALIFIED => Forecast::Pipeline,
        PROPOSAL => *dice.weighted(&[(55, Forecast::Pipeline), (45, Forecast::BestCase)]),
        NEGOTIATION => *dice.weighted(&[(45, Forecast::BestCase), (55, Forecast::Commit)]),
        WON => Forecast::Commit,
        _ => Forecast::Omitted,
    }
}

/// Brings the record to where its last step left it.
fn finish(
    dice: &mut Dice,
    times: &Times,
    deal: &mut Deal,
    last: Option<&mut StageHistory>,
    stage: usize,
    fate: Fate,
) -> ToolResult<()> {
    let Some(last) = last else { return Ok(()) };
    deal.amount_minor = last.amount_minor;
    deal.stage_entered_at = last.at;
    deal.updated_at = last.at;
    deal.pushed_count = *dice.weighted(&[(58, 0), (24, 1), (11, 2), (5, 3), (2, 5)]);
    let day = last.at.day(&times.zone);
    match fate {
        Fate::Won => {
            deal.status = DealStatus::Won;
            (deal.closed_at, deal.close_date) = (Some(last.at), Some(day));
        }
        Fate::Lost => {
            deal.status = DealStatus::Lost;
            (deal.closed_at, deal.close_date) = (Some(last.at), Some(day));
            let reason = *dice.weighted(&[
                (30, LostReason::Price),
                (22, LostReason::Competitor),
                (20, LostReason::NoDecision),
                (14, LostReason::Timing),
                (9, LostReason::Fit),
                (5, LostReason::Other),
            ]);
            deal.lost_reason = Some(reason);
            last.reason = Some(reason.as_str().to_owned());
            if reason == LostReason::Competitor || (reason == LostReason::Price && dice.chance(40)) {
                deal.competitor = Some((*dice.pick(COMPETITORS)).to_owned());
            }
        }
        Fate::Open => {
            let days = *dice.weighted(&[(14, (-21, -1)), (36, (2, 30)), (34, (31, 75)), (16, (76, 150))]);
            let days = dice.between(days.0, days.1);
            // Only an early deal may be without a date; later stages require one.
            if stage > QUALIFIED || dice.chance(80) {
                let day = times.workday(times.today.plus_days(days).map_err(fault)?)?;
                deal.close_date = Some(day.max(deal.created_at.day(&times.zone)));
            } else {
                deal.pushed_count = 0;
            }
            if dice.chance(66) {
                deal.next_step = Some((*dice.pick(NEXT_STEPS)).to_owned());
            }
            if stage >= PROPOSAL && dice.chance(20) {
                let pinned = dice.between(6, 18) * 500;
                deal.probability_bp = Some(pinned);
                last.probability_bp = pinned;
            }
        }
    }
    deal.forecast = last.forecast;
    Ok(())
}

/// Who takes part for the company.
fn cast_parts(
    db: &Writer<'_>,
    dice: &mut Dice,
    cast: &mut Cast,
    firm: usize,
    deal: &mut Deal,
) -> (Option<usize>, Vec<DealContact>) {
    let created = deal.created_at;
    cast.firm_known(firm, created);
    let mut people: Vec<usize> = cast.firms[firm]
        .people
        .iter()
        .copied()
        .filter(|place| cast.people[*place].contact.status == ContactStatus::Active)
        .collect();
    if people.len() > 1 && dice.chance(30) {
        dice.shuffle(&mut people);
    }
    let mut parts = Vec::new();
    let most = if dice.chance(55) { 1 } else { 3 };
    for (index, place) in people.iter().take(most).enumerate() {
        cast.person_known(*place, created);
        let role = if index == 0 {
            *dice.weighted(&[(55, StakeholderRole::DecisionMaker), (45, StakeholderRole::Champion)])
        } else {
            *dice.weighted(&[
                (30, StakeholderRole::DecisionMaker),
                (30, StakeholderRole::Evaluator),
                (25, StakeholderRole::User),
                (15, StakeholderRole::Blocker),
            ])
        };
        parts.push(DealContact {
            id: db.fresh_id(),
            version: 1,
            created_at: created,
            updated_at: created,
            deal_id: deal.id.clone(),
            contact_id: cast.people[*place].contact.id.clone(),
            role,
        });
    }
    let person = people.first().copied();
    deal.contact_id = person.map(|place| cast.people[place].contact.id.clone());
    (person, parts)
}

/// The currency a company is invoiced in.
fn currency_of(cast: &Cast, firm: usize) -> ToolResult<Currency> {
    let code = cast.firms[firm].company.currency.as_deref().unwrap_or("EUR");
    Currency::parse(code).map_err(ToolError::internal)
}

#[expect(
    clippy::too_many_arguments,
    reason = "each is another fact about the one deal that the lines are of"
)]
fn lines(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &Cast,
    deal: &DealId,
    trade: Trade,
    currency: Currency,
    created: Stamp,
) -> ToolResult<Vec<DealLine>> {
    // Bottles per line in cases of six, least and most.
    let (least, most) = match trade {
        Trade::Restaurant => (2, 16),
        Trade::Hotel => (4, 40),
        Trade::Shop | Trade::Estate => (4, 30),
        Trade::Group => (20, 120),
        Trade::Importer => (50, 300),
    };
    let vintage = times.today.year() - 3;
    let count = dice.between(1, 6);
    let mut lines = Vec::new();
    for position in 1..=count {
        let (wine, country, estate, low, high) = *dice.pick(WINES);
        let estates: Vec<&str> = cast
            .firms
            .iter()
            .filter(|firm| {
                firm.trade == Trade::Estate
                    && firm.company.country == country
                    && firm.company.name.starts_with(estate)
            })
            .map(|firm| firm.company.name.as_str())
            .collect();
        let year = i64::from(vintage) + dice.between(-2, 1);
        let from = if estates.is_empty() { String::new() } else { format!(", {}", dice.pick(&estates)) };
        // Other currencies are priced near the same value, on five cents.
        let cents = dice.between(low, high) * per_euro(currency) / 100 / 5 * 5;
        lines.push(DealLine {
            id: db.fresh_id(),
            version: 1,
            created_at: created,
            updated_at: created,
            deal_id: deal.clone(),
            position,
            variant_id: None,
            description: format!("{wine} {year}{from}, 75 cl"),
            quantity: dice.between(least, most) * 6 * 1_000,
            unit_price: cents * 10_000,
            discount_bp: *dice.weighted(&[(64, 0), (14, 300), (14, 500), (8, 800)]),
        });
    }
    Ok(lines)
}

/// What one euro is in hundredths of a currency, roughly: for prices, never for converting.
fn per_euro(currency: Currency) -> i64 {
    match currency.code() {
        "GBP" => 86,
        "CHF" => 95,
        "USD" => 109,
        _ => 100,
    }
}

/// The sum of the nets of lines (F-INV-1).
pub fn sum_of(lines: &[DealLine], currency: Currency) -> ToolResult<i64> {
    let mut sum = 0;
    for line in lines {
        sum += line_net(
            Quantity::from_thousandths(line.quantity),
            Price::from_micros(line.unit_price),
            BasisPoints::from_bp(line.discount_bp),
            currency,
        )
        .map_err(ToolError::internal)?;
    }
    Ok(sum)
}

/// A round sum, as people guess: on fifty, at least two hundred.
fn rounded(minor: i64) -> i64 {
    (minor / 5_000 * 5_000).max(20_000)
}

/// What a deal that is decided on this day may be called.
fn title(dice: &mut Dice, day: Day) -> String {
    let month = day.month();
    let fitting: Vec<&str> = TITLES
        .iter()
        .filter(|(from, to, _)| (*from..=*to).contains(&month))
        .map(|(.., title)| *title)
        .collect();
    format!("{} {}", dice.pick(&fitting), day.year())
}

/// The last number given in each year of a series.
pub type LastNumbers = Vec<(i64, i64)>;

/// Gives the numbers `D-<year>-<n>` in order; answers the last number of each year.
pub fn number(stories: &mut [Story], times: &Times) -> LastNumbers {
    let mut last = LastNumbers::new();
    for story in stories {
        let year = i64::from(story.deal.created_at.day(&times.zone).year());
        story.deal.number = next_number("D", year, &mut last);
    }
    last
}

/// The next number of a series, in a list of the last number by year.
pub fn next_number(series: &str, year: i64, last: &mut LastNumbers) -> String {
    let at = last.iter().position(|entry| entry.0 == year).unwrap_or_else(|| {
        last.push((year, 0));
        last.len() - 1
    });
    last[at].1 += 1;
    format!("{series}-{year}-{:05}", last[at].1)
}

/// The members who won, with what they won in euros' minor units: for quotas that are within reach.
pub fn won_by(stories: &[Story], member: &MemberId) -> i64 {
    stories
        .iter()
        .filter(|story| story.deal.status == DealStatus::Won && story.deal.owner_id == *member)
        .map(|story| story.deal.amount_minor / per_euro(story.deal.currency) * 100)
        .sum()
}

/// When a deal's history ends: closed, or now.
pub fn end_of(story: &Story, times: &Times) -> Stamp {
    story.deal.closed_at.unwrap_or(times.now)
}

/// A week or less before a deal: when its lead may have come.
pub fn before(dice: &mut Dice, times: &Times, story: &Story) -> ToolResult<Stamp> {
    let days = dice.between(1, 24);
    let from = later(story.deal.created_at, -days)?;
    times.within(dice, from, story.deal.created_at)
}

/// First and last month in which it is decided, and the title.
const TITLES: &[(i8, i8, &str)] = &[
    (1, 5, "Spring list"),
    (3, 7, "Summer rosés"),
    (3, 7, "Terrace season"),
    (2, 6, "Wedding season"),
    (7, 10, "Autumn list"),
    (8, 12, "Christmas hampers"),
    (9, 12, "Champagne for New Year"),
    (10, 12, "Burgundy allocation"),
    (1, 3, "Burgundy allocation"),
    (1, 12, "By-the-glass selection"),
    (1, 12, "Banqueting wines"),
    (1, 12, "Cellar renewal"),
    (1, 12, "House wine tender"),
    (1, 12, "Regional tasting menu"),
    (1, 12, "Annual contract"),
    (1, 12, "Opening order"),
    (1, 12, "Sparkling range"),
];

const COMPETITORS: &[&str] = &[
    "Comptoir des Vignes Hautes",
    "Nordwein Kontor",
    "their previous merchant",
    "a buying group",
    "direct from the estate",
];

const NEXT_STEPS: &[&str] = &[
    "send the revised price list",
    "tasting with the sommelier",
    "wait for the budget meeting",
    "ask the estate for an allocation",
    "confirm delivery windows",
    "call about the annual rebate",
    "send samples of the white range",
    "get the signature of the owner",
    "check storage for two pallets",
    "agree payment terms",
];
