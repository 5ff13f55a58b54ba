//! `crm_lead_create`: somebody who might buy.

use maitred_core::prelude::*;
use maitred_kernel::wire::{Amount, Moment, at_field};
use maitred_kernel::{Currency, domain, email, phone};
use maitred_party::Company;
use maitred_party::model::CompanyKind;
use maitred_party::org::{settings_of, today};
use maitred_party::store::{companies, contacts, numbers};

use crate::deal_args;
use crate::lead_rules::{FirstFacts, first_score, is_open};
use crate::model::{Lead, LeadId, LeadSource, LeadStatus, Lifecycle};
use crate::sales_views::{LeadView, suspect};
use crate::store::{deals, leads, profiles};

/// The tool.
pub struct LeadCreate;

impl Tool for LeadCreate {
    const NAME: &str = "crm_lead_create";
    const TITLE: &str = "Create lead";
    const ABOUT: &str = "Hand a possible customer to sales: who, what they want, where it came from.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "",
        args: r#"{"name": "Ada Lovelace", "company_name": "Analytics Ltd", "email": "ada@analytics.example",
                  "source": "web", "need": "lunch for forty, every Friday", "value": "1200.00"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = LeadView;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<LeadView> {
        let settings = settings_of(cx)?;
        let email = args.email.as_deref().map(|raw| at_field(email::fold(raw), "email")).transpose()?;
        let read = |raw: &str| at_field(phone::e164(raw, Some(&settings.country)), "phone");
        let phone = args.phone.as_deref().map(read).transpose()?;
        let currency = args.currency.unwrap_or(settings.currency);
        let value_minor =
            args.value.map(|value| deal_args::amount_of(&value, currency, "value")).transpose()?;
        if let Some(email) = email.as_ref().filter(|_| args.allow_duplicate != Some(true)) {
            check_known(cx, email)?;
        }
        let company_name = args.company_name.map(|name| name.trim().to_owned());
        let company_name = company_name.filter(|name| !name.is_empty());
        let facts = FirstFacts {
            email: email.is_some(),
            phone: phone.is_some(),
            company: company_name.is_some(),
            value: value_minor.is_some(),
        };
        let now = cx.stamp();
        let mut lead = Lead {
            id: LeadId(cx.fresh_id()),
            version: 1,
            created_at: now,
            updated_at: now,
            number: numbers::next(cx, "L")?,
            name: args.name.trim().to_owned(),
            company_name,
            email,
            phone,
            source: args.source,
            need: args.need,
            currency: value_minor.map(|_| currency),
            value_minor,
            score: first_score(facts, args.source),
            owner_id: None,
            status: LeadStatus::New,
            status_at: now,
            last_touched_at: None,
            disqualify_reason: None,
            company_id: None,
            contact_id: None,
            deal_id: None,
            request_ref: None,
            archived_at: None,
        };
        leads::insert(cx, &mut lead)?;
        Ok(LeadView::new(leads::shown(cx, &lead.id)?, now))
    }
}

/// Refuses an address that belongs to a customer or to a lead somebody works on.
fn check_known(db: &Reader<'_>, email: &str) -> ToolResult<()> {
    if let Some(company) = customer_of(db, email)? {
        let message = format!("`{email}` belongs to the customer `{}`", company.name);
        return Err(suspect(message, &[("company", &company.id.0, &company.name)])
            .field("email")
            .hint("open a deal for that company with crm_deal_create, or set `allow_duplicate`"));
    }
    if let Some(lead) = leads::by_email(db, email)?.into_iter().find(|lead| is_open(lead.status)) {
        let label = format!("{} {}", lead.number, lead.name);
        return Err(suspect(format!("there is the open lead `{label}`"), &[("lead", &lead.id.0, &label)])
            .field("email")
            .hint("change it with crm_lead_update, or set `allow_duplicate`"));
    }
    Ok(())
}

/// The customer an address belongs to: through a person we know, or through the company's own domain.
fn customer_of(db: &Reader<'_>, email: &str) -> ToolResult<Option<Company>> {
    let today = today(db)?;
    let mut candidates = Vec::new();
    for contact in contacts::by_point(db, Some(email), None)? {
        for link in contacts::links_of(db, &contact.id)?.iter().filter(|link| contacts::runs(link, today)) {
            candidates.extend(companies::find(db, &link.company_id.0)?);
        }
    }
    if let Some(host) = email::domain_of(email).filter(|host| !domain::is_free_mail(host)) {
        candidates.extend(companies::same_identity(db, None, Some(host))?);
    }
    for company in candidates {
        let known = company.kinds.split_whitespace().any(|kind| kind == CompanyKind::Customer.as_str())
            || profiles::of_company(db, &company.id)?.lifecycle == Lifecycle::Customer
            || deals::any_won(db, &company.id)?;
        if known && company.archived_at.is_none() {
            return Ok(Some(company));
        }
    }
    Ok(None)
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Person.
    #[arg(min = 1, max = 200)]
    name: String,
    /// Company name.
    #[arg(max = 200)]
    company_name: Option<String>,
    /// Email.
    #[arg(max = 254)]
    email: Option<String>,
    /// Phone.
    #[arg(max = 40)]
    phone: Option<String>,
    /// Source.
    source: LeadSource,
    /// In their words.
    #[arg(min = 1, max = 4000)]
    need: String,
    /// Likely worth.
    value: Option<Amount>,
    /// The organisation's.
    currency: Option<Currency>,
    /// Though the address is known.
    allow_duplicate: Option<bool>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const ADA: &str = r#"{"name": "Ada", "email": " ADA@Acme.example ", "source": "web", "need": "a menu"}"#;

    #[test]
    fn a_customers_address_answers_with_the_customer() {
        check(
            &crate::DOMAIN,
            "company acme kind=customer; contact ada company=acme email=ada@acme.example",
            "crm_lead_create",
            ADA,
            expect![[
                r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"`ada@acme.example` belongs to the customer `Acme`","field":"email","hint":"open a deal for that company with crm_deal_create, or set `allow_duplicate`","retryable":false,"candidates":[{"kind":"company","id":"@acme","label":"Acme"}]}}"#
            ]],
        );
    }

    #[test]
    fn so_does_the_customers_own_domain() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme kind=customer domain=acme.example");
        let json = fixture.call("crm_lead_create", ADA).json();
        assert_eq!(json["error"]["candidates"][0]["id"], fixture.id("acme"));
    }

    #[test]
    fn who_won_us_a_deal_is_a_customer() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme domain=acme.example; crm_deal_create {"company": "@acme", "title": "Menu"} as menu;
               crm_deal_close {"deal": "@menu", "outcome": "won"}"#,
        );
        assert_eq!(fixture.call("crm_lead_create", ADA).json()["error"]["code"], "duplicate_suspect");
    }

    #[test]
    fn a_prospects_address_is_a_lead_once() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme domain=acme.example");
        let first = fixture.call("crm_lead_create", ADA);
        assert_eq!(first.json()["number"], "L-2026-00001");
        assert_eq!(first.json()["email"], "ada@acme.example");
        let second = fixture.call("crm_lead_create", ADA).json();
        assert_eq!(second["error"]["candidates"][0]["label"], "L-2026-00001 Ada");
    }

    #[test]
    fn an_address_must_be_one() {
        check(
            &crate::DOMAIN,
            "",
            "crm_lead_create",
            r#"{"name": "Ada", "email": "ada at acme", "source": "web", "need": "a menu"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`email`: `ada at acme` is not an email address","field":"email","retryable":false}}"#
            ]],
        );
    }
}
