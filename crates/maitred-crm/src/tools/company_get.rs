//! `crm_company_get`: one company, and with `include` all that a conversation needs.

use maitred_core::output::{Serialize, Serializer};
use maitred_core::prelude::*;
use maitred_kernel::{Day, Reference, format_minor};
use maitred_party::model::LinkRole;
use maitred_party::sources::BriefSource;
use maitred_party::store::{companies, tags};
use maitred_party::{Company, org};
use maitred_store::change::json_string;

use crate::parties::{AddressView, CompanyView, company_view};
use crate::store::{activities, companies as found, profiles};
use crate::views::{ActivityView, Named, TodoView};

/// The tool.
pub struct CompanyGet;

impl Tool for CompanyGet {
    const NAME: &str = "crm_company_get";
    const TITLE: &str = "Get company";
    const ABOUT: &str = "One company in full. `include` folds in related records and other modules' sections, so one call prepares a \
         conversation.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: "company acme; contact ada company=acme",
        args: r#"{"company": "@acme", "include": ["contacts", "open_deals", "todos", "activities", "addresses", "tags", "balance"]}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.fields.as_deref(), FieldMask::all())?;
        let company = companies::resolve(cx, &args.company, "company")?;
        let include = args.include.unwrap_or_default();
        let (sections, missing_sections) = foreign(cx, &include, &company)?;
        let has = |name: &str| include.iter().any(|wanted| wanted == name);
        let id = &company.id;
        let asked = args.company.trim();
        let is_old_id = matches!(Reference::parse(asked), Reference::Id(_)) && id.0 != asked;
        Ok(Output {
            contacts: has("contacts").then(|| people(cx, &company)).transpose()?,
            open_deals: has("open_deals").then(|| deals(cx, &company)).transpose()?,
            todos: has("todos").then(|| todos(cx, &company)).transpose()?,
            activities: has("activities").then(|| recent(cx, &company)).transpose()?,
            addresses: has("addresses").then(|| addresses(cx, &company)).transpose()?,
            tags: has("tags").then(|| tags::names(cx, &id.0)).transpose()?,
            company: Selected::new(company_view(cx, &company, &profiles::of_company(cx, id)?)?, mask),
            sections,
            missing_sections,
            merged_from: is_old_id.then(|| asked.to_owned()),
        })
    }
}

/// Sections that crm itself fills.
const OWN: &[&str] = &["contacts", "open_deals", "todos", "activities", "addresses", "tags"];
/// Sections that other modules may fill; named here so that a model knows of them, and asking for one whose module is
/// not there is no mistake.
const KNOWN: &[&str] = &["balance", "open_orders", "open_tickets", "projects", "subscriptions", "health"];

/// The sections of other modules as one object, and those that no module of this server fills.
fn foreign(
    db: &Reader<'_>,
    include: &[String],
    company: &Company,
) -> ToolResult<(Option<Sections>, Option<Vec<String>>)> {
    let ports = db.ports::<dyn BriefSource>();
    let (mut json, mut missing) = (String::from("{"), Vec::new());
    for wanted in include.iter().filter(|wanted| !OWN.contains(&wanted.as_str())) {
        let sources: Vec<_> = ports.iter().filter(|port| port.section() == wanted).collect();
        if sources.is_empty() {
            if !KNOWN.contains(&wanted.as_str()) {
                return Err(unknown(ports, wanted));
            }
            missing.push(wanted.clone());
        }
        for source in sources {
            if json.len() > 1 {
                json.push(',');
            }
            json_string(wanted, &mut json);
            json.push(':');
            // Nothing to say is said: the module was asked and has nothing.
            json.push_str(&source.brief(db, &company.id)?.unwrap_or_else(|| "{}".to_owned()));
        }
    }
    json.push('}');
    let sections = if json.len() > 2 { Some(Sections(RawJson::new(json)?)) } else { None };
    Ok((sections, (!missing.is_empty()).then_some(missing)))
}

fn unknown(ports: &[std::sync::Arc<dyn BriefSource>], wanted: &str) -> ToolError {
    let mut known: Vec<&str> = OWN.iter().chain(KNOWN).copied().collect();
    known.extend(ports.iter().map(|port| port.section()));
    known.sort_unstable();
    known.dedup();
    let wanted = maitred_core::error::shorten(wanted);
    ToolError::new(
        Code::UnknownField,
        format!("there is no section `{wanted}`; known are {}", known.join(", ")),
    )
    .field("include")
}

fn people(cx: &Cx<'_, Read>, company: &Company) -> ToolResult<Vec<PersonAtView>> {
    let rows = found::people(cx, &company.id, org::today(cx)?)?;
    Ok(rows
        .into_iter()
        .map(|row| PersonAtView {
            id: row.id,
            name: match row.given_name {
                Some(given) => format!("{given} {}", row.family_name),
                None => row.family_name,
            },
            role: row.role,
            primary: row.is_primary,
            can_order: row.can_order,
            email: row.email,
            phone: row.phone,
        })
        .collect())
}

fn deals(cx: &Cx<'_, Read>, company: &Company) -> ToolResult<Vec<OpenDealView>> {
    let rows = found::open_deals(cx, &company.id)?;
    Ok(rows
        .into_iter()
        .map(|row| OpenDealView {
            id: row.id,
            number: row.number,
            title: row.title,
            stage: row.stage,
            amount: format_minor(row.amount_minor, row.currency),
            currency: row.currency.code().to_owned(),
            close_date: row.close_date,
            owner: row.owner,
        })
        .collect())
}

fn todos(cx: &Cx<'_, Read>, company: &Company) -> ToolResult<Vec<TodoView>> {
    let rows = found::open_todos(cx, &company.id.0)?;
    Ok(rows
        .into_iter()
        .map(|(id, title, due_at, member, name, priority)| TodoView {
            id,
            title,
            due_at,
            assignee: Named { id: member, name },
            priority,
        })
        .collect())
}

fn recent(cx: &Cx<'_, Read>, company: &Company) -> ToolResult<Vec<ActivityView>> {
    let rows = activities::recent(cx, &company.id.0, 5)?;
    Ok(rows
        .into_iter()
        .map(|(id, kind, at, summary, by)| ActivityView { id, kind, at, summary, by })
        .collect())
}

fn addresses(cx: &Cx<'_, Read>, company: &Company) -> ToolResult<Vec<AddressView>> {
    Ok(companies::addresses(cx, &company.id)?.into_iter().map(AddressView::from).collect())
}

/// Sections of other modules by name; their shapes are theirs.
pub struct Sections(RawJson);

impl Serialize for Sections {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl maitred_core::output::Output for Sections {
    fn schema(out: &mut String) {
        out.push_str("\"type\":\"object\"");
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, name, domain or VAT id.
    #[arg(min = 1, max = 200)]
    company: String,
    /// Any of contacts, open_deals, todos, activities, addresses, tags, balance, open_orders, open_tickets, projects,
    /// subscriptions, health.
    #[arg(max = 20)]
    include: Option<Vec<String>>,
    /// * shows all.
    fields: Option<Vec<String>>,
}

/// Somebody at the company.
#[derive(ToolOutput)]
pub struct PersonAtView {
    /// Id.
    id: String,
    /// Full name.
    name: String,
    /// What they do there.
    role: LinkRole,
    /// The one to turn to first.
    primary: bool,
    /// May order.
    can_order: bool,
    /// E-mail address.
    email: Option<String>,
    /// Telephone number.
    phone: Option<String>,
}

/// An open deal.
#[derive(ToolOutput)]
pub struct OpenDealView {
    /// Id.
    id: String,
    /// Number.
    number: String,
    /// Title.
    title: String,
    /// Stage.
    stage: String,
    /// Amount.
    amount: String,
    /// Currency.
    currency: String,
    /// Expected close.
    close_date: Option<Day>,
    /// Owner.
    owner: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The company.
    company: Selected<CompanyView>,
    /// People who are there now, the primary one first.
    contacts: Option<Vec<PersonAtView>>,
    /// Open deals, the next to close first.
    open_deals: Option<Vec<OpenDealView>>,
    /// Open to-dos, the next due first.
    todos: Option<Vec<TodoView>>,
    /// The last five activities, newest first.
    activities: Option<Vec<ActivityView>>,
    /// Addresses, default ones first.
    addresses: Option<Vec<AddressView>>,
    /// Tags.
    tags: Option<Vec<String>>,
    /// Sections of other modules, by name.
    sections: Option<Sections>,
    /// Sections whose module is not part of this server.
    missing_sections: Option<Vec<String>>,
    /// The id asked for, when it was merged into this company.
    merged_from: Option<String>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn folds_in_what_is_asked_for() {
        check(
            &crate::DOMAIN,
            "company acme domain=acme.example; contact ada company=acme role=buyer; \
             crm_activity_log {\"kind\": \"call\", \"about\": [\"@acme\"], \"summary\": \"spoke\", \
             \"next_todo\": {\"title\": \"send dates\", \"due_at\": \"2026-03-10T09:00:00Z\"}} as call",
            "crm_company_get",
            r#"{"company": "https://www.acme.example/", "fields": ["name", "last_contacted_at"],
                "include": ["contacts", "todos", "activities", "health"]}"#,
            expect![[
                r##"{"company":{"id":"@acme","version":1,"name":"Acme","last_contacted_at":"@now"},"contacts":[{"id":"@ada","name":"Ada","role":"buyer","primary":true,"can_order":false}],"todos":[{"id":"#1","title":"send dates","due_at":"2026-03-10T09:00:00.000Z","assignee":{"id":"@owner","name":"Owner"},"priority":"normal"}],"activities":[{"id":"@call","kind":"call","at":"@now","summary":"spoke","by":"Owner"}],"missing_sections":["health"]}"##
            ]],
        );
    }

    #[test]
    fn knows_its_sections() {
        check(
            &crate::DOMAIN,
            "company acme",
            "crm_company_get",
            r#"{"company": "@acme", "include": ["horoscope"]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"unknown_field","message":"there is no section `horoscope`; known are activities, addresses, balance, contacts, health, open_deals, open_orders, open_tickets, projects, subscriptions, tags, todos","field":"include","retryable":false}}"#
            ]],
        );
    }
}
