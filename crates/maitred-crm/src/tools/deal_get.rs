//! `crm_deal_get`: one deal in full.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_kernel::{BasisPoints, Price, Quantity, format_minor};
use maitred_party::sources::DealDocuments;
use maitred_party::store::{contacts, members, tags};

use crate::deal_rules;
use crate::model::{Deal, StakeholderRole};
use crate::sales_views::{DealView, StepView};
use crate::store::{activities, deals, pipelines};
use crate::views::{ActivityView, Named};

/// The tool.
pub struct DealGet;

impl Tool for DealGet {
    const NAME: &str = "crm_deal_get";
    const TITLE: &str = "Get deal";
    const ABOUT: &str = "One deal with lines, stakeholders, stage history, quotes and next step.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Success];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme; crm_deal_create {"company": "@acme", "title": "Summer menu"} as menu"#,
        args: r#"{"deal": "@menu", "include": ["quotes", "activities"]}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let deal = deals::resolve(cx, &args.deal, "deal")?;
        // What the forecast rules look at is never left out.
        let fields = args.fields.map(|mut fields| {
            fields.push("pushed_count".to_owned());
            fields
        });
        let mask = FieldMask::of(fields.as_deref().filter(|fields| fields.len() > 1), FieldMask::all())?;
        let include = args.include.unwrap_or_default();
        let wants = |part| include.contains(&part);
        let documents = cx.port::<dyn DealDocuments>();
        let quotes = match documents {
            Some(port) if wants(Include::Quotes) => Some(quotes(cx, port.as_ref(), &deal)?),
            _ => None,
        };
        let unavailable = (wants(Include::Quotes) && documents.is_none()).then(|| vec!["quotes".to_owned()]);
        let view = DealView::new(deals::shown(cx, &deal.id)?, cx.stamp());
        Ok(Output {
            stage_history: steps(cx, &deal)?,
            lines: lines(cx, &deal)?,
            stakeholders: people(cx, &deal)?,
            quotes,
            activities: wants(Include::Activities).then(|| recent(cx, &deal)).transpose()?,
            tags: wants(Include::Tags).then(|| tags::names(cx, &deal.id.0)).transpose()?,
            unavailable,
            deal: Selected::new(view, mask),
        })
    }
}

fn steps(db: &Reader<'_>, deal: &Deal) -> ToolResult<Vec<StepView>> {
    let way = pipelines::of(db, &deal.pipeline_id)?;
    let mut steps = Vec::new();
    for entry in deals::history(db, &deal.id)? {
        let by = match &entry.by_member {
            Some(member) => members::get(db, &member.0)?.map(|member| member.name),
            None => None,
        };
        steps.push(StepView::new(entry, &way, deal.currency, by));
    }
    Ok(steps)
}

fn lines(db: &Reader<'_>, deal: &Deal) -> ToolResult<Vec<LineView>> {
    let mut lines = Vec::new();
    for line in deals::lines(db, &deal.id)? {
        let facts = deals::facts_of(&line);
        let net = deal_rules::amount_of(&[facts], deal.currency).map_err(ToolError::internal)?;
        lines.push(LineView {
            description: line.description,
            quantity: facts.quantity,
            unit_price: Price::format(facts.unit_price, deal.currency),
            discount: (facts.discount.bp() != 0).then_some(facts.discount),
            net: format_minor(net, deal.currency),
        });
    }
    Ok(lines)
}

fn people(db: &Reader<'_>, deal: &Deal) -> ToolResult<Vec<StakeholderView>> {
    let mut people = Vec::new();
    for person in deals::stakeholders(db, &deal.id)? {
        let Some(contact) = contacts::find(db, &person.contact_id.0)? else { continue };
        people.push(StakeholderView {
            contact: Named { name: contact.full_name(), id: contact.id.0 },
            role: person.role,
        });
    }
    Ok(people)
}

fn quotes(db: &Reader<'_>, port: &dyn DealDocuments, deal: &Deal) -> ToolResult<Vec<QuoteView>> {
    let documents = port.of_deal(db, &deal.id.0)?;
    Ok(documents
        .into_iter()
        .map(|document| QuoteView {
            kind: document.kind.to_owned(),
            id: document.id,
            number: document.number,
            status: document.status,
            total: document.total,
            currency: document.currency,
        })
        .collect())
}

fn recent(db: &Reader<'_>, deal: &Deal) -> ToolResult<Vec<ActivityView>> {
    let rows = activities::recent(db, &deal.id.0, 10)?;
    Ok(rows
        .into_iter()
        .map(|(id, kind, at, summary, by)| ActivityView { id, kind, at, summary, by })
        .collect())
}

/// What can be added.
#[derive(ToolArgs, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// Quotes and orders.
    Quotes,
    /// The last ten activities.
    Activities,
    /// Tags.
    Tags,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(max = 100)]
    deal: String,
    /// More to show.
    include: Option<Vec<Include>>,
    /// * shows all.
    fields: Option<Vec<String>>,
}

/// A line.
#[derive(ToolOutput)]
pub struct LineView {
    /// What it is.
    description: String,
    /// How much.
    quantity: Quantity,
    /// Price of one.
    unit_price: String,
    /// Percent off.
    discount: Option<BasisPoints>,
    /// What it comes to.
    net: String,
}

/// A person's part.
#[derive(ToolOutput)]
pub struct StakeholderView {
    /// The person.
    contact: Named,
    /// Their part.
    role: StakeholderRole,
}

/// A quote or order.
#[derive(ToolOutput)]
pub struct QuoteView {
    /// Quote or order.
    kind: String,
    /// Id.
    id: String,
    /// Number.
    number: String,
    /// How far it is.
    status: String,
    /// Total.
    total: String,
    /// Currency.
    currency: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The deal.
    deal: Selected<DealView>,
    /// Its lines.
    lines: Vec<LineView>,
    /// Who has a part in it.
    stakeholders: Vec<StakeholderView>,
    /// Its steps, oldest first.
    stage_history: Vec<StepView>,
    /// Quotes and orders, newest first.
    quotes: Option<Vec<QuoteView>>,
    /// The last activities, newest first.
    activities: Option<Vec<ActivityView>>,
    /// Tags.
    tags: Option<Vec<String>>,
    /// Parts asked for that no module of this server gives.
    unavailable: Option<Vec<String>>,
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use expect_test::expect;
    use maitred_core::mode::Module;
    use maitred_core::ports::Ports;
    use maitred_core::prelude::*;
    use maitred_core::tool::Domain;
    use maitred_party::sources::{DealDocument, DealDocuments};
    use maitred_testkit::{Fixture, check};

    /// A module that keeps one quote and one confirmed order of every deal.
    pub(crate) static PAPERS: Domain = Domain {
        module: Module::Probe,
        tools: &[],
        migrations: &[],
        requires: &[],
        provides: |ports: &mut Ports| ports.provide::<dyn DealDocuments>(Arc::new(Papers)),
        check: |_| Ok(()),
    };

    struct Papers;

    impl DealDocuments for Papers {
        fn of_deal(&self, _: &Reader<'_>, deal: &str) -> ToolResult<Vec<DealDocument>> {
            Ok(vec![DealDocument {
                kind: "quote",
                id: format!("of {deal}"),
                number: "Q-2026-00001".to_owned(),
                status: "sent".to_owned(),
                total: "900.00".to_owned(),
                currency: "EUR".to_owned(),
            }])
        }
        fn confirmed_order(&self, _: &Reader<'_>, _: &str) -> ToolResult<Option<String>> {
            Ok(Some("O-2026-00001".to_owned()))
        }
    }

    const MENU: &str = r#"company acme; contact ada company=acme;
        crm_deal_create {"company": "@acme", "title": "Menu", "contact": "@ada",
          "lines": [{"description": "Lunch", "quantity": "1.5", "unit_price": "10.00", "discount": "10"}]} as menu;
        crm_deal_update {"deal": "@menu", "stakeholders": [{"contact": "@ada", "role": "champion"}]}"#;

    #[test]
    fn shows_lines_people_and_history() {
        check(
            &crate::DOMAIN,
            MENU,
            "crm_deal_get",
            r#"{"deal": "D-2026-00001", "fields": ["amount", "contact"]}"#,
            expect![[
                r#"{"deal":{"id":"@menu","version":1,"number":"D-2026-00001","contact":{"id":"@ada","name":"Ada"},"amount":"13.50","pushed_count":0},"lines":[{"description":"Lunch","quantity":"1.5","unit_price":"10.00","discount":"10","net":"13.50"}],"stakeholders":[{"contact":{"id":"@ada","name":"Ada"},"role":"champion"}],"stage_history":[{"to":"Discovery","at":"@now","by":"Owner","amount":"13.50","probability":"10","forecast":"pipeline"}]}"#
            ]],
        );
    }

    #[test]
    fn says_which_parts_nobody_gives() {
        let fixture = Fixture::new(&[&crate::DOMAIN], MENU);
        let json = fixture.call("crm_deal_get", r#"{"deal": "@menu", "include": ["quotes"]}"#).json();
        assert_eq!(json["unavailable"], serde_json::json!(["quotes"]));
        assert!(json["quotes"].is_null());
    }

    #[test]
    fn shows_the_quotes_of_the_module_that_keeps_them() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PAPERS], MENU);
        let json = fixture.call("crm_deal_get", r#"{"deal": "@menu", "include": ["quotes"]}"#).json();
        assert_eq!(json["quotes"][0]["id"], format!("of {}", fixture.id("menu")));
        assert!(json["unavailable"].is_null());
    }

    #[test]
    fn says_where_to_search() {
        check(
            &crate::DOMAIN,
            "",
            "crm_deal_get",
            r#"{"deal": "D-2026-00007"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no deal fits `D-2026-00007`","field":"deal","hint":"search with crm_deal_search","retryable":false}}"#
            ]],
        );
    }
}
