//! `crm_lead_convert`: a qualified lead becomes company, contact and deal, all or nothing.

use maitred_core::prelude::*;
use maitred_kernel::wire::{Amount, Moment};
use maitred_kernel::{Currency, Day, Reference, domain, email, name_key};
use maitred_party::model::{CompanyKind, LinkRole};
use maitred_party::org::{settings_of, today};
use maitred_party::store::companies::NewCompany;
use maitred_party::store::contacts::NewContact;
use maitred_party::store::{ambiguous, companies, contacts, members};
use maitred_party::{Company, Contact, ContactStatus, Member};

use crate::deal_args;
use crate::deal_rules::Filled;
use crate::lead_rules::{may_follow, split_name};
use crate::model::{Deal, Forecast, Lead, LeadStatus, Profile};
use crate::sales_views::DealView;
use crate::store::deals::{self, NewDeal};
use crate::store::{leads, pipelines, profiles};
use crate::tools::lead_update::check_changeable;

/// The tool.
pub struct LeadConvert;

impl Tool for LeadConvert {
    const NAME: &str = "crm_lead_convert";
    const TITLE: &str = "Convert lead";
    const ABOUT: &str = "Turn a qualified lead into company + contact + deal in one step, linking to existing records \
                         where they match.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: r#"crm_lead_create {"name": "Ada Lovelace", "company_name": "Analytics Ltd",
                    "email": "ada@analytics.example", "source": "web", "need": "a menu", "value": "900.00"} as ada;
                  crm_activity_log {"kind": "call", "about": ["@ada"], "summary": "wants a tasting",
                    "next_todo": {"title": "send dates", "due_at": "2026-03-10T09:00:00Z"}};
                  crm_lead_update {"lead": "@ada", "status": "working"};
                  crm_lead_update {"lead": "@ada", "status": "qualified"}"#,
        args: r#"{"lead": "@ada", "deal": {"title": "Summer menu", "close_date": "2026-04-30"}}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let lead = leads::resolve(cx, &args.lead, "lead")?;
        if lead.status == LeadStatus::Converted {
            return first_result(cx, &lead);
        }
        check_changeable(&lead)?;
        if !may_follow(lead.status, LeadStatus::Converted) {
            return Err(refused(
                Code::IllegalTransition,
                format!("`{}` is {}; only a qualified lead is converted", lead.number, lead.status),
            )
            .field("lead")
            .hint("qualify it with crm_lead_update first"));
        }
        let known = known_contact(cx, &lead, args.contact.as_deref())?;
        let company = match known_company(cx, &lead, args.company.as_deref(), known.as_ref())? {
            Some(company) => Match { record: company, existed: true },
            None => Match { record: new_company(cx, &lead, args.company.as_deref())?, existed: false },
        };
        let contact = put_contact(cx, &lead, known, &company.record)?;
        let deal = open_deal(cx, &lead, args.deal, &company.record, &contact.record)?;
        let (activities, todos) = leads::hand_over(cx, &lead.id, &deal.id, &company.record.id)?;
        let now = cx.stamp();
        let mut after = Lead {
            status: LeadStatus::Converted,
            status_at: now,
            last_touched_at: Some(now),
            company_id: Some(company.record.id.clone()),
            contact_id: Some(contact.record.id.clone()),
            deal_id: Some(deal.id.clone()),
            ..lead.clone()
        };
        leads::put(cx, &lead, &mut after)?;
        let mut moved = Counts::default();
        moved.add("activities", activities);
        moved.add("todos", todos);
        Ok(Output {
            lead: lead.number,
            company: MatchView::company(company.record, company.existed),
            contact: MatchView::contact(contact.record, contact.existed),
            deal: DealView::of(cx, &deal.id)?,
            moved: Some(moved),
            already_converted: false,
        })
    }
}

struct Match<T> {
    record: T,
    existed: bool,
}

/// What a lead that was converted before became.
fn first_result(db: &Reader<'_>, lead: &Lead) -> ToolResult<Output> {
    let company = match &lead.company_id {
        Some(id) => companies::find(db, &id.0)?,
        None => None,
    };
    let contact = match &lead.contact_id {
        Some(id) => contacts::find(db, &id.0)?,
        None => None,
    };
    let (Some(company), Some(contact), Some(deal)) = (company, contact, &lead.deal_id) else {
        return Err(maitred_store::StoreError::defect("a converted lead without what it became").into());
    };
    Ok(Output {
        lead: lead.number.clone(),
        company: MatchView::company(company, true),
        contact: MatchView::contact(contact, true),
        deal: DealView::of(db, deal)?,
        moved: None,
        already_converted: true,
    })
}

/// The person, when we know them: as named by the caller, or by the lead's address.
fn known_contact(db: &Reader<'_>, lead: &Lead, given: Option<&str>) -> ToolResult<Option<Contact>> {
    if let Some(text) = given {
        return contacts::resolve(db, text, "contact").map(Some);
    }
    let Some(address) = &lead.email else { return Ok(None) };
    let found = contacts::by_point(db, Some(address), None)?;
    match found.as_slice() {
        [] => Ok(None),
        [contact] => Ok(Some(contact.clone())),
        several => {
            let names: Vec<String> = several.iter().map(Contact::full_name).collect();
            let pairs =
                several.iter().zip(&names).map(|(contact, name)| (contact.id.0.as_str(), name.as_str()));
            Err(ambiguous("contact", address, pairs))
        }
    }
}

/// The company, when we know it: as named by the caller (a VAT id or domain that nobody has is for the new one), by
/// the lead's own domain, by where the person is, or by its exact name.
fn known_company(
    db: &Reader<'_>,
    lead: &Lead,
    given: Option<&str>,
    contact: Option<&Contact>,
) -> ToolResult<Option<Company>> {
    if let Some(text) = given {
        return match companies::resolve(db, text, "company") {
            Ok(company) => usable(company).map(Some),
            Err(error) if error.code() == Code::NotFound && new_identity(text).is_some() => Ok(None),
            Err(error) => Err(error),
        };
    }
    if let Some(host) = own_domain(lead) {
        let found = companies::same_identity(db, None, Some(&host))?;
        if let [company] = found.as_slice() {
            return usable(company.clone()).map(Some);
        }
        if found.len() > 1 {
            let pairs = found.iter().map(|company| (company.id.0.as_str(), company.name.as_str()));
            return Err(ambiguous("company", &host, pairs));
        }
    }
    let today = today(db)?;
    if let Some(contact) = contact {
        for link in contacts::links_of(db, &contact.id)?.iter().filter(|link| contacts::runs(link, today)) {
            if let Some(company) = companies::find(db, &link.company_id.0)? {
                return usable(company).map(Some);
            }
        }
    }
    let Some(name) = &lead.company_name else { return Ok(None) };
    match companies::resolve(db, name, "company") {
        // A name can look like a domain or a VAT id; only the name itself counts here.
        Ok(company) if company.name_key == name_key(name) => usable(company).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.code() == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn usable(company: Company) -> ToolResult<Company> {
    if company.archived_at.is_some() {
        return Err(refused(Code::Immutable, format!("the matching company `{}` is archived", company.name))
            .field("company")
            .hint("bring it back with crm_record_archive, restore, or name another `company`"));
    }
    Ok(company)
}

/// VAT id with country, or domain, that a new company gets when the caller gave one nobody has.
fn new_identity(text: &str) -> Option<(Option<maitred_kernel::VatId>, Option<String>)> {
    match Reference::parse(text) {
        Reference::VatId(id) => Some((Some(id), None)),
        Reference::Domain(host) => Some((None, Some(host))),
        _ => None,
    }
}

/// The domain of the lead's address, unless it gives mailboxes to anybody.
fn own_domain(lead: &Lead) -> Option<String> {
    let host = email::domain_of(lead.email.as_deref()?)?;
    (!domain::is_free_mail(host)).then(|| host.to_owned())
}

fn new_company(cx: &Writer<'_>, lead: &Lead, given: Option<&str>) -> ToolResult<Company> {
    let Some(name) = lead.company_name.clone() else {
        return Err(missing("company").hint(
            "the lead names no company: name an existing one here, or set company_name with crm_lead_update",
        ));
    };
    let (vat_id, host) = given.and_then(new_identity).unwrap_or_default();
    let country = match &vat_id {
        Some(id) => id.country().to_owned(),
        None => settings_of(cx)?.country.clone(),
    };
    let company = companies::insert(
        cx,
        NewCompany {
            name,
            kinds: CompanyKind::Prospect.as_str().to_owned(),
            domain: host.or_else(|| own_domain(lead)),
            vat_id: vat_id.map(|id| id.as_str().to_owned()),
            country,
            owner_id: lead.owner_id.clone(),
            ..NewCompany::default()
        },
    )?;
    let before = profiles::of_company(cx, &company.id)?;
    let mut profile = Profile { source: Some(lead.source.as_str().to_owned()), ..before.clone() };
    profiles::put(cx, &before, &mut profile)?;
    Ok(company)
}

/// The person at the company: known, of the same name there, or new; linked to it in any case.
fn put_contact(
    cx: &Writer<'_>,
    lead: &Lead,
    known: Option<Contact>,
    company: &Company,
) -> ToolResult<Match<Contact>> {
    let there = contacts::links_at(cx, &company.id)?;
    let (given_name, family_name) = split_name(&lead.name);
    let found = match known {
        Some(contact) => Some(contact),
        None => namesake(cx, &there, &Contact::key_of(given_name.as_deref(), &family_name))?,
    };
    let contact = match found {
        Some(contact) => Match { record: contact, existed: true },
        None => {
            let new = NewContact {
                given_name,
                family_name,
                email: lead.email.clone(),
                phone: lead.phone.clone(),
                ..NewContact::default()
            };
            Match { record: contacts::insert(cx, new)?, existed: false }
        }
    };
    let today = today(cx)?;
    let linked = there.iter().any(|link| link.contact_id == contact.record.id && contacts::runs(link, today));
    if !linked {
        contacts::link(cx, &company.id, &contact.record.id, LinkRole::General)?;
    }
    Ok(contact)
}

/// The one active person of this name among a company's people.
fn namesake(
    db: &Reader<'_>,
    there: &[maitred_party::CompanyContact],
    key: &str,
) -> ToolResult<Option<Contact>> {
    let mut found = Vec::new();
    for link in there {
        if let Some(contact) = contacts::find(db, &link.contact_id.0)?
            && contact.status == ContactStatus::Active
            && contact.name_key == key
        {
            found.push(contact);
        }
    }
    Ok(found.pop().filter(|_| found.is_empty()))
}

fn open_deal(
    cx: &Writer<'_>,
    lead: &Lead,
    arg: DealArg,
    company: &Company,
    contact: &Contact,
) -> ToolResult<Deal> {
    if let Some(day) = arg.close_date {
        deal_args::check_close_date(cx, day, "deal.close_date")?;
    }
    deal_args::check_title(cx, &company.id, &arg.title).map_err(|error| error.field("deal.title"))?;
    let ways = pipelines::ensure_default(cx)?;
    let way = pipelines::pick(&ways, arg.pipeline.as_deref(), "deal.pipeline")?;
    if !way.is_live() {
        return Err(invalid("deal.pipeline", format!("names `{}`, which is retired", way.pipeline.name))
            .hint("crm_pipeline_list shows those that take deals"));
    }
    // What the lead was thought to be worth is kept in its own currency, unless an amount is given.
    let wanted = match arg.amount {
        Some(_) => arg.currency,
        None => arg.currency.or(lead.currency.filter(|_| way.pipeline.currency.is_none())),
    };
    let currency = deal_args::currency_of(cx, wanted, way, Some(company))?;
    let amount_minor = match &arg.amount {
        Some(amount) => deal_args::amount_of(amount, currency, "deal.amount")?,
        None => lead.value_minor.filter(|_| lead.currency == Some(currency)).unwrap_or(0),
    };
    let stage = way.first()?.clone();
    let filled = Filled {
        amount: amount_minor > 0,
        close_date: arg.close_date.is_some(),
        contact: true,
        ..Filled::default()
    };
    deal_args::check_required(&stage, filled)?;
    // The deal goes to whoever worked on the lead, as long as they are still here.
    let owner = match &lead.owner_id {
        Some(owner) => members::get(cx, &owner.0)?.filter(Member::is_active),
        None => None,
    };
    let owner_id = match owner {
        Some(owner) => owner.id,
        None => deal_args::owner_of(cx, None, "lead")?.id,
    };
    deals::open(
        cx,
        NewDeal {
            title: arg.title,
            company_id: company.id.clone(),
            contact_id: Some(contact.id.clone()),
            stage,
            amount_minor,
            currency,
            close_date: arg.close_date,
            forecast: Forecast::Pipeline,
            next_step: None,
            owner_id,
            lead_id: Some(lead.id.clone()),
        },
    )
}

/// The deal to open.
#[derive(ToolArgs)]
pub struct DealArg {
    /// Title.
    #[arg(min = 1, max = 200)]
    title: String,
    /// The lead's value.
    amount: Option<Amount>,
    /// Currency.
    currency: Option<Currency>,
    /// Key or name.
    #[arg(max = 100)]
    pipeline: Option<String>,
    /// Close date.
    close_date: Option<Day>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(max = 100)]
    lead: String,
    /// Existing one, or VAT id or domain of a new one.
    #[arg(max = 200)]
    company: Option<String>,
    /// Existing one.
    #[arg(max = 200)]
    contact: Option<String>,
    /// Deal.
    deal: DealArg,
}

/// A company or person the lead became.
#[derive(ToolOutput)]
pub struct MatchView {
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// We knew them before.
    existed: bool,
}

impl MatchView {
    fn company(company: Company, existed: bool) -> Self {
        Self { id: company.id.0, name: company.name, existed }
    }
    fn contact(contact: Contact, existed: bool) -> Self {
        Self { name: contact.full_name(), id: contact.id.0, existed }
    }
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Number of the lead.
    lead: String,
    /// The company.
    company: MatchView,
    /// The person.
    contact: MatchView,
    /// The deal.
    deal: DealView,
    /// What moved from the lead to the deal.
    moved: Option<Counts>,
    /// It was converted before: this is what it became then.
    already_converted: bool,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};
    use serde_json::Value;

    const LEAD: &str = r#"crm_lead_create {"name": "Ada Lovelace", "company_name": "Analytics Ltd",
            "email": "ada@analytics.example", "source": "web", "need": "a menu", "value": "900.00"} as lead;
        crm_activity_log {"kind": "call", "about": ["@lead"], "summary": "wants a tasting",
            "next_todo": {"title": "send dates", "due_at": "2026-03-10T09:00:00Z"}};
        crm_lead_update {"lead": "@lead", "status": "working"};
        crm_lead_update {"lead": "@lead", "status": "qualified"}"#;
    const CALL: &str = r#"{"lead": "@lead", "deal": {"title": "Menu"}}"#;

    fn given(first: &str) -> Fixture {
        Fixture::new(&[&crate::DOMAIN], &format!("{first}; {LEAD}"))
    }

    fn convert(fixture: &Fixture, args: &str) -> Value {
        fixture.call_confirmed("crm_lead_convert", args).json()
    }

    fn rows(fixture: &Fixture, sql: &'static str) -> i64 {
        fixture.read(move |db| Ok(db.count(sql, &[])?)).expect("a count")
    }

    #[test]
    fn makes_all_three_and_hands_everything_over() {
        let fixture = given("");
        let json = convert(&fixture, CALL);
        assert_eq!(json["company"]["name"], "Analytics Ltd");
        assert_eq!(json["contact"]["name"], "Ada Lovelace");
        assert_eq!(
            (&json["company"]["existed"], &json["contact"]["existed"]),
            (&false.into(), &false.into())
        );
        assert_eq!(json["deal"]["amount"], "900.00");
        assert_eq!(json["deal"]["lead"], "L-2026-00001");
        assert_eq!(json["moved"], serde_json::json!({"activities": 1, "todos": 1}));
        assert_eq!(rows(&fixture, "SELECT COUNT(*) FROM activity_link WHERE entity_kind = 'lead'"), 0);
        assert_eq!(rows(&fixture, "SELECT COUNT(*) FROM todo_link WHERE entity_kind = 'deal'"), 1);
        assert_eq!(rows(&fixture, "SELECT COUNT(*) FROM company WHERE domain = 'analytics.example'"), 1);
    }

    #[test]
    fn a_second_call_returns_the_first_result() {
        let fixture = given("");
        let first = convert(&fixture, CALL);
        let before = fixture.contents();
        let second = convert(&fixture, r#"{"lead": "@lead", "deal": {"title": "Another"}}"#);
        assert_eq!(second["already_converted"], true);
        for part in ["company", "contact", "deal"] {
            assert_eq!(second[part]["id"], first[part]["id"]);
        }
        assert_eq!(fixture.contents(), before);
    }

    #[test]
    fn links_to_whom_we_know_by_domain_and_address() {
        let fixture = given(
            "company old name=Analytics_Engines domain=analytics.example; \
             contact ada given=A name=Lovelace company=old email=ada@analytics.example",
        );
        let json = convert(&fixture, CALL);
        assert_eq!(json["company"]["id"], fixture.id("old"));
        assert_eq!(json["contact"]["id"], fixture.id("ada"));
        assert_eq!(rows(&fixture, "SELECT COUNT(*) FROM company_contact"), 1);
    }

    #[test]
    fn links_to_whom_we_know_by_name() {
        let fixture = given("company old name=Analytics; contact ada given=Ada name=Lovelace company=old");
        let json = convert(&fixture, CALL);
        assert_eq!(json["company"]["id"], fixture.id("old"), "the legal form does not count");
        assert_eq!(json["contact"]["id"], fixture.id("ada"));
    }

    #[test]
    fn links_by_vat_id_or_gives_it_to_the_new_company() {
        let fixture = given("company old name=Other vat=DE136695976");
        let args = r#"{"lead": "@lead", "company": "DE 136695976", "deal": {"title": "Menu"}}"#;
        assert_eq!(convert(&fixture, args)["company"]["id"], fixture.id("old"));
        let fixture = given("");
        let json = convert(&fixture, args);
        assert_eq!((&json["company"]["existed"], &json["error"]), (&false.into(), &Value::Null));
        assert_eq!(rows(&fixture, "SELECT COUNT(*) FROM company WHERE vat_id = 'DE136695976'"), 1);
    }

    #[test]
    fn all_or_nothing() {
        let fixture = given(
            r#"company old name=Analytics; crm_deal_create {"company": "@old", "title": "Menu"} as menu"#,
        );
        let before = fixture.contents();
        let json = convert(&fixture, CALL);
        assert_eq!(json["error"]["code"], "duplicate_suspect");
        assert_eq!(fixture.contents(), before);
        let late =
            convert(&fixture, r#"{"lead": "@lead", "deal": {"title": "New", "close_date": "2020-01-01"}}"#);
        assert_eq!(late["error"]["field"], "deal.close_date");
        assert_eq!(fixture.contents(), before);
    }

    #[test]
    fn two_people_with_the_address_are_asked_about() {
        let fixture =
            given("contact ada email=ada@analytics.example; contact eve email=ada@analytics.example");
        assert_eq!(convert(&fixture, CALL)["error"]["code"], "ambiguous_reference");
        let json = convert(&fixture, r#"{"lead": "@lead", "contact": "@eve", "deal": {"title": "Menu"}}"#);
        assert_eq!(json["contact"]["id"], fixture.id("eve"));
    }

    #[test]
    fn is_shown_before_it_is_done() {
        let fixture = given("");
        let answer = fixture.call("crm_lead_convert", CALL).json();
        assert_eq!(answer["error"]["code"], "preview_required");
    }

    #[test]
    fn a_converted_lead_is_frozen() {
        let fixture = given("");
        convert(&fixture, CALL);
        let answer = fixture.call("crm_lead_update", r#"{"lead": "@lead", "changes": {"score": 1}}"#);
        expect![[r#"{"error":{"category":"domain","code":"immutable","message":"`L-2026-00001` is converted and frozen","field":"lead","hint":"crm_lead_get shows what it became; change that","retryable":false}}"#]].assert_eq(&answer.text);
    }

    #[test]
    fn only_a_qualified_lead() {
        check(
            &crate::DOMAIN,
            r#"crm_lead_create {"name": "Ada", "source": "web", "need": "a menu"} as lead"#,
            "crm_lead_convert",
            CALL,
            expect![[
                r#"{"error":{"category":"domain","code":"illegal_transition","message":"`L-2026-00001` is new; only a qualified lead is converted","field":"lead","hint":"qualify it with crm_lead_update first","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_company_has_to_be_named() {
        check(
            &crate::DOMAIN,
            r#"crm_lead_create {"name": "Ada", "source": "web", "need": "a menu"} as lead;
               crm_lead_update {"lead": "@lead", "status": "working"};
               crm_lead_update {"lead": "@lead", "status": "qualified"}"#,
            "crm_lead_convert",
            CALL,
            expect![[
                r#"{"error":{"category":"validation","code":"missing","message":"`company` is required","field":"company","hint":"the lead names no company: name an existing one here, or set company_name with crm_lead_update","retryable":false}}"#
            ]],
        );
    }
}
