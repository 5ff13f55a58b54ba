//! What leads and deals give to other modules: search, exports, open work.

use std::sync::Arc;

use maitred_core::args::{Object, parse_object};
use maitred_core::mode::Module;
use maitred_core::ports::Ports;
use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_kernel::{Reference, email, tokens};
use maitred_party::MemberId;
use maitred_party::sources::{ExportSource, Hit, OpenWork, SearchSource, SettingSource, export_rows};

use crate::model::{Deal, Lead};
use crate::sales_settings::{LostReasons, Pipelines, Quotas};
use crate::sales_views::{DealView, LeadView};
use crate::store::deals::{self, FoundDeal};
use crate::store::leads::{self, FoundLead};
use crate::tools::{deal_search, lead_search};

/// Adds what leads and deals give.
pub fn provide(ports: &mut Ports) {
    ports.provide::<dyn SearchSource>(Arc::new(SalesSearch));
    ports.provide::<dyn ExportSource>(Arc::new(LeadExport));
    ports.provide::<dyn ExportSource>(Arc::new(DealExport));
    ports.provide::<dyn OpenWork>(Arc::new(DealWork));
    ports.provide::<dyn OpenWork>(Arc::new(LeadWork));
    ports.provide::<dyn SettingSource>(Arc::new(Pipelines));
    ports.provide::<dyn SettingSource>(Arc::new(LostReasons));
    ports.provide::<dyn SettingSource>(Arc::new(Quotas));
}

/// Score of a hit by number or address.
const EXACT: i64 = 1_000;

/// Finds leads and deals by a piece of text.
pub struct SalesSearch;

impl SearchSource for SalesSearch {
    fn module(&self) -> Module {
        Module::Crm
    }
    fn kinds(&self) -> &'static [&'static str] {
        &[leads::KIND, deals::KIND]
    }

    fn entities(&self) -> &'static [&'static str] {
        &["lead", "deal", "deal_line", "deal_contact", "stage_history", "pipeline", "stage", "quota"]
    }
    fn search(&self, db: &Reader<'_>, text: &str, limit: usize) -> ToolResult<Vec<Hit>> {
        let mut hits = Vec::new();
        let terms = tokens(text);
        if db.menu().find("crm_lead_get").is_some() {
            find_leads(db, text, &terms, limit, &mut hits)?;
        }
        if db.menu().find("crm_deal_get").is_some() {
            find_deals(db, text, &terms, limit, &mut hits)?;
        }
        hits.sort_by(|a: &Hit, b: &Hit| b.score.cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        hits.truncate(limit);
        Ok(hits)
    }
}

/// A score that no exact hit has.
fn fuzzy(score: i64) -> i64 {
    score.min(EXACT - 1)
}

fn push(hits: &mut Vec<Hit>, hit: Hit) {
    if hits.iter().all(|known| known.id != hit.id) {
        hits.push(hit);
    }
}

fn find_leads(
    db: &Reader<'_>,
    text: &str,
    terms: &[String],
    limit: usize,
    hits: &mut Vec<Hit>,
) -> ToolResult<()> {
    let exact = |lead: Lead, why| Hit {
        kind: leads::KIND,
        number: Some(lead.number),
        label: labelled(lead.name, lead.company_name),
        id: lead.id.0,
        why,
        score: EXACT,
    };
    if matches!(Reference::parse(text), Reference::Number { .. })
        && let Some(lead) = leads::by_number(db, text.trim())?
    {
        push(hits, exact(lead, "number"));
    }
    if let Ok(address) = email::fold(text) {
        for lead in leads::by_email(db, &address)?.into_iter().filter(|lead| lead.archived_at.is_none()) {
            push(hits, exact(lead, "email"));
        }
    }
    for (score, id, number, name, company) in leads::text_hits(db, terms, limit)? {
        let label = labelled(name, company);
        push(
            hits,
            Hit { kind: leads::KIND, id, number: Some(number), label, why: "text", score: fuzzy(score) },
        );
    }
    Ok(())
}

fn find_deals(
    db: &Reader<'_>,
    text: &str,
    terms: &[String],
    limit: usize,
    hits: &mut Vec<Hit>,
) -> ToolResult<()> {
    if matches!(Reference::parse(text), Reference::Number { .. })
        && let Some(deal) = deals::by_number(db, text.trim())?
    {
        let (label, number) = (deal.title, Some(deal.number));
        push(hits, Hit { kind: deals::KIND, id: deal.id.0, number, label, why: "number", score: EXACT });
    }
    for (score, id, number, title, company) in deals::text_hits(db, terms, limit)? {
        let label = labelled(title, Some(company));
        push(
            hits,
            Hit { kind: deals::KIND, id, number: Some(number), label, why: "text", score: fuzzy(score) },
        );
    }
    Ok(())
}

fn labelled(name: String, company: Option<String>) -> String {
    match company {
        Some(company) => format!("{name}, {company}"),
        None => name,
    }
}

/// The rows of `crm_lead_search`.
pub struct LeadExport;
/// The rows of `crm_deal_search`.
pub struct DealExport;

impl ExportSource for LeadExport {
    fn dataset(&self) -> &'static str {
        "crm_lead_search"
    }
    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let filter = parse_object::<lead_search::Filters>(Object::parse(filter)?)?.filter(db)?;
        let now = db.stamp();
        let mask = FieldMask::of(fields, FieldMask::summary())?;
        let read = |page: &Page| leads::search(db, &filter, page.after.as_deref(), page.fetch());
        export_rows(db, leads::KEYS, mask, read, FoundLead::key, |found| Ok(LeadView::new(found, now)), row)
    }
}

impl ExportSource for DealExport {
    fn dataset(&self) -> &'static str {
        "crm_deal_search"
    }
    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let filter = parse_object::<deal_search::Filters>(Object::parse(filter)?)?.filter(db)?;
        let now = db.stamp();
        let mask = FieldMask::of(fields, FieldMask::summary())?;
        let read = |page: &Page| deals::search(db, &filter, page.after.as_deref(), page.fetch());
        export_rows(db, deals::KEYS, mask, read, FoundDeal::key, |found| Ok(DealView::new(found, now)), row)
    }
}

/// Open deals of a member who leaves.
pub struct DealWork;
/// Open leads of a member who leaves.
pub struct LeadWork;

impl OpenWork for DealWork {
    fn kind(&self) -> &'static str {
        "deals"
    }
    fn count(&self, db: &Reader<'_>, member: &str) -> ToolResult<i64> {
        deals::count_open_of(db, member)
    }
    fn reassign(&self, db: &Writer<'_>, from: &str, to: &str) -> ToolResult<i64> {
        let deals = deals::open_of(db, from)?;
        for before in &deals {
            let mut after = Deal { owner_id: MemberId(to.to_owned()), ..before.clone() };
            deals::put(db, before, &mut after, db.stamp(), None)?;
        }
        Ok(deals.len() as i64)
    }
}

impl OpenWork for LeadWork {
    fn kind(&self) -> &'static str {
        "leads"
    }
    fn count(&self, db: &Reader<'_>, member: &str) -> ToolResult<i64> {
        Ok(leads::open_of(db, member)?.len() as i64)
    }
    fn reassign(&self, db: &Writer<'_>, from: &str, to: &str) -> ToolResult<i64> {
        let leads = leads::open_of(db, from)?;
        for before in &leads {
            let mut after = Lead { owner_id: Some(MemberId(to.to_owned())), ..before.clone() };
            leads::put(db, before, &mut after)?;
        }
        Ok(leads.len() as i64)
    }
}

#[cfg(test)]
mod tests {
    use maitred_core::mode::Mode;
    use maitred_testkit::Fixture;

    use super::*;

    const GIVEN: &str = r#"company acme; member eve roles=sales;
        crm_lead_create {"name": "Ada", "email": "ada@acme.example", "source": "web", "need": "a menu"} as ada;
        crm_lead_update {"lead": "@ada", "changes": {"owner": "eve"}};
        crm_deal_create {"company": "@acme", "title": "Summer menu", "owner": "eve"} as summer;
        crm_deal_create {"company": "@acme", "title": "Winter menu"} as winter"#;

    fn hits(fixture: &Fixture, text: &'static str) -> Vec<(String, i64)> {
        let hits = fixture.read(move |db| SalesSearch.search(db, text, 10)).expect("hits");
        hits.into_iter().map(|hit| (hit.id, hit.score)).collect()
    }

    #[test]
    fn numbers_and_addresses_are_exact() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        assert_eq!(hits(&fixture, "D-2026-00002")[0], (fixture.id("winter"), EXACT));
        assert_eq!(hits(&fixture, "l-2026-00001")[0], (fixture.id("ada"), EXACT));
        assert_eq!(hits(&fixture, "ADA@acme.example")[0], (fixture.id("ada"), EXACT));
        let fuzzy = hits(&fixture, "menu acme");
        assert_eq!(fuzzy.len(), 2);
        assert!(fuzzy.iter().all(|(_, score)| *score < EXACT));
        assert_eq!(hits(&fixture, "nothing of ours"), []);
    }

    #[test]
    fn nobody_finds_what_they_could_not_open() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let success = fixture.caller(&[Mode::Success], false);
        let menu = fixture.registry().menu(&success.rights);
        assert!(menu.find("crm_lead_get").is_none() && menu.find("crm_deal_get").is_some());
    }

    #[test]
    fn exports_have_the_rows_of_the_search() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let sources: [(&dyn ExportSource, &str, &str); 2] =
            [(&DealExport, "deals", r#"{"q": "menu"}"#), (&LeadExport, "leads", "{}")];
        for (source, list, filter) in sources {
            let mut rows: Vec<serde_json::Value> = Vec::new();
            let cell = std::cell::RefCell::new(&mut rows);
            fixture
                .read(|db| {
                    source.export(db, filter, None, &mut |row| {
                        cell.borrow_mut().push(serde_json::from_str(row).expect("JSON"));
                        Ok(true)
                    })
                })
                .expect("rows");
            let searched = fixture.call(source.dataset(), filter).json();
            assert!(!rows.is_empty());
            assert_eq!(serde_json::Value::from(rows), searched[list]);
        }
    }

    #[test]
    fn open_work_goes_to_another() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let (eve, sales) = (fixture.id("eve"), fixture.id("sales"));
        let counts = |member: &str| {
            let member = member.to_owned();
            fixture
                .read(move |db| Ok((DealWork.count(db, &member)?, LeadWork.count(db, &member)?)))
                .expect("counts")
        };
        assert_eq!(counts(&eve), (1, 1));
        let (from, to) = (eve.clone(), sales.clone());
        let moved = fixture
            .write(move |db| Ok((DealWork.reassign(db, &from, &to)?, LeadWork.reassign(db, &from, &to)?)))
            .expect("moved");
        assert_eq!((moved, counts(&eve), counts(&sales)), ((1, 1), (0, 0), (1, 1)));
    }

    #[test]
    fn a_person_has_one_part_in_a_deal_after_a_merge() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; contact ada; contact twin; contact eve;
               crm_deal_create {"company": "@acme", "title": "A"} as a; crm_deal_create {"company": "@acme", "title": "B"} as b;
               crm_deal_update {"deal": "@a", "stakeholders": [{"contact": "@ada", "role": "champion"}, {"contact": "@twin", "role": "user"}]};
               crm_deal_update {"deal": "@b", "stakeholders": [{"contact": "@twin", "role": "blocker"}, {"contact": "@eve", "role": "user"}]}"#,
        );
        let merged = fixture.call_confirmed("crm_contact_merge", r#"{"keep": "@ada", "absorb": "@twin"}"#);
        assert_eq!(merged.json()["moved"]["deal_contact"], 2);
        let parts = |deal: &str| {
            let args = format!("{{\"deal\": \"@{deal}\"}}");
            let json = fixture.call("crm_deal_get", &args).json();
            let people = json["stakeholders"].as_array().cloned().unwrap_or_default();
            let part =
                |person: &serde_json::Value| format!("{} {}", person["contact"]["name"], person["role"]);
            people.iter().map(part).collect::<Vec<_>>()
        };
        assert_eq!(parts("a"), ["\"Ada\" \"champion\""]);
        assert_eq!(parts("b"), ["\"Ada\" \"blocker\"", "\"Eve\" \"user\""]);
    }
}
