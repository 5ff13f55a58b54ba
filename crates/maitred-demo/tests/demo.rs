//! The generated organisation: what must be true of it for every seed and moment.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use common::{AUDIT_KEY, fresh};
use jiff::Timestamp;
use maitred_core::error::ToolResult;
use maitred_crm::model::{
    Activity, ContactProfile, Deal, DealContact, DealLine, DealStatus, Lead, LeadStatus, Profile, Quota,
    Stage, StageHistory, StageKind, Todo, TodoStatus,
};
use maitred_demo::Target;
use maitred_demo::demo::{DemoFacts, SEED, generate_into};
use maitred_kernel::{
    BasisPoints, CompanyFacts, ContactFacts, Price, Quantity, Stamp, company_likeness, contact_likeness,
    domain, email, line_net, phone, vat,
};
use maitred_party::model::{
    Address, Company, CompanyContact, Consent, ConsentChannel, ConsentState, Contact, ContactStatus, Member,
};
use maitred_party::store::numbers;
use maitred_store::audit::{self, Verdict};
use maitred_store::{Record, search};
use proptest::prelude::*;

const NOW: &str = "2026-03-02T10:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn all<R: Record>(target: &Target) -> Vec<R> {
    target.read("test", now(), |db| Ok(db.all::<R>(R::SELECT, &[])?)).unwrap()
}

fn count(target: &Target, sql: &'static str) -> i64 {
    target.read("test", now(), |db| Ok(db.count(sql, &[])?)).unwrap()
}

/// Everything that must hold, whatever the seed and the moment.
fn holds(target: &Target, facts: &DemoFacts, now: Timestamp) {
    let now = Stamp::from_timestamp(now).unwrap();
    parties_hold(target, now);
    deals_hold(target, now);
    work_holds(target, now);
    duplicates_hold(target, facts);
    client_holds(target, facts);
}

fn parties_hold(target: &Target, now: Stamp) {
    let companies: Vec<Company> = all(target);
    let parents: BTreeMap<&str, &str> = companies
        .iter()
        .filter_map(|company| Some((company.id.0.as_str(), company.parent_id.as_ref()?.0.as_str())))
        .collect();
    assert!(parents.len() >= 8, "there are groups");
    for company in &companies {
        let mut at = company.id.0.as_str();
        let mut steps = 0;
        while let Some(parent) = parents.get(at) {
            at = parent;
            steps += 1;
            assert!(steps < 10, "the parents of {} run in a circle", company.name);
        }
        assert!(company.created_at <= now);
        if let Some(id) = &company.vat_id {
            assert_eq!(vat::check(id).map(|id| id.to_string()).as_ref(), Ok(id));
        }
        if let Some(host) = &company.domain {
            assert!(host.ends_with(".example"), "{host}");
            assert_eq!(domain::fold(host).as_ref(), Ok(host));
        }
        if let Some(number) = &company.phone {
            assert_eq!(phone::e164(number, None).as_ref(), Ok(number));
        }
    }
    let links: Vec<CompanyContact> = all(target);
    let contacts: Vec<Contact> = all(target);
    let born: BTreeMap<&str, &Contact> =
        contacts.iter().map(|contact| (contact.id.0.as_str(), contact)).collect();
    let mut primaries: BTreeMap<&str, usize> = BTreeMap::new();
    for link in &links {
        *primaries.entry(&link.company_id.0).or_default() += usize::from(link.is_primary);
        let contact = born[link.contact_id.0.as_str()];
        assert!(link.until.is_none_or(|until| until >= link.since));
        assert_eq!(link.until.is_some(), contact.status == ContactStatus::Left);
        assert!(!(link.is_primary && contact.status == ContactStatus::Left));
        assert!(!(link.can_order && contact.status == ContactStatus::Left));
    }
    assert!(primaries.values().all(|count| *count == 1), "one primary contact per company that has any");
    for contact in &contacts {
        assert!(contact.created_at <= now);
        assert_eq!(contact.name_key, Contact::key_of(contact.given_name.as_deref(), &contact.family_name));
        if let Some(address) = &contact.email {
            assert_eq!(email::fold(address).as_ref(), Ok(address));
        }
    }
    for consent in all::<Consent>(target) {
        assert!(consent.at <= now && consent.at >= born[consent.contact_id.0.as_str()].created_at);
    }
}

fn deals_hold(target: &Target, now: Stamp) {
    let stages: BTreeMap<String, Stage> =
        all::<Stage>(target).into_iter().map(|stage| (stage.id.0.clone(), stage)).collect();
    let mut steps: BTreeMap<String, Vec<StageHistory>> = BTreeMap::new();
    for step in all::<StageHistory>(target) {
        steps.entry(step.deal_id.0.clone()).or_default().push(step);
    }
    let mut lines: BTreeMap<String, Vec<DealLine>> = BTreeMap::new();
    for line in all::<DealLine>(target) {
        lines.entry(line.deal_id.0.clone()).or_default().push(line);
    }
    let companies: BTreeMap<String, Company> =
        all::<Company>(target).into_iter().map(|company| (company.id.0.clone(), company)).collect();
    let links: BTreeSet<(String, String)> = all::<CompanyContact>(target)
        .into_iter()
        .map(|link| (link.company_id.0, link.contact_id.0))
        .collect();
    let at: BTreeMap<String, String> =
        all::<Deal>(target).into_iter().map(|deal| (deal.id.0, deal.company_id.0)).collect();
    for part in all::<DealContact>(target) {
        let company = at[&part.deal_id.0].clone();
        assert!(links.contains(&(company, part.contact_id.0)), "stakeholders work at the company");
    }
    for deal in all::<Deal>(target) {
        let what = &deal.number;
        let mut told = steps.remove(&deal.id.0).unwrap_or_default();
        told.sort_by_key(|step| step.at);
        let (first, last) = (told.first().unwrap(), told.last().unwrap());
        assert_eq!(
            (first.from_stage.as_ref(), first.at),
            (None, deal.created_at),
            "{what} begins with its history"
        );
        for pair in told.windows(2) {
            assert!(pair[0].at < pair[1].at, "{what}: one step after the other");
            assert_eq!(pair[1].from_stage.as_ref(), Some(&pair[0].to_stage), "{what}: no gaps");
            assert_ne!(pair[0].to_stage, pair[1].to_stage, "{what}: a step goes somewhere");
        }
        assert!(last.at <= now, "{what}");
        assert_eq!(
            (&last.to_stage, last.at, last.amount_minor, last.forecast),
            (&deal.stage_id, deal.stage_entered_at, deal.amount_minor, deal.forecast),
            "{what}: the record is where its history ends"
        );
        let stage = &stages[&deal.stage_id.0];
        assert_eq!(last.probability_bp, deal.probability_bp.unwrap_or(stage.probability_bp), "{what}");
        let (kind, closed) = match deal.status {
            DealStatus::Open => (StageKind::Open, None),
            DealStatus::Won => (StageKind::Won, Some(last.at)),
            DealStatus::Lost => (StageKind::Lost, Some(last.at)),
        };
        assert_eq!((stage.kind, deal.closed_at), (kind, closed), "{what}");
        assert_eq!(deal.lost_reason.is_some(), deal.status == DealStatus::Lost, "{what}");
        assert!(deal.amount_minor > 0, "{what}");
        assert!(
            stage.key_word != "proposal" && stage.key_word != "negotiation" || deal.close_date.is_some(),
            "{what} has what its stage requires"
        );
        let company = &companies[&deal.company_id.0];
        assert!(company.created_at <= deal.created_at, "{what}: the company was known");
        assert!(
            deal.contact_id.as_ref().is_none_or(|id| links.contains(&(company.id.0.clone(), id.0.clone())))
        );
        if let Some(lines) = lines.remove(&deal.id.0) {
            let sum: i64 = lines
                .iter()
                .map(|line| {
                    line_net(
                        Quantity::from_thousandths(line.quantity),
                        Price::from_micros(line.unit_price),
                        BasisPoints::from_bp(line.discount_bp),
                        deal.currency,
                    )
                    .unwrap()
                })
                .sum();
            assert_eq!(sum, deal.amount_minor, "{what}: the amount is the sum of the lines");
        }
    }
    assert!(steps.is_empty() && lines.is_empty(), "nothing belongs to no deal");
}

fn work_holds(target: &Target, now: Stamp) {
    let deals: BTreeMap<String, Deal> =
        all::<Deal>(target).into_iter().map(|deal| (deal.id.0.clone(), deal)).collect();
    for lead in all::<Lead>(target) {
        assert!(lead.created_at <= lead.status_at && lead.status_at <= now, "{}", lead.number);
        assert!(lead.last_touched_at.is_none_or(|at| at >= lead.created_at && at <= now));
        assert_eq!(lead.disqualify_reason.is_some(), lead.status == LeadStatus::Disqualified);
        assert_eq!(lead.value_minor.is_some(), lead.currency.is_some());
        match lead.status {
            LeadStatus::Converted => {
                let deal = &deals[&lead.deal_id.as_ref().unwrap().0];
                assert_eq!(deal.lead_id.as_ref(), Some(&lead.id));
                assert_eq!(Some(&deal.company_id), lead.company_id.as_ref());
                assert!(lead.created_at < deal.created_at);
            }
            _ => assert_eq!((&lead.deal_id, &lead.company_id), (&None, &None)),
        }
    }
    for activity in all::<Activity>(target) {
        assert!(activity.at <= now && !activity.summary.contains('{'));
    }
    for todo in all::<Todo>(target) {
        assert!(todo.created_at <= now && todo.created_at <= todo.due_at, "{}", todo.title);
        assert_eq!(todo.done_at.is_some(), todo.status != TodoStatus::Open);
        assert!(todo.done_at.is_none_or(|at| at <= now && at >= todo.created_at));
    }
    let latest = "SELECT COUNT(*) FROM (SELECT l.entity_id AS id, MAX(a.at) AS at FROM activity_link l \
                  JOIN activity a ON a.id = l.activity_id WHERE a.kind <> 'note' GROUP BY l.entity_id) t \
                  JOIN crm_profile p ON p.id = t.id WHERE p.last_contacted_at IS NULL OR p.last_contacted_at <> t.at";
    assert_eq!(count(target, latest), 0, "a company was last contacted when the last activity says so");
    assert!(all::<ContactProfile>(target).iter().all(|profile| profile.last_contacted_at.is_some()));
    let early = "SELECT COUNT(*) FROM activity_link l JOIN activity a ON a.id = l.activity_id \
                 JOIN contact c ON c.id = l.entity_id WHERE a.at < c.created_at";
    assert_eq!(count(target, early), 0, "nobody is spoken to before they are known");
    let open = "SELECT COUNT(*) FROM todo WHERE status = 'open'";
    assert!(count(target, open) > 80);
    let mut team: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for quota in all::<Quota>(target) {
        let sums = team.entry(quota.month).or_default();
        match quota.owner_id {
            Some(_) => sums.0 += quota.amount_minor,
            None => sums.1 += quota.amount_minor,
        }
    }
    assert_eq!(team.len(), 15);
    assert!(team.values().all(|(members, team)| members == team && *team > 0));
}

fn duplicates_hold(target: &Target, facts: &DemoFacts) {
    let addresses: Vec<Address> = all(target);
    let (mut companies, mut contacts) = (0, 0);
    for (one, other) in &facts.duplicate_companies {
        let pair = [one, other].map(|id| {
            let company: Company = target.read("test", now(), |db| Ok(db.get(&id.0)?)).unwrap().unwrap();
            let address = addresses.iter().find(|address| address.company_id == *id).cloned();
            (company, address)
        });
        let facts = pair.each_ref().map(|(company, address)| CompanyFacts {
            name: &company.name,
            vat_id: company.vat_id.as_deref(),
            domain: company.domain.as_deref(),
            phone: company.phone.as_deref(),
            postcode: address.as_ref().and_then(|address| address.postcode.as_deref()),
            city: address.as_ref().map(|address| address.city.as_str()),
        });
        let score = company_likeness(&facts[0], &facts[1]);
        assert!(score.is_suspect(), "{} and {}: {score:?}", pair[0].0.name, pair[1].0.name);
        companies += 1;
    }
    let links: Vec<CompanyContact> = all(target);
    for (one, other) in &facts.duplicate_contacts {
        let pair = [one, other].map(|id| {
            let contact: Contact = target.read("test", now(), |db| Ok(db.get(&id.0)?)).unwrap().unwrap();
            let at: Vec<String> = links
                .iter()
                .filter(|link| link.contact_id == *id)
                .map(|link| link.company_id.0.clone())
                .collect();
            (contact, at)
        });
        let at = pair.each_ref().map(|(_, at)| at.iter().map(String::as_str).collect::<Vec<_>>());
        let facts: Vec<ContactFacts<'_>> = pair
            .iter()
            .zip(&at)
            .map(|((contact, _), at)| ContactFacts {
                given_name: contact.given_name.as_deref(),
                family_name: &contact.family_name,
                email: contact.email.as_deref(),
                phone: contact.phone.as_deref(),
                companies: at,
            })
            .collect();
        let score = contact_likeness(&facts[0], &facts[1]);
        assert!(score.is_suspect(), "{} and {}: {score:?}", pair[0].0.full_name(), pair[1].0.full_name());
        contacts += 1;
    }
    assert_eq!((companies, contacts), (12, 20));
}

fn client_holds(target: &Target, facts: &DemoFacts) {
    let client = &facts.client;
    let contact: Contact = target.read("test", now(), |db| Ok(db.get(&client.contact.0)?)).unwrap().unwrap();
    let profile: Profile = target.read("test", now(), |db| Ok(db.get(&client.company.0)?)).unwrap().unwrap();
    let link = all::<CompanyContact>(target)
        .into_iter()
        .find(|link| link.contact_id == client.contact && link.company_id == client.company)
        .unwrap();
    assert_eq!(contact.status, ContactStatus::Active);
    assert_eq!(profile.lifecycle.as_str(), "customer");
    assert!(link.is_primary && link.can_order && link.until.is_none());
    let consents: Vec<Consent> =
        all::<Consent>(target).into_iter().filter(|consent| consent.contact_id == client.contact).collect();
    for channel in [ConsentChannel::Email, ConsentChannel::Whatsapp] {
        let last =
            consents.iter().filter(|consent| consent.channel == channel).max_by_key(|consent| consent.at);
        assert_eq!(last.map(|consent| consent.state), Some(ConsentState::Granted), "{channel:?}");
    }
    assert!(
        all::<Deal>(target)
            .iter()
            .any(|deal| deal.company_id == client.company && deal.status == DealStatus::Won)
    );
}

#[test]
fn the_demo_is_as_large_as_promised_and_quick_to_make() {
    let (_directory, target) = fresh();
    let started = Instant::now();
    let facts = generate_into(&target, now(), SEED).unwrap();
    println!("made in {:?}: {:?}", started.elapsed(), facts.counts);
    holds(&target, &facts, now());

    let counts = facts.counts;
    assert_eq!(
        (counts.members, counts.leads, counts.deals, counts.activities, counts.todos),
        (14, 350, 260, 2_500, 180)
    );
    assert!((290..=320).contains(&counts.companies) && (540..=680).contains(&counts.contacts), "{counts:?}");
    for (sql, rows) in [
        ("SELECT COUNT(*) FROM company", counts.companies),
        ("SELECT COUNT(*) FROM contact", counts.contacts),
        ("SELECT COUNT(*) FROM lead", counts.leads),
        ("SELECT COUNT(*) FROM deal_line", counts.deal_lines),
        ("SELECT COUNT(*) FROM stage_history", counts.stage_steps),
        ("SELECT COUNT(*) FROM activity", counts.activities),
        ("SELECT COUNT(*) FROM todo", counts.todos),
        ("SELECT COUNT(*) FROM consent", counts.consents),
        ("SELECT COUNT(DISTINCT status) FROM lead", 5),
        ("SELECT COUNT(DISTINCT status) FROM deal", 3),
        ("SELECT COUNT(*) FROM segment", 4),
    ] {
        assert_eq!(count(&target, sql), rows as i64, "{sql}");
    }
    let with_vat = count(&target, "SELECT COUNT(*) FROM company WHERE vat_id IS NOT NULL");
    assert!((60..80).contains(&(with_vat * 100 / counts.companies as i64)), "{with_vat}");
    assert!(count(&target, "SELECT COUNT(*) FROM deal WHERE pushed_count > 0 AND status = 'open'") > 10);
    assert!(count(&target, "SELECT COUNT(*) FROM deal WHERE reopened_count > 0") > 0);
    let stale = "SELECT COUNT(*) FROM deal d JOIN stage s ON s.id = d.stage_id WHERE d.status = 'open' \
                 AND d.stage_entered_at < '2026-02-01'";
    assert!(count(&target, stale) > 5, "some deals lie too long");
    let roles: BTreeSet<&str> = facts.members.iter().map(|member| member.role.as_str()).collect();
    assert_eq!(roles.len(), 9, "every role has somebody");
    assert_eq!(all::<Member>(&target).len(), 14);
}

#[test]
fn everything_can_be_found() {
    let (_directory, target) = fresh();
    generate_into(&target, now(), SEED).unwrap();
    let lead = all::<Lead>(&target).remove(7);
    let deal = all::<Deal>(&target).remove(7);
    for (kind, text, id) in [
        ("lead", lead.number.clone(), lead.id.0.clone()),
        ("lead", lead.name.clone(), lead.id.0.clone()),
        ("deal", deal.number.clone(), deal.id.0.clone()),
        ("deal", deal.title.clone(), deal.id.0.clone()),
    ] {
        let mut sql = search::hits(kind, &maitred_kernel::tokens(&text));
        sql.push("SELECT id FROM hit");
        let found: Vec<(String,)> = target.read("test", now(), |db| Ok(db.all_of(&sql)?)).unwrap();
        assert!(found.contains(&(id,)), "{kind} {text}");
    }
    for (kind, table) in
        [("company", "SELECT COUNT(*) FROM company"), ("contact", "SELECT COUNT(*) FROM contact")]
    {
        let indexed: i64 = target
            .read("test", now(), |db| {
                Ok(db.count(
                    "SELECT COUNT(DISTINCT entity_id) FROM search_token WHERE kind = $1",
                    maitred_store::params![kind],
                )?)
            })
            .unwrap();
        assert_eq!(indexed, count(&target, table));
    }
}

#[test]
fn numbers_go_on_where_the_demo_ends() {
    let (_directory, target) = fresh();
    generate_into(&target, now(), SEED).unwrap();
    for (series, sql) in [
        ("L", "SELECT MAX(number) FROM lead WHERE number LIKE 'L-2026-%'"),
        ("D", "SELECT MAX(number) FROM deal WHERE number LIKE 'D-2026-%'"),
    ] {
        let last: String = target.read("test", now(), |db| Ok(db.scalar(sql, &[])?)).unwrap().unwrap();
        let next = target.write("test", "", now(), false, move |db| numbers::next(db, series)).unwrap();
        let value = |text: &str| text.rsplit('-').next().unwrap().parse::<i64>().unwrap();
        assert_eq!(value(&next), value(&last) + 1);
    }
}

#[test]
fn the_same_seed_and_moment_make_the_same_rows() {
    let contents = |seed| {
        let (_directory, target) = fresh();
        generate_into(&target, now(), seed).unwrap();
        target.store.contents().unwrap()
    };
    let (one, same, other) = (contents(3), contents(3), contents(4));
    assert!(one == same, "the same rows");
    let table = |contents: &[maitred_store::TableContents]| {
        contents.iter().find(|table| table.table == "company").unwrap().hash.clone()
    };
    assert_ne!(table(&one), table(&other));
}

#[test]
fn only_an_empty_organisation_is_filled() {
    let (_directory, target) = fresh();
    generate_into(&target, now(), SEED).unwrap();
    let before = target.store.contents().unwrap();
    let error = generate_into(&target, now(), SEED).unwrap_err();
    assert_eq!(error.message(), "the organisation is not empty, nothing was written");
    assert!(before == target.store.contents().unwrap());
}

#[test]
fn bulk_rows_leave_an_audit_line_and_no_change_each() {
    let (_directory, target) = fresh();
    generate_into(&target, now(), SEED).unwrap();
    let verdict = target.read("test", now(), |db| Ok(audit::verify(db, &AUDIT_KEY)?)).unwrap();
    assert_eq!(verdict, Verdict::Whole(1));
    // The settings are a record like any other.
    assert_eq!(count(&target, "SELECT COUNT(*) FROM change_log"), 1);
}

#[test]
fn dated_records_keep_their_times_and_say_that_they_are_new() {
    let (_directory, target) = fresh();
    let then = Stamp::parse("2020-05-04T12:00:00.000Z").unwrap();
    let member = move |id: &str, email: &str, version| Member {
        id: id.to_owned().into(),
        version,
        created_at: then,
        updated_at: then,
        name: "Ada".to_owned(),
        email: email.to_owned(),
        roles: "viewer".to_owned(),
        status: maitred_party::MemberStatus::Active,
        weekly_minutes: 0,
        cost_rate: None,
        calendar_id: None,
    };
    let (ada, eve) = (member("ada", "ada@maison.example", 4), member("eve", "eve@maison.example", 1));
    let logged = (ada.clone(), eve.clone());
    let changes = target
        .write("test", "", now(), false, move |db| {
            db.insert_dated(&logged.0)?;
            db.insert_quietly(&logged.1)?;
            Ok(db.tx().changes().iter().map(|change| change.id.clone()).collect::<Vec<_>>())
        })
        .unwrap();
    assert_eq!(changes, ["ada"]);
    assert_eq!(all::<Member>(&target), [ada, eve]);
    let refused: ToolResult<()> = target.write("test", "", now(), false, move |db| {
        Ok(db.insert_dated(&member("bob", "bob@maison.example", 0))?)
    });
    assert!(format!("{:?}", refused.unwrap_err()).contains("version of at least 1"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn every_seed_and_moment_make_a_sound_organisation(seed: u64, hours in 0_i64..20_000) {
        let moment = now() + jiff::SignedDuration::from_hours(hours);
        let (_directory, target) = fresh();
        let facts = generate_into(&target, moment, seed).unwrap();
        holds(&target, &facts, moment);
    }
}
