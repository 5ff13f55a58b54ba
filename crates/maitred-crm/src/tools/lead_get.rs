//! `crm_lead_get`: one lead, where it came from, and what it became.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_party::store::{companies, contacts, tags};

use crate::lead_rules::next_of;
use crate::model::{Deal, Lead, LeadStatus};
use crate::sales_views::LeadView;
use crate::store::{activities, leads};
use crate::views::{ActivityView, Named};

/// The tool.
pub struct LeadGet;

impl Tool for LeadGet {
    const NAME: &str = "crm_lead_get";
    const TITLE: &str = "Get lead";
    const ABOUT: &str =
        "One lead with qualification, source request and history; a converted one with what it became.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"crm_lead_create {"name": "Ada Lovelace", "source": "web", "need": "a menu"} as ada"#,
        args: r#"{"lead": "@ada"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.fields.as_deref(), FieldMask::all())?;
        let lead = leads::resolve(cx, &args.lead, "lead")?;
        let view = LeadView::new(leads::shown(cx, &lead.id)?, cx.stamp());
        // What happened before the conversion went over to the deal.
        let story = lead.deal_id.as_ref().map_or(lead.id.0.as_str(), |deal| deal.0.as_str());
        let rows = activities::recent(cx, story, 10)?;
        let history = rows
            .into_iter()
            .map(|(id, kind, at, summary, by)| ActivityView { id, kind, at, summary, by })
            .collect();
        Ok(Output {
            lead: Selected::new(view, mask),
            became: became(cx, &lead)?,
            request_ref: lead.request_ref.clone(),
            next_status: next_of(lead.status).to_vec(),
            archived: lead.archived_at.is_some(),
            tags: tags::names(cx, &lead.id.0)?,
            history,
        })
    }
}

fn became(db: &Reader<'_>, lead: &Lead) -> ToolResult<Option<BecameView>> {
    if lead.status != LeadStatus::Converted {
        return Ok(None);
    }
    let company = match &lead.company_id {
        Some(id) => companies::find(db, &id.0)?.map(|company| Named { id: company.id.0, name: company.name }),
        None => None,
    };
    let contact = match &lead.contact_id {
        Some(id) => {
            contacts::find(db, &id.0)?.map(|contact| Named { name: contact.full_name(), id: contact.id.0 })
        }
        None => None,
    };
    let deal = match &lead.deal_id {
        Some(id) => db.get::<Deal>(&id.0)?.map(|deal| Named { id: deal.id.0, name: deal.title }),
        None => None,
    };
    Ok(Some(BecameView { company, contact, deal }))
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(max = 100)]
    lead: String,
    /// * shows all.
    fields: Option<Vec<String>>,
}

/// What a lead became.
#[derive(ToolOutput)]
pub struct BecameView {
    /// The company.
    company: Option<Named>,
    /// The person.
    contact: Option<Named>,
    /// The deal.
    deal: Option<Named>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The lead.
    lead: Selected<LeadView>,
    /// What it became, when converted.
    became: Option<BecameView>,
    /// Request it came from.
    request_ref: Option<String>,
    /// Statuses that may follow.
    next_status: Vec<LeadStatus>,
    /// Put aside.
    archived: bool,
    /// Tags.
    tags: Vec<String>,
    /// The last ten activities, newest first.
    history: Vec<ActivityView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn a_converted_lead_says_what_it_became() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"crm_lead_create {"name": "Ada Lovelace", "company_name": "Analytics", "source": "web", "need": "a menu"} as ada;
               crm_activity_log {"kind": "call", "about": ["@ada"], "summary": "likes it"};
               crm_lead_update {"lead": "@ada", "status": "working"};
               crm_lead_update {"lead": "@ada", "status": "qualified"};
               crm_lead_convert {"lead": "@ada", "deal": {"title": "Menu"}}"#,
        );
        let json = fixture.call("crm_lead_get", r#"{"lead": "@ada"}"#).json();
        assert_eq!(json["became"]["company"]["name"], "Analytics");
        assert_eq!(json["became"]["contact"]["name"], "Ada Lovelace");
        assert_eq!(json["became"]["deal"]["name"], "Menu");
        assert_eq!(json["next_status"], serde_json::json!([]));
        assert_eq!(json["history"][0]["summary"], "likes it");
    }

    #[test]
    fn says_where_to_search() {
        check(
            &crate::DOMAIN,
            "",
            "crm_lead_get",
            r#"{"lead": "L-2026-00009"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no lead fits `L-2026-00009`","field":"lead","hint":"search with crm_lead_search","retryable":false}}"#
            ]],
        );
    }
}
