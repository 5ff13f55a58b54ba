//! What was said and what is to be done: activities and to-dos about deals, leads and customers.

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_crm::model::{
    AboutKind, Activity, ActivityId, ActivityKind, ActivityLink, DealStatus, Direction, Lead, LeadStatus,
    Lifecycle, Priority, Todo, TodoId, TodoLink, TodoStatus,
};
use maitred_kernel::Stamp;
use maitred_party::model::{ContactStatus, MemberId};

use super::atlas::WINES;
use super::deals::{self, Story};
use super::dice::{Dice, Times, fault, later};
use super::people::{Cast, Trade};

/// Activities in the demo.
pub const ACTIVITIES: usize = 2_500;

/// An activity and what it is about.
pub struct Talk {
    /// The record.
    pub activity: Activity,
    /// Its links.
    pub links: Vec<ActivityLink>,
}

/// A to-do and what it is about.
pub struct Task {
    /// The record.
    pub todo: Todo,
    /// Its links.
    pub links: Vec<TodoLink>,
}

/// What an activity or a to-do can be about, before it has links.
#[derive(Clone, Debug, Default)]
struct Matter {
    firm: Option<usize>,
    person: Option<usize>,
    deal: Option<String>,
    lead: Option<String>,
}

impl Matter {
    fn records(&self, cast: &Cast) -> Vec<(AboutKind, String)> {
        let firm = self.firm.map(|place| (AboutKind::Company, cast.firms[place].company.id.0.clone()));
        let person = self.person.map(|place| (AboutKind::Contact, cast.people[place].contact.id.0.clone()));
        let deal = self.deal.clone().map(|id| (AboutKind::Deal, id));
        let lead = self.lead.clone().map(|id| (AboutKind::Lead, id));
        [firm, person, deal, lead].into_iter().flatten().collect()
    }
}

/// Invents the activities and brings `last_contacted_at` and `last_touched_at` up to what they say.
pub fn activities(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    stories: &[Story],
    leads: &mut [Lead],
) -> ToolResult<Vec<Talk>> {
    let mut talks = Vec::with_capacity(ACTIVITIES);
    for story in stories {
        let matter = Matter {
            firm: Some(story.firm),
            person: story.person,
            deal: Some(story.deal.id.0.clone()),
            lead: None,
        };
        for _ in 0..dice.between(3, 8) {
            let end = deals::end_of(story, times);
            let at = times.within(dice, story.deal.created_at, end)?;
            talks.push(talk(db, dice, cast, &matter, at, &story.deal.owner_id, DEAL_WORDS));
        }
    }
    for lead in leads.iter_mut().filter(|lead| lead.status != LeadStatus::New) {
        let Some(owner) = lead.owner_id.clone() else { continue };
        let story = stories.iter().find(|story| lead.deal_id.as_ref() == Some(&story.deal.id));
        let matter = Matter {
            firm: story.map(|story| story.firm),
            person: story.and_then(|story| story.person),
            deal: None,
            lead: Some(lead.id.0.clone()),
        };
        let end = match lead.status {
            LeadStatus::Converted | LeadStatus::Disqualified => lead.status_at,
            _ => times.now,
        };
        for _ in 0..dice.between(1, 2) {
            let at = times.within(dice, lead.created_at, end)?;
            talks.push(talk(db, dice, cast, &matter, at, &owner, LEAD_WORDS));
            if lead.status != LeadStatus::Converted {
                lead.last_touched_at = lead.last_touched_at.max(Some(at));
            }
        }
    }
    let customers: Vec<usize> = (0..cast.firms.len())
        .filter(|place| {
            let firm = &cast.firms[*place];
            firm.trade == Trade::Estate || firm.lifecycle != Lifecycle::Prospect
        })
        .collect();
    let minders: Vec<MemberId> =
        ["success", "service", "sales"].iter().flat_map(|role| cast.with_role(role)).collect();
    while talks.len() < ACTIVITIES {
        let firm = *dice.pick(&customers);
        let days = dice.between(0, 364).min(times.days_since(cast.firms[firm].company.created_at));
        let at = times.ago(dice, days)?;
        let (words, by) = match cast.firms[firm].trade {
            Trade::Estate => (ESTATE_WORDS, dice.pick(&cast.with_role("operations")).clone()),
            _ => (CUSTOMER_WORDS, dice.pick(&minders).clone()),
        };
        let matter = Matter { firm: Some(firm), person: reachable(dice, cast, firm), ..Matter::default() };
        talks.push(talk(db, dice, cast, &matter, at, &by, words));
    }
    talks.sort_by_key(|talk| talk.activity.at);
    Ok(talks)
}

/// Somebody at a company who can be spoken to.
fn reachable(dice: &mut Dice, cast: &Cast, firm: usize) -> Option<usize> {
    let people: Vec<usize> = cast.firms[firm]
        .people
        .iter()
        .copied()
        .filter(|place| cast.people[*place].contact.status == ContactStatus::Active)
        .collect();
    if people.is_empty() { None } else { Some(*dice.pick(&people)) }
}

fn talk(
    db: &Writer<'_>,
    dice: &mut Dice,
    cast: &mut Cast,
    matter: &Matter,
    at: Stamp,
    by: &MemberId,
    words: &[Words],
) -> Talk {
    let (kind, direction, summary, outcome) = *dice.pick(words);
    let two_way = kind != ActivityKind::Note;
    let id = ActivityId(db.fresh_id());
    let (wine, ..) = *dice.pick(WINES);
    let filled = |text: &str, dice: &mut Dice| {
        text.replace("{wine}", wine).replace("{n}", &(dice.between(2, 40) * 6).to_string())
    };
    let activity = Activity {
        id: id.clone(),
        version: 1,
        created_at: at,
        updated_at: at,
        kind,
        direction,
        at,
        duration_min: match kind {
            ActivityKind::Call => Some(dice.between(2, 35)),
            ActivityKind::Meeting | ActivityKind::Visit => Some(dice.between(2, 10) * 15),
            _ => None,
        },
        summary: filled(summary, dice),
        outcome: (!outcome.is_empty() && dice.chance(75)).then(|| filled(outcome, dice)),
        by_member: Some(by.clone()),
    };
    let mut links = Vec::new();
    for (entity_kind, entity_id) in matter.records(cast) {
        links.push(ActivityLink { id: db.fresh_id(), activity_id: id.clone(), entity_kind, entity_id });
    }
    if let Some(firm) = matter.firm {
        cast.firm_known(firm, at);
        if two_way {
            let firm = &mut cast.firms[firm];
            firm.last_contacted_at = firm.last_contacted_at.max(Some(at));
        }
    }
    if let Some(person) = matter.person {
        cast.person_known(person, at);
        if two_way {
            let person = &mut cast.people[person];
            person.last_contacted_at = person.last_contacted_at.max(Some(at));
        }
    }
    Talk { activity, links }
}

/// When a to-do is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Overdue,
    Today,
    ThisWeek,
    Later,
    Done,
    Cancelled,
}

/// Invents the to-dos and notes at the companies when the next one is due.
pub fn todos(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    stories: &[Story],
    leads: &[Lead],
) -> ToolResult<Vec<Task>> {
    let mut tasks = Vec::new();
    let open: Vec<&Story> = stories.iter().filter(|story| story.deal.status == DealStatus::Open).collect();
    for (count, due) in [
        (24, Due::Overdue),
        (14, Due::Today),
        (22, Due::ThisWeek),
        (36, Due::Later),
        (76, Due::Done),
        (8, Due::Cancelled),
    ] {
        for _ in 0..count {
            let closed = matches!(due, Due::Done | Due::Cancelled);
            let (matter, assignee, words) = subject(dice, cast, &open, stories, leads, closed);
            tasks.push(task(db, dice, times, cast, &matter, assignee, due, words)?);
        }
    }
    Ok(tasks)
}

fn subject<'a>(
    dice: &mut Dice,
    cast: &Cast,
    open: &[&Story],
    stories: &[Story],
    leads: &[Lead],
    closed: bool,
) -> (Matter, MemberId, &'a [&'static str]) {
    let of_deal = |story: &Story| Matter {
        firm: Some(story.firm),
        person: story.person,
        deal: Some(story.deal.id.0.clone()),
        lead: None,
    };
    match *dice.weighted(&[(62, 0), (18, 1), (20, 2)]) {
        0 => {
            let story = if closed { dice.pick(stories) } else { *dice.pick(open) };
            (of_deal(story), story.deal.owner_id.clone(), DEAL_TASKS)
        }
        1 => {
            let working: Vec<&Lead> = leads
                .iter()
                .filter(|lead| {
                    lead.owner_id.is_some()
                        && (closed || matches!(lead.status, LeadStatus::Working | LeadStatus::Qualified))
                })
                .collect();
            let lead = *dice.pick(&working);
            let owner = lead.owner_id.clone().unwrap_or_else(|| cast.members[0].id.clone());
            (Matter { lead: Some(lead.id.0.clone()), ..Matter::default() }, owner, LEAD_TASKS)
        }
        _ => {
            let customers: Vec<usize> = (0..cast.firms.len())
                .filter(|place| cast.firms[*place].lifecycle == Lifecycle::Customer)
                .collect();
            let firm = *dice.pick(&customers);
            let (role, words) = *dice.weighted(&[
                (40, ("success", CUSTOMER_TASKS)),
                (40, ("service", SERVICE_TASKS)),
                (20, ("finance", FINANCE_TASKS)),
            ]);
            let matter =
                Matter { firm: Some(firm), person: reachable(dice, cast, firm), ..Matter::default() };
            (matter, dice.pick(&cast.with_role(role)).clone(), words)
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "each is another fact about the one to-do")]
fn task(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &mut Cast,
    matter: &Matter,
    assignee: MemberId,
    due: Due,
    words: &[&'static str],
) -> ToolResult<Task> {
    let due_at = match due {
        Due::Overdue => {
            let days = dice.between(1, 24);
            times.ago(dice, days)?
        }
        Due::Today => {
            // Some time between now and the end of the day, where the organisation is.
            let end = times.today.plus_days(1).and_then(|day| day.start(&times.zone)).map_err(fault)?;
            let left = times.now.millis_until(end);
            let share = left / 100 * dice.between(10, 60);
            times.now.plus_millis(share.max(1)).map_err(fault)?
        }
        Due::ThisWeek => {
            let days = dice.between(1, 6);
            times.ahead(dice, days)?
        }
        Due::Later => {
            let days = dice.between(8, 75);
            times.ahead(dice, days)?
        }
        Due::Done | Due::Cancelled => {
            let days = dice.between(2, 200);
            times.ago(dice, days)?
        }
    };
    let days = dice.between(1, 20);
    let created = later(due_at.min(times.now), -days)?;
    let finished = match due {
        Due::Done | Due::Cancelled => {
            let days = dice.between(1, 3);
            Some(times.within(dice, created, later(due_at, days)?)?)
        }
        _ => None,
    };
    let id = TodoId(db.fresh_id());
    let todo = Todo {
        id: id.clone(),
        version: if finished.is_some() { 2 } else { 1 },
        created_at: created,
        updated_at: finished.unwrap_or(created),
        title: (*dice.pick(words)).to_owned(),
        due_at,
        remind_at: if dice.chance(22) { Some(later(due_at, -1)?.max(created)) } else { None },
        assignee_id: assignee,
        priority: *dice.weighted(&[(18, Priority::High), (66, Priority::Normal), (16, Priority::Low)]),
        status: match due {
            Due::Done => TodoStatus::Done,
            Due::Cancelled => TodoStatus::Cancelled,
            _ => TodoStatus::Open,
        },
        outcome: (due == Due::Done && dice.chance(60)).then(|| (*dice.pick(OUTCOMES)).to_owned()),
        done_at: finished,
    };
    if let Some(firm) = matter.firm {
        cast.firm_known(firm, created);
        let firm = &mut cast.firms[firm];
        if finished.is_none() && due_at > times.now {
            firm.next_step_at = Some(firm.next_step_at.map_or(due_at, |known| known.min(due_at)));
        }
    }
    if let Some(person) = matter.person {
        cast.person_known(person, created);
    }
    let mut links = Vec::new();
    for (entity_kind, entity_id) in matter.records(cast) {
        links.push(TodoLink { id: db.fresh_id(), todo_id: id.clone(), entity_kind, entity_id });
    }
    Ok(Task { todo, links })
}

/// Kind, who spoke first, what was said, what came of it (or nothing).
type Words = (ActivityKind, Direction, &'static str, &'static str);

use ActivityKind::{Call, Email, Meeting, Message, Note, Visit};
use Direction::{In, None as Nobody, Out};

const DEAL_WORDS: &[Words] = &[
    (Call, Out, "Asked how the list is coming along; they compare two offers.", "call again next week"),
    (Call, In, "They want {n} more bottles of {wine} in the offer.", "offer to be changed"),
    (Call, Out, "Talked through delivery windows and the minimum order.", ""),
    (Call, In, "Price of {wine} is above what they had in mind.", "asked for a better step at two pallets"),
    (Meeting, Out, "Tasting with the sommelier, eight wines; {wine} was the favourite.", "shortlist of four"),
    (
        Meeting,
        Out,
        "Went through the list with the owner, margin by the glass is the point.",
        "revised list promised",
    ),
    (Visit, Out, "Saw the cellar: room for about {n} bottles, temperature is fine.", ""),
    (Email, Out, "Sent the offer with {wine} and two alternatives.", ""),
    (Email, In, "They ask for the technical sheets and the allergen statement.", "sheets sent the same day"),
    (Email, Out, "Reminder about the offer, with a date until which the prices hold.", ""),
    (Email, In, "Decision moves to the next board meeting.", "close date moved"),
    (Message, In, "Can the samples arrive before Friday?", "yes, by courier"),
    (Message, Out, "Tracking number of the sample case sent.", ""),
    (Note, Nobody, "They buy everyday wines elsewhere and come to us for Burgundy.", ""),
    (Note, Nobody, "The owner decides, the sommelier proposes.", ""),
    (Note, Nobody, "Storage is short: deliver every second week.", ""),
];

const LEAD_WORDS: &[Words] = &[
    (Call, Out, "First call: who they are, what they pour now, when they decide.", "worth a visit"),
    (Call, Out, "Nobody answered, left a message.", ""),
    (Call, In, "Called back, wants prices for {n} bottles of {wine}.", "price list promised"),
    (Email, Out, "Sent the trade price list and our terms.", ""),
    (Email, In, "Thanks for the list, they will come back after the season.", ""),
    (Email, Out, "Second mail with an invitation to the tasting.", ""),
    (Meeting, Out, "Met at the stand, tasted {wine}.", "asked for samples"),
    (Message, In, "Asks whether we deliver on Saturdays.", ""),
    (Note, Nobody, "Found their list online: mostly Loire and Rhône.", ""),
];

const CUSTOMER_WORDS: &[Words] = &[
    (
        Call,
        Out,
        "Quarterly call: sales by the glass are up, {wine} runs out too early.",
        "standing order raised",
    ),
    (Call, In, "Two bottles of {wine} corked in the last delivery.", "credit promised"),
    (Call, In, "Asked for a delivery before the weekend.", "van rerouted"),
    (Visit, Out, "Trained the service team on the new list.", "they like the food matches"),
    (Visit, Out, "Checked the cellar and counted what is left: {n} bottles.", ""),
    (
        Meeting,
        Out,
        "Went through last year's purchases and this year's allocation.",
        "allocation of {wine} agreed",
    ),
    (Email, In, "Copy of an invoice wanted for the accountant.", "sent"),
    (Email, Out, "News of the new vintages sent.", ""),
    (Email, In, "Change of the delivery address from next month.", "address changed"),
    (Message, In, "Is {wine} back in stock?", "yes, from Tuesday"),
    (Message, Out, "Delivery arrives between eight and ten tomorrow.", ""),
    (Note, Nobody, "Pays late in January and August, otherwise on time.", ""),
    (Note, Nobody, "Closed on Mondays and the first two weeks of August.", ""),
];

const ESTATE_WORDS: &[Words] = &[
    (Call, Out, "Asked for the release date and our allocation.", "{n} bottles reserved"),
    (Visit, Out, "Tasted the new vintage from the barrel.", ""),
    (Email, In, "Price list of the new vintage, up by about four per cent.", ""),
    (Email, Out, "Order of {n} bottles confirmed, pick-up next week.", ""),
    (Note, Nobody, "Small harvest: order early next year.", ""),
];

const DEAL_TASKS: &[&str] = &[
    "Send the revised offer",
    "Call about the decision",
    "Book the tasting room",
    "Send samples",
    "Check the allocation with the estate",
    "Ask for the signed offer",
    "Confirm delivery windows",
    "Prepare the margin table by the glass",
];
const LEAD_TASKS: &[&str] =
    &["Call back", "Send the trade price list", "Look at their present list", "Invite to the next tasting"];
const CUSTOMER_TASKS: &[&str] = &[
    "Quarterly call",
    "Plan the staff training",
    "Talk about next year's allocation",
    "Ask for a reference",
];
const SERVICE_TASKS: &[&str] = &[
    "Arrange the credit for corked bottles",
    "Clear up the missing case with the carrier",
    "Confirm the new delivery address",
];
const FINANCE_TASKS: &[&str] =
    &["Ask for the VAT id", "Agree payment terms", "Send the statement of account"];
const OUTCOMES: &[&str] =
    &["done", "they will decide next week", "sent by mail", "left a message, they called back", "agreed"];
