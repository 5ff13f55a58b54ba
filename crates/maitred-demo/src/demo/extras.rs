//! What makes the organisation whole: consents, tags, segments, quotas, exchange rates.

use jiff::civil::Weekday;
use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_crm::model::{AboutKind, Lifecycle, Quota, Segment, SegmentId, SegmentKind, SegmentMember};
use maitred_crm::segments::Filter;
use maitred_crm::store::segments as saved;
use maitred_kernel::{Currency, Day};
use maitred_party::model::{Consent, ConsentBasis, ConsentChannel, ConsentState, ContactId, Tag, Tagging};
use maitred_party::store::tags;

use super::deals::{Story, won_by};
use super::dice::{Dice, Times, fault, later};
use super::people::{Cast, Trade};

/// Months with quotas before this one, and after it.
const QUOTA_MONTHS: (i64, i64) = (12, 2);
/// Days with exchange rates before today: a year and a month more than the oldest deal needs.
const RATE_DAYS: i64 = 460;

/// What people allowed and took back. The client wrote to the house themselves, so they may be answered: by e-mail and
/// over the channel they come by.
pub fn consents(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &Cast,
    client: &ContactId,
) -> ToolResult<Vec<Consent>> {
    let mut consents = Vec::new();
    for person in &cast.people {
        let wanted = [
            (ConsentChannel::Email, 58, person.contact.email.is_some()),
            (ConsentChannel::Phone, 26, person.contact.phone.is_some()),
            (ConsentChannel::Whatsapp, 14, person.contact.phone.is_some()),
            (ConsentChannel::Post, 10, true),
        ];
        for (channel, percent, possible) in wanted {
            let answered = matches!(channel, ConsentChannel::Email | ConsentChannel::Whatsapp)
                && person.contact.id == *client;
            if !possible || !(answered || dice.chance(percent)) {
                continue;
            }
            let at = times.within(dice, person.contact.created_at, times.now)?;
            let entry = |db: &Writer<'_>, state, basis, source: &str, at| Consent {
                id: db.fresh_id(),
                contact_id: person.contact.id.clone(),
                channel,
                state,
                basis,
                source: source.to_owned(),
                at,
                recorded_at: at,
            };
            let (basis, source) = *dice.weighted(&[
                (50, (ConsentBasis::Consent, "form on the web site")),
                (25, (ConsentBasis::Consent, "card at the tasting")),
                (25, (ConsentBasis::Contract, "first order")),
            ]);
            consents.push(entry(db, ConsentState::Granted, basis, source, at));
            if !answered && dice.chance(9) {
                let at = times.within(dice, at, times.now)?;
                consents.push(entry(
                    db,
                    ConsentState::Withdrawn,
                    ConsentBasis::Consent,
                    "link in a newsletter",
                    at,
                ));
            }
        }
    }
    Ok(consents)
}

const TAGS: &[&str] = &[
    "VIP",
    "Biodynamic",
    "Champagne",
    "By the glass",
    "Christmas hampers",
    "Pays late",
    "Michelin star",
    "Terrace",
    "Newsletter",
    "Tasting guest",
];

/// Tags and where they stick.
pub fn tags(db: &Writer<'_>, dice: &mut Dice, cast: &Cast, stories: &[Story]) -> (Vec<Tag>, Vec<Tagging>) {
    let made: Vec<Tag> = TAGS
        .iter()
        .map(|name| Tag { id: db.fresh_id(), name: (*name).to_owned(), name_key: tags::key_of(name) })
        .collect();
    let mut stuck: Vec<Tagging> = Vec::new();
    let mut stick = |tag: &Tag, kind: AboutKind, id: &str| {
        if !stuck.iter().any(|known| known.tag_id == tag.id && known.entity_id == id) {
            stuck.push(Tagging {
                id: db.fresh_id(),
                tag_id: tag.id.clone(),
                entity_kind: kind.as_str().to_owned(),
                entity_id: id.to_owned(),
            });
        }
    };
    // The first eight fit companies, the last two people; deals get a few of the companies' ones.
    for firm in &cast.firms {
        let count = *dice.weighted(&[(45, 0), (35, 1), (20, 2)]);
        for _ in 0..count {
            stick(dice.pick(&made[..8]), AboutKind::Company, &firm.company.id.0);
        }
    }
    for person in &cast.people {
        if dice.chance(32) {
            stick(dice.pick(&made[8..]), AboutKind::Contact, &person.contact.id.0);
        }
    }
    for story in stories {
        if dice.chance(18) {
            stick(dice.pick(&made[1..5]), AboutKind::Deal, &story.deal.id.0);
        }
    }
    (made, stuck)
}

/// Lists put together by hand: guests of a tasting, houses for the hampers.
fn hand_picked<'a>(dice: &mut Dice, cast: &'a Cast) -> [(&'static str, AboutKind, Vec<&'a str>); 2] {
    let guests = cast
        .people
        .iter()
        .filter(|person| person.link.role.as_str() == "buyer" && dice.chance(30))
        .map(|person| person.contact.id.0.as_str())
        .collect();
    let hampers = cast
        .firms
        .iter()
        .filter(|firm| {
            firm.lifecycle == Lifecycle::Customer && matches!(firm.trade, Trade::Hotel | Trade::Shop)
        })
        .map(|firm| firm.company.id.0.as_str())
        .collect();
    [
        ("Guests of the spring tasting", AboutKind::Contact, guests),
        ("Hotels and shops for the Christmas hampers", AboutKind::Company, hampers),
    ]
}

/// Lists by a rule.
const RULES: &[(&str, AboutKind, &str)] = &[
    (
        "Customers not spoken to for 60 days",
        AboutKind::Company,
        r#"{"all":[{"field":"lifecycle","op":"eq","value":["customer"]},
                   {"field":"last_contacted","op":"before","value":["today-60"]}]}"#,
    ),
    (
        "Promising leads",
        AboutKind::Lead,
        r#"{"all":[{"field":"status","op":"in","value":["new","working"]},
                   {"field":"score","op":"at_least","value":["70"]}]}"#,
    ),
];

/// Saved lists, by hand and by rule.
pub fn segments(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &Cast,
) -> ToolResult<(Vec<Segment>, Vec<SegmentMember>)> {
    let mut segments = Vec::new();
    let mut members = Vec::new();
    let mut save =
        |dice: &mut Dice, name: &str, entity, filter_json: Option<String>| -> ToolResult<SegmentId> {
            let days = dice.between(20, 120);
            let since = times.ago(dice, days)?;
            let id = SegmentId(db.fresh_id());
            segments.push(Segment {
                id: id.clone(),
                version: 1,
                created_at: since,
                updated_at: since,
                name: name.to_owned(),
                name_key: saved::key_of(name),
                entity,
                kind: if filter_json.is_some() { SegmentKind::Dynamic } else { SegmentKind::Static },
                filter_json,
            });
            Ok(id)
        };
    for (name, entity, ids) in hand_picked(dice, cast) {
        let segment_id = save(dice, name, entity, None)?;
        for entity_id in ids {
            members.push(SegmentMember {
                id: db.fresh_id(),
                segment_id: segment_id.clone(),
                entity_id: entity_id.to_owned(),
            });
        }
    }
    for (name, entity, rule) in RULES {
        save(dice, name, *entity, Some(Filter::stored(*entity, rule)?.json()))?;
    }
    Ok((segments, members))
}

/// What each seller, and the team, is to win in each month: a little more than they do win.
pub fn quotas(
    db: &Writer<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &Cast,
    stories: &[Story],
) -> ToolResult<Vec<Quota>> {
    let mut quotas = Vec::new();
    let since = later(times.now, -400)?;
    let sellers = cast.with_role("sales");
    let typical: Vec<i64> = sellers
        .iter()
        .map(|seller| (won_by(stories, seller) / QUOTA_MONTHS.0 * 112 / 100).max(1_000_000))
        .collect();
    let mut put = |owner_id, month: String, amount_minor| {
        quotas.push(Quota {
            id: db.fresh_id(),
            version: 1,
            created_at: since,
            updated_at: since,
            owner_id,
            month,
            amount_minor,
            currency: Currency::EUR,
        });
    };
    for shift in -QUOTA_MONTHS.0..=QUOTA_MONTHS.1 {
        let month = times.today.first_of_month().plus_months(shift).map_err(fault)?;
        let word = format!("{:04}-{:02}", month.year(), month.month());
        let mut team = 0;
        for (seller, typical) in sellers.iter().zip(&typical) {
            // Spring and the months before Christmas carry the year.
            let season = match month.month() {
                3..=6 | 10..=12 => 112,
                8 => 70,
                _ => 92,
            };
            let amount = typical * season / 100 * dice.between(95, 105) / 100 / 50_000 * 50_000;
            team += amount;
            put(Some(seller.clone()), word.clone(), amount);
        }
        put(None, word, team);
    }
    Ok(quotas)
}

/// A day's rate: day, from, to, rate times 10⁸.
pub type DayRate = (Day, &'static str, &'static str, i64);

/// Exchange rates of every working day up to today: a walk that never strays far from where it began.
pub fn rates(dice: &mut Dice, times: &Times) -> ToolResult<Vec<DayRate>> {
    let mut rates = Vec::new();
    for (currency, anchor) in [("GBP", 116_500_000_i64), ("CHF", 105_200_000), ("USD", 91_800_000)] {
        let mut rate = anchor;
        for days in (0..=RATE_DAYS).rev() {
            let day = times.today.plus_days(-days).map_err(fault)?;
            if matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
                continue;
            }
            rate += rate / 10_000 * dice.between(-32, 32) + (anchor - rate) / 60;
            // Central banks publish four digits.
            rates.push((day, currency, "EUR", rate / 10_000 * 10_000));
        }
    }
    Ok(rates)
}
